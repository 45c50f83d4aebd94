//! Expressions in messages, and the closures that hold them.

use super::{append, append_list_parts};
use crate::rego::ast::{Expr, ExprKind, Logical, Not, TemplatePart, Term, TermKind};
use crate::rego::value::quote;

pub(super) fn append_body(body: &[Expr], out: &mut String) {
    for (at, expr) in body.iter().enumerate() {
        if at > 0 {
            out.push_str("; ");
        }
        append_expr(expr, out);
    }
}

pub(super) fn append_expr(expr: &Expr, out: &mut String) {
    if expr.negated {
        out.push_str("not ");
    }
    match &expr.kind {
        ExprKind::Term(term) => append(term, out),
        ExprKind::Call(terms) => append_call_expr(terms, out),
        ExprKind::Some(symbols) => append_some(symbols, out),
        ExprKind::Every(every) => {
            out.push_str("every ");
            append_list_parts(every.key.iter().chain([&every.value]), out);
            out.push_str(" in ");
            append(&every.domain, out);
            out.push_str(" { ");
            append_body(&every.body, out);
            out.push_str(" }");
        }
        ExprKind::Not(not) => append_not(not, out),
        ExprKind::And(logical) => append_logical(logical, "and", out),
        ExprKind::Or(logical) => append_logical(logical, "or", out),
    }
    for with in &expr.with {
        out.push_str(" with ");
        append(&with.target, out);
        out.push_str(" as ");
        append(&with.value, out);
    }
}

/// Of infix operators only `=` is written between its operands.
fn append_call_expr(terms: &[Term], out: &mut String) {
    match terms {
        [_, left, right] if super::is_global(terms, "eq") => {
            append(left, out);
            out.push_str(" = ");
            append(right, out);
        }
        _ => super::append_call(terms, out),
    }
}

fn append_some(symbols: &[Term], out: &mut String) {
    out.push_str("some ");
    if let Some(Term { kind: TermKind::Call(terms), .. }) = symbols.first()
        && let Some((domain, names)) = terms.get(1..).and_then(<[Term]>::split_last)
    {
        append_list_parts(names, out);
        out.push_str(" in ");
        append(domain, out);
        return;
    }
    append_list_parts(symbols, out);
}

fn append_not(not: &Not, out: &mut String) {
    match not.body.as_slice() {
        [expr] if !not.explicit_body => {
            let closed = !expr.with.is_empty()
                || match &expr.kind {
                    ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) => true,
                    ExprKind::Term(term) => begins_with_brace(term),
                    _ => false,
                };
            append_between(if closed { ["not (", ")"] } else { ["not ", ""] }, &not.body, out);
        }
        _ => append_between(["not {", "}"], &not.body, out),
    }
}

fn append_logical(logical: &Logical, operator: &str, out: &mut String) {
    let is_and = operator == "and";
    append_operand(&logical.left, logical.explicit_left, [is_and, false], out);
    out.extend([" ", operator, " "]);
    append_operand(&logical.right, logical.explicit_right, [is_and, true], out);
}

/// Whether the operator around an operand is `and`, and whether the operand stands right of it: `and` binds tighter than `or`, and both to the left.
fn append_operand(body: &[Expr], explicit: bool, [is_and, is_right]: [bool; 2], out: &mut String) {
    match body {
        [expr] if !explicit => {
            let closed = !expr.with.is_empty()
                || match &expr.kind {
                    ExprKind::Or(_) => is_and || is_right,
                    ExprKind::And(_) => is_and && is_right,
                    ExprKind::Term(term) => begins_with_brace(term),
                    _ => false,
                };
            append_between(if closed { ["(", ")"] } else { ["", ""] }, body, out);
        }
        _ => append_between(["{ ", " }"], body, out),
    }
}

/// Whether a term would be read as a body in braces.
fn begins_with_brace(term: &Term) -> bool {
    match &term.kind {
        TermKind::Set(members) => !members.is_empty(),
        TermKind::Object(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => true,
        TermKind::Ref(parts) => parts.first().is_some_and(begins_with_brace),
        _ => false,
    }
}

fn append_between([open, close]: [&str; 2], body: &[Expr], out: &mut String) {
    out.push_str(open);
    append_body(body, out);
    out.push_str(close);
}

/// A comprehension's term; operators in it stand between their operands, in parentheses.
pub(super) fn append_comprehension_term(term: &Term, out: &mut String) {
    let infix = match &term.kind {
        TermKind::Call(terms) => super::operator(terms).and_then(|name| infix(&name)).zip(terms.get(1)).zip(terms.get(2)),
        _ => None,
    };
    let Some(((infix, left), right)) = infix else { return append(term, out) };
    out.push('(');
    append_comprehension_term(left, out);
    out.extend([" ", infix, " "]);
    append_comprehension_term(right, out);
    out.push(')');
}

/// The symbol that a builtin is written by.
pub(in crate::rego) fn infix(name: &str) -> Option<&'static str> {
    Some(match name {
        "eq" => "=",
        "assign" => ":=",
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "neq" => "!=",
        "equal" => "==",
        "plus" => "+",
        "minus" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "and" => "&",
        "or" => "|",
        _ => return None,
    })
}

pub(super) fn append_template(parts: &[TemplatePart], out: &mut String) {
    out.push_str("$\"");
    for part in parts {
        match part {
            TemplatePart::Constant(term) => match term.as_str() {
                Some(text) => append_text(text, out),
                None => append(term, out),
            },
            TemplatePart::Expr(expr) => {
                out.push('{');
                append_expr(expr, out);
                out.push('}');
            }
        }
    }
    out.push('"');
}

/// Text with what a string escapes, and each `{`.
fn append_text(text: &str, out: &mut String) {
    let quoted = quote(text.as_bytes());
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut before = ' ';
    for c in inner.chars() {
        if c == '{' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
}
