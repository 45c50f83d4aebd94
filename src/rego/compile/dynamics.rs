//! References and comprehensions inside other terms are bound to variables first (OPA's `rewriteEquals`, `rewriteDynamicTerms`).

use super::{Compiler, Generator, as_equality, eq_operator, is_operator};
use crate::rego::ast::{Body, Expr, ExprKind, Term, TermKind, With};
use crate::rego::order::{sort_entries, sort_members};

pub(super) fn rewrite_terms(compiler: &mut Compiler) {
    compiler.each_rule(|context, rule| rewrite_body(context.generator, &mut rule.body));
}

pub(super) fn rewrite_body(generator: &mut Generator, body: &mut Body) {
    let (mut added, mut counts) = (Vec::new(), Vec::with_capacity(body.len()));
    for expr in body.iter_mut() {
        let before = added.len();
        unify_equals(expr);
        rewrite_expr(generator, expr, &mut added);
        counts.push(added.len() - before);
    }
    if added.is_empty() {
        // Nothing is added from here on.
        body.shrink_to_fit();
        return;
    }
    let mut rewritten = Vec::with_capacity(body.len() + added.len());
    let mut added = added.into_iter();
    for (expr, count) in std::mem::take(body).into_iter().zip(counts) {
        rewritten.extend(added.by_ref().take(count));
        rewritten.push(expr);
    }
    *body = rewritten;
}

/// Once bodies are safe, `a == b` is `a = b`.
fn unify_equals(expr: &mut Expr) {
    if let ExprKind::Call(terms) = &mut expr.kind
        && let [head, _, _] = terms.as_mut_slice()
        && is_operator(head, "equal")
    {
        *head = eq_operator(head.span);
    }
}

fn rewrite_expr(generator: &mut Generator, expr: &mut Expr, result: &mut Body) {
    let is_equality = as_equality(expr).is_some();
    let Expr { kind, with, .. } = expr;
    match kind {
        ExprKind::Term(term) => rewrite_in_term(generator, with, term, result),
        ExprKind::Call(terms) => {
            for term in terms.iter_mut().skip(1) {
                if is_equality {
                    rewrite_in_term(generator, with, term, result);
                } else {
                    rewrite_one(generator, with, term, result);
                }
            }
        }
        ExprKind::Every(every) => {
            rewrite_one(generator, with, &mut every.domain, result);
            rewrite_body(generator, &mut every.body);
        }
        ExprKind::Not(not) => rewrite_body(generator, &mut not.body),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            rewrite_body(generator, &mut logical.left);
            rewrite_body(generator, &mut logical.right);
        }
        ExprKind::Some(_) => {}
    }
}

/// A reference or comprehension that stands alone stays; what is nested in it does not.
fn rewrite_in_term(generator: &mut Generator, with: &[With], term: &mut Term, result: &mut Body) {
    match &mut term.kind {
        TermKind::Ref(parts) => {
            for part in parts.iter_mut().skip(1) {
                rewrite_one(generator, with, part, result);
            }
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => rewrite_body(generator, &mut c.1),
        TermKind::ObjectComprehension(c) => rewrite_body(generator, &mut c.2),
        _ => rewrite_one(generator, with, term, result),
    }
}

fn rewrite_one(generator: &mut Generator, with: &[With], term: &mut Term, result: &mut Body) {
    match &mut term.kind {
        TermKind::Ref(parts) => {
            for part in parts.iter_mut().skip(1) {
                rewrite_one(generator, with, part, result);
            }
        }
        TermKind::Array(parts) => {
            rewrite_all(generator, with, parts, result);
            return;
        }
        TermKind::Set(members) => {
            sort_members(members);
            rewrite_all(generator, with, members, result);
            return;
        }
        TermKind::Object(entries) => {
            sort_entries(entries);
            for (key, value) in entries {
                rewrite_one(generator, with, key, result);
                rewrite_one(generator, with, value, result);
            }
            return;
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => rewrite_body(generator, &mut c.1),
        TermKind::ObjectComprehension(c) => rewrite_body(generator, &mut c.2),
        _ => return,
    }
    let mut bind = generator.bind(term);
    bind.with = with.to_vec();
    result.push(bind);
}

fn rewrite_all(generator: &mut Generator, with: &[With], terms: &mut [Term], result: &mut Body) {
    for term in terms {
        rewrite_one(generator, with, term, result);
    }
}
