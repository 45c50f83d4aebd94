//! What a client is made of, and what bounds it.

use std::sync::Arc;
use std::time::Duration;

use super::guard::GuardOptions;
use super::shadow::ShadowOptions;
use crate::cache::Cache;
use crate::decision_log::DecisionLog;
use crate::error::{Error, Result};
use crate::flags::Flags;
use crate::metrics::Metrics;
use crate::policy::Engine;

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The dial chooses a side for each user; without flags, everyone is decided locally. The remote answers where the local engine fails.
    #[default]
    Dial,
    /// The local engine alone. A remote, where there is one, is asked for comparison only.
    Local,
    /// The remote alone.
    Remote,
    /// The remote; the local engine where the remote is away, so that its outage is none of the gateway's.
    RemoteFirst,
}

/// What bounds a client.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// Who decides.
    pub mode: Mode,
    /// The time of one decision, both sides together; `None` for no bound.
    pub timeout: Option<Duration>,
    /// The time to live of cached local decisions; `None` for the cache's default.
    pub cache_ttl: Option<Duration>,
    /// How many decisions may fall back to the remote at the same time; further ones get their error.
    pub max_concurrent_fallbacks: u32,
    /// The largest answer of the remote, in bytes.
    pub max_answer_bytes: u64,
    /// Which local decisions are compared with the remote's.
    pub shadow: ShadowOptions,
    /// When the dial rolls itself back.
    pub guard: GuardOptions,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            timeout: Some(Duration::from_secs(5)),
            cache_ttl: None,
            max_concurrent_fallbacks: 16,
            max_answer_bytes: 16 << 20,
            shadow: ShadowOptions::default(),
            guard: GuardOptions::default(),
        }
    }
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
    /// Where each decision is logged.
    pub decision_log: Option<Arc<DecisionLog>>,
}

/// Refuses what would silently do nothing: each option needs the part that it is about.
pub(super) fn check(parts: &ClientParts, options: &ClientOptions) -> Result<()> {
    let (has_remote, has_flags) = (parts.opa_url.is_some(), parts.flags.is_some());
    match options.mode {
        Mode::Dial if has_flags && !has_remote => {
            return Err(Error::invalid(
                "opa_url",
                "flags choose between the local engine and a remote OPA; give its URL, or no flags",
            ));
        }
        Mode::Dial => {}
        Mode::Local | Mode::Remote | Mode::RemoteFirst if has_flags => {
            return Err(Error::invalid("flags", "this mode does not ask them; leave them out, or choose the mode of the dial"));
        }
        Mode::Remote | Mode::RemoteFirst if !has_remote => {
            return Err(Error::invalid("opa_url", "this mode asks a remote OPA; give its URL"));
        }
        Mode::Local | Mode::Remote | Mode::RemoteFirst => {}
    }
    if options.shadow.rate > 0 && !has_remote {
        return Err(Error::invalid("shadow_rate", "shadow compares with a remote OPA; give its URL, or leave the rate 0"));
    }
    if options.shadow.rate > ShadowOptions::ALWAYS {
        return Err(Error::invalid("shadow_rate", "it is in hundredths of a percent: from 0 to 10000, which is every decision"));
    }
    options.guard.check(has_flags, options.shadow.rate > 0)
}
