//! `sark_metrics`: what happened.

use std::mem::size_of;
use std::sync::Arc;

use super::boundary::{entry, free, give, handle, infallible, place};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::status::SARK_OK;
use super::versioned::{self, Versioned};
use crate::metrics::Metrics;

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
            give(place, sark_metrics { metrics: Metrics::new()? });
            Ok(SARK_OK)
        })
    }
}

/// Writes everything as Prometheus text, version 0.0.4.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
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
            output.fill(|bytes| metrics.metrics.render(bytes))?;
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
