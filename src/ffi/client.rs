//! `sark_client` and `sark_decision`: one decision.

use std::ffi::c_char;
use std::mem::size_of;
use std::sync::Arc;

use super::boundary::{
    entry, free, give, handle, infallible, nanoseconds, optional_bytes, optional_text, or_default, place, text, timeout,
};
use super::cache::sark_cache;
use super::engine::{SARK_REVISION_SIZE, revision_text, sark_engine};
use super::error::{sark_error, sark_str};
use super::flags::sark_flags;
use super::metrics::{metrics_of, sark_metrics};
use super::status::{
    SARK_FALLBACK_EVALUATION, SARK_FALLBACK_INTERNAL, SARK_FALLBACK_LIMIT, SARK_FALLBACK_NONE, SARK_FALLBACK_SERIALIZATION,
    SARK_FALLBACK_UNSUPPORTED, SARK_IMPLEMENTATION_HTTP, SARK_IMPLEMENTATION_RUST, SARK_INTERNAL_ERROR, SARK_OK, SARK_UNDEFINED,
};
use super::versioned::{self, Versioned};
use crate::client::{Client, ClientOptions, ClientParts, Decision, Fallback};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Implementation;

/// Decides for a gateway: the dial, the cache, the local engine, and the remote OPA.
pub struct sark_client {
    pub(super) client: Arc<Client>,
}

/// One decision. Immutable.
pub struct sark_decision {
    decision: Decision,
    /// The result as text; the ABI hands out `sark_str`.
    result: Option<String>,
}

/// What bounds a client. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_client_options {
    /// `sizeof(sark_client_options)`.
    pub struct_size: u32,
    /// How many decisions may fall back to the remote at the same time; further ones get their error. Default 16.
    pub max_concurrent_fallbacks: u32,
    /// The time of one decision in nanoseconds, both sides together; default 5 s; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
    /// The time to live of cached decisions in nanoseconds; default the cache's.
    pub cache_ttl_ns: u64,
    /// The largest answer of the remote in bytes; default 16 MiB.
    pub max_answer_bytes: u64,
    /// Where to count, or NULL. The client keeps it alive.
    pub metrics: *const sark_metrics,
}

/// What one decision may take.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_decide_options {
    /// `sizeof(sark_decide_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The time in nanoseconds; default the client's; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
}

/// What a decision was, and where its time went.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_decide_info {
    /// `sizeof(sark_decide_info)`.
    pub struct_size: u32,
    /// `SARK_OK` or `SARK_UNDEFINED`.
    pub status: i32,
    /// 1 where the result is exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`.
    pub allowed: u32,
    /// `SARK_IMPLEMENTATION_RUST` or `SARK_IMPLEMENTATION_HTTP`.
    pub implementation: u32,
    /// 1 where it was decided before, under this revision.
    pub cached: u32,
    /// A `SARK_FALLBACK_…`.
    pub fallback: u32,
    /// Nanoseconds at the dial.
    pub flag_ns: u64,
    /// Nanoseconds at the cache.
    pub cache_ns: u64,
    /// Nanoseconds in the local engine, reading the input included.
    pub evaluate_ns: u64,
    /// Nanoseconds at the remote OPA.
    pub remote_ns: u64,
    /// Nanoseconds in all.
    pub duration_ns: u64,
    /// The local revision that decided, opaque text that ends with a NUL; empty for a remote decision.
    pub revision: [c_char; SARK_REVISION_SIZE],
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_client_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}
// SAFETY: as above.
unsafe impl Versioned for sark_decide_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}
// SAFETY: as above.
unsafe impl Versioned for sark_decide_info {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Makes a client.
///
/// `cache` may be NULL: nothing is remembered. `flags` may be NULL: everyone is decided locally. `opa_url`, such as
/// `http://127.0.0.1:8181`, may be left out (NULL, 0): then there is no fallback, and `flags` must be NULL. `feature`, the dial's
/// name, may be left out: `rust_opa`.
///
/// Ownership: the caller owns `*client`; it keeps engine, cache and flags alive.
/// Errors: INVALID_ARGUMENT, UNSUPPORTED, SERIALIZATION_ERROR (UTF-8).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_new(
    engine: *const sark_engine,
    cache: *const sark_cache,
    flags: *const sark_flags,
    opa_url: *const c_char,
    opa_url_length: u64,
    feature: *const c_char,
    feature_length: u64,
    options: *const sark_client_options,
    client: *mut *mut sark_client,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("client", client)?;
            let given = versioned::options("options", options)?;
            let parts = ClientParts {
                engine: Arc::clone(&handle("engine", engine)?.engine),
                cache: cache.as_ref().map(|c| Arc::clone(&c.cache)),
                flags: flags.as_ref().map(|f| Arc::clone(&f.flags)),
                opa_url: optional_text("opa_url", opa_url, opa_url_length)?.map(str::to_owned),
                feature: optional_text("feature", feature, feature_length)?.unwrap_or(Client::DEFAULT_FEATURE).to_owned(),
                metrics: metrics_of(given.metrics),
            };
            give(place, sark_client { client: Arc::new(Client::new(parts, client_options(&given))?) });
            Ok(SARK_OK)
        })
    }
}

