//! What an annotation says.

use super::super::super::ast::{Annotation, Comment, Scope, Span, Term, TermKind};
use super::super::super::builtins;
use super::super::super::value::quote;
use super::super::{Options, Problem, parse_term};
use super::problem;
use crate::yaml::{self, Any, Failure, Fields, Shape};

/// The fields that an annotation may have, in OPA's order.
const FIELDS: [(&str, Shape); 11] = [
    ("scope", Shape::Text),
    ("title", Shape::Text),
    ("entrypoint", Shape::Bool),
    ("description", Shape::Text),
    ("organizations", Shape::Texts),
    ("related_resources", Shape::List),
    ("authors", Shape::List),
    ("schemas", Shape::Maps),
    ("compile", Shape::Map),
    ("custom", Shape::Map),
    ("labels", Shape::Map),
];

/// Reads the comments of one block; `span` is that of its first one, which says `METADATA`.
pub(super) fn read(span: Span, comments: &[Comment]) -> Result<Annotation, Problem> {
    let mut text = String::new();
    for comment in comments {
        text.push_str(comment.text.strip_prefix(' ').unwrap_or(&comment.text));
        text.push('\n');
    }
    if text.trim().is_empty() {
        return Err(problem(span, "expected METADATA block, found whitespace"));
    }
    let fields = match yaml::fields(&text, &FIELDS) {
        Ok(fields) => fields,
        Err(Failure::Refused(message)) => return Err(refused(span, &message, comments)),
        Err(Failure::Unknown) => Fields::new(),
    };
    check(&fields).map_err(|message| problem(span, message))?;
    let scope = match fields.get("scope") {
        Some(Any::Text(scope)) => Scope::of(scope),
        _ => Scope::None,
    };
    Ok(Annotation { scope, is_entrypoint: fields.get("entrypoint") == Some(&Any::Bool(true)), rule: None, span })
}

/// An error of YAML is placed at the comment that its line says, and gets a hint for each colon that no space follows.
fn refused(span: Span, message: &str, comments: &[Comment]) -> Problem {
    let line = line_of(message);
    let named = match line {
        Some(line) => comments.get(line).or(comments.last()),
        None => comments.first(),
    };
    let mut message = message.to_owned();
    for comment in comments {
        let wrong = wrong_spaces(&comment.text);
        if !wrong.is_empty() {
            let row = comment.span.row;
            message.push_str(&format!(
                "\n  Hint: on line {row}, symbol(s) [{}] immediately following a key/value separator ':' is not a legal yaml space character",
                wrong.join(" ")
            ));
        }
    }
    problem(named.map_or(span, |comment| comment.span), message)
}

fn line_of(message: &str) -> Option<usize> {
    let rest = message.strip_prefix("yaml:")?;
    let rest = rest.strip_prefix(" unmarshal errors:").map_or(rest, |rest| rest.trim_start_matches(['\n', '\t', '\r', ' ']));
    let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix("line ")?;
    rest.split_once(':')?.0.parse().ok()
}

/// What follows colons at once, up to the first that a space follows.
fn wrong_spaces(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split(':').skip(1).collect();
    let mut wrong = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match part.chars().next() {
            None if at + 1 == parts.len() => break,
            Some(' ' | '\t') => break,
            None => wrong.push("'\\ufffd'".to_owned()),
            Some(first) => {
                let mut quoted = vec![b'\''];
                super::super::super::value::push_escaped(first, '\'', true, &mut quoted);
                quoted.push(b'\'');
                wrong.push(String::from_utf8_lossy(&quoted).into_owned());
            }
        }
    }
    wrong
}

/// The checks beyond types, in OPA's order.
fn check(fields: &Fields) -> Result<(), String> {
    for value in items(fields, "related_resources") {
        related_resource(value).map_err(|problem| format!("invalid related-resource definition {value}: {problem}"))?;
    }
    if let Some(Any::Map(entries)) = fields.get("compile") {
        check_compile(entries)?;
    }
    for value in items(fields, "schemas") {
        check_schema(value)?;
    }
    for value in items(fields, "authors") {
        author(value).map_err(|problem| format!("invalid author definition {value}: {problem}"))?;
    }
    for name in ["custom", "labels"] {
        if let Some(Any::Map(entries)) = fields.get(name) {
            entries.iter().try_for_each(|(_, value)| check_keys(value, &mut Vec::new()))?;
        }
    }
    Ok(())
}

