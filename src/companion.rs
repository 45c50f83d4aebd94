//! A thread that belongs to a handle: started lazily, once in each process generation, woken when the handle ends.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};

use crate::process;

#[derive(Default)]
pub(crate) struct Companion {
    /// The process generation in which the thread was started; 0 for none. A forked child starts its own.
    started_in: AtomicU64,
    thread: Mutex<Option<Thread>>,
}

impl Companion {
    /// Starts the thread unless this generation has it; says whether it did. What `run` holds of the handle should be weak.
    ///
    /// A handle that was closed meanwhile found nobody to wake: whoever gets `true` looks once more, and calls `wake`.
    ///
    /// # Errors
    /// Where no thread can be made; it is not tried again in this generation.
    pub(crate) fn start(&self, name: &str, stack: usize, run: impl FnOnce() + Send + 'static) -> io::Result<bool> {
        let (before, generation) = (self.started_in.load(Ordering::Relaxed), process::generation());
        if before == generation
            || self.started_in.compare_exchange(before, generation, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return Ok(false);
        }
        let handle = thread::Builder::new().name(name.into()).stack_size(stack).spawn(run)?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.thread().clone());
        Ok(true)
    }

    /// Whether this generation has it.
    pub(crate) fn is_started(&self) -> bool {
        self.started_in.load(Ordering::Relaxed) == process::generation()
    }

    /// Wakes the thread, where this generation has it.
    pub(crate) fn wake(&self) {
        // In a forked child the thread does not exist, and the lock may be held by one that does not either.
        if self.is_started()
            && let Ok(thread) = self.thread.try_lock()
            && let Some(thread) = thread.as_ref()
        {
            thread.unpark();
        }
    }
}
