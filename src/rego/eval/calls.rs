//! Entering and leaving routines, builtins, and what is remembered of calls.

use super::scope::{CallMemo, Mock};
use super::{Derived, Frame, Iter, Machine, Memo, Stack, Stop, conflict};
use crate::rego::builtins::Failure;
use crate::rego::plan::{Callee, Operands, RoutineKind};
use crate::rego::value::{Value, equal};

/// Where a call's result is wanted, and where to go on with it and without.
#[derive(Clone, Copy)]
struct Asker {
    to: u32,
    done: u32,
    fail: u32,
    /// Replaced functions up to this number are hidden from what is called.
    hide: Option<usize>,
}

impl<'a> Machine<'a, '_> {
    /// Begins a routine. Its value goes to the absolute register `to`.
    pub(super) fn enter(&mut self, routine: u32, memo: Memo, to: usize, done: u32, fail: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let plan = self.plan;
        let Some(code) = plan.routines.get(routine as usize) else { return Ok(()) };
        let (mut registers, mut iters, mut hidden_mocks) = (0, 0, 0);
        if let Some(frame) = self.stacks.frames.last() {
            hidden_mocks = frame.hidden_mocks;
            if let Some(caller) = plan.routines.get(frame.routine as usize) {
                (registers, iters) = (self.base + caller.registers as usize, self.iters + caller.iters as usize);
            }
        }
        grow(&mut self.stacks.registers, registers + code.registers as usize);
        if self.stacks.iters.len() < iters + code.iters as usize {
            self.stacks.iters.resize(iters + code.iters as usize, Iter::Done);
        }
        let scopes = self.scopes();
        if matches!(code.kind, RoutineKind::Partial { .. }) {
            self.begin_collecting();
        }
        self.stacks.frames.push(Frame {
            routine,
            done,
            fail,
            to,
            registers,
            iters,
            scopes,
            matched: None,
            candidate: 0,
            early_exit: code.early_exit,
            group: u32::MAX,
            produced: false,
            late: false,
            result: None,
            hidden_mocks,
            memo,
        });
        (self.base, self.iters) = (registers, iters);
        self.pc = code.entry as usize;
        Ok(())
    }

    /// Copies arguments into the registers that the routine entered next will have.
    fn pass(&mut self, args: Operands) {
        let plan = self.plan;
        let Some(frame) = self.stacks.frames.last() else { return };
        let size = plan.routines.get(frame.routine as usize).map_or(0, |r| r.registers as usize);
        let (from, into) = (frame.registers, frame.registers + size);
        let regs = self.operand_registers(args);
        grow(&mut self.stacks.registers, into + regs.len());
        for (at, reg) in regs.iter().enumerate() {
            let value = self.stacks.registers.get(from + *reg as usize).copied().unwrap_or(Value::Null);
            if let Some(place) = self.stacks.registers.get_mut(into + at) {
                *place = value;
            }
        }
    }

    /// Ends the routine under way.
    pub(super) fn leave(&mut self, value: Option<Value<'a>>) {
        let Some(frame) = self.stacks.frames.pop() else { return };
        if self.observer.is_some() {
            self.forget_comprehensions();
        }
        (self.base, self.iters) = self.stacks.frames.last().map_or((0, 0), |caller| (caller.registers, caller.iters));
        match frame.memo {
            Memo::No => {}
            Memo::Slot => self.remember(frame.routine, value),
            Memo::Call(number) => self.scope.remember_call(number, value),
        }
        match value {
            Some(value) => {
                if let Some(place) = self.stacks.registers.get_mut(frame.to) {
                    *place = value;
                }
                self.pc = frame.done as usize;
            }
            None => self.pc = frame.fail as usize,
        }
    }

    /// Where the document of a routine is kept from one decision to the next. Nobody may hear how it is found, nothing be replaced, and no
    /// error of a builtin count.
    pub(super) fn derived(&self, routine: u32) -> Option<&'a Derived> {
        let is_derived = self.plan.routines.get(routine as usize).is_some_and(|routine| routine.is_derived);
        let is_plain = self.outer.is_empty() && !self.strict.enabled && self.observer.is_none();
        self.data.derived.filter(|_| is_derived && is_plain)
    }

    /// Keeps the document of a routine for other decisions, if it is the same in each.
    pub(super) fn keep_derived(&self, routine: u32, value: Option<Value<'a>>) {
        if let Some(derived) = self.derived(routine)
            && !self.strict.is_waiting()
            && !self.context.clock.was_asked()
        {
            derived.keep(routine, value);
        }
    }

    fn remember(&mut self, routine: u32, value: Option<Value<'a>>) {
        self.keep_derived(routine, value);
        let scope = &mut self.scope;
        let number = match value {
            None => 1,
            Some(value) => {
                scope.values.push(value);
                u32::try_from(scope.values.len()).map_or(0, |n| n + 1)
            }
        };
        if let Some(slot) = scope.memo.get_mut(routine as usize) {
            *slot = number;
        }
    }

    /// What is remembered of a routine without arguments; the outer `None` is nothing.
    #[inline]
    fn remembered(&self, routine: u32) -> Option<Option<Value<'a>>> {
        let scope = &self.scope;
        match *scope.memo.get(routine as usize)? {
            0 => None,
            1 => Some(None),
            number => Some(scope.values.get(number as usize - 2).copied()),
        }
    }

    /// A rule's or a package's document.
    pub(super) fn document(&mut self, to: u32, routine: u32, args: Operands, fail: u32) -> Result<(), Stop> {
        let plan = self.plan;
        if let Some(code) = plan.routines.get(routine as usize)
            && self.is_shadowed(code.path)
        {
            let value = self.base_document(code.path);
            self.answer(to, value, fail);
            return Ok(());
        }
        if args.length > 0 {
            return self.call(to, routine, args, fail);
        }
        match self.remembered(routine).or_else(|| self.derived(routine)?.get(routine)) {
            Some(value) => {
                self.answer(to, value, fail);
                Ok(())
            }
            None => {
                let (to, done) = (self.base() + to as usize, self.next_pc());
                self.enter(routine, Memo::Slot, to, done, fail)
            }
        }
    }

    /// A call with arguments.
    pub(super) fn call(&mut self, to: u32, routine: u32, args: Operands, fail: u32) -> Result<(), Stop> {
        let done = self.next_pc();
        self.call_to(routine, args, Asker { to, done, fail, hide: None })
    }

    fn call_to(&mut self, routine: u32, args: Operands, asker: Asker) -> Result<(), Stop> {
        self.collect_args(args);
        let hash = identity_hash(routine, &self.stacks.args);
        if let Some(value) = self.known_call(hash, routine) {
            self.answer_asker(value, asker);
            return Ok(());
        }
        let memo = self.begin_call(hash, routine, None);
        self.enter_call(routine, args, memo, asker)
    }

    /// A call whose result must be the last argument.
    pub(super) fn call_known(&mut self, to: u32, callee: Callee, args: Operands, fail: u32) -> Result<(), Stop> {
        let done = self.next_pc();
        self.call_known_to(callee, args, Asker { to, done, fail, hide: None })
    }

    fn call_known_to(&mut self, callee: Callee, args: Operands, asker: Asker) -> Result<(), Stop> {
        self.collect_args(args);
        let hash = identity_hash(callee.known, &self.stacks.args);
        if let Some(value) = self.known_call(hash, callee.known) {
            self.answer_asker(value, asker);
            return Ok(());
        }
        // OPA looks a call up by its arguments alone, and remembers it so (`evalFunc.evalCache`).
        let result = self.stacks.args.pop();
        let any_hash = identity_hash(callee.routine, &self.stacks.args);
        if let Some(value) = self.known_call(any_hash, callee.routine) {
            let fits = |value: &Value<'a>| result.is_some_and(|result| equal(value, &result));
            self.answer_asker(value.filter(fits), asker);
            return Ok(());
        }
        let any_result = self.begin_call(any_hash, callee.routine, None);
        self.stacks.args.extend(result);
        let memo = self.begin_call(hash, callee.known, any_result);
        self.enter_call(callee.known, args, memo, asker)
    }

    /// What is remembered of a call with the collected arguments; the outer `None` is nothing.
    fn known_call(&self, hash: u64, routine: u32) -> Option<Option<Value<'a>>> {
        let scope = &self.scope;
        let memo = |number: u32| scope.call_memo.get(number as usize);
        let mut known = std::iter::successors(scope.calls.get(&hash).and_then(|n| memo(*n)), |later| memo(later.before?));
        // Of equal calls, only one has a result that is remembered.
        known.find_map(|m| m.result.filter(|_| m.routine == routine && same_all(m.args, &self.stacks.args)))
    }

    /// The number of a new call with the collected arguments.
    fn begin_call(&mut self, hash: u64, routine: u32, any_result: Option<u32>) -> Option<u32> {
        let args = self.arena.alloc_slice_copy(&self.stacks.args);
        let scope = &mut self.scope;
        let number = u32::try_from(scope.call_memo.len()).unwrap_or(u32::MAX);
        let before = scope.calls.insert(hash, number);
        scope.call_memo.push(CallMemo { routine, args, result: None, any_result, before });
        Some(number)
    }

    fn enter_call(&mut self, routine: u32, args: Operands, memo: Option<u32>, asker: Asker) -> Result<(), Stop> {
        self.pass(args);
        let to = self.base() + asker.to as usize;
        let memo = memo.map_or(Memo::No, |number| Memo::Call(number as usize));
        self.enter(routine, memo, to, asker.done, asker.fail)?;
        if let (Some(hide), Some(frame)) = (asker.hide, self.frame()) {
            frame.hidden_mocks = hide;
        }
        Ok(())
    }

    fn answer_asker(&mut self, value: Option<Value<'a>>, asker: Asker) {
        match value {
            Some(value) => {
                self.set(asker.to, value);
                self.pc = asker.done as usize;
            }
            None => self.pc = asker.fail as usize,
        }
    }

    fn collect_args(&mut self, args: Operands) {
        let base = self.base();
        let regs = self.operand_registers(args);
        let stacks = &mut *self.stacks;
        stacks.args.clear();
        for reg in regs {
            stacks.args.push(stacks.registers.get(base + *reg as usize).copied().unwrap_or(Value::Null));
        }
    }

    /// Calls a builtin and goes on, or fails.
    pub(super) fn builtin(&mut self, to: u32, site: u32, args: Operands, done: u32, fail: u32) -> Result<(), Stop> {
        self.collect_args(args);
        let plan = self.plan;
        let Some(site) = plan.sites.get(site as usize) else { return Ok(()) };
        let failure = match (site.builtin.function)(self.context, &self.stacks.args) {
            Ok(value) => {
                self.set(to, value);
                self.pc = done as usize;
                return Ok(());
            }
            Err(failure) => failure,
        };
        self.pc = fail as usize;
        let (code, message) = match failure {
            Failure::Undefined => return Ok(()),
            Failure::Exceeded(exceeded) => return Err(exceeded.into()),
            Failure::Conflict(message) => return Err(conflict(message, site.span)),
            Failure::Elsewhere => return Err(Stop::Elsewhere { builtin: site.builtin.name, span: site.span }),
            Failure::Placed(failure) => {
                let value = self.context.placed(&failure, site.span);
                self.set(to, value);
                self.pc = done as usize;
                return Ok(());
            }
            Failure::Operand(message) => ("eval_type_error", message),
            Failure::Builtin(message) => ("eval_builtin_error", message),
        };
        if self.strict.enabled {
            let message = format!("{}: {message}", site.builtin.name);
            self.builtin_failed(Stop::Error { code, message, span: site.span })?;
        }
        Ok(())
    }

    /// Calls what stands in for a function; goes on to the call itself where nothing does.
    pub(super) fn mocked(
        &mut self,
        to: u32,
        name: u32,
        (args, is_known): (Operands, bool),
        fail: u32,
        done: u32,
    ) -> Result<(), Stop> {
        let hidden = self.stacks.frames.last().map_or(0, |frame| frame.hidden_mocks);
        let scope = &self.scope;
        let all = scope.mocks.len();
        let found = scope.mocks.iter().skip(hidden).rev().find(|(mocked, _)| *mocked == name).map(|(_, mock)| *mock);
        match found {
            None => {
                self.pc += 1;
                Ok(())
            }
            Some(Mock::Value(value)) => {
                self.set(to, value);
                self.pc = done as usize;
                Ok(())
            }
            Some(Mock::Builtin(site)) => self.builtin(to, site, if is_known { without_last(args) } else { args }, done, fail),
            Some(Mock::Routine(callee)) => {
                let asker = Asker { to, done, fail, hide: Some(all) };
                if is_known { self.call_known_to(callee, args, asker) } else { self.call_to(callee.routine, args, asker) }
            }
        }
    }

    fn answer(&mut self, to: u32, value: Option<Value<'a>>, fail: u32) {
        match value {
            Some(value) => {
                self.set(to, value);
                self.pc += 1;
            }
            None => self.pc = fail as usize,
        }
    }

    fn next_pc(&self) -> u32 {
        u32::try_from(self.pc + 1).unwrap_or(u32::MAX)
    }
}

