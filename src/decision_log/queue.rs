//! The events that wait, and how many there were.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{DecisionLogOptions, Entry};
use crate::metrics::Metrics;

pub(super) struct Queue {
    options: DecisionLogOptions,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    bytes: u64,
    /// Taken, but not yet written.
    under_way: u64,
    given: u64,
    dropped: u64,
    failing: Option<String>,
}

impl Queue {
    pub(super) fn new(options: DecisionLogOptions) -> Self {
        Self { options, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds an event; drops the oldest ones where too much waits.
    pub(super) fn push(&self, entry: Entry) {
        let mut state = self.lock();
        let (most, max_bytes) = (self.options.max_waiting.max(1) as usize, self.options.max_waiting_bytes);
        let mut dropped = 0;
        while state.waiting.len() >= most || state.bytes.saturating_add(entry.bytes()) > max_bytes {
            let Some(oldest) = state.waiting.pop_front() else { break };
            state.bytes = state.bytes.saturating_sub(oldest.bytes());
            dropped += 1;
        }
        state.dropped += dropped;
        state.bytes = state.bytes.saturating_add(entry.bytes());
        state.waiting.push_back(entry);
        drop(state);
        self.changed.notify_all();
        self.count(Metrics::log_dropped, dropped);
    }

    fn count(&self, count: impl FnOnce(&Metrics, u64), events: u64) {
        if let Some(metrics) = self.options.metrics.as_ref().filter(|_| events > 0) {
            count(metrics, events);
        }
    }

    /// The oldest event; waits for one until `timeout` is over, or `is_over`. It is under way until `gave` is called.
    pub(super) fn next(&self, timeout: Duration, is_over: impl Fn() -> bool) -> Option<Entry> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.lock();
        loop {
            if let Some(entry) = state.take_one() {
                return Some(entry);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || is_over() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Up to `most` of the oldest events. They are under way until `gave` or `lose` is called.
    pub(super) fn take(&self, most: usize) -> Vec<Entry> {
        let mut state = self.lock();
        std::iter::from_fn(|| state.take_one()).take(most).collect()
    }

    /// So many events under way arrived.
    pub(super) fn gave(&self, events: u64) {
        self.leave(|state| state.given += state.arrive(events));
        self.count(Metrics::logged, events);
    }

    /// So many events under way are lost.
    pub(super) fn lose(&self, events: u64) {
        self.leave(|state| state.dropped += state.arrive(events));
        self.count(Metrics::log_dropped, events);
    }

    /// An event came too late.
    pub(super) fn drop_one(&self) {
        self.leave(|state| state.dropped += 1);
        self.count(Metrics::log_dropped, 1);
    }

    /// Why events cannot be written now; `None` where they can.
    pub(super) fn is_failing(&self, why: Option<String>) {
        self.lock().failing = why;
    }

    fn leave(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Whether nothing waits and nothing is under way, after at most `timeout`.
    pub(super) fn wait_until_empty(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.lock();
        while !state.waiting.is_empty() || state.under_way > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Wakes everyone who waits.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }

    pub(super) fn status(&self) -> Value {
        let state = self.lock();
        json!({
            "waiting": state.waiting.len() as u64 + state.under_way, "waiting_bytes": state.bytes, "events": state.given,
            "dropped": state.dropped, "failing": state.failing,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock, and each step leaves a whole queue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_one(&mut self) -> Option<Entry> {
        let entry = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.bytes());
        self.under_way += 1;
        Some(entry)
    }

    fn arrive(&mut self, events: u64) -> u64 {
        self.under_way = self.under_way.saturating_sub(events);
        events
    }
}
