//! The machine that runs plans: frames, iterators and collections on the heap, no native recursion.
//!
//! Nothing that two evaluations share is written: a plan, data and an input are read by borrow, and everything else is the machine's.

mod calls;
mod emitted;
mod index;
mod iter;
mod scope;
mod step;

use super::ast::Span;
use super::budget::Exceeded;
use super::builtins::{Context, Failure};
use super::plan::{Plan, QUERY};
use super::value::{Arena, Document, Value};
use emitted::Collector;
use iter::Iter;
use scope::Scope;

/// Why an evaluation ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// An error of OPA's: its code, the message, the place.
    Error { code: &'static str, message: String, span: Span },
    /// A bound was reached.
    Exceeded(Exceeded),
}

impl From<Exceeded> for Stop {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// OPA's `eval_conflict_error`.
fn conflict(message: String, span: Span) -> Stop {
    Stop::Error { code: "eval_conflict_error", message, span }
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
struct Frame<'a> {
    routine: u32,
    /// No other frame of the evaluation has it.
    serial: u32,
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
    result: Option<Value<'a>>,
    /// Replaced functions up to this number are hidden: a replacement may call what it replaces.
    hidden_mocks: usize,
    memo: Memo,
}

/// Where a routine's value is remembered.
#[derive(Debug, Clone, Copy)]
enum Memo {
    No,
    /// Of a routine without arguments.
    Slot,
    /// Of a call.
    Call(usize),
}

/// An error in a builtin that strict evaluation reports.
struct BuiltinError {
    stop: Stop,
    /// The frame that already had a value when the error arose. OPA goes on with a rule's first value before it evaluates the rule's other
    /// definitions; here they are evaluated first. So such an error comes late: after what the caller does with the value.
    late: Option<u32>,
}

struct Machine<'a> {
    plan: &'a Plan,
    data: &'a Document,
    arena: &'a Arena,
    context: Context<'a>,
    registers: Vec<Value<'a>>,
    iters: Vec<Iter<'a>>,
    frames: Vec<Frame<'a>>,
    collectors: Vec<Collector<'a>>,
    /// How many of the collectors are in use.
    collecting: usize,
    scopes: Vec<Scope<'a>>,
    args: Vec<Value<'a>>,
    /// Whether an error in a builtin is the answer.
    strict: bool,
    builtin_error: Option<BuiltinError>,
    /// How many frames there have been.
    entered: u32,
    pc: usize,
}

/// Runs a plan. `None` is undefined.
pub(super) fn run<'a>(
    plan: &'a Plan,
    data: &'a Document,
    input: Option<Value<'a>>,
    strict: bool,
    context: Context<'a>,
) -> Result<Option<Value<'a>>, Stop> {
    let mut machine = Machine {
        plan,
        data,
        arena: context.arena,
        context,
        registers: Vec::with_capacity(64),
        iters: Vec::with_capacity(16),
        frames: Vec::with_capacity(16),
        collectors: Vec::new(),
        collecting: 0,
        scopes: Vec::with_capacity(1),
        args: Vec::with_capacity(8),
        strict,
        builtin_error: None,
        entered: 0,
        pc: 0,
    };
    machine.scopes.push(Scope::new(input, plan.routines.len()));
    machine.enter(QUERY, Memo::No, 0, 0, 0)?;
    let result = machine.steps();
    match (machine.builtin_error.take(), &result) {
        (Some(error), Ok(_)) if strict => Err(error.stop),
        // A conflict in what a caller did with a value is found before what comes late.
        (Some(error), Err(Stop::Error { .. })) if strict && machine.is_under_way(error.late) => Err(error.stop),
        _ => result,
    }
}

impl<'a> Machine<'a> {
    #[inline]
    fn frame(&mut self) -> Option<&mut Frame<'a>> {
        self.frames.last_mut()
    }

    #[inline]
    fn base(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.registers)
    }

    #[inline]
    fn get(&self, reg: u32) -> Value<'a> {
        self.registers.get(self.base() + reg as usize).copied().unwrap_or(Value::Null)
    }

    #[inline]
    fn set(&mut self, reg: u32, value: Value<'a>) {
        let at = self.base() + reg as usize;
        if let Some(place) = self.registers.get_mut(at) {
            *place = value;
        }
    }

    #[inline]
    fn constant(&self, number: u32) -> Value<'a> {
        self.plan.constants.get(number as usize).map_or(Value::Null, Document::view)
    }

    /// Whether a frame has not ended; none has not.
    fn is_under_way(&self, serial: Option<u32>) -> bool {
        serial.is_none_or(|serial| self.frames.iter().any(|frame| frame.serial == serial))
    }

    /// Keeps the error that OPA meets first.
    fn keep_builtin_error(&mut self, stop: Stop) {
        let late = self.frames.iter().find(|frame| frame.result.is_some()).map(|frame| frame.serial);
        if self.builtin_error.as_ref().is_none_or(|known| known.late.is_some() && late.is_none()) {
            self.builtin_error = Some(BuiltinError { stop, late });
        }
    }

    fn scope(&self) -> Option<&Scope<'a>> {
        self.scopes.last()
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

    fn path(&self, number: u32) -> &'a [u32] {
        self.plan.paths.get(number as usize).map(Vec::as_slice).unwrap_or_default()
    }
}
