//! Files as memory, for metrics that processes share.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::metrics::Memory;

/// A stretch of addresses that a file is mapped to, always at the same place. More is reserved than a file has, so that it can grow
/// without moving; addresses beyond its end are never touched.
pub(crate) struct SharedMemory {
    base: *mut c_void,
    reserved: usize,
    /// How many bytes the file has.
    bytes: AtomicUsize,
}

// SAFETY: the mapping belongs to this value until it is dropped, and is reached as atomics alone.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// Addresses for a file of up to `reserved` bytes, with nothing there yet.
    pub(crate) fn reserve(reserved: usize) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address that the system chooses touches no other one.
        let base = unsafe { libc::mmap(ptr::null_mut(), reserved, libc::PROT_NONE, flags, -1, 0) };
        check(base)?;
        Ok(Self { base, reserved, bytes: AtomicUsize::new(0) })
    }

    fn map_here(&self, file: RawFd) -> io::Result<()> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_FIXED);
        // SAFETY: MAP_FIXED replaces this value's own addresses alone, in one step, so that words that others hold stay readable: they
        // are atomics, of which any value is valid.
        check(unsafe { libc::mmap(self.base, self.reserved, protection, flags, file, 0) })
    }
}

fn check(mapped: *mut c_void) -> io::Result<()> {
    if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

impl Memory for SharedMemory {
    fn words(&self) -> &[AtomicU64] {
        let words = self.bytes.load(Ordering::Acquire) / size_of::<AtomicU64>();
        // SAFETY: so many bytes of the file are mapped here, readable and writable, aligned to a page, until this value is dropped; every
        // process reaches them as atomics. A file that someone else cuts short ends the process when it is touched (SIGBUS), which is
        // why the directory is its owner's alone.
        unsafe { std::slice::from_raw_parts(self.base.cast::<AtomicU64>(), words) }
    }

    fn map(&self, file: &File, bytes: usize) -> io::Result<()> {
        if bytes > self.reserved {
            return Err(io::Error::other("the file is larger than what is reserved for it"));
        }
        self.map_here(file.as_raw_fd())?;
        self.bytes.store(bytes, Ordering::Release);
        Ok(())
    }

    fn grown(&self, bytes: usize) {
        self.bytes.store(bytes.min(self.reserved), Ordering::Release);
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the addresses are this value's own, and nothing borrows them any more.
        unsafe { libc::munmap(self.base, self.reserved) };
    }
}
