//! **sark**: a policy decision point inside your process. Rego, decided as OPA decides it, with a decision cache, a rollout dial and
//! fallback to a remote OPA; one Rust library behind a C ABI, used from C, C++, Python, Go and Node.
//!
//! # The map
//!
//! ```text
//!  C, C++, Python, Go, Node
//!          │  include/sark.h, and `python`, where the library is a module of CPython as well
//!        ffi            the C ABI: the only unsafe code; a boundary that catches panics and checks pointers
//!          │
//!    admin, client      requests that turn the dial or ask how it is; one decision: dial → cache → engine → remote, by the error table
//!          │
//!  ┌───────┼────────┬─────────┬──────── source      where policies come from; it feeds `policy`
//!  policy  cache    flags     opa        named policies and data │ bytes with a TTL │ who is local │ the remote OPA
//!  │       │        │         │
//!  rego ◄──┼────────┼─────────┘          what every evaluator offers, and sark's own
//!          └────────┴──► metrics         counted, rendered as Prometheus text
//!
//!  decision_log         what a client decided, kept for a caller or a file
//!  error, event, process, companion, blocking, mask, tls, connection, yaml    used by all
//! ```
//!
//! Inside `rego`, a module's text becomes a decision in four steps, over what all of them share:
//!
//! ```text
//!  parser ──► compile ──► plan ──► eval      text → syntax tree → checked and rewritten → steps with registers → a value
//!     │          │          │        │
//!    ast         └──────────┴────────┴──► builtins ──► value    terms, documents, arenas; reads and writes JSON
//!                                    │
//!                                  budget                       the deadline and memory of one evaluation
//!
//!  program       puts them together behind the interface of `rego`; `regorus`, beside it, is the other evaluator
//! ```
//!
//! Lower layers never know higher ones. A noun has the same name everywhere: `src/cache`, `src/ffi/cache.rs`, `sark_cache_*`,
//! `bindings/go/cache.go`, `tests/cases/cache.json`.
//!
//! Rust programs may use these modules directly, though the C ABI is the stable surface.

pub mod admin;
pub mod cache;
pub mod client;
pub mod decision_log;
pub mod error;
pub mod event;
pub mod flags;
pub mod mask;
pub mod metrics;
pub mod opa;
pub mod policy;
pub mod rego;
pub mod source;

mod blocking;
mod companion;
mod connection;
mod process;
#[cfg(feature = "pyo3")]
mod python;
#[cfg(feature = "regorus")]
mod regorus;
mod tls;
mod unicode;
mod yaml;

#[allow(unsafe_code, reason = "the C ABI takes pointers; each block says why it is sound")]
pub mod ffi;
