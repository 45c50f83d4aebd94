//! The thread that follows a source: when it is asked, and what becomes of the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::origin::Origin;
use super::state::{Moment, State, outside_call_json};
use super::{Brought, Fetched, Progress};
use crate::companion::Companion;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Level;
use crate::metrics::SourceOutcome;
use crate::policy::{Activated, Engine};
use crate::process;
use crate::rego::{COMPILER_STACK, has_deep_stack};

/// The first pause after a failure (OPA's `minRetryDelay`).
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The thread of one source.
#[derive(Default)]
pub(super) struct Follower {
    thread: Companion,
    state: OnceLock<Weak<State>>,
}

impl Follower {
    /// Starts the thread unless this process generation has it.
    pub(super) fn start(&self, state: &Arc<State>, origin: Option<Origin>) {
        let weak = self.state.get_or_init(|| Arc::downgrade(state)).clone();
        if !self.thread.is_started() {
            self.start_thread(&weak, origin);
        }
    }

    /// The same in a forked child.
    pub(super) fn revive(&self) {
        if let (Some(weak), false) = (self.state.get(), self.thread.is_started()) {
            self.start_thread(weak, None);
        }
    }

    fn start_thread(&self, weak: &Weak<State>, origin: Option<Origin>) {
        let (weak, generation) = (weak.clone(), process::generation());
        let state = weak.upgrade();
        let started = self.thread.start("sark-source", COMPILER_STACK, move || run(&weak, origin, generation));
        if let (Err(error), Some(state)) = (started, state) {
            let problem = format!("no thread can be made to follow the source: {error}");
            failed(&state, &Error::new(ErrorKind::Unavailable, problem), SourceOutcome::Unreachable);
        }
    }

    pub(super) fn wake(&self) {
        self.thread.wake();
    }
}

/// What the thread remembers from one round to the next.
struct Rounds {
    origin: Option<Origin>,
    failures: u32,
    /// Whether it was said that the source cannot be read, or is too old.
    is_away: bool,
    is_stale: bool,
    /// The text of the last refusal, which is said once.
    refused: Option<String>,
}

/// Ends once the source is over, nobody has its engine, or the process is another.
fn run(weak: &Weak<State>, origin: Option<Origin>, generation: u64) {
    has_deep_stack();
    let mut rounds = Rounds { origin, failures: 0, is_away: false, is_stale: false, refused: None };
    let mut is_first = true;
    loop {
        let Some(state) = weak.upgrade() else { return };
        let Some(engine) = state.engine.upgrade().filter(|_| !state.is_over() && process::generation() == generation) else {
            return;
        };
        state.triggered.store(false, Ordering::Release);
        let round = catch_unwind(AssertUnwindSafe(|| rounds.next(&state, &engine, std::mem::take(&mut is_first))));
        let pause = round.unwrap_or_else(|_| {
            let defect =
                Error::new(ErrorKind::InternalError, "a defect in sark was caught; please report it with what the source has");
            failed(&state, &defect, SourceOutcome::Refused);
            MAX_PAUSE
        });
        drop(engine);
        // Waiting keeps neither the engine nor the source alive.
        let due = Instant::now() + pause;
        drop(state);
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            let Some(state) = weak.upgrade() else { return };
            if state.is_over() || state.triggered.load(Ordering::Acquire) || state.engine.strong_count() == 0 {
                break;
            }
            drop(state);
            thread::park_timeout(left.min(LOOK_FOR_THE_END));
        }
    }
}

const MAX_PAUSE: Duration = Duration::from_secs(30);
/// An engine that is gone without a word is noticed so soon.
const LOOK_FOR_THE_END: Duration = Duration::from_secs(5);

impl Rounds {
    /// Asks once, and says how long to wait.
    fn next(&mut self, state: &Arc<State>, engine: &Arc<Engine>, is_first: bool) -> Duration {
        let mut origin = match self.origin.take().map_or_else(|| state.origin(engine), Ok) {
            Ok(origin) => origin,
            Err(error) => {
                failed(state, &error, SourceOutcome::Unreachable);
                return MAX_PAUSE;
            }
        };
        if is_first && !state.status().is_ready() {
            begin_with_kept(state, engine, &mut origin);
        }
        let before = state.status().activations;
        let pause = self.ask(state, engine, &mut origin);
        // Now that what was read and what was replaced are gone.
        if state.status().activations > before {
            (state.give_back)();
        }
        self.tell_stale(state);
        self.origin = Some(origin);
        // What becomes too old meanwhile is said when it does.
        let stale = state.stale_from().filter(|_| !self.is_stale).map(|from| from.saturating_duration_since(Instant::now()));
        stale.map_or(pause, |stale| pause.min(stale + Duration::from_millis(1)))
    }

