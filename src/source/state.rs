//! How a source is: what is in force of it, since when, and what went wrong last. Shared by its thread, its engine and its views.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::LOOK_AGAIN;
use super::config::{Config, WhenStale};
use super::follower::Follower;
use super::location::Location;
use super::origin::Origin;
use crate::error::{Error, Result};
use crate::event::{Event, Events, Level};
use crate::metrics::{Metrics, Refresh};
use crate::policy::{Engine, Feed};
use crate::rego::OutsideCall;

/// A moment by both clocks: one that never jumps, and one for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    at: Instant,
    /// By how much it was before `at`: an `Instant` cannot be before the machine's start.
    before: Duration,
    when: Timestamp,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), before: Duration::ZERO, when: Timestamp::now() }
    }

    /// A moment of the past by the clock for people; a time in the future is now.
    pub(super) fn of(when: SystemTime) -> Self {
        let now = Self::now();
        Self { before: when.elapsed().unwrap_or_default(), when: Timestamp::try_from(when).unwrap_or(now.when), ..now }
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.at).saturating_add(self.before)
    }

    /// When its age will be `age`; for one that is older already, when that was first known.
    fn when_old(&self, age: Duration) -> Option<Instant> {
        self.at.checked_add(age.saturating_sub(self.before))
    }
}

/// How a source is. Replaced whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Status {
    /// How often it was asked.
    pub(super) attempts: u64,
    pub(super) last_attempt: Option<Moment>,
    /// When it last had what is in force.
    pub(super) confirmed: Option<Moment>,
    pub(super) activated: Option<Moment>,
    pub(super) activations: u64,
    pub(super) revision: String,
    pub(super) engine_revision: String,
    /// Whether the last change was a delta.
    pub(super) is_delta: bool,
    /// Whether what is in force was kept on disk, and the source has not answered since.
    pub(super) is_kept: bool,
    pub(super) bytes: u64,
    pub(super) policies: usize,
    pub(super) outside_calls: Vec<OutsideCall>,
    /// What went wrong last; `None` once something was right again.
    pub(super) problem: Option<Error>,
}

impl Status {
    pub(super) const fn is_ready(&self) -> bool {
        self.activated.is_some()
    }
}

pub(super) struct State {
    name: Arc<str>,
    location: Location,
    pub(super) config: Config,
    pub(super) engine: Weak<Engine>,
    status: ArcSwap<Status>,
    opened: Instant,
    over: AtomicBool,
    pub(super) triggered: AtomicBool,
    events: Events,
    metrics: Option<Arc<Metrics>>,
    /// Has the allocator give back what it keeps for nobody.
    pub(super) give_back: fn(),
    follower: Follower,
}

impl State {
    pub(super) fn new(engine: &Arc<Engine>, name: Arc<str>, location: Location, config: Config, give_back: fn()) -> Arc<Self> {
        let state = Arc::new(Self {
            name,
            location,
            config,
            engine: Arc::downgrade(engine),
            status: ArcSwap::default(),
            opened: Instant::now(),
            over: AtomicBool::new(false),
            triggered: AtomicBool::new(false),
            events: Events::default(),
            metrics: engine.metrics().cloned(),
            give_back,
            follower: Follower::default(),
        });
        if let Some(metrics) = &state.metrics {
            let refresh: Arc<dyn Refresh> = Arc::<Self>::clone(&state);
            metrics.refresh_before_rendering(Arc::downgrade(&refresh));
        }
        state
    }

