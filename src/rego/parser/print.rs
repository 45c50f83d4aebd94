//! Terms in messages, as OPA prints them.

use std::fmt::Write;

use super::super::ast::{Term, TermKind};
use super::token::base_keyword;

/// The name of the function that a call's terms call.
pub(super) fn operator(terms: &[Term]) -> Option<String> {
    Some(reference(terms.first()?.as_ref_parts()?))
}

/// Whether a call's terms call the builtin `name`, which has no dots.
pub(super) fn is_global(terms: &[Term], name: &str) -> bool {
    let parts = terms.first().and_then(Term::as_ref_parts);
    matches!(parts, Some([only]) if only.as_var().is_some_and(|var| &**var == name))
}

/// A reference.
pub(in crate::rego) fn reference(parts: &[Term]) -> String {
    let mut out = String::new();
    append_reference(parts, &mut out);
    out
}

/// A term.
pub(super) fn term(term: &Term) -> String {
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
                append_string(text, out);
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
    let is_keyword = base_keyword(text).is_some() || matches!(text, "if" | "contains" | "in" | "every");
    begins && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') && !is_keyword
}

fn append_string(text: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{text:?}");
}

fn append(term: &Term, out: &mut String) {
    match &term.kind {
        TermKind::Null => out.push_str("null"),
        TermKind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        TermKind::Number(text) => out.push_str(text),
        TermKind::String(text) => append_string(text, out),
        TermKind::Var(name) => out.push_str(if name.starts_with('$') { "_" } else { name }),
        TermKind::Ref(parts) => append_reference(parts, out),
        TermKind::Array(terms) => append_list("[", terms, "]", out),
        TermKind::Set(terms) if terms.is_empty() => out.push_str("set()"),
        TermKind::Set(terms) => append_list("{", terms, "}", out),
        TermKind::Object(pairs) => append_pairs(pairs, out),
        TermKind::Call(terms) => {
            if let Some((operator, operands)) = terms.split_first() {
                append(operator, out);
                append_list("(", operands, ")", out);
            }
        }
        TermKind::Template(_) => out.push_str("$\"...\""),
        TermKind::ArrayComprehension(_) => out.push_str("[... | ...]"),
        TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => out.push_str("{... | ...}"),
    }
}

fn append_list(open: &str, terms: &[Term], close: &str, out: &mut String) {
    out.push_str(open);
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        append(term, out);
    }
    out.push_str(close);
}

fn append_pairs(pairs: &[(Term, Term)], out: &mut String) {
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
