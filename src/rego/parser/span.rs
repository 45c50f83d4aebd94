//! Walks over finished trees: placing them anew, and what is ground in them.

use super::super::ast::{Body, Expr, ExprKind, Head, Rule, Span, TemplatePart, Term, TermKind};

/// Places a head that is used again at the body that uses it. OPA leaves its reference where it was.
pub(super) fn place_head(head: &mut Head, span: Span) {
    head.span = span;
    let parts = head.args.iter_mut().chain(&mut head.key).chain(&mut head.value);
    parts.for_each(|term| place_term(term, span));
}

/// Places a body, and all in it.
pub(super) fn place_body(body: &mut Body, span: Span) {
    for expr in body {
        place_expr(expr, span);
    }
}

/// Extends an `else` branch's place to the end of its chain. What was placed at the branch goes along.
pub(super) fn finish_else(rule: &mut Rule, end: u32) {
    let begin = rule.span;
    rule.span = super::state::covering(begin, begin.offset, end);
    if rule.body.first().is_some_and(|expr| expr.span == begin) {
        place_body(&mut rule.body, rule.span);
    }
}

fn place_expr(expr: &mut Expr, span: Span) {
    expr.span = span;
    match &mut expr.kind {
        ExprKind::Term(term) => place_term(term, span),
        ExprKind::Call(terms) | ExprKind::Some(terms) => place_terms(terms, span),
        ExprKind::Every(every) => {
            every.span = span;
            every.key.iter_mut().for_each(|term| place_term(term, span));
            place_term(&mut every.value, span);
            place_term(&mut every.domain, span);
            place_body(&mut every.body, span);
        }
        ExprKind::Not(not) => {
            not.span = span;
            place_body(&mut not.body, span);
        }
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            logical.span = span;
            place_body(&mut logical.left, span);
            place_body(&mut logical.right, span);
        }
    }
    for with in &mut expr.with {
        with.span = span;
        place_term(&mut with.target, span);
        place_term(&mut with.value, span);
    }
}

fn place_terms(terms: &mut [Term], span: Span) {
    for term in terms {
        place_term(term, span);
    }
}

fn place_term(term: &mut Term, span: Span) {
    term.span = span;
    match &mut term.kind {
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) | TermKind::Var(_) => {}
        TermKind::Template(parts) => parts.iter_mut().for_each(|part| match part {
            TemplatePart::Constant(term) => term.span = span,
            TemplatePart::Expr(expr) => place_expr(expr, span),
        }),
        TermKind::Ref(terms) | TermKind::Array(terms) | TermKind::Set(terms) | TermKind::Call(terms) => place_terms(terms, span),
        TermKind::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            place_term(key, span);
            place_term(value, span);
        }),
        TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => {
            place_term(&mut parts.0, span);
            place_body(&mut parts.1, span);
        }
        TermKind::ObjectComprehension(parts) => {
            place_term(&mut parts.0, span);
            place_term(&mut parts.1, span);
            place_body(&mut parts.2, span);
        }
    }
}

/// Whether a term has no variables, by OPA's rule: the first part of a reference does not count.
pub(super) fn is_ground(term: &Term) -> bool {
    match &term.kind {
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) => true,
        TermKind::Var(_) | TermKind::Template(_) => false,
        TermKind::Ref(parts) => parts.iter().skip(1).all(is_ground),
        TermKind::Array(terms) | TermKind::Set(terms) | TermKind::Call(terms) => terms.iter().all(is_ground),
        TermKind::Object(pairs) => pairs.iter().all(|(key, value)| is_ground(key) && is_ground(value)),
        TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => {
            is_ground(&parts.0) && is_ground_body(&parts.1)
        }
        TermKind::ObjectComprehension(parts) => is_ground(&parts.0) && is_ground(&parts.1) && is_ground_body(&parts.2),
    }
}

fn is_ground_body(body: &[Expr]) -> bool {
    body.iter().all(|expr| match &expr.kind {
        ExprKind::Term(term) => is_ground(term),
        ExprKind::Call(terms) => terms.iter().skip(1).all(is_ground),
        ExprKind::Not(not) => is_ground_body(&not.body),
        ExprKind::And(logical) | ExprKind::Or(logical) => is_ground_body(&logical.left) && is_ground_body(&logical.right),
        ExprKind::Some(_) | ExprKind::Every(_) => false,
    })
}

/// The variables, references and calls in a term, comprehensions aside, by their sort.
pub(super) fn open_parts(term: &Term) -> Vec<&'static str> {
    let mut found = Vec::new();
    collect_open(term, &mut found);
    found
}

fn collect_open(term: &Term, found: &mut Vec<&'static str>) {
    match &term.kind {
        TermKind::Var(_) | TermKind::Ref(_) | TermKind::Call(_) => found.push(term.kind.name()),
        TermKind::Array(terms) | TermKind::Set(terms) => terms.iter().for_each(|term| collect_open(term, found)),
        TermKind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
            collect_open(key, found);
            collect_open(value, found);
        }),
        TermKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Expr(expr) = part {
                    collect_open_expr(expr, found);
                }
            }
        }
        _ => {}
    }
}

fn collect_open_expr(expr: &Expr, found: &mut Vec<&'static str>) {
    match &expr.kind {
        ExprKind::Term(term) => collect_open(term, found),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter().for_each(|term| collect_open(term, found)),
        ExprKind::Every(every) => every.body.iter().for_each(|expr| collect_open_expr(expr, found)),
        ExprKind::Not(not) => not.body.iter().for_each(|expr| collect_open_expr(expr, found)),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            logical.left.iter().chain(&logical.right).for_each(|expr| collect_open_expr(expr, found));
        }
    }
    for with in &expr.with {
        collect_open(&with.target, found);
        collect_open(&with.value, found);
    }
}
