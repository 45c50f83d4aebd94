//! OPA's builtins, native. One table maps a name to its function; names and types come from OPA's capabilities.

mod aggregates;
mod arithmetic;
mod arrays;
mod bits;
mod caches;
mod casts;
mod comparison;
mod crypto;
mod deep;
mod encoding;
mod glob;
mod graphql;
mod json;
mod json_schema;
mod jwt;
mod key;
mod metadata;
mod missing;
mod net;
mod numbers;
mod objects;
mod operand;
mod parse_module;
mod providers;
mod random;
mod reachable;
mod regex;
mod render_template;
mod runtime;
mod semver;
mod sets;
mod sprintf;
mod strings;
mod subset;
mod table;
mod template;
mod time;
mod trace;
mod types;
mod units;
mod uri;
mod utf8;
mod uuid;
mod void;
mod walk;
mod x509;

use super::budget::{Budget, Exceeded};
use super::value::{Arena, Value};

pub use caches::Caches;
pub(crate) use encoding::base64_text;
pub(crate) use glob::Glob;
pub(crate) use json_schema::{Document, Draft};
pub(crate) use jwt::{Signed, Verifier};
pub(crate) use regex::Pattern;
pub(in crate::rego) use table::offered;
pub use table::{all, lookup, missing};
pub(crate) use uri::normal_url;
pub use walk::Walk;

/// What a builtin works with.
pub struct Context<'a> {
    /// Where results live.
    pub arena: &'a Arena,
    /// The evaluation's time and memory.
    pub budget: Budget,
    /// `time.now_ns`, the same throughout a query.
    pub now_ns: i64,
    /// Compiled patterns. Take them from one evaluation and give them to the next.
    pub caches: Caches,
    drawn: random::Drawn,
}

/// Why a builtin gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It has none; not an error (OPA's `BuiltinEmpty`, or an iterator that was not called).
    Undefined,
    /// `eval_type_error`: an operand of the wrong type. The text as OPA's, without the builtin's name: `operand 1 must be string but got number`.
    Operand(String),
    /// `eval_builtin_error`: anything else. The text as OPA's, without the builtin's name.
    Builtin(String),
    /// `eval_conflict_error`: ends the evaluation, strict or not.
    Conflict(String),
    /// OPA has the builtin, and sark does not: ends the evaluation, strict or not.
    Missing,
    /// A bound was reached: ends the evaluation, strict or not.
    Exceeded(Exceeded),
}

impl From<Exceeded> for Failure {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// A value, or why there is none.
pub type Outcome<'a> = Result<Value<'a>, Failure>;

/// A builtin's function. It gets as many operands as the builtin declares, all of them defined.
pub type Function = for<'a> fn(&mut Context<'a>, &[Value<'a>]) -> Outcome<'a>;

/// A builtin.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// Its name, such as `array.concat`.
    pub name: &'static str,
    /// How many operands it takes.
    pub arity: usize,
    /// What it does.
    pub function: Function,
    /// Whether it gives many values: the function gives an array of them (`walk`).
    pub relation: bool,
    /// Whether equal operands may give different values.
    pub nondeterministic: bool,
    /// Whether OPA has it and sark does not.
    pub missing: bool,
}

impl<'a> Context<'a> {
    /// A context of one evaluation.
    #[must_use]
    pub const fn new(arena: &'a Arena, budget: Budget, now_ns: i64, caches: Caches) -> Self {
        Self { arena, budget, now_ns, caches, drawn: random::Drawn::new() }
    }

    /// Charges `units` of work: about one for each element handled, or each 32 bytes.
    ///
    /// # Errors
    /// `Failure::Exceeded`.
    #[inline]
    pub fn charge(&mut self, units: usize) -> Result<(), Failure> {
        Ok(self.budget.charge(self.arena, units as u64)?)
    }

    /// Charges `bytes` that are about to be allocated.
    ///
    /// # Errors
    /// `Failure::Exceeded`.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Failure> {
        Ok(self.budget.reserve(self.arena, bytes)?)
    }
}

#[cfg(test)]
mod tests;
