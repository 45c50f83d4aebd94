//! One decision: the dial, the cache, the local engine, and the remote OPA where the dial or an error says so.
//!
//! The order and the error table are those of `docs/decisions.md`, "One decision". No path through here turns an error into an allow.

mod allowed;
mod background;
mod decision;
mod guard;
mod key;
mod mask;
mod options;
mod shadow;
mod slot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde_json::{Value, json};

pub use decision::{Decision, DecisionId, Fallback, Phases};
pub use guard::GuardOptions;
pub use mask::Mask;
pub use options::{ClientOptions, ClientParts, Mode};
pub use shadow::ShadowOptions;

use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Events, Level};
use crate::flags::Flags;
use crate::metrics::{FeatureMetrics, Implementation, Metrics};
use crate::opa::{BreakerStatus, Context, Opa, TraceParent};
use crate::policy::{Engine, EvaluateOptions, Revision, Target};
use crate::rego::{Outcome, Path};
use background::Background;
use guard::Guard;
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
    fallbacks: AtomicU32,
    closed: AtomicBool,
    metrics: Option<Arc<Metrics>>,
    mask: Arc<ArcSwap<Mask>>,
    events: Arc<Events>,
    background: Background,
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
        let ClientParts { engine, cache, flags, opa_url, feature, metrics } = parts;
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
        let (fallbacks, closed) = (AtomicU32::new(0), AtomicBool::new(false));
        Ok(Self { engine, cache, dial, remote, options, fallbacks, closed, metrics, mask, events, background })
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
        let start = Instant::now();
        let request = Request {
            id: DecisionId::new(),
            policy,
            target: Target::parse(policy)?,
            input,
            start,
            timeout: options.timeout.unwrap_or(self.options.timeout),
            trace: options.trace,
        };
        let mut phases = Phases::default();
        let side = self.side(user)?;
        if self.dial.is_some() {
            phases.flag = start.elapsed();
        }
        let mut decision = match side {
            Side::Local => self.decide_locally(&request, phases),
            Side::Remote => self.decide_remotely(&request, request.remaining(), phases),
            Side::RemoteFirst => self.decide_remotely_first(&request, phases),
        }?;
        decision.phases.total = start.elapsed();
        self.compare(&request, &decision);
        Ok(decision)
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

    fn decide_locally(&self, request: &Request<'_>, mut phases: Phases) -> Result<Decision> {
        // A fallback that has no time left is none.
        let timeout = request.timeout.map(|timeout| if self.falls_back() { timeout / 2 } else { timeout });
        let decided = self.ask_cache_and_engine(request, timeout, &mut phases);
        if let Some(guard) = self.background.guard() {
            let is_failure = decided.as_ref().is_err_and(|error| Fallback::of(error.kind()).is_some());
            self.background.look_after(guard, request.start, is_failure);
        }
        decided.or_else(|error| self.fall_back(request, error, phases))
    }

    /// The local engine's answer, remembered or new.
    fn ask_cache_and_engine(&self, request: &Request<'_>, timeout: Option<Duration>, phases: &mut Phases) -> Result<Decision> {
        let slot = self.cache_slot(request)?;
        if let Some(slot) = &slot {
            let looking = Instant::now();
            let found = slot.get()?;
            phases.cache = looking.elapsed();
            if let Some(result) = found {
                return Ok(Decision { cached: true, ..Decision::local(request.id, result, slot.revision, *phases) });
            }
        }
        let (result, revision) = self.evaluate(request, timeout, phases)?;
        if let Some(slot) = &slot {
            slot.set(result.as_deref(), revision, self.options.cache_ttl);
        }
        Ok(Decision::local(request.id, result, revision, *phases))
    }

    fn evaluate(
        &self,
        request: &Request<'_>,
        timeout: Option<Duration>,
        phases: &mut Phases,
    ) -> Result<(Option<Vec<u8>>, Revision)> {
        let mut result = Vec::new();
        let timeout = [timeout, self.engine.options().timeout].into_iter().flatten().min();
        let options = EvaluateOptions { timeout: Some(timeout), ..EvaluateOptions::default() };
        let evaluation = self.engine.evaluate(&request.target, request.input, &options, &mut result)?;
        (phases.read, phases.evaluate) = (evaluation.read, evaluation.evaluate);
        Ok(((evaluation.outcome == Outcome::Defined).then_some(result), evaluation.revision))
    }

    /// Whether the remote may answer where the local engine fails.
    fn falls_back(&self) -> bool {
        self.remote.is_some() && self.options.mode == Mode::Dial
    }

    /// The place in the cache for this question; `None` where there is no cache or the answer could change by itself.
    fn cache_slot(&self, request: &Request<'_>) -> Result<Option<Slot<'_>>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let (revision, cacheable) = self.engine.cacheable(&request.target)?;
        Ok(cacheable.then(|| Slot::new(cache, revision, request.policy, request.input)))
    }

    /// The error table. The remote's failure gives back the local error: it is the one to mend.
    fn fall_back(&self, request: &Request<'_>, error: Error, phases: Phases) -> Result<Decision> {
        let Some(reason) = Fallback::of(error.kind()).filter(|_| self.falls_back()) else { return Err(error) };
        let Some(_place) = Place::take(&self.fallbacks, self.options.max_concurrent_fallbacks) else { return Err(error) };
        if let Some(metrics) = &self.metrics {
            metrics.fell_back();
        }
        self.tell_fallback(request, reason, &error);
        let decided = self.decide_remotely(request, request.remaining(), phases);
        if let Some(shadow) = self.background.shadow().filter(|shadow| shadow.samples()) {
            let answer = decided.as_ref().map(|decision| decision.result.as_deref());
            shadow.fell_back(request.id, &request.target, &error, answer);
        }
        decided.map(|decision| Decision { fallback: Some(reason), ..decision }).map_err(|_| error)
    }

    /// An error's text may quote the input: its code says enough for a log.
    fn tell_fallback(&self, request: &Request<'_>, reason: Fallback, error: &Error) {
        let policy = request.target.to_string();
        let message = match reason {
            Fallback::Unavailable => format!("{policy} was decided here: the remote OPA is away"),
            _ => format!("{policy} fell back to the remote OPA: {}", reason.name()),
        };
        let fields =
            json!({"policy": policy, "fallback": reason.name(), "code": error.code(), "decision_id": request.id.to_string()});
        self.events.push(Event::new(Level::Warning, "fallback", message, fields));
    }

    fn decide_remotely(&self, request: &Request<'_>, timeout: Option<Duration>, mut phases: Phases) -> Result<Decision> {
        let Some(remote) = &self.remote else {
            return Err(Error::new(ErrorKind::Unavailable, "there is no remote OPA to ask; give the client its URL"));
        };
        let path = self.remote_path(&request.target)?;
        let start = Instant::now();
        let answer = remote.evaluate(&path, request.input, &Context { timeout, trace: request.trace, nobody_waits: false });
        phases.remote = start.elapsed();
        let answer = answer?;
        if let Some(metrics) = &self.metrics {
            metrics.evaluated(Implementation::Http, phases.remote);
        }
        Ok(Decision::new(request.id, answer.result, Implementation::Http, phases))
    }

    /// The remote gets half of the time, and the local engine answers where it is away. What OPA itself says, errors included, is an answer.
    fn decide_remotely_first(&self, request: &Request<'_>, mut phases: Phases) -> Result<Decision> {
        let start = Instant::now();
        let error = match self.decide_remotely(request, request.remaining().map(|left| left / 2), phases) {
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::LimitExceeded) => error,
            answer => return answer,
        };
        phases.remote = start.elapsed();
        if let Some(metrics) = &self.metrics {
            metrics.fell_back_from_remote();
        }
        self.tell_fallback(request, Fallback::Unavailable, &error);
        let decided = self.ask_cache_and_engine(request, request.remaining(), &mut phases);
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

/// One question.
struct Request<'a> {
    id: DecisionId,
    /// As the caller wrote it.
    policy: &'a str,
    target: Target,
    input: Option<&'a [u8]>,
    start: Instant,
    timeout: Option<Duration>,
    trace: Option<TraceParent>,
}

impl Request<'_> {
    fn remaining(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(self.start.elapsed()))
    }
}

/// One of the few places for concurrent fallbacks, given back when dropped.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn take(taken: &'a AtomicU32, most: u32) -> Option<Self> {
        taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1)).ok().map(|_| Self(taken))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
