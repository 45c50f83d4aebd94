//! Every variable is bound before it is needed: bodies are reordered as little as that takes (OPA's `reorderBodyForSafety`).

mod outputs;
mod report;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::locals::head_may_have_vars;
use super::scopes::Scopes;
use super::visit::{self, Arity, Node, NodeMut, Skip, VarSet, is_generated};
use super::{Compiler, Contents, Context, arity, as_equality};
use crate::rego::ast::{Body, Expr, ExprKind, Head, Name, Span, Term, TermKind};
use crate::rego::print;

pub(super) use outputs::{output_of_body, output_of_equality, output_vars};
use report::{Unsafe, problems};

/// Names that are always bound.
pub(super) fn reserved() -> VarSet {
    static NAMES: LazyLock<[Name; 2]> = LazyLock::new(|| ["data", "input"].map(Name::from));
    NAMES.iter().cloned().collect()
}

/// A head's variables must occur in its body or among its arguments (OPA's `checkSafetyRuleHeads`).
pub(super) fn check_rule_heads(compiler: &mut Compiler) {
    let scopes = Scopes::of(&compiler.rules);
    compiler.each_rule(|context, rule| {
        if !head_may_have_vars(&rule.head) {
            return;
        }
        let mut bound = visit::body_vars(&rule.body, Skip::SAFETY);
        visit::collect_terms(&rule.head.args, Skip::default(), &mut bound);
        let unbound: Vec<Name> = visit::head_vars(&rule.head).difference(&bound).cloned().collect();
        for name in unbound {
            let shown = context.source_name(&name);
            if !is_generated(&shown) {
                let message = format!("var {} is unsafe{}", print::name(&shown), scopes.suffix(rule));
                context.report("rego_unsafe_var_error", last_place(&rule.head, &name), message);
            }
        }
    });
}

/// The place of a variable in a head: the last one that OPA comes to.
fn last_place(head: &Head, name: &Name) -> Span {
    let mut place = head.span;
    let parts = head.args.iter().chain(&head.key).chain(&head.value).chain(head.reference.iter().skip(1));
    for part in parts {
        visit::walk(Node::Term(part), &mut |node| {
            if let Node::Term(term) = node
                && term.as_var() == Some(name)
            {
                place = term.span;
            }
            false
        });
    }
    place
}

pub(super) fn check_rule_bodies(compiler: &mut Compiler) {
    let scopes = Scopes::of(&compiler.rules);
    compiler.each_rule(|context, rule| {
        let mut safe = reserved();
        visit::collect_terms(&rule.head.args, Skip::default(), &mut safe);
        let scope = scopes.suffix(rule);
        reorder(context, &safe, &mut rule.body, &scope);
    });
}

/// Reorders a body in place, or reports what is unsafe in it.
pub(super) fn reorder(context: &mut Context<'_>, globals: &VarSet, body: &mut Body, scope: &str) {
    let tree = context.tree;
    let arity_of = |reference: &[Term]| arity(tree, reference);
    let has_closures = context.contents.has(Contents::CLOSURE);
    let unsafe_vars = reorder_for_safety(&arity_of, globals, body, has_closures);
    if unsafe_vars.is_empty() {
        return;
    }
    // Nothing was taken out of the body: it has the same variables in another order. Nobody reads on where it is refused.
    let unbound: VarSet = unsafe_vars.iter().flat_map(|item| &item.vars).cloned().collect();
    let bound = visit::body_vars(body, Skip::default()).into_iter().chain(globals.iter().cloned());
    let bound: Vec<Name> = bound.filter(|name| !unbound.contains(name)).map(|name| context.source_name(&name)).collect();
    let mut problems = problems(context, &unsafe_vars, &bound, scope);
    context.problems.append(&mut problems);
}

