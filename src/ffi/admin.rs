//! `sark_admin`: requests that turn the dial, or ask how everything is.

use std::mem::size_of;
use std::sync::Arc;

use super::boundary::{entry, free, give, handle, infallible, optional_bytes, place};
use super::buffer::{Output, output, sark_buffer};
use super::cache::sark_cache;
use super::client::sark_client;
use super::engine::sark_engine;
use super::error::sark_error;
use super::flags::sark_flags;
use super::metrics::{metrics_of, sark_metrics};
use super::status::SARK_OK;
use super::version::SARK_ABI_VERSION;
use super::versioned::{self, Versioned};
use crate::admin::{ABI_VERSION, Admin, AdminOptions, AdminParts, Request, Response, Token};
use crate::error::{Error, Result};

const _: () = assert!(SARK_ABI_VERSION == ABI_VERSION);

/// Answers requests to administer: a function from a request to a response, without sockets.
pub struct sark_admin {
    admin: Admin,
}

/// What is administered, and by whom.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_admin_options {
    /// `sizeof(sark_admin_options)`.
    pub struct_size: u32,
    /// 1 where everyone who reaches the admin may read and write, and no tokens are given; otherwise 0.
    pub allow_anonymous: u32,
    /// The dial. Must be given. The admin keeps it, and what follows, alive.
    pub flags: *const sark_flags,
    /// The engine whose policies are shown, or NULL.
    pub engine: *const sark_engine,
    /// The cache whose figures are shown, or NULL.
    pub cache: *const sark_cache,
    /// The metrics that are shown, or NULL.
    pub metrics: *const sark_metrics,
    /// The client whose breaker is shown, or NULL.
    pub client: *const sark_client,
}

// SAFETY: repr(C), `struct_size` first, integers and pointers only, no padding, valid with any bytes.
unsafe impl Versioned for sark_admin_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Makes an admin for the bearers of tokens, a JSON array: `[{"name": "ops", "token": "…", "role": "write"}]`. A name stands in the
/// history of what its bearer changes. A token has at least 16 bytes, all of them visible ASCII characters; only its digest is kept. A
/// role is `read` or `write`. Without tokens (NULL, 0, or `[]`) `allow_anonymous` must be 1.
///
/// Ownership: the caller owns `*admin`; it keeps flags, engine, cache, metrics and client alive.
/// Errors: INVALID_ARGUMENT, SERIALIZATION_ERROR (the tokens' JSON; no message has a token).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_admin_new(
    tokens: *const u8,
    tokens_length: u64,
    options: *const sark_admin_options,
    admin: *mut *mut sark_admin,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let place = place("admin", admin)?;
            let tokens = optional_bytes("tokens", tokens, tokens_length)?.map(Token::list).transpose()?.unwrap_or_default();
            let given = versioned::options("options", options)?;
            let parts = AdminParts {
                flags: Arc::clone(&handle("options.flags", given.flags)?.flags),
                engine: given.engine.as_ref().map(|e| Arc::clone(&e.engine)),
                cache: given.cache.as_ref().map(|c| Arc::clone(&c.cache)),
                metrics: metrics_of(given.metrics),
                client: given.client.as_ref().map(|c| Arc::clone(&c.client)),
            };
            let options = AdminOptions { allow_anonymous: switch("allow_anonymous", given.allow_anonymous)? };
            give(place, sark_admin { admin: Admin::new(parts, tokens, options)? });
            Ok(SARK_OK)
        })
    }
}

fn switch(name: &str, value: u32) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::invalid(name, format_args!("{value} is neither 0 nor 1"))),
    }
}

/// Answers one request as a remote client sent it. The status is OK for every such request, however malformed: what is wrong with it
/// stands in the response, for which `*status` is the HTTP status, `response_headers` gets the header fields, `Name: value` and CR LF each,
/// and `response_body` the body (none for HEAD). The server adds the length.
///
/// `method` is such as `GET`. `target` is the path and query as they stood in the request line, under `/admin`: what mounts an admin
/// elsewhere puts `/admin` in place of its own prefix. `headers` are the fields as they came, `Name: value` and a line end each, at least
/// Host, Origin, Sec-Fetch-Site, Authorization and Content-Type where there are any. What is empty may
/// be NULL, 0.
///
/// Errors: INVALID_ARGUMENT (also for one buffer in both places), CLOSED.
/// Threads: any. Blocks as long as the flags' store takes to confirm a change, or to read the history.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_admin_handle(
    admin: *const sark_admin,
    method: *const u8,
    method_length: u64,
    target: *const u8,
    target_length: u64,
    headers: *const u8,
    headers_length: u64,
    body: *const u8,
    body_length: u64,
    status: *mut u32,
    response_headers: *mut sark_buffer,
    response_body: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let (mut head, mut content) = outputs(response_headers, response_body)?;
            let place = place("status", status)?;
            let admin = handle("admin", admin)?;
            let request = Request {
                method: optional_bytes("method", method, method_length)?.unwrap_or_default(),
                target: optional_bytes("target", target, target_length)?.unwrap_or_default(),
                headers: optional_bytes("headers", headers, headers_length)?.unwrap_or_default(),
                body: optional_bytes("body", body, body_length)?.unwrap_or_default(),
            };
            for input in [request.method, request.target, request.headers, request.body] {
                head.refuse_overlap(Some(input))?;
                content.refuse_overlap(Some(input))?;
            }
            if admin.admin.is_closed() {
                return Err(Error::closed("admin"));
            }
            let response = admin.admin.handle(&request);
            place.write(response.status.into());
            write_headers(head.bytes(), &response);
            content.bytes().extend_from_slice(&response.body);
            Ok(SARK_OK)
        })
    }
}

/// Both buffers, emptied.
///
/// # Safety
/// Each is as `output` wants it.
unsafe fn outputs<'a>(headers: *mut sark_buffer, body: *mut sark_buffer) -> Result<(Output<'a>, Output<'a>)> {
    // SAFETY: passed on from the caller; two of them, so that each is used once.
    unsafe {
        let head = place("response_headers", headers).and_then(|headers| output(headers));
        if headers == body && head.is_ok() {
            return Err(Error::invalid("response_body", "it is response_headers, too; use two buffers"));
        }
        // The second is emptied even where the first is missing.
        let content = place("response_body", body).and_then(|body| output(body));
        Ok((head?, content?))
    }
}

fn write_headers(output: &mut Vec<u8>, response: &Response) {
    for (name, value) in &response.headers {
        for part in [*name, ": ", value, "\r\n"] {
            output.extend_from_slice(part.as_bytes());
        }
    }
}

/// Ends an admin: later calls answer CLOSED. Its flags, engine, cache and metrics go on. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_admin_close(admin: *const sark_admin) {
    // SAFETY: NULL or an admin that is not freed during the call.
    let admin = unsafe { admin.as_ref() };
    infallible((), || {
        if let Some(admin) = admin {
            admin.admin.close();
        }
    });
}

/// Frees a handle; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_admin_free(admin: *mut sark_admin) {
    // SAFETY: NULL or from `sark_admin_new`, owned by the caller and not used again.
    infallible((), || unsafe { free(admin) });
}
