//! `sark_buffer`: where results go.

use super::boundary::{free, infallible};
use crate::error::{Error, Result};

/// A result. Made by `sark_buffer_new` alone; its fields may be read and must not be written.
///
/// Passing the same buffer again reuses its memory: `data` stays where it is until `capacity` grows. After an error, and after
/// `SARK_UNDEFINED` or `SARK_MISS`, `length` is 0.
#[repr(C)]
pub struct sark_buffer {
    /// The bytes; NULL while `capacity` is 0.
    pub data: *const u8,
    /// Their number.
    pub length: u64,
    /// The bytes that fit before `data` moves.
    pub capacity: u64,
}

/// What `sark_buffer_new` makes: the public part first, so that both have the same address.
#[repr(C)]
struct OwnedBuffer {
    public: sark_buffer,
    bytes: Vec<u8>,
}

/// A buffer during one call: whatever happens, the public part ends up true to the bytes.
pub(super) struct Output<'a> {
    buffer: &'a mut OwnedBuffer,
}

/// The caller's buffer, emptied.
///
/// # Safety
/// `pointer` is NULL or came from `sark_buffer_new`, and nothing else uses it during the call.
pub(super) unsafe fn output<'a>(pointer: *mut sark_buffer) -> Result<Output<'a>> {
    // SAFETY: every `sark_buffer` is the first field of an `OwnedBuffer`.
    let buffer = unsafe { pointer.cast::<OwnedBuffer>().as_mut() }.ok_or_else(|| Error::invalid("buffer", "must not be NULL"))?;
    buffer.bytes.clear();
    Ok(Output { buffer })
}

impl Output<'_> {
    /// Where to write.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.buffer.bytes
    }

    /// Refuses an input that lies in this buffer: writing the result would change it while it is read.
    pub(super) fn refuse_overlap(&self, input: Option<&[u8]>) -> Result<()> {
        let Some(input) = input else { return Ok(()) };
        let (input, own) = (input.as_ptr_range(), self.buffer.bytes.as_ptr() as usize);
        let overlaps = (input.start as usize) < own + self.buffer.bytes.capacity() && own < input.end as usize;
        if overlaps {
            Err(Error::invalid("buffer", "the input lies in it; use another buffer, or copy the input"))
        } else {
            Ok(())
        }
    }

    /// Runs `body`; an error or a panic leaves the buffer empty.
    pub(super) fn fill<T>(&mut self, body: impl FnOnce(&mut Vec<u8>) -> Result<T>) -> Result<T> {
        let result = body(self.bytes());
        if result.is_err() {
            self.bytes().clear();
        }
        result
    }
}

impl Drop for Output<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.buffer.bytes.clear();
        }
        let bytes = &self.buffer.bytes;
        let data = if bytes.capacity() == 0 { std::ptr::null() } else { bytes.as_ptr() };
        self.buffer.public = sark_buffer { data, length: bytes.len() as u64, capacity: bytes.capacity() as u64 };
    }
}

/// Makes an empty buffer; NULL only after a defect.
///
/// Ownership: the caller owns it, and frees it with `sark_buffer_free`.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub extern "C" fn sark_buffer_new() -> *mut sark_buffer {
    infallible(std::ptr::null_mut(), || {
        let public = sark_buffer { data: std::ptr::null(), length: 0, capacity: 0 };
        Box::into_raw(Box::new(OwnedBuffer { public, bytes: Vec::new() })).cast()
    })
}

/// Frees a buffer; NULL is fine.
///
/// Ownership: ends the buffer and its bytes.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_buffer_free(buffer: *mut sark_buffer) {
    // SAFETY: NULL or from `sark_buffer_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(buffer.cast::<OwnedBuffer>()) });
}
