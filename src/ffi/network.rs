//! What policies may see of what lies outside: `sark_engine_allow_net`, `sark_engine_set_runtime`.

use std::ffi::c_char;
use std::mem::size_of;
use std::time::Duration;

use super::boundary::{bytes, entry, handle, optional_text, or_default};
use super::engine::sark_engine;
use super::error::sark_error;
use super::status::SARK_OK;
use super::versioned::{self, Versioned};
use crate::rego::NetworkOptions;

/// What bounds the requests of `http.send`. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_network_options {
    /// `sizeof(sark_network_options)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The most that one request takes in nanoseconds, redirects and its answer included; default 5 s. A request's own `timeout` counts where
    /// it is shorter, and so does the evaluation's.
    pub timeout_ns: u64,
    /// The largest answer in bytes, as it is after decompressing; default 16 MiB.
    pub max_response_bytes: u64,
    /// The most bytes of answers that one evaluation leaves to later ones (`cache`, `force_cache`); default 64 MiB. The oldest go first.
    pub max_cache_bytes: u64,
}

// SAFETY: repr(C), `struct_size` first, integers only, no padding (checked by tests/surface), valid with any bytes.
unsafe impl Versioned for sark_network_options {
    const FIRST_SIZE: usize = size_of::<Self>();
    fn reserved(&self) -> u32 {
        self.reserved
    }
}

fn network_options(options: &sark_network_options) -> NetworkOptions {
    let default = NetworkOptions::default();
    let timeout = if options.timeout_ns == 0 { default.timeout } else { Duration::from_nanos(options.timeout_ns) };
    NetworkOptions {
        timeout,
        max_response_bytes: or_default(options.max_response_bytes, default.max_response_bytes),
        max_cache_bytes: or_default(options.max_cache_bytes, default.max_cache_bytes),
    }
}

/// Lets `http.send` and `net.lookup_ip_addr` reach hosts, from the next evaluation on. `hosts` is a JSON array of names (`"api.example.com"`,
/// compared byte for byte, as OPA's `allow_net`), addresses, networks (`"10.0.0.0/8"`), and `"*"` for every name. What a name stands for is
/// checked, too: addresses that are not the internet's (private networks, link-local ones, this machine) are reached where they are listed
/// themselves; `"localhost"` lists this machine's for that name. Redirects are checked like requests; proxies are not used.
///
/// Until it is called, both answer OPA's error for a host that is not allowed (`disallowed host: …`); with a client that has a remote OPA, a
/// decision that comes to one of them is the remote's. `[]` closes the engine for good: then the error is the answer, there too.
///
/// `ca_file` names a PEM file of certificates to trust, read once; without it (NULL, 0), whom this machine trusts. A request's own `tls_ca_cert…`
/// go before it.
///
/// Ownership: everything is copied.
/// Errors: INVALID_ARGUMENT (`hosts`, `ca_file`), UNSUPPORTED (another evaluator than sark's), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_allow_net(
    engine: *const sark_engine,
    hosts: *const u8,
    hosts_length: u64,
    ca_file: *const c_char,
    ca_file_length: u64,
    options: *const sark_network_options,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let engine = handle("engine", engine)?;
            let hosts = bytes("hosts", hosts, hosts_length)?;
            let ca_file = optional_text("ca_file", ca_file, ca_file_length)?;
            let options = network_options(&versioned::options("options", options)?);
            engine.engine.allow_net(hosts, ca_file, options)?;
            Ok(SARK_OK)
        })
    }
}

/// Says what `opa.runtime()` gives, from the next evaluation on: a JSON object, such as `{"env": {"REGION": "eu"}, "config": {}}`. Without it
/// that is an empty object: policies see nothing of this process.
///
/// Ownership: the JSON is copied.
/// Errors: INVALID_ARGUMENT (no object), SERIALIZATION_ERROR, LIMIT_EXCEEDED (as for inputs), CLOSED.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_set_runtime(
    engine: *const sark_engine,
    json: *const u8,
    json_length: u64,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            handle("engine", engine)?.engine.set_runtime(bytes("json", json, json_length)?)?;
            Ok(SARK_OK)
        })
    }
}
