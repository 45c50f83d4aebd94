//! What flags are made of, shared with the keeper: the snapshot, the store, what happened, and how old it all is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use serde_json::{Value, json};

use super::change::{By, Change};
use super::force::Force;
use super::rollouts::{Rollout, Rollouts, Snapshot};
use super::store::{Edit, Found, Known, Read, Store};
use super::{FlagsOptions, FlagsStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Events, Level};
use crate::metrics::{FlagStoreError, Metrics, Refresh};

/// No contact yet.
const NEVER: u64 = u64::MAX;

pub(super) struct State {
    snapshot: ArcSwap<Snapshot>,
    store: Box<dyn Store>,
    closed: AtomicBool,
    opened: Instant,
    /// Nanoseconds from `opened` to the last contact with the store, or `NEVER`.
    contact: AtomicU64,
    max_age: Option<Duration>,
    /// Whether the first attempt to reach the store is over, however it ended.
    tried: Mutex<bool>,
    trying: Condvar,
    problem: Mutex<Option<String>>,
    /// The features whose value was no percentage when it was last read: each is reported once, however often it is read.
    unreadable: Mutex<BTreeSet<Arc<str>>>,
    events: Events,
    metrics: Option<Arc<Metrics>>,
}

impl State {
    pub(super) fn new(store: Box<dyn Store>, options: FlagsOptions, force: Option<Force>) -> Result<Arc<Self>> {
        let is_shared = store.is_shared();
        let state = Arc::new(Self {
            snapshot: ArcSwap::from_pointee(Snapshot::empty(!is_shared)),
            store,
            closed: AtomicBool::new(false),
            opened: Instant::now(),
            contact: AtomicU64::new(NEVER),
            max_age: options.max_age.filter(|_| is_shared),
            tried: Mutex::new(!is_shared),
            trying: Condvar::new(),
            problem: Mutex::new(None),
            unreadable: Mutex::default(),
            events: Events::default(),
            metrics: options.metrics,
        });
        state.start_from_what_was_kept();
        if force.is_some() {
            state.force(force, By { who: super::FORCE_VARIABLE, why: "" });
        }
        if let Some(metrics) = state.metrics.as_ref().filter(|_| is_shared) {
            let refresh: Arc<dyn Refresh> = Arc::<Self>::clone(&state);
            metrics.refresh_before_rendering(Arc::downgrade(&refresh));
        }
        Ok(state)
    }

    fn start_from_what_was_kept(&self) {
        match self.store.last_known() {
            Ok(Some(rollouts)) => self.publish(|old| old.with_rollouts(rollouts.clone(), false)),
            Ok(None) => {}
            Err(error) => self.happened(Level::Error, "last_known_unreadable", error.message(), json!({})),
        }
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.events.wake();
        if let Some(metrics) = self.metrics.as_ref().filter(|_| self.store.is_shared()) {
            metrics.flag_store_age(self.store.name(), None);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What is known.
    pub(super) fn snapshot(&self) -> Result<Guard<Arc<Snapshot>>> {
        if self.is_closed() { Err(Error::closed("flags")) } else { Ok(self.snapshot.load()) }
    }

    /// Whether what is known is older than allowed. Only where a maximum is set does this read the clock.
    pub(super) fn is_too_old(&self) -> bool {
        self.max_age.is_some_and(|max_age| self.opened.elapsed().saturating_sub(self.contact().unwrap_or_default()) > max_age)
    }

    /// The time from `opened` to the last contact.
    fn contact(&self) -> Option<Duration> {
        let contact = self.contact.load(Ordering::Relaxed);
        (contact != NEVER).then(|| Duration::from_nanos(contact))
    }

    fn age(&self) -> Option<Duration> {
        if self.store.is_shared() {
            self.contact().map(|contact| self.opened.elapsed().saturating_sub(contact))
        } else {
            Some(Duration::ZERO)
        }
    }

    /// The store was reached.
    pub(super) fn reached(&self) {
        let now = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(NEVER - 1);
        self.contact.store(now, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            // Other processes that render see this one's age, too.
            metrics.flag_store_age(self.store.name(), Some(Duration::ZERO));
        }
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).take();
        if problem.is_some() {
            self.happened(Level::Info, "store_back", format!("The flags' store {} is back", self.store.name()), json!({}));
        }
        self.attempt_is_over();
    }

    /// The store cannot be reached, or read.
    pub(super) fn not_reached(&self, error: &Error) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = problem.as_deref() != Some(error.message());
        *problem = Some(error.message().into());
        drop(problem);
        if is_new {
            self.count(FlagStoreError::Away);
            let message = format!("The last known percentages hold: {}", error.message());
            self.happened(Level::Error, "store_away", message, json!({"store": self.store.name()}));
        }
        self.attempt_is_over();
    }

