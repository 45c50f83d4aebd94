//! Which error comes first, and which never comes.
//!
//! OPA goes on with a rule's first value before it evaluates the rest of the rule; here the rest is evaluated first. Two things tell.
//!
//! Where errors of builtins are strict, one that arises in the rest comes, in OPA, after what the caller does with the value: it is kept aside
//! until the caller's code has failed back to where it asked.
//!
//! And where one solution is enough for the caller and it has found it with that value, OPA's loop over `walk` ends with it, unlike one over a value
//! (`evalBuiltin.onOutput` halts on any error, the deferred early exit as well; `evalTerm.enumerate` goes on): what a later turn of that loop
//! would have met, a conflict or an error of a builtin, is none. It waits likewise, strict or not, and is dropped with the early exit.
//!
//! What is printed waits for its turn as an error does.
//!
//! So it is with a reference that may be to any of several rules, whose solutions are collected before the first is used (`plan::data`): an
//! early exit ends OPA's loop over keys that only rules have, and an early exit of the rule that asks, though not one further out, that over
//! the keys of base data (`evalTree.enumerate`).

use super::emitted::Solutions;
use super::{Frame, Iter, Machine, Memo, Stop};
use crate::rego::ast::Span;
use crate::rego::value::Value;

/// Up to so many collected values, a line looks whether they conflict, which OPA would have found before it.
const MOST_CHECKED: usize = 128;

/// The most lines that wait, and their bytes; more are said at once, out of their turn. What waits is looked at before each instruction.
const MOST_LINES: usize = 256;
const MOST_LINE_BYTES: usize = 1 << 20;

/// Whose early exit undoes an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Nobody,
    /// Of the routine in which it waits.
    Own,
    /// That, or one further out.
    Any,
}

/// What waits.
enum Due {
    Error(Stop),
    /// A line of `print`, and where the call stands.
    Line(Vec<u8>, Span),
}

/// An error, or a line, that waits for its turn.
struct Waiting {
    due: Due,
    /// A builtin's error is remembered and evaluation goes on; a conflict ends it.
    is_conflict: bool,
    undone_by: Exit,
    /// The number of frames, and the place in the code, at which what the caller does with the value has ended.
    depth: usize,
    fail: usize,
    turn: Option<Turn>,
    call: Call,
}

/// Of several calls in one body, OPA ends the rest of the last one first.
#[derive(Clone, Copy)]
struct Call {
    /// Where the caller wants the value.
    to: usize,
    /// Later calls have larger numbers.
    number: usize,
}

/// The solution whose turn has to end before an error has its own.
#[derive(Clone, Copy)]
struct Turn {
    /// The iterator over the solutions, and how many it has to have taken.
    iter: usize,
    count: usize,
    /// The section in which the error arose.
    section: i64,
}

impl Waiting {
    fn can_be_undone(&self) -> bool {
        self.undone_by != Exit::Nobody
    }
}

/// A later turn of `walk`, and what to go back to in order to leave the loop.
#[derive(Clone, Copy)]
struct LateTurn {
    /// The number of frames, the one with the loop on top.
    depth: usize,
    fail: usize,
    /// The `with` of the routine's own that the loop is in, which has ended where a later expression met the error.
    within: Option<u32>,
    collecting: usize,
}

/// A loop whose later turns OPA may not make.
enum Doubtful {
    /// Over `walk`, in a later turn.
    Turn(LateTurn),
    /// Over the solutions of a reference, which are being collected: by which collector, and how many there are.
    Solution { at: usize, count: usize, solutions: Solutions },
}

impl Doubtful {
    const fn depth(&self) -> usize {
        match self {
            Self::Turn(turn) => turn.depth,
            Self::Solution { solutions, .. } => solutions.depth,
        }
    }

    /// Whether something waits for code in the loop.
    fn has_within(&self, waiting: &Waiting) -> bool {
        match self {
            Self::Turn(turn) => waiting.depth >= turn.depth,
            Self::Solution { solutions, .. } => {
                let is_here = waiting.depth == solutions.depth && (solutions.begin..=solutions.end).contains(&waiting.fail);
                waiting.depth > solutions.depth || is_here
            }
        }
    }
}

