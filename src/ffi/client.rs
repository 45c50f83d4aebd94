//! `sark_client`: one decision.

use std::ffi::c_char;
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{
    bytes, entry, free, give, handle, infallible, optional_bytes, optional_text, or_default, place, text, timeout,
};
use super::buffer::{output, sark_buffer};
use super::cache::sark_cache;
use super::decision::{decide_info, owned, sark_decide_info, sark_decision};
use super::engine::sark_engine;
use super::error::sark_error;
use super::flags::{sark_flags, write_event};
use super::metrics::{metrics_of, sark_metrics};
use super::status::{SARK_MODE_DIAL, SARK_MODE_LOCAL, SARK_MODE_REMOTE, SARK_MODE_REMOTE_FIRST, SARK_OK};
use super::versioned::{self, Versioned};
use crate::client::{Client, ClientOptions, ClientParts, DecideOptions, GuardOptions, Mask, Mode, ShadowOptions};
use crate::error::{Error, Result};
use crate::opa::TraceParent;

/// Decides for a gateway: the dial, the cache, the local engine, and the remote OPA.
pub struct sark_client {
    pub(super) client: Arc<Client>,
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
    /// `SARK_MODE_…`: who decides; default the dial.
    pub mode: u32,
    /// The share of local decisions that are compared with the remote's, in hundredths of a percent: 1 to 10,000; 0 is off.
    pub shadow_rate: u32,
    /// How many decisions may wait to be compared; of more, the new ones are dropped and counted. Default 256.
    pub shadow_max_waiting: u32,
    /// 1: the input of a differing answer is kept, without the masked places. 0: it is not.
    pub shadow_keep_inputs: u32,
    /// The guard's sliding window in nanoseconds; 0 is off. With it, at least one threshold below.
    pub guard_window_ns: u64,
    /// The dial goes back where the 95th percentile of the local decisions' time is longer, in nanoseconds; 0 is off.
    pub guard_p95_ns: u64,
    /// The dial goes back at this share of local decisions that failed, in hundredths of a percent: 1 to 10,000; 0 is off.
    pub guard_error_rate: u32,
    /// The dial goes back at so many answers that differ from the remote's (`shadow_rate` finds them); 0 is off.
    pub guard_differing: u32,
    /// With fewer local decisions in the window, error rate and p95 say nothing; default 100.
    pub guard_min_decisions: u32,
    /// 0.
    pub reserved: u32,
}

/// What one decision may take.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_decide_options {
    /// `sizeof(sark_decide_options)`.
    pub struct_size: u32,
    /// The flags of the trace: W3C's `trace-flags`, 0 to 255.
    pub trace_flags: u32,
    /// The time in nanoseconds; default the client's; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
    /// The upper half of W3C's `trace-id`; both halves 0 for no trace. It goes to the remote as `traceparent`.
    pub trace_id_high: u64,
    /// The lower half.
    pub trace_id_low: u64,
    /// W3C's `parent-id`.
    pub trace_parent_id: u64,
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_client_options {
    const FIRST_SIZE: usize = offset_of!(Self, mode);
    fn reserved(&self) -> u32 {
        self.reserved
    }
}
// SAFETY: as above.
unsafe impl Versioned for sark_decide_options {
    const FIRST_SIZE: usize = offset_of!(Self, trace_id_high);
}
/// Makes a client.
///
/// `cache` may be NULL: nothing is remembered. `flags` may be NULL: everyone is decided locally. `opa_url`, such as
/// `http://127.0.0.1:8181`, may be left out (NULL, 0): then there is no fallback, and `flags` must be NULL. `feature`, the dial's
/// name, may be left out: `rust_opa`.
///
/// The URL's own parameters, percent-encoded, say how the remote is asked: `https://opa:8181?ca_file=PATH` trusts that file alone, else
/// whom the machine trusts; `cert_file=PATH&key_file=PATH` say who we are (all PEM, read once); `token_file=PATH` holds a bearer token,
/// read again at most every second, and over plain `http` anyone between can read it; `connect_timeout_ms=2000` bounds connecting.
///
/// Ownership: the caller owns `*client`; it keeps engine, cache and flags alive.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (UTF-8).
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
            give(place, sark_client { client: Arc::new(Client::new(parts, client_options(&given)?)?) });
            Ok(SARK_OK)
        })
    }
}

