//! One decision: the dial, the cache, the local engine, and the remote OPA where the dial or an error says so.
//!
//! The order and the error table are those of `docs/decisions.md`, "One decision". No path through here turns an error into an allow.

mod allowed;
mod key;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::cache::{Cache, Ttl};
use crate::error::{Error, ErrorKind, Result};
use crate::flags::Flags;
use crate::metrics::{FeatureMetrics, Implementation, Metrics};
use crate::opa::{BreakerStatus, Opa};
use crate::policy::{Engine, EvaluateOptions, Revision, Target};
use crate::rego::{Outcome, Path};

/// What bounds a client.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// The time of one decision, both sides together; `None` for no bound.
    pub timeout: Option<Duration>,
    /// The time to live of cached local decisions; `None` for the cache's default.
    pub cache_ttl: Option<Duration>,
    /// How many decisions may fall back to the remote at the same time; further ones get their error.
    pub max_concurrent_fallbacks: u32,
    /// The largest answer of the remote, in bytes.
    pub max_answer_bytes: u64,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { timeout: Some(Duration::from_secs(5)), cache_ttl: None, max_concurrent_fallbacks: 16, max_answer_bytes: 16 << 20 }
    }
}

/// Why the remote decided although the dial chose the local engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The evaluation failed.
    Evaluation,
    /// The input or the result could not be represented here.
    Serialization,
    /// A limit was exceeded.
    Limit,
    /// A defect in sark.
    Internal,
    /// The policy uses what the local engine lacks.
    Unsupported,
}

impl Fallback {
    /// The reason as text, as in the metrics' `error_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evaluation => "evaluation",
            Self::Serialization => "serialization",
            Self::Limit => "limit",
            Self::Internal => "internal",
            Self::Unsupported => "unsupported",
        }
    }

    /// The error table: which local errors the remote may answer instead.
    const fn of(kind: ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::EvaluationError => Some(Self::Evaluation),
            ErrorKind::SerializationError => Some(Self::Serialization),
            ErrorKind::LimitExceeded => Some(Self::Limit),
            ErrorKind::InternalError => Some(Self::Internal),
            ErrorKind::Unsupported => Some(Self::Unsupported),
            _ => None,
        }
    }
}

/// The time spent in each phase of a decision; zero for one that was not entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name is its description")]
pub struct Phases {
    pub flag: Duration,
    pub cache: Duration,
    pub evaluate: Duration,
    pub remote: Duration,
    pub total: Duration,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The result as compact JSON; `None` is undefined.
    pub result: Option<Vec<u8>>,
    /// Whether the result allows: exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`.
    pub allowed: bool,
    /// The side that decided.
    pub implementation: Implementation,
    /// Whether it was decided before, under this revision.
    pub cached: bool,
    /// Why the remote decided, where the dial had chosen the local engine.
    pub fallback: Option<Fallback>,
    /// The local revision that decided; [`Revision::NONE`] for a remote decision.
    pub revision: Revision,
    /// Where the time went.
    pub phases: Phases,
}

/// Decides for a gateway. Usable from many threads at once.
pub struct Client {
    engine: Arc<Engine>,
    cache: Option<Arc<Cache>>,
    dial: Option<Dial>,
    remote: Option<Opa>,
    options: ClientOptions,
    fallbacks: AtomicU32,
    closed: AtomicBool,
    metrics: Option<Arc<Metrics>>,
}

/// The dial of one feature.
struct Dial {
    flags: Arc<Flags>,
    feature: String,
    counters: Option<FeatureMetrics>,
}

/// What a client is made of.
pub struct ClientParts {
    /// Decides locally.
    pub engine: Arc<Engine>,
    /// Remembers local decisions.
    pub cache: Option<Arc<Cache>>,
    /// Says who is decided locally; without it, everyone is.
    pub flags: Option<Arc<Flags>>,
    /// The remote OPA.
    pub opa_url: Option<String>,
    /// The feature whose percentage is the dial.
    pub feature: String,
    /// Where to count.
    pub metrics: Option<Arc<Metrics>>,
}

