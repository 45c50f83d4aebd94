//! Comprehensions that OPA evaluates once for all values of what they share with the body around them (OPA's `getComprehensionIndex`).

use std::collections::HashMap;

use super::safety::{output_of_body, output_vars, reserved};
use super::visit::{self, Arity, Node, Skip, VarSet, is_comprehension, walk};
use super::{Compiled, arity, as_equality, is_operator};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Rule, Term, TermKind};

/// A comprehension that is indexed, and the variables that it is indexed by.
pub(in crate::rego) struct Indexed<'r> {
    pub(in crate::rego) term: &'r Term,
    pub(in crate::rego) keys: Vec<Name>,
    /// Whether a branch of `and` or `or`, or another body within, asks for a variable of the body around it that is no key: the index is made
    /// without it.
    pub(in crate::rego) leaves_free: bool,
}

impl Compiled {
    /// The comprehensions of a rule that are indexed.
    pub(in crate::rego) fn indexed_comprehensions<'r>(&self, rule: &'r Rule) -> Vec<Indexed<'r>> {
        self.indexed_in_body(&rule.head.args, &rule.body)
    }

    /// The same for the body of a rule with these arguments, or of a query.
    pub(in crate::rego) fn indexed_in_body<'r>(&self, args: &[Term], body: &'r Body) -> Vec<Indexed<'r>> {
        if !visit::any(Node::Body(body), &|node| matches!(node, Node::Term(term) if is_comprehension(term))) {
            return Vec::new();
        }
        let arity = |reference: &[Term]| arity(&self.tree, reference);
        let mut candidates = reserved();
        visit::collect_terms(args, Skip::default(), &mut candidates);
        let mut found = Vec::new();
        walk(Node::Body(body), &mut |node| {
            let Node::Body(body) = node else { return false };
            for expr in body {
                found.extend(index(expr, &candidates, &arity));
                visit::collect_expr(expr, Skip { closures: true, ref_call_head: true, ..Skip::default() }, &mut candidates);
            }
            false
        });
        found
    }

    /// Whether each expression of the body finds its keys bound by itself or by one before it: the body was put in order for keys that are bound.
    pub(in crate::rego) fn binds_before_use(&self, indexed: &Indexed<'_>) -> bool {
        let arity = |reference: &[Term]| arity(&self.tree, reference);
        let mut bound = reserved();
        body_of(indexed.term).into_iter().flatten().all(|expr| {
            let (used, outputs) = (visit::expr_vars(expr, Skip::default()), output_vars(expr, &arity, &bound));
            bound.extend(outputs);
            indexed.keys.iter().all(|key| !used.contains(key) || bound.contains(key))
        })
    }
}

impl Indexed<'_> {
    /// Whether each key stands in one place alone: where it is compared with what the body finds, and nothing is made of it.
    pub(in crate::rego) fn has_keys_once(&self) -> bool {
        let mut counts: HashMap<&Name, usize> = self.keys.iter().map(|key| (key, 0)).collect();
        walk(Node::Term(self.term), &mut |node| {
            if let Node::Term(Term { kind: TermKind::Var(name), .. }) = node
                && let Some(count) = counts.get_mut(name)
            {
                *count += 1;
            }
            false
        });
        counts.values().all(|count| *count == 1)
    }
}

fn index<'r>(expr: &'r Expr, candidates: &VarSet, arity: Arity<'_>) -> Option<Indexed<'r>> {
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
    let is_left_free = |name: &Name| candidates.contains(name) && !outputs.contains(name) && !reserved().contains(name);
    let leaves_free = visit::body_vars(body, Skip::default()).iter().any(is_left_free);
    (!keys.is_empty()).then_some(Indexed { term, keys, leaves_free })
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
