//! What happened, for the caller's logger: kept in a bounded queue until it is taken.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::process;

/// How many events wait; of more, the oldest are dropped and counted.
const MAX_WAITING: usize = 256;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As intended.
    Info,
    /// Someone should look.
    Warning,
    /// Something does not work.
    Error,
}

impl Level {
    /// `info`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// What it is, for a program: `rollout_updated`, `store_away`, `fallback`, …
    pub name: &'static str,
    /// What it is, for a person.
    pub message: String,
    /// More about it: an object.
    pub fields: Value,
    when: Timestamp,
}

impl Event {
    pub(crate) fn new(level: Level, name: &'static str, message: impl Into<String>, fields: Value) -> Self {
        Self { level, name, message: message.into(), fields, when: Timestamp::now() }
    }

    /// `{"when", "level", "event", "message", "fields": {…}}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "when": self.when.to_string(), "level": self.level.name(), "event": self.name, "message": self.message, "fields": self.fields,
        })
    }
}

/// The queue. A forked child begins a new one: a thread of its parent's that waited for events may have held the lock.
pub(crate) struct Events(ArcSwap<Shared>);

struct Shared {
    generation: u64,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Event>,
    dropped: u64,
}

impl Shared {
    fn new() -> Self {
        Self { generation: process::generation(), queue: Mutex::default(), arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics under the lock, and a queue of events is whole after any step.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Events {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(Shared::new()))
    }
}

impl Events {
    fn shared(&self) -> Arc<Shared> {
        let current = self.0.load_full();
        if current.generation == process::generation() {
            return current;
        }
        let fresh = Arc::new(Shared::new());
        self.0.store(Arc::clone(&fresh));
        fresh
    }

    pub(crate) fn push(&self, event: Event) {
        let shared = self.shared();
        let mut queue = shared.lock();
        if queue.waiting.len() == MAX_WAITING {
            queue.waiting.pop_front();
            queue.dropped += 1;
        }
        queue.waiting.push_back(event);
        drop(queue);
        shared.arrived.notify_one();
    }

    /// The oldest event; waits for one until `timeout` is over, or `is_over`.
    pub(crate) fn next(&self, timeout: Duration, is_over: impl Fn() -> bool) -> Option<Event> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let shared = self.shared();
        let mut queue = shared.lock();
        loop {
            if queue.dropped > 0 {
                let dropped = std::mem::take(&mut queue.dropped);
                let message = format!("{dropped} older events were dropped; take them sooner");
                return Some(Event::new(Level::Warning, "events_dropped", message, json!({"dropped": dropped})));
            }
            if let Some(event) = queue.waiting.pop_front() {
                return Some(event);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || is_over() {
                return None;
            }
            queue = shared.arrived.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Wakes everyone who waits.
    pub(crate) fn wake(&self) {
        self.shared().arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Events, Level, MAX_WAITING};
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let events = Events::default();
        for number in 0..MAX_WAITING + 3 {
            events.push(Event::new(Level::Info, "n", number.to_string(), json!({})));
        }
        let next = || events.next(Duration::ZERO, || false);
        assert_eq!(next().map(|e| e.fields), Some(json!({"dropped": 3})));
        assert_eq!(next().map(|e| e.message).as_deref(), Some("3"));
        assert_eq!(std::iter::from_fn(next).count(), MAX_WAITING - 1);
        assert_eq!(next(), None);
    }
}
