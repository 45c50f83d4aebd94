//! One decision: the dial, the cache, the local engine, and the remote OPA where the dial or an error says so.
//!
//! The order and the error table are those of `docs/decisions.md`, "One decision". No path through here turns an error into an allow.

mod allowed;
mod background;
mod decision;
mod failing;
mod guard;
mod key;
mod log;
mod options;
mod replay;
mod request;
mod shadow;
mod slot;
mod ticket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde_json::{Value, json};

pub use decision::{Decision, DecisionId, Fallback, Phases};
pub use guard::GuardOptions;
pub use options::{ClientOptions, ClientParts, Mode};
pub use shadow::ShadowOptions;
pub use ticket::{Begun, Ticket};

use crate::cache::Cache;
use crate::decision_log::DecisionLog;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Events, Level};
use crate::flags::Flags;
use crate::mask::Mask;
use crate::metrics::{FeatureMetrics, Implementation, Metrics};
use crate::opa::{Answer, BreakerStatus, Opa, TraceParent};
use crate::policy::{Engine, EvaluateOptions, Revision, Target};
use crate::rego::{Outcome, Path};
use background::Background;
use guard::Guard;
use request::{Asking, Next, Place, Request, Why};
use shadow::{Decided, Shadow};
use slot::Slot;

/// What goes with one question besides policy, input and user.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecideOptions {
    /// `None`: the client's own. `Some(None)`: no bound.
    pub timeout: Option<Option<Duration>>,
    /// The trace that the remote's spans belong to.
    pub trace: Option<TraceParent>,
}

/// Decides for a gateway. Usable from many threads at once.
pub struct Client {
    engine: Arc<Engine>,
    cache: Option<Arc<Cache>>,
    dial: Option<Dial>,
    remote: Option<Arc<Opa>>,
    options: ClientOptions,
    fallbacks: Arc<AtomicU32>,
    closed: AtomicBool,
    metrics: Option<Arc<Metrics>>,
    mask: Arc<ArcSwap<Mask>>,
    events: Arc<Events>,
    background: Background,
    log: Option<Arc<DecisionLog>>,
}

/// The dial of one feature.
struct Dial {
    flags: Arc<Flags>,
    feature: String,
    counters: Option<FeatureMetrics>,
}

/// The side that is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Local,
    Remote,
    /// And the local engine where the remote is away.
    RemoteFirst,
}

impl Client {
    /// The feature of the seed's gateways.
    pub const DEFAULT_FEATURE: &'static str = "rust_opa";

    /// A client of these parts.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a malformed URL, and for an option without the part that it is about: a dial needs two sides.
    pub fn new(parts: ClientParts, options: ClientOptions) -> Result<Self> {
        options::check(&parts, &options)?;
        let ClientParts { engine, cache, flags, opa_url, feature, metrics, decision_log: log } = parts;
        let remote = opa_url.map(|url| Opa::new(&url, options.max_answer_bytes, metrics.clone())).transpose()?.map(Arc::new);
        let (mask, events) = (Arc::<ArcSwap<Mask>>::default(), Arc::<Events>::default());
        let shadow = remote.as_ref().filter(|_| options.shadow.rate > 0).map(|remote| {
            let parts = (Arc::clone(&engine), Arc::clone(remote), Arc::clone(&mask), Arc::clone(&events));
            Shadow::new(options.shadow, parts, metrics.clone())
        });
        let guard = flags
            .as_ref()
            .filter(|_| options.guard.is_on())
            .map(|flags| Guard::new(options.guard, Arc::clone(flags), feature.clone(), remote.clone(), Arc::clone(&events)));
        let dial = flags.map(|flags| Dial { flags, counters: metrics.as_ref().map(|m| m.feature(&feature)), feature });
        let background = Background::new(shadow, guard);
        let (fallbacks, closed) = (Arc::default(), AtomicBool::new(false));
        Ok(Self { engine, cache, dial, remote, options, fallbacks, closed, metrics, mask, events, background, log })
    }

