//! `sark_flags`: the dial.

use std::ffi::c_char;
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{bytes, entry, free, give, handle, infallible, optional_bytes, optional_text, place, predicate, text};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::metrics::{metrics_of, sark_metrics};
use super::status::{SARK_FORCE_LOCAL, SARK_FORCE_NONE, SARK_FORCE_REMOTE, SARK_MISS, SARK_OK};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use serde_json::{Value, json};

use crate::event::Event;
use crate::flags::{self, By, Change, Flags, FlagsOptions, Force, Percentage};

/// The percentages of all features.
pub struct sark_flags {
    pub(super) flags: Arc<Flags>,
}

/// How flags are kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_flags_options {
    /// `sizeof(sark_flags_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Where to count, or NULL. The flags keep it alive.
    pub metrics: *const sark_metrics,
    /// How old the percentages of a store that is away may become, in nanoseconds; from then on everyone takes the remote path. 0 for no bound.
    pub max_age_ns: u64,
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_flags_options {
    const FIRST_SIZE: usize = offset_of!(Self, max_age_ns);
    fn reserved(&self) -> u32 {
        self.reserved
    }
}

/// Opens the store at a URL: `memory:`, `file:PATH`, `redis://…`, `rediss://…` or `unix:PATH` (docs/flags.md says what each does). A
/// store that is away is no error: what was kept of it holds, or 0 %, until it is reached. The environment's `SARK_FORCE`, `local` or
/// `remote`, sends everyone to one side.
///
/// Ownership: the caller owns `*flags`.
/// Errors: INVALID_ARGUMENT (also for a `SARK_FORCE` that is no side), UNSUPPORTED, SERIALIZATION_ERROR (UTF-8).
/// Threads: any. Waits up to 3 s for the first contact with the store, and starts a thread that follows it (none for `memory:`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_new(
    url: *const c_char,
    url_length: u64,
    options: *const sark_flags_options,
    flags: *mut *mut sark_flags,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("flags", flags)?;
            let url = text("url", url, url_length)?;
            let options = versioned::options("options", options)?;
            let max_age = (options.max_age_ns != 0).then(|| Duration::from_nanos(options.max_age_ns));
            let options = FlagsOptions { metrics: metrics_of(options.metrics), max_age };
            give(place, sark_flags { flags: Flags::open(url, options)? });
            Ok(SARK_OK)
        })
    }
}

/// The bucket of a user under a feature, from 0 to 9,999, a hundredth of a percent each: the same in every process, language and version.
/// Whole percentages are Unleash's gradual rollout.
///
/// Errors: INVALID_ARGUMENT, also for a user without bytes; SERIALIZATION_ERROR (UTF-8).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_bucket(
    feature: *const c_char,
    feature_length: u64,
    user: *const u8,
    user_length: u64,
    bucket: *mut u32,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("bucket", bucket)?;
            let feature = text("feature", feature, feature_length)?;
            let user = optional_bytes("user", user, user_length)?.filter(|u| !u.is_empty());
            let user = user.ok_or_else(|| Error::invalid("user", "a request without a user has no bucket"))?;
            place.write(flags::bucket(feature, user));
            Ok(SARK_OK)
        })
    }
}

/// Whether a user takes the local path of a feature; without a user (NULL, or no bytes) only at 100 %. False with an error in `error` alone.
///
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_is_enabled(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    user: *const u8,
    user_length: u64,
    error: *mut *mut sark_error,
) -> bool {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        predicate(error, || {
            let flags = handle("flags", flags)?;
            let name = bytes("feature", feature.cast(), feature_length)?;
            let user = optional_bytes("user", user, user_length)?.unwrap_or_default();
            if let Some(is_enabled) = flags.flags.is_enabled_by_bytes(name, user)? {
                return Ok(is_enabled);
            }
            text("feature", feature, feature_length)?;
            Ok(false)
        })
    }
}