const fn without_last(args: Operands) -> Operands {
    Operands { start: args.start, length: args.length.saturating_sub(1) }
}

/// There is room as a rule: then it takes a few stores, and no call.
#[inline]
fn grow<'a>(registers: &mut Stack<'a, Value<'a>>, length: usize) {
    if length > registers.capacity() {
        return registers.resize(length, Value::Null);
    }
    while registers.len() < length {
        registers.push(Value::Null);
    }
}

/// What tells a value from another without looking inside: remembering a call must cost less than most calls.
fn identity(value: &Value<'_>) -> (u64, u64) {
    fn place<T>(slice: &[T]) -> (u64, u64) {
        (slice.as_ptr().addr() as u64, slice.len() as u64)
    }
    match value {
        Value::Null => (1, 0),
        Value::Bool(b) => (2, u64::from(*b)),
        Value::Int(i) => (3, i.cast_unsigned()),
        Value::Number(text) => place(text.as_bytes()),
        Value::String(bytes) => place(bytes),
        Value::Array(v) | Value::Set(v) => place(v),
        Value::DocArray(d) | Value::DocSet(d) => place(d),
        Value::Object(o) => (std::ptr::from_ref(*o).addr() as u64, 4),
        Value::DocObject(o) => (std::ptr::from_ref(*o).addr() as u64, 5),
    }
}

fn identity_hash(routine: u32, args: &[Value<'_>]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    args.iter().map(identity).fold(u64::from(routine), |hash, (a, b)| {
        let mixed = (hash ^ a).wrapping_mul(FACTOR).rotate_left(29);
        (mixed ^ b).wrapping_mul(FACTOR).rotate_left(31)
    })
}

fn same_all(a: &[Value<'_>], b: &[Value<'_>]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| std::mem::discriminant(x) == std::mem::discriminant(y) && identity(x) == identity(y))
}
