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
mod http;
mod json;
mod json_schema;
mod jwt;
mod key;
mod load;
mod metadata;
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

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::ast::Span;
use super::budget::{Budget, Exceeded};
use super::value::{Arena, Value};
use super::{Module, Network, Outside};

pub use caches::Caches;
pub(crate) use encoding::base64_text;
pub(crate) use glob::Glob;
pub(in crate::rego) use glob::is_glob;
pub(crate) use json_schema::{Document, Draft};
pub(crate) use jwt::{Signed, Verifier};
pub use load::{Loaded, Loading};
pub(crate) use regex::Pattern;
pub(in crate::rego) use table::offered;
pub use table::{all, lookup};
pub(in crate::rego) use uri::Target;
pub(crate) use uri::normal_url;
pub use walk::Walk;
pub(in crate::rego) use x509::{Validity, validity};

/// How far a builtin may reach outside.
enum Reach {
    /// Nowhere: OPA's error for a host that is not allowed.
    Closed,
    /// Nowhere, but somebody else may: the decision is theirs.
    Elsewhere,
    /// As far as this goes.
    Open(Arc<Network>),
}

/// What a builtin works with.
pub struct Context<'a> {
    /// Where results live.
    pub arena: &'a Arena,
    /// The evaluation's time and memory.
    pub budget: Budget,
    /// The time, the same throughout a query.
    pub clock: Clock,
    /// Compiled patterns. Take them from one evaluation and give them to the next.
    pub caches: Caches,
    /// What was compiled when the policies were loaded.
    pub loaded: Option<&'a Loaded>,
    /// How far builtins may reach outside; `None` for nowhere.
    pub outside: Option<&'a Outside>,
    /// What randomness is drawn from; `None` for the system's.
    pub seed: Option<u64>,
    /// Whether somebody else decides what would reach outside, where nothing says how far.
    pub elsewhere: bool,
    /// The policies' modules, by whose names a place is told.
    pub modules: &'a [Module],
    remembered: Option<Box<Remembered<'a>>>,
}

/// What builtins remember within a query: most queries have nothing of it.
#[derive(Default)]
struct Remembered<'a> {
    drawn: random::Drawn,
    sent: http::Sent<'a>,
    looked_up: Vec<(String, Value<'a>)>,
}

/// The time of a query. The system is asked by whoever asks first, since most queries never do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(Option<i64>);

impl Clock {
    /// One that shows so many nanoseconds since 1970.
    #[must_use]
    pub const fn fixed(now_ns: i64) -> Self {
        Self(Some(now_ns))
    }

    /// Whether somebody knows the time, or it was fixed.
    pub(in crate::rego) const fn was_asked(self) -> bool {
        self.0.is_some()
    }

    /// Nanoseconds since 1970, from now on always the same; 0 where the system's clock stands before 1970.
    pub fn now_ns(&mut self) -> i64 {
        let read = || SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok());
        *self.0.get_or_insert_with(|| read().unwrap_or(0))
    }
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
    /// It may not reach outside, where somebody else may: ends the evaluation, strict or not.
    Elsewhere,
    /// No failure but a value: an answer of `http.send` that tells of this error, and of the place of the call.
    Placed(Box<Failure>),
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
    /// Whether it reaches outside.
    pub reaches_out: bool,
}

impl<'a> Context<'a> {
    /// A context of one evaluation, in which nothing reaches outside.
    #[must_use]
    #[inline]
    pub const fn new(arena: &'a Arena, budget: Budget, clock: Clock, caches: Caches) -> Self {
        Self {
            arena,
            budget,
            clock,
            caches,
            loaded: None,
            seed: None,
            outside: None,
            elsewhere: false,
            modules: &[],
            remembered: None,
        }
    }

    fn remembered(&mut self) -> &mut Remembered<'a> {
        self.remembered.get_or_insert_default()
    }

    fn reach(&self) -> Reach {
        match self.outside.and_then(Outside::network) {
            Some(network) => Reach::Open(network),
            None if self.elsewhere => Reach::Elsewhere,
            None => Reach::Closed,
        }
    }

    /// An error of `http.send` as an answer of it, which says where it was called.
    pub(in crate::rego) fn placed(&self, failure: &Failure, span: Span) -> Value<'a> {
        let module = self.modules.get(span.module as usize);
        let location = match module.filter(|module| !module.name.is_empty()) {
            Some(module) => format!("{}:{}", module.name, span.row),
            None => format!("{}:{}", span.row, span.col),
        };
        http::placed(self, failure, &location)
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
