//! Where percentages are kept, and how a process learns of changes that others made.

mod document;
mod file;
mod memory;
mod redis;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::change::{By, Change};
use super::percentage::Percentage;
use super::rollouts::{Rollout, Rollouts};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Level;

/// A store. Calls block, for as long as the store's own timeouts let them.
pub(super) trait Store: Send + Sync {
    /// Its URL, without anything secret.
    fn name(&self) -> &str;

    /// Whether others change it, too, so that it has to be followed.
    fn is_shared(&self) -> bool {
        true
    }

    /// Makes a change, and says what it was once it is certain. `known` is what this process knows: a store that lost its contents
    /// gets it back with the change.
    fn write(&self, edit: &Edit<'_>, known: &Known) -> Result<Vec<Change>>;

    /// The changes that it keeps, the newest first.
    fn history(&self) -> Result<Vec<Change>>;

    /// Follows the store: tells `sink` everything once, and then what changes, until the sink is over or the store cannot be reached.
    fn follow(&self, sink: &dyn Sink) -> Result<()>;

    /// The longest pause between two attempts to reach it.
    fn longest_pause(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// What was kept of an earlier run, for a start without the store.
    fn last_known(&self) -> Result<Option<Rollouts>> {
        Ok(None)
    }

    /// Keeps what is known for such a start.
    fn keep(&self, _: &Rollouts) -> Result<()> {
        Ok(())
    }
}

/// What a writer's process knows.
pub(super) struct Known {
    pub(super) rollouts: Arc<Rollouts>,
    /// Whether the store lost its contents.
    pub(super) is_emptied: bool,
}

/// A change to be made.
pub(super) struct Edit<'a> {
    pub(super) what: What<'a>,
    pub(super) by: By<'a>,
}

/// What to change.
pub(super) enum What<'a> {
    /// One feature's percentage.
    One(&'a str, Percentage),
    /// All features to 0 %.
    RollBackAll,
}

impl Edit<'_> {
    /// The changes that this edit means, where `rollouts` holds what the store holds.
    fn changes(&self, rollouts: &Rollouts) -> Vec<Change> {
        let change = |name: &str, to| Change::now(name, rollouts.get(name).map(|r| r.percentage), to, self.by);
        match self.what {
            What::One(name, to) => vec![change(name, to)],
            What::RollBackAll => rollouts.keys().map(|name| change(name, Percentage::ZERO)).collect(),
        }
    }
}

/// What takes in what a store says.
pub(super) trait Sink {
    /// The store was reached, and nothing is older than now.
    fn contact(&self);

    /// What was found in it; whether it lost its contents.
    fn learn(&self, found: Found) -> bool;

    /// Something that an operator should know.
    fn note(&self, level: Level, name: &'static str, message: &str);

    /// Sleeps, unless the sink is over before.
    fn wait(&self, time: Duration);

    /// Whether to stop.
    fn is_over(&self) -> bool;
}

/// What was read from a store.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) features: BTreeMap<Arc<str>, Read>,
    /// Whether these are all features of the store: one that is not listed is not there.
    pub(super) is_all: bool,
    /// Whether the store still has sark's mark. Without it, what is missing was lost, not removed.
    pub(super) is_marked: bool,
}

/// What stands under a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Rollout(Rollout),
    Absent,
    /// Something that is no percentage.
    Garbage,
}

/// Opens the store at `url`.
///
/// # Errors
/// `UNSUPPORTED` for an unknown scheme; `INVALID_ARGUMENT` for what is no store's URL. Neither repeats the URL, which may hold a password.
pub(super) fn open(url: &str) -> Result<Box<dyn Store>> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        Some("memory") if url == "memory:" => Ok(Box::new(memory::Memory::default())),
        Some("memory") => Err(Error::invalid("url", "write \"memory:\" alone; nothing may follow")),
        Some("file") => Ok(Box::new(file::File::open(url)?)),
        Some("redis" | "rediss" | "unix" | "redis+unix") => Ok(Box::new(redis::Redis::open(url)?)),
        Some(scheme) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "url: stores of scheme \"{scheme}:\" are not supported; use \"memory:\", \"file:PATH\", \"redis://…\", \"rediss://…\" or \"unix:PATH\""
            ),
        )),
        _ => Err(Error::invalid(
            "url",
            "not a store's URL; use \"memory:\", \"file:PATH\", \"redis://…\", \"rediss://…\" or \"unix:PATH\"",
        )),
    }
}
