//! What an index demands of one value.

use crate::rego::ast::{Term, TermKind};
use crate::rego::compile::is_scalar;
use crate::rego::plan::terms;
use crate::rego::value::{Document, Value, equal};

/// What a value must be.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Check {
    Any,
    Equal(Document),
    /// An array of these elements; `None` is any.
    Array(Vec<Option<Document>>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    /// A collection that holds this.
    Member(Document),
    /// A string whose segments between the delimiter's characters are these.
    Segments(String, Vec<Option<Document>>),
}

impl Check {
    /// Whether a value passes.
    pub(in crate::rego) fn passes(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => equal(&wanted.view(), value),
            Self::Array(wanted) => value.as_array().is_some_and(|elements| {
                elements.len() == wanted.len() && wanted.iter().zip(elements.iter()).all(|(w, v)| matches_element(w.as_ref(), &v))
            }),
            Self::Prefix(base) => any_string(value, &|text| text.starts_with(base)),
            Self::Suffix(base) => any_string(value, &|text| text.ends_with(base)),
            Self::Member(wanted) => holds(value, &|member| equal(&wanted.view(), member)),
            Self::Segments(delimiter, wanted) => {
                let Some(text) = value.as_bytes() else { return false };
                let parts = split_escaped(text, delimiter);
                parts.len() == wanted.len()
                    && wanted.iter().zip(parts).all(|(w, part)| matches_element(w.as_ref(), &Value::String(part)))
            }
        }
    }
}

pub(super) fn array_check(parts: &[Term]) -> Check {
    Check::Array(parts.iter().map(|part| is_scalar(part).then(|| terms::document(part))).collect())
}

/// What equals a constant: an object or a set admits anything (OPA's `insertValue`).
pub(super) fn constant_check(term: &Term) -> Check {
    match &term.kind {
        TermKind::Array(parts) => array_check(parts),
        _ if is_scalar(term) => Check::Equal(terms::document(term)),
        _ => Check::Any,
    }
}

pub(super) fn affix_check(text: &str, prefix: bool) -> Check {
    let bytes = text.as_bytes().to_vec();
    if prefix { Check::Prefix(bytes) } else { Check::Suffix(bytes) }
}

pub(super) fn delimiter_of(term: &Term) -> Option<String> {
    let TermKind::Array(parts) = &term.kind else { return None };
    if parts.is_empty() {
        return Some(".".to_owned());
    }
    parts.iter().map(|part| part.as_str().map(|s| &**s)).collect()
}

/// A glob's segments, `*` as any; `None` where it has more than that.
pub(super) fn segments_of(pattern: &str, delimiter: &str) -> Option<Vec<Option<Document>>> {
    split_escaped(pattern.as_bytes(), delimiter)
        .into_iter()
        .map(|part| {
            if part == b"*" {
                return Some(None);
            }
            let mut escaped = false;
            for byte in part {
                if *byte == b'\\' {
                    escaped = !escaped;
                    continue;
                }
                if !escaped && matches!(byte, b'[' | b'?' | b'{' | b'*') {
                    return None;
                }
                escaped = false;
            }
            Some(Some(Document::bytes(part)))
        })
        .collect()
}

/// Splits at the delimiter's characters where they are not escaped.
pub(super) fn split_escaped<'t>(text: &'t [u8], delimiter: &str) -> Vec<&'t [u8]> {
    let (mut last, mut escaped) = (0, false);
    let mut parts = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\\' || escaped {
            escaped = !escaped;
        } else if delimiter.chars().any(|c| c == char::from(*byte)) {
            parts.extend(text.get(last..at));
            last = at + 1;
        }
    }
    parts.extend(text.get(last..));
    parts
}

pub(super) fn same_check(a: &Check, b: &Check) -> bool {
    match (a, b) {
        (Check::Any, Check::Any) => true,
        (Check::Equal(x), Check::Equal(y)) | (Check::Member(x), Check::Member(y)) => equal(&x.view(), &y.view()),
        (Check::Prefix(x), Check::Prefix(y)) | (Check::Suffix(x), Check::Suffix(y)) => x == y,
        _ => false,
    }
}

fn matches_element(wanted: Option<&Document>, value: &Value<'_>) -> bool {
    wanted.is_none_or(|wanted| equal(&wanted.view(), value))
}

fn any_string(value: &Value<'_>, test: &dyn Fn(&[u8]) -> bool) -> bool {
    value.as_bytes().map_or_else(|| holds(value, &|member| member.as_bytes().is_some_and(test)), test)
}

/// Whether a collection holds a value that passes.
fn holds(collection: &Value<'_>, test: &dyn Fn(&Value<'_>) -> bool) -> bool {
    if let Some(entries) = collection.as_object() {
        return entries.values().iter().any(|value| test(&value));
    }
    collection.as_array().or_else(|| collection.as_set()).is_some_and(|elements| elements.iter().any(|value| test(&value)))
}