    fn ask(&mut self, state: &Arc<State>, engine: &Arc<Engine>, origin: &mut Origin) -> Duration {
        let delays = origin.delays(&state.config);
        let start = Instant::now();
        let fetched = origin.fetch();
        state.update(|status| {
            status.last_attempt = Some(Moment::now());
            // What is changing was not looked at yet: whoever waits for the first answer goes on waiting.
            status.attempts += u64::from(!matches!(fetched, Ok(Fetched::Settling | Fetched::New(..))));
        });
        let outcome = match fetched {
            Ok(Fetched::Settling) => return origin.settling(),
            Ok(Fetched::Refused) => return random_between(delays),
            Ok(Fetched::Same) => {
                state.update(|status| {
                    (status.confirmed, status.problem, status.is_kept) = (Some(Moment::now()), None, false);
                });
                Ok(())
            }
            Ok(Fetched::New(brought, bytes)) => self.bring(state, engine, origin, &brought, bytes, start),
            Err(error) => {
                let is_away = error.kind() == ErrorKind::Unavailable;
                self.tell_failure(state, &error, is_away);
                Err(())
            }
        };
        match outcome {
            Ok(()) => {
                self.failures = 0;
                self.tell_return(state);
                if origin.progress() == Progress::AskAgain { Duration::ZERO } else { random_between(delays) }
            }
            Err(()) => {
                let pause = backoff(self.failures, delays.1);
                self.failures = self.failures.saturating_add(1);
                pause
            }
        }
    }

    /// Puts what was brought in force, or says why not.
    fn bring(
        &mut self,
        state: &Arc<State>,
        engine: &Arc<Engine>,
        origin: &mut Origin,
        brought: &Brought,
        bytes: u64,
        start: Instant,
    ) -> std::result::Result<(), ()> {
        match activate(state, engine, brought) {
            Ok(activated) => {
                in_force(state, brought, &activated, bytes, Moment::now(), start);
                self.refused = None;
                if let Err(error) = origin.accepted() {
                    state.happened(Level::Warning, "not_kept", error.to_string(), json!({}));
                }
                Ok(())
            }
            Err(error) => {
                origin.refused(&error);
                self.tell_failure(state, &error, false);
                Err(())
            }
        }
    }

    fn tell_failure(&mut self, state: &State, error: &Error, is_away: bool) {
        failed(state, error, if is_away { SourceOutcome::Unreachable } else { SourceOutcome::Refused });
        let name = state.source_name();
        let fields = serde_json::from_str::<Value>(&error.to_json()).unwrap_or_default();
        if is_away {
            if !std::mem::replace(&mut self.is_away, true) {
                state.happened(Level::Warning, "unreachable", format!("the source {name} cannot be read: {error}"), fields);
            }
            return;
        }
        self.is_away = false;
        if self.refused.as_deref() != Some(error.message()) {
            self.refused = Some(error.message().to_owned());
            let message = format!("what the source {name} has is refused, and the last good state stays: {error}");
            state.happened(Level::Error, "refused", message, fields);
        }
    }

    fn tell_return(&mut self, state: &State) {
        self.refused = None;
        if std::mem::replace(&mut self.is_away, false) {
            state.happened(Level::Info, "reachable", format!("the source {} can be read again", state.source_name()), json!({}));
        }
    }

    fn tell_stale(&mut self, state: &State) {
        let is_stale = state.stale_from().is_some_and(|from| from <= Instant::now());
        if is_stale && !self.is_stale {
            let action = state.config.when_stale.name();
            let message = format!("the source {} is older than max_staleness_seconds: {action}", state.source_name());
            state.happened(Level::Warning, "stale", message, json!({"when_stale": action}));
        }
        self.is_stale = is_stale;
    }
}

fn activate(state: &State, engine: &Engine, brought: &Brought) -> Result<Activated> {
    match brought {
        Brought::Whole(content) => engine.activate(state.source_name(), content),
        Brought::Delta(delta) => engine.activate_delta(state.source_name(), delta),
    }
}

