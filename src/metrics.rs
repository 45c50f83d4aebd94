//! What happened, counted without locks and rendered as Prometheus text.
//!
//! The names are the seed's (`opa_evaluations_total`, …), so that dashboards made for it keep working. Counters that are hit on each
//! decision are resolved once, here; a label that grows with use (`feature`) is resolved when a client is made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use prometheus::core::Metric;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::{Error, ErrorKind, Result};

/// Which side decided. Its label is the seed's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The local engine.
    Rust,
    /// The remote OPA.
    Http,
}

impl Implementation {
    /// The value of the label `implementation`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Http => "http",
        }
    }
}

/// An operation on a cache, by the value of its label `operation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheOperation {
    /// A look-up.
    Get,
    /// A store.
    Set,
}

/// How a comparison of a local decision with the remote's ended, by the value of its label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShadowOutcome {
    /// Value, undefined or error are the same.
    Equal,
    /// They are not.
    Differing,
    /// The two sides decided by different policies.
    Revision,
    /// The query reaches time, randomness or the network, so that it was not asked.
    Nondeterministic,
    /// The remote did not answer.
    Failed,
}

impl ShadowOutcome {
    pub(crate) const ALL: [Self; 5] = [Self::Equal, Self::Differing, Self::Revision, Self::Nondeterministic, Self::Failed];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differing => "differing",
            Self::Revision => "revision",
            Self::Nondeterministic => "nondeterministic",
            Self::Failed => "failed",
        }
    }
}

/// What went wrong with a store of flags, by the value of its label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagStoreError {
    /// It cannot be reached or read; counted once for each time that it goes away.
    Away,
    /// A feature's value is no percentage.
    Garbage,
    /// It lost its contents.
    Emptied,
    /// It did not confirm a change.
    Write,
}

impl FlagStoreError {
    const fn label(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Garbage => "garbage",
            Self::Emptied => "emptied",
            Self::Write => "write",
        }
    }
}

/// Something whose gauges are as of the moment when they are asked for.
pub(crate) trait Refresh: Send + Sync {
    /// Sets them.
    fn refresh(&self, metrics: &Metrics);
}

