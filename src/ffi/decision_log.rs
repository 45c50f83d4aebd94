//! `sark_decision_log`: what was decided.

use std::ffi::c_char;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{entry, free, give, handle, infallible, or_default, place, text};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::metrics::{metrics_of, sark_metrics};
use super::status::{SARK_MISS, SARK_OK};
use super::versioned::{self, Versioned};
use crate::decision_log::{DecisionLog, DecisionLogOptions};
use crate::metrics::Metrics;

/// What clients decided, for a caller to drain or in a file.
pub struct sark_decision_log {
    log: Arc<DecisionLog>,
}

/// What bounds a decision log. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_decision_log_options {
    /// `sizeof(sark_decision_log_options)`.
    pub struct_size: u32,
    /// How many events may wait; of more, the oldest are dropped and counted. Default 10,000.
    pub max_waiting: u32,
    /// How many bytes of inputs and results may wait; default 64 MiB.
    pub max_waiting_bytes: u64,
    /// A larger input or result, in bytes, is left out of its event, which then names it in `erased`; default 1 MiB.
    pub max_event_bytes: u64,
    /// Where to count, or NULL. The log keeps it alive.
    pub metrics: *const sark_metrics,
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_decision_log_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// The log behind a handle in an options struct.
///
/// # Safety
/// `pointer` is NULL or a handle that is not freed during the call.
pub(super) unsafe fn decision_log_of(pointer: *const sark_decision_log) -> Option<Arc<DecisionLog>> {
    // SAFETY: the caller's contract.
    unsafe { pointer.as_ref() }.map(|log| Arc::clone(&log.log))
}

/// Opens a decision log, to be given to clients in their options. Its events are OPA's (`EventV1`): one JSON object for each decision, or
/// error, with the input and the result, without the places that the client's mask names. `custom` has what OPA's format has no field
/// for: `implementation`, `fallback`, `cached`, `revision`.
///
/// `location` is `queue:`, and events are taken with `sark_decision_log_next`; or `file:PATH?max_bytes=100000000&keep=5`, JSON lines that
/// a thread writes. A file that would grow beyond `max_bytes` is renamed to `PATH.1`, and of the renamed ones `keep` stay. Several
/// processes may write one file. It is made so that its owner alone may read it.
///
/// Ownership: the caller owns `*log`; a client keeps it alive.
/// Errors: INVALID_ARGUMENT, UNAVAILABLE (the file cannot be written), SERIALIZATION_ERROR (UTF-8).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_new(
    location: *const c_char,
    location_length: u64,
    options: *const sark_decision_log_options,
    log: *mut *mut sark_decision_log,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("log", log)?;
            let location = text("location", location, location_length)?;
            let given = versioned::options("options", options)?;
            give(place, sark_decision_log { log: DecisionLog::open(location, log_options(&given, metrics_of(given.metrics)))? });
            Ok(SARK_OK)
        })
    }
}

fn log_options(given: &sark_decision_log_options, metrics: Option<Arc<Metrics>>) -> DecisionLogOptions {
    let default = DecisionLogOptions::default();
    DecisionLogOptions {
        max_waiting: if given.max_waiting == 0 { default.max_waiting } else { given.max_waiting },
        max_waiting_bytes: or_default(given.max_waiting_bytes, default.max_waiting_bytes),
        max_event_bytes: or_default(given.max_event_bytes, default.max_event_bytes),
        metrics,
    }
}

/// Takes the oldest event of a log whose location is `queue:`. Waits up to `timeout_ns` for one; MISS where none came. What waits at
/// `sark_decision_log_close` may still be taken; then the answer is CLOSED, also for one who waits.
///
/// Ownership: the caller owns the buffer.
/// Errors: UNSUPPORTED for a log in a file, CLOSED.
/// Threads: any; each event is given once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_next(
    log: *const sark_decision_log,
    timeout_ns: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            match handle("log", log)?.log.next(Duration::from_nanos(timeout_ns))? {
                Some(event) => output.bytes().extend_from_slice(&event),
                None => return Ok(SARK_MISS),
            }
            Ok(SARK_OK)
        })
    }
}

/// Waits up to `timeout_ns` until all events so far are written to the file, or taken from the queue: MISS where some still wait then.
///
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_flush(
    log: *const sark_decision_log,
    timeout_ns: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let is_empty = handle("log", log)?.log.flush(Duration::from_nanos(timeout_ns));
            Ok(if is_empty { SARK_OK } else { SARK_MISS })
        })
    }
}

/// Writes how the log is, as JSON: `location`, `waiting`, `waiting_bytes`, `events` (written, or given to callers), `dropped` (lost, since
/// too many waited or the file could not be written), and `failing`, why the file cannot be written now, or null. In a forked child, of the
/// child alone. Answers after the close, too.
///
/// Ownership: the caller owns the buffer.
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_status(
    log: *const sark_decision_log,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let status = handle("log", log)?.log.status();
            output.bytes().extend_from_slice(status.to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Ends a log for all its users, after it wrote what waits for its file, for up to 2 s. Later decisions are not logged, and counted as
/// dropped. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_close(log: *const sark_decision_log) {
    // SAFETY: NULL or a log that is not freed during the call.
    let log = unsafe { log.as_ref() };
    infallible((), || {
        if let Some(log) = log {
            log.log.close();
        }
    });
}

/// Frees a log; NULL is fine. The last of its users, clients included, closes it.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_log_free(log: *mut sark_decision_log) {
    // SAFETY: NULL or from `sark_decision_log_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(log) });
}
