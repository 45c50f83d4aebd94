//! What `crate::python` needs of raw pointers: the handles that Python made through the C ABI, and the interpreter's lock.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use pyo3::Python;
use pyo3::ffi::{PyEval_RestoreThread, PyEval_SaveThread, PyThreadState};

use super::boundary::{guard, handle};
use super::cache::sark_cache;
use super::client::{decide_options, sark_client, sark_decide_options};
use super::engine::{evaluate_options, sark_engine, sark_evaluate_options};
use super::flags::sark_flags;
use super::query::sark_query;
use crate::blocking;
use crate::cache::Cache;
use crate::client::{Client, DecideOptions};
use crate::error::Result;
use crate::flags::Flags;
use crate::policy::{Engine, EvaluateOptions, Query};

/// A handle by its address, as cffi gives it.
///
/// # Safety
/// `address` is 0 or a handle of this type that is not freed during the call.
unsafe fn at<'a, T>(name: &str, address: usize) -> Result<&'a T> {
    // SAFETY: passed on from the caller.
    unsafe { handle(name, ptr::with_exposed_provenance::<T>(address)) }
}

// As of any pointer that comes through the C ABI, the caller has been told what it must be: Python's package alone calls these, in a
// constructor, with a handle that it made and holds. What they give is counted, so that the handle may be freed at any time after.

/// What the `sark_engine` at this address shares.
pub(crate) fn engine(address: usize) -> Result<Arc<Engine>> {
    // SAFETY: 0, or a handle that Python's package holds.
    Ok(Arc::clone(&unsafe { at::<sark_engine>("engine", address) }?.engine))
}

/// What the `sark_query` at this address shares.
pub(crate) fn query(address: usize) -> Result<Arc<Query>> {
    // SAFETY: 0, or a handle that Python's package holds.
    Ok(Arc::clone(&unsafe { at::<sark_query>("query", address) }?.query))
}

/// What the `sark_cache` at this address shares.
pub(crate) fn cache(address: usize) -> Result<Arc<Cache>> {
    // SAFETY: 0, or a handle that Python's package holds.
    Ok(Arc::clone(&unsafe { at::<sark_cache>("cache", address) }?.cache))
}

/// What the `sark_flags` at this address shares.
pub(crate) fn flags(address: usize) -> Result<Arc<Flags>> {
    // SAFETY: 0, or a handle that Python's package holds.
    Ok(Arc::clone(&unsafe { at::<sark_flags>("flags", address) }?.flags))
}

/// What the `sark_client` at this address shares.
pub(crate) fn client(address: usize) -> Result<Arc<Client>> {
    // SAFETY: 0, or a handle that Python's package holds.
    Ok(Arc::clone(&unsafe { at::<sark_client>("client", address) }?.client))
}

/// The options of an evaluation, as `sark_evaluate_options` has them.
pub(crate) fn evaluation(timeout_ns: u64, strict: bool) -> Result<EvaluateOptions> {
    let strict_builtin_errors = strict.into();
    let (struct_size, rego_version, reserved, time_ns, seed) = (0, 0, 0, 0, 0);
    let options = evaluate_options(&sark_evaluate_options {
        struct_size,
        strict_builtin_errors,
        timeout_ns,
        rego_version,
        reserved,
        time_ns,
        seed,
    })?;
    Ok(EvaluateOptions { untimed: true, ..options })
}

/// The options of a decision, as `sark_decide_options` has them; the trace is its id's halves, the parent's id, and flags.
pub(crate) fn decision(timeout_ns: u64, trace: Option<(u64, u64, u64, u32)>) -> Result<DecideOptions> {
    let (trace_id_high, trace_id_low, trace_parent_id, trace_flags) = trace.unwrap_or_default();
    decide_options(&sark_decide_options { struct_size: 0, trace_flags, timeout_ns, trace_id_high, trace_id_low, trace_parent_id })
}

thread_local! {
    /// This thread's state in the interpreter, while it has given up the lock.
    static LET_GO: Cell<*mut PyThreadState> = const { Cell::new(ptr::null_mut()) };
}

/// Runs `body` with the interpreter's lock held: that is shorter than handing it over, and another thread that computes would keep it for
/// its whole time slice. It is given up before something that may take long, or at once where `is_long`, and taken again after `body`.
///
/// `body` is `Send`: nothing that belongs to the interpreter gets into it. No panic leaves it.
pub(crate) fn holding<T>(_held: Python<'_>, is_long: bool, body: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let _taken_again = TakeAgain;
    if is_long {
        let_go();
        return guard(body);
    }
    blocking::telling(let_go, || guard(body))
}

fn let_go() {
    // SAFETY: only `holding` calls it or has it called, at most once, on a thread that holds the lock; `TakeAgain` takes it again.
    LET_GO.set(unsafe { PyEval_SaveThread() });
}

struct TakeAgain;

impl Drop for TakeAgain {
    fn drop(&mut self) {
        let state = LET_GO.replace(ptr::null_mut());
        if !state.is_null() {
            // SAFETY: the state that this thread saved; the lock is not held, and it is restored once.
            unsafe { PyEval_RestoreThread(state) };
        }
    }
}
