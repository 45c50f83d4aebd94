//! Operands that are known before anything is asked: constants, and names of constants.

use std::cell::Cell;
use std::collections::HashMap;

use super::constant_value;
use crate::rego::ast::{ExprKind, Name, Rule, Term, TermKind};
use crate::rego::builtins::{Builtin, Loading};
use crate::rego::compile::{Compiled, builtin, each_expr, is_constant};
use crate::rego::value::{Arena, ObjectBuilder, Value};

/// So many names are followed from one to the next.
const MAX_NAMES: usize = 8;

/// So many terms of one call are looked at: an object of names of objects takes the product of their sizes.
const MAX_TERMS: usize = 4096;

/// What the names of a rule stand for.
type Locals<'c> = HashMap<&'c Name, &'c Term>;

/// The calls of builtins that compile an operand, with those operands that are known; `null` stands for the others, and what is not known of
/// an object is not in it. A guess for who compiles ahead: a `with` may replace what it says.
pub(in crate::rego) fn known_calls<'a>(compiled: &Compiled, arena: &'a Arena) -> Vec<(Loading, Vec<Value<'a>>)> {
    let mut known = Vec::new();
    for rule in compiled.loading_rules() {
        let calls = loading_calls(rule);
        let left = Cell::new(0);
        let known_in = Known { compiled, arena, locals: locals(rule), left: &left };
        let value = |operand: &Term| known_in.value(operand, MAX_NAMES).unwrap_or(Value::Null);
        for (loading, operands) in calls {
            left.set(MAX_TERMS);
            known.push((loading, operands.iter().map(value).collect()));
        }
    }
    known
}

fn loading_calls(rule: &Rule) -> Vec<(Loading, &[Term])> {
    let mut calls = Vec::new();
    each_call(rule, &mut |builtin, operands| {
        if let Some(loading) = Loading::of(builtin) {
            calls.push((loading, operands));
        }
    });
    calls
}

/// The names that a rule gives to terms, each by its first.
fn locals(rule: &Rule) -> Locals<'_> {
    let mut locals = Locals::new();
    each_call(rule, &mut |builtin, operands| {
        if let ("eq", [left, right, ..]) = (builtin.name, operands) {
            for (name, term) in [(left, right), (right, left)] {
                if let Some(name) = name.as_var() {
                    locals.entry(name).or_insert(term);
                }
            }
        }
    });
    locals
}

fn each_call<'c>(rule: &'c Rule, call: &mut dyn FnMut(&'static Builtin, &'c [Term])) {
    for branch in std::iter::successors(Some(rule), |rule| rule.otherwise.as_deref()) {
        each_expr(branch, &mut |expr| {
            if let ExprKind::Call(terms) = &expr.kind
                && let Some((operator, operands)) = terms.split_first()
                && let Some(builtin) = operator.as_ref_parts().and_then(builtin)
            {
                call(builtin, operands);
            }
        });
    }
}

struct Known<'c, 'a> {
    compiled: &'c Compiled,
    arena: &'a Arena,
    locals: Locals<'c>,
    /// How many terms may still be looked at.
    left: &'c Cell<usize>,
}

