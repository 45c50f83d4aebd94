//! A cache of bytes with a time to live, a bound on entries and a bound on bytes, both never exceeded.
//!
//! Look-ups go to dashmap's shards and take no exclusive lock. Stores go through one queue in order of arrival, under a mutex, which
//! keeps both bounds exact; eviction takes from the queue's front and gives an entry that was read since a second chance
//! (the CLOCK algorithm, Corbató 1968), at most eight times for each victim: it never scans.

mod queue;
mod sweep;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use foldhash::quality::RandomState;

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;
use queue::Queue;
use sweep::Sweeper;

/// How many entries may be passed over for one victim. Bounds the time of one `set`.
const MAX_CHANCES: usize = 8;

/// How many entries a sweep looks at before it lets go of the queue.
const SWEEP_SLICE: usize = 256;

/// What bounds a cache.
#[derive(Debug, Clone, Copy)]
pub struct CacheOptions {
    /// The most entries.
    pub max_entries: u64,
    /// The most bytes of keys and values together.
    pub max_bytes: u64,
    /// The time to live of entries that do not name one; `None` for ever.
    pub default_ttl: Option<Duration>,
    /// How often expired entries are removed in the background.
    pub sweep_interval: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            max_entries: 10_000,
            max_bytes: 64 << 20,
            default_ttl: Some(Duration::from_secs(300)),
            sweep_interval: Duration::from_secs(60),
        }
    }
}

/// When an entry expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ttl {
    /// After the cache's default.
    #[default]
    Default,
    /// After this time.
    After(Duration),
    /// Never.
    Never,
}

/// What a cache did since it was made, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name is its description")]
pub struct CacheStats {
    pub hits: u64,
    pub misses: u64,
    pub sets: u64,
    pub removals: u64,
    pub evictions: u64,
    pub expirations: u64,
    pub entries: u64,
    pub bytes: u64,
}

/// The cache. Usable from many threads at once.
pub struct Cache {
    shared: Arc<Shared>,
    sweeper: Sweeper,
}

struct Shared {
    options: CacheOptions,
    map: DashMap<Arc<[u8]>, Entry, RandomState>,
    queue: Mutex<Queue>,
    closed: AtomicBool,
    counts: Counts,
    metrics: Option<Arc<Metrics>>,
}

struct Entry {
    value: Box<[u8]>,
    expires: Option<Instant>,
    /// Tells this entry from an older one under the same key.
    id: u64,
    /// Whether it was read since it last stood at the queue's front.
    used: AtomicBool,
}

#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    sets: AtomicU64,
    removals: AtomicU64,
    evictions: AtomicU64,
    expirations: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
}

impl Entry {
    fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| now >= at)
    }
}

fn bytes_of(key: &[u8], value: &[u8]) -> u64 {
    (key.len() as u64).saturating_add(value.len() as u64)
}

impl Cache {
    /// An empty cache.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a bound or an interval of 0.
    pub fn new(options: CacheOptions, metrics: Option<Arc<Metrics>>) -> Result<Arc<Self>> {
        for (name, zero) in [
            ("max_entries", options.max_entries == 0),
            ("max_bytes", options.max_bytes == 0),
            ("sweep_interval_ns", options.sweep_interval.is_zero()),
        ] {
            if zero {
                return Err(Error::invalid(name, "must not be 0"));
            }
        }
        let shared = Shared {
            options,
            map: DashMap::default(),
            queue: Mutex::new(Queue::default()),
            closed: AtomicBool::new(false),
            counts: Counts::default(),
            metrics,
        };
        Ok(Arc::new(Self { shared: Arc::new(shared), sweeper: Sweeper::default() }))
    }

