//! Which error comes first, and which never comes.
//!
//! OPA goes on with a rule's first value before it evaluates the rest of the rule; here the rest is evaluated first. Two things tell.
//!
//! Where errors of builtins are strict, one that arises in the rest comes, in OPA, after what the caller does with the value: it is kept aside
//! until the caller's code has failed back to where it asked.
//!
//! And where the caller needs one solution only and has found it with that value, OPA's loop over `walk` ends with it, as no other does
//! (`evalBuiltin.onOutput` halts on any error, the deferred early exit as well; `evalTerm.enumerate` goes on): what a later turn of that loop
//! would have met, a conflict or an error of a builtin, is none. It waits likewise, strict or not, and is dropped with the early exit.

use super::{Frame, Iter, Machine, Memo, Stop};
use crate::rego::value::Value;

/// An error that waits for its turn.
struct Waiting {
    stop: Stop,
    /// A builtin's error is remembered and evaluation goes on; a conflict ends it.
    is_conflict: bool,
    /// Whether it arose in a later turn of `walk`: then the caller's early exit undoes it.
    is_late: bool,
    /// The number of frames, and the place in the code, at which what the caller does with the value has ended.
    depth: usize,
    fail: usize,
}

/// A later turn of `walk`, and what to go back to in order to leave the loop.
#[derive(Clone, Copy)]
struct LateTurn {
    /// The number of frames, the one with the loop on top.
    depth: usize,
    fail: usize,
    scopes: usize,
    collecting: usize,
    collected: usize,
}

/// The errors of an evaluation that are not where they arose.
#[derive(Default)]
pub(super) struct Strict {
    pub(super) enabled: bool,
    /// The first builtin's error whose turn has come.
    pub(super) first: Option<Stop>,
    /// In the order in which they arose.
    waiting: Vec<Waiting>,
    /// Of frames that are late, the outermost first; an entry whose frame is not late is left over.
    late: Vec<LateTurn>,
}

