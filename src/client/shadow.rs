//! Shadow: some local decisions are asked of the remote too, off the caller's path, and the answers compared.
//!
//! Revisions come first: two sides with different policies may well differ. What reaches time, randomness or the network is not asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::decision::DecisionId;
use super::failing;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Events, Level};
use crate::mask::Mask;
use crate::metrics::{Metrics, ShadowOutcome};
use crate::opa::{Context, Opa, TraceParent};
use crate::policy::{Engine, Revision, Target};
use crate::process;
use crate::rego::Path;

/// The time of one question.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The most that waiting inputs and results may take together.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// How many differing answers are kept.
const MAX_DIFFERENCES: usize = 32;

/// A larger input or result is not kept with a difference.
const MAX_KEPT_BYTES: usize = 4 << 10;

/// Which local decisions are compared.
#[derive(Debug, Clone, Copy)]
pub struct ShadowOptions {
    /// The share, in hundredths of a percent; 0 is off.
    pub rate: u32,
    /// How many may wait; of more, the new ones are dropped and counted.
    pub max_waiting: u32,
    /// Whether the input of a differing answer is kept, without the masked places.
    pub keep_inputs: bool,
}

impl ShadowOptions {
    /// The rate of every decision.
    pub const ALWAYS: u32 = 10_000;
}

impl Default for ShadowOptions {
    fn default() -> Self {
        Self { rate: 0, max_waiting: 256, keep_inputs: false }
    }
}

/// A local decision that waits to be compared.
pub(super) struct Decided {
    pub(super) id: DecisionId,
    pub(super) target: Target,
    pub(super) path: Path,
    pub(super) input: Option<Box<[u8]>>,
    /// `None` is undefined.
    pub(super) result: Option<Box<[u8]>>,
    pub(super) revision: Revision,
    pub(super) trace: Option<TraceParent>,
}

impl Decided {
    fn bytes(&self) -> usize {
        let length = |bytes: &Option<Box<[u8]>>| bytes.as_ref().map_or(0, |bytes| bytes.len());
        length(&self.input) + length(&self.result)
    }
}

pub(super) struct Shadow {
    options: ShadowOptions,
    engine: Arc<Engine>,
    remote: Arc<Opa>,
    mask: Arc<ArcSwap<Mask>>,
    events: Arc<Events>,
    metrics: Option<Arc<Metrics>>,
    waiting: Mutex<Waiting>,
    differences: Mutex<VecDeque<Value>>,
    outcomes: [AtomicU64; ShadowOutcome::ALL.len()],
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    /// What a forked child inherits is its parent's to compare.
    generation: u64,
    queue: VecDeque<Decided>,
    bytes: usize,
}

impl Shadow {
    pub(super) fn new(
        options: ShadowOptions,
        (engine, remote, mask, events): (Arc<Engine>, Arc<Opa>, Arc<ArcSwap<Mask>>, Arc<Events>),
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self {
            options,
            engine,
            remote,
            mask,
            events,
            metrics,
            waiting: Mutex::default(),
            differences: Mutex::default(),
            outcomes: [const { AtomicU64::new(0) }; ShadowOutcome::ALL.len()],
            dropped: AtomicU64::new(0),
        }
    }

    /// Whether this decision is one of the sampled.
    pub(super) fn samples(&self) -> bool {
        let share = process::random() % u64::from(ShadowOptions::ALWAYS);
        share < u64::from(self.options.rate)
    }

    /// Takes a decision to compare; drops it where too many wait.
    pub(super) fn offer(&self, decided: Decided) {
        let mut waiting = self.waiting();
        let is_full = waiting.queue.len() >= self.options.max_waiting as usize
            || waiting.bytes.saturating_add(decided.bytes()) > MAX_WAITING_BYTES;
        if is_full {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if let Some(metrics) = &self.metrics {
                metrics.shadow_dropped();
            }
            return;
        }
        waiting.bytes += decided.bytes();
        waiting.queue.push_back(decided);
    }

    /// Compares the decision that waits longest; says how, or `None` where none waits. Blocks while the remote is asked.
    pub(super) fn compare_next(&self) -> Option<ShadowOutcome> {
        let decided = process::work(|| {
            let mut waiting = self.waiting();
            let decided = waiting.queue.pop_front()?;
            waiting.bytes = waiting.bytes.saturating_sub(decided.bytes());
            Some(decided)
        })?;
        let outcome = self.compare(&decided);
        self.count(outcome);
        Some(outcome)
    }

    /// A local evaluation failed, and the remote was asked instead.
    pub(super) fn fell_back(&self, id: DecisionId, target: &Target, local: &Error, remote: Result<Option<&[u8]>, &Error>) {
        if local.kind() != ErrorKind::EvaluationError {
            return;
        }
        self.count(match remote {
            Err(error) if error.kind() == ErrorKind::EvaluationError => ShadowOutcome::Equal,
            Err(_) => ShadowOutcome::Failed,
            Ok(_) => {
                let difference =
                    json!({"decision_id": id.to_string(), "local": self.side(Err(local)), "remote": self.side(remote)});
                self.keep(target, difference);
                ShadowOutcome::Differing
            }
        });
    }

