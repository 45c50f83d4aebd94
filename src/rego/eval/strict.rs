//! Which error comes first, where errors of builtins are strict.
//!
//! OPA goes on with a rule's first value before it evaluates the rule's other definitions; here they are evaluated first. Without strict errors
//! only a conflict behind `walk` tells (docs/decisions.md). With them, an error that arises in the other definitions comes, in OPA, after what the
//! caller does with the value: it is kept aside until the caller's code has failed back to where it asked.

use super::{Machine, Stop};

/// An error that waits for its turn.
struct Waiting {
    stop: Stop,
    /// A builtin's error is remembered and evaluation goes on; a conflict ends it.
    is_conflict: bool,
    /// The number of frames, and the place in the code, at which what the caller does with the value has ended.
    depth: usize,
    fail: usize,
}

/// The errors of a strict evaluation.
#[derive(Default)]
pub(super) struct Strict {
    pub(super) enabled: bool,
    /// The first builtin's error whose turn has come.
    pub(super) first: Option<Stop>,
    /// In the order in which they arose.
    waiting: Vec<Waiting>,
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

impl Machine<'_, '_> {
    /// A builtin failed.
    pub(super) fn builtin_failed(&mut self, stop: Stop) -> Result<(), Stop> {
        if self.strict.first.is_some() {
            return Ok(());
        }
        self.check_collected()?;
        // The outermost frame that has a value already: all that happens in it is later than what its caller does.
        let late = self.stacks.frames.iter().enumerate().find(|(_, frame)| frame.result.is_some());
        match late {
            Some((depth, frame)) => {
                let fail = frame.fail as usize;
                self.strict.waiting.push(Waiting { stop, is_conflict: false, depth, fail });
            }
            None => self.strict.first = Some(stop),
        }
        Ok(())
    }

    /// A rule has two values: its caller goes on with the first before that is an error.
    pub(super) fn conflict_found(&mut self, stop: Stop) {
        let Some(frame) = self.stacks.frames.last() else { return };
        let (fail, first) = (frame.fail as usize, frame.result);
        let depth = self.stacks.frames.len() - 1;
        self.strict.waiting.push(Waiting { stop, is_conflict: true, depth, fail });
        self.leave(first);
    }

    /// A rule has a value while something waits in it: that now waits for the rule's own caller. Whether the rule ends here.
    pub(super) fn value_while_waiting(&mut self) -> bool {
        let depth = self.stacks.frames.len();
        let fail = self.stacks.frames.last().map_or(0, |frame| frame.fail as usize);
        let mut ends = false;
        for waiting in self.strict.waiting.iter_mut().filter(|waiting| waiting.depth == depth) {
            (waiting.depth, waiting.fail) = (depth - 1, fail);
            ends |= waiting.is_conflict;
        }
        ends
    }

    /// Before each instruction: what need not wait any longer.
    pub(super) fn end_waiting(&mut self) -> Result<(), Stop> {
        let (depth, pc) = (self.stacks.frames.len(), self.pc);
        self.end_where(|waiting| depth < waiting.depth || (depth == waiting.depth && pc == waiting.fail))
    }

    /// One solution of the code in `from..=to` was enough: nothing waits in it any longer.
    pub(super) fn end_waiting_within(&mut self, from: u32, to: u32) -> Result<(), Stop> {
        let depth = self.stacks.frames.len();
        self.end_where(|waiting| waiting.depth == depth && (from as usize..=to as usize).contains(&waiting.fail))
    }

    fn end_where(&mut self, has_ended: impl Fn(&Waiting) -> bool) -> Result<(), Stop> {
        while let Some(at) = self.strict.waiting.iter().position(&has_ended) {
            let waiting = self.strict.waiting.remove(at);
            if waiting.is_conflict {
                return Err(waiting.stop);
            }
            self.strict.first.get_or_insert(waiting.stop);
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
