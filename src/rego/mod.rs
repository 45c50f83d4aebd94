//! Rego: what every evaluator offers, and sark's own.
//!
//! Modules and data go in, a program comes out, and a program decides. The engine (`src/policy`) knows the traits of this file only;
//! `program` implements them by way of `parser` → `compile` → `plan` → `eval`, over `value` and `builtins`. `src/regorus.rs` is the other
//! evaluator.

pub mod annotation;
mod asked;
pub mod ast;
mod ast_json;
mod base;
mod budget;
pub mod builtins;
mod capabilities;
mod compile;
mod cover;
mod eval;
mod inspect;
mod location;
mod network;
mod order;
mod outline;
mod parser;
mod path;
mod plan;
mod plans;
mod print;
mod program;
mod reads;
mod rules;
mod schema;
mod stack;
mod tester;
mod trace;
mod types;
mod units;
pub mod value;

pub(crate) use builtins::{Pattern, base64_text as base64};
pub use cover::Covered;
pub use network::{Network, NetworkOptions, Outside};
pub use path::Path;
pub(crate) use program::RegoCompiler;
pub(crate) use stack::{COMPILER_STACK, has_deep_stack, on_deep_stack};
pub use tester::{Failure, Test, TestProgram, TestRun};
pub use trace::Explain;
pub use value::{Document, Limits};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Location, Result};

/// The version of the language that a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RegoVersion {
    /// Rego before OPA 1.0: `if` and `contains` are optional.
    V0,
    /// Rego since OPA 1.0.
    #[default]
    V1,
    /// Rego with `and`, `or` and bodies after `not`.
    V2,
}

impl RegoVersion {
    /// `v0`, `v1` or `v2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0 => "v0",
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// A policy's source, as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The policy's name; the file name in errors.
    pub name: Arc<str>,
    /// The source.
    pub source: Arc<str>,
    /// The language's version.
    pub version: RegoVersion,
}

/// Turns modules and data into a program.
pub trait Compiler: Send + Sync {
    /// Compiles all modules against `data`, or says why not.
    ///
    /// # Errors
    /// `COMPILATION_ERROR` with findings for a module that does not parse or compile; `CONFLICT` for data at, above or below a rule.
    fn compile(&self, modules: &[Module], data: &Arc<Document>) -> Result<Arc<dyn Program>>;

    /// The same compiler with a JSON schema at a path such as `schema.user`, or without the one that is there. Modules are checked by it when
    /// they are compiled.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED`; `UNSUPPORTED` where the evaluator checks no types.
    fn with_schema(&self, path: &str, json: Option<&[u8]>, max_bytes: u64) -> Result<Arc<dyn Compiler>> {
        let _ = (path, json, max_bytes);
        Err(Error::new(ErrorKind::Unsupported, "this evaluator checks no types; ask one of sark's own"))
    }

    /// What schemas take.
    fn schema_bytes(&self) -> u64 {
        0
    }

    /// Compiles all modules against `data` to run their tests, with `print`; with `coverage`, they say where they were.
    ///
    /// # Errors
    /// Those of [`Compiler::compile`]; `UNSUPPORTED` where the evaluator runs no tests.
    fn compile_tests(&self, modules: &[Module], data: &Arc<Document>, coverage: bool) -> Result<Arc<dyn TestProgram>> {
        let _ = (modules, data, coverage);
        Err(Error::new(ErrorKind::Unsupported, "this evaluator runs no tests; ask one of sark's own"))
    }
}

/// Compiled modules and their data: immutable, shared by all threads.
pub trait Program: Send + Sync {
    /// The path of the package that the module `name` declares.
    fn package(&self, name: &str) -> Option<&Path>;

    /// The same modules over other data.
    ///
    /// # Errors
    /// `CONFLICT` for data at, above or below a rule.
    fn with_data(&self, data: &Arc<Document>) -> Result<Arc<dyn Program>>;

    /// What decides by `modules`, sorted by name, and `data` where most modules are those of this program: made of what changed, and of what this
    /// program has of the others. `None` where they are better compiled from the start, which says as well what is wrong with them.
    fn replaced(&self, modules: &[Module], data: &Arc<Document>) -> Option<Arc<dyn Program>> {
        let _ = (modules, data);
        None
    }

    /// Reads an input once, for any number of decisions.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR` with the offset; `LIMIT_EXCEEDED` for one that is too large or too deep.
    fn read(&self, json: &[u8], limits: Limits) -> Result<Input>;

