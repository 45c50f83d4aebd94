//! One question to a client, and what it came to on this side.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::DecideOptions;
use super::decision::{Decision, DecisionId, Fallback, Phases};
use crate::error::{Error, Result};
use crate::opa::{Context, TraceParent};
use crate::policy::Target;

/// One question.
pub(super) struct Request<'a> {
    pub(super) id: DecisionId,
    /// As the caller wrote it.
    pub(super) policy: &'a str,
    pub(super) target: Target,
    pub(super) input: Option<&'a [u8]>,
    pub(super) start: Instant,
    pub(super) timeout: Option<Duration>,
    pub(super) trace: Option<TraceParent>,
    /// What the clock showed last: one phase ends where the next one begins, so that it is read once for both.
    pub(super) clock: Cell<Instant>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        policy: &'a str,
        input: Option<&'a [u8]>,
        options: &DecideOptions,
        default: Option<Duration>,
    ) -> Result<Self> {
        let (start, timeout) = (Instant::now(), options.timeout.unwrap_or(default));
        let (id, target, trace) = (DecisionId::new(), Target::known(policy)?, options.trace);
        Ok(Self { id, policy, target, input, start, timeout, trace, clock: Cell::new(start) })
    }

    /// The time since the clock was last read.
    pub(super) fn lap(&self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(self.clock.replace(now))
    }

    /// Someone else read the clock, so much later.
    pub(super) fn advance(&self, by: Duration) {
        let now = self.clock.get();
        self.clock.set(now.checked_add(by).unwrap_or(now));
    }

    /// What goes with the question to the remote.
    pub(super) const fn context(&self, timeout: Option<Duration>) -> Context {
        Context { timeout, trace: self.trace, nobody_waits: false }
    }

    pub(super) fn remaining(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(self.start.elapsed()))
    }
}

/// What comes after this side did what it could.
pub(super) enum Next {
    Decided(Decision),
    /// The remote is to be asked.
    Ask(Asking),
}

/// What to ask the remote for.
pub(super) struct Asking {
    pub(super) why: Why,
    pub(super) phases: Phases,
    pub(super) timeout: Option<Duration>,
}

/// Why the remote is asked.
pub(super) enum Why {
    /// The dial or the mode says so.
    Chosen,
    /// The mode says so, and the local engine decides where the remote is away.
    First,
    /// The local engine failed.
    Fallback { reason: Fallback, error: Error, _place: Place },
}

/// One of the few places for concurrent fallbacks, given back when dropped.
pub(super) struct Place(Arc<AtomicU32>);

impl Place {
    pub(super) fn take(taken: &Arc<AtomicU32>, most: u32) -> Option<Self> {
        let took = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1));
        took.ok().map(|_| Self(Arc::clone(taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
