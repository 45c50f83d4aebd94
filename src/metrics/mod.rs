//! What happened, counted without locks and rendered as Prometheus text or OpenMetrics.
//!
//! The names are the seed's (`opa_evaluations_total`, …), so that dashboards made for it keep working. What is counted on each decision is
//! resolved once, here; a label that grows with use (`feature`) is resolved when a client is made.
//!
//! ```text
//!  Metrics ──► series     one counter, gauge or histogram: atomics
//!                └──► store       all of them, in memory or in this process' file
//!                       ├──► directory    the files of all processes, and of those that ended
//!                       │      └──► file  how series stand in a file
//!                       └──► totals       everything added up ──► gather ──► text
//! ```

mod directory;
mod family;
mod file;
mod gather;
mod names;
mod series;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod totals;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

pub(crate) use file::MAX_BYTES as MAX_FILE_BYTES;
pub(crate) use names::{FlagStoreError, ShadowOutcome, SourceOutcome};
pub use names::{Format, Implementation};
pub(crate) use store::Memory;

use crate::error::{Error, ErrorKind, Result};
use family as f;
use gather::{Gathered, Value};
use series::{Counter, Gauge, Times};
use store::Store;

/// Something whose gauges are as of the moment when they are asked for.
pub(crate) trait Refresh: Send + Sync {
    /// Sets them.
    fn refresh(&self, metrics: &Metrics);
}

/// A registry of counters, shared by the engine, cache, flags and client that it was given to. Usable from many threads at once.
pub struct Metrics {
    store: Arc<Store>,
    closed: AtomicBool,
    rust: Times,
    http: Times,
    errors: ErrorCounters,
    fallbacks: Counter,
    remote_fallbacks: Counter,
    shadow: [Counter; ShadowOutcome::ALL.len()],
    shadow_dropped: Counter,
    logged: Counter,
    log_dropped: Counter,
    cache_hit: Times,
    cache_miss: Times,
    cache_set: Times,
    cache_evictions: Counter,
    cache_cleanups: Counter,
    cache_entries: Gauge,
    cache_bytes: Gauge,
    policies_loaded: Gauge,
    /// Swapped, never locked: a child forked while another thread renders renders, too.
    refreshed: ArcSwap<Vec<Weak<dyn Refresh>>>,
}

/// What was counted so far, as numbers.
pub(crate) struct Counted {
    pub(crate) rust: Evaluations,
    pub(crate) http: Evaluations,
    pub(crate) errors: u64,
    pub(crate) fallbacks: u64,
}

/// The decisions of one side.
#[derive(Default)]
pub(crate) struct Evaluations {
    pub(crate) total: u64,
    /// How many have a time, and the sum of their times in seconds.
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Bounds in seconds, and how many took at most as long.
    pub(crate) buckets: Vec<(f64, u64)>,
}

/// One counter for each value of `error_type`.
struct ErrorCounters {
    evaluation: Counter,
    serialization: Counter,
    internal: Counter,
    limit: Counter,
    unavailable: Counter,
    unsupported: Counter,
}

/// The counters of one feature, resolved once.
pub struct FeatureMetrics {
    rust: Counter,
    http: Counter,
    users_missing: Counter,
}

impl FeatureMetrics {
    /// Counts one assignment.
    pub fn assigned(&self, implementation: Implementation) {
        match implementation {
            Implementation::Rust => self.rust.inc(),
            Implementation::Http => self.http.inc(),
        }
    }

    /// Counts a request without a user.
    pub fn user_missing(&self) {
        self.users_missing.inc();
    }
}