fn items<'f>(fields: &'f Fields, name: &str) -> &'f [Any] {
    match fields.get(name) {
        Some(Any::List(items)) => items,
        _ => &[],
    }
}

/// Keys must be texts; the error names the path to the mapping that has another one.
fn check_keys(value: &Any, path: &mut Vec<String>) -> Result<(), String> {
    match value {
        Any::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                check_keys(item, path)?;
                path.pop();
            }
        }
        // Go decodes a mapping whose keys are all texts to another type, into which OPA does not look.
        Any::Map(entries) if entries.iter().any(|(key, _)| key.is_none()) => {
            return Err(format!("invalid map key type(s): {}", path.join("/")));
        }
        _ => {}
    }
    Ok(())
}

/// The text at a key, without spaces around it.
fn text_at<'e>(entries: &'e [(Option<String>, Any)], name: &str) -> &'e str {
    let found = entries.iter().find(|(key, _)| key.as_deref() == Some(name));
    match found.map(|(_, value)| value) {
        Some(Any::Text(text)) => text.trim(),
        _ => "",
    }
}

fn related_resource(value: &Any) -> Result<(), String> {
    check_keys(value, &mut Vec::new())?;
    let (url, missing) = match value {
        Any::Text(url) => (url.as_str(), "ref URL may not be empty string"),
        Any::Map(entries) => (text_at(entries, "ref"), "'ref' value required in object"),
        _ => return Err("invalid value type, must be string or map".to_owned()),
    };
    if url.is_empty() {
        return Err(missing.to_owned());
    }
    builtins::check_url(url.as_bytes())
}

fn author(value: &Any) -> Result<(), String> {
    check_keys(value, &mut Vec::new())?;
    match value {
        Any::Text(text) if text.trim().is_empty() => Err("author is an empty string".to_owned()),
        Any::Map(entries) if text_at(entries, "name").is_empty() && text_at(entries, "email").is_empty() => {
            Err("'name' and/or 'email' values required in object".to_owned())
        }
        Any::Text(_) | Any::Map(_) => Ok(()),
        _ => Err("invalid value type, must be string or map".to_owned()),
    }
}

fn check_schema(value: &Any) -> Result<(), String> {
    let Any::Map(entries) = value else { return Ok(()) };
    let Some((key, value)) = entries.first() else { return Err("invalid document reference".to_owned()) };
    let path = key.as_deref().unwrap_or_default();
    if reference(path).is_none() {
        return Err("invalid document reference".to_owned());
    }
    match value {
        Any::Text(schema) if is_schema_reference(schema) => Ok(()),
        Any::Text(_) => Err("invalid schema reference".to_owned()),
        Any::Map(_) => check_keys(value, &mut Vec::new()).map_err(|problem| format!("invalid schema definition: {problem}")),
        _ => Err(format!("invalid schema declaration for path {}", quote(path.as_bytes()))),
    }
}

fn check_compile(entries: &[(Option<String>, Any)]) -> Result<(), String> {
    let at = |name: &str| entries.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value);
    if let Some(Any::List(unknowns)) = at("unknowns") {
        for unknown in unknowns {
            if let Any::Text(text) = unknown
                && reference(text).is_none()
            {
                return Err(format!("invalid unknowns element {}: expected ref", quote(text.as_bytes())));
            }
        }
    }
    if let Some(Any::Text(mask)) = at("mask_rule")
        && !term(mask).is_some_and(|term| matches!(term.kind, TermKind::Var(_) | TermKind::String(_) | TermKind::Ref(_)))
    {
        return Err(format!("invalid mask_rule annotation type {}: string", quote(mask.as_bytes())));
    }
    Ok(())
}

fn term(text: &str) -> Option<Term> {
    parse_term(text, &Options::default()).ok()
}

fn reference(text: &str) -> Option<Vec<Term>> {
    term(text)?.as_ref_parts().map(<[Term]>::to_vec)
}

/// `schema`, or a reference that begins with it.
fn is_schema_reference(text: &str) -> bool {
    let Some(term) = term(text) else { return false };
    let head = term.as_ref_parts().and_then(|parts| parts.first()).unwrap_or(&term);
    head.as_var().is_some_and(|name| &**name == "schema")
}
