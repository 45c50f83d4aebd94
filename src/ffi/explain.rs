//! Explaining decisions: `sark_engine_explain`.

use std::ffi::c_char;
use std::mem::size_of;

use super::boundary::{entry, handle, optional_bytes, text, timeout};
use super::buffer::{output, sark_buffer};
use super::engine::{evaluate_info, sark_engine, sark_evaluate_info};
use super::error::sark_error;
use super::status::SARK_OK;
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::policy::{EvaluateOptions, Explain, Explanation, Target};

/// The same as `SARK_EXPLAIN_FULL`.
pub const SARK_EXPLAIN_DEFAULT: u32 = 0;
/// The calls of `trace`, each after the queries that led there.
pub const SARK_EXPLAIN_NOTES: u32 = 1;
/// The expressions that have no solution, each after the queries that led there.
pub const SARK_EXPLAIN_FAILS: u32 = 2;
/// Every step but which terms were made equal.
pub const SARK_EXPLAIN_FULL: u32 = 3;
/// Every step.
pub const SARK_EXPLAIN_DEBUG: u32 = 4;

/// How a decision is explained. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_explain_options {
    /// `sizeof(sark_explain_options)`.
    pub struct_size: u32,
    /// How much is told: `SARK_EXPLAIN_*`.
    pub explain: u32,
    /// 1: lines, as OPA's `pretty` has them. 0: events.
    pub pretty: u32,
    /// 1: an error in a builtin is `SARK_EVALUATION_ERROR`. 0, OPA's default: it makes its expression undefined.
    pub strict_builtin_errors: u32,
    /// The time in nanoseconds; default the engine's; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
}

// SAFETY: repr(C), `struct_size` first, integers only, no padding (checked by tests/surface), valid with any bytes.
unsafe impl Versioned for sark_explain_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}

fn explanation(given: &sark_explain_options) -> Result<(Explanation, EvaluateOptions)> {
    let flag = |name: &str, given: u32| match given {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::invalid(name, format_args!("{other} is not 0 or 1"))),
    };
    let explain = match given.explain {
        SARK_EXPLAIN_NOTES => Explain::Notes,
        SARK_EXPLAIN_FAILS => Explain::Fails,
        SARK_EXPLAIN_DEFAULT | SARK_EXPLAIN_FULL => Explain::Full,
        SARK_EXPLAIN_DEBUG => Explain::Debug,
        other => return Err(Error::invalid("options.explain", format_args!("{other} is none of SARK_EXPLAIN_*"))),
    };
    let options = EvaluateOptions {
        timeout: timeout(given.timeout_ns),
        strict_builtin_errors: flag("options.strict_builtin_errors", given.strict_builtin_errors)?,
        ..EvaluateOptions::default()
    };
    Ok((Explanation { explain, pretty: flag("options.pretty", given.pretty)? }, options))
}

/// Decides as `sark_engine_evaluate` does, and says how it came to the decision: JSON in the shape of OPA's reply to `explain`, an object of
/// `explanation` and `result`, which is left out where the document is undefined. An explanation is an array of events (`op`, `query_id`,
/// `parent_id`, `type`, `node`, `locals`, `message`, and beside what OPA gives `location`: `file`, `row`, `col`) or, with `pretty`, of lines.
/// The order of events is that of OPA's evaluation, its indexes, caches and early exits included; docs/explain.md has the whole of it.
///
/// It evaluates step by step and remembers each: for people, not for traffic. It is not counted among the engine's evaluations, and what
/// `print` says in it goes nowhere. Without an input (NULL, 0), `input` is undefined.
///
/// Errors: those of `sark_engine_evaluate`, a document that is undefined apart; LIMIT_EXCEEDED also for more than 500,000 events, or 64 MiB of
/// them; UNSUPPORTED (another evaluator than sark's).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_explain(
    engine: *const sark_engine,
    policy_or_path: *const c_char,
    policy_or_path_length: u64,
    input: *const u8,
    input_length: u64,
    options: *const sark_explain_options,
    info: *mut sark_evaluate_info,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let engine = handle("engine", engine)?;
            let target = Target::known(text("policy_or_path", policy_or_path, policy_or_path_length)?)?;
            let input = optional_bytes("input", input, input_length)?;
            output.refuse_overlap(input)?;
            let (how, options) = explanation(&versioned::options("options", options)?)?;
            let info = versioned::info("info", info)?;
            let evaluation = output.fill(|bytes| engine.engine.explain(&target, input, how, &options, bytes))?;
            info.fill(&evaluate_info(&evaluation));
            Ok(SARK_OK)
        })
    }
}
