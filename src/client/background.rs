//! What a client does off its callers' paths: comparing decisions with the remote's, and guarding the dial. One thread, started by the
//! first decision of each process generation that has something for it to do, gone with the client.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::guard::Guard;
use super::shadow::{Decided, Shadow};
use crate::companion::Companion;
use crate::metrics::ShadowOutcome;

/// The thread's stack: an HTTP client with TLS, and answers that are read.
const STACK_BYTES: usize = 512 << 10;

/// How long the thread sleeps where nobody wakes it.
const IDLE: Duration = Duration::from_secs(60);

pub(super) struct Background {
    work: Arc<Work>,
    thread: Companion,
}

pub(super) struct Work {
    pub(super) shadow: Option<Shadow>,
    pub(super) guard: Option<Guard>,
    is_over: AtomicBool,
}

impl Background {
    pub(super) fn new(shadow: Option<Shadow>, guard: Option<Guard>) -> Self {
        Self { work: Arc::new(Work { shadow, guard, is_over: AtomicBool::new(false) }), thread: Companion::default() }
    }

    pub(super) fn shadow(&self) -> Option<&Shadow> {
        self.work.shadow.as_ref()
    }

    pub(super) fn guard(&self) -> Option<&Guard> {
        self.work.guard.as_ref()
    }

    /// Has a decision compared with the remote's.
    pub(super) fn compare(&self, decided: Decided) {
        if let Some(shadow) = self.shadow() {
            shadow.offer(decided);
            self.start();
            self.thread.wake();
        }
    }

    /// The local engine decided, or failed, in a decision that began at `start`.
    pub(super) fn look_after(&self, guard: &Guard, start: Instant, is_error: bool) {
        let now = Instant::now();
        guard.decided(now, now.saturating_duration_since(start), is_error);
        self.start();
    }

    fn start(&self) {
        if !self.thread.is_started() {
            self.start_now();
        }
    }

    #[cold]
    fn start_now(&self) {
        let work = Arc::downgrade(&self.work);
        // Without a thread nothing is compared: what waits is dropped, and counted, as soon as too much does.
        if self.thread.start("sark-client", STACK_BYTES, move || run(&work)).unwrap_or(false)
            && self.work.is_over.load(Ordering::Acquire)
        {
            self.thread.wake();
        }
    }

    pub(super) fn stop(&self) {
        self.work.is_over.store(true, Ordering::Release);
        self.thread.wake();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(work: &Weak<Work>) {
    loop {
        let Some(work) = work.upgrade() else { return };
        if work.is_over.load(Ordering::Acquire) {
            return;
        }
        // A defect in one comparison ends neither the thread nor the guard.
        let did_something = catch_unwind(AssertUnwindSafe(|| work.one_step())).unwrap_or(true);
        let pause = if did_something { Duration::ZERO } else { work.guard.as_ref().map_or(IDLE, Guard::interval) };
        drop(work);
        if !pause.is_zero() {
            thread::park_timeout(pause);
        }
    }
}

impl Work {
    /// Compares one decision and looks after the dial; says whether there was a decision to compare.
    fn one_step(&self) -> bool {
        let compared = self.shadow.as_ref().and_then(Shadow::compare_next);
        if let Some(guard) = &self.guard {
            if compared == Some(ShadowOutcome::Differing) {
                guard.differed(Instant::now());
            }
            // Changing a dial may wait for its store, so that this is no slice of work; its locks are taken in slices.
            guard.look(Instant::now());
        }
        compared.is_some()
    }
}
