//! A question that is asked many times.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Engine, EvaluateOptions, Evaluation, Revision, check_name};
use crate::error::{Error, Result};
use crate::rego::{Input, Outcome, Path};

/// What a decision is asked of: a policy by its name, or a document by its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The document of the package that the policy of this name declares.
    Name(Arc<str>),
    /// The document at this path.
    Path(Path),
}

impl Target {
    /// Reads a policy's name, or a path where the text starts with `data.`, `data[` or is `data`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a malformed path or an empty name.
    pub fn parse(text: &str) -> Result<Self> {
        if Path::is_path(text) {
            return Path::parse(text).map(Self::Path);
        }
        check_name(text)?;
        Ok(Self::Name(text.into()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Path(path) => path.fmt(f),
        }
    }
}

/// A prepared query: it always asks the engine's present policies and data. Usable from many threads at once.
pub struct Query {
    engine: Arc<Engine>,
    target: Target,
    closed: AtomicBool,
}

impl Query {
    /// Prepares `target`, and gives the revision at which it was found.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND` for a name that no policy has; `CLOSED`.
    pub fn new(engine: Arc<Engine>, target: Target) -> Result<(Self, Revision)> {
        let revision = engine.check(&target)?;
        Ok((Self { engine, target, closed: AtomicBool::new(false) }, revision))
    }

    /// Ends the query; later calls answer `CLOSED`.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// As [`Engine::evaluate`].
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate(&self, input: Option<&[u8]>, options: &EvaluateOptions, output: &mut Vec<u8>) -> Result<Evaluation> {
        self.check_open()?;
        self.engine.evaluate(&self.target, input, options, output)
    }

    /// As [`Engine::evaluate_input`].
    ///
    /// # Errors
    /// As [`Engine::evaluate_input`].
    pub fn evaluate_input(&self, input: &Input, options: &EvaluateOptions, output: &mut Vec<u8>) -> Result<Evaluation> {
        self.check_open()?;
        self.engine.evaluate_input(&self.target, input, options, output)
    }

    /// Whether the result is exactly `true`.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn allows(&self, input: Option<&[u8]>, options: &EvaluateOptions) -> Result<(bool, Evaluation)> {
        let mut output = Vec::new();
        let evaluation = self.evaluate(input, options, &mut output)?;
        Ok((evaluation.outcome == Outcome::Defined && output == b"true", evaluation))
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("query")) } else { Ok(()) }
    }
}
