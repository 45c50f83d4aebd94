//! `sark_input`: an input that is read once and decided many times.

use std::sync::atomic::{AtomicBool, Ordering};

use super::boundary::{bytes, entry, free, give, handle, infallible, place};
use super::engine::sark_engine;
use super::error::sark_error;
use super::status::SARK_OK;
use crate::error::{Error, Result};
use crate::rego::Input;

/// A parsed input.
pub struct sark_input {
    input: Input,
    closed: AtomicBool,
}

impl sark_input {
    pub(super) fn get(&self) -> Result<Input> {
        if self.closed.load(Ordering::Acquire) { Err(Error::closed("input")) } else { Ok(self.input.clone()) }
    }
}

/// Reads an input once, within the engine's limits, for queries of that engine.
///
/// Ownership: the JSON is copied; the caller owns `*input`.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR, LIMIT_EXCEEDED, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_input_parse(
    engine: *const sark_engine,
    json: *const u8,
    json_length: u64,
    input: *mut *mut sark_input,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("input", input)?;
            let engine = handle("engine", engine)?;
            let input = engine.engine.read(bytes("json", json, json_length)?)?;
            give(place, sark_input { input, closed: AtomicBool::new(false) });
            Ok(SARK_OK)
        })
    }
}

/// Ends an input for all its users; later calls answer CLOSED. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_input_close(input: *const sark_input) {
    // SAFETY: NULL or an input that is not freed during the call.
    let input = unsafe { input.as_ref() };
    infallible((), || {
        if let Some(input) = input {
            input.closed.store(true, Ordering::Release);
        }
    });
}

/// Frees an input; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_input_free(input: *mut sark_input) {
    // SAFETY: NULL or from `sark_input_parse`, owned by the caller and not used again.
    infallible((), || unsafe { free(input) });
}