/// Orders `body`, and gives what cannot be made safe. Closures are looked for only where there may be some.
fn reorder_for_safety(arity: Arity<'_>, globals: &VarSet, body: &mut Body, has_closures: bool) -> Vec<Unsafe> {
    let skip = Skip::safety_with(arity);
    let all_needs: Vec<VarSet> = body.iter().map(|expr| visit::expr_vars(expr, skip)).collect();
    // Which of the body's variables are bound outside.
    let mut safe: VarSet = all_needs.iter().flatten().filter(|name| globals.contains(name)).cloned().collect();
    if !has_closures && is_in_order(arity, safe.clone(), &all_needs, body) {
        return Vec::new();
    }
    let mut waiting = waiting(globals, &safe, all_needs, body, has_closures);
    let mut reordered: Body = Vec::with_capacity(waiting.len());
    loop {
        let before = reordered.len();
        let mut left = Vec::new();
        for mut item in waiting {
            let outputs = output_vars(&item.expr, arity, &safe);
            let mut closes_over = item.closes_over.clone();
            if !closes_over.is_empty() {
                let bound = output_of_body(&reordered, arity, &safe);
                closes_over.retain(|v| !bound.contains(v));
            }
            if !closes_over.is_empty() {
                // It would close over what it binds itself.
                if closes_over == outputs {
                    left.push(item);
                    continue;
                }
                // OPA forgets here what else the expression needs, lets it pass unbound, and evaluates it as it may ("var requires
                // evaluation", or an answer). The planner has no unbound values: the needs are kept, and refused where nothing binds them.
                item.needs.extend(closes_over);
            }
            item.needs.retain(|v| !outputs.contains(v) && !safe.contains(v));
            if item.needs.is_empty() {
                safe.extend(outputs);
                reordered.push(item.expr);
            } else {
                left.push(item);
            }
        }
        waiting = left;
        if reordered.len() == before || waiting.is_empty() {
            break;
        }
    }
    let mut found: Vec<Unsafe> = waiting.iter().map(|item| Unsafe::new(&item.expr, item.needs.clone())).collect();
    if has_closures {
        reorder_closures(arity, globals, skip, &mut reordered, &mut found);
    }
    reordered.extend(waiting.into_iter().map(|item| item.expr));
    *body = reordered;
    found
}

/// Whether each expression of a body without closures finds bound what it needs, as most bodies are written: nothing has to be moved.
fn is_in_order(arity: Arity<'_>, mut safe: VarSet, all_needs: &[VarSet], body: &[Expr]) -> bool {
    body.iter().zip(all_needs).all(|(expr, needs)| {
        // What an expression binds is among what it needs: one that has no need left binds nothing more.
        if needs.is_subset(&safe) {
            return true;
        }
        safe.extend(output_vars(expr, arity, &safe));
        needs.is_subset(&safe)
    })
}

struct Waiting {
    expr: Expr,
    needs: VarSet,
    /// The variables of closures within that the body around them must bind.
    closes_over: VarSet,
}

/// Takes the expressions of a body, with what each needs beside what is safe.
fn waiting(globals: &VarSet, safe: &VarSet, all_needs: Vec<VarSet>, body: &mut Body, has_closures: bool) -> Vec<Waiting> {
    let body_vars: VarSet = if has_closures { all_needs.iter().flatten().cloned().collect() } else { VarSet::new() };
    let closes_over = |expr: &Expr| {
        let mut vars = if has_closures { vars_in_closures(expr) } else { VarSet::new() };
        vars.retain(|name| body_vars.contains(name) && !globals.contains(name));
        vars
    };
    let waiting = std::mem::take(body).into_iter().zip(all_needs).map(|(expr, mut needs)| {
        needs.retain(|name| !safe.contains(name));
        let closes_over = closes_over(&expr);
        Waiting { expr, needs, closes_over }
    });
    waiting.collect()
}

/// The variables of bodies and comprehensions within an expression (OPA's `unsafeVarsInClosures`).
fn vars_in_closures(expr: &Expr) -> VarSet {
    let mut vars = VarSet::new();
    let all = Skip::default();
    visit::walk(Node::Expr(expr), &mut |node| match node {
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Every(every) => {
                // The domain is the enclosing body's.
                visit::collect_body(&every.body, all, &mut vars);
                true
            }
            ExprKind::Not(not) => {
                visit::collect_body(&not.body, all, &mut vars);
                true
            }
            ExprKind::And(logical) | ExprKind::Or(logical) => {
                visit::collect_body(&logical.left, all, &mut vars);
                visit::collect_body(&logical.right, all, &mut vars);
                true
            }
            _ => false,
        },
        Node::Term(term) if visit::is_comprehension(term) => {
            visit::collect_term(term, all, &mut vars);
            true
        }
        _ => false,
    });
    vars
}