impl Metrics {
    /// Nothing counted yet, in this process' memory.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::of(Store::private())
    }

    /// Together with all processes that have the same directory: what each counts is in a file of its own there, mapped by `memory`, and what
    /// is rendered is of all of them. A forked child begins a file of its own when it first counts.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the directory cannot be made, read or written, or has no room.
    pub(crate) fn shared(directory: &Path, memory: Box<dyn Memory>) -> Result<Arc<Self>> {
        Store::shared(directory, memory).map(Self::of)
    }

    fn of(store: Arc<Store>) -> Arc<Self> {
        let times = |family, labels: &[&str]| Times::new(&store, family, labels);
        let counter = |family, labels: &[&str]| Counter::new(&store, family, labels);
        let gauge = |family| Gauge::new(&store, family, &[]);
        if store.is_shared() {
            // Before the others: what has no room is counted.
            for kind in ["file", "series"] {
                counter(&f::METRICS_ERRORS, &[kind]);
            }
        }
        let made = Self {
            closed: AtomicBool::new(false),
            rust: times(&f::DECISION_TIMES, &[Implementation::Rust.label()]),
            http: times(&f::DECISION_TIMES, &[Implementation::Http.label()]),
            errors: ErrorCounters::new(&store),
            fallbacks: counter(&f::FALLBACKS, &[]),
            remote_fallbacks: counter(&f::REMOTE_FALLBACKS, &[]),
            shadow: ShadowOutcome::ALL.map(|outcome| counter(&f::SHADOW, &[outcome.label()])),
            shadow_dropped: counter(&f::SHADOW_DROPPED, &[]),
            logged: counter(&f::DECISION_LOG, &["logged"]),
            log_dropped: counter(&f::DECISION_LOG, &["dropped"]),
            cache_hit: times(&f::CACHE_TIMES, &["rust", f::HIT]),
            cache_miss: times(&f::CACHE_TIMES, &["rust", f::MISS]),
            cache_set: times(&f::CACHE_TIMES, &["rust", f::SET]),
            cache_evictions: counter(&f::CACHE_ERRORS, &["eviction"]),
            cache_cleanups: counter(&f::CACHE_ERRORS, &["cleanup"]),
            cache_entries: gauge(&f::CACHE_ENTRIES),
            cache_bytes: gauge(&f::CACHE_BYTES),
            policies_loaded: gauge(&f::POLICIES),
            refreshed: ArcSwap::default(),
            store: Arc::clone(&store),
        };
        Arc::new(made)
    }

    /// Ends the registry: rendering answers `CLOSED`. What reports to it goes on and is no longer seen.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Appends everything to `output`.
    ///
    /// # Errors
    /// `CLOSED`; `UNAVAILABLE` where a directory that is shared cannot be read.
    pub fn render(&self, format: Format, output: &mut Vec<u8>) -> Result<()> {
        output.extend_from_slice(text::write(&self.gathered()?, format).as_bytes());
        Ok(())
    }

    /// Appends everything to `output` as a JSON array, for the client libraries of other languages.
    ///
    /// # Errors
    /// As `render`.
    pub fn gather(&self, output: &mut Vec<u8>) -> Result<()> {
        let json = text::to_json(&self.gathered()?);
        serde_json::to_writer(output, &json).map_err(|e| Error::new(ErrorKind::InternalError, format!("metrics: {e}")))
    }

    fn gathered(&self) -> Result<Vec<Gathered>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed("metrics"));
        }
        self.refresh();
        Ok(gather::families(&self.store.totals()?))
    }

    /// What was counted so far; `None` after `close`, or where a directory that is shared cannot be read.
    pub(crate) fn counted(&self) -> Option<Counted> {
        let mut counted = Counted { rust: Evaluations::default(), http: Evaluations::default(), errors: 0, fallbacks: 0 };
        for family in self.gathered().ok()? {
            for sample in family.samples {
                let label = sample.labels.first().map(|(_, value)| value.as_str());
                match (family.name, sample.value) {
                    ("opa_evaluation_duration_seconds", Value::Times(times)) if label == Some("rust") => {
                        counted.rust = times.into()
                    }
                    ("opa_evaluation_duration_seconds", Value::Times(times)) => counted.http = times.into(),
                    ("opa_rust_errors_total", Value::Count(count)) => {
                        counted.errors = counted.errors.saturating_add(count);
                    }
                    ("opa_rust_fallback_total", Value::Count(count)) => counted.fallbacks = count,
                    _ => {}
                }
            }
        }
        Some(counted)
    }

    /// One decision was made.
    pub(crate) fn evaluated(&self, side: Implementation, time: Duration) {
        match side {
            Implementation::Rust => self.rust.observe(time),
            Implementation::Http => self.http.observe(time),
        }
    }

    /// The local engine could not decide.
    pub(crate) fn evaluation_failed(&self, kind: ErrorKind) {
        if let Some(counter) = self.errors.of(kind) {
            counter.inc();
        }
    }

    /// A decision fell back to the remote.
    pub(crate) fn fell_back(&self) {
        self.fallbacks.inc();
    }

    /// A decision fell back to the local engine.
    pub(crate) fn fell_back_from_remote(&self) {
        self.remote_fallbacks.inc();
    }

    /// A local decision was compared with the remote's.
    pub(crate) fn shadow_compared(&self, outcome: ShadowOutcome) {
        if let Some(counter) = self.shadow.get(outcome as usize) {
            counter.inc();
        }
    }

    /// A local decision was not compared, since too many waited.
    pub(crate) fn shadow_dropped(&self) {
        self.shadow_dropped.inc();
    }

    /// So many events of a decision log were written or given to the caller.
    pub(crate) fn logged(&self, events: u64) {
        self.logged.add(events);
    }

    /// So many events of a decision log were dropped.
    pub(crate) fn log_dropped(&self, events: u64) {
        self.log_dropped.add(events);
    }

    /// One look-up in a cache.
    pub(crate) fn cache_looked_up(&self, is_hit: bool, time: Duration) {
        let times = if is_hit { &self.cache_hit } else { &self.cache_miss };
        times.observe(time);
    }

    /// One entry was stored in a cache.
    pub(crate) fn cache_stored(&self, time: Duration) {
        self.cache_set.observe(time);
    }

    /// A cache grew (or shrank, where negative).
    pub(crate) fn cache_size_changed(&self, entries: i64, bytes: i64) {
        self.cache_entries.add(entries);
        self.cache_bytes.add(bytes);
    }

    /// An entry fitted no budget.
    pub(crate) fn cache_refused(&self) {
        self.cache_evictions.inc();
    }

    /// A sweep failed.
    pub(crate) fn cache_sweep_failed(&self) {
        self.cache_cleanups.inc();
    }

    /// An engine went from `before` to `now` policies.
    pub(crate) fn policies_loaded_changed(&self, before: usize, now: usize) {
        self.policies_loaded.add(i64::try_from(now).unwrap_or_default() - i64::try_from(before).unwrap_or_default());
    }

    /// The counters of one feature.
    pub(crate) fn feature(&self, feature: &str) -> FeatureMetrics {
        let side = |side: Implementation| Counter::new(&self.store, &f::ASSIGNMENTS, &[feature, side.label()]);
        let users_missing = Counter::new(&self.store, &f::USERS_MISSING, &[feature]);
        FeatureMetrics { rust: side(Implementation::Rust), http: side(Implementation::Http), users_missing }
    }

    /// A feature's percentage.
    pub(crate) fn rollout_set(&self, feature: &str, percentage: f64) {
        Gauge::new(&self.store, &f::ROLLOUT, &[feature]).set(percentage);
    }

    /// Has `gauges` set before each rendering, for as long as it lives.
    pub(crate) fn refresh_before_rendering(&self, gauges: Weak<dyn Refresh>) {
        self.refreshed.rcu(|known| {
            let alive = known.iter().filter(|gauges| gauges.strong_count() > 0);
            alive.chain([&gauges]).cloned().collect::<Vec<_>>()
        });
    }

    fn refresh(&self) {
        for gauges in self.refreshed.load_full().iter().filter_map(Weak::upgrade) {
            gauges.refresh(self);
        }
    }

    /// How long ago a store of flags was last reached; `None` for one that is closed.
    pub(crate) fn flag_store_age(&self, store: &str, age: Option<Duration>) {
        Gauge::new(&self.store, &f::STORE_AGE, &[store]).set_moment(age);
    }

    /// Something went wrong with a store of flags.
    pub(crate) fn flag_store_failed(&self, error: FlagStoreError) {
        Counter::new(&self.store, &f::STORE_ERRORS, &[error.label()]).inc();
    }

    /// What became of what a source had.
    pub(crate) fn source_tried(&self, source: &str, outcome: SourceOutcome) {
        Counter::new(&self.store, &f::SOURCE_ACTIVATIONS, &[source, outcome.label()]).inc();
    }

    /// Whether something of a source is in force, and how long ago it was last confirmed; `None` for one that is closed.
    pub(crate) fn source_is(&self, source: &str, is_ready: bool, age: Option<Duration>) {
        Gauge::new(&self.store, &f::SOURCE_READY, &[source]).set(f64::from(u8::from(is_ready)));
        Gauge::new(&self.store, &f::SOURCE_AGE, &[source]).set_moment(age);
    }

    /// A breaker went to this state: 0 closed, 1 half open, 2 open.
    pub(crate) fn breaker_is(&self, remote: &str, state: u8) {
        Gauge::new(&self.store, &f::BREAKER, &[remote]).set(f64::from(state));
    }

    /// Everyone takes this side; `None` for the one that the percentages say.
    pub(crate) fn flags_forced(&self, force: Option<&str>) {
        for side in ["local", "remote"] {
            Gauge::new(&self.store, &f::FORCED, &[side]).set(f64::from(u8::from(force == Some(side))));
        }
    }
}

