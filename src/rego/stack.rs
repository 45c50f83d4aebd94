//! The stack of the compiler, and of what else recurses as deep as a source nests.

use std::cell::Cell;

use crate::error::{Error, ErrorKind, Result};

/// The stack of the thread that parses, compiles and plans: their depth is bounded by the parser's, 1,000 levels.
pub(crate) const COMPILER_STACK: usize = 256 << 20;

/// What nests no deeper than this is walked on the caller's stack.
pub(super) const SHALLOW: usize = 32;

thread_local! {
    /// Whether this thread has such a stack already.
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// This thread was started with a stack of [`COMPILER_STACK`]: what it compiles needs no thread of its own, which would begin on the core of
/// somebody who decides, and take it for as long as the kernel lets it.
pub(crate) fn has_deep_stack() {
    IS_DEEP.set(true);
}

/// Runs `work`, which compiles again and again, on one such stack.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    deep(|| {
        has_deep_stack();
        work()
    })
}

/// Runs what recurses as deep as its source nests on a stack that bears it: the caller's may be small.
pub(super) fn deep<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if IS_DEEP.get() {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sark-compile".to_owned()).stack_size(COMPILER_STACK);
        let handle = thread
            .spawn_scoped(scope, work)
            .map_err(|e| Error::new(ErrorKind::InternalError, format!("no thread to compile on: {e}; free some memory")))?;
        handle
            .join()
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::InternalError, "the compiler panicked; please report the policy")))
    })
}
