//! The machine that runs plans: frames, iterators and collections on the heap, no native recursion.
//!
//! Nothing that two evaluations share is written: a plan, data and an input are read by borrow, and everything else is the machine's.

mod calls;
mod comprehensions;
mod derived;
mod emitted;
mod index;
mod iter;
mod places;
mod scope;
mod step;
mod strict;
mod tell;
#[cfg(test)]
mod tests;

use std::mem::ManuallyDrop;

use super::ast::Span;
use super::budget::Exceeded;
use super::builtins::{Caches, Context};
use super::plan::{Plan, QUERY};
use super::value::{Arena, Document, Parts, Value};
pub(super) use derived::{Derived, Room};
use emitted::Collector;
use iter::Iter;
use places::Places;
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
    /// The number of scopes that it was called in.
    scopes: usize,
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

/// A stack in the evaluation's arena: nothing of it has to be freed or kept.
type Stack<'a, T> = bumpalo::collections::Vec<'a, T>;

/// The machine's stacks.
struct Stacks<'a> {
    registers: Stack<'a, Value<'a>>,
    iters: Stack<'a, Iter<'a>>,
    frames: Stack<'a, Frame<'a>>,
    collectors: Stack<'a, Collector<'a>>,
    args: Stack<'a, Value<'a>>,
}

impl<'a> Stacks<'a> {
    /// With room for what most evaluations need.
    fn new(arena: &'a Arena) -> Self {
        Self {
            registers: Stack::with_capacity_in(64, arena),
            iters: Stack::new_in(arena),
            frames: Stack::with_capacity_in(4, arena),
            collectors: Stack::new_in(arena),
            args: Stack::new_in(arena),
        }
    }
}

/// What one evaluation leaves to the next: tables that are cleared faster than made.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) caches: Caches,
    memo: Vec<u32>,
    calls: scope::Calls,
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
    /// What rules derived from it, where that is kept.
    pub(super) derived: Option<&'a Derived>,
}

struct Machine<'a, 'm> {
    plan: &'a Plan,
    data: Data<'a>,
    arena: &'a Arena,
    context: &'m mut Context<'a>,
    /// All in the arena: there is nothing to free.
    stacks: ManuallyDrop<Stacks<'a>>,
    /// What holds now, and what held around it, the outermost first.
    scope: Scope<'a>,
    outer: Vec<Scope<'a>>,
    /// Where the registers and the iterators of the frame on top begin.
    base: usize,
    iters: usize,
    /// How many of the collectors are in use.
    collecting: usize,
    /// How many values they hold.
    collected: usize,
    places: Places<'a>,
    strict: Strict,
    observer: Option<&'m mut dyn Observer>,
    pc: usize,
}

/// What an evaluation has of the input.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// All of it; `None` where there is none.
    Whole(Option<Value<'a>>),
    /// The parts of the plan's projection.
    Parts(Parts<'a>),
}

/// Runs a plan. `None` is undefined. The caches are those that the evaluation before left, and are left to the next.
pub(super) fn run<'a, 'm>(
    plan: &'a Plan,
    data: Data<'a>,
    input: Input<'a>,
    strict: bool,
    context: &'m mut Context<'a>,
    left: &mut Left,
    observer: Option<&'m mut dyn Observer>,
) -> Result<Option<Value<'a>>, Stop> {
    let arena = context.arena;
    context.caches = std::mem::take(&mut left.caches);
    let (memo, calls) = (std::mem::take(&mut left.memo), std::mem::take(&mut left.calls));
    let mut machine = Machine {
        plan,
        data,
        arena,
        context,
        stacks: ManuallyDrop::new(Stacks::new(arena)),
        scope: Scope::new(arena, input, plan.inputs.len(), memo, calls, plan.routines.len()),
        outer: Vec::new(),
        base: 0,
        iters: 0,
        collecting: 0,
        collected: 0,
        places: Places::default(),
        strict: Strict::new(strict),
        observer,
        pc: 0,
    };
    let result = machine.begin();
    // A conflict whose turn has come ends the evaluation before what still waits.
    let result = match result {
        Err(Stop::Exceeded(_) | Stop::Elsewhere { .. }) => result,
        Err(conflict) => Err(machine.strict.first.take().unwrap_or(conflict)),
        Ok(value) => machine.first_error().map_or(Ok(value), Err),
    };
    machine.end_scopes(1);
    (left.memo, left.calls) = machine.scope.leave();
    left.caches = std::mem::take(&mut machine.context.caches);
    result
}

impl<'a> Machine<'a, '_> {
    /// Runs the query's own routine, or the one that it asks, where nobody could tell.
    fn begin(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let direct = self.plan.direct.filter(|_| !self.strict.enabled && self.observer.is_none());
        let Some(routine) = direct else {
            self.enter(QUERY, Memo::No, 0, 0, 0)?;
            return self.conclude();
        };
        if let Some(value) = self.derived(routine).and_then(|derived| derived.get(routine)) {
            return Ok(value);
        }
        self.enter(routine, Memo::No, 0, 0, 0)?;
        let value = self.conclude()?;
        self.keep_derived(routine, value);
        Ok(value)
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

    fn operand_registers(&self, operands: crate::rego::plan::Operands) -> &'a [u32] {
        let start = operands.start as usize;
        self.plan.operands.get(start..start + operands.length as usize).unwrap_or_default()
    }

    #[inline]
    fn charge(&mut self, units: usize) -> Result<(), Stop> {
        #[cfg(test)]
        tests::count(units);
        Ok(self.context.budget.charge(self.arena, units as u64)?)
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Stop> {
        Ok(self.context.budget.reserve(self.arena, bytes)?)
    }

    fn path(&self, number: u32) -> &'a [u32] {
        self.plan.paths.get(number as usize).map(Vec::as_slice).unwrap_or_default()
    }
}
