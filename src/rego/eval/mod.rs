//! The machine that runs plans: frames, iterators and collections on the heap, no native recursion.
//!
//! Nothing that two evaluations share is written: a plan, data and an input are read by borrow, and everything else is the machine's.

mod calls;
mod emitted;
mod index;
mod iter;
mod scope;
mod step;
mod strict;
mod tell;
#[cfg(test)]
mod tests;

use super::ast::Span;
use super::budget::Exceeded;
use super::builtins::{Caches, Context, Failure};
use super::plan::{Plan, QUERY};
use super::value::{Arena, Document, Value};
use emitted::Collector;
use iter::Iter;
use scope::Scope;
pub(super) use scope::{base_get, merge, replace_at};
pub(super) use step::conflict_message;
use strict::Strict;

/// Why an evaluation ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// An error of OPA's: its code, the message, the place.
    Error { code: &'static str, message: String, span: Span },
    /// A builtin that may not reach outside, where somebody else may; where it was called.
    Elsewhere { builtin: &'static str, span: Span },
    /// A bound was reached.
    Exceeded(Exceeded),
}

impl From<Exceeded> for Stop {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// OPA's `eval_conflict_error`.
pub(super) fn conflict(message: String, span: Span) -> Stop {
    Stop::Error { code: "eval_conflict_error", message, span }
}

/// A call under way.
#[derive(Debug, Clone, Copy, Default)]
struct Frame<'a> {
    routine: u32,
    /// Where to go on with a value, and without.
    done: u32,
    fail: u32,
    /// Where the caller wants the value.
    to: usize,
    registers: usize,
    iters: usize,
    /// The numbers of the candidates that may match; all of them where there is no index.
    matched: Option<&'a [u32]>,
    candidate: usize,
    early_exit: bool,
    group: u32,
    produced: bool,
    /// Whether it has a value, and stands in a turn of `walk` after the one that gave it.
    late: bool,
    result: Option<Value<'a>>,
    /// Replaced functions up to this number are hidden: a replacement may call what it replaces.
    hidden_mocks: usize,
    memo: Memo,
}

/// Where a routine's value is remembered.
#[derive(Debug, Clone, Copy, Default)]
enum Memo {
    #[default]
    No,
    /// Of a routine without arguments.
    Slot,
    /// Of a call.
    Call(usize),
}

/// The machine's stacks, kept from one evaluation to the next.
#[derive(Default)]
pub(super) struct Stacks<'a> {
    registers: Vec<Value<'a>>,
    iters: Vec<Iter<'a>>,
    frames: Vec<Frame<'a>>,
    collectors: Vec<Collector<'a>>,
    scopes: Vec<Scope<'a>>,
    /// Scopes that ended: their memory serves the next.
    spare: Vec<Scope<'a>>,
    args: Vec<Value<'a>>,
    /// What an index is asked with, and what it finds, while it is asked.
    known: index::Known<'a>,
    found: Vec<u32>,
}

/// A stack that kept more than this is given back.
const KEPT_VALUES: usize = 1 << 16;

/// The memory of a vector for values of another lifetime: emptied, then collected in place.
fn recycle<A, B>(mut stack: Vec<A>, convert: impl Fn(A) -> B) -> Vec<B> {
    if stack.capacity() > KEPT_VALUES {
        return Vec::new();
    }
    stack.clear();
    stack.into_iter().map(convert).collect()
}

impl Stacks<'_> {
    /// The same memory for another evaluation.
    pub(super) fn recycle<'b>(mut self) -> Stacks<'b> {
        self.spare.append(&mut self.scopes);
        self.spare.truncate(4);
        self.collectors.truncate(8);
        Stacks {
            registers: recycle(self.registers, |_| Value::Null),
            iters: recycle(self.iters, |_| Iter::Done),
            frames: recycle(self.frames, |_| Frame::default()),
            collectors: self.collectors.into_iter().map(Collector::recycle).collect(),
            scopes: recycle(self.scopes, |_| Scope::default()),
            spare: self.spare.into_iter().map(Scope::recycle).collect(),
            args: recycle(self.args, |_| Value::Null),
            known: recycle(self.known, |_| None),
            found: self.found,
        }
    }
}

/// Who is told what an evaluation says on its way.
pub(super) trait Observer {
    /// A line of `print`.
    fn print(&mut self, line: &[u8], span: Span);