/// Sets a feature's percentage, from 0 to 100 in steps of 0.01.
///
/// Errors: INVALID_ARGUMENT (nothing is stored), UNAVAILABLE (the store did not confirm it), TOO_LARGE (10,000 features), SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_set_rollout(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    percentage: f64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let flags = handle("flags", flags)?;
            flags.flags.set_rollout(text("feature", feature, feature_length)?, Percentage::new(percentage)?, By::default())?;
            Ok(SARK_OK)
        })
    }
}

/// Writes a feature's percentage; MISS, and 0, where it was never set.
///
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_rollout(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    percentage: *mut f64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("percentage", percentage)?;
            let rollout = handle("flags", flags)?.flags.rollout(text("feature", feature, feature_length)?)?;
            place.write(rollout.unwrap_or_default().as_f64());
            Ok(if rollout.is_some() { SARK_OK } else { SARK_MISS })
        })
    }
}

/// Sets a feature to 0 %: everyone takes the remote path.
///
/// Errors: INVALID_ARGUMENT, UNAVAILABLE, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_rollback(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("flags", flags)?.flags.rollback(text("feature", feature, feature_length)?, By::default())?;
            Ok(SARK_OK)
        })
    }
}

/// Sets every feature to 0 %, at once.
///
/// Errors: INVALID_ARGUMENT, UNAVAILABLE, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_rollback_all(flags: *const sark_flags, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("flags", flags)?.flags.rollback_all(By::default())?;
            Ok(SARK_OK)
        })
    }
}

/// Writes all features that were ever set, a JSON array sorted by name: `[{"feature":"rust_opa","percentage":25}]`.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_list(flags: *const sark_flags, buffer: *mut sark_buffer, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let list = handle("flags", flags)?.flags.list()?;
            let items = list.iter().map(|(name, r)| json!({"feature": &**name, "percentage": Value::from(r.percentage)}));
            output.bytes().extend_from_slice(items.collect::<Value>().to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Sets a feature's percentage as `sark_flags_set_rollout` does, remembers who did it and why (each may be left out), and writes the
/// change, a JSON object: `{"when":"2026-01-31T12:00:00Z","feature":"rust_opa","from":10,"to":25,"who":"…","why":"…"}`; `from` is null
/// where the feature was not set.
///
/// Errors: as `sark_flags_set_rollout`.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_set_rollout_by(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    percentage: f64,
    who: *const c_char,
    who_length: u64,
    why: *const c_char,
    why_length: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let flags = handle("flags", flags)?;
            let by = by(who, who_length, why, why_length)?;
            let change = flags.flags.set_rollout(text("feature", feature, feature_length)?, Percentage::new(percentage)?, by)?;
            output.bytes().extend_from_slice(change.to_json().to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Sets a feature to 0 %, or, where it is left out (NULL), all of them at once; remembers who did it and why, and writes the changes, a
/// JSON array of what `sark_flags_set_rollout_by` writes.
///
/// Errors: as `sark_flags_rollback`.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_rollback_by(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    who: *const c_char,
    who_length: u64,
    why: *const c_char,
    why_length: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let flags = handle("flags", flags)?;
            let by = by(who, who_length, why, why_length)?;
            let changes = match optional_text("feature", feature, feature_length)? {
                Some(feature) => vec![flags.flags.rollback(feature, by)?],
                None => flags.flags.rollback_all(by)?,
            };
            write_changes(output.bytes(), &changes);
            Ok(SARK_OK)
        })
    }
}

/// Writes the last changes, the newest first, a JSON array of what `sark_flags_set_rollout_by` writes; of one feature, or, where it is
/// left out (NULL), of all. At most `most`, 0 for all that the store keeps, which are the last 1,000.
///
/// Errors: INVALID_ARGUMENT, UNAVAILABLE, SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_history(
    flags: *const sark_flags,
    feature: *const c_char,
    feature_length: u64,
    most: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let most = usize::try_from(most).ok().filter(|m| *m > 0).unwrap_or(flags::MAX_HISTORY);
            let feature = optional_text("feature", feature, feature_length)?;
            write_changes(output.bytes(), &handle("flags", flags)?.flags.history(feature, most)?);
            Ok(SARK_OK)
        })
    }
}

