//! Comprehensions that OPA evaluates once for all values of what they share with the body around them (OPA's `getComprehensionIndex`).

use super::safety::{output_of_body, reserved};
use super::visit::{self, Arity, Node, Skip, VarSet, is_comprehension, walk};
use super::{Compiled, arity, as_equality, is_operator};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Rule, Term, TermKind};

impl Compiled {
    /// The comprehensions of a rule that are indexed, and the variables that they are indexed by.
    pub(in crate::rego) fn indexed_comprehensions<'r>(&self, rule: &'r Rule) -> Vec<(&'r Term, Vec<Name>)> {
        let arity = |reference: &[Term]| arity(&self.tree, reference);
        let mut candidates = reserved();
        visit::collect_terms(&rule.head.args, Skip::default(), &mut candidates);
        let mut found = Vec::new();
        walk(Node::Body(&rule.body), &mut |node| {
            let Node::Body(body) = node else { return false };
            for expr in body {
                found.extend(index(expr, &candidates, &arity));
                visit::collect_expr(expr, Skip { closures: true, ref_call_head: true, ..Skip::default() }, &mut candidates);
            }
            false
        });
        found
    }
}

fn index<'r>(expr: &'r Expr, candidates: &VarSet, arity: Arity<'_>) -> Option<(&'r Term, Vec<Name>)> {
    if expr.negated || !expr.with.is_empty() {
        return None;
    }
    let (left, right) = as_equality(expr)?;
    let term = match (left.as_var(), right.as_var()) {
        (Some(_), _) if is_comprehension(right) => right,
        (_, Some(_)) if is_comprehension(left) => left,
        _ => return None,
    };
    let body = body_of(term)?;
    let outputs = output_of_body(body, arity, &reserved());
    let is_closed = visit::body_vars(body, Skip::SAFETY).iter().all(|name| outputs.contains(name) || reserved().contains(name));
    if !is_closed || is_worse(body, candidates) || closes_over(body, candidates) {
        return None;
    }
    let keys: Vec<Name> = candidates.intersection(&outputs).cloned().collect();
    (!keys.is_empty()).then_some((term, keys))
}

fn body_of(term: &Term) -> Option<&Body> {
    match &term.kind {
        TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => Some(&parts.1),
        TermKind::ObjectComprehension(parts) => Some(&parts.2),
        _ => None,
    }
}

/// Whether a reference or `walk` would go through all that a candidate could have picked.
fn is_worse(body: &Body, candidates: &VarSet) -> bool {
    let mut seen = VarSet::new();
    let mut worse = false;
    walk(Node::Body(body), &mut |node| {
        let outputs = match node {
            Node::Expr(Expr { kind: ExprKind::Call(terms), .. }) => match terms.as_slice() {
                [operator, _, output, ..] if is_operator(operator, "walk") => visit::term_vars(output, Skip::default()),
                _ => VarSet::new(),
            },
            Node::Term(term) if is_comprehension(term) => return true,
            Node::Term(Term { kind: TermKind::Var(name), .. }) => {
                seen.insert(name.clone());
                return worse;
            }
            Node::Term(term @ Term { kind: TermKind::Ref(_), .. }) => {
                visit::term_vars(term, Skip { ref_head: true, ..Skip::default() })
            }
            _ => return worse,
        };
        worse |= outputs.iter().any(|name| candidates.contains(name) && !seen.contains(name));
        worse
    });
    worse
}

/// Whether a comprehension within closes over a candidate.
fn closes_over(body: &Body, candidates: &VarSet) -> bool {
    visit::any(Node::Body(body), &|node| match node {
        Node::Term(term) if is_comprehension(term) => {
            let vars = visit::term_vars(term, Skip { ref_head: true, ..Skip::default() });
            vars.iter().any(|name| candidates.contains(name))
        }
        _ => false,
    })
}
