//! Builtins that v1 and strict mode refuse (OPA's `checkDeprecatedBuiltins`).

use super::visit::{self, Node};
use super::{Compiler, dotted};
use crate::rego::ast::{Expr, ExprKind, Term, TermKind};

pub(super) fn check(compiler: &mut Compiler) {
    let mut problems = Vec::new();
    for entry in compiler.rules.iter().filter(|entry| compiler.is_strict(entry.module)) {
        let mut next = Some(&entry.rule);
        while let Some(rule) = next {
            visit::walk_rule(rule, &mut |node| {
                problems.extend(called(node).filter(|(name, _)| is_deprecated(name)));
                false
            });
            next = rule.otherwise.as_deref();
        }
    }
    for (name, span) in problems {
        compiler.report_and_go_on("rego_type_error", span, format!("deprecated built-in function calls in expression: {name}"));
    }
}

/// The name that a call has, and the place that OPA gives it.
fn called(node: Node<'_>) -> Option<(String, crate::rego::ast::Span)> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(terms), span, .. }) => Some((dotted(terms.first()?.as_ref_parts()?)?, *span)),
        Node::Term(Term { kind: TermKind::Call(terms), .. }) => {
            let operator = terms.first()?;
            Some((dotted(operator.as_ref_parts()?)?, operator.span))
        }
        _ => None,
    }
}

fn is_deprecated(name: &str) -> bool {
    matches!(
        name,
        "all"
            | "any"
            | "cast_array"
            | "cast_boolean"
            | "cast_null"
            | "cast_object"
            | "cast_set"
            | "cast_string"
            | "net.cidr_overlap"
            | "re_match"
            | "set_diff"
    )
}