/// Orders the bodies within each expression; what expressions before it bind is bound there.
fn reorder_closures(arity: Arity<'_>, globals: &VarSet, skip: Skip<'_>, body: &mut Body, found: &mut Vec<Unsafe>) {
    let first = body.iter().position(holds_closure);
    let Some(first) = first else { return };
    let mut globals = globals.clone();
    visit::collect_body(body.get(..first).unwrap_or_default(), skip, &mut globals);
    for at in first..body.len() {
        if let Some(before) = at.checked_sub(1).filter(|before| *before >= first).and_then(|before| body.get(before)) {
            visit::collect_expr(before, skip, &mut globals);
        }
        let Some(expr) = body.get_mut(at) else { continue };
        let place = Unsafe::new(expr, VarSet::new());
        visit::walk_expr_mut(expr, &mut |node| match node {
            NodeMut::Expr(expr) => match &mut expr.kind {
                ExprKind::Every(every) => {
                    every.key.iter().chain([&every.value]).for_each(|t| visit::collect_term(t, Skip::default(), &mut globals));
                    reorder_closure(arity, &globals, &VarSet::new(), &mut every.body, &place, found);
                    true
                }
                ExprKind::Not(not) => {
                    reorder_closure(arity, &globals, &VarSet::new(), &mut not.body, &place, found);
                    true
                }
                ExprKind::And(logical) | ExprKind::Or(logical) => {
                    reorder_closure(arity, &globals, &VarSet::new(), &mut logical.left, &place, found);
                    reorder_closure(arity, &globals, &VarSet::new(), &mut logical.right, &place, found);
                    true
                }
                _ => false,
            },
            NodeMut::Term(term) => reorder_comprehension(arity, &globals, term, &place, found),
            _ => false,
        });
    }
}

/// Whether a body or a comprehension is in an expression.
fn holds_closure(expr: &Expr) -> bool {
    visit::any(Node::Expr(expr), &|node| match node {
        Node::Body(_) => true,
        Node::Term(term) => visit::is_comprehension(term),
        Node::Expr(_) | Node::With(_) => false,
    })
}

fn reorder_comprehension(arity: Arity<'_>, globals: &VarSet, term: &mut Term, place: &Unsafe, found: &mut Vec<Unsafe>) -> bool {
    let all = Skip::default();
    match &mut term.kind {
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            let vars = visit::term_vars(&c.0, all);
            reorder_closure(arity, globals, &vars, &mut c.1, place, found);
        }
        TermKind::ObjectComprehension(c) => {
            let mut vars = visit::term_vars(&c.0, all);
            visit::collect_term(&c.1, all, &mut vars);
            reorder_closure(arity, globals, &vars, &mut c.2, place, found);
        }
        _ => return false,
    }
    true
}

/// `outputs` are the variables of a comprehension's term.
fn reorder_closure(
    arity: Arity<'_>,
    globals: &VarSet,
    outputs: &VarSet,
    body: &mut Body,
    place: &Unsafe,
    found: &mut Vec<Unsafe>,
) {
    let mut bound = visit::body_vars(body, Skip::safety_with(arity));
    bound.extend(globals.iter().cloned());
    let unbound: VarSet = outputs.difference(&bound).cloned().collect();
    if !unbound.is_empty() {
        found.push(Unsafe { span: place.span, vars: unbound, assigned: place.assigned.clone() });
    }
    found.append(&mut reorder_for_safety(arity, globals, body, true));
}

/// The variables of a body without braces that something outside must bind (OPA's `unsafeImplicitBodyVars`).
pub(super) fn unsafe_implicit_body_vars(body: &[Expr], arity: Arity<'_>) -> VarSet {
    let mut occurrences: HashMap<Name, usize> = HashMap::new();
    for expr in body {
        for name in visit::expr_vars(expr, Skip::SAFETY) {
            *occurrences.entry(name).or_default() += 1;
        }
    }
    if body.len() <= 1 {
        return occurrences.into_keys().collect();
    }
    let bindings = implicit_bindings(body, &occurrences, arity);
    occurrences.into_iter().filter(|(name, count)| !bindings.contains(name) || *count == 1).map(|(name, _)| name).collect()
}

fn implicit_bindings(body: &[Expr], occurrences: &HashMap<Name, usize>, arity: Arity<'_>) -> VarSet {
    let mut safe = reserved();
    safe.extend(occurrences.keys().cloned());
    for (left, right) in body.iter().filter_map(as_equality) {
        for name in [left, right].into_iter().filter_map(Term::as_var) {
            safe.remove(name);
        }
    }
    let mut bindings = VarSet::new();
    loop {
        let before = bindings.len();
        for expr in body.iter().filter(|e| as_equality(e).is_some()) {
            let outputs = output_of_equality(expr, &safe);
            safe.extend(outputs.iter().cloned());
            bindings.extend(outputs);
        }
        if bindings.len() == before {
            break;
        }
    }
    for expr in body.iter().filter(|e| as_equality(e).is_none()) {
        if let ExprKind::Call(terms) = &expr.kind
            && let Some(inputs) = terms.first().and_then(Term::as_ref_parts).and_then(arity)
        {
            visit::collect_terms(terms.get(inputs + 1..).unwrap_or_default(), Skip::OUTPUT, &mut bindings);
        }
    }
    bindings
}