impl Client {
    /// The feature of the seed's gateways.
    pub const DEFAULT_FEATURE: &'static str = "rust_opa";

    /// A client of these parts.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a malformed URL, or flags without a remote: a dial needs two sides.
    pub fn new(parts: ClientParts, options: ClientOptions) -> Result<Self> {
        let remote = parts.opa_url.map(|url| Opa::new(&url, options.max_answer_bytes, parts.metrics.clone())).transpose()?;
        if parts.flags.is_some() && remote.is_none() {
            return Err(Error::invalid(
                "opa_url",
                "flags choose between the local engine and a remote OPA; give its URL, or no flags",
            ));
        }
        let dial = parts.flags.map(|flags| Dial {
            flags,
            counters: parts.metrics.as_ref().map(|m| m.feature(&parts.feature)),
            feature: parts.feature,
        });
        Ok(Self {
            engine: parts.engine,
            cache: parts.cache,
            dial,
            remote,
            options,
            fallbacks: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            metrics: parts.metrics,
        })
    }

    /// Ends the client; later calls answer `CLOSED`. Its engine, cache and flags go on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// How the breaker before the remote OPA is; `None` without a remote.
    pub fn breaker(&self) -> Option<BreakerStatus> {
        self.remote.as_ref().map(Opa::breaker)
    }

