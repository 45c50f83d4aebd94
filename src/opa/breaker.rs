//! A circuit breaker: an OPA that is dead costs nothing after the first failures (Nygard, "Release It!").
//!
//! Closed, every request goes through. After some failures in a row it opens: requests fail at once, for a pause. Then it is half open:
//! one request goes through, and what comes of it closes the breaker, or opens it for twice as long.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;

/// How many failures in a row open it.
const MAX_FAILURES: u32 = 5;

/// The first pause; each further one without a success between is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether requests go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// One does, to see whether OPA answers again.
    HalfOpen,
    /// They fail at once.
    Open,
}

impl BreakerState {
    /// `closed`, `half-open` or `open`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// How a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerStatus {
    /// Whether requests go through.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// How long requests still fail at once; zero unless open.
    pub retry_in: Duration,
}

impl BreakerStatus {
    /// `{"state", "failures", "retry_in_seconds"}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"state": self.state.name(), "failures": self.failures, "retry_in_seconds": self.retry_in.as_secs_f64()})
    }
}

pub(super) struct Breaker {
    /// Failures in a row. While it is 0, which is nearly always, the lock is not taken.
    failures: AtomicU32,
    switch: Mutex<Switch>,
    remote: String,
    metrics: Option<Arc<Metrics>>,
}

#[derive(Clone, Copy)]
enum Switch {
    Closed,
    /// Someone is trying, or gave up trying without a word at this time.
    HalfOpen {
        pause: Duration,
        until: Instant,
    },
    Open {
        pause: Duration,
        until: Instant,
    },
}

impl Breaker {
    /// A closed one for the OPA at `remote`, a name without anything secret.
    pub(super) fn new(remote: String, metrics: Option<Arc<Metrics>>) -> Self {
        let breaker = Self { failures: AtomicU32::new(0), switch: Mutex::new(Switch::Closed), remote, metrics };
        breaker.report(BreakerState::Closed);
        breaker
    }

    /// Whether a request may go through; whoever goes says afterwards what came of it. One that nobody waits for may try after the first
    /// pause already, however long the present one is: it costs no caller anything, and finds an OPA that is back.
    pub(super) fn pass(&self, now: Instant, nobody_waits: bool) -> Result<()> {
        if self.failures.load(Ordering::Relaxed) < MAX_FAILURES {
            return Ok(());
        }
        let mut switch = self.lock();
        match *switch {
            Switch::Closed => Ok(()),
            Switch::Open { pause, until } | Switch::HalfOpen { pause, until }
                if now >= until || nobody_waits && now + pause >= until + FIRST_PAUSE =>
            {
                // Who tries may never come back (a panic, a fork): after a pause it is another's turn.
                *switch = Switch::HalfOpen { pause, until: now + pause };
                drop(switch);
                self.report(BreakerState::HalfOpen);
                Ok(())
            }
            Switch::Open { until, .. } | Switch::HalfOpen { until, .. } => {
                let failures = self.failures.load(Ordering::Relaxed);
                let wait = until.saturating_duration_since(now).as_millis();
                let problem = format!("OPA failed {failures} times in a row; it is asked again in {wait} ms");
                Err(Error::new(ErrorKind::Unavailable, problem))
            }
        }
    }

    /// OPA answered.
    pub(super) fn succeeded(&self) {
        if self.failures.swap(0, Ordering::Relaxed) >= MAX_FAILURES {
            *self.lock() = Switch::Closed;
            self.report(BreakerState::Closed);
        }
    }