    pub(super) fn source_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_deref()
    }

    /// An origin for a thread that has none: a forked child's.
    pub(super) fn origin(&self, engine: &Engine) -> Result<Origin> {
        Origin::new(&self.location, &self.name, &self.config, engine.options())
    }

    /// Starts the thread.
    pub(super) fn begin(self: &Arc<Self>, origin: Origin) {
        self.follower.start(self, Some(origin));
    }

    pub(super) fn trigger(self: &Arc<Self>) {
        self.triggered.store(true, Ordering::Release);
        self.follower.start(self, None);
        self.follower.wake();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Stops following; the engine keeps what it has.
    pub(super) fn close(&self) {
        if self.over.swap(true, Ordering::AcqRel) {
            return;
        }
        self.finish();
        if let Some(engine) = self.engine.upgrade() {
            engine.unfeed(&self.name);
            engine.release(&self.name);
        }
    }

    /// One that is over is not missed by anyone: nobody is told that it is not ready.
    fn finish(&self) {
        self.follower.wake();
        self.events.wake();
        if let Some(metrics) = &self.metrics {
            metrics.source_is(&self.name, true, None);
        }
    }

    pub(super) fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    /// Replaces the status. Only the source's thread does.
    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        let mut status = Status::clone(&self.status.load());
        change(&mut status);
        self.status.store(Arc::new(status));
        if let Some(engine) = self.engine.upgrade() {
            engine.feed_changed();
        }
    }

    /// Waits until the status is as wanted, the time or the source is over; gives it as it is then.
    pub(super) fn wait_until(&self, timeout: Duration, wanted: impl Fn(&Status) -> bool) -> Arc<Status> {
        let start = Instant::now();
        let mut pause = LOOK_AGAIN;
        loop {
            let status = self.status();
            if wanted(&status) || self.is_over() || start.elapsed() >= timeout {
                return status;
            }
            thread::sleep(pause.min(timeout.saturating_sub(start.elapsed())));
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    pub(super) fn happened(&self, level: Level, name: &'static str, message: String, mut fields: Value) {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("source".to_owned(), (*self.name).into());
        }
        self.events.push(Event::new(level, name, message, fields));
    }

    pub(super) fn next_event(&self, timeout: Duration) -> Option<Event> {
        self.events.next(timeout, || self.is_over())
    }

    /// When it becomes too old; `None` for never.
    pub(super) fn stale_from(&self) -> Option<Instant> {
        let max = self.config.max_staleness?;
        self.status.load().confirmed.and_then(|confirmed| confirmed.when_old(max))
    }

    pub(super) fn to_json(&self, now: Instant) -> Value {
        let status = self.status();
        let when = |moment: Option<Moment>| moment.map(|moment| moment.when.to_string());
        let outside_calls: Vec<Value> = status.outside_calls.iter().map(outside_call_json).collect();
        json!({
            "name": *self.name,
            "url": self.location.shown(),
            "ready": status.is_ready(),
            "closed": self.is_over(),
            "revision": status.revision,
            "engine_revision": status.engine_revision,
            "type": status.activated.map(|_| if status.is_delta { "delta" } else { "snapshot" }),
            "from_disk": status.is_kept,
            "policies": status.policies,
            "bytes": status.bytes,
            "activations": status.activations,
            "last_request": when(status.last_attempt),
            "last_successful_request": when(status.confirmed),
            "last_successful_activation": when(status.activated),
            "age_seconds": status.confirmed.map(|confirmed| confirmed.age(now).as_secs_f64()),
            "max_staleness_seconds": self.config.max_staleness.map(|max| max.as_secs_f64()),
            "when_stale": self.config.when_stale.name(),
            "stale": self.stale_from().is_some_and(|from| from <= now),
            "outside_calls": outside_calls,
            "error": status.problem.as_ref().and_then(|error| serde_json::from_str::<Value>(&error.to_json()).ok()),
        })
    }
}

/// The longest pause between two looks at the status.
const MAX_PAUSE: Duration = Duration::from_millis(20);

pub(super) fn outside_call_json(found: &OutsideCall) -> Value {
    let place = found.location.as_ref();
    json!({"policy": *found.module, "builtin": found.builtin, "row": place.map(|p| p.row), "col": place.map(|p| p.col)})
}

impl Feed for State {
    fn name(&self) -> &str {
        &self.name
    }

    fn holds_until(&self) -> Option<Instant> {
        if !self.status.load().is_ready() {
            return Some(self.opened);
        }
        self.stale_from().filter(|_| self.config.when_stale != WhenStale::Serve)
    }

    fn problem(&self, now: Instant) -> String {
        let status = self.status();
        let why = status.problem.as_ref().map(|error| format!(": {}", error.message())).unwrap_or_default();
        if !status.is_ready() {
            return format!("the source {} was not activated yet{why}", self.name);
        }
        let age = status.confirmed.map(|confirmed| confirmed.age(now).as_secs()).unwrap_or_default();
        format!("the source {} is {age} s old, more than max_staleness_seconds{why}", self.name)
    }

    fn lets_remote_decide(&self) -> bool {
        match self.config.when_stale {
            WhenStale::Deny => false,
            WhenStale::Serve | WhenStale::Remote => true,
        }
    }

    fn revive(&self) {
        self.follower.revive();
    }

    fn end(&self) {
        if !self.over.swap(true, Ordering::AcqRel) {
            self.finish();
        }
    }

    fn status(&self) -> Value {
        self.to_json(Instant::now())
    }
}

impl Refresh for State {
    fn refresh(&self, metrics: &Metrics) {
        if self.is_over() {
            return;
        }
        let status = self.status();
        metrics.source_is(&self.name, status.is_ready(), status.confirmed.map(|confirmed| confirmed.age(Instant::now())));
    }
}