    /// Decides the document at `path`. The result is appended to `output` as compact JSON with sorted keys.
    ///
    /// # Errors
    /// Those of [`Program::read`]; `EVALUATION_ERROR` with OPA's code; `LIMIT_EXCEEDED` after the deadline.
    fn evaluate(&self, path: &Path, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluated>;

    /// Answers a query, `x := data.a; x > 1`: a JSON array with an object of bindings for each result.
    ///
    /// # Errors
    /// `COMPILATION_ERROR` for the text, and those of [`Program::evaluate`].
    fn query(&self, text: &str, version: RegoVersion, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluated>;

    /// Decides the document at `path` as OPA evaluates it, and tells how it came to it. Appends JSON in the shape of OPA's reply to `output`:
    /// `explanation`, an array of events, or with `pretty` one of lines, and `result`, left out where there is none.
    ///
    /// # Errors
    /// Those of [`Program::evaluate`]; `LIMIT_EXCEEDED` for more than can be told; `UNSUPPORTED` where the evaluator cannot tell.
    fn explain(&self, path: &Path, question: &Question<'_>, how: Explanation, output: &mut Vec<u8>) -> Result<Evaluated> {
        let _ = (path, question, how, output);
        Err(Error::new(ErrorKind::Unsupported, "this evaluator explains no decisions; ask one of sark's own"))
    }

    /// The calls in the modules that reach outside.
    fn outside_calls(&self) -> Vec<OutsideCall> {
        Vec::new()
    }

    /// The paths that were asked for, for the program that comes after this one.
    fn planned(&self) -> Vec<Path> {
        Vec::new()
    }

    /// Plans the documents at these paths before anyone asks for them: a decision that comes first would wait for it.
    fn plan_ahead(&self, paths: &[Path]) {
        let _ = paths;
    }

    /// What the modules offer, as the text of a JSON object: `documents`, each with its path, what it reaches, and what finding its rules
    /// costs, `entrypoints` and `annotations`.
    ///
    /// # Errors
    /// `UNSUPPORTED` where the evaluator cannot say.
    fn inspect(&self) -> Result<String> {
        Err(Error::new(ErrorKind::Unsupported, "this evaluator does not say what its policies offer; ask one of sark's own"))
    }

    /// The builtins and features that policies may use, as the text of a JSON object in the shape of `opa capabilities --current`.
    ///
    /// # Errors
    /// `UNSUPPORTED` where the evaluator cannot say.
    fn capabilities(&self) -> Result<String> {
        Err(Error::new(ErrorKind::Unsupported, "this evaluator does not say what policies may use; ask one of sark's own"))
    }

    /// `data` without what stands at the paths of rules, and without the packages that are empty then.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the process has no more threads.
    fn base_documents(&self, data: &Document) -> Result<Document> {
        Ok(data.clone())
    }

    /// Whether equal inputs always give equal decisions at `path`: nothing there reaches time, randomness or the network.
    fn is_deterministic(&self, path: &Path) -> bool;
}

/// A call of a builtin that reaches outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideCall {
    /// The policy that has the call.
    pub module: Arc<str>,
    /// The builtin.
    pub builtin: &'static str,
    /// Where the call stands.
    pub location: Option<Location>,
}

/// An input as a caller gives it.
#[derive(Clone, Copy)]
pub enum Given<'q> {
    /// JSON, read for this evaluation alone.
    Json(&'q [u8]),
    /// One that was read before.
    Parsed(&'q Input),
}

/// What a decision is made from, beside policies and data.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The input; `None` leaves it undefined.
    pub input: Option<Given<'q>>,
    /// What bounds reading it.
    pub limits: Limits,
    /// What bounds deciding.
    pub bounds: Bounds,
    /// When it was asked.
    pub start: Instant,
    /// Whether somebody wants to know how long it took.
    pub timed: bool,
    /// Who gets the lines of `print`; `None` for nobody.
    pub printer: Option<&'q dyn Printer>,
    /// How far policies may reach outside.
    pub outside: &'q Outside,
    /// Whether a decision that would reach outside, where nothing is open, is somebody else's.
    pub elsewhere: bool,
    /// What the clock shows, in nanoseconds since 1970; `None` for the time that it is.
    pub time_ns: Option<i64>,
    /// What randomness is drawn from; `None` for the system's.
    pub seed: Option<u64>,
}

impl Question<'_> {
    /// The time since it was asked; zero where nobody wants to know.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        if self.timed { self.start.elapsed() } else { Duration::ZERO }
    }
}

/// How a decision is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// How much is told.
    pub explain: Explain,
    /// Whether it is told in lines, as OPA's `pretty` has them, rather than events.
    pub pretty: bool,
}

/// Who gets the lines of `print`.
pub trait Printer: Sync {
    /// Takes a line, and where the call stands. The bytes are UTF-8 wherever the policy's strings are.
    fn print(&self, line: &[u8], location: Option<Location>);
}

/// How an evaluation went.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated {
    /// Whether there is a value.
    pub outcome: Outcome,
    /// The time spent reading the input.
    pub read: Duration,
    /// The time spent deciding and writing the result.
    pub evaluate: Duration,
}

/// Whether a document has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has one.
    Defined,
    /// It has none. Not an error.
    Undefined,
}

/// What bounds one evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// When it ends, `None` for never.
    pub deadline: Option<Instant>,
    /// Whether an error in a builtin ends the evaluation (`true`) or makes its expression undefined (OPA's default).
    pub strict_builtin_errors: bool,
}

impl Bounds {
    /// Bounds that end `timeout` after `start`.
    #[must_use]
    #[inline]
    pub fn within(start: Instant, timeout: Option<Duration>, strict_builtin_errors: bool) -> Self {
        Self { deadline: timeout.and_then(|t| start.checked_add(t)), strict_builtin_errors }
    }

    /// The time that is left; `None` where there is no deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|d| d.saturating_duration_since(Instant::now()))
    }
}

/// An input that was read once. It holds what the evaluator that read it uses.
#[derive(Clone)]
pub struct Input(Arc<dyn std::any::Any + Send + Sync>);

impl Input {
    /// Wraps an evaluator's own form of an input.
    pub fn new<T: std::any::Any + Send + Sync>(inner: T) -> Self {
        Self(Arc::new(inner))
    }

    /// The evaluator's own form, where it is of type `T`.
    #[must_use]
    pub fn get<T: std::any::Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}