    /// Ends the cache: its entries are dropped, and later calls answer `CLOSED`.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.sweeper.stop();
        self.shared.clear();
    }

    /// Appends the value under `key` to `output`; `false` where there is none, or only an expired one.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn get(&self, key: &[u8], output: &mut Vec<u8>) -> Result<bool> {
        self.shared.check_open()?;
        let start = Instant::now();
        let hit = self.shared.get(key, start, output);
        let count = if hit { &self.shared.counts.hits } else { &self.shared.counts.misses };
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(metrics) = &self.shared.metrics {
            metrics.cache_looked_up(hit, start.elapsed());
        }
        Ok(hit)
    }

    /// Stores `value` under `key` in place of what was there, and says how many entries had to go for it.
    ///
    /// # Errors
    /// `TOO_LARGE` for an entry that is larger than the cache (what was under the key is removed: it is no longer true); `CLOSED`.
    pub fn set(&self, key: &[u8], value: &[u8], ttl: Ttl) -> Result<u32> {
        self.shared.check_open()?;
        let start = Instant::now();
        self.sweeper.start(&self.shared);
        let evicted = self.shared.set(key, value, ttl, start)?;
        if let Some(metrics) = &self.shared.metrics {
            metrics.cache_stored(start.elapsed());
        }
        Ok(evicted)
    }

    /// Removes the entry under `key`, and says whether there was one that had not expired.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn remove(&self, key: &[u8]) -> Result<bool> {
        self.shared.check_open()?;
        Ok(self.shared.remove(key))
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn clear(&self) -> Result<()> {
        self.shared.check_open()?;
        self.shared.clear();
        Ok(())
    }

    /// The number of entries, expired ones that were not yet removed included.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn len(&self) -> Result<u64> {
        self.stats().map(|s| s.entries)
    }

    /// Whether there is no entry.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|entries| entries == 0)
    }

    /// The bytes of all keys and values.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn bytes(&self) -> Result<u64> {
        self.stats().map(|s| s.bytes)
    }

    /// Removes expired entries, and says how many there were.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn cleanup_expired(&self) -> Result<u64> {
        self.shared.check_open()?;
        Ok(self.shared.sweep(|slice| slice()))
    }

    /// What it did and what it holds.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn stats(&self) -> Result<CacheStats> {
        self.shared.check_open()?;
        let counts = &self.shared.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Ok(CacheStats {
            hits: read(&counts.hits),
            misses: read(&counts.misses),
            sets: read(&counts.sets),
            removals: read(&counts.removals),
            evictions: read(&counts.evictions),
            expirations: read(&counts.expirations),
            entries: read(&counts.entries),
            bytes: read(&counts.bytes),
        })
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // Before the thread is woken: what it finds open, and not yet gone, it would sweep and go back to sleep.
        self.shared.closed.store(true, Ordering::Release);
        self.sweeper.stop();
        if let Some(metrics) = &self.shared.metrics {
            let read = |count: &AtomicU64| i64::try_from(count.load(Ordering::Relaxed)).unwrap_or_default();
            metrics.cache_size_changed(-read(&self.shared.counts.entries), -read(&self.shared.counts.bytes));
        }
    }
}

