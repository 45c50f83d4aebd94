//! Nested calls lifted out of terms: `f(g(x))` becomes `g(x, y); f(y)` (OPA's `rewriteExprTerms`, `rewriteComprehensionTerms`).

use std::collections::HashMap;

use super::heads::bound_variable;
use super::visit::{NodeMut, requires_eval, walk_expr_mut, walk_head_mut, walk_term_mut};
use super::{Compiler, Contents, Generator, append, equality};
use crate::rego::ast::{Body, Expr, ExprKind, Rule, Span, Term, TermKind};
use crate::rego::order::{sort_entries, sort_members};

pub(super) fn rewrite_expr_terms(compiler: &mut Compiler) {
    compiler.each_rule(|context, rule| {
        expand_head(context.generator, rule);
        expand_body(context.generator, &mut rule.body);
    });
}

fn expand_head(generator: &mut Generator, rule: &mut Rule) {
    let mut support = Vec::new();
    for term in rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value) {
        expand_term(generator, term, &mut support);
    }
    append(&mut rule.body, support);
}

pub(super) fn expand_body(generator: &mut Generator, body: &mut Body) {
    let mut expanded = Vec::with_capacity(body.len());
    for expr in std::mem::take(body) {
        expand_expr(generator, expr, &mut expanded);
    }
    *body = expanded;
}

fn expand_expr(generator: &mut Generator, mut expr: Expr, result: &mut Body) {
    for with in &mut expr.with {
        expand_term(generator, &mut with.value, result);
    }
    let mut support = Vec::new();
    match &mut expr.kind {
        ExprKind::Term(term) => expand_term(generator, term, &mut support),
        ExprKind::Call(terms) => {
            for term in terms.iter_mut().skip(1) {
                expand_term(generator, term, &mut support);
            }
        }
        ExprKind::Every(every) => {
            let local = Term::var(generator.generate(), every.domain.span);
            let mut bind = equality(local.clone(), std::mem::replace(&mut every.domain, local));
            bind.generated = true;
            bind.with.clone_from(&expr.with);
            expand_expr(generator, bind, &mut support);
            expand_body(generator, &mut every.body);
            result.append(&mut support);
        }
        ExprKind::Not(not) => expand_body(generator, &mut not.body),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            expand_body(generator, &mut logical.left);
            expand_body(generator, &mut logical.right);
        }
        ExprKind::Some(_) => {}
    }
    for mut extra in support {
        if !expr.with.is_empty() {
            extra.with.clone_from(&expr.with);
        }
        result.push(extra);
    }
    result.push(expr);
}

/// Lifts the calls out of `term`; what computes them is appended to `support`.
fn expand_term(generator: &mut Generator, term: &mut Term, support: &mut Body) {
    match &mut term.kind {
        TermKind::Call(terms) => {
            for operand in terms.iter_mut().skip(1) {
                expand_term(generator, operand, support);
            }
            let output = Term::var(generator.generate(), term.span);
            let mut terms = std::mem::take(terms);
            terms.push(output.clone());
            let mut expr = Expr::new(ExprKind::Call(terms), term.span);
            expr.generated = true;
            support.push(expr);
            *term = output;
        }
        TermKind::Ref(parts) => expand_ref(generator, parts, support),
        TermKind::Array(parts) => expand_all(generator, parts, support),
        TermKind::Set(members) => {
            sort_members(members);
            expand_all(generator, members, support);
        }
        TermKind::Object(entries) => {
            sort_entries(entries);
            for (key, value) in entries {
                expand_term(generator, key, support);
                expand_term(generator, value, support);
            }
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            let mut extra = Vec::new();
            expand_term(generator, &mut c.0, &mut extra);
            append(&mut c.1, extra);
            expand_body(generator, &mut c.1);
        }
        TermKind::ObjectComprehension(c) => {
            let mut extra = Vec::new();
            expand_term(generator, &mut c.0, &mut extra);
            expand_term(generator, &mut c.1, &mut extra);
            append(&mut c.2, extra);
            expand_body(generator, &mut c.2);
        }
        _ => {}
    }
}

fn expand_all(generator: &mut Generator, terms: &mut [Term], support: &mut Body) {
    for term in terms {
        expand_term(generator, term, support);
    }
}

/// What a reference begins with must be a variable: `[1, 2][i]` becomes `x = [1, 2]; x[i]`.
fn expand_ref(generator: &mut Generator, parts: &mut [Term], support: &mut Body) {
    for part in parts.iter_mut() {
        let call = matches!(part.kind, TermKind::Call(_)).then(|| part.clone());
        expand_term(generator, part, support);
        record(generator, part, call);
    }
    let Some(head) = parts.first_mut() else { return };
    if !matches!(head.kind, TermKind::Var(_) | TermKind::Ref(_)) {
        let bind = generator.equality(head.clone());
        if let Some(local) = bound_variable(&bind.kind) {
            let subject = std::mem::replace(head, local);
            record(generator, head, Some(subject));
        }
        support.push(bind);
    }
}

/// Remembers what a variable stands for.
fn record(generator: &mut Generator, local: &Term, subject: Option<Term>) {
    if let (Some(name), Some(subject)) = (local.as_var(), subject) {
        generator.subjects.insert(name.clone(), subject);
    }
}

pub(super) fn rewrite_comprehension_terms(compiler: &mut Compiler) {
    compiler.each_rule_with(Contents::COMPREHENSION.and(Contents::WITH), |context, rule| {
        let generator = &mut *context.generator;
        walk_head_mut(&mut rule.head, &mut |node| bind_at(generator, node));
        rewrite_comprehension_terms_in_body(generator, &mut rule.body);
    });
}

/// What was lifted out of an expression has its modifiers: in OPA they share them, so what is rewritten in one is in the others.
pub(super) fn rewrite_comprehension_terms_in_body(generator: &mut Generator, body: &mut Body) {
    let mut known: HashMap<Span, Term> = HashMap::new();
    for expr in body {
        let mut modifiers = std::mem::take(&mut expr.with);
        walk_expr_mut(expr, &mut |node| bind_at(generator, node));
        for with in &mut modifiers {
            let place = with.value.span;
            if let Some(rewritten) = known.get(&place) {
                with.value = rewritten.clone();
                continue;
            }
            walk_term_mut(&mut with.value, &mut |node| bind_at(generator, node));
            if place.row > 0 {
                known.insert(place, with.value.clone());
            }
        }
        expr.with = modifiers;
    }
}

fn bind_at(generator: &mut Generator, node: NodeMut<'_>) -> bool {
    match node {
        NodeMut::Body(body) => {
            rewrite_comprehension_terms_in_body(generator, body);
            true
        }
        NodeMut::Term(term) => {
            bind_comprehension_terms(generator, term);
            false
        }
        NodeMut::Expr(_) | NodeMut::With => false,
    }
}

/// `[x[0] | …]` becomes `[y | …; y = x[0]]`.
fn bind_comprehension_terms(generator: &mut Generator, term: &mut Term) {
    let mut bind = |term: &mut Term, body: &mut Body| {
        if requires_eval(term) {
            append(body, [generator.bind(term)]);
        }
    };
    match &mut term.kind {
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            let (term, body) = &mut **c;
            bind(term, body);
        }
        TermKind::ObjectComprehension(c) => {
            let (key, value, body) = &mut **c;
            bind(key, body);
            bind(value, body);
        }
        _ => {}
    }
}
