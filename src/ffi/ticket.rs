//! `sark_ticket`: a decision in two steps, without sark's own sockets.

use std::ffi::c_char;
use std::fmt::Write;
use std::sync::Arc;

use super::boundary::{entry, free, give, handle, handle_mut, infallible, nanoseconds, optional_bytes, place, text};
use super::client::{decide_options, sark_client, sark_decide_options};
use super::decision::{give_decision, sark_decide_info, sark_decision};
use super::error::{sark_error, sark_str};
use super::status::{SARK_FAIL_CONNECTION, SARK_FAIL_TIMEOUT, SARK_NO_TIMEOUT, SARK_PENDING};
use super::versioned;
use crate::client::{Begun, Ticket};
use crate::error::{Error, Result};
use crate::opa::{NoAnswer, Question};

/// What is left to do for a decision. One thread at a time.
pub struct sark_ticket {
    ticket: Ticket,
    /// `name: value` lines.
    headers: String,
}

/// Decides without blocking: what the flags, the cache and the local engine decide within a millisecond comes as `*decision`, with the status
/// OK or UNDEFINED, as from `sark_client_decide`. Otherwise the status is PENDING and `*ticket` says what is left: an HTTP request to
/// send (`sark_ticket_url` is not empty), whose response goes to `sark_ticket_complete`; or work for a thread that may block, by
/// `sark_ticket_run`, which is the way for any ticket.
///
/// Ownership: the caller owns `*decision` or `*ticket`; the other is NULL. A ticket keeps the client alive.
/// Errors: as `sark_client_decide`.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_client_begin(
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
    ticket: *mut *mut sark_ticket,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let (decided, begun) = (place("decision", decision)?, place("ticket", ticket)?);
            decided.write(std::ptr::null_mut());
            begun.write(std::ptr::null_mut());
            let client = handle("client", client)?;
            let policy = text("policy", policy, policy_length)?;
            let input = optional_bytes("input", input, input_length)?;
            let user = optional_bytes("user", user, user_length)?.unwrap_or_default();
            let options = decide_options(&versioned::options("options", options)?)?;
            let info = versioned::info("info", info)?;
            match Arc::clone(&client.client).begin(policy, input, user, &options)? {
                Begun::Decided(made) => give_decision(*made, info, decided),
                Begun::Ticket(ticket) => {
                    let headers = header_lines(ticket.question());
                    give(begun, sark_ticket { ticket: *ticket, headers });
                    Ok(SARK_PENDING)
                }
            }
        })
    }
}

fn header_lines(question: Option<&Question>) -> String {
    let mut lines = String::new();
    for (name, value) in question.into_iter().flat_map(Question::headers) {
        // Writing to a string never fails.
        let _ = write!(lines, "{name}: {value}\r\n");
    }
    lines
}

/// Where the request of a ticket goes, by `POST`. Empty for NULL, and for a ticket that `sark_ticket_run` alone completes.
///
/// Ownership: the text belongs to the ticket, until it is completed.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_url(ticket: *const sark_ticket) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(ticket, sark_str::EMPTY, |t| sark_str::new(t.ticket.question().map_or("", Question::url))) }
}

/// The request's header: `name: value` lines that end with CR and LF. A bearer token may be among them.
///
/// Ownership: the text belongs to the ticket.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_headers(ticket: *const sark_ticket) -> sark_str {
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(ticket, sark_str::EMPTY, |t| sark_str::new(&t.headers)) }
}

/// The request's body, JSON.
///
/// Ownership: the text belongs to the ticket, until it is completed.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_body(ticket: *const sark_ticket) -> sark_str {
    let body = |ticket: &sark_ticket| {
        let body = ticket.ticket.question().map(Question::body).unwrap_or_default();
        sark_str::new(std::str::from_utf8(body).unwrap_or_default())
    };
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(ticket, sark_str::EMPTY, body) }
}

