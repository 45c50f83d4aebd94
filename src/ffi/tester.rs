//! Running tests: `sark_engine_run_tests`.

use std::ffi::c_char;
use std::mem::size_of;

use super::boundary::{entry, handle, optional_text, timeout};
use super::buffer::{output, sark_buffer};
use super::engine::sark_engine;
use super::error::sark_error;
use super::status::SARK_OK;
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::policy::TestOptions;

/// How tests are run. Zero in a field is its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sark_test_options {
    /// `sizeof(sark_test_options)`.
    pub struct_size: u32,
    /// 1: says as well what the tests covered. Default: 0.
    pub coverage: u32,
    /// The time of one test in nanoseconds; default 5 s; `SARK_NO_TIMEOUT` for none.
    pub timeout_ns: u64,
}

// SAFETY: repr(C), `struct_size` first, integers only, no padding (checked by tests/surface), valid with any bytes.
unsafe impl Versioned for sark_test_options {
    const FIRST_SIZE: usize = size_of::<Self>();
}

fn test_options<'o>(run: Option<&'o str>, given: &sark_test_options) -> Result<TestOptions<'o>> {
    let coverage = match given.coverage {
        0 => false,
        1 => true,
        other => return Err(Error::invalid("options.coverage", format_args!("{other} is not 0 or 1"))),
    };
    Ok(TestOptions { run, timeout: timeout(given.timeout_ns), coverage })
}

/// Runs the tests among the engine's policies, the rules whose names begin with `test_`, over its present policies and data, and writes the
/// results as `opa test --format=json` writes them: a JSON array, sorted by the policies' names, then as the rules stand there. Each has
/// `location`, `package`, `name`, `duration` (nanoseconds), and where it is so `fail`, `skip`, `error` (`code`, `message`, `location`), `output`
/// (what it printed, in base64) and `sub_results`. What OPA does not say stands in `failure` (`location` and `text` of the expression that kept
/// the test, or a case of it, from a value) and `output_dropped` (bytes that were printed beyond 1 MiB). The tests are compiled aside, with
/// `print`; what is in force stays as it is. docs/testing.md has the whole of it.
///
/// `run` is a regular expression in Go's syntax: only tests run in whose name with its package, `data.a.test_b`, it matches. NULL: all. With
/// `coverage`, the JSON is an object: `results`, and `coverage`, in the shape of `opa test --coverage`.
///
/// Errors: INVALID_ARGUMENT, COMPILATION_ERROR (tests that do not go together, or `print` of what is not declared), LIMIT_EXCEEDED (results of
/// more than 64 MiB), SERIALIZATION_ERROR (UTF-8), UNSUPPORTED (another evaluator than sark's), UNAVAILABLE, CLOSED. What goes wrong in a test
/// is in its result.
/// Threads: any. It takes as long as the tests take.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sark_engine_run_tests(
    engine: *const sark_engine,
    run: *const c_char,
    run_length: u64,
    options: *const sark_test_options,
    buffer: *mut sark_buffer,
    error: *mut *mut sark_error,
) -> i32 {
    // SAFETY: the caller keeps the header's conventions for every pointer.
    unsafe {
        entry(error, || {
            let mut output = output(buffer)?;
            let engine = handle("engine", engine)?;
            let run = optional_text("run", run, run_length)?;
            let options = test_options(run, &versioned::options("options", options)?)?;
            output.fill(|bytes| engine.engine.run_tests(&options, bytes))?;
            Ok(SARK_OK)
        })
    }
}
