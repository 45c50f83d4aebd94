//! Terms in messages, as OPA prints them.

mod expr;

pub(super) use expr::infix;

use super::ast::{Expr, Term, TermKind};
use super::order;
use super::value::quote;

/// The name of the function that a call's terms call.
pub(in crate::rego) fn operator(terms: &[Term]) -> Option<String> {
    Some(reference(terms.first()?.as_ref_parts()?))
}

/// Whether a call's terms call the builtin `name`, which has no dots.
pub(in crate::rego) fn is_global(terms: &[Term], name: &str) -> bool {
    let parts = terms.first().and_then(Term::as_ref_parts);
    matches!(parts, Some([only]) if only.as_var().is_some_and(|var| &**var == name))
}

/// A reference.
pub(in crate::rego) fn reference(parts: &[Term]) -> String {
    let mut out = String::new();
    append_reference(parts, &mut out);
    out
}

/// A variable's name: each `_` has one of its own within.
pub(in crate::rego) fn name(name: &str) -> &str {
    if name.starts_with('$') { "_" } else { name }
}

/// A call.
pub(in crate::rego) fn call(terms: &[Term]) -> String {
    let mut out = String::new();
    append_call(terms, &mut out);
    out
}

/// An expression.
pub(in crate::rego) fn expr(expr: &Expr) -> String {
    let mut out = String::new();
    expr::append_expr(expr, &mut out);
    out
}

/// A body.
pub(in crate::rego) fn body(body: &[Expr]) -> String {
    let mut out = String::new();
    expr::append_body(body, &mut out);
    out
}

/// A term.
pub(in crate::rego) fn term(term: &Term) -> String {
    let mut out = String::new();
    append(term, &mut out);
    out
}

fn append_reference(parts: &[Term], out: &mut String) {
    for (at, part) in parts.iter().enumerate() {
        match part.as_str() {
            Some(text) if at == 0 => out.push_str(text),
            Some(text) if is_name(text) => {
                out.push('.');
                out.push_str(text);
            }
            Some(text) => {
                out.push('[');
                append_key(text, out);
                out.push(']');
            }
            None if at == 0 => append(part, out),
            None => {
                out.push('[');
                append(part, out);
                out.push(']');
            }
        }
    }
}

/// Whether a key is printed after a dot.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let is_keyword = matches!(
        text,
        "package"
            | "import"
            | "as"
            | "default"
            | "else"
            | "not"
            | "some"
            | "with"
            | "null"
            | "true"
            | "false"
            | "if"
            | "contains"
            | "in"
            | "every"
    );
    begins && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') && !is_keyword
}

/// A key in brackets: quotes in it stay as they are, unless something must be escaped.
fn append_key(text: &str, out: &mut String) {
    if text.chars().any(|c| c.is_control() || c == '\\') {
        out.push_str(&quote(text.as_bytes()));
    } else {
        out.extend(["\"", text, "\""]);
    }
}

fn append(term: &Term, out: &mut String) {
    match &term.kind {
        TermKind::Null => out.push_str("null"),
        TermKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        TermKind::Number(text) => out.push_str(text),
        TermKind::String(text) => out.push_str(&quote(text.as_bytes())),
        TermKind::Var(text) => out.push_str(name(text)),
        TermKind::Ref(parts) => append_reference(parts, out),
        TermKind::Array(terms) => append_list("[", terms, "]", out),
        TermKind::Set(terms) if terms.is_empty() => out.push_str("set()"),
        TermKind::Set(terms) => {
            let mut members = terms.clone();
            order::sort_members(&mut members);
            append_list("{", &members, "}", out);
        }
        TermKind::Object(pairs) => append_pairs(pairs, out),
        TermKind::Call(terms) => append_call(terms, out),
        TermKind::Template(parts) => expr::append_template(parts, out),
        TermKind::ArrayComprehension(parts) => append_comprehension(["[", "]"], &[&parts.0], &parts.1, out),
        TermKind::SetComprehension(parts) => append_comprehension(["{", "}"], &[&parts.0], &parts.1, out),
        TermKind::ObjectComprehension(parts) => append_comprehension(["{", "}"], &[&parts.0, &parts.1], &parts.2, out),
    }
}

fn append_comprehension([open, close]: [&str; 2], terms: &[&Term], body: &[Expr], out: &mut String) {
    out.push_str(open);
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            out.push_str(": ");
        }
        expr::append_comprehension_term(term, out);
    }
    out.push_str(" | ");
    expr::append_body(body, out);
    out.push_str(close);
}

fn append_call(terms: &[Term], out: &mut String) {
    if let Some((operator, operands)) = terms.split_first() {
        append(operator, out);
        append_list("(", operands, ")", out);
    }
}

fn append_list(open: &str, terms: &[Term], close: &str, out: &mut String) {
    out.push_str(open);
    append_list_parts(terms, out);
    out.push_str(close);
}

fn append_list_parts<'t>(terms: impl IntoIterator<Item = &'t Term>, out: &mut String) {
    for (at, term) in terms.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        append(term, out);
    }
}

fn append_pairs(pairs: &[(Term, Term)], out: &mut String) {
    let mut pairs = pairs.to_vec();
    order::sort_entries(&mut pairs);
    out.push('{');
    for (at, (key, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        append(key, out);
        out.push_str(": ");
        append(value, out);
    }
    out.push('}');
}
