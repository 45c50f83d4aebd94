//! The background sweep: a thread of its own, started by the first `set` of each process generation, gone with the cache.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;

use super::Shared;
use crate::companion::Companion;
use crate::process;

/// Stack of the sweeping thread: it calls nothing deep.
const STACK_BYTES: usize = 128 << 10;

#[derive(Default)]
pub(super) struct Sweeper(Companion);

impl Sweeper {
    /// Starts the thread unless this generation has it. Without a thread (none can be made), expired entries go on `get` and by eviction.
    pub(super) fn start(&self, shared: &Arc<Shared>) {
        if !self.0.is_started() {
            self.start_now(shared);
        }
    }

    #[cold]
    fn start_now(&self, shared: &Arc<Shared>) {
        let weak = Arc::downgrade(shared);
        match self.0.start("sark-cache-sweep", STACK_BYTES, move || run(&weak)) {
            Ok(true) if shared.check_open().is_err() => self.stop(),
            Ok(_) => {}
            Err(_) => {
                if let Some(metrics) = &shared.metrics {
                    metrics.cache_sweep_failed();
                }
            }
        }
    }

    /// Wakes the thread, which then finds its cache closed or gone, and ends.
    pub(super) fn stop(&self) {
        self.0.wake();
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
