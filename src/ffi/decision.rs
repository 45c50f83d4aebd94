//! `sark_decision`: what a client decided.

use std::cell::OnceCell;
use std::ffi::c_char;
use std::mem::offset_of;

use super::boundary::{free, give, infallible, nanoseconds};
use super::engine::{SARK_REVISION_SIZE, revision_text};
use super::error::sark_str;
use super::status::{
    SARK_FALLBACK_EVALUATION, SARK_FALLBACK_INTERNAL, SARK_FALLBACK_LIMIT, SARK_FALLBACK_NONE, SARK_FALLBACK_SERIALIZATION,
    SARK_FALLBACK_UNAVAILABLE, SARK_FALLBACK_UNSUPPORTED, SARK_IMPLEMENTATION_HTTP, SARK_IMPLEMENTATION_RUST,
    SARK_INTERNAL_ERROR, SARK_OK, SARK_UNDEFINED,
};
use super::versioned::{InfoPlace, Versioned};
use crate::client::{Decision, DecisionId, Fallback};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Implementation;

/// The room for a decision's id in an info struct: its text and NULs.
pub const SARK_DECISION_ID_SIZE: usize = 40;

/// One decision. Immutable.
pub struct sark_decision {
    decision: Decision,
    /// The result as text; the ABI hands out `sark_str`.
    result: Option<String>,
    /// Its id as text, once somebody asks.
    id: OnceCell<[u8; DecisionId::LENGTH]>,
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
    /// Nanoseconds in the local engine, without reading the input.
    pub evaluate_ns: u64,
    /// Nanoseconds at the remote OPA.
    pub remote_ns: u64,
    /// Nanoseconds in all.
    pub duration_ns: u64,
    /// The local revision that decided, opaque text that ends with a NUL; empty for a remote decision.
    pub revision: [c_char; SARK_REVISION_SIZE],
    /// Nanoseconds spent reading the input.
    pub read_ns: u64,
    /// The decision's id: a random UUID, text that ends with NULs.
    pub id: [c_char; SARK_DECISION_ID_SIZE],
}

// SAFETY: repr(C), `struct_size` first, integers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_decide_info {
    const FIRST_SIZE: usize = offset_of!(Self, read_ns);
}

fn owned(mut decision: Decision) -> Result<sark_decision> {
    let result = decision.result.take().map(String::from_utf8).transpose();
    let result = result.map_err(|_| Error::new(ErrorKind::SerializationError, "the result is not UTF-8"))?;
    Ok(sark_decision { decision, result, id: OnceCell::new() })
}

/// Hands a decision out, and gives the status.
///
/// # Safety
/// `place` may be written.
pub(super) unsafe fn give_decision(
    decision: Decision,
    info: InfoPlace<sark_decide_info>,
    place: *mut *mut sark_decision,
) -> Result<i32> {
    let decision = owned(decision)?;
    let status = decision.status();
    if info.is_wanted() {
        info.fill(&decide_info(&decision));
    }
    // SAFETY: the caller's contract.
    unsafe { give(place, decision) };
    Ok(status)
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
        read_ns: nanoseconds(phases.read),
        id: id_text(decision.id_text()),
    }
}

fn id_text(id: &[u8; DecisionId::LENGTH]) -> [c_char; SARK_DECISION_ID_SIZE] {
    let mut text = [0; SARK_DECISION_ID_SIZE];
    for (to, from) in text.iter_mut().zip(id) {
        *to = c_char::from_ne_bytes([*from]);
    }
    text
}

const fn fallback_number(fallback: Option<Fallback>) -> u32 {
    match fallback {
        None => SARK_FALLBACK_NONE,
        Some(Fallback::Evaluation) => SARK_FALLBACK_EVALUATION,
        Some(Fallback::Serialization) => SARK_FALLBACK_SERIALIZATION,
        Some(Fallback::Limit) => SARK_FALLBACK_LIMIT,
        Some(Fallback::Internal) => SARK_FALLBACK_INTERNAL,
        Some(Fallback::Unsupported) => SARK_FALLBACK_UNSUPPORTED,
        Some(Fallback::Unavailable) => SARK_FALLBACK_UNAVAILABLE,
    }
}

impl sark_decision {
    fn id_text(&self) -> &[u8; DecisionId::LENGTH] {
        self.id.get_or_init(|| self.decision.id.to_text())
    }

    pub(super) fn status(&self) -> i32 {
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

/// Why the other side decided than the one that was chosen: the remote for `evaluation`, `serialization`, `limit`, `internal` and
/// `unsupported`, for `unavailable` the one that was there. Empty where the chosen one decided.
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

/// The decision's id, a random UUID, by which logs and events name it. Empty for NULL.
///
/// Ownership: the text belongs to the decision.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_decision_id(decision: *const sark_decision) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(decision, sark_str::EMPTY, |d| sark_str::new(std::str::from_utf8(d.id_text()).unwrap_or_default())) }
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