    /// Decides `policy` (a name, or a path that starts with `data.`) for `input`, JSON, and `user`, any bytes.
    ///
    /// # Errors
    /// `POLICY_NOT_FOUND` for a name that nobody knows; otherwise the local error where the remote could not answer either, or the
    /// remote's where the dial chose it.
    pub fn decide(&self, policy: &str, input: Option<&[u8]>, user: &[u8], timeout: Option<Option<Duration>>) -> Result<Decision> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed("client"));
        }
        let start = Instant::now();
        let request = Request { target: Target::parse(policy)?, input, start, timeout: timeout.unwrap_or(self.options.timeout) };
        let mut phases = Phases::default();
        let local = self.is_local(user)?;
        phases.flag = start.elapsed();
        let decided = if local { self.decide_locally(&request, phases) } else { self.decide_remotely(&request, None, phases) };
        decided.map(|mut decision| {
            decision.phases.total = start.elapsed();
            decision
        })
    }

    fn is_local(&self, user: &[u8]) -> Result<bool> {
        let Some(dial) = &self.dial else { return Ok(true) };
        let local = dial.flags.is_enabled(&dial.feature, user)?;
        if let Some(counters) = &dial.counters {
            counters.assigned(if local { Implementation::Rust } else { Implementation::Http });
            if user.is_empty() {
                counters.user_missing();
            }
        }
        Ok(local)
    }

    fn decide_locally(&self, request: &Request<'_>, mut phases: Phases) -> Result<Decision> {
        let looking = Instant::now();
        let slot = self.cache_slot(request)?;
        if let Some(slot) = &slot
            && let Some(result) = slot.get()?
        {
            phases.cache = looking.elapsed();
            return Ok(Decision::local(result, true, slot.revision, phases));
        }
        phases.cache = looking.elapsed();
        match self.evaluate(request, &mut phases) {
            Ok((result, revision)) => {
                if let Some(slot) = &slot {
                    slot.set(&result, revision, self.options.cache_ttl);
                }
                Ok(Decision::local(result, false, revision, phases))
            }
            Err(error) => self.fall_back(request, error, phases),
        }
    }

    fn evaluate(&self, request: &Request<'_>, phases: &mut Phases) -> Result<(Option<Vec<u8>>, Revision)> {
        let start = Instant::now();
        let mut result = Vec::new();
        let options = EvaluateOptions { timeout: Some(self.local_timeout(request)), ..EvaluateOptions::default() };
        let evaluation = self.engine.evaluate(&request.target, request.input, &options, &mut result);
        phases.evaluate = start.elapsed();
        let evaluation = evaluation?;
        Ok(((evaluation.outcome == Outcome::Defined).then_some(result), evaluation.revision))
    }

    /// The engine's own bound, or what is left of the decision's where that is less; half of it where a remote may have to answer instead,
    /// since a fallback that has no time left is none.
    fn local_timeout(&self, request: &Request<'_>) -> Option<Duration> {
        let left = request.remaining().map(|left| if self.remote.is_some() { left / 2 } else { left });
        [left, self.engine.options().timeout].into_iter().flatten().min()
    }

    /// The place in the cache for this question; `None` where there is no cache or the answer could change by itself.
    fn cache_slot(&self, request: &Request<'_>) -> Result<Option<Slot<'_>>> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let (revision, cacheable) = self.engine.cacheable(&request.target)?;
        let slot = || Slot { cache, key: key::local(&revision, &request.target, request.input), revision };
        Ok(cacheable.then(slot))
    }

    /// The error table. The remote's failure gives back the local error: it is the one to mend.
    fn fall_back(&self, request: &Request<'_>, error: Error, phases: Phases) -> Result<Decision> {
        let Some(reason) = Fallback::of(error.kind()) else { return Err(error) };
        let Some(_place) = Place::take(&self.fallbacks, self.options.max_concurrent_fallbacks) else { return Err(error) };
        if self.remote.is_none() {
            return Err(error);
        }
        if let Some(metrics) = &self.metrics {
            metrics.fell_back();
        }
        self.decide_remotely(request, Some(reason), phases).map_err(|_| error)
    }

    fn decide_remotely(&self, request: &Request<'_>, fallback: Option<Fallback>, mut phases: Phases) -> Result<Decision> {
        let Some(remote) = &self.remote else {
            return Err(Error::new(ErrorKind::Unavailable, "there is no remote OPA to ask; give the client its URL"));
        };
        let path = self.remote_path(&request.target)?;
        let start = Instant::now();
        let result = remote.evaluate(&path, request.input, request.remaining());
        phases.remote = start.elapsed();
        let result = result?;
        if let Some(metrics) = &self.metrics {
            metrics.evaluated(Implementation::Http, phases.remote);
        }
        Ok(Decision {
            allowed: allowed::is_allowed(result.as_deref()),
            result,
            implementation: Implementation::Http,
            cached: false,
            fallback,
            revision: Revision::NONE,
            phases,
        })
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

impl Decision {
    fn local(result: Option<Vec<u8>>, cached: bool, revision: Revision, phases: Phases) -> Self {
        let allowed = allowed::is_allowed(result.as_deref());
        Self { result, allowed, implementation: Implementation::Rust, cached, fallback: None, revision, phases }
    }
}

/// One question.
struct Request<'a> {
    target: Target,
    input: Option<&'a [u8]>,
    start: Instant,
    timeout: Option<Duration>,
}

impl Request<'_> {
    fn remaining(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(self.start.elapsed()))
    }
}

/// One key of the cache, under one revision.
struct Slot<'a> {
    cache: &'a Cache,
    key: Vec<u8>,
    revision: Revision,
}

impl Slot<'_> {
    /// The remembered result: `Some(None)` is a remembered undefined.
    fn get(&self) -> Result<Option<Option<Vec<u8>>>> {
        let mut value = Vec::new();
        if !self.cache.get(&self.key, &mut value)? {
            return Ok(None);
        }
        // Undefined is kept as the empty text, which is no JSON.
        Ok(Some((!value.is_empty()).then_some(value)))
    }

    /// Remembers a result, unless another revision gave it. What does not fit or comes too late is not remembered: no error.
    fn set(&self, result: &Option<Vec<u8>>, revision: Revision, ttl: Option<Duration>) {
        if revision == self.revision {
            let ttl = ttl.map_or(Ttl::Default, Ttl::After);
            let _ = self.cache.set(&self.key, result.as_deref().unwrap_or_default(), ttl);
        }
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