/// The errors of an evaluation that are not where they arose.
#[derive(Default)]
pub(super) struct Strict {
    pub(super) enabled: bool,
    /// The first builtin's error whose turn has come.
    pub(super) first: Option<Stop>,
    /// In the order in which they arose.
    waiting: Vec<Waiting>,
    calls: usize,
    /// Of frames that are late, the outermost first; an entry whose frame is not late is left over.
    late: Vec<LateTurn>,
}

impl Strict {
    #[inline]
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, ..Self::default() }
    }

    #[inline]
    pub(super) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// The section of the solution that an iterator took last.
fn section_at(iters: &[Iter<'_>], iter: usize) -> Option<i64> {
    match iters.get(iter)? {
        Iter::Outputs(solutions, taken, _) => section_of(&solutions.get(taken.checked_sub(1)?)?),
        _ => None,
    }
}

fn section_of(solution: &Value<'_>) -> Option<i64> {
    let parts = solution.as_array()?;
    match parts.get(parts.len().checked_sub(1)?)? {
        Value::Int(section) => Some(section),
        _ => None,
    }
}

impl<'a> Machine<'a, '_> {
    /// Begins to walk the outputs of a builtin.
    pub(super) fn scan_outputs(&mut self, iter: u32, from: u32) {
        let is_early = self.stacks.frames.last().is_some_and(|frame| frame.result.is_none());
        let outputs = self.get(from).as_array();
        self.set_iter(iter, outputs.map_or(Iter::Done, |outputs| Iter::Outputs(outputs, 0, is_early)));
    }

    /// The next output. Where the routine had its value in an earlier turn of this loop, it is late from here on.
    pub(super) fn next_output(&mut self, iter: u32, to: u32, fail: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let place = self.iter_at(iter);
        let Some(Iter::Outputs(outputs, at, is_early)) = self.stacks.iters.get_mut(place) else {
            self.pc = fail as usize;
            return Ok(());
        };
        let (found, is_early) = (outputs.get(*at), *is_early);
        *at += 1;
        if is_early && self.stacks.frames.last().is_some_and(|frame| frame.result.is_some()) {
            self.mark_late(found.is_some(), fail as usize);
        }
        match found {
            Some(output) => self.put(to, output),
            None => self.pc = fail as usize,
        }
        Ok(())
    }

    /// The next solution of a reference. Where the routine had its value in an earlier section of this loop, it is late from here on.
    pub(super) fn next_solution(&mut self, iter: u32, to: u32, fail: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let place = self.iter_at(iter);
        let Some(Iter::Outputs(solutions, at, is_early)) = self.stacks.iters.get_mut(place) else {
            self.pc = fail as usize;
            return Ok(());
        };
        let before = at.checked_sub(1).and_then(|before| solutions.get(before));
        let (found, is_early) = (solutions.get(*at), *is_early);
        *at += 1;
        let begins = before.zip(found).is_some_and(|(before, found)| section_of(&before) != section_of(&found));
        if begins {
            self.begin_section();
        }
        let has_value = is_early && self.stacks.frames.last().is_some_and(|frame| frame.result.is_some());
        if has_value && (begins || found.is_none()) {
            self.mark_late(found.is_some(), fail as usize);
        }
        match found {
            Some(solution) => self.put(to, solution),
            None => self.pc = fail as usize,
        }
        Ok(())
    }

    fn mark_late(&mut self, is_late: bool, fail: usize) {
        let depth = self.stacks.frames.len();
        if let Some(frame) = self.stacks.frames.last_mut() {
            frame.late = is_late;
        }
        self.strict.late.retain(|turn| turn.depth < depth);
        if is_late {
            let own = self.stacks.frames.last().map_or(0, |frame| frame.scopes);
            let within = if self.scopes() > own { self.scope.spec } else { None };
            self.strict.late.push(LateTurn { depth, fail, within, collecting: self.collecting });
        }
    }

    /// The innermost loop under way whose later turns OPA may not make.
    fn doubtful(&self) -> Option<Doubtful> {
        let late = self.stacks.frames.iter().rposition(|frame| frame.late).map_or(0, |at| at + 1);
        match self.solutions_under_way() {
            Some((at, count, solutions)) if solutions.depth >= late => Some(Doubtful::Solution { at, count, solutions }),
            _ => self.strict.late.iter().rev().find(|turn| turn.depth == late).copied().map(Doubtful::Turn),
        }
    }

    /// The frame that has so many below it, itself counted, may owe an error to its caller.
    fn wait(&mut self, due: Due, is_conflict: bool, undone_by: Exit, depth: usize) {
        let Some(frame) = depth.checked_sub(1).and_then(|at| self.stacks.frames.get(at)) else { return };
        let (fail, to) = (frame.fail as usize, frame.to);
        let call = self.call_to_wait_for(depth - 1, to);
        self.strict.waiting.push(Waiting { due, is_conflict, undone_by, depth: depth - 1, fail, turn: None, call });
    }

    fn call_to_wait_for(&mut self, depth: usize, to: usize) -> Call {
        let known = self.strict.waiting.iter().find(|waiting| waiting.depth == depth && waiting.call.to == to);
        known.map(|waiting| waiting.call).unwrap_or_else(|| {
            self.strict.calls += 1;
            Call { to, number: self.strict.calls }
        })
    }

    fn wait_in(&mut self, doubtful: &Doubtful, due: Due, is_conflict: bool) {
        match doubtful {
            Doubtful::Turn(turn) => self.wait(due, is_conflict, Exit::Any, turn.depth),
            Doubtful::Solution { count, solutions, .. } => self.strict.waiting.push(Waiting {
                due,
                is_conflict,
                undone_by: Exit::Own,
                depth: solutions.depth,
                fail: solutions.next,
                turn: Some(Turn { iter: solutions.iter, count: *count, section: solutions.section }),
                call: Call { to: usize::MAX, number: 0 },
            }),
        }
    }

    /// An error ends the evaluation, unless it arose in a loop whose later turns OPA may not make: then it ends that loop, and waits for what
    /// is done with the earlier ones.
    pub(super) fn set_aside(&mut self, stop: Stop) -> Result<(), Stop> {
        let doubtful = if matches!(stop, Stop::Exceeded(_)) { None } else { self.doubtful() };
        let Some(doubtful) = doubtful else { return Err(stop) };
        // What waits for code in the loop has no turn either.
        self.strict.waiting.retain(|waiting| !doubtful.has_within(waiting));
        self.wait_in(&doubtful, Due::Error(stop), true);
        self.stacks.frames.truncate(doubtful.depth());
        (self.base, self.iters) = self.stacks.frames.last().map_or((0, 0), |frame| (frame.registers, frame.iters));
        match doubtful {
            Doubtful::Turn(turn) => {
                self.drop_collectors(turn.collecting);
                if let Some(frame) = self.stacks.frames.last_mut() {
                    frame.late = false;
                    let scopes = frame.scopes;
                    self.end_scopes(scopes);
                }
                self.pc = turn.fail;
                if let Some(spec) = turn.within {
                    self.with_push(spec)?;
                }
            }
            Doubtful::Solution { at, solutions, .. } => {
                self.end_scopes(solutions.scopes);
                self.drop_collectors(at + 1);
                self.pc = solutions.end;
            }
        }
        Ok(())
    }

    /// A builtin failed.
    pub(super) fn builtin_failed(&mut self, stop: Stop) -> Result<(), Stop> {
        if self.strict.first.is_some() {
            return Ok(());
        }
        self.check_collected()?;
        if let Some(doubtful) = self.doubtful() {
            self.forget_above(doubtful.depth());
            self.wait_in(&doubtful, Due::Error(stop), false);
            return Ok(());
        }
        // The outermost frame that has a value already: all that happens in it is later than what its caller does.
        match self.stacks.frames.iter().position(|frame| frame.result.is_some()) {
            Some(at) => self.wait(Due::Error(stop), false, Exit::Nobody, at + 1),
            None => self.strict.first = Some(stop),
        }
        Ok(())
    }

    /// A line was printed.
    pub(super) fn line_printed(&mut self, line: Vec<u8>, span: Span) -> Result<(), Stop> {
        // Looking for a conflict takes memory: not at each line of a long loop.
        if self.collected <= MOST_CHECKED {
            self.check_collected()?;
        }
        if !self.may_wait(&line) {
            self.say(&line, span);
            return Ok(());
        }
        if let Some(doubtful) = self.doubtful() {
            self.forget_above(doubtful.depth());
            self.wait_in(&doubtful, Due::Line(line, span), false);
            return Ok(());
        }
        // The innermost frame that has a value already; when its caller has gone on, the next one out.
        match self.stacks.frames.iter().rposition(|frame| frame.result.is_some()) {
            Some(at) => self.wait(Due::Line(line, span), false, Exit::Nobody, at + 1),
            None => self.say(&line, span),
        }
        Ok(())
    }

    fn may_wait(&self, line: &[u8]) -> bool {
        let bytes = |waiting: &Waiting| if let Due::Line(line, _) = &waiting.due { line.len() } else { 0 };
        let waiting = &self.strict.waiting;
        waiting.len() < MOST_LINES && waiting.iter().map(bytes).sum::<usize>() + line.len() <= MOST_LINE_BYTES
    }

    fn say(&mut self, line: &[u8], span: Span) {
        if let Some(observer) = &mut self.observer {
            observer.print(line, span);
        }
    }

    /// What failed above a frame in whose loop it is doubtful may never have been: it is evaluated again where it is asked for again.
    fn forget_above(&mut self, depth: usize) {
        let forget = |frame: &mut Frame<'a>| frame.memo = Memo::No;
        self.stacks.frames.iter_mut().skip(depth).for_each(forget);
    }

    /// A rule has two values: its caller goes on with the first before that is an error.
    pub(super) fn conflict_found(&mut self, stop: Stop) {
        if let Some(doubtful) = self.doubtful() {
            self.forget_above(doubtful.depth());
        }
        let depth = self.stacks.frames.len();
        let first: Option<Value<'a>> = self.stacks.frames.last().and_then(|frame| frame.result);
        self.wait(Due::Error(stop), true, Exit::Nobody, depth);
        self.leave(first);
    }

    /// A rule has a value while something waits in it: that now waits for the rule's own caller. Whether the rule ends here.
    ///
    /// What an early exit undoes is undone where the rule's first value is enough, and does not wait for the caller where the rule had a value
    /// before: nobody asks with this one.
    pub(super) fn value_while_waiting(&mut self, is_first: bool, is_enough: bool) -> bool {
        let depth = self.stacks.frames.len();
        let fail = self.stacks.frames.last().map_or(0, |frame| frame.fail as usize);
        self.strict.waiting.retain(|waiting| waiting.depth != depth || !(waiting.can_be_undone() && is_enough));
        let to = self.stacks.frames.last().map_or(0, |frame| frame.to);
        let call = self.call_to_wait_for(depth - 1, to);
        if self.observer.is_some() {
            self.order_calls(depth);
        }
        // A line waits on, for the rule's own code, where that goes on.
        let is_over = is_enough || self.strict.waiting.iter().any(|waiting| waiting.depth == depth && waiting.is_conflict);
        let stays = |waiting: &Waiting| matches!(waiting.due, Due::Line(..)) && !is_over;
        let moved = |waiting: &&mut Waiting| waiting.depth == depth && (is_first || !waiting.can_be_undone()) && !stays(waiting);
        let mut ends = false;
        for waiting in self.strict.waiting.iter_mut().filter(moved) {
            if let Some(turn) = waiting.turn {
                let is_same = section_at(&self.stacks.iters, turn.iter) == Some(turn.section);
                waiting.undone_by = if is_same { Exit::Nobody } else { Exit::Any };
            }
            (waiting.depth, waiting.fail, waiting.turn, waiting.call) = (depth - 1, fail, None, call);
            ends |= waiting.is_conflict && !waiting.can_be_undone();
        }
        ends
    }

    /// What waits for this frame becomes one call of its caller's, and keeps its order in it: the last call's comes first.
    fn order_calls(&mut self, depth: usize) {
        let number = |waiting: &Waiting| if waiting.depth == depth { waiting.call.number } else { 0 };
        self.strict.waiting.sort_by_key(|waiting| std::cmp::Reverse(number(waiting)));
    }

    /// Before each instruction: what need not wait any longer.
    pub(super) fn end_waiting(&mut self) -> Result<(), Stop> {
        let (depth, pc) = (self.stacks.frames.len(), self.pc);
        // The caller ended without failing back: one solution was enough for it.
        self.strict.waiting.retain(|waiting| !(waiting.can_be_undone() && depth < waiting.depth));
        self.end_where(|machine, waiting| {
            depth < waiting.depth || (depth == waiting.depth && pc == waiting.fail && machine.has_taken(waiting.turn))
        })
    }

    fn has_taken(&self, turn: Option<Turn>) -> bool {
        let taken = |turn: Turn| match self.stacks.iters.get(turn.iter) {
            Some(Iter::Outputs(_, taken, _)) => *taken,
            _ => usize::MAX,
        };
        turn.is_none_or(|turn| taken(turn) >= turn.count)
    }

    /// One solution of the code in `from..=to` was enough: nothing waits in it any longer.
    pub(super) fn end_waiting_within(&mut self, from: u32, to: u32) -> Result<(), Stop> {
        let depth = self.stacks.frames.len();
        let is_within = |waiting: &Waiting| waiting.depth == depth && (from as usize..=to as usize).contains(&waiting.fail);
        self.strict.waiting.retain(|waiting| !(waiting.can_be_undone() && is_within(waiting)));
        self.end_where(|_, waiting| is_within(waiting))
    }

    fn end_where(&mut self, has_ended: impl Fn(&Self, &Waiting) -> bool) -> Result<(), Stop> {
        while let Some(at) = self.next_that(|waiting| has_ended(self, waiting)) {
            let waiting = self.strict.waiting.remove(at);
            let is_doubtful = waiting.can_be_undone();
            match waiting.due {
                Due::Error(stop) if waiting.is_conflict => return Err(stop),
                Due::Error(stop) if is_doubtful => self.builtin_failed(stop)?,
                Due::Error(stop) => {
                    self.strict.first.get_or_insert(stop);
                }
                Due::Line(line, span) => self.line_printed(line, span)?,
            }
        }
        Ok(())
    }

    /// The number of what waits no longer and has its turn first: where lines are heard, that of the innermost caller, and of its last call.
    fn next_that(&self, has_ended: impl Fn(&Waiting) -> bool) -> Option<usize> {
        if self.observer.is_none() {
            return self.strict.waiting.iter().position(has_ended);
        }
        let mut ended = self.strict.waiting.iter().enumerate().filter(|(_, waiting)| has_ended(waiting));
        let first = ended.next()?;
        let is_before = |a: &Waiting, b: &Waiting| (a.depth, a.call.number) > (b.depth, b.call.number);
        Some(ended.fold(first, |best, other| if is_before(other.1, best.1) { other } else { best }).0)
    }

    /// The error that the evaluation ends with, if it does. What still waits has its turn from the innermost caller out.
    pub(super) fn first_error(&mut self) -> Option<Stop> {
        if !self.strict.is_waiting() {
            return self.strict.first.take();
        }
        let mut waiting = std::mem::take(&mut self.strict.waiting);
        let hears = self.observer.is_some();
        waiting.sort_by_key(|waiting| std::cmp::Reverse((waiting.depth, if hears { waiting.call.number } else { 0 })));
        let mut first = self.strict.first.take();
        for waiting in waiting {
            match waiting.due {
                Due::Line(line, span) => self.say(&line, span),
                Due::Error(stop) => {
                    first.get_or_insert(stop);
                    if waiting.is_conflict {
                        break;
                    }
                }
            }
        }
        first
    }
}
