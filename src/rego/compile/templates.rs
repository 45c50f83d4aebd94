//! Template strings become calls of `internal.template_string` (OPA's `rewriteTemplateStrings`).
//!
//! A part is given as a set: `{x | x = part}`, empty where the part is undefined.

use super::problems::MAX_ERRORS;
use super::visit::{self, Node, NodeMut, Skip, VarSet, walk_head_mut};
use super::{Compiler, Contents, Context, arity, builtin, equality, safety};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Span, TemplatePart, Term, TermKind};
use crate::rego::print;

pub(super) fn rewrite_template_strings(compiler: &mut Compiler) {
    compiler.each_rule_with(Contents::TEMPLATE, |context, rule| {
        let mut has_template = false;
        visit::walk_rule(rule, &mut |node| {
            has_template |= matches!(node, Node::Term(Term { kind: TermKind::Template(_), .. }));
            has_template
        });
        // Those of its `else` branches are theirs alone.
        if !has_template {
            return;
        }
        context.contents.add(Contents::COMPREHENSION);
        let mut safe = safety::reserved();
        visit::collect_terms(&rule.head.args, Skip { templates: true, ..Skip::default() }, &mut safe);
        let safe = in_body(context, &safe, &mut rule.body);
        walk_head_mut(&mut rule.head, &mut |node| match node {
            NodeMut::Term(term) => in_term(context, &safe, term),
            _ => false,
        });
    });
}

/// Gives what is bound after the body.
pub(super) fn in_body(context: &mut Context<'_>, globals: &VarSet, body: &mut Body) -> VarSet {
    let tree = context.tree;
    let mut safe = safety::output_of_body(body, &|reference| arity(tree, reference), globals);
    safe.extend(globals.iter().cloned());
    for expr in body.iter_mut() {
        in_expr(context, &safe, expr);
    }
    safe
}

fn in_expr(context: &mut Context<'_>, safe: &VarSet, expr: &mut Expr) {
    visit::walk_expr_mut(expr, &mut |node| match node {
        NodeMut::Term(term) => in_term(context, safe, term),
        NodeMut::Expr(Expr { kind: ExprKind::Every(every), .. }) => {
            visit::walk_term_mut(&mut every.domain, &mut |node| match node {
                NodeMut::Term(term) => in_term(context, safe, term),
                _ => false,
            });
            let mut inner = safe.clone();
            every.key.iter().chain([&every.value]).for_each(|t| visit::collect_term(t, Skip::default(), &mut inner));
            let before = context.problems.len();
            in_body(context, &inner, &mut every.body);
            goes_no_further(context, before)
        }
        _ => false,
    });
}

fn in_term(context: &mut Context<'_>, safe: &VarSet, term: &mut Term) -> bool {
    let again = |context: &mut Context<'_>, safe: &VarSet, term: &mut Term| {
        visit::walk_term_mut(term, &mut |node| match node {
            NodeMut::Term(term) => in_term(context, safe, term),
            _ => false,
        });
    };
    let before = context.problems.len();
    match &mut term.kind {
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            let inner = in_body(context, safe, &mut c.1);
            again(context, &inner, &mut c.0);
            goes_no_further(context, before)
        }
        TermKind::ObjectComprehension(c) => {
            let inner = in_body(context, safe, &mut c.2);
            again(context, &inner, &mut c.0);
            again(context, &inner, &mut c.1);
            goes_no_further(context, before)
        }
        TermKind::Template(parts) => {
            let parts = parts.clone();
            rewrite(context, safe, term, parts);
            // What the parts hold may hold templates, too.
            false
        }
        _ => false,
    }
}

/// Whether nothing within a closure is left to do. OPA comes to a template again that it could not rewrite, and says so again.
fn goes_no_further(context: &Context<'_>, before: usize) -> bool {
    context.problems.len() == before || context.problems.len() >= MAX_ERRORS
}

fn rewrite(context: &mut Context<'_>, safe: &VarSet, term: &mut Term, parts: Vec<TemplatePart>) {
    let span = term.span;
    let before = context.problems.len();
    let mut terms = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            TemplatePart::Constant(term) => terms.push(term),
            TemplatePart::Expr(expr) => terms.extend(part_as_set(context, safe, *expr)),
        }
    }
    if context.problems.len() > before {
        return;
    }
    if terms.is_empty() {
        terms.push(Term::string("", span));
    }
    let name = vec![Term::var("internal", span), Term::string("template_string", span)];
    let operator = Term::new(TermKind::Ref(name), span);
    term.kind = TermKind::Call(vec![operator, Term::new(TermKind::Array(terms), span)]);
}

fn part_as_set(context: &mut Context<'_>, safe: &VarSet, expr: Expr) -> Option<Term> {
    let span = expr.span;
    let part = match expr.kind {
        ExprKind::Call(terms) => {
            let called = terms.first().and_then(Term::as_ref_parts).and_then(builtin);
            if let Some(relation) = called.filter(|b| b.relation) {
                let message = format!("illegal call to relation built-in '{}' that may cause multiple outputs", relation.name);
                context.report("rego_compile_error", Span::default(), message);
                return None;
            }
            // OPA gives such a call no place.
            Term::new(TermKind::Call(terms), Span::default())
        }
        ExprKind::Term(term) => term,
        _ => {
            context.report("rego_compile_error", span, "unexpected template-string expression type");
            return None;
        }
    };
    let is_defined = match &part.kind {
        TermKind::Var(_) => true,
        TermKind::Ref(parts) => context.tree.is_always_defined(parts),
        _ => false,
    };
    if is_defined {
        return Some(Term::new(TermKind::Set(vec![part]), span));
    }
    let span = part.span;
    let undeclared: Vec<Name> = visit::term_vars(&part, Skip::SAFETY).difference(safe).cloned().collect();
    for name in undeclared {
        let message = format!("var {} is undeclared", print::name(&context.source_name(&name)));
        context.report("rego_compile_error", span, message);
    }
    let local = Term::var(context.generator.generate(), span);
    let mut capture = equality(local.clone(), part);
    capture.with = expr.with;
    Some(Term::new(TermKind::SetComprehension(Box::new((local, vec![capture]))), span))
}
