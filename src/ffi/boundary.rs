//! What every entry goes through: panics stop here, pointers are checked here, errors leave here.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::time::Duration;

use super::error::sark_error;
use super::fork;
use super::status::{SARK_INTERNAL_ERROR, SARK_NO_TIMEOUT};
use crate::error::{Error, ErrorKind, Result};

/// Runs a fallible entry: gives its status, and writes its error (or NULL) to `error`.
///
/// # Safety
/// `error` is NULL or may be written.
pub(super) unsafe fn entry(error: *mut *mut sark_error, body: impl FnOnce() -> Result<i32>) -> i32 {
    let result = guard(body);
    // SAFETY: passed on from the caller.
    unsafe { leave(error, result, |status| status, |error| error.kind() as i32) }
}

/// Runs a predicate: `true` only on a certain yes; errors are in `error` alone.
///
/// # Safety
/// As `entry`.
pub(super) unsafe fn predicate(error: *mut *mut sark_error, body: impl FnOnce() -> Result<bool>) -> bool {
    let result = guard(body);
    // SAFETY: passed on from the caller.
    unsafe { leave(error, result, |yes| yes, |_| false) }
}

/// Runs an entry that cannot fail: an accessor, a close or a free. A panic gives `otherwise`.
pub(super) fn infallible<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    guard(|| Ok(body())).unwrap_or(otherwise)
}

/// # Safety
/// As `entry`.
unsafe fn leave<T, R>(
    error: *mut *mut sark_error,
    result: Result<T>,
    good: impl FnOnce(T) -> R,
    bad: impl FnOnce(&Error) -> R,
) -> R {
    let (answer, object) = match result {
        Ok(value) => (good(value), std::ptr::null_mut()),
        Err(problem) => (bad(&problem), if error.is_null() { std::ptr::null_mut() } else { sark_error::into_raw(problem) }),
    };
    if !error.is_null() {
        // SAFETY: not NULL, and the caller said it may be written.
        unsafe { error.write(object) };
    }
    answer
}

/// No panic crosses: it becomes an error, and what it unwound past is as it was, or says it is closed.
pub(super) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    fork::prepare_process();
    let body = AssertUnwindSafe(|| {
        #[cfg(feature = "test-panic")]
        super::test_panic::panic_if_armed();
        body()
    });
    catch_unwind(body).unwrap_or_else(|payload| {
        // Dropping a payload may itself panic; what that panic carries is given up.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        Err(Error::new(
            ErrorKind::InternalError,
            "a defect in sark was caught; the handle stays usable. Please report it with what was called",
        ))
    })
}

const _: () = assert!(SARK_INTERNAL_ERROR == ErrorKind::InternalError as i32);

/// The handle behind `pointer`.
///
/// # Safety
/// `pointer` is NULL or a handle of this type that is not freed during the call.
pub(super) unsafe fn handle<'a, T>(name: &str, pointer: *const T) -> Result<&'a T> {
    // SAFETY: the caller's contract; NULL gives None.
    unsafe { pointer.as_ref() }.ok_or_else(|| missing(name))
}

/// The same for a handle that one thread at a time uses.
///
/// # Safety
/// As `handle`, and no other call uses it meanwhile.
pub(super) unsafe fn handle_mut<'a, T>(name: &str, pointer: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's contract; NULL gives None.
    unsafe { pointer.as_mut() }.ok_or_else(|| missing(name))
}

/// Checks a place for a result, before anything is done.
pub(super) fn place<T>(name: &str, pointer: *mut T) -> Result<*mut T> {
    if pointer.is_null() { Err(missing(name)) } else { Ok(pointer) }
}

fn missing(name: &str) -> Error {
    Error::invalid(name, "must not be NULL")
}

/// Bytes that must be there. A NULL pointer with length 0 is the empty text where `text` and keys are meant; JSON is checked by its reader.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that nobody changes during the call.
pub(super) unsafe fn bytes<'a>(name: &str, pointer: *const u8, length: u64) -> Result<&'a [u8]> {
    // SAFETY: passed on from the caller.
    unsafe { optional_bytes(name, pointer, length) }?.ok_or_else(|| missing(name))
}

/// Bytes that may be left out: NULL with length 0.
///
/// # Safety
/// As `bytes`.
pub(super) unsafe fn optional_bytes<'a>(name: &str, pointer: *const u8, length: u64) -> Result<Option<&'a [u8]>> {
    let length = usize::try_from(length).ok().filter(|l| isize::try_from(*l).is_ok());
    let length = length.ok_or_else(|| Error::invalid(name, "the length is larger than any memory"))?;
    match (pointer.is_null(), length) {
        (true, 0) => Ok(None),
        (true, _) => Err(Error::invalid(name, format_args!("a length of {length} with a NULL pointer"))),
        // SAFETY: not NULL, and the caller vouches for `length` bytes, which is at most isize::MAX.
        (false, _) => Ok(Some(unsafe { slice::from_raw_parts(pointer, length) })),
    }
}

/// Text that must be there, checked as UTF-8.
///
/// # Safety
/// As `bytes`.
pub(super) unsafe fn text<'a>(name: &str, pointer: *const c_char, length: u64) -> Result<&'a str> {
    // SAFETY: passed on from the caller.
    unsafe { optional_text(name, pointer, length) }?.ok_or_else(|| missing(name))
}

/// Text that may be left out: NULL with length 0.
///
/// # Safety
/// As `bytes`.
pub(super) unsafe fn optional_text<'a>(name: &str, pointer: *const c_char, length: u64) -> Result<Option<&'a str>> {
    // SAFETY: passed on from the caller.
    let bytes = unsafe { optional_bytes(name, pointer.cast(), length) }?;
    bytes.map(std::str::from_utf8).transpose().map_err(|e| {
        let offset = e.valid_up_to();
        Error::new(ErrorKind::SerializationError, format!("{name}: invalid UTF-8 at offset {offset}")).at_offset(offset)
    })
}

/// A time from an options field: 0 is the default (`None`), `SARK_NO_TIMEOUT` is none (`Some(None)`).
pub(super) fn timeout(nanoseconds: u64) -> Option<Option<Duration>> {
    match nanoseconds {
        0 => None,
        SARK_NO_TIMEOUT => Some(None),
        _ => Some(Some(Duration::from_nanos(nanoseconds))),
    }
}

/// A duration for an info field.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A field's value, or its default where it is 0.
pub(super) fn or_default(value: u64, default: u64) -> u64 {
    if value == 0 { default } else { value }
}

/// Gives a new handle to the caller.
///
/// # Safety
/// `place` may be written.
pub(super) unsafe fn give<T>(place: *mut *mut T, handle: T) {
    // SAFETY: the caller's contract.
    unsafe { place.write(Box::into_raw(Box::new(handle))) };
}

/// Ends what `give` gave; NULL is fine.
///
/// # Safety
/// `pointer` is NULL or came from `give` (or a box of the same type), and is not used again.
pub(super) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller's contract.
        drop(unsafe { Box::from_raw(pointer) });
    }
}