/// Bounds of the histograms' buckets, in seconds: from 100 ns, for decisions here, to 10 s, for a remote that is slow.
const BUCKETS: [f64; 25] = [
    1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// A registry of counters, shared by the engine, cache, flags and client that it was given to. Usable from many threads at once.
pub struct Metrics {
    registry: Registry,
    closed: AtomicBool,
    rust: EvaluationMetrics,
    http: EvaluationMetrics,
    errors: ErrorCounters,
    fallbacks: IntCounter,
    remote_fallbacks: IntCounter,
    shadow: [IntCounter; ShadowOutcome::ALL.len()],
    shadow_dropped: IntCounter,
    cache_get: CacheMetrics,
    cache_set: CacheMetrics,
    cache_errors: CacheErrors,
    cache_entries: IntGauge,
    cache_bytes: IntGauge,
    policies_loaded: IntGauge,
    assignments: IntCounterVec,
    rollout: GaugeVec,
    flag_users_missing: IntCounterVec,
    flag_store_age: GaugeVec,
    flag_store_errors: IntCounterVec,
    flags_forced: GaugeVec,
    breaker: GaugeVec,
    refreshed: Mutex<Vec<Weak<dyn Refresh>>>,
}

struct EvaluationMetrics {
    total: IntCounter,
    duration: Histogram,
}

struct CacheMetrics {
    total: IntCounter,
    duration: Histogram,
}

/// What was counted so far, as numbers.
pub(crate) struct Counted {
    pub(crate) rust: Evaluations,
    pub(crate) http: Evaluations,
    pub(crate) errors: u64,
    pub(crate) fallbacks: u64,
}

/// The decisions of one side.
pub(crate) struct Evaluations {
    pub(crate) total: u64,
    /// How many have a time, and the sum of their times in seconds.
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Bounds in seconds, and how many took at most as long.
    pub(crate) buckets: Vec<(f64, u64)>,
}

impl EvaluationMetrics {
    fn counted(&self) -> Evaluations {
        let metric = self.duration.metric();
        let times = metric.get_histogram();
        let buckets = times.get_bucket().iter().map(|bucket| (bucket.upper_bound(), bucket.cumulative_count())).collect();
        Evaluations { total: self.total.get(), count: times.get_sample_count(), sum: times.get_sample_sum(), buckets }
    }
}

struct CacheErrors {
    eviction: IntCounter,
    cleanup: IntCounter,
}

/// One counter for each value of `error_type`.
struct ErrorCounters {
    evaluation: IntCounter,
    serialization: IntCounter,
    internal: IntCounter,
    limit: IntCounter,
    unavailable: IntCounter,
    unsupported: IntCounter,
}

/// The counters of one feature, resolved once.
pub struct FeatureMetrics {
    rust: IntCounter,
    http: IntCounter,
    users_missing: IntCounter,
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
    /// An empty registry.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the metrics library refuses one of our names.
    pub fn new() -> Result<Arc<Self>> {
        Self::build().map(Arc::new).map_err(|e| Error::new(ErrorKind::InternalError, format!("metrics: {e}")))
    }

    fn build() -> prometheus::Result<Self> {
        let make = Maker(Registry::new());
        let evaluations =
            make.counters("opa_evaluations_total", "Decisions made, by the side that made them.", &["implementation"])?;
        let durations = make.histograms("opa_evaluation_duration_seconds", "Time of one decision.", &["implementation"])?;
        let errors =
            make.counters("opa_rust_errors_total", "Decisions that the local engine could not make.", &["error_type"])?;
        let operations =
            make.counters("cache_operations_total", "Operations on the decision cache.", &["implementation", "operation"])?;
        let operation_durations =
            make.histograms("cache_operation_duration_seconds", "Time of one cache operation.", &["implementation"])?;
        let cache_errors = make.counters("cache_rust_errors_total", "Cache operations that failed.", &["error_type"])?;
        let shadow = make.counters(
            "sark_shadow_comparisons_total",
            "Local decisions compared with the remote OPA's, by what came of it.",
            &["outcome"],
        )?;
        let evaluation = |side: Implementation| EvaluationMetrics {
            total: evaluations.with_label_values(&[side.label()]),
            duration: durations.with_label_values(&[side.label()]),
        };
        let cache = |operation| CacheMetrics {
            total: operations.with_label_values(&["rust", operation]),
            duration: operation_durations.with_label_values(&["rust"]),
        };
        Ok(Self {
            closed: AtomicBool::new(false),
            rust: evaluation(Implementation::Rust),
            http: evaluation(Implementation::Http),
            errors: ErrorCounters::new(&errors),
            fallbacks: make
                .counter("opa_rust_fallback_total", "Decisions that fell back from the local engine to the remote OPA.")?,
            remote_fallbacks: make
                .counter("sark_remote_fallback_total", "Decisions that fell back from the remote OPA to the local engine.")?,
            shadow: ShadowOutcome::ALL.map(|outcome| shadow.with_label_values(&[outcome.label()])),
            shadow_dropped: make
                .counter("sark_shadow_dropped_total", "Local decisions that were not compared, since too many waited.")?,
            cache_get: cache("get"),
            cache_set: cache("set"),
            cache_errors: CacheErrors {
                eviction: cache_errors.with_label_values(&["eviction"]),
                cleanup: cache_errors.with_label_values(&["cleanup"]),
            },
            cache_entries: make.gauge("rust_cache_size_entries", "Entries in the decision cache.")?,
            cache_bytes: make.gauge("rust_cache_size_bytes", "Bytes of keys and values in the decision cache.")?,
            policies_loaded: make.gauge("rust_opa_policies_loaded", "Policies loaded in local engines.")?,
            assignments: make.counters(
                "feature_flag_assignments_total",
                "Requests assigned to a side by the dial.",
                &["feature", "implementation"],
            )?,
            rollout: make.gauges(
                "feature_flag_rollout_percentage",
                "The dial: percentage of users on the local side.",
                &["feature"],
            )?,
            flag_users_missing: make.counters(
                "sark_flag_users_missing_total",
                "Requests without a user, which the dial sends to the remote side below 100 %.",
                &["feature"],
            )?,
            flag_store_age: make.gauges(
                "sark_flag_store_age_seconds",
                "Time since the flags' store was last reached.",
                &["store"],
            )?,
            flag_store_errors: make.counters(
                "sark_flag_store_errors_total",
                "What went wrong with the flags' store.",
                &["kind"],
            )?,
            flags_forced: make.gauges("sark_flags_forced", "1 for the side that everyone is forced to.", &["side"])?,
            breaker: make.gauges(
                "sark_breaker_state",
                "The breaker before the remote OPA: 0 closed, 1 half open, 2 open.",
                &["remote"],
            )?,
            refreshed: Mutex::default(),
            registry: make.0,
        })
    }

    /// Ends the registry: rendering answers `CLOSED`. What reports to it goes on and is no longer seen.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Appends everything as Prometheus text, version 0.0.4, to `output`.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn render(&self, output: &mut Vec<u8>) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed("metrics"));
        }
        self.refresh();
        let text = TextEncoder::new().encode_to_string(&self.registry.gather());
        let text = text.map_err(|e| Error::new(ErrorKind::InternalError, format!("metrics: {e}")))?;
        output.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// What was counted so far; `None` after `close`.
    pub(crate) fn counted(&self) -> Option<Counted> {
        let is_open = !self.closed.load(Ordering::Acquire);
        is_open.then(|| Counted {
            rust: self.rust.counted(),
            http: self.http.counted(),
            errors: self.errors.total(),
            fallbacks: self.fallbacks.get(),
        })
    }

    /// One decision was made.
    pub(crate) fn evaluated(&self, side: Implementation, time: Duration) {
        let metrics = match side {
            Implementation::Rust => &self.rust,
            Implementation::Http => &self.http,
        };
        metrics.total.inc();
        metrics.duration.observe(time.as_secs_f64());
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

    /// One operation on a cache.
    pub(crate) fn cache_operation(&self, operation: CacheOperation, time: Duration) {
        let metrics = match operation {
            CacheOperation::Get => &self.cache_get,
            CacheOperation::Set => &self.cache_set,
        };
        metrics.total.inc();
        metrics.duration.observe(time.as_secs_f64());
    }

    /// A cache grew (or shrank, where negative).
    pub(crate) fn cache_size_changed(&self, entries: i64, bytes: i64) {
        self.cache_entries.add(entries);
        self.cache_bytes.add(bytes);
    }

    /// An entry fitted no budget.
    pub(crate) fn cache_refused(&self) {
        self.cache_errors.eviction.inc();
    }

    /// A sweep failed.
    pub(crate) fn cache_sweep_failed(&self) {
        self.cache_errors.cleanup.inc();
    }

    /// An engine went from `before` to `now` policies.
    pub(crate) fn policies_loaded_changed(&self, before: usize, now: usize) {
        self.policies_loaded.add(i64::try_from(now).unwrap_or_default() - i64::try_from(before).unwrap_or_default());
    }

    /// The counters of one feature.
    pub(crate) fn feature(&self, feature: &str) -> FeatureMetrics {
        let side = |side: Implementation| self.assignments.with_label_values(&[feature, side.label()]);
        let users_missing = self.flag_users_missing.with_label_values(&[feature]);
        FeatureMetrics { rust: side(Implementation::Rust), http: side(Implementation::Http), users_missing }
    }

    /// A feature's percentage.
    pub(crate) fn rollout_set(&self, feature: &str, percentage: f64) {
        self.rollout_gauge(feature).set(percentage);
    }

    /// Has `gauges` set before each rendering, for as long as it lives.
    pub(crate) fn refresh_before_rendering(&self, gauges: Weak<dyn Refresh>) {
        let mut refreshed = self.refreshed.lock().unwrap_or_else(PoisonError::into_inner);
        refreshed.retain(|gauges| gauges.strong_count() > 0);
        refreshed.push(gauges);
    }

    fn refresh(&self) {
        let refreshed = self.refreshed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for gauges in refreshed.iter().filter_map(Weak::upgrade) {
            gauges.refresh(self);
        }
    }

    /// How long ago a store of flags was last reached.
    pub(crate) fn flag_store_age(&self, store: &str, age: Duration) {
        self.flag_store_age.with_label_values(&[store]).set(age.as_secs_f64());
    }

    /// Something went wrong with a store of flags.
    pub(crate) fn flag_store_failed(&self, error: FlagStoreError) {
        self.flag_store_errors.with_label_values(&[error.label()]).inc();
    }

    /// A breaker went to this state: 0 closed, 1 half open, 2 open.
    pub(crate) fn breaker_is(&self, remote: &str, state: u8) {
        self.breaker.with_label_values(&[remote]).set(f64::from(state));
    }

    /// Everyone takes this side; `None` for the one that the percentages say.
    pub(crate) fn flags_forced(&self, force: Option<&str>) {
        for side in ["local", "remote"] {
            self.flags_forced.with_label_values(&[side]).set(f64::from(u8::from(force == Some(side))));
        }
    }

    fn rollout_gauge(&self, feature: &str) -> Gauge {
        self.rollout.with_label_values(&[feature])
    }
}

impl ErrorCounters {
    fn new(family: &IntCounterVec) -> Self {
        let counter = |error_type| family.with_label_values(&[error_type]);
        Self {
            evaluation: counter("evaluation"),
            serialization: counter("serialization"),
            internal: counter("internal"),
            limit: counter("limit"),
            unavailable: counter("unavailable"),
            unsupported: counter("unsupported"),
        }
    }

    fn total(&self) -> u64 {
        let all = [&self.evaluation, &self.serialization, &self.internal, &self.limit, &self.unavailable, &self.unsupported];
        all.iter().map(|counter| counter.get()).sum()
    }

    /// The counter of an error of the engine; `None` for a mistake of the caller.
    fn of(&self, kind: ErrorKind) -> Option<&IntCounter> {
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

/// Makes families and registers them.
struct Maker(Registry);

impl Maker {
    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.add(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<HistogramVec> {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), labels)?)
    }
}
