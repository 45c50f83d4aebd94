//! What is wrong with a document, in OPA's words.

use std::fmt;

use super::super::Failure;

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub(super) line: i64,
    /// Counted from 1; below that in a block string that spans lines.
    pub(super) column: i64,
    /// Whether it is in what every schema has.
    pub(super) built_in: bool,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Error {
    message: String,
    at: Option<Position>,
}

impl Error {
    /// One that is somewhere, or nowhere: documents that came as objects have no positions.
    pub(super) fn at(at: Option<Position>, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }

    /// One of a schema: where it has no position, OPA tells -1.
    pub(super) fn in_schema(at: Option<Position>, message: impl Into<String>) -> Self {
        let nowhere = Position { line: -1, column: -1, built_in: false };
        Self { message: message.into(), at: Some(at.unwrap_or(nowhere)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.at else { return write!(f, "input: {}", self.message) };
        let file = if at.built_in { "prelude.graphql" } else { "input" };
        write!(f, "{file}:{}:{}: {}", at.line, at.column, self.message)
    }
}

/// Why there is no document.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is not valid; the text as OPA's.
    Invalid(String),
    /// It is deeper than the stack at hand bears.
    TooDeep,
    /// The evaluation cannot go on, or a bound of ours was reached.
    Stop(Failure),
}

impl Refusal {
    /// A part is not there that must be: only a document that came as an object can lack it. OPA panics.
    pub(super) fn broken() -> Self {
        Self::Invalid("GraphQL parse error: a part of the document is missing".to_owned())
    }
}

/// Why a check ended.
#[derive(Debug)]
pub(super) enum Fault {
    Wrong(Error),
    /// As [`Refusal::broken`].
    Broken,
    /// As [`Refusal::TooDeep`].
    TooDeep,
    Stop(Failure),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Stop(failure)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Stop(failure)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Invalid(told(&error.to_string()))
    }
}

/// OPA's form of the errors: the first place goes to the end, and what follows the first error stays as it is.
pub(super) fn told(errors: &str) -> String {
    let mut parts = errors.splitn(4, ':');
    let (_, line, column, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<u64>().ok());
    match (number(line), number(column), rest) {
        (Some(line), Some(column), Some(rest)) => {
            let message = rest.trim_start_matches(' ');
            let message = message.strip_suffix(".\n").unwrap_or(message);
            format!("{message} in GraphQL string at location {line}:{column}")
        }
        _ => format!("GraphQL parse error: {errors}"),
    }
}
