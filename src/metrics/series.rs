//! One series, and how it is counted: atomics, no lock, in the process' memory or in its file in a directory.
//!
//! A gauge has a copy of its own beside the one in the file: a forked child has its parent's caches and engines as they were at the fork,
//! and so their sizes, which the parent's file no longer has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::family::{self, Family};
use super::store::Store;

/// A series and where its words are.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) family: &'static Family,
    pub(super) labels: Vec<String>,
    /// In the process' own memory; of a counter that has a place in the file, unused.
    pub(super) own: Box<[AtomicU64]>,
    /// The place in the file, in words from its start; `None` where there is no file, or no room in it.
    pub(super) at: Option<usize>,
}

impl Series {
    pub(super) fn new(family: &'static Family, labels: &[&str], at: Option<usize>) -> Self {
        let own = (0..family.kind.words()).map(|_| AtomicU64::new(0)).collect();
        Self { family, labels: labels.iter().map(|label| (*label).to_owned()).collect(), own, at }
    }

    pub(super) fn is(&self, family: &Family, labels: &[&str]) -> bool {
        self.family == family && self.labels == labels
    }
}

/// A counter, resolved once.
pub(super) struct Counter {
    store: Arc<Store>,
    series: Arc<Series>,
}

impl Counter {
    pub(super) fn new(store: &Arc<Store>, family: &'static Family, labels: &[&str]) -> Self {
        Self { store: Arc::clone(store), series: store.series(family, labels) }
    }

    pub(super) fn inc(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, events: u64) {
        if let Some(count) = self.store.words(&self.series).first() {
            count.fetch_add(events, Ordering::Relaxed);
        }
    }
}

/// A histogram of times, resolved once.
pub(super) struct Times {
    store: Arc<Store>,
    series: Arc<Series>,
}

impl Times {
    pub(super) fn new(store: &Arc<Store>, family: &'static Family, labels: &[&str]) -> Self {
        Self { store: Arc::clone(store), series: store.series(family, labels) }
    }

    /// Two additions: how many there were in all is the sum of the buckets.
    pub(super) fn observe(&self, time: Duration) {
        let nanoseconds = nanoseconds(time);
        let words = self.store.words(&self.series);
        if let (Some(count), Some(sum)) = (words.get(family::bucket(nanoseconds)), words.last()) {
            count.fetch_add(1, Ordering::Relaxed);
            sum.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }
}

/// A gauge; what it is set to is published for the other processes.
pub(super) struct Gauge {
    store: Arc<Store>,
    series: Arc<Series>,
}

impl Gauge {
    pub(super) fn new(store: &Arc<Store>, family: &'static Family, labels: &[&str]) -> Self {
        Self { store: Arc::clone(store), series: store.series(family, labels) }
    }

    /// Grows (or shrinks, where negative).
    pub(super) fn add(&self, change: i64) {
        self.change(|word| {
            word.fetch_add(change.cast_unsigned(), Ordering::Relaxed);
        });
    }

    pub(super) fn set(&self, value: f64) {
        self.change(|word| word.store(value.to_bits(), Ordering::Relaxed));
    }

    /// `age` ago; `None` for no moment.
    pub(super) fn set_moment(&self, age: Option<Duration>) {
        let moment = age.map_or(0, |age| now().saturating_sub(nanoseconds(age)).max(1));
        self.change(|word| word.store(moment, Ordering::Relaxed));
    }

    fn change(&self, change: impl Fn(&AtomicU64)) {
        // The file first: a child that has none yet makes it of its own copies.
        let published = self.store.published(&self.series).and_then(<[_]>::first);
        self.series.own.first().into_iter().chain(published).for_each(change);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The wall clock, which processes share, in nanoseconds.
pub(super) fn now() -> u64 {
    nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