    /// How many answers differed.
    pub(super) fn differing(&self) -> u64 {
        self.outcomes.get(ShadowOutcome::Differing as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// What was found so far: outcomes by name, what was dropped and waits, and the last differing answers, the newest first.
    pub(super) fn to_json(&self) -> Value {
        let outcomes: serde_json::Map<String, Value> = ShadowOutcome::ALL
            .iter()
            .zip(&self.outcomes)
            .map(|(outcome, count)| (outcome.label().to_owned(), count.load(Ordering::Relaxed).into()))
            .collect();
        let differences: Vec<Value> = self.lock_differences().iter().rev().cloned().collect();
        json!({
            "rate": f64::from(self.options.rate) / 100.0, "outcomes": outcomes, "dropped": self.dropped.load(Ordering::Relaxed),
            "waiting": self.waiting().queue.len(), "differences": differences,
        })
    }

    fn compare(&self, decided: &Decided) -> ShadowOutcome {
        match self.engine.cacheable(&decided.target, Instant::now()) {
            Ok((_, true)) => {}
            Ok((_, false)) => return ShadowOutcome::Nondeterministic,
            Err(_) => return ShadowOutcome::Failed,
        }
        let context = Context { timeout: Some(TIMEOUT), trace: decided.trace, nobody_waits: true };
        let answer = self.remote.evaluate(&decided.path, decided.input.as_deref(), &context);
        match &answer {
            Ok(answer) if answer.result.as_deref() == decided.result.as_deref() => ShadowOutcome::Equal,
            Err(error) if error.kind() != ErrorKind::EvaluationError => ShadowOutcome::Failed,
            Ok(answer) => self.differs(decided, Ok(answer.result.as_deref()), answer.revision.as_deref()),
            Err(error) => self.differs(decided, Err(error), None),
        }
    }

    fn differs(&self, decided: &Decided, remote: Result<Option<&[u8]>, &Error>, remote_revision: Option<&str>) -> ShadowOutcome {
        let local_revision = self.engine.source_revision();
        let is_other = matches!((remote_revision, &local_revision), (Some(remote), Some(local)) if remote != local);
        // Policies that were replaced since the decision may be those that the remote has by now.
        if is_other || self.engine.revision().ok() != Some(decided.revision) {
            return ShadowOutcome::Revision;
        }
        let input = self.options.keep_inputs.then(|| self.shown("input", decided.input.as_deref().unwrap_or_default()));
        let fails = failing::expressions(&self.engine, &decided.target, decided.input.as_deref());
        let difference = json!({
            "decision_id": decided.id.to_string(), "revision": decided.revision.as_str(), "remote_revision": remote_revision,
            "input": input, "local": self.side(Ok(decided.result.as_deref())), "remote": self.side(remote), "fails": fails,
        });
        process::work(|| self.keep(&decided.target, difference));
        ShadowOutcome::Differing
    }

    /// What one side said: `{"result": …}`, `{"undefined": true}` or `{"error": OPA's code}`. An error's text may quote the input.
    fn side(&self, answer: Result<Option<&[u8]>, &Error>) -> Value {
        match answer {
            Ok(Some(result)) => json!({"result": self.shown("result", result)}),
            Ok(None) => json!({"undefined": true}),
            Err(error) => json!({"error": error.code().unwrap_or("eval_internal_error")}),
        }
    }

    /// An input or a result without the masked places; null for one that is too large to be kept.
    fn shown(&self, part: &str, text: &[u8]) -> Value {
        if text.len() > MAX_KEPT_BYTES {
            return Value::Null;
        }
        let mut event = json!({part: serde_json::from_slice::<Value>(text).unwrap_or_default()});
        self.mask.load().erase(&mut event);
        event.get_mut(part).map(Value::take).unwrap_or_default()
    }

    fn keep(&self, target: &Target, mut difference: Value) {
        let policy = target.to_string();
        let fields = json!({"policy": policy, "decision_id": difference.get("decision_id")});
        if let Some(entries) = difference.as_object_mut() {
            entries.insert("when".into(), Timestamp::now().to_string().into());
            entries.insert("policy".into(), policy.as_str().into());
        }
        let mut differences = self.lock_differences();
        if differences.len() == MAX_DIFFERENCES {
            differences.pop_front();
        }
        differences.push_back(difference);
        drop(differences);
        let message = format!("the local answer of {policy} differs from the remote's");
        self.events.push(Event::new(Level::Warning, "shadow_differs", message, fields));
    }

    fn count(&self, outcome: ShadowOutcome) {
        if let Some(count) = self.outcomes.get(outcome as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(metrics) = &self.metrics {
            metrics.shadow_compared(outcome);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics under the lock; and a queue of decisions is whole after any step.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.generation != process::generation() {
            *waiting = Waiting { generation: process::generation(), ..Waiting::default() };
        }
        waiting
    }

    fn lock_differences(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