/// Nanoseconds that are left for the response; `SARK_NO_TIMEOUT` for no bound. 0 for NULL.
///
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_timeout_ns(ticket: *const sark_ticket) -> u64 {
    let left = |ticket: &sark_ticket| {
        let left = ticket.ticket.question().map(Question::remaining);
        left.map_or(0, |left| left.map_or(SARK_NO_TIMEOUT, nanoseconds))
    };
    // SAFETY: the caller keeps the header's conventions.
    unsafe { read(ticket, 0, left) }
}

/// Makes the decision of the response's HTTP status and body. The status is OK or UNDEFINED, both with a decision, or an error without one:
/// never an allow. In the mode `SARK_MODE_REMOTE_FIRST`, a remote that is away makes the local engine decide, within this call.
///
/// Ownership: the caller owns `*decision`; the ticket must still be freed.
/// Errors: as `sark_client_decide`; INVALID_ARGUMENT also for a ticket without a request, or that was completed.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_complete(
    ticket: *mut sark_ticket,
    status: u32,
    body: *const u8,
    body_length: u64,
    info: *mut sark_decide_info,
    decision: *mut *mut sark_decision,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("decision", decision)?;
            let ticket = handle_mut("ticket", ticket)?;
            let status = u16::try_from(status).map_err(|_| Error::invalid("status", "it is HTTP's: from 100 to 599"))?;
            let body = optional_bytes("body", body, body_length)?.unwrap_or_default();
            let info = versioned::info("info", info)?;
            give_decision(ticket.ticket.complete(status, body)?, info, place)
        })
    }
}

/// Makes the decision where no response came: `why` is `SARK_FAIL_CONNECTION` or `SARK_FAIL_TIMEOUT`. The error table says whether there is
/// one; otherwise the status is the error's.
///
/// Ownership: the caller owns `*decision`; the ticket must still be freed.
/// Errors: as `sark_ticket_complete`.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_fail(
    ticket: *mut sark_ticket,
    why: u32,
    info: *mut sark_decide_info,
    decision: *mut *mut sark_decision,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("decision", decision)?;
            let ticket = handle_mut("ticket", ticket)?;
            let info = versioned::info("info", info)?;
            give_decision(ticket.ticket.fail(no_answer(why)?)?, info, place)
        })
    }
}

fn no_answer(why: u32) -> Result<NoAnswer> {
    match why {
        SARK_FAIL_CONNECTION => Ok(NoAnswer::Connection),
        SARK_FAIL_TIMEOUT => Ok(NoAnswer::Timeout),
        _ => Err(Error::invalid("why", format_args!("{why} is none; use a SARK_FAIL_…"))),
    }
}

/// Makes the decision, however long it takes, up to its timeout: by sark's own HTTP client, or the local engine. Blocks.
///
/// Ownership: the caller owns `*decision`; the ticket must still be freed.
/// Errors: as `sark_client_decide`; INVALID_ARGUMENT also for a ticket that was completed.
/// Threads: one at a time; a thread that may block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_run(
    ticket: *mut sark_ticket,
    info: *mut sark_decide_info,
    decision: *mut *mut sark_decision,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("decision", decision)?;
            let ticket = handle_mut("ticket", ticket)?;
            let info = versioned::info("info", info)?;
            give_decision(ticket.ticket.run()?, info, place)
        })
    }
}

/// Frees a ticket; one that was not completed is given up. NULL is fine.
///
/// Ownership: ends the ticket and every text taken from it.
/// Threads: one at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_ticket_free(ticket: *mut sark_ticket) {
    // SAFETY: NULL or from `sark_client_begin`, owned by the caller and not used again.
    infallible((), || unsafe { free(ticket) });
}

/// # Safety
/// `pointer` is NULL or a ticket that is not freed while the answer is used.
unsafe fn read<T: Copy>(pointer: *const sark_ticket, otherwise: T, read: impl FnOnce(&sark_ticket) -> T) -> T {
    // SAFETY: the caller's contract.
    let ticket = unsafe { pointer.as_ref() };
    infallible(otherwise, || ticket.map_or(otherwise, read))
}
