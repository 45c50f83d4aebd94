//! What happens once in a process, and at each fork.

use std::sync::Once;

use crate::process;

static PREPARED: Once = Once::new();

/// Registers the fork handlers, and in the shipped library silences its own panic hook: a caught panic is an error for the caller, not
/// a line on his stderr. A cdylib has a standard library of its own, so no other library's hook is touched; static and Rust builds
/// share theirs, and keep it.
pub(super) fn prepare_process() {
    PREPARED.call_once(|| {
        #[cfg(sark_cdylib)]
        std::panic::set_hook(Box::new(|_| {}));
        // SAFETY: the handlers are plain functions that touch atomics only, and the library is never unloaded (`-z nodelete`). Where
        // there is no memory for them, a forked child has no sweep until its handles are made anew: nothing breaks.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork_in_parent), Some(after_fork_in_child)) };
    });
}

extern "C" fn before_fork() {
    process::before_fork();
}

extern "C" fn after_fork_in_parent() {
    process::after_fork_in_parent();
}

extern "C" fn after_fork_in_child() {
    process::after_fork_in_child();
}
