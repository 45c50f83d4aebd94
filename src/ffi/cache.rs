//! `sark_cache`: bytes with a time to live.

use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{bytes, entry, free, give, handle, infallible, or_default, place, timeout};
use super::buffer::{output, sark_buffer};
use super::error::sark_error;
use super::metrics::{metrics_of, sark_metrics};
use super::status::{SARK_MISS, SARK_OK};
use super::versioned::{self, Versioned};
use crate::cache::{Cache, CacheOptions, Ttl};
use crate::error::Result;

/// Bytes under keys, each with a time to live, within a number of entries and of bytes.
pub struct sark_cache {
    pub(super) cache: Arc<Cache>,
}

/// What bounds a cache. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_cache_options {
    /// `sizeof(sark_cache_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The most entries; default 10,000.
    pub max_entries: u64,
    /// The most bytes of keys and values together; default 64 MiB.
    pub max_bytes: u64,
    /// The time to live of entries that do not name one, in nanoseconds; default 300 s; `SARK_NO_EXPIRY` for ever.
    pub default_ttl_ns: u64,
    /// How often expired entries are removed in the background, in nanoseconds; default 60 s.
    pub sweep_interval_ns: u64,
    /// Where to count, or NULL. The cache keeps it alive.
    pub metrics: *const sark_metrics,
}

/// How an entry is stored.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_cache_set_options {
    /// `sizeof(sark_cache_set_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The time to live in nanoseconds; default the cache's; `SARK_NO_EXPIRY` for ever.
    pub ttl_ns: u64,
}

/// What storing an entry took.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_cache_set_info {
    /// `sizeof(sark_cache_set_info)`.
    pub struct_size: u32,
    /// How many entries had to go for it.
    pub evicted: u32,
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_cache_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}
// SAFETY: as above.
unsafe impl Versioned for sark_cache_set_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}
// SAFETY: as above.
unsafe impl Versioned for sark_cache_set_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Makes an empty cache.
///
/// Ownership: the caller owns `*cache`.
/// Errors: INVALID_ARGUMENT.
/// Threads: any. The first `sark_cache_set` starts a thread of the cache's own, which ends with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_new(
    options: *const sark_cache_options,
    cache: *mut *mut sark_cache,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("cache", cache)?;
            let given = versioned::options("options", options)?;
            let metrics = metrics_of(given.metrics);
            give(place, sark_cache { cache: Cache::new(cache_options(&given), metrics)? });
            Ok(SARK_OK)
        })
    }
}

fn cache_options(given: &sark_cache_options) -> CacheOptions {
    let default = CacheOptions::default();
    let sweep_interval =
        if given.sweep_interval_ns == 0 { default.sweep_interval } else { Duration::from_nanos(given.sweep_interval_ns) };
    CacheOptions {
        max_entries: or_default(given.max_entries, default.max_entries),
        max_bytes: or_default(given.max_bytes, default.max_bytes),
        default_ttl: timeout(given.default_ttl_ns).unwrap_or(default.default_ttl),
        sweep_interval,
    }
}

/// Writes the value under a key; MISS where there is none that has not expired.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_get(
    cache: *const sark_cache,
    key: *const u8,
    key_length: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let cache = handle("cache", cache)?;
            let key = bytes("key", key, key_length)?;
            output.refuse_overlap(Some(key))?;
            let hit = output.fill(|bytes| cache.cache.get(key, bytes))?;
            Ok(if hit { SARK_OK } else { SARK_MISS })
        })
    }
}

/// Stores a value under a key, in place of what was there.
///
/// Ownership: key and value are copied.
/// Errors: TOO_LARGE for an entry larger than the cache (what was under the key is removed), INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_set(
    cache: *const sark_cache,
    key: *const u8,
    key_length: u64,
    value: *const u8,
    value_length: u64,
    options: *const sark_cache_set_options,
    info: *mut sark_cache_set_info,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let cache = handle("cache", cache)?;
            let (key, value) = (bytes("key", key, key_length)?, bytes("value", value, value_length)?);
            let ttl = match timeout(versioned::options("options", options)?.ttl_ns) {
                None => Ttl::Default,
                Some(None) => Ttl::Never,
                Some(Some(after)) => Ttl::After(after),
            };
            let info = versioned::info("info", info)?;
            let evicted = cache.cache.set(key, value, ttl)?;
            info.fill(&sark_cache_set_info { struct_size: 0, evicted });
            Ok(SARK_OK)
        })
    }
}

/// Removes the entry under a key; MISS where there was none that had not expired.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_remove(
    cache: *const sark_cache,
    key: *const u8,
    key_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let removed = handle("cache", cache)?.cache.remove(bytes("key", key, key_length)?)?;
            Ok(if removed { SARK_OK } else { SARK_MISS })
        })
    }
}

/// Removes all entries.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_clear(cache: *const sark_cache, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("cache", cache)?.cache.clear()?;
            Ok(SARK_OK)
        })
    }
}

/// Writes the number of entries, expired ones that were not yet removed included.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_len(cache: *const sark_cache, entries: *mut u64, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { entry(error, || write_number(entries, "entries", handle("cache", cache)?.cache.len())) }
}

/// Writes the bytes of all keys and values.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_bytes(cache: *const sark_cache, bytes: *mut u64, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { entry(error, || write_number(bytes, "bytes", handle("cache", cache)?.cache.bytes())) }
}

/// Removes expired entries now, and writes how many there were.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_cleanup_expired(
    cache: *const sark_cache,
    removed: *mut u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || write_number(place("removed", removed)?, "removed", handle("cache", cache)?.cache.cleanup_expired()))
    }
}

/// # Safety
/// `pointer` is NULL or may be written.
unsafe fn write_number(pointer: *mut u64, name: &str, number: Result<u64>) -> Result<i32> {
    let place = place(name, pointer)?;
    // SAFETY: not NULL, and the caller said it may be written.
    unsafe { place.write(number?) };
    Ok(SARK_OK)
}

/// Writes what the cache did and holds, a JSON object of whole numbers: `hits`, `misses`, `sets`, `removals`, `evictions`, `expirations`,
/// `entries`, `bytes`.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_stats(
    cache: *const sark_cache,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let stats = handle("cache", cache)?.cache.stats()?;
            let stats = serde_json::json!({
                "hits": stats.hits, "misses": stats.misses, "sets": stats.sets, "removals": stats.removals,
                "evictions": stats.evictions, "expirations": stats.expirations, "entries": stats.entries, "bytes": stats.bytes,
            });
            output.bytes().extend_from_slice(stats.to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Ends a cache for all its users: entries are dropped, later calls answer CLOSED. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_close(cache: *const sark_cache) {
    // SAFETY: NULL or a cache that is not freed during the call.
    let cache = unsafe { cache.as_ref() };
    infallible((), || {
        if let Some(cache) = cache {
            cache.cache.close();
        }
    });
}

/// Frees a handle; NULL is fine. Clients made from it live on.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_cache_free(cache: *mut sark_cache) {
    // SAFETY: NULL or from `sark_cache_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(cache) });
}