/// Writes how the flags are, a JSON object: `store` (its URL without secrets), `known` (whether the percentages came from the store, or
/// from what was kept of it), `age_seconds` (since the store was last reached; null for never), `too_old`, `problem` (text or null),
/// `emptied` (whether the store lost its contents), `force` (`"local"`, `"remote"` or null).
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_status(
    flags: *const sark_flags,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let status = handle("flags", flags)?.flags.status()?;
            output.bytes().extend_from_slice(status.to_json().to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Sends everyone to one side, in this process alone, whatever the percentages say: `SARK_FORCE_LOCAL` or `SARK_FORCE_REMOTE`;
/// `SARK_FORCE_NONE` lets the percentages decide again. Replaces what the environment's `SARK_FORCE` said.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_force(flags: *const sark_flags, side: u32, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let force = match side {
                SARK_FORCE_NONE => None,
                SARK_FORCE_LOCAL => Some(Force::Local),
                SARK_FORCE_REMOTE => Some(Force::Remote),
                _ => return Err(Error::invalid("side", format_args!("{side} is no SARK_FORCE_…"))),
            };
            handle("flags", flags)?.flags.force(force, By::default())?;
            Ok(SARK_OK)
        })
    }
}

/// Writes the next thing that happened, for a logger, a JSON object: `when` (RFC 3339), `level` (`info`, `warning`, `error`), `event`
/// (`rollout_updated`, `rollout_rolled_back`, `rollout_changed`, `flags_forced`, `store_away`, `store_back`, `store_garbage`,
/// `store_emptied`, `store_polled`, …), `message`, `fields` (an object). Waits for `timeout_ns`; MISS where nothing happened. 256 events
/// wait; of more, the oldest are dropped, and an event says how many.
///
/// Errors: INVALID_ARGUMENT, CLOSED (also while waiting).
/// Threads: any; each event is given once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_next(
    flags: *const sark_flags,
    timeout_ns: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let event = handle("flags", flags)?.flags.next_event(Duration::from_nanos(timeout_ns))?;
            write_event(event, output.bytes())
        })
    }
}

/// # Safety
/// Both texts are as `optional_text` wants them.
unsafe fn by<'a>(who: *const c_char, who_length: u64, why: *const c_char, why_length: u64) -> Result<By<'a>> {
    // SAFETY: passed on from the caller.
    unsafe {
        Ok(By {
            who: optional_text("who", who, who_length)?.unwrap_or_default(),
            why: optional_text("why", why, why_length)?.unwrap_or_default(),
        })
    }
}

/// The status of `_next`: OK for an event, MISS where none came.
pub(super) fn write_event(event: Option<Event>, output: &mut Vec<u8>) -> Result<i32> {
    let Some(event) = event else { return Ok(SARK_MISS) };
    output.extend_from_slice(event.to_json().to_string().as_bytes());
    Ok(SARK_OK)
}

fn write_changes(output: &mut Vec<u8>, changes: &[Change]) {
    output.extend_from_slice(changes.iter().map(Change::to_json).collect::<Value>().to_string().as_bytes());
}

/// Ends flags for all their users; later calls answer CLOSED. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_close(flags: *const sark_flags) {
    // SAFETY: NULL or flags that are not freed during the call.
    let flags = unsafe { flags.as_ref() };
    infallible((), || {
        if let Some(flags) = flags {
            flags.flags.close();
        }
    });
}

/// Frees a handle; NULL is fine. Clients made from it live on.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_free(flags: *mut sark_flags) {
    // SAFETY: NULL or from `sark_flags_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(flags) });
}
