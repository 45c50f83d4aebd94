//! The dial: which users take the local path of a feature.
//!
//! A check reads an immutable snapshot: no lock, no clock, no network. A thread, the keeper, follows the store and replaces the
//! snapshot when anyone changed something. While the store is away, the last known percentages hold.

mod bucket;
mod change;
mod force;
mod keeper;
mod percentage;
mod rollouts;
mod state;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub use bucket::{BUCKETS, FORMULA, bucket};
pub use change::{By, Change, MAX_HISTORY};
pub use force::{FORCE_VARIABLE, Force};
pub use percentage::Percentage;
pub use rollouts::{Rollout, Rollouts};

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Level};
use crate::metrics::Metrics;
use keeper::Keeper;
use state::State;
use store::{Edit, What};

/// The longest name of a feature, in bytes.
const MAX_NAME: usize = 256;

/// The most features.
const MAX_FEATURES: usize = 10_000;

/// How flags are kept.
#[derive(Clone, Default)]
pub struct FlagsOptions {
    /// Where to count.
    pub metrics: Option<Arc<Metrics>>,
    /// How old the percentages of a store that is away may become; from then on everyone takes the remote path. `None` for no bound.
    pub max_age: Option<Duration>,
}

/// How flags are, for an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct FlagsStatus {
    /// The store's URL, without anything secret.
    pub store: String,
    /// Whether the percentages came from the store, or from what was kept of it.
    pub is_known: bool,
    /// How long ago the store was last reached; `None` for never, zero for a store in memory.
    pub age: Option<Duration>,
    /// Whether they are older than allowed, so that everyone takes the remote path.
    pub is_too_old: bool,
    /// What is wrong with the store.
    pub problem: Option<String>,
    /// Whether the store lost its contents: the last known percentages hold until a change is written.
    pub is_emptied: bool,
    /// The side that everyone takes.
    pub force: Option<Force>,
}

impl FlagsStatus {
    /// `{"store", "known", "age_seconds": number or null, "too_old", "problem": text or null, "emptied", "force": side or null}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "store": self.store,
            "known": self.is_known,
            "age_seconds": self.age.map(|age| age.as_secs_f64()),
            "too_old": self.is_too_old,
            "problem": self.problem,
            "emptied": self.is_emptied,
            "force": self.force.map(Force::name),
        })
    }
}

/// The percentages of all features. Usable from many threads at once; a check takes no lock.
pub struct Flags {
    state: Arc<State>,
    keeper: Keeper,
}

impl Flags {
    /// Opens the store at `url`: `memory:`, `file:PATH`, `redis://…`, `rediss://…` or `unix:PATH`. A store that is away is no error:
    /// the percentages that were kept of it hold, or 0 %, until it is reached.
    ///
    /// # Errors
    /// `UNSUPPORTED` for another scheme; `INVALID_ARGUMENT` for what is no store's URL, or a `SARK_FORCE` that names no side.
    pub fn open(url: &str, options: FlagsOptions) -> Result<Arc<Self>> {
        let state = State::new(store::open(url)?, options, Force::from_environment()?)?;
        let flags = Self { keeper: Keeper::new(state.store().is_shared()), state };
        flags.keeper.start_and_wait(&flags.state);
        Ok(Arc::new(flags))
    }

    /// Ends the flags; later calls answer `CLOSED`.
    pub fn close(&self) {
        self.state.close();
        self.keeper.stop();
    }

