//! `sark_source`: where an engine's policies and data come from.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{entry, free, give, handle, infallible, optional_text, place, text};
use super::buffer::{output, sark_buffer};
use super::engine::sark_engine;
use super::error::sark_error;
use super::memory;
use super::status::{SARK_MISS, SARK_OK};
use crate::source::Source;

/// A source that an engine follows.
pub struct sark_source {
    source: Source,
}

/// Has an engine follow a source: a thread asks it from time to time, and brings into force what is new, whole or not at all. On any error
/// the last good state stays. Until the first one, the engine answers UNAVAILABLE, and a client lets its remote OPA decide.
///
/// `url` is one of
/// - `dir:PATH`: Rego, JSON and YAML as `opa run PATH` reads them, without `*_test.rego`; read again when it changed and is quiet;
/// - `bundle:PATH`: a bundle of OPA's, a tar.gz or its files;
/// - `http://…`, `https://…`: a bundle that a server has, asked for by its ETag, and by long polling;
/// - `opa:http://…`: what a running OPA has, by its own API; what follows `opa:` is as in `sark_client_new`.
///
/// `config` is a JSON object with the names of OPA's configuration, or NULL. Settings that are not known are refused. `name` (by default the
/// file's, as in `bundles/<name>`) stands in revisions and before the names of a bundle's policies (those of a directory are their paths); two sources of one engine have names and
/// roots of their own. `keys` and `signing` verify bundles: with a key, nothing unsigned comes into force. `polling`, `credentials`, `tls`,
/// `headers`, `size_limit_bytes`, `persistence_directory`, `rego_version`, `roots`, `ignore`, `max_staleness_seconds` and `when_stale`
/// (`serve`, `remote` or `deny`) are described in `docs/sources.md`.
///
/// Waits up to 3 s for the first answer. A source that is away, or has what is refused, is no error: `sark_source_wait` and
/// `sark_source_status` say it.
///
/// Ownership: the caller owns `*source`, which is a view: the engine follows the source until `sark_source_close` or its own end.
/// Errors: INVALID_ARGUMENT, UNSUPPORTED (another kind of source), CONFLICT (a name that another source has), SERIALIZATION_ERROR (UTF-8), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_new(
    engine: *const sark_engine,
    url: *const c_char,
    url_length: u64,
    config: *const c_char,
    config_length: u64,
    source: *mut *mut sark_source,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("source", source)?;
            let engine = handle("engine", engine)?;
            let (url, config) = (text("url", url, url_length)?, optional_text("config", config, config_length)?);
            give(
                place,
                sark_source { source: Source::follow(&engine.engine, url, config.map(str::as_bytes), memory::give_back)? },
            );
            Ok(SARK_OK)
        })
    }
}

/// Waits up to `timeout_ns` until something of the source is in force.
///
/// Errors: what keeps it from that once the time is over: that of what was refused, or UNAVAILABLE; CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_wait(source: *const sark_source, timeout_ns: u64, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { entry(error, || handle("source", source)?.source.wait(Duration::from_nanos(timeout_ns)).map(|()| SARK_OK)) }
}

/// Asks the source now, rather than when it is due, and does not wait for the answer.
///
/// Errors: INVALID_ARGUMENT, CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_trigger(source: *const sark_source, error: *mut *mut sark_error) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe { entry(error, || handle("source", source)?.source.trigger().map(|()| SARK_OK)) }
}

/// Takes the next thing that happened, as JSON: `{"when", "level": "info", "warning" or "error", "event", "message", "fields": {…}}`. Events are
/// `activated`, `refused`, `unreachable`, `reachable`, `stale` and `not_kept`; of more than 256 that wait, the oldest are dropped and counted.
/// Waits up to `timeout_ns`; MISS where nothing happened.
///
/// Ownership: the caller owns the buffer.
/// Errors: INVALID_ARGUMENT, CLOSED, also for one who waits.
/// Threads: any; each event is given once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_next(
    source: *const sark_source,
    timeout_ns: u64,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            match handle("source", source)?.source.next_event(Duration::from_nanos(timeout_ns))? {
                Some(event) => output.bytes().extend_from_slice(event.to_json().to_string().as_bytes()),
                None => return Ok(SARK_MISS),
            }
            Ok(SARK_OK)
        })
    }
}

/// Writes how the source is, as JSON: `name`, `url` (without secrets), `ready`, `closed`, `revision` (the source's own), `engine_revision`,
/// `type`, `from_disk`, `policies`, `bytes`, `activations`, `last_request`, `last_successful_request`, `last_successful_activation`,
/// `age_seconds`, `max_staleness_seconds`, `when_stale`, `stale`, `outside_calls` (what its policies call that would reach outside, where
/// `sark_engine_allow_net` was not called: `policy`, `builtin`, `row`, `col`) and `error` (what went wrong last, or null). Answers after the
/// close, too.
///
/// Ownership: the caller owns the buffer.
/// Errors: INVALID_ARGUMENT.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_status(
    source: *const sark_source,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let status = handle("source", source)?.source.status();
            output.bytes().extend_from_slice(status.to_string().as_bytes());
            Ok(SARK_OK)
        })
    }
}

/// Stops following. What is in force stays, and may be changed by hand or by another source from then on. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_close(source: *const sark_source) {
    // SAFETY: NULL or a source that is not freed during the call.
    let source = unsafe { source.as_ref() };
    infallible((), || {
        if let Some(source) = source {
            source.source.close();
        }
    });
}

/// Frees the view of a source, which the engine goes on following; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_source_free(source: *mut sark_source) {
    // SAFETY: NULL or from `sark_source_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(source) });
}
