//! Memory that the allocator keeps though nobody uses it.

/// Gives free memory back to the system. The state that an activation replaced, and what was read to make the new one, are several times the
/// data, in pieces so small that glibc would keep them for this thread's next activation.
pub(super) fn give_back() {
    // SAFETY: it takes no pointer and may be called by any thread at any time; it locks one arena after the other, as `malloc` itself does.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}
