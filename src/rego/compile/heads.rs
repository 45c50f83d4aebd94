//! Rule heads without anything that must be evaluated: such terms move into the body (OPA's `rewriteRuleHeadRefs`, `rewriteRefsInHead`).

use super::visit::{self, is_scalar};
use super::{Compiler, append};
use crate::rego::ast::{ExprKind, Term, TermKind};

/// Each part of a head's reference that is neither a scalar nor a variable becomes a variable.
pub(super) fn rewrite_rule_head_refs(compiler: &mut Compiler) {
    compiler.each_rule(|context, rule| {
        let last = rule.head.reference.len().saturating_sub(1);
        for at in 1..rule.head.reference.len() {
            let Some(part) = rule.head.reference.get_mut(at) else { continue };
            if is_scalar(part) || part.as_var().is_some() {
                continue;
            }
            let expr = context.generator.equality(part.clone());
            let Some(local) = bound_variable(&expr.kind) else { continue };
            *part = local.clone();
            if at == last && rule.head.key.is_some() && rule.head.value.is_some() {
                rule.head.key = Some(local);
            }
            append(&mut rule.body, [expr]);
        }
    });
}

/// The variable on the left of a generated equality.
pub(super) fn bound_variable(kind: &ExprKind) -> Option<Term> {
    match kind {
        ExprKind::Call(terms) => terms.get(1).cloned(),
        _ => None,
    }
}

/// Keys, values and arguments that hold references or comprehensions become variables.
pub(super) fn rewrite_refs_in_head(compiler: &mut Compiler) {
    compiler.each_rule(|context, rule| {
        let mut generated = Vec::new();
        let mut lift = |term: &mut Term| {
            if visit::requires_eval(term) {
                generated.push(context.generator.bind(term));
            }
        };
        if let Some(key) = &mut rule.head.key {
            lift(key);
        }
        if let Some(value) = &mut rule.head.value {
            lift(value);
        }
        rule.head.args.iter_mut().for_each(&mut lift);
        append(&mut rule.body, generated);
        align_key(rule);
    });
}

/// A partial object's key is the last part of its reference; both were rewritten apart, and the reference is what counts.
fn align_key(rule: &mut crate::rego::ast::Rule) {
    if rule.head.key.is_some() && rule.head.value.is_some() {
        let last = rule.head.reference.last().cloned();
        if last.as_ref().is_some_and(|t| !matches!(t.kind, TermKind::Ref(_))) {
            rule.head.key = last;
        }
    }
}
