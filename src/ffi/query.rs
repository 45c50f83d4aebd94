//! `sark_query`: a prepared query.

use std::mem::size_of;
use std::slice;
use std::sync::Arc;

use super::boundary::{bytes, entry, free, handle, infallible, optional_bytes, place, predicate};
use super::buffer::{output, sark_buffer};
use super::engine::{evaluate_info, given_options, outcome_status, sark_evaluate_info, sark_evaluate_options};
use super::error::sark_error;
use super::input::sark_input;
use super::status::SARK_OK;
use super::versioned;
use crate::error::{Error, Result};
use crate::policy::{EvaluateOptions, Evaluation, Query};

/// A question that is asked many times.
pub struct sark_query {
    pub(super) query: Arc<Query>,
}

/// One answer of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_batch_result {
    /// `SARK_OK`, `SARK_UNDEFINED`, or an error's status.
    pub status: i32,
    /// 0.
    pub reserved: u32,
    /// Where the answer starts in the buffer: the result, or the error's JSON.
    pub offset: u64,
    /// Its bytes; 0 where undefined.
    pub length: u64,
}

/// Decides, as `sark_engine_evaluate`.
///
/// Errors: INVALID_ARGUMENT, POLICY_NOT_FOUND (removed meanwhile), SERIALIZATION_ERROR, LIMIT_EXCEEDED, EVALUATION_ERROR, CLOSED (query or engine).
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_evaluate(
    query: *const sark_query,
    input: *const u8,
    input_length: u64,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let query = handle("query", query)?;
            let input = optional_bytes("input", input, input_length)?;
            output.refuse_overlap(input)?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            let evaluation = output.fill(|bytes| query.query.evaluate(input, &options, bytes))?;
            info.fill_with(|| evaluate_info(&evaluation));
            Ok(outcome_status(evaluation.outcome))
        })
    }
}

/// Decides for an input that was parsed before.
///
/// Errors: as `sark_query_evaluate`; CLOSED also for the input.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_evaluate_input(
    query: *const sark_query,
    input: *const sark_input,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let query = handle("query", query)?;
            let input = handle("input", input)?.get()?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            let evaluation = output.fill(|bytes| query.query.evaluate_input(&input, &options, bytes))?;
            info.fill_with(|| evaluate_info(&evaluation));
            Ok(outcome_status(evaluation.outcome))
        })
    }
}

/// Whether the result is exactly `true`; false with an error in `error` alone.
///
/// Errors: as `sark_query_evaluate`.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_allows(
    query: *const sark_query,
    input: *const u8,
    input_length: u64,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    error: *mut *mut sark_error,
) -> bool {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        predicate(error, || {
            let query = handle("query", query)?;
            let input = optional_bytes("input", input, input_length)?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            let (allows, evaluation) = query.query.allows(input, &options)?;
            info.fill_with(|| evaluate_info(&evaluation));
            Ok(allows)
        })
    }
}

/// Decides `count` inputs that lie one after the other in `inputs`: input i is the bytes from `offsets[i]` to `offsets[i + 1]`, so there are
/// `count + 1` offsets, none decreasing, the last at most `inputs_length`. Answer i is described by `results[i]`; one that failed does
/// not end the batch, and has its error's JSON as its answer. The options hold for each input, the info for all together (its revision
/// is the last input's).
///
/// Errors: INVALID_ARGUMENT, CLOSED. Those of single inputs are in `results`.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_evaluate_batch(
    query: *const sark_query,
    inputs: *const u8,
    inputs_length: u64,
    offsets: *const u64,
    count: u64,
    options: *const sark_evaluate_options,
    info: *mut sark_evaluate_info,
    results: *mut sark_batch_result,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer; `results` has `count` places and `offsets` `count + 1`.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let query = handle("query", query)?;
            let count = usize::try_from(count)
                .ok()
                .filter(|n| n.checked_mul(size_of::<sark_batch_result>()).is_some_and(|b| isize::try_from(b).is_ok()));
            let count = count.ok_or_else(|| Error::invalid("count", "larger than any memory"))?;
            let mut options = given_options(options)?;
            let info = versioned::info("info", info)?;
            options.untimed = !info.is_wanted();
            if count == 0 {
                return Ok(SARK_OK);
            }
            let inputs = bytes("inputs", inputs, inputs_length)?;
            output.refuse_overlap(Some(inputs))?;
            let offsets = slice::from_raw_parts(place("offsets", offsets.cast_mut())?, count.saturating_add(1));
            let results = slice::from_raw_parts_mut(place("results", results)?, count);
            let ranges = ranges(inputs, offsets)?;
            let evaluation = output.fill(|bytes| evaluate_all(&query.query, &ranges, &options, results, bytes))?;
            if let Some(evaluation) = evaluation {
                info.fill_with(|| evaluate_info(&evaluation));
            }
            Ok(SARK_OK)
        })
    }
}

fn ranges<'a>(inputs: &'a [u8], offsets: &[u64]) -> Result<Vec<&'a [u8]>> {
    let bad = |i: usize| Error::invalid("offsets", format_args!("offset {i} decreases or lies beyond inputs_length"));
    let at = |offset: &u64, i| usize::try_from(*offset).map_err(|_| bad(i));
    let pairs = offsets.iter().zip(offsets.iter().skip(1)).enumerate();
    pairs.map(|(i, (from, to))| inputs.get(at(from, i)?..at(to, i + 1)?).ok_or_else(|| bad(i + 1))).collect()
}

fn evaluate_all(
    query: &Query,
    inputs: &[&[u8]],
    options: &EvaluateOptions,
    results: &mut [sark_batch_result],
    bytes: &mut Vec<u8>,
) -> Result<Option<Evaluation>> {
    let mut total: Option<Evaluation> = None;
    for (input, result) in inputs.iter().zip(results) {
        let offset = bytes.len();
        let status = match query.evaluate(Some(input), options, bytes) {
            Ok(evaluation) => {
                let before = total.map(|t| (t.read, t.evaluate)).unwrap_or_default();
                total =
                    Some(Evaluation { read: evaluation.read + before.0, evaluate: evaluation.evaluate + before.1, ..evaluation });
                outcome_status(evaluation.outcome)
            }
            Err(error) if error.kind() == crate::error::ErrorKind::Closed => return Err(error),
            Err(error) => {
                bytes.truncate(offset);
                bytes.extend_from_slice(error.to_json().as_bytes());
                error.kind() as i32
            }
        };
        *result = sark_batch_result { status, reserved: 0, offset: offset as u64, length: (bytes.len() - offset) as u64 };
    }
    Ok(total)
}

/// Ends a query for all its users; later calls answer CLOSED. NULL is fine.
///
/// Ownership: the handle must still be freed.
/// Threads: any, at any time before the free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_close(query: *const sark_query) {
    // SAFETY: NULL or a query that is not freed during the call.
    let query = unsafe { query.as_ref() };
    infallible((), || {
        if let Some(query) = query {
            query.query.close();
        }
    });
}

/// Frees a query; NULL is fine.
///
/// Ownership: ends the handle.
/// Threads: the last owner, once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_query_free(query: *mut sark_query) {
    // SAFETY: NULL or from `sark_engine_prepare`, owned by the caller and not used again.
    infallible((), || unsafe { free(query) });
}
