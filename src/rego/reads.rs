//! The read set of a document: which parts of the input and of base data its rules can read, however they are asked.

use std::collections::BTreeSet;

use super::Path;
use super::ast::{Rule, Term};
use super::compile::{Compiled, TreeNode, each_document};

/// References to what the document at a node can read, the shortest that hold all: `input.user` means anything below it, and `input` or
/// `data` alone that nobody can say what. What rules make is not among them, but what those rules read is.
pub(super) fn of(compiled: &Compiled, node: &TreeNode) -> Vec<String> {
    let mut own = BTreeSet::new();
    node.depth_first(&mut |node| {
        own.extend(&node.rules);
        false
    });
    let mut found = BTreeSet::new();
    for number in compiled.reachable(own) {
        let mut next = compiled.rules.get(number).map(|entry| &entry.rule);
        while let Some(rule) = next {
            collect(compiled, rule, &mut found);
            next = rule.otherwise.as_deref();
        }
    }
    shortest(found).iter().map(|keys| display(keys)).collect()
}

/// A path: the root's name, then keys.
pub(super) type Keys = Vec<String>;

fn collect(compiled: &Compiled, rule: &Rule, found: &mut BTreeSet<Keys>) {
    each_document(rule, &mut |parts| {
        let is_input = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "input");
        if is_input || compiled.tree.is_base(parts) {
            found.insert(known(parts));
        }
    });
}

/// As much of a reference as is known before it is evaluated.
pub(super) fn known(parts: &[Term]) -> Keys {
    let mut keys = Keys::new();
    for (at, part) in parts.iter().enumerate() {
        match (part.as_var(), part.as_str()) {
            (Some(name), _) if at == 0 => keys.push(name.to_string()),
            (_, Some(key)) => keys.push(key.to_string()),
            _ => break,
        }
    }
    keys
}

/// Leaves out what lies below another one. They are sorted: a path comes right after what it lies below.
pub(super) fn shortest(found: BTreeSet<Keys>) -> Vec<Keys> {
    let mut kept: Vec<Keys> = Vec::new();
    for keys in found {
        if !kept.last().is_some_and(|last| keys.starts_with(last)) {
            kept.push(keys);
        }
    }
    kept
}

fn display(keys: &[String]) -> String {
    let shown = |(at, key): (usize, &String)| match Path::is_identifier(key) {
        true if at == 0 => key.clone(),
        true => format!(".{key}"),
        false => format!("[{key:?}]"),
    };
    keys.iter().enumerate().map(shown).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::Arc;

    use crate::rego::RegoVersion;
    use crate::rego::compile::{Compiled, Key, Options, compile};
    use crate::rego::parser::{self, FutureKeywords};

    fn compiled(source: &str) -> Compiled {
        let options = parser::Options { version: RegoVersion::V1, module: 0, keywords: FutureKeywords::NONE };
        let module = parser::parse_module(source, &options).ok().unwrap();
        compile(vec![module], vec![Arc::from("p")], Options::default(), &Arc::default()).ok().unwrap()
    }

    fn reads(source: &str, rule: &str) -> Vec<String> {
        let compiled = compiled(source);
        let key = |name: &str| Key::String(name.into());
        super::of(&compiled, compiled.tree.root().child(&key("p")).unwrap().child(&key(rule)).unwrap())
    }

    #[test]
    fn what_is_read_is_found_through_rules_functions_and_variables() {
        let source = r#"package p
            a if input.user.name == data.admins[input.user.id]
            b if { a; input.user }
            c := f(input.x)
            f(y) := y + input.z["odd key"][0]
            g := count(input)
            h := 1
            i := [x | some x in input.list; x == data.list[_].y]
        "#;
        assert_eq!(reads(source, "a"), ["data.admins", "input.user.id", "input.user.name"]);
        assert_eq!(reads(source, "b"), ["data.admins", "input.user"]);
        assert_eq!(reads(source, "c"), ["input.x", "input.z[\"odd key\"]"]);
        assert_eq!(reads(source, "g"), ["input"]);
        assert_eq!(reads(source, "h"), [""; 0]);
        assert_eq!(reads(source, "i"), ["data.list", "input.list"]);
    }

    #[test]
    fn a_reference_through_a_variable_reads_what_any_of_its_rules_reads() {
        let source = "package p\n\nd := data.q[input.name]\n";
        assert_eq!(reads(source, "d"), ["data.q", "input.name"]);
        let source = "package p.q\n\nx := input.a\n\ny := data.p.q[input.name] with input as {}\n";
        let compiled = compiled(&source.replace("y := data.p.q[input.name] with input as {}", "z := data.r[input.b]"));
        let root = compiled.tree.root().child(&Key::String("p".into())).unwrap();
        assert_eq!(super::of(&compiled, root), ["data.r", "input.a", "input.b"]);
    }
}