impl From<gather::Times> for Evaluations {
    fn from(times: gather::Times) -> Self {
        let bounds = f::BOUNDS.iter().map(|bound| gather::seconds(bound.nanoseconds));
        let sum = times.seconds();
        Self { total: times.count, count: times.count, sum, buckets: bounds.zip(times.buckets).collect() }
    }
}

impl ErrorCounters {
    fn new(store: &Arc<Store>) -> Self {
        let counter = |error_type| Counter::new(store, &f::ERRORS, &[error_type]);
        Self {
            evaluation: counter("evaluation"),
            serialization: counter("serialization"),
            internal: counter("internal"),
            limit: counter("limit"),
            unavailable: counter("unavailable"),
            unsupported: counter("unsupported"),
        }
    }

    /// The counter of an error of the engine; `None` for a mistake of the caller.
    fn of(&self, kind: ErrorKind) -> Option<&Counter> {
        match kind {
            ErrorKind::EvaluationError | ErrorKind::CompilationError => Some(&self.evaluation),
            ErrorKind::SerializationError => Some(&self.serialization),
            ErrorKind::LimitExceeded | ErrorKind::TooLarge => Some(&self.limit),
            ErrorKind::Unavailable => Some(&self.unavailable),
            ErrorKind::Unsupported => Some(&self.unsupported),
            ErrorKind::InternalError => Some(&self.internal),
            ErrorKind::InvalidArgument
            | ErrorKind::PolicyNotFound
            | ErrorKind::Conflict
            | ErrorKind::Cancelled
            | ErrorKind::Closed => None,
        }
    }
}