impl<'a> Known<'_, 'a> {
    fn value(&self, term: &Term, names: usize) -> Option<Value<'a>> {
        self.left.set(self.left.get().checked_sub(1)?);
        if is_constant(term) {
            return Some(constant_value(self.arena, term));
        }
        let names = names.checked_sub(1)?;
        match &term.kind {
            TermKind::Var(name) => self.value(self.locals.get(name)?, names),
            TermKind::Ref(parts) => self.rule_value(parts, names),
            TermKind::Object(entries) => {
                let mut object = ObjectBuilder::with_capacity(entries.len());
                for (key, value) in entries.iter().filter(|(key, _)| is_constant(key)) {
                    if let Some(value) = self.value(value, names) {
                        object.insert(constant_value(self.arena, key), value);
                    }
                }
                Some(object.build(self.arena))
            }
            _ => None,
        }
    }

    /// The value of the only rule at a reference.
    fn rule_value(&self, reference: &[Term], names: usize) -> Option<Value<'a>> {
        let [number] = self.compiled.tree.find(reference)?.rules.as_slice() else { return None };
        let rule = &self.compiled.rules.get(*number)?.rule;
        let value = rule.head.value.as_ref().filter(|_| rule.head.args.is_empty())?;
        Known { locals: locals(rule), ..*self }.value(value, names)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::{MAX_TERMS, known_calls};
    use crate::rego::builtins::Loading;
    use crate::rego::value::{Arena, text};
    use crate::rego::{RegoVersion, compile, parser};

    fn known(source: &str) -> Vec<(Loading, String)> {
        let options = parser::Options { version: RegoVersion::V1, module: 0, keywords: parser::FutureKeywords::NONE };
        let module = parser::parse_module(source, &options).expect("it parses");
        let compiled = compile::compile(vec![module], vec!["p".into()], compile::Options::default(), &Default::default());
        let arena = Arena::new();
        let calls = known_calls(&compiled.expect("it compiles"), &arena);
        let shown = |operands: &Vec<_>| operands.iter().map(text).collect::<Vec<_>>().join(" ");
        calls.iter().map(|(loading, operands)| (*loading, shown(operands))).collect()
    }

    #[test]
    fn constants_are_known_by_their_names_too() {
        let source = r#"package p
            pattern := "^a"
            again := pattern
            schema := {"type": "object"}
            cert := "-----BEGIN CERTIFICATE-----"
            a if regex.match("x+", input.a)
            a if { some name in ["b"]; regex.match(again, input[name]) } else if glob.match("*.b", [], input.b)
            b contains x if { x := input.xs[_]; local := "y"; regex.replace(x, local, "z") != input.z }
            c if [x | some x in input.xs; json.match_schema(x, schema)[0]] != []
            d := io.jwt.decode_verify(input.token, {"cert": cert, "aud": input.aud})
            e if regex.match(input.pattern, "a")
            f(x) if regex.match(x, "a")
        "#;
        let expected = [
            (Loading::Regex(1), r#""x+" null"#),
            (Loading::Regex(1), r#""^a" null"#),
            (Loading::Glob, r#""*.b" [] null"#),
            (Loading::Regex(2), r#"null "y" "z""#),
            (Loading::JsonSchema(2), r#"null {"type": "object"}"#),
            (Loading::JwtConstraints, r#"null {"cert": "-----BEGIN CERTIFICATE-----"}"#),
            (Loading::Regex(1), r#"null "a""#),
            (Loading::Regex(1), r#"null "a""#),
        ];
        let found = known(source);
        // A call's operands are followed by its result, which is not known.
        let operands = |(loading, shown): &(Loading, String)| (*loading, shown.trim_end_matches(" null").to_owned());
        let expected = expected.map(|(loading, shown)| (loading, shown.trim_end_matches(" null").to_owned()));
        assert_eq!(found.iter().map(operands).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_so_much_of_a_call_is_looked_at() {
        let entries = (0..2 * MAX_TERMS).map(|k| format!("\"k{k}\": one")).collect::<Vec<_>>().join(", ");
        let found = known(&format!("package p\none := 1\nmany := {{{entries}}}\na if json.match_schema(input.a, many)[0]"));
        let entries = found.first().map_or(0, |(_, shown)| shown.matches(": 1").count());
        assert!(entries > 0 && entries < MAX_TERMS, "{entries}");
    }

    #[test]
    fn names_that_lead_to_names_end() {
        let chain = (0..50).map(|n| format!("r{n} := r{}\n", n + 1)).collect::<String>();
        let found =
            known(&format!("package p\n{chain}r50 := \"a\"\na if regex.match(r0, input.a)\nb if regex.match(r48, input.b)"));
        let patterns: Vec<&str> = found.iter().map(|(_, shown)| shown.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(patterns, ["null", "\"a\""]);
    }
}
