//! The C ABI: one file a noun, and the boundary that every entry goes through. The only unsafe code of the crate.
//!
//! The contract of every pointer is the header's "Conventions" (README): what this module assumes of a pointer, a caller has been told
//! there. So each function has one unsafe block, whose reason is that contract; what can be checked (NULL, lengths, sizes, UTF-8,
//! overlap) is checked in `boundary` and `versioned` first.
#![allow(non_camel_case_types, reason = "C's names")]
#![allow(clippy::missing_safety_doc, reason = "the header's conventions are the contract of every function, said once")]

mod admin;
mod boundary;
mod buffer;
mod cache;
mod client;
mod decision;
mod decision_log;
mod engine;
mod error;
mod explain;
mod flags;
mod fork;
mod input;
mod memory;
mod metrics;
mod network;
#[cfg(feature = "pyo3")]
pub(crate) mod python;
mod query;
pub(crate) mod shared_memory;
mod source;
mod status;
#[cfg(feature = "test-panic")]
mod test_panic;
mod tester;
mod ticket;
mod update;
mod version;
mod versioned;

pub use admin::*;
pub use buffer::*;
pub use cache::*;
pub use client::*;
pub use decision::*;
pub use decision_log::*;
pub use engine::*;
pub use error::*;
pub use explain::*;
pub use flags::*;
pub use input::*;
pub use metrics::*;
pub use network::*;
pub use query::*;
pub use source::*;
pub use status::*;
#[cfg(feature = "test-panic")]
pub use test_panic::*;
pub use tester::*;
pub use ticket::*;
pub use update::*;
pub use version::*;