/// What a process of before kept on disk holds until the source answers. Where it does not, that is what there is.
fn begin_with_kept(state: &State, engine: &Engine, origin: &mut Origin) {
    let start = Instant::now();
    let kept = origin.kept().and_then(|kept| match kept {
        Some((brought, when)) => activate(state, engine, &brought).map(|activated| Some((brought, activated, when))),
        None => Ok(None),
    });
    match kept {
        Ok(None) => {}
        Ok(Some((brought, activated, when))) => {
            in_force(state, &brought, &activated, 0, Moment::of(when), start);
            state.update(|status| status.is_kept = true);
            // It is on disk already: keeping it again cannot fail, since it is not done.
            let _ = origin.accepted();
        }
        Err(error) => {
            failed(state, &error, SourceOutcome::Refused);
            let message = format!("the bundle that was kept of the source {} is refused: {error}", state.source_name());
            state.happened(Level::Error, "refused", message, json!({"kept": true}));
        }
    }
}

fn in_force(state: &State, brought: &Brought, activated: &Activated, bytes: u64, confirmed: Moment, start: Instant) {
    let (revision, policies, is_delta) = match brought {
        Brought::Whole(content) => (&content.revision, Some(content.modules.len()), false),
        Brought::Delta(delta) => (&delta.revision, None, true),
    };
    state.update(|status| {
        status.attempts += 1;
        status.activations += 1;
        (status.activated, status.confirmed) = (Some(Moment::now()), Some(confirmed));
        (status.problem, status.is_kept, status.is_delta, status.bytes) = (None, false, is_delta, bytes);
        status.revision.clone_from(revision);
        status.engine_revision = activated.revision.as_str().to_owned();
        status.policies = policies.unwrap_or(status.policies);
        status.outside_calls.clone_from(&activated.outside_calls);
    });
    if let Some(metrics) = state.metrics() {
        metrics.source_tried(state.source_name(), SourceOutcome::Activated);
    }
    let outside_calls: Vec<Value> = activated.outside_calls.iter().map(outside_call_json).collect();
    let named = if revision.is_empty() { String::new() } else { format!(" at {revision}") };
    let message = format!("the source {}{named} is in force", state.source_name());
    let status = state.status();
    let fields = json!({
        "revision": revision, "engine_revision": activated.revision.as_str(), "type": if is_delta { "delta" } else { "snapshot" },
        "policies": status.policies, "bytes": bytes, "outside_calls": outside_calls, "seconds": start.elapsed().as_secs_f64(),
    });
    let level = if activated.outside_calls.is_empty() { Level::Info } else { Level::Warning };
    state.happened(level, "activated", message, fields);
}

fn failed(state: &State, error: &Error, outcome: SourceOutcome) {
    state.update(|status| {
        status.attempts += u64::from(status.attempts == 0);
        status.problem = Some(error.clone());
    });
    if let Some(metrics) = state.metrics() {
        metrics.source_tried(state.source_name(), outcome);
    }
}

/// A delay that instances which began together do not share.
fn random_between((min, max): (Duration, Duration)) -> Duration {
    min + max.saturating_sub(min).mul_f64(fraction())
}

/// OPA's (`v1/util/backoff.go`, which is gRPC's): none the first time, then from 100 ms on by the factor 1.6, up to `max`, give or take a fifth.
fn backoff(failures: u32, max: Duration) -> Duration {
    if failures == 0 {
        return Duration::ZERO;
    }
    let grown = FIRST_PAUSE.as_secs_f64() * 1.6_f64.powi(i32::try_from(failures).unwrap_or(i32::MAX));
    let bounded = grown.min(max.as_secs_f64());
    Duration::from_secs_f64(bounded * (1.0 + 0.2 * (fraction() * 2.0 - 1.0)))
}

/// From 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are as many as there are")]
fn fraction() -> f64 {
    (process::random() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::{backoff, random_between};
    use std::time::Duration;

    #[test]
    fn pauses_grow_to_their_bound_and_are_not_alike() {
        let max = Duration::from_secs(60);
        assert_eq!(backoff(0, max), Duration::ZERO);
        for failures in 1..2000 {
            let pause = backoff(failures, max);
            assert!(pause >= Duration::from_millis(128) && pause <= Duration::from_secs(72), "{failures}: {pause:?}");
        }
        let pause = random_between((Duration::from_secs(1), Duration::from_secs(2)));
        assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(2));
    }
}
