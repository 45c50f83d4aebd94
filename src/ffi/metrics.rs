//! `sark_metrics`: what happened.

use std::ffi::c_char;
use std::mem::size_of;
use std::path::Path;
use std::sync::Arc;

use super::boundary::{entry, free, give, handle, infallible, place, text};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::shared_memory::SharedMemory;
use super::status::SARK_OK;
use super::versioned::{self, Versioned};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::{self, Format, Metrics};

/// Prometheus' text format, version 0.0.4: `text/plain; version=0.0.4; charset=utf-8`.
pub const SARK_METRICS_TEXT: u32 = 0;

/// OpenMetrics: `application/openmetrics-text; version=1.0.0; charset=utf-8`.
pub const SARK_METRICS_OPENMETRICS: u32 = 1;

const _: () = assert!(SARK_METRICS_TEXT == Format::Text as u32 && SARK_METRICS_OPENMETRICS == Format::OpenMetrics as u32);

/// Counters, shared by what it was given to.
pub struct sark_metrics {
    metrics: Arc<Metrics>,
}

/// How metrics are kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_metrics_options {
    /// `sizeof(sark_metrics_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), `struct_size` first, integers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_metrics_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}

/// The metrics behind a handle in an options struct.
///
/// # Safety
/// `pointer` is NULL or a handle that is not freed during the call.
pub(super) unsafe fn metrics_of(pointer: *const sark_metrics) -> Option<Arc<Metrics>> {
    // SAFETY: the caller's contract.
    unsafe { pointer.as_ref() }.map(|m| Arc::clone(&m.metrics))
}

/// Makes an empty set of metrics, to be given to engines, caches, flags and clients in their options.
///
/// Ownership: the caller owns `*metrics`; what it was given to keeps it alive.
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_new(
    options: *const sark_metrics_options,
    metrics: *mut *mut sark_metrics,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("metrics", metrics)?;
            versioned::options("options", options)?;
            give(place, sark_metrics { metrics: Metrics::new() });
            Ok(SARK_OK)
        })
    }
}

/// Makes metrics that processes share: what each counts is in a file of its own in `directory`, and what any of them renders is of all, those
/// that ended included, however they ended. Gauges are of living processes: sizes are added, of everything else the largest counts.
///
/// The directory is made where there is none (what it lies in has to be there), for its owner alone; it is for one service on one machine,
/// and nothing else may write to it. A file takes 64 KiB of the disk, and more with many features; one of an ended process is added to
/// those before it. A forked child counts in a file of its own from its first count on. Where it can make none, it counts in
/// its parent's, and `sark_metrics_errors_total` says so.
///
/// Ownership: the caller owns `*metrics`; what it was given to keeps it alive. The files stay, and so do the counts.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (no UTF-8), UNAVAILABLE (the directory cannot be made or written, or the disk is full).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_new_shared(
    directory: *const c_char,
    directory_length: u64,
    options: *const sark_metrics_options,
    metrics: *mut *mut sark_metrics,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("metrics", metrics)?;
            let directory = text("directory", directory, directory_length)?;
            versioned::options("options", options)?;
            give(place, sark_metrics { metrics: shared(directory)? });
            Ok(SARK_OK)
        })
    }
}

fn shared(directory: &str) -> Result<Arc<Metrics>> {
    if directory.is_empty() || directory.contains('\0') {
        return Err(Error::invalid("directory", "must be the path of a directory"));
    }
    let memory = SharedMemory::reserve(metrics::MAX_FILE_BYTES);
    let memory = memory.map_err(|problem| Error::new(ErrorKind::Unavailable, format!("metrics: no addresses: {problem}")))?;
    Metrics::shared(Path::new(directory), Box::new(memory))
}

/// Writes everything as Prometheus text, version 0.0.4.
///
/// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_render(
    metrics: *const sark_metrics,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let metrics = handle("metrics", metrics)?;
            output.fill(|bytes| metrics.metrics.render(Format::Text, bytes))?;
            Ok(SARK_OK)
        })
    }
}

/// Writes everything in a format of the caller's choice: `SARK_METRICS_TEXT`, as `sark_metrics_render`, or `SARK_METRICS_OPENMETRICS`.
///
/// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_render_as(
    metrics: *const sark_metrics,
    format: u32,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let metrics = handle("metrics", metrics)?;
            let format = Format::of(format)?;
            output.fill(|bytes| metrics.metrics.render(format, bytes))?;
            Ok(SARK_OK)
        })
    }
}

/// Writes everything as JSON, for collectors of a language's own metrics library: an array of families,
/// `{"name", "help", "type": "counter" | "gauge" | "histogram", "unit": text or null, "labels": [name, …], "samples": […]}`. A sample is
/// `{"labels": [value, …], "value": number}`, one of a histogram `{"labels", "buckets": [[bound in seconds, how many up to it], …], "count", "sum"}`.
///
/// Errors: INVALID_ARGUMENT, CLOSED, UNAVAILABLE (a directory that processes share cannot be read).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_gather(
    metrics: *const sark_metrics,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let metrics = handle("metrics", metrics)?;
            output.fill(|bytes| metrics.metrics.gather(bytes))?;
            Ok(SARK_OK)
        })
    }
}

/// Ends metrics for all their users: rendering answers CLOSED. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_close(metrics: *const sark_metrics) {
    // SAFETY: NULL or metrics that are not freed during the call.
    let metrics = unsafe { metrics.as_ref() };
    infallible((), || {
        if let Some(metrics) = metrics {
            metrics.metrics.close();
        }
    });
}

/// Frees a handle; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_metrics_free(metrics: *mut sark_metrics) {
    // SAFETY: NULL or from `sark_metrics_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(metrics) });
}
