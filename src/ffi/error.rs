//! `sark_error` and `sark_str`.

use std::ffi::c_char;

use super::boundary::infallible;
use super::status::SARK_OK;
use crate::error::Error;

/// Borrowed UTF-8 text, not NUL-terminated. It lives as long as what it was taken from; `data` is never NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_str {
    /// The text's bytes.
    pub data: *const c_char,
    /// Their number.
    pub length: u64,
}

impl sark_str {
    pub(super) const EMPTY: Self = Self::new("");

    pub(super) const fn new(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), length: text.len() as u64 }
    }
}

/// What went wrong in one call. Immutable.
pub struct sark_error {
    error: Error,
    json: String,
}

impl sark_error {
    /// An error that the caller owns.
    pub(super) fn into_raw(error: Error) -> *mut Self {
        let json = error.to_json();
        Box::into_raw(Box::new(Self { error, json }))
    }
}

/// The error's status, negative; `SARK_OK` for NULL.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_error_status(error: *const sark_error) -> i32 {
    // SAFETY: NULL or an error that is not freed during the call.
    let error = unsafe { error.as_ref() };
    infallible(SARK_OK, || error.map_or(SARK_OK, |e| e.error.kind() as i32))
}

/// OPA's code, such as `rego_parse_error`; empty where there is none, and for NULL.
///
/// Ownership: the text belongs to the error.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_error_code(error: *const sark_error) -> sark_str {
    // SAFETY: NULL or an error that is not freed during the call.
    let error = unsafe { error.as_ref() };
    infallible(sark_str::EMPTY, || sark_str::new(error.and_then(|e| e.error.code()).unwrap_or_default()))
}

/// The message, for a person; empty for NULL.
///
/// Ownership: the text belongs to the error.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_error_message(error: *const sark_error) -> sark_str {
    // SAFETY: NULL or an error that is not freed during the call.
    let error = unsafe { error.as_ref() };
    infallible(sark_str::EMPTY, || sark_str::new(error.map_or("", |e| e.error.message())))
}

/// The whole error as a JSON object: `status` and `message`; where known `code`, `offset` (bytes), and `errors`, an array of `code`, `message`,
/// `location` (`file`, `row`, `col`, from 1) and `line`. Empty for NULL.
///
/// Ownership: the text belongs to the error.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_error_json(error: *const sark_error) -> sark_str {
    // SAFETY: NULL or an error that is not freed during the call.
    let error = unsafe { error.as_ref() };
    infallible(sark_str::EMPTY, || sark_str::new(error.map_or("", |e| &e.json)))
}

/// Frees an error; NULL is fine.
///
/// Ownership: ends the error and every text taken from it.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_error_free(error: *mut sark_error) {
    // SAFETY: NULL or an error from this library, owned by the caller and not used again.
    infallible((), || unsafe { super::boundary::free(error) });
}