    /// Whether `user`, any bytes, takes the local path of `feature`. Without a user (or with an empty one) only at 100 %.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn is_enabled(&self, feature: &str, user: &[u8]) -> Result<bool> {
        Ok(self.is_enabled_by_bytes(feature.as_bytes(), user)?.unwrap_or_default())
    }

    /// The same by the bytes of a name that was not looked at: `None` for a feature that was never set, or is no UTF-8. To look at each
    /// name first would cost as much as the check.
    pub(crate) fn is_enabled_by_bytes(&self, feature: &[u8], user: &[u8]) -> Result<Option<bool>> {
        // A forked child has no keeper yet.
        self.keeper.start(&self.state);
        let snapshot = self.state.snapshot()?;
        let is_local = snapshot.is_local(feature, user);
        if self.state.is_too_old() && snapshot.force.is_none() {
            return Ok(is_local.map(|_| false));
        }
        Ok(is_local)
    }

    /// Sets a feature's percentage, and says what it was.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a name that is empty or too long; `UNAVAILABLE` where the store did not confirm it (it may still
    /// have taken it: what the store says next is what holds); `TOO_LARGE` beyond 10,000 features; `CLOSED`.
    pub fn set_rollout(&self, feature: &str, percentage: Percentage, by: By<'_>) -> Result<Change> {
        let changes = self.write(feature, percentage, by)?;
        for change in &changes {
            let message = format!("Updated {feature} rollout to {percentage}%");
            self.state.happened(Level::Info, "rollout_updated", message, change.to_json());
        }
        only(changes)
    }

    /// Sets a feature to 0 %: everyone takes the remote path.
    ///
    /// # Errors
    /// As [`Flags::set_rollout`].
    pub fn rollback(&self, feature: &str, by: By<'_>) -> Result<Change> {
        let changes = self.write(feature, Percentage::ZERO, by)?;
        self.log_rollbacks(&changes);
        only(changes)
    }

    /// Sets every feature to 0 %, at once, and says what they were.
    ///
    /// # Errors
    /// `UNAVAILABLE` as [`Flags::set_rollout`]; `CLOSED`.
    pub fn rollback_all(&self, by: By<'_>) -> Result<Vec<Change>> {
        let changes = self.state.write(&Edit { what: What::RollBackAll, by })?;
        self.log_rollbacks(&changes);
        Ok(changes)
    }

    fn write(&self, feature: &str, percentage: Percentage, by: By<'_>) -> Result<Vec<Change>> {
        if feature.is_empty() || feature.len() > MAX_NAME {
            return Err(Error::invalid("feature", format_args!("a feature's name has 1 to {MAX_NAME} bytes")));
        }
        let snapshot = self.state.snapshot()?;
        if snapshot.rollouts.len() >= MAX_FEATURES && !snapshot.rollouts.contains_key(feature) {
            return Err(Error::new(ErrorKind::TooLarge, format!("feature: there are {MAX_FEATURES} features already")));
        }
        drop(snapshot);
        self.state.write(&Edit { what: What::One(feature, percentage), by })
    }

    fn log_rollbacks(&self, changes: &[Change]) {
        for change in changes {
            let message = format!("Rolled back {} to 0%", change.feature);
            self.state.happened(Level::Warning, "rollout_rolled_back", message, change.to_json());
        }
    }

    /// A feature's percentage; `None` where it was never set, which counts as 0.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn rollout(&self, feature: &str) -> Result<Option<Percentage>> {
        Ok(self.state.snapshot()?.rollouts.get(feature).map(|r| r.percentage))
    }

    /// All features, sorted by name.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn list(&self) -> Result<Rollouts> {
        self.keeper.start(&self.state);
        Ok(self.state.snapshot()?.rollouts.clone())
    }

    /// The last changes, the newest first, at most `most`; of all features, or of one.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the store cannot be read; `CLOSED`.
    pub fn history(&self, feature: Option<&str>, most: usize) -> Result<Vec<Change>> {
        drop(self.state.snapshot()?);
        let mut changes = self.state.store().history()?;
        changes.retain(|change| feature.is_none_or(|f| f == change.feature));
        changes.truncate(most);
        Ok(changes)
    }

    /// Sends everyone to one side, in this process alone, whatever the percentages say; `None` lets them decide again. Replaces what the
    /// environment said.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn force(&self, force: Option<Force>, by: By<'_>) -> Result<()> {
        drop(self.state.snapshot()?);
        self.state.force(force, by);
        Ok(())
    }

    /// How the flags are.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn status(&self) -> Result<FlagsStatus> {
        self.keeper.start(&self.state);
        self.state.status()
    }

    /// The next thing that happened, for a logger; `None` where nothing did within `timeout`.
    ///
    /// # Errors
    /// `CLOSED`, also for one who waits.
    pub fn next_event(&self, timeout: Duration) -> Result<Option<Event>> {
        self.state.next_event(timeout)
    }
}

impl Drop for Flags {
    fn drop(&mut self) {
        self.close();
    }
}

/// A store answers one change for one feature.
fn only(changes: Vec<Change>) -> Result<Change> {
    changes.into_iter().next().ok_or_else(|| Error::new(ErrorKind::InternalError, "the store confirmed no change"))
}

#[cfg(test)]
mod tests;
