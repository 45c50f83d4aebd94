//! What expressions bind.

use crate::rego::ast::{Expr, ExprKind, Term, TermKind};
use crate::rego::compile::unify::{is_ref_safe, unify};
use crate::rego::compile::visit::{self, Arity, Node, Skip, VarSet};
use crate::rego::compile::{as_equality, is_ground};

/// What an expression binds where `safe` is bound (OPA's `outputVarsForExpr`).
pub(in crate::rego::compile) fn output_vars(expr: &Expr, arity: Arity<'_>, safe: &VarSet) -> VarSet {
    if expr.negated || matches!(expr.kind, ExprKind::Not(_)) {
        return VarSet::new();
    }
    for with in &expr.with {
        let mut vars = VarSet::new();
        visit::collect_with(with, Skip::SAFETY, &mut vars);
        if !vars.is_subset(safe) {
            return VarSet::new();
        }
    }
    match &expr.kind {
        ExprKind::Call(terms) => {
            if as_equality(expr).is_some() {
                return output_of_equality(expr, safe);
            }
            let inputs = terms.first().and_then(Term::as_ref_parts).and_then(arity);
            inputs.map(|inputs| output_of_call(expr, terms, inputs, safe)).unwrap_or_default()
        }
        ExprKind::Term(_) => output_of_refs(Node::Expr(expr), safe),
        ExprKind::Every(every) => output_of_refs(Node::Term(&every.domain), safe),
        _ => VarSet::new(),
    }
}

/// What a body binds where `safe` is bound.
pub(in crate::rego::compile) fn output_of_body(body: &[Expr], arity: Arity<'_>, safe: &VarSet) -> VarSet {
    let mut bound = safe.clone();
    for expr in body {
        let outputs = output_vars(expr, arity, &bound);
        bound.extend(outputs);
    }
    bound.difference(safe).cloned().collect()
}

pub(in crate::rego::compile) fn output_of_equality(expr: &Expr, safe: &VarSet) -> VarSet {
    let Some((left, right)) = as_equality(expr) else { return VarSet::new() };
    let outputs = output_of_refs(Node::Expr(expr), safe);
    let mut basis = safe.clone();
    basis.extend(outputs.iter().cloned());
    let mut result = outputs;
    if expr.from_assignment {
        for name in visit::term_vars(left, Skip::default()) {
            basis.remove(&name);
            result.remove(&name);
        }
    }
    result.extend(unify(&basis, left, right));
    result.retain(|name| !safe.contains(name));
    result
}

fn output_of_call(expr: &Expr, terms: &[Term], inputs: usize, safe: &VarSet) -> VarSet {
    let mut outputs = output_of_refs(Node::Expr(expr), safe);
    let Some((inputs, rest)) = terms.split_at_checked(inputs + 1) else { return outputs };
    if rest.is_empty() {
        return outputs;
    }
    let mut needs = VarSet::new();
    visit::collect_terms(inputs, Skip::OUTPUT, &mut needs);
    if needs.iter().any(|name| !outputs.contains(name) && !safe.contains(name)) {
        return VarSet::new();
    }
    visit::collect_terms(rest, Skip::OUTPUT, &mut outputs);
    outputs
}

/// The variables that references bind by walking what they refer to.
fn output_of_refs(node: Node<'_>, safe: &VarSet) -> VarSet {
    let mut outputs = VarSet::new();
    visit::walk(node, &mut |node| {
        let Node::Term(term) = node else { return false };
        match &term.kind {
            TermKind::ArrayComprehension(_)
            | TermKind::SetComprehension(_)
            | TermKind::ObjectComprehension(_)
            | TermKind::Template(_) => true,
            TermKind::Ref(parts) => {
                if !is_ref_safe(parts, safe) {
                    return true;
                }
                if !is_ground(term) {
                    visit::collect_term(term, Skip { ref_head: true, ..Skip::default() }, &mut outputs);
                }
                false
            }
            _ => false,
        }
    });
    outputs
}
