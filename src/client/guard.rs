//! The guard: when the local engine does worse than it may, the dial goes back by itself.
//!
//! Counts stand in a ring of slots that together make the sliding window. Recording a decision is a few relaxed additions; a slot that
//! is reused may lose what is counted in the instant of its reuse, which no threshold notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::event::{Event, Events, Level};
use crate::flags::{By, Flags};
use crate::opa::{BreakerState, Opa};

/// Who the history says rolled back.
const WHO: &str = "sark guard";

/// How many slots make a window.
const SLOTS: usize = 20;

/// Times are counted in buckets, four to each power of two of nanoseconds: a p95 is at most a quarter too high.
const BUCKETS: usize = 4 * 40;

/// When the dial rolls itself back. Each threshold is off where it is `None`; all are off by default.
#[derive(Debug, Clone, Copy)]
pub struct GuardOptions {
    /// The sliding window; zero is off.
    pub window: Duration,
    /// With fewer local decisions in the window, error rate and p95 say nothing.
    pub min_decisions: u32,
    /// At this share of local decisions that failed, in hundredths of a percent.
    pub error_rate: Option<u32>,
    /// Where the 95th percentile of the local decisions' time is longer.
    pub p95: Option<Duration>,
    /// At so many local answers that differ from the remote's.
    pub differing: Option<u32>,
}

impl Default for GuardOptions {
    fn default() -> Self {
        Self { window: Duration::ZERO, min_decisions: 100, error_rate: None, p95: None, differing: None }
    }
}

impl GuardOptions {
    pub(super) const fn is_on(&self) -> bool {
        !self.window.is_zero()
    }

    pub(super) fn check(&self, has_flags: bool, has_shadow: bool) -> Result<()> {
        let has_threshold = self.error_rate.is_some() || self.p95.is_some() || self.differing.is_some();
        let problem = match self.is_on() {
            false if has_threshold => "a threshold without a window; set guard_window",
            true if !has_threshold => "a window without a threshold; set guard_error_rate, guard_p95 or guard_differing",
            true if !has_flags => "it rolls a dial back; give the client flags, or leave the guard off",
            true if self.differing.is_some() && !has_shadow => "differing answers are found by shadow; set shadow_rate",
            true if self.error_rate.is_some_and(|rate| rate > 10_000) => {
                "guard_error_rate is in hundredths of a percent: from 1 to 10000"
            }
            _ => return Ok(()),
        };
        Err(Error::invalid("guard", problem))
    }
}

/// One part of the window.
struct Slot {
    /// Which part of time it counts, from 1; 0 for none yet.
    epoch: AtomicU64,
    decisions: AtomicU32,
    errors: AtomicU32,
    differing: AtomicU32,
    times: [AtomicU32; BUCKETS],
}

impl Slot {
    const fn new() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            decisions: AtomicU32::new(0),
            errors: AtomicU32::new(0),
            differing: AtomicU32::new(0),
            times: [const { AtomicU32::new(0) }; BUCKETS],
        }
    }

    fn counters(&self) -> impl Iterator<Item = &AtomicU32> {
        [&self.decisions, &self.errors, &self.differing].into_iter().chain(&self.times)
    }
}

/// What the window holds.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Seen {
    decisions: u64,
    errors: u64,
    differing: u64,
    p95: Duration,
}

pub(super) struct Guard {
    options: GuardOptions,
    flags: Arc<Flags>,
    feature: String,
    remote: Option<Arc<Opa>>,
    events: Arc<Events>,
    start: Instant,
    slots: Box<[Slot]>,
    /// Whether it was said that a rollback waits for the breaker.
    is_withheld: AtomicBool,
    rollbacks: AtomicU32,
}

impl Guard {
    pub(super) fn new(
        options: GuardOptions,
        flags: Arc<Flags>,
        feature: String,
        remote: Option<Arc<Opa>>,
        events: Arc<Events>,
    ) -> Self {
        let slots = (0..SLOTS).map(|_| Slot::new()).collect();
        let (is_withheld, rollbacks) = (AtomicBool::new(false), AtomicU32::new(0));
        Self { options, flags, feature, remote, events, start: Instant::now(), slots, is_withheld, rollbacks }
    }

