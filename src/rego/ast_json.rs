//! Syntax trees as OPA's JSON has them (`v1/ast/policy_json.go`, `v1/ast/term_json.go`), without places but those of comments.

use super::ast::{Body, Comment, Every, Expr, ExprKind, Head, Import, Logical, Module, Rule, TemplatePart, Term, TermKind, With};
use super::{base64, order};

pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    // Into memory, where nothing fails.
    let _ = serde_json::to_writer(out, text);
}

/// A list of what `each` writes.
pub(super) fn list<T>(items: impl IntoIterator<Item = T>, out: &mut Vec<u8>, mut each: impl FnMut(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(b']');
}

/// `,"name":`, the comma left out behind a bracket.
fn field(name: &str, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    string(name, out);
    out.push(b':');
}

fn flag(name: &str, is_set: bool, out: &mut Vec<u8>) {
    if is_set {
        field(name, out);
        out.extend_from_slice(b"true");
    }
}

/// A module that is not compiled, whose comments are in `file`.
pub(super) fn module(module: &Module, file: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"package\":{\"path\":");
    list(&module.package.path, out, term);
    out.push(b'}');
    if !module.imports.is_empty() {
        field("imports", out);
        list(&module.imports, out, import);
    }
    if !module.rules.is_empty() {
        field("rules", out);
        list(&module.rules, out, rule);
    }
    if !module.comments.is_empty() {
        field("comments", out);
        list(&module.comments, out, |one, out| comment(one, file, out));
    }
    out.push(b'}');
}

fn import(import: &Import, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(alias) = &import.alias {
        field("alias", out);
        string(alias, out);
    }
    field("path", out);
    term(&import.path, out);
    out.push(b'}');
}

fn comment(comment: &Comment, file: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    field("Text", out);
    string(&base64(comment.text.as_bytes()), out);
    field("Location", out);
    out.push(b'{');
    field("file", out);
    string(file, out);
    out.extend_from_slice(format!(",\"row\":{},\"col\":{}}}}}", comment.span.row, comment.span.col).as_bytes());
}

pub(super) fn rule(rule: &Rule, out: &mut Vec<u8>) {
    out.push(b'{');
    field("body", out);
    body(&rule.body, out);
    flag("default", rule.is_default, out);
    if let Some(otherwise) = &rule.otherwise {
        field("else", out);
        self::rule(otherwise, out);
    }
    field("head", out);
    head(&rule.head, out);
    out.push(b'}');
}

fn head(head: &Head, out: &mut Vec<u8>) {
    out.push(b'{');
    if !head.name.is_empty() {
        field("name", out);
        string(&head.name, out);
    }
    if !head.args.is_empty() {
        field("args", out);
        list(&head.args, out, term);
    }
    for (name, part) in [("key", &head.key), ("value", &head.value)] {
        if let Some(part) = part {
            field(name, out);
            term(part, out);
        }
    }
    flag("assign", head.assign, out);
    field("ref", out);
    list(&head.reference, out, term);
    out.push(b'}');
}

pub(super) fn body(body: &[Expr], out: &mut Vec<u8>) {
    list(body.iter().enumerate(), out, |(at, one), out| expr(one, at, out));
}

/// An expression, and its number in its body.
pub(super) fn expr(expr: &Expr, at: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    flag("generated", expr.generated, out);
    field("index", out);
    out.extend_from_slice(at.to_string().as_bytes());
    flag("negated", expr.negated, out);
    field("terms", out);
    terms(&expr.kind, out);
    if !expr.with.is_empty() {
        field("with", out);
        list(&expr.with, out, with);
    }
    out.push(b'}');
}

fn terms(kind: &ExprKind, out: &mut Vec<u8>) {
    match kind {
        ExprKind::Term(one) => term(one, out),
        ExprKind::Call(terms) => list(terms, out, term),
        ExprKind::Some(symbols) => {
            out.push(b'{');
            field("symbols", out);
            list(symbols, out, term);
            out.push(b'}');
        }
        ExprKind::Every(one) => every(one, out),
        ExprKind::Not(not) => {
            out.extend_from_slice(b"{\"type\":\"not\",\"body\":");
            body(&not.body, out);
            out.extend_from_slice(format!(",\"explicit_body\":{}}}", not.explicit_body).as_bytes());
        }
        ExprKind::And(operands) => logical("and", operands, out),
        ExprKind::Or(operands) => logical("or", operands, out),
    }
}

fn every(every: &Every, out: &mut Vec<u8>) {
    out.push(b'{');
    field("key", out);
    match &every.key {
        Some(key) => term(key, out),
        None => out.extend_from_slice(b"null"),
    }
    field("value", out);
    term(&every.value, out);
    field("domain", out);
    term(&every.domain, out);
    field("body", out);
    body(&every.body, out);
    out.push(b'}');
}

fn logical(name: &str, logical: &Logical, out: &mut Vec<u8>) {
    out.push(b'{');
    field("type", out);
    string(name, out);
    field("lhs", out);
    body(&logical.left, out);
    field("rhs", out);
    body(&logical.right, out);
    flag("explicit_lhs", logical.explicit_left, out);
    flag("explicit_rhs", logical.explicit_right, out);
    out.push(b'}');
}

fn with(with: &With, out: &mut Vec<u8>) {
    out.push(b'{');
    field("target", out);
    term(&with.target, out);
    field("value", out);
    term(&with.value, out);
    out.push(b'}');
}

/// A term: its type and its value. Recurses as deep as it nests.
pub(super) fn term(term: &Term, out: &mut Vec<u8>) {
    out.push(b'{');
    field("type", out);
    string(term.kind.name(), out);
    field("value", out);
    value(&term.kind, out);
    out.push(b'}');
}

fn value(kind: &TermKind, out: &mut Vec<u8>) {
    match kind {
        TermKind::Null => out.extend_from_slice(b"{}"),
        TermKind::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        TermKind::Number(text) => out.extend_from_slice(text.as_bytes()),
        TermKind::String(text) | TermKind::Var(text) => string(text, out),
        TermKind::Ref(terms) | TermKind::Array(terms) | TermKind::Call(terms) => list(terms, out, term),
        TermKind::Set(members) => {
            let mut members = members.clone();
            order::sort_members(&mut members);
            list(&members, out, term);
        }
        TermKind::Object(entries) => {
            let mut entries = entries.clone();
            order::sort_entries(&mut entries);
            list(&entries, out, |(key, value), out| list([key, value], out, term));
        }
        TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => {
            comprehension(&[("term", &parts.0)], &parts.1, out);
        }
        TermKind::ObjectComprehension(parts) => comprehension(&[("key", &parts.0), ("value", &parts.1)], &parts.2, out),
        TermKind::Template(parts) => template(parts, out),
    }
}

fn comprehension(terms: &[(&str, &Term)], of: &Body, out: &mut Vec<u8>) {
    out.push(b'{');
    for (name, one) in terms {
        field(name, out);
        term(one, out);
    }
    field("body", out);
    body(of, out);
    out.push(b'}');
}

fn template(parts: &[TemplatePart], out: &mut Vec<u8>) {
    out.push(b'{');
    field("parts", out);
    list(parts, out, |part, out| match part {
        TemplatePart::Constant(one) => term(one, out),
        TemplatePart::Expr(one) => expr(one, 0, out),
    });
    out.extend_from_slice(b",\"multi_line\":false}");
}