    /// OPA did not answer, or not in time.
    pub(super) fn failed(&self, now: Instant) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 < MAX_FAILURES {
            return;
        }
        let mut switch = self.lock();
        let pause = match *switch {
            Switch::Closed => FIRST_PAUSE,
            Switch::HalfOpen { pause, .. } => (pause * 2).min(LONGEST_PAUSE),
            // A request that went before it opened.
            Switch::Open { .. } => return,
        };
        *switch = Switch::Open { pause, until: now + pause };
        drop(switch);
        self.report(BreakerState::Open);
    }

    pub(super) fn status(&self, now: Instant) -> BreakerStatus {
        let (state, retry_in) = match *self.lock() {
            Switch::Closed => (BreakerState::Closed, Duration::ZERO),
            Switch::HalfOpen { .. } => (BreakerState::HalfOpen, Duration::ZERO),
            Switch::Open { until, .. } => (BreakerState::Open, until.saturating_duration_since(now)),
        };
        BreakerStatus { state, failures: self.failures.load(Ordering::Relaxed), retry_in }
    }

    fn report(&self, state: BreakerState) {
        if let Some(metrics) = &self.metrics {
            metrics.breaker_is(&self.remote, state as u8);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Switch> {
        // Nothing panics under the lock, and each step leaves a whole switch.
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, BreakerState, FIRST_PAUSE, LONGEST_PAUSE, MAX_FAILURES};
    use std::time::{Duration, Instant};

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new("opa".into(), None);
        for _ in 0..MAX_FAILURES {
            assert!(breaker.pass(now, false).is_ok());
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_starts_the_count_anew() {
        let now = Instant::now();
        let breaker = Breaker::new("opa".into(), None);
        for _ in 0..3 {
            for _ in 1..MAX_FAILURES {
                breaker.failed(now);
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.status(now).state, BreakerState::Closed);
        let breaker = opened(now);
        assert_eq!((breaker.status(now).state, breaker.status(now).retry_in), (BreakerState::Open, FIRST_PAUSE));
        assert!(breaker.pass(now, false).is_err());
    }

    #[test]
    fn after_the_pause_one_request_tries_and_its_success_closes() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + FIRST_PAUSE;
        assert!(breaker.pass(later, false).is_ok());
        assert_eq!(breaker.status(later).state, BreakerState::HalfOpen);
        assert!(breaker.pass(later, false).is_err(), "one is enough");
        breaker.succeeded();
        assert_eq!(breaker.status(later).state, BreakerState::Closed);
        assert!(breaker.pass(later, false).is_ok());
    }

    #[test]
    fn each_failed_trial_doubles_the_pause_up_to_a_bound() {
        let mut now = Instant::now();
        let breaker = opened(now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let pause = breaker.status(now).retry_in;
            pauses.push(pause.as_secs());
            assert!(breaker.pass(now + pause - Duration::from_nanos(1), false).is_err());
            now += pause;
            assert!(breaker.pass(now, false).is_ok());
            breaker.failed(now);
        }
        assert_eq!(pauses, [1, 2, 4, 5, LONGEST_PAUSE.as_secs(), 5, 5, 5]);
    }

    #[test]
    fn one_that_nobody_waits_for_tries_after_the_first_pause() {
        let mut now = Instant::now();
        let breaker = opened(now);
        for _ in 0..3 {
            assert!(breaker.pass(now + FIRST_PAUSE - Duration::from_nanos(1), true).is_err());
            now += FIRST_PAUSE;
            assert!(breaker.pass(now, true).is_ok());
            assert!(breaker.pass(now, true).is_err(), "one is enough");
            breaker.failed(now);
        }
        assert_eq!(breaker.status(now).retry_in, LONGEST_PAUSE);
        assert!(breaker.pass(now + FIRST_PAUSE, false).is_err());
        assert!(breaker.pass(now + FIRST_PAUSE, true).is_ok());
        breaker.succeeded();
        assert_eq!(breaker.status(now).state, BreakerState::Closed);
    }

    #[test]
    fn a_trial_that_never_ends_is_another_requests_turn_after_a_pause() {
        let now = Instant::now();
        let breaker = opened(now);
        assert!(breaker.pass(now + FIRST_PAUSE, false).is_ok());
        assert!(breaker.pass(now + FIRST_PAUSE * 2 - Duration::from_nanos(1), false).is_err());
        assert!(breaker.pass(now + FIRST_PAUSE * 2, false).is_ok());
    }
}