    /// How often to look: several times in a window.
    pub(super) fn interval(&self) -> Duration {
        (self.options.window / 20).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    /// The local engine decided, or failed.
    pub(super) fn decided(&self, now: Instant, time: Duration, is_error: bool) {
        let Some(slot) = self.slot(now) else { return };
        slot.decisions.fetch_add(1, Ordering::Relaxed);
        if is_error {
            slot.errors.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(bucket) = slot.times.get(bucket(time)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A local answer differed from the remote's.
    pub(super) fn differed(&self, now: Instant) {
        if let Some(slot) = self.slot(now) {
            slot.differing.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Rolls back where a threshold is reached.
    pub(super) fn look(&self, now: Instant) {
        let Some(why) = self.breach(&self.seen(now)) else {
            self.is_withheld.store(false, Ordering::Relaxed);
            return;
        };
        // Rolled back by another process's guard, or by hand.
        if !self.flags.rollout(&self.feature).is_ok_and(|rollout| rollout.is_some_and(|percentage| percentage.hundredths() > 0)) {
            return self.forget();
        }
        if self.remote.as_ref().is_some_and(|remote| remote.breaker().state != BreakerState::Closed) {
            if !self.is_withheld.swap(true, Ordering::Relaxed) {
                let message = format!("not rolled back although {why}: the remote OPA is away");
                self.say(Level::Error, "guard_withheld", message, json!({"feature": self.feature, "why": why}));
            }
            return;
        }
        match self.flags.rollback(&self.feature, By { who: WHO, why: &why }) {
            Ok(_) => {
                self.rollbacks.fetch_add(1, Ordering::Relaxed);
                self.forget();
                let message = format!("{} was rolled back: {why}", self.feature);
                self.say(Level::Error, "guard_rolled_back", message, json!({"feature": self.feature, "why": why}));
            }
            Err(error) => {
                let message = format!("{} was to be rolled back, since {why}, and could not be: {error}", self.feature);
                self.say(Level::Error, "guard_failed", message, json!({"feature": self.feature, "why": why}));
            }
        }
    }

    /// For a status.
    pub(super) fn to_json(&self) -> Value {
        let seen = self.seen(Instant::now());
        json!({
            "window_seconds": self.options.window.as_secs_f64(), "rollbacks": self.rollbacks.load(Ordering::Relaxed),
            "withheld": self.is_withheld.load(Ordering::Relaxed), "decisions": seen.decisions, "errors": seen.errors,
            "differing": seen.differing, "p95_seconds": seen.p95.as_secs_f64(),
        })
    }

    fn say(&self, level: Level, name: &'static str, message: String, fields: Value) {
        self.events.push(Event::new(level, name, message, fields));
    }

    fn breach(&self, seen: &Seen) -> Option<String> {
        let GuardOptions { window, min_decisions, error_rate, p95, differing } = self.options;
        let is_enough = seen.decisions >= u64::from(min_decisions);
        let within = format!("within {} s", window.as_secs_f64());
        if differing.is_some_and(|most| seen.differing >= u64::from(most)) {
            return Some(format!("{} answers differed from the remote's {within}", seen.differing));
        }
        if is_enough && error_rate.is_some_and(|most| seen.errors * 10_000 >= u64::from(most) * seen.decisions) {
            return Some(format!("{} of {} local decisions failed {within}", seen.errors, seen.decisions));
        }
        if is_enough && p95.is_some_and(|most| seen.p95 > most) {
            return Some(format!("the 95th percentile of {} local decisions was {:?} {within}", seen.decisions, seen.p95));
        }
        None
    }

    fn epoch(&self, now: Instant) -> u64 {
        let part = (self.options.window / SLOTS as u32).as_nanos().max(1);
        let parts = now.saturating_duration_since(self.start).as_nanos() / part;
        u64::try_from(parts).unwrap_or(u64::MAX - 1) + 1
    }

    /// The present slot, emptied where it counted an older part.
    fn slot(&self, now: Instant) -> Option<&Slot> {
        let epoch = self.epoch(now);
        let slot = self.slots.get(usize::try_from(epoch % SLOTS as u64).unwrap_or_default())?;
        let before = slot.epoch.load(Ordering::Relaxed);
        if before != epoch && slot.epoch.compare_exchange(before, epoch, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            slot.counters().for_each(|counter| counter.store(0, Ordering::Relaxed));
        }
        Some(slot)
    }

    /// Begins anew: what led to a rollback must not lead to the next.
    fn forget(&self) {
        self.slots.iter().for_each(|slot| slot.counters().for_each(|counter| counter.store(0, Ordering::Relaxed)));
    }

    fn seen(&self, now: Instant) -> Seen {
        let epoch = self.epoch(now);
        let is_within = |slot: &&Slot| {
            let counted = slot.epoch.load(Ordering::Relaxed);
            counted > 0 && counted + SLOTS as u64 > epoch
        };
        let sum = |of: fn(&Slot) -> &AtomicU32| {
            self.slots.iter().filter(is_within).map(|slot| u64::from(of(slot).load(Ordering::Relaxed))).sum()
        };
        let decisions = sum(|slot| &slot.decisions);
        let p95 = self.percentile(&is_within, decisions);
        Seen { decisions, errors: sum(|slot| &slot.errors), differing: sum(|slot| &slot.differing), p95 }
    }

    fn percentile(&self, is_within: &impl Fn(&&Slot) -> bool, decisions: u64) -> Duration {
        let slots: Vec<&Slot> = self.slots.iter().filter(is_within).collect();
        let wanted = (decisions * 95).div_ceil(100).max(1);
        let mut counted = 0;
        for at in 0..BUCKETS {
            let times = slots.iter().filter_map(|slot| slot.times.get(at));
            counted += times.map(|time| u64::from(time.load(Ordering::Relaxed))).sum::<u64>();
            if counted >= wanted {
                return upper_bound(at);
            }
        }
        Duration::ZERO
    }
}

/// The bucket of a time: its highest bit, and the two below.
fn bucket(time: Duration) -> usize {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(4);
    let highest = nanoseconds.ilog2();
    let two = (nanoseconds >> (highest - 2)) & 3;
    ((highest as usize - 2) * 4 + usize::try_from(two).unwrap_or_default()).min(BUCKETS - 1)
}

/// The longest time in a bucket.
fn upper_bound(bucket: usize) -> Duration {
    let (highest, two) = (bucket / 4 + 2, bucket as u64 % 4);
    Duration::from_nanos(((5 + two) << (highest - 2)) - 1)
}

#[cfg(test)]
mod tests;
