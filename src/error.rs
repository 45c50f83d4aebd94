//! What went wrong, as a value that says what to do next.

use std::fmt;

use serde_json::{Map, Value, json};

/// The result of every fallible call in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error. Its number is the ABI's status (`SARK_…` in the header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument is missing, malformed or out of range. The message names the parameter.
    InvalidArgument = -1,
    /// No policy of that name is loaded.
    PolicyNotFound = -2,
    /// A policy does not parse or compile. The errors name file, row and column.
    CompilationError = -3,
    /// A decision failed: a conflict between rules, or a builtin error in strict mode.
    EvaluationError = -4,
    /// JSON or UTF-8 that cannot be read.
    SerializationError = -5,
    /// A deadline, a depth or a size was exceeded.
    LimitExceeded = -6,
    /// A store or the remote OPA did not answer.
    Unavailable = -7,
    /// A thing that exists but that this build cannot do.
    Unsupported = -8,
    /// The change does not fit the present state.
    Conflict = -9,
    /// A value that fits no budget.
    TooLarge = -10,
    /// The caller cancelled.
    Cancelled = -11,
    /// The handle was closed.
    Closed = -12,
    /// A defect in sark. The handle stays usable.
    InternalError = -13,
}

impl ErrorKind {
    /// The kind's name in the field's standard spelling, as in the header without its prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::PolicyNotFound => "POLICY_NOT_FOUND",
            Self::CompilationError => "COMPILATION_ERROR",
            Self::EvaluationError => "EVALUATION_ERROR",
            Self::SerializationError => "SERIALIZATION_ERROR",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unsupported => "UNSUPPORTED",
            Self::Conflict => "CONFLICT",
            Self::TooLarge => "TOO_LARGE",
            Self::Cancelled => "CANCELLED",
            Self::Closed => "CLOSED",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

/// One finding in a policy's source, in the shape of OPA's `ast.Error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// OPA's code, such as `rego_parse_error`.
    pub code: &'static str,
    /// What is wrong, without the place.
    pub message: String,
    /// Where it is; absent where the evaluator does not say.
    pub location: Option<Location>,
    /// What helps to mend it, a line each: types that do not fit, the name that may have been meant.
    pub details: Vec<String>,
}

/// A place in a policy's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The policy's name.
    pub file: String,
    /// The row, from 1.
    pub row: u32,
    /// The column, from 1.
    pub col: u32,
    /// The source line, without its end.
    pub line: String,
}

/// An error: its kind, a message for a person, and places where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    code: Option<&'static str>,
    message: String,
    offset: Option<usize>,
    findings: Vec<Finding>,
}

impl Error {
    /// An error of `kind` with `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), offset: None, findings: Vec::new() }
    }

    /// `INVALID_ARGUMENT` about the parameter `name`.
    pub fn invalid(name: &str, problem: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidArgument, format!("{name}: {problem}"))
    }

    /// `CLOSED` for a handle of `noun`.
    #[must_use]
    pub fn closed(noun: &str) -> Self {
        Self::new(ErrorKind::Closed, format!("the {noun} was closed; make a new one"))
    }

    /// The same error with OPA's code.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The same error with the byte offset in the input at which reading stopped.
    #[must_use]
    pub fn at_offset(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// An error of `kind` made of findings in policies; the first one's code is the error's.
    #[must_use]
    pub fn from_findings(kind: ErrorKind, findings: Vec<Finding>) -> Self {
        let message = findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n");
        Self { kind, code: findings.first().map(|f| f.code), message, offset: None, findings }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// OPA's code, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The message, for a person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The byte offset in the input at which reading stopped, where it is known.
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// What was found in policies.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The error as JSON: `status`, `code`, `message`, `offset` and `errors`, the last three only where they say something.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("status".into(), self.kind.name().into());
        if let Some(code) = self.code {
            object.insert("code".into(), code.into());
        }
        object.insert("message".into(), self.message.as_str().into());
        if let Some(offset) = self.offset {
            object.insert("offset".into(), offset.into());
        }
        if !self.findings.is_empty() {
            object.insert("errors".into(), self.findings.iter().map(Finding::to_json).collect());
        }
        Value::Object(object).to_string()
    }
}

impl Finding {
    fn to_json(&self) -> Value {
        let mut object = json!({"code": self.code, "message": self.message});
        if let (Some(place), Some(object)) = (&self.location, object.as_object_mut()) {
            object.insert("location".into(), json!({"file": place.file, "row": place.row, "col": place.col}));
            object.insert("line".into(), place.line.as_str().into());
        }
        if let (false, Some(object)) = (self.details.is_empty(), object.as_object_mut()) {
            object.insert("details".into(), self.details.clone().into());
        }
        object
    }
}

/// `file:row:col: code: message`, then the line and a caret under the column, then the details.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(f)?;
        self.details.iter().try_for_each(|line| write!(f, "\n\t{line}"))
    }
}

impl Finding {
    /// A finding without details.
    #[must_use]
    pub const fn new(code: &'static str, message: String, location: Option<Location>) -> Self {
        Self { code, message, location, details: Vec::new() }
    }

    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.location else {
            return write!(f, "{}: {}", self.code, self.message);
        };
        write!(f, "{}:{}:{}: {}: {}", place.file, place.row, place.col, self.code, self.message)?;
        // An empty policy has no line.
        if place.row == 0 {
            return Ok(());
        }
        // A tab before the caret stays a tab, so that the caret stands under its column in any terminal.
        let before = place.line.chars().take(place.col.saturating_sub(1) as usize);
        let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "\n\t{}\n\t{indent}^", place.line)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
