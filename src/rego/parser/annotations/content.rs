//! What an annotation says.

use std::sync::Arc;

use super::super::super::ast::{Annotation, Comment, Scope, Span};
use super::super::Problem;
use super::{parts, problem};
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
    let content = parts::content(&fields).map_err(|message| problem(span, message))?;
    let scope = match fields.get("scope") {
        Some(Any::Text(scope)) => Scope::of(scope),
        _ => Scope::None,
    };
    let is_entrypoint = fields.get("entrypoint") == Some(&Any::Bool(true));
    Ok(Annotation { scope, is_entrypoint, rule: None, span, content: Arc::new(content) })
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