impl Shared {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("cache")) } else { Ok(()) }
    }

    fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        // A panic under the lock leaves at worst an item without an entry, which the queue passes over.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &[u8], now: Instant, output: &mut Vec<u8>) -> bool {
        let expired = match self.map.get(key) {
            None => return false,
            Some(entry) if !entry.is_expired(now) => {
                // A write that changes nothing would still take the cache line from every other reader.
                if !entry.used.load(Ordering::Relaxed) {
                    entry.used.store(true, Ordering::Relaxed);
                }
                output.extend_from_slice(&entry.value);
                return true;
            }
            Some(entry) => entry.id,
        };
        if self.take(key, |entry| entry.id == expired) {
            self.counts.expirations.fetch_add(1, Ordering::Relaxed);
        }
        false
    }

    fn set(&self, key: &[u8], value: &[u8], ttl: Ttl, now: Instant) -> Result<u32> {
        let bytes = bytes_of(key, value);
        let mut queue = self.lock_queue();
        if bytes > self.options.max_bytes {
            self.take(key, |_| true);
            if let Some(metrics) = &self.metrics {
                metrics.cache_refused();
            }
            let problem = format!("the entry has {bytes} bytes; max_bytes is {}", self.options.max_bytes);
            return Err(Error::new(ErrorKind::TooLarge, problem));
        }
        self.take(key, |_| true);
        let evicted = self.make_room(&mut queue, bytes);
        let key: Arc<[u8]> = key.into();
        let id = queue.push(Arc::clone(&key));
        let entry = Entry { value: value.into(), expires: self.expiry(ttl, now), id, used: AtomicBool::new(false) };
        self.size_changed(1, bytes);
        self.map.insert(key, entry);
        self.counts.sets.fetch_add(1, Ordering::Relaxed);
        queue.forget_stale(self.counts.entries.load(Ordering::Relaxed), |key, id| self.holds(key, id));
        drop(queue);
        if self.closed.load(Ordering::Acquire) {
            // Closed meanwhile: nothing may stay behind.
            self.clear();
            return Err(Error::closed("cache"));
        }
        Ok(evicted)
    }

    fn expiry(&self, ttl: Ttl, now: Instant) -> Option<Instant> {
        let after = match ttl {
            Ttl::Default => self.options.default_ttl?,
            Ttl::After(after) => after,
            Ttl::Never => return None,
        };
        // A time beyond what the clock can say is for ever.
        now.checked_add(after)
    }

    /// Evicts until an entry of `bytes` fits both bounds.
    fn make_room(&self, queue: &mut Queue, bytes: u64) -> u32 {
        let (mut evicted, mut chances) = (0, MAX_CHANCES);
        while self.counts.entries.load(Ordering::Relaxed) >= self.options.max_entries
            || self.counts.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.options.max_bytes
        {
            let Some((key, id)) = queue.pop() else { break };
            if chances > 0 && self.map.get(&key).is_some_and(|e| e.id == id && e.used.swap(false, Ordering::Relaxed)) {
                chances -= 1;
                queue.push_back(key, id);
                continue;
            }
            if self.take(&key, |entry| entry.id == id) {
                evicted += 1;
                chances = MAX_CHANCES;
                self.counts.evictions.fetch_add(1, Ordering::Relaxed);
            }
        }
        evicted
    }

    fn remove(&self, key: &[u8]) -> bool {
        let now = Instant::now();
        let mut was_live = false;
        let removed = self.take(key, |entry| {
            was_live = !entry.is_expired(now);
            true
        });
        if removed {
            self.counts.removals.fetch_add(1, Ordering::Relaxed);
        }
        removed && was_live
    }

    /// Removes the entry under `key` if it is `wanted`. Every removal goes through here, so the sizes are exact.
    fn take(&self, key: &[u8], mut wanted: impl FnMut(&Entry) -> bool) -> bool {
        let Some((key, entry)) = self.map.remove_if(key, |_, entry| wanted(entry)) else { return false };
        let bytes = bytes_of(&key, &entry.value);
        self.counts.entries.fetch_sub(1, Ordering::Relaxed);
        self.counts.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            metrics.cache_size_changed(-1, -i64::try_from(bytes).unwrap_or_default());
        }
        true
    }

    fn size_changed(&self, entries: u64, bytes: u64) {
        self.counts.entries.fetch_add(entries, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Some(metrics) = &self.metrics {
            metrics.cache_size_changed(i64::try_from(entries).unwrap_or_default(), i64::try_from(bytes).unwrap_or_default());
        }
    }

    fn clear(&self) {
        let mut queue = self.lock_queue();
        while let Some((key, id)) = queue.pop() {
            self.take(&key, |entry| entry.id == id);
        }
    }

    fn holds(&self, key: &[u8], id: u64) -> bool {
        self.map.get(key).is_some_and(|entry| entry.id == id)
    }

    /// Removes expired entries in slices; `around` runs each slice, and nothing is held between two of them.
    fn sweep(&self, around: impl Fn(&mut dyn FnMut() -> bool) -> bool) -> u64 {
        let (mut removed, mut position) = (0, 0);
        let now = Instant::now();
        while around(&mut || {
            let queue = self.lock_queue();
            let mut seen = 0;
            for (key, id) in queue.slice(position, SWEEP_SLICE) {
                seen += 1;
                if self.take(key, |entry| entry.id == id && entry.is_expired(now)) {
                    removed += 1;
                }
            }
            position += seen;
            seen == SWEEP_SLICE && !self.closed.load(Ordering::Acquire)
        }) {}
        self.counts.expirations.fetch_add(removed, Ordering::Relaxed);
        removed
    }
}

#[cfg(test)]
mod tests;