    fn attempt_is_over(&self) {
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.trying.notify_all();
    }

    /// Waits until the store was reached, or could not be.
    pub(super) fn wait_for_first_attempt(&self, timeout: Duration) {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.trying.wait_timeout_while(tried, timeout, |tried| !*tried));
    }

    /// Makes a change in the store, and here once the store confirmed it.
    pub(super) fn write(&self, edit: &Edit<'_>) -> Result<Vec<Change>> {
        let snapshot = self.snapshot()?;
        let known = Known { rollouts: Arc::new(snapshot.rollouts.clone()), is_emptied: snapshot.is_emptied };
        drop(snapshot);
        let changes = self.store.write(edit, &known).inspect_err(|_| self.count(FlagStoreError::Write))?;
        self.publish(|old| {
            let mut rollouts = old.rollouts.clone();
            rollouts.extend(changes.iter().map(|c| (Arc::from(c.feature.as_str()), Rollout::new(c.to))));
            old.with_rollouts(rollouts, false)
        });
        self.keep(&self.snapshot()?.rollouts);
        Ok(changes)
    }

    /// Takes in what a store says, and tells whether the store lost its contents.
    pub(super) fn learn(&self, found: &Found) -> bool {
        let before = self.snapshot.load_full();
        let mut is_emptied = before.is_emptied && !found.is_all && !found.is_marked;
        let mut rollouts = if found.is_all { Rollouts::new() } else { before.rollouts.clone() };
        for (name, read) in &found.features {
            let known = before.rollouts.get(name);
            self.note_garbage(name, *read == Read::Garbage);
            let now = match read {
                Read::Rollout(rollout) => Some(rollout),
                Read::Absent => self.unless_removed(known, found, &mut is_emptied),
                Read::Garbage => known,
            };
            match now {
                Some(rollout) => rollouts.insert(Arc::clone(name), *rollout),
                None => rollouts.remove(name),
            };
        }
        for (name, known) in before.rollouts.iter().filter(|(name, _)| found.is_all && !found.features.contains_key(*name)) {
            if let Some(held) = self.unless_removed(Some(known), found, &mut is_emptied) {
                rollouts.insert(Arc::clone(name), *held);
            }
        }
        if is_emptied && !before.is_emptied {
            self.emptied();
        }
        self.log_what_others_changed(&before.rollouts, &rollouts);
        if rollouts != before.rollouts || !before.is_known {
            self.keep(&rollouts);
        }
        self.publish(|old| old.with_rollouts(rollouts.clone(), is_emptied));
        is_emptied
    }

    /// What is missing in a store that has its mark was removed; in one without, it was lost, and holds.
    fn unless_removed<'a>(&self, known: Option<&'a Rollout>, found: &Found, is_emptied: &mut bool) -> Option<&'a Rollout> {
        let held = known.filter(|_| !found.is_marked);
        *is_emptied |= held.is_some();
        held
    }

    fn note_garbage(&self, name: &Arc<str>, is_garbage: bool) {
        let mut unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_garbage {
            unreadable.remove(name);
            return;
        }
        if !unreadable.insert(Arc::clone(name)) {
            return;
        }
        drop(unreadable);
        self.count(FlagStoreError::Garbage);
        let message = format!("What the store holds for {name} is no percentage; it is ignored");
        self.happened(Level::Error, "store_garbage", message, json!({"feature": &**name}));
    }

    fn emptied(&self) {
        self.count(FlagStoreError::Emptied);
        let message = "The flags' store lost its contents; the last known percentages hold, and the next change writes them back";
        self.happened(Level::Error, "store_emptied", message, json!({"store": self.store.name()}));
    }

    fn log_what_others_changed(&self, before: &Rollouts, after: &Rollouts) {
        let percentage = |rollouts: &Rollouts, name: &str| rollouts.get(name).map(|r| r.percentage);
        let names = before.keys().chain(after.keys().filter(|n| !before.contains_key(*n)));
        for name in names {
            let (from, to) = (percentage(before, name), percentage(after, name));
            if from != to {
                let message =
                    format!("The rollout of {name} is {}% now; another process or person changed it", to.unwrap_or_default());
                let fields = json!({"feature": &**name, "from": from.map(Value::from), "to": to.map(Value::from)});
                self.happened(Level::Info, "rollout_changed", message, fields);
            }
        }
    }

    fn keep(&self, rollouts: &Rollouts) {
        if let Err(error) = self.store.keep(rollouts) {
            self.happened(Level::Error, "last_known_not_kept", error.message(), json!({}));
        }
    }

    pub(super) fn force(&self, force: Option<Force>, by: By<'_>) {
        self.publish(|old| old.with_force(force));
        if let Some(metrics) = &self.metrics {
            metrics.flags_forced(force.map(Force::name));
        }
        let (level, message) = match force {
            Some(side) => (Level::Warning, format!("Everyone takes the {side} path, whatever the percentages say")),
            None => (Level::Warning, "The percentages decide again".to_owned()),
        };
        let fields = json!({"force": force.map(Force::name), "who": by.who, "why": by.why});
        self.happened(level, "flags_forced", message, fields);
    }

    fn publish(&self, next: impl Fn(&Snapshot) -> Snapshot) {
        let before = self.snapshot.rcu(|old| next(old));
        let Some(metrics) = &self.metrics else { return };
        let now = self.snapshot.load();
        for name in before.rollouts.keys().filter(|name| !now.rollouts.contains_key(*name)) {
            metrics.rollout_set(name, 0.0);
        }
        for (name, rollout) in &now.rollouts {
            metrics.rollout_set(name, rollout.percentage.as_f64());
        }
    }

    pub(super) fn happened(&self, level: Level, name: &'static str, message: impl Into<String>, fields: Value) {
        self.events.push(Event::new(level, name, message, fields));
    }

    pub(super) fn next_event(&self, timeout: Duration) -> Result<Option<Event>> {
        drop(self.snapshot()?);
        let event = self.events.next(timeout, || self.is_closed());
        if event.is_none() {
            drop(self.snapshot()?);
        }
        Ok(event)
    }

    pub(super) fn status(&self) -> Result<FlagsStatus> {
        let snapshot = self.snapshot()?;
        Ok(FlagsStatus {
            store: self.store.name().into(),
            is_known: snapshot.is_known,
            age: self.age(),
            is_too_old: self.is_too_old(),
            problem: self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            is_emptied: snapshot.is_emptied,
            force: snapshot.force,
        })
    }

    fn count(&self, error: FlagStoreError) {
        if let Some(metrics) = &self.metrics {
            metrics.flag_store_failed(error);
        }
    }

    /// What to say where the keeper itself failed.
    pub(super) fn defect() -> Error {
        Error::new(ErrorKind::InternalError, "a defect in sark was caught while it followed the flags' store; please report it")
    }
}

/// The age is as of the moment when it is asked for, however long ago the keeper last ran.
impl Refresh for State {
    fn refresh(&self, metrics: &Metrics) {
        if !self.is_closed() {
            let age = self.age().unwrap_or_else(|| self.opened.elapsed());
            metrics.flag_store_age(self.store.name(), Some(age));
        }
    }
}
