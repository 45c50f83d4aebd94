//! `with`: what may be replaced by what; values that must be evaluated are bound first (OPA's `rewriteWithModifiers`).

use std::collections::HashMap;

use super::tree::Key;
use super::visit::{self, NodeMut, requires_eval};
use super::{Compiler, Contents, Context, builtin, dotted};
use crate::rego::ast::{Body, Expr, Span, Term, TermKind};
use crate::rego::builtins;
use crate::rego::parser::Problem;

pub(super) fn rewrite_with_values(compiler: &mut Compiler) {
    compiler.each_rule_with(Contents::WITH, |context, rule| {
        let mut visit = |node: NodeMut<'_>| {
            if let NodeMut::Body(body) = node {
                rewrite_body(context, body);
            }
            false
        };
        visit::walk_head_mut(&mut rule.head, &mut visit);
        visit::walk_body_mut(&mut rule.body, &mut visit);
    });
}

pub(super) fn in_query(context: &mut Context<'_>, body: &mut Body) {
    visit::walk_body_mut(body, &mut |node| {
        if let NodeMut::Body(body) = node {
            rewrite_body(context, body);
        }
        false
    });
}

/// The first problem is all that is reported about a body, what is nested in it included.
fn rewrite_body(context: &mut Context<'_>, body: &mut Body) {
    let mut rewritten = Vec::with_capacity(body.len());
    let mut bound = HashMap::new();
    for expr in std::mem::take(body) {
        if let Err(problem) = rewrite_expr(context, expr, &mut bound, &mut rewritten) {
            context.problems.push(problem);
            return;
        }
    }
    *body = rewritten;
}

/// `bound` has the values that were bound in this body: what was lifted out of an expression has its modifiers, and they stand for one value.
fn rewrite_expr(
    context: &mut Context<'_>,
    mut expr: Expr,
    bound: &mut HashMap<Span, Term>,
    rewritten: &mut Body,
) -> Result<(), Problem> {
    for with in &mut expr.with {
        if must_evaluate(context, &mut with.target, &mut with.value)? {
            let place = with.value.span;
            if let Some(known) = bound.get(&place) {
                with.value = known.clone();
                continue;
            }
            rewritten.push(context.generator.bind(&mut with.value));
            if place.row > 0 {
                bound.insert(place, with.value.clone());
            }
        }
    }
    rewritten.push(expr);
    Ok(())
}

/// Whether the value has to be evaluated; `false` for a function that replaces a function.
fn must_evaluate(context: &Context<'_>, target: &mut Term, value: &mut Term) -> Result<bool, Problem> {
    as_builtin_reference(value);
    let is_builtin = builtin_of(target).is_some() || is_void(target);
    let head = target.as_ref_parts().and_then(|parts| parts.first()).and_then(Term::as_var).cloned();
    match head.as_deref() {
        Some("data") => {
            if replaces_function(context, target)? && is_function(context, value) {
                return Ok(false);
            }
            let names_function =
                value.as_ref_parts().is_some_and(|parts| context.tree.function_arity(parts).is_some_and(|a| a > 0));
            Ok(!names_function && requires_eval(value))
        }
        Some("input") => Ok(requires_eval(value)),
        _ if is_builtin => {
            as_builtin_reference(target);
            check_builtin_target(target)?;
            Ok(!is_function(context, value) && requires_eval(value))
        }
        _ => Err(Problem::new(
            "rego_type_error",
            target.span,
            "with keyword target must reference existing input, data, or a function",
        )),
    }
}

/// The name of a builtin that parses as a variable becomes a reference.
fn as_builtin_reference(term: &mut Term) {
    if let Some(name) = term.as_var()
        && builtins::lookup(name).is_some()
    {
        term.kind = TermKind::Ref(vec![term.clone()]);
    }
}

/// Whether a term names a builtin without a value, which nothing may replace.
fn is_void(term: &Term) -> bool {
    let name = match &term.kind {
        TermKind::Var(name) => Some(name.to_string()),
        TermKind::Ref(parts) => dotted(parts),
        _ => None,
    };
    name.is_some_and(|name| matches!(name.as_str(), "print" | "internal.print" | "internal.test_case"))
}

fn builtin_of(term: &Term) -> Option<&'static builtins::Builtin> {
    match &term.kind {
        TermKind::Var(name) => builtins::lookup(name),
        TermKind::Ref(parts) => builtin(parts),
        _ => None,
    }
}

fn is_function(context: &Context<'_>, value: &Term) -> bool {
    builtin_of(value).is_some() || value.as_ref_parts().is_some_and(|parts| context.tree.find(parts).is_some())
}

/// Whether the target is a function; an error where it lies within a rule's document.
fn replaces_function(context: &Context<'_>, target: &Term) -> Result<bool, Problem> {
    let parts = target.as_ref_parts().unwrap_or_default();
    let mut node = context.tree.root();
    for (at, part) in parts.iter().enumerate().skip(1) {
        let Some(child) = Key::of(part).and_then(|key| node.child(&key)) else { return Ok(false) };
        if at + 1 == parts.len() {
            return Ok(child.arity.is_some_and(|arity| arity > 0));
        }
        if !child.rules.is_empty() {
            let message = "with keyword cannot partially replace virtual document(s)".to_owned();
            return Err(Problem::new("rego_compile_error", target.span, message));
        }
        node = child;
    }
    Ok(false)
}

fn check_builtin_target(target: &Term) -> Result<(), Problem> {
    let parts = target.as_ref_parts().unwrap_or_default();
    let name = dotted(parts).unwrap_or_default();
    let problem = |message| Err(Problem::new("rego_compile_error", target.span, message));
    let prefix = "with keyword replacing built-in function:";
    if matches!(name.as_str(), "eq" | "rego.metadata.chain" | "rego.metadata.rule") {
        return problem(format!("{prefix} replacement of \"{name}\" invalid"));
    }
    if name.starts_with("internal.") {
        return problem(format!("{prefix} replacement of internal function \"{name}\" invalid"));
    }
    if builtin(parts).is_some_and(|b| b.relation) {
        return problem(format!("{prefix} target must not be a relation"));
    }
    if is_void(target) {
        return problem(format!("{prefix} target must not be a void function"));
    }
    Ok(())
}