impl Strict {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, ..Self::default() }
    }

    #[inline]
    pub(super) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
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

    fn mark_late(&mut self, is_late: bool, fail: usize) {
        let depth = self.stacks.frames.len();
        if let Some(frame) = self.stacks.frames.last_mut() {
            frame.late = is_late;
        }
        self.strict.late.retain(|turn| turn.depth < depth);
        if is_late {
            let (scopes, collecting, collected) = (self.stacks.scopes.len(), self.collecting, self.collected);
            self.strict.late.push(LateTurn { depth, fail, scopes, collecting, collected });
        }
    }

    /// The innermost late turn under way.
    fn late_turn(&self) -> Option<LateTurn> {
        let depth = self.stacks.frames.iter().rposition(|frame| frame.late)? + 1;
        self.strict.late.iter().rev().find(|turn| turn.depth == depth).copied()
    }

    /// The frame that has so many below it, itself counted, may owe an error to its caller.
    fn wait(&mut self, stop: Stop, is_conflict: bool, is_late: bool, depth: usize) {
        let Some(frame) = depth.checked_sub(1).and_then(|at| self.stacks.frames.get(at)) else { return };
        let fail = frame.fail as usize;
        self.strict.waiting.push(Waiting { stop, is_conflict, is_late, depth: depth - 1, fail });
    }

    /// An error ends the evaluation, unless it arose in a late turn: then it ends that loop, and waits for what the caller does.
    pub(super) fn set_aside(&mut self, stop: Stop) -> Result<(), Stop> {
        let turn = if matches!(stop, Stop::Exceeded(_)) { None } else { self.late_turn() };
        let Some(turn) = turn else { return Err(stop) };
        // What waits for code of this turn has no turn either.
        self.strict.waiting.retain(|waiting| waiting.depth < turn.depth);
        self.wait(stop, true, true, turn.depth);
        self.stacks.frames.truncate(turn.depth);
        self.stacks.scopes.truncate(turn.scopes);
        (self.collecting, self.collected) = (turn.collecting, turn.collected);
        if let Some(frame) = self.stacks.frames.last_mut() {
            frame.late = false;
            (self.base, self.iters) = (frame.registers, frame.iters);
        }
        self.pc = turn.fail;
        Ok(())
    }

    /// A builtin failed.
    pub(super) fn builtin_failed(&mut self, stop: Stop) -> Result<(), Stop> {
        if self.strict.first.is_some() {
            return Ok(());
        }
        self.check_collected()?;
        if let Some(turn) = self.late_turn() {
            self.forget_above(turn.depth);
            self.wait(stop, false, true, turn.depth);
            return Ok(());
        }
        // The outermost frame that has a value already: all that happens in it is later than what its caller does.
        match self.stacks.frames.iter().position(|frame| frame.result.is_some()) {
            Some(at) => self.wait(stop, false, false, at + 1),
            None => self.strict.first = Some(stop),
        }
        Ok(())
    }

    /// What is evaluated above a late frame, and failed, may never have been: it is evaluated again where it is asked for again.
    fn forget_above(&mut self, depth: usize) {
        let forget = |frame: &mut Frame<'a>| frame.memo = Memo::No;
        self.stacks.frames.iter_mut().skip(depth).for_each(forget);
    }

    /// A rule has two values: its caller goes on with the first before that is an error.
    pub(super) fn conflict_found(&mut self, stop: Stop) {
        let depth = self.stacks.frames.len();
        let first: Option<Value<'a>> = self.stacks.frames.last().and_then(|frame| frame.result);
        self.wait(stop, true, false, depth);
        self.leave(first);
    }

    /// A rule has a value while something waits in it: that now waits for the rule's own caller. Whether the rule ends here.
    ///
    /// What is late is undone where the rule's first value is enough, and does not wait for the caller where the rule had a value before:
    /// nobody asks with this one.
    pub(super) fn value_while_waiting(&mut self, is_first: bool, is_enough: bool) -> bool {
        let depth = self.stacks.frames.len();
        let fail = self.stacks.frames.last().map_or(0, |frame| frame.fail as usize);
        self.strict.waiting.retain(|waiting| waiting.depth != depth || !(waiting.is_late && is_enough));
        let mut ends = false;
        for waiting in self.strict.waiting.iter_mut().filter(|waiting| waiting.depth == depth && (is_first || !waiting.is_late)) {
            (waiting.depth, waiting.fail) = (depth - 1, fail);
            ends |= waiting.is_conflict && !waiting.is_late;
        }
        ends
    }

    /// Before each instruction: what need not wait any longer.
    pub(super) fn end_waiting(&mut self) -> Result<(), Stop> {
        let (depth, pc) = (self.stacks.frames.len(), self.pc);
        // The caller ended without failing back: one solution was enough for it.
        self.strict.waiting.retain(|waiting| !(waiting.is_late && depth < waiting.depth));
        self.end_where(|waiting| depth < waiting.depth || (depth == waiting.depth && pc == waiting.fail))
    }

    /// One solution of the code in `from..=to` was enough: nothing waits in it any longer.
    pub(super) fn end_waiting_within(&mut self, from: u32, to: u32) -> Result<(), Stop> {
        let depth = self.stacks.frames.len();
        let is_within = |waiting: &Waiting| waiting.depth == depth && (from as usize..=to as usize).contains(&waiting.fail);
        self.strict.waiting.retain(|waiting| !(waiting.is_late && is_within(waiting)));
        self.end_where(is_within)
    }

    fn end_where(&mut self, has_ended: impl Fn(&Waiting) -> bool) -> Result<(), Stop> {
        while let Some(at) = self.strict.waiting.iter().position(&has_ended) {
            let waiting = self.strict.waiting.remove(at);
            if waiting.is_conflict {
                return Err(waiting.stop);
            }
            if waiting.is_late {
                self.builtin_failed(waiting.stop)?;
            } else {
                self.strict.first.get_or_insert(waiting.stop);
            }
        }
        Ok(())
    }

    /// The error that the evaluation ends with, if it does. What still waits has its turn from the innermost caller out.
    pub(super) fn first_error(&mut self) -> Option<Stop> {
        let mut waiting = std::mem::take(&mut self.strict.waiting);
        waiting.sort_by_key(|waiting| std::cmp::Reverse(waiting.depth));
        self.strict.first.take().or_else(|| waiting.into_iter().next().map(|waiting| waiting.stop))
    }
}