    /// Ends the client; later calls answer `CLOSED`. Its engine, cache and flags go on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.background.stop();
        self.events.wake();
    }

    /// How the breaker before the remote OPA is; `None` without a remote.
    pub fn breaker(&self) -> Option<BreakerStatus> {
        self.remote.as_ref().map(|remote| remote.breaker())
    }

    /// What is left out of whatever is kept of inputs and results from now on.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn set_mask(&self, mask: Mask) -> Result<()> {
        self.check_open()?;
        self.mask.store(Arc::new(mask));
        Ok(())
    }

    /// What shadow found, as [`Client::status`] has it; `None` where it is off.
    pub fn shadow(&self) -> Option<Value> {
        self.background.shadow().map(Shadow::to_json)
    }

    /// How many local answers differed from the remote's; `None` where nothing is compared.
    pub fn differing(&self) -> Option<u64> {
        self.background.shadow().map(Shadow::differing)
    }

    /// `{"breaker", "shadow", "guard", "fallbacks"}`: null where there is none; `fallbacks` are those under way.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn status(&self) -> Result<Value> {
        self.check_open()?;
        Ok(json!({
            "breaker": self.breaker().map(|breaker| breaker.to_json()),
            "shadow": self.shadow(),
            "guard": self.background.guard().map(Guard::to_json),
            "fallbacks": self.fallbacks.load(Ordering::Relaxed),
        }))
    }

    /// The next thing that happened, for a logger; `None` where nothing did within `timeout`.
    ///
    /// # Errors
    /// `CLOSED`, also for one who waits.
    pub fn next_event(&self, timeout: Duration) -> Result<Option<Event>> {
        self.check_open()?;
        let event = self.events.next(timeout, || self.closed.load(Ordering::Acquire));
        self.check_open().map(|()| event)
    }

    /// Decides `policy` (a name, or a path that starts with `data.`) for `input`, JSON, and `user`, any bytes.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND` for a name that nobody knows; otherwise the error of the side that was chosen, where the other could not
    /// answer either.
    pub fn decide(&self, policy: &str, input: Option<&[u8]>, user: &[u8], options: &DecideOptions) -> Result<Decision> {
        self.check_open()?;
        let request = Request::new(policy, input, options, self.options.timeout)?;
        let decided = self.answer(&request, user);
        self.done(&request, decided)
    }

    fn answer(&self, request: &Request<'_>, user: &[u8]) -> Result<Decision> {
        let (side, phases) = self.side_of(request, user)?;
        let next = self.next_of(request, side, phases)?;
        self.carry_out(request, next)
    }

    /// The side that is asked first, and the time that it took to say so.
    fn side_of(&self, request: &Request<'_>, user: &[u8]) -> Result<(Side, Phases)> {
        let (mut phases, side) = (Phases::default(), self.side(user)?);
        if self.dial.is_some() {
            phases.flag = request.lap();
        }
        Ok((side, phases))
    }

    fn next_of(&self, request: &Request<'_>, side: Side, phases: Phases) -> Result<Next> {
        match side {
            Side::Local => self.decide_locally(request, phases),
            Side::Remote => Ok(Next::Ask(Asking { why: Why::Chosen, phases, timeout: request.remaining() })),
            Side::RemoteFirst => {
                let timeout = request.remaining().map(|left| left / 2);
                Ok(Next::Ask(Asking { why: Why::First, phases, timeout }))
            }
        }
    }

    fn carry_out(&self, request: &Request<'_>, next: Next) -> Result<Decision> {
        match next {
            Next::Decided(decision) => Ok(decision),
            Next::Ask(asking) => {
                let path = self.remote_path(&request.target)?;
                let start = Instant::now();
                let answer = self.remote()?.evaluate(&path, request.input, &request.context(asking.timeout));
                self.finish(request, asking, answer, start)
            }
        }
    }

    /// What comes after each question, however it was decided.
    fn done(&self, request: &Request<'_>, mut decided: Result<Decision>) -> Result<Decision> {
        if let Ok(decision) = &mut decided {
            decision.phases.total = request.clock.get().saturating_duration_since(request.start);
            self.compare(request, decision);
        }
        if let Some(log) = &self.log {
            self.log(log, request, &decided);
        }
        decided
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("client")) } else { Ok(()) }
    }

    fn side(&self, user: &[u8]) -> Result<Side> {
        match (self.options.mode, &self.dial) {
            (Mode::Dial, None) | (Mode::Local, _) => Ok(Side::Local),
            (Mode::Remote, _) => Ok(Side::Remote),
            (Mode::RemoteFirst, _) => Ok(Side::RemoteFirst),
            (Mode::Dial, Some(dial)) => dial.side(user),
        }
    }

    /// Has a local decision compared with the remote's, where it is one of the sampled.
    fn compare(&self, request: &Request<'_>, decision: &Decision) {
        let is_local = decision.implementation == Implementation::Rust && decision.fallback.is_none();
        if is_local && self.background.shadow().is_some_and(Shadow::samples) {
            let Ok(path) = self.remote_path(&request.target) else { return };
            self.background.compare(Decided {
                id: decision.id,
                target: request.target.clone(),
                path,
                input: request.input.map(Into::into),
                result: decision.result.as_deref().map(Into::into),
                revision: decision.revision,
                trace: request.trace,
            });
        }
    }

    fn decide_locally(&self, request: &Request<'_>, mut phases: Phases) -> Result<Next> {
        let decided = self.ask_cache_and_engine(request, self.local_timeout(request), false, &mut phases);
        self.after_local(request, decided, phases)
    }

    /// A fallback that has no time left is none.
    fn local_timeout(&self, request: &Request<'_>) -> Option<Duration> {
        request.timeout.map(|timeout| if self.falls_back() { timeout / 2 } else { timeout })
    }

    fn after_local(&self, request: &Request<'_>, decided: Result<Decision>, phases: Phases) -> Result<Next> {
        if let Some(guard) = self.background.guard() {
            // An engine that waits for its sources is no fault of the local path's.
            let is_failure = |reason| reason != Fallback::Unavailable;
            let is_failure = decided.as_ref().is_err_and(|error| Fallback::of(error.kind()).is_some_and(is_failure));
            self.background.look_after(guard, request.start, is_failure);
        }
        match decided {
            Ok(decision) => Ok(Next::Decided(decision)),
            Err(error) => self.fall_back(request, error, phases).map(Next::Ask),
        }
    }

    /// The local engine's answer, remembered or new.
    fn ask_cache_and_engine(
        &self,
        request: &Request<'_>,
        timeout: Option<Duration>,
        is_trial: bool,
        phases: &mut Phases,
    ) -> Result<Decision> {
        let slot = self.cache_slot(request)?;
        if let Some(slot) = &slot {
            let found = slot.get()?;
            phases.cache = request.lap();
            if let Some(result) = found {
                return Ok(Decision { cached: true, ..Decision::local(request.id, result, slot.revision, *phases) });
            }
        }
        let (result, revision) = self.evaluate(request, timeout, is_trial, phases)?;
        if let Some(slot) = &slot {
            slot.set(result.as_deref(), revision, self.options.cache_ttl);
        }
        Ok(Decision::local(request.id, result, revision, *phases))
    }

    fn evaluate(
        &self,
        request: &Request<'_>,
        timeout: Option<Duration>,
        is_trial: bool,
        phases: &mut Phases,
    ) -> Result<(Option<Vec<u8>>, Revision)> {
        let mut result = Vec::new();
        let timeout = [timeout, self.engine.options().timeout].into_iter().flatten().min();
        let options = EvaluateOptions {
            timeout: Some(timeout),
            is_trial,
            start: Some(request.clock.get()),
            elsewhere: self.falls_back(),
            ..EvaluateOptions::default()
        };
        let evaluation = self.engine.evaluate(&request.target, request.input, &options, &mut result)?;
        (phases.read, phases.evaluate) = (evaluation.read, evaluation.evaluate);
        request.advance(evaluation.read.saturating_add(evaluation.evaluate));
        Ok(((evaluation.outcome == Outcome::Defined).then_some(result), evaluation.revision))
    }

    /// Whether the remote may answer where the local engine fails.
    fn falls_back(&self) -> bool {
        self.remote.is_some() && self.options.mode == Mode::Dial
    }

    /// The place in the cache for this question; `None` where there is no cache or the answer could change by itself.
    fn cache_slot(&self, request: &Request<'_>) -> Result<Option<Slot<'_>>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let (revision, cacheable) = self.engine.cacheable(&request.target, request.clock.get())?;
        Ok(cacheable.then(|| Slot::new(cache, revision, request.policy, request.input)))
    }

    /// The error table: what the remote may answer instead.
    fn fall_back(&self, request: &Request<'_>, error: Error, phases: Phases) -> Result<Asking> {
        let Some(reason) = Fallback::of(error.kind()).filter(|_| self.falls_back()) else { return Err(error) };
        if reason == Fallback::Unavailable && !self.engine.lets_remote_decide() {
            return Err(error);
        }
        let Some(place) = Place::take(&self.fallbacks, self.options.max_concurrent_fallbacks) else { return Err(error) };
        if let Some(metrics) = &self.metrics {
            metrics.fell_back();
        }
        self.tell_fallback(request, reason, &error);
        Ok(Asking { why: Why::Fallback { reason, error, _place: place }, phases, timeout: request.remaining() })
    }

    /// An error's text may quote the input: its code says enough for a log.
    fn tell_fallback(&self, request: &Request<'_>, reason: Fallback, error: &Error) {
        let policy = request.target.to_string();
        let message = match reason {
            Fallback::Unavailable if self.options.mode == Mode::RemoteFirst => {
                format!("{policy} was decided here: the remote OPA is away")
            }
            Fallback::Unavailable => format!("{policy} fell back to the remote OPA: {error}"),
            _ => format!("{policy} fell back to the remote OPA: {}", reason.name()),
        };
        let fields =
            json!({"policy": policy, "fallback": reason.name(), "code": error.code(), "decision_id": request.id.to_string()});
        self.events.push(Event::new(Level::Warning, "fallback", message, fields));
    }

    fn remote(&self) -> Result<&Opa> {
        let missing = || Error::new(ErrorKind::Unavailable, "there is no remote OPA to ask; give the client its URL");
        self.remote.as_deref().ok_or_else(missing)
    }

    /// Makes a decision of what the remote, asked at `start`, answered.
    fn finish(&self, request: &Request<'_>, asking: Asking, answer: Result<Answer>, start: Instant) -> Result<Decision> {
        let Asking { why, mut phases, .. } = asking;
        request.lap();
        phases.remote = request.clock.get().saturating_duration_since(start);
        let decided = answer.map(|answer| self.decided_remotely(request, answer, phases));
        match why {
            Why::Chosen => decided,
            Why::First => self.or_local(request, decided, phases),
            // The remote's failure gives back the local error: it is the one to mend.
            Why::Fallback { reason, error, .. } => {
                if let Some(shadow) = self.background.shadow().filter(|shadow| shadow.samples()) {
                    let answer = decided.as_ref().map(|decision| decision.result.as_deref());
                    shadow.fell_back(request.id, &request.target, &error, answer);
                }
                decided.map(|decision| Decision { fallback: Some(reason), ..decision }).map_err(|_| error)
            }
        }
    }

    fn decided_remotely(&self, request: &Request<'_>, answer: Answer, phases: Phases) -> Decision {
        if let Some(metrics) = &self.metrics {
            metrics.evaluated(Implementation::Http, phases.remote);
        }
        let decision = Decision::new(request.id, answer.result, Implementation::Http, phases);
        Decision { remote_revision: answer.revision, ..decision }
    }

    /// The local engine answers where the remote is away. What OPA itself says, errors included, is an answer.
    fn or_local(&self, request: &Request<'_>, decided: Result<Decision>, mut phases: Phases) -> Result<Decision> {
        let error = match decided {
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::LimitExceeded) => error,
            decided => return decided,
        };
        if let Some(metrics) = &self.metrics {
            metrics.fell_back_from_remote();
        }
        self.tell_fallback(request, Fallback::Unavailable, &error);
        let decided = self.ask_cache_and_engine(request, request.remaining(), false, &mut phases);
        decided.map(|decision| Decision { fallback: Some(Fallback::Unavailable), ..decision }).map_err(|_| error)
    }

    /// The document that both sides mean: the package of the loaded policy, or `data.<name>` for one that is not loaded here.
    fn remote_path(&self, target: &Target) -> Result<Path> {
        match target {
            Target::Path(path) => Ok(path.clone()),
            Target::Name(name) => {
                let by_name = || Path::new(name.split('.').map(str::to_owned).collect());
                Ok(self.engine.package(name)?.unwrap_or_else(by_name))
            }
        }
    }
}

impl Dial {
    fn side(&self, user: &[u8]) -> Result<Side> {
        let is_local = self.flags.is_enabled(&self.feature, user)?;
        if let Some(counters) = &self.counters {
            counters.assigned(if is_local { Implementation::Rust } else { Implementation::Http });
            if user.is_empty() {
                counters.user_missing();
            }
        }
        Ok(if is_local { Side::Local } else { Side::Remote })
    }
}