    /// A test comes to the case of these names.
    ///
    /// # Errors
    /// Where that are too many to keep.
    fn test_case(&mut self, names: &[Value<'_>]) -> Result<(), Exceeded>;

    /// An expression has no solution.
    fn failed(&mut self, span: Span);

    /// An expression is evaluated, or a rule has a value.
    fn covered(&mut self, span: Span);
}

/// Base data: all of it, and without `system`, which nobody meets who does not ask for it by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) all: &'a Document,
    pub(super) public: &'a Document,
}

struct Machine<'a, 'm> {
    plan: &'a Plan,
    data: Data<'a>,
    arena: &'a Arena,
    context: Context<'a>,
    stacks: &'m mut Stacks<'a>,
    /// Where the registers and the iterators of the frame on top begin.
    base: usize,
    iters: usize,
    /// How many of the collectors are in use.
    collecting: usize,
    /// How many values they hold.
    collected: usize,
    strict: Strict,
    observer: Option<&'m mut dyn Observer>,
    pc: usize,
}

/// What an evaluation gives, and the caches that it used.
pub(super) type Answer<'a> = (Result<Option<Value<'a>>, Stop>, Caches);

/// Runs a plan. `None` is undefined.
pub(super) fn run<'a, 'm>(
    plan: &'a Plan,
    data: Data<'a>,
    input: Option<Value<'a>>,
    strict: bool,
    context: Context<'a>,
    stacks: &'m mut Stacks<'a>,
    observer: Option<&'m mut dyn Observer>,
) -> Answer<'a> {
    let mut machine = Machine {
        plan,
        data,
        arena: context.arena,
        context,
        stacks,
        base: 0,
        iters: 0,
        collecting: 0,
        collected: 0,
        strict: Strict::new(strict),
        observer,
        pc: 0,
    };
    let result = machine.begin(input).and_then(|()| machine.conclude());
    // A conflict whose turn has come ends the evaluation before what still waits.
    let result = match result {
        Err(Stop::Exceeded(_) | Stop::Elsewhere { .. }) => result,
        Err(conflict) => Err(machine.strict.first.take().unwrap_or(conflict)),
        Ok(value) => machine.first_error().map_or(Ok(value), Err),
    };
    (result, machine.context.caches)
}

impl<'a> Machine<'a, '_> {
    fn begin(&mut self, input: Option<Value<'a>>) -> Result<(), Stop> {
        let mut scope = self.stacks.spare.pop().unwrap_or_default();
        scope.begin(self.plan.routines.len());
        scope.input = input;
        self.stacks.scopes.push(scope);
        self.enter(QUERY, Memo::No, 0, 0, 0)
    }

    /// Runs until the query's own routine ends; what may not be an error is set aside.
    fn conclude(&mut self) -> Result<Option<Value<'a>>, Stop> {
        loop {
            match self.steps() {
                Err(stop) => self.set_aside(stop)?,
                Ok(value) => return Ok(value),
            }
        }
    }

    #[inline]
    fn frame(&mut self) -> Option<&mut Frame<'a>> {
        self.stacks.frames.last_mut()
    }

    #[inline]
    const fn base(&self) -> usize {
        self.base
    }

    #[inline]
    fn get(&self, reg: u32) -> Value<'a> {
        self.stacks.registers.get(self.base() + reg as usize).copied().unwrap_or(Value::Null)
    }

    #[inline]
    fn set(&mut self, reg: u32, value: Value<'a>) {
        let at = self.base() + reg as usize;
        if let Some(place) = self.stacks.registers.get_mut(at) {
            *place = value;
        }
    }

    #[inline]
    fn constant(&self, number: u32) -> Value<'a> {
        self.plan.constants.get(number as usize).map_or(Value::Null, Document::view)
    }

    fn scope(&self) -> Option<&Scope<'a>> {
        self.stacks.scopes.last()
    }

    fn operand_registers(&self, operands: crate::rego::plan::Operands) -> &'a [u32] {
        let start = operands.start as usize;
        self.plan.operands.get(start..start + operands.length as usize).unwrap_or_default()
    }

    #[inline]
    fn charge(&mut self, units: usize) -> Result<(), Stop> {
        match self.context.charge(units) {
            Ok(()) => Ok(()),
            Err(Failure::Exceeded(exceeded)) => Err(Stop::Exceeded(exceeded)),
            Err(_) => Err(Stop::Exceeded(Exceeded::Deadline)),
        }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Stop> {
        match self.context.reserve(bytes) {
            Ok(()) => Ok(()),
            Err(Failure::Exceeded(exceeded)) => Err(Stop::Exceeded(exceeded)),
            Err(_) => Err(Stop::Exceeded(Exceeded::Memory)),
        }
    }

    fn path(&self, number: u32) -> &'a [u32] {
        self.plan.paths.get(number as usize).map(Vec::as_slice).unwrap_or_default()
    }
}
