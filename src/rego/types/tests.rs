#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use super::{Constant, Type, Types, declared};
use crate::rego::builtins;

#[test]
fn every_builtin_is_declared_with_as_many_arguments_as_it_takes() {
    for builtin in builtins::all() {
        let declaration = declared().get(builtin.name).unwrap_or_else(|| panic!("{} is not declared", builtin.name));
        assert_eq!(declaration.args.len(), builtin.arity, "{}", builtin.name);
    }
}

#[test]
fn declarations_are_printed_as_they_are_written() {
    let types = &declared().types;
    for line in include_str!("declarations.txt").lines() {
        let declaration = declared().get(line.split('(').next().unwrap()).unwrap_or_else(|| panic!("{line} cannot be read"));
        let args: Vec<String> = declaration
            .args
            .iter()
            .chain(&declaration.variadic)
            .map(|arg| arg.name.map(|name| format!("{name}: ")).unwrap_or_default() + &types.print(arg.of))
            .collect();
        let dots = if declaration.variadic.is_some() { "..." } else { "" };
        assert!(line.contains(&format!("({}{dots})", args.join(", "))), "{line}: {args:?}");
    }
}

#[test]
fn equal_types_are_one() {
    let mut types = Types::over(&declared().types);
    let one = types.array(vec![Some(Type::NUMBER)], None);
    assert_eq!(one, types.array(vec![Some(Type::NUMBER)], None));
    assert_eq!(types.or(Some(one), Some(Type::STRING)), types.or(Some(Type::STRING), Some(one)));
    assert_eq!(types.select(Some(one), &Constant::Number("0".into())), Some(Type::NUMBER));
    assert_eq!(types.select(Some(one), &Constant::Number("1".into())), None);
}

/// A tree of it would have 2^1000 leaves.
#[test]
fn types_that_share_their_parts_stay_small() {
    let mut types = Types::over(&declared().types);
    let grown =
        |types: &mut Types, leaf: Type| (0..1000).fold(leaf, |inner, _| types.array(vec![Some(inner), Some(inner)], None));
    let (a, b) = (grown(&mut types, Type::NUMBER), grown(&mut types, Type::STRING));
    assert!(types.unifies(Some(a), Some(a)));
    assert!(!types.unifies(Some(a), Some(b)));
    assert!(types.compare(Some(a), Some(b)).is_lt());
    assert!(types.or(Some(a), Some(b)).is_some());
    assert!(types.print(Some(a)).len() < 1 << 20);
}
