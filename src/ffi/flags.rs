//! `sark_flags`: the dial.

use std::ffi::c_char;
use std::mem::size_of;
use std::sync::Arc;

use super::boundary::{entry, free, give, handle, infallible, optional_bytes, place, predicate, text};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::metrics::{metrics_of, sark_metrics};
use super::status::{SARK_MISS, SARK_OK};
use super::versioned::{self, Versioned};
use crate::error::Error;
use crate::flags::{self, Flags, Percentage};

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
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_flags_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}

/// Opens the store at a URL; today `memory:`.
///
/// Ownership: the caller owns `*flags`.
/// Errors: INVALID_ARGUMENT, UNSUPPORTED, SERIALIZATION_ERROR (UTF-8).
/// Threads: any.
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
            let metrics = metrics_of(versioned::options("options", options)?.metrics);
            give(place, sark_flags { flags: Flags::open(url, metrics)? });
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
            let feature = text("feature", feature, feature_length)?;
            flags.flags.is_enabled(feature, optional_bytes("user", user, user_length)?.unwrap_or_default())
        })
    }
}

/// Sets a feature's percentage, from 0 to 100 in steps of 0.01.
///
/// Errors: INVALID_ARGUMENT (nothing is stored), SERIALIZATION_ERROR (UTF-8), CLOSED.
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
            flags.flags.set_rollout(text("feature", feature, feature_length)?, Percentage::new(percentage)?)?;
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
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8), CLOSED.
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
            handle("flags", flags)?.flags.rollback(text("feature", feature, feature_length)?)?;
            Ok(SARK_OK)
        })
    }
}

/// Sets every feature to 0 %, at once.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_flags_rollback_all(flags: *const sark_flags, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("flags", flags)?.flags.rollback_all()?;
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
            let items: Vec<String> = list
                .iter()
                .map(|(name, percentage)| {
                    format!("{{\"feature\":{},\"percentage\":{percentage}}}", serde_json::Value::from(name.as_ref()))
                })
                .collect();
            output.bytes().extend_from_slice(format!("[{}]", items.join(",")).as_bytes());
            Ok(SARK_OK)
        })
    }
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