fn client_options(given: &sark_client_options) -> ClientOptions {
    let default = ClientOptions::default();
    ClientOptions {
        timeout: timeout(given.timeout_ns).unwrap_or(default.timeout),
        cache_ttl: timeout(given.cache_ttl_ns).flatten(),
        max_concurrent_fallbacks: if given.max_concurrent_fallbacks == 0 {
            default.max_concurrent_fallbacks
        } else {
            given.max_concurrent_fallbacks
        },
        max_answer_bytes: or_default(given.max_answer_bytes, default.max_answer_bytes),
    }
}

/// Decides: the dial chooses the side, the cache is asked before the local engine, and the remote answers where the local engine fails.
/// Blocks until then. The status is OK or UNDEFINED, both with a decision, or an error without one: never an allow.
///
/// Without an input (NULL, 0), `input` is undefined. Without a user (NULL, 0), the remote decides unless the dial stands at 100 %.
///
/// Ownership: the caller owns `*decision`, and frees it with `sark_decision_free`.
/// Errors: POLICY_NOT_FOUND, INVALID_ARGUMENT, SERIALIZATION_ERROR, EVALUATION_ERROR, LIMIT_EXCEEDED, UNAVAILABLE, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_decide(
    client: *const sark_client,
    policy: *const c_char,
    policy_length: u64,
    input: *const u8,
    input_length: u64,
    user: *const u8,
    user_length: u64,
    options: *const sark_decide_options,
    info: *mut sark_decide_info,
    decision: *mut *mut sark_decision,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("decision", decision)?;
            let client = handle("client", client)?;
            let policy = text("policy", policy, policy_length)?;
            let input = optional_bytes("input", input, input_length)?;
            let user = optional_bytes("user", user, user_length)?.unwrap_or_default();
            let timeout = timeout(versioned::options("options", options)?.timeout_ns);
            let info = versioned::info("info", info)?;
            let decision = owned(client.client.decide(policy, input, user, timeout)?)?;
            let status = decision.status();
            info.fill(&decide_info(&decision));
            give(place, decision);
            Ok(status)
        })
    }
}

fn owned(mut decision: Decision) -> Result<sark_decision> {
    let result = decision.result.take().map(String::from_utf8).transpose();
    let result = result.map_err(|_| Error::new(ErrorKind::SerializationError, "the result is not UTF-8"))?;
    Ok(sark_decision { decision, result })
}

fn decide_info(decision: &sark_decision) -> sark_decide_info {
    let Decision { allowed, implementation, cached, fallback, revision, phases, .. } = &decision.decision;
    sark_decide_info {
        struct_size: 0,
        status: decision.status(),
        allowed: (*allowed).into(),
        implementation: match implementation {
            Implementation::Rust => SARK_IMPLEMENTATION_RUST,
            Implementation::Http => SARK_IMPLEMENTATION_HTTP,
        },
        cached: (*cached).into(),
        fallback: fallback_number(*fallback),
        flag_ns: nanoseconds(phases.flag),
        cache_ns: nanoseconds(phases.cache),
        evaluate_ns: nanoseconds(phases.evaluate),
        remote_ns: nanoseconds(phases.remote),
        duration_ns: nanoseconds(phases.total),
        revision: revision_text(revision),
    }
}

