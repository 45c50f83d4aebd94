//! The background sweep: a thread of its own, started by the first `set` of each process generation, gone with the cache.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread};

use super::Shared;
use crate::process;

/// Stack of the sweeping thread: it calls nothing deep.
const STACK_BYTES: usize = 128 << 10;

#[derive(Default)]
pub(super) struct Sweeper {
    /// The process generation in which the thread was started; 0 for none. A forked child starts its own.
    started_in: AtomicU64,
    thread: Mutex<Option<Thread>>,
}

impl Sweeper {
    /// Starts the thread unless this generation has it. Without a thread (none can be made), expired entries go on `get` and by eviction.
    pub(super) fn start(&self, shared: &Arc<Shared>) {
        let generation = process::generation();
        let before = self.started_in.load(Ordering::Relaxed);
        if before == generation
            || self.started_in.compare_exchange(before, generation, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let weak = Arc::downgrade(shared);
        let spawned = thread::Builder::new().name("sark-cache-sweep".into()).stack_size(STACK_BYTES).spawn(move || run(&weak));
        match spawned {
            Ok(handle) => {
                *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.thread().clone());
                // Closed between the start and the line above: `stop` found nobody to wake.
                if shared.check_open().is_err() {
                    self.stop();
                }
            }
            Err(_) => {
                if let Some(metrics) = &shared.metrics {
                    metrics.cache_sweep_failed();
                }
            }
        }
    }

    /// Wakes the thread, which then finds its cache closed or gone, and ends.
    pub(super) fn stop(&self) {
        // In a forked child the thread does not exist, and the lock may be held by one that does not either.
        if let Ok(mut thread) = self.thread.try_lock()
            && let Some(thread) = thread.take()
            && self.started_in.load(Ordering::Relaxed) == process::generation()
        {
            thread.unpark();
        }
    }
}

fn run(shared: &Weak<Shared>) {
    let Some(interval) = shared.upgrade().map(|s| s.options.sweep_interval) else { return };
    loop {
        thread::park_timeout(interval);
        // The strong reference lives for one sweep only; the cache may end meanwhile.
        let Some(shared) = shared.upgrade() else { return };
        if shared.check_open().is_err() {
            return;
        }
        let swept = catch_unwind(AssertUnwindSafe(|| shared.sweep(|slice| process::work(slice))));
        if swept.is_err()
            && let Some(metrics) = &shared.metrics
        {
            metrics.cache_sweep_failed();
        }
    }
}
