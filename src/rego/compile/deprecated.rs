//! Builtins that v1 and strict mode refuse (OPA's `checkDeprecatedBuiltins`).

use std::borrow::Cow;

use super::visit::{self, Node};
use super::{Compiler, Contents, builtin_name};
use crate::rego::ast::{Expr, ExprKind, Term, TermKind};
use crate::rego::parser::Problem;

pub(super) fn check(compiler: &mut Compiler) {
    let mut problems = Vec::new();
    let rules = compiler.rules.iter().zip(&compiler.contents).filter(|(_, contents)| contents.has(Contents::DEPRECATED));
    for (entry, _) in rules.filter(|(entry, _)| compiler.is_strict(entry.module)) {
        let mut next = Some(&entry.rule);
        while let Some(rule) = next {
            visit::walk_rule(rule, &mut |node| {
                problems.extend(called(node).and_then(|(name, span)| Some((instead_of(&name)?, name, span))));
                false
            });
            next = rule.otherwise.as_deref();
        }
    }
    for (instead, name, span) in problems {
        let message = format!("deprecated built-in function calls in expression: {name}");
        compiler.problems.push(Problem::new("rego_type_error", span, message).with([format!("write {instead} instead")]));
    }
}

/// The name that a call has, and the place that OPA gives it.
fn called(node: Node<'_>) -> Option<(Cow<'_, str>, crate::rego::ast::Span)> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(terms), span, .. }) => {
            Some((builtin_name(terms.first()?.as_ref_parts()?)?, *span))
        }
        Node::Term(Term { kind: TermKind::Call(terms), .. }) => {
            let operator = terms.first()?;
            Some((builtin_name(operator.as_ref_parts()?)?, operator.span))
        }
        _ => None,
    }
}

/// Whether OPA calls the builtin deprecated.
pub(in crate::rego) fn is_deprecated(name: &str) -> bool {
    instead_of(name).is_some()
}

/// What says the same as a deprecated builtin.
fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "all" => "`every x in xs { x == true }`",
        "any" => "`true in xs`",
        "cast_array" => "`[x | some x in xs]` or `is_array(x)`",
        "cast_boolean" => "`is_boolean(x)`",
        "cast_null" => "`is_null(x)`",
        "cast_object" => "`is_object(x)`",
        "cast_set" => "`{x | some x in xs}` or `is_set(x)`",
        "cast_string" => "`is_string(x)`",
        "net.cidr_overlap" => "`net.cidr_contains`",
        "re_match" => "`regex.match`",
        "set_diff" => "`a - b`",
        _ => return None,
    })
}