fn client_options(given: &sark_client_options) -> Result<ClientOptions> {
    let default = ClientOptions::default();
    let some = |number: u32| (number > 0).then_some(number);
    Ok(ClientOptions {
        mode: mode(given.mode)?,
        timeout: timeout(given.timeout_ns).unwrap_or(default.timeout),
        cache_ttl: timeout(given.cache_ttl_ns).flatten(),
        max_concurrent_fallbacks: some(given.max_concurrent_fallbacks).unwrap_or(default.max_concurrent_fallbacks),
        max_answer_bytes: or_default(given.max_answer_bytes, default.max_answer_bytes),
        shadow: ShadowOptions {
            rate: given.shadow_rate,
            max_waiting: some(given.shadow_max_waiting).unwrap_or(default.shadow.max_waiting),
            keep_inputs: given.shadow_keep_inputs != 0,
        },
        guard: GuardOptions {
            window: Duration::from_nanos(given.guard_window_ns),
            min_decisions: some(given.guard_min_decisions).unwrap_or(default.guard.min_decisions),
            error_rate: some(given.guard_error_rate),
            p95: (given.guard_p95_ns > 0).then(|| Duration::from_nanos(given.guard_p95_ns)),
            differing: some(given.guard_differing),
        },
    })
}

fn mode(number: u32) -> Result<Mode> {
    match number {
        SARK_MODE_DIAL => Ok(Mode::Dial),
        SARK_MODE_LOCAL => Ok(Mode::Local),
        SARK_MODE_REMOTE => Ok(Mode::Remote),
        SARK_MODE_REMOTE_FIRST => Ok(Mode::RemoteFirst),
        _ => Err(Error::invalid("mode", format_args!("{number} is none; use a SARK_MODE_…"))),
    }
}

pub(super) fn decide_options(given: &sark_decide_options) -> Result<DecideOptions> {
    let trace_id = u128::from(given.trace_id_high) << 64 | u128::from(given.trace_id_low);
    let flags = u8::try_from(given.trace_flags).map_err(|_| Error::invalid("trace_flags", "they are one byte: 0 to 255"))?;
    Ok(DecideOptions { timeout: timeout(given.timeout_ns), trace: TraceParent::new(trace_id, given.trace_parent_id, flags) })
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
            let options = decide_options(&versioned::options("options", options)?)?;
            let info = versioned::info("info", info)?;
            let decision = owned(client.client.decide(policy, input, user, &options)?)?;
            let status = decision.status();
            info.fill(&decide_info(&decision));
            give(place, decision);
            Ok(status)
        })
    }
}

/// Leaves places out of whatever the client keeps of inputs and results from now on: differing answers, events, decision logs.
///
/// `pointers` is a JSON array of JSON pointers that start with `/input` or `/result`, such as `["/input/password"]`; `[]` for none.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_set_mask(
    client: *const sark_client,
    pointers: *const u8,
    pointers_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mask = Mask::parse(bytes("pointers", pointers, pointers_length)?)?;
            handle("client", client)?.client.set_mask(mask)?;
            Ok(SARK_OK)
        })
    }
}

/// Writes how the client is, as JSON: `breaker` (`state`, `failures`, `retry_in_seconds`), `shadow` (`rate`, `outcomes` by name,
/// `dropped`, `waiting`, and `differences`, the last ones, the newest first), `guard` (what its window holds, `rollbacks`, `withheld`),
/// null where there is none, and `fallbacks`, how many are under way.
///
/// Ownership: the caller owns the buffer.
/// Errors: CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_status(
    client: *const sark_client,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let status = handle("client", client)?.client.status()?;
            output.bytes().extend_from_slice(status.to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Takes the next thing that happened, for a logger: JSON with `when`, `level` (`info`, `warning` or `error`), `event`, `message` and
/// `fields`. Events: `fallback`, `shadow_differs`, `guard_rolled_back`, `guard_withheld`, `guard_failed`, `events_dropped`. None has an
/// input or a result. Up to 256 wait; older ones are dropped and counted.
///
/// Waits up to `timeout_ns` for one; MISS where none came. `sark_client_close` ends the wait with CLOSED.
///
/// Ownership: the caller owns the buffer.
/// Errors: CLOSED.
/// Threads: any; each event is given once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_next(
    client: *const sark_client,
    timeout_ns: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let event = handle("client", client)?.client.next_event(Duration::from_nanos(timeout_ns))?;
            write_event(event, output.bytes())
        })
    }
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
