//! Annotations: blocks of comments that begin with `# METADATA` and hold YAML. What is wrong with one refuses its module.

mod attach;
mod content;
mod parts;

use super::super::ast::{Annotation, Comment, Span};
use super::Problem;
pub(super) use attach::attach;

/// The annotations among comments, and what is wrong with others (OPA's `parseAnnotations`).
pub(super) fn read(comments: &[Comment]) -> (Vec<Annotation>, Vec<Problem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (at, comment) in comments.iter().enumerate().filter(|(_, comment)| is_metadata(comment)) {
        match content::read(comment.span, block(comments, at)) {
            Ok(annotation) => found.push(annotation),
            Err(problem) => problems.push(problem),
        }
    }
    (found, problems)
}

fn is_metadata(comment: &Comment) -> bool {
    comment.span.col == 1 && comment.text.trim().starts_with("METADATA")
}

/// The comments below the one at an index that belong to it: row by row, at the begin of their rows.
fn block(comments: &[Comment], at: usize) -> &[Comment] {
    let mut end = at + 1;
    while let (Some(comment), Some(before)) = (comments.get(end), end.checked_sub(1).and_then(|before| comments.get(before)))
        && comment.span.col == 1
        && comment.span.row == before.span.row + 1
        && !is_metadata(comment)
    {
        end += 1;
    }
    comments.get(at + 1..end).unwrap_or_default()
}

/// A problem at a place.
fn problem(span: Span, message: impl Into<String>) -> Problem {
    Problem::parse(span, message)
}