const fn fallback_number(fallback: Option<Fallback>) -> u32 {
    match fallback {
        None => SARK_FALLBACK_NONE,
        Some(Fallback::Evaluation) => SARK_FALLBACK_EVALUATION,
        Some(Fallback::Serialization) => SARK_FALLBACK_SERIALIZATION,
        Some(Fallback::Limit) => SARK_FALLBACK_LIMIT,
        Some(Fallback::Internal) => SARK_FALLBACK_INTERNAL,
        Some(Fallback::Unsupported) => SARK_FALLBACK_UNSUPPORTED,
    }
}

impl sark_decision {
    fn status(&self) -> i32 {
        if self.result.is_some() { SARK_OK } else { SARK_UNDEFINED }
    }
}

/// # Safety
/// `pointer` is NULL or a decision that is not freed while the answer is used.
unsafe fn read<T>(pointer: *const sark_decision, otherwise: T, read: impl FnOnce(&sark_decision) -> T) -> T
where
    T: Copy,
{
    // SAFETY: the caller's contract.
    let decision = unsafe { pointer.as_ref() };
    infallible(otherwise, || decision.map_or(otherwise, read))
}

/// `SARK_OK`, or `SARK_UNDEFINED`; for NULL, `SARK_INTERNAL_ERROR`.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_status(decision: *const sark_decision) -> i32 {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, SARK_INTERNAL_ERROR, sark_decision::status) }
}

/// Whether the decision allows: exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`. False for NULL.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_allowed(decision: *const sark_decision) -> bool {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, false, |d| d.decision.allowed) }
}

/// Whether it was decided before, under this revision. False for NULL.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_cached(decision: *const sark_decision) -> bool {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, false, |d| d.decision.cached) }
}

/// The result as compact JSON with sorted keys; empty where undefined, and for NULL.
///
/// Ownership: the text belongs to the decision.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_result(decision: *const sark_decision) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, sark_str::EMPTY, |d| sark_str::new(d.result.as_deref().unwrap_or_default())) }
}

/// The side that decided: `rust` for the local engine, `http` for the remote OPA. Empty for NULL.
///
/// Ownership: the text is static.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_implementation(decision: *const sark_decision) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, sark_str::EMPTY, |d| sark_str::new(d.decision.implementation.label())) }
}

/// Why the remote decided although the dial chose the local engine: `evaluation`, `serialization`, `limit`, `internal`, `unsupported`. Empty where it did not.
///
/// Ownership: the text is static.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_fallback(decision: *const sark_decision) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, sark_str::EMPTY, |d| sark_str::new(d.decision.fallback.map_or("", Fallback::name))) }
}

/// The local revision that decided; empty for a remote decision.
///
/// Ownership: the text belongs to the decision.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_revision(decision: *const sark_decision) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, sark_str::EMPTY, |d| sark_str::new(d.decision.revision.as_str())) }
}

/// Nanoseconds that the decision took.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_duration_ns(decision: *const sark_decision) -> u64 {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, 0, |d| nanoseconds(d.decision.phases.total)) }
}

/// Frees a decision; NULL is fine.
///
/// Ownership: ends the decision and every text taken from it.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_free(decision: *mut sark_decision) {
    // SAFETY: NULL or from `sark_client_decide`, owned by the caller and not used again.
    infallible((), || unsafe { free(decision) });
}

/// Ends a client for all its users; later calls answer CLOSED. Its engine, cache and flags go on. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_close(client: *const sark_client) {
    // SAFETY: NULL or a client that is not freed during the call.
    let client = unsafe { client.as_ref() };
    infallible((), || {
        if let Some(client) = client {
            client.client.close();
        }
    });
}

/// Frees a client; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_free(client: *mut sark_client) {
    // SAFETY: NULL or from `sark_client_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(client) });
}
