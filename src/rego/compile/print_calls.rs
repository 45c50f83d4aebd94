//! `print`: its calls are rewritten to calls of `internal.print`, or taken out (OPA's `checkVoidCalls`, `rewritePrintCalls`, `erasePrintCalls`).
//!
//! An operand is given as a set of its values, `{x | x = operand}`: empty where it is undefined, so that printing never fails.

use super::visit::{self, Node, NodeMut, Skip, VarSet, is_generated};
use super::{Compiler, Contents, Context, arity, equality, is_operator, safety};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Rule, Span, Term, TermKind};
use crate::rego::parser::Problem;
use crate::rego::print;

/// `print` gives no value.
pub(super) fn check_void_calls(compiler: &mut Compiler) {
    compiler.each_rule_with(Contents::PRINT, |context, rule| {
        let mut found = Vec::new();
        visit::walk_rule(rule, &mut |node| {
            found.extend(void_call(node));
            false
        });
        context.problems.append(&mut found);
    });
}

pub(super) fn void_call(node: Node<'_>) -> Option<Problem> {
    let Node::Term(Term { kind: TermKind::Call(terms), span }) = node else { return None };
    let is_print = is_operator(terms.first()?, "print");
    let message = || format!("{} used as value", print::call(terms));
    is_print.then(|| Problem::new("rego_type_error", *span, message()))
}

pub(super) fn rewrite_or_erase(compiler: &mut Compiler) {
    if compiler.options.print_statements {
        compiler.each_rule_with(Contents::PRINT, rewrite_in_rule);
    } else {
        compiler.each_rule_with(Contents::PRINT, |_, rule| visit::walk_rule_mut(rule, &mut erase));
    }
}

pub(super) fn erase_in_body(body: &mut Body) {
    visit::walk_body_mut(body, &mut erase);
}

fn erase(node: NodeMut<'_>) -> bool {
    if let NodeMut::Body(body) = node {
        let span = body.first().map_or_else(Span::default, |e| e.span);
        body.retain(|expr| !is_print(expr));
        if body.is_empty() {
            body.push(Expr::new(ExprKind::Term(Term::new(TermKind::Bool(true), span)), span));
        }
    }
    false
}

fn is_print(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call(terms) if terms.first().is_some_and(|op| is_operator(op, "print")))
}

fn rewrite_in_rule(context: &mut Context<'_>, rule: &mut Rule) {
    context.contents.add(Contents::COMPREHENSION);
    let mut globals = safety::reserved();
    visit::collect_terms(&rule.head.args, Skip::default(), &mut globals);
    visit::walk_rule_mut(rule, &mut |node| match node {
        NodeMut::Body(body) => !body_is_rewritten(context, &globals, body),
        _ => false,
    });
}

pub(super) fn rewrite_in_body(context: &mut Context<'_>, globals: &VarSet, body: &mut Body) {
    visit::walk_body_mut(body, &mut |node| match node {
        NodeMut::Body(body) => !body_is_rewritten(context, globals, body),
        _ => false,
    });
}

/// Rewrites the calls in a body and in those that it holds; `false` where there was an error, which ends the body.
fn body_is_rewritten(context: &mut Context<'_>, globals: &VarSet, body: &mut Body) -> bool {
    let bound_before = |context: &Context<'_>, before: &[Expr]| {
        let tree = context.tree;
        let mut safe = safety::output_of_body(before, &|reference| arity(tree, reference), globals);
        safe.extend(globals.iter().cloned());
        safe
    };
    for at in 0..body.len() {
        let Some((before, [expr, ..])) = body.split_at_mut_checked(at) else { continue };
        if holds_body(expr) {
            let safe = bound_before(context, before);
            if !closures_are_rewritten(context, safe, expr) {
                return false;
            }
        }
    }
    for at in 0..body.len() {
        let Some((before, [expr, ..])) = body.split_at_mut_checked(at) else { continue };
        if is_print(expr) {
            let mut safe = bound_before(context, before);
            safe.extend(visit::body_vars(before, Skip::default()).into_iter().filter(|name| is_generated(name)));
            if !call_is_rewritten(context, &safe, expr) {
                return false;
            }
        }
    }
    true
}

fn holds_body(expr: &Expr) -> bool {
    let mut found = false;
    visit::walk(Node::Expr(expr), &mut |node| {
        found |= matches!(node, Node::Body(_));
        found
    });
    found
}

/// The outermost bodies of an expression, each seeing what is bound before the expression.
fn closures_are_rewritten(context: &mut Context<'_>, mut safe: VarSet, expr: &mut Expr) -> bool {
    let mut is_good = true;
    visit::walk_expr_mut(expr, &mut |node| match node {
        NodeMut::Expr(Expr { kind: ExprKind::Every(every), .. }) => {
            every.key.iter().chain([&every.value]).for_each(|term| visit::collect_term(term, Skip::default(), &mut safe));
            is_good &= body_is_rewritten(context, &safe, &mut every.body);
            true
        }
        NodeMut::Body(body) => {
            is_good &= body_is_rewritten(context, &safe, body);
            true
        }
        NodeMut::Term(Term { kind: TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c), .. }) => {
            is_good &= body_is_rewritten(context, &safe, &mut c.1);
            true
        }
        NodeMut::Term(Term { kind: TermKind::ObjectComprehension(c), .. }) => {
            is_good &= body_is_rewritten(context, &safe, &mut c.2);
            true
        }
        _ => false,
    });
    is_good
}

/// `print(a, b)` becomes `internal.print([{x | x = a}, {y | y = b}])`; what stood around the call, such as `with`, is dropped, as in OPA.
fn call_is_rewritten(context: &mut Context<'_>, safe: &VarSet, expr: &mut Expr) -> bool {
    let ExprKind::Call(terms) = &mut expr.kind else { return true };
    let operands = terms.split_off(1);
    let mut is_good = true;
    for operand in &operands {
        let undeclared: Vec<Name> = visit::term_vars(operand, Skip::SAFETY).difference(safe).cloned().collect();
        for name in undeclared {
            is_good = false;
            let source = context.source_name(&name);
            let shown = if visit::is_wildcard(&source) { "_" } else { &*source };
            context.report("rego_compile_error", operand.span, format!("var {shown} is undeclared"));
        }
    }
    if is_good {
        let sets = operands.into_iter().map(|operand| as_set(context, operand)).collect();
        let span = expr.span;
        let name = vec![Term::var("internal", span), Term::string("print", span)];
        let operator = Term::new(TermKind::Ref(name), span);
        *expr = Expr::new(ExprKind::Call(vec![operator, Term::new(TermKind::Array(sets), span)]), span);
    }
    is_good
}

fn as_set(context: &mut Context<'_>, operand: Term) -> Term {
    let span = operand.span;
    let local = Term::var(context.generator.generate(), span);
    let capture = equality(local.clone(), operand);
    Term::new(TermKind::SetComprehension(Box::new((local, vec![capture]))), span)
}
