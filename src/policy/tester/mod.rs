//! Runs the tests among an engine's policies, and writes the results as `opa test --format=json` writes them.
//!
//! They run over the engine's present policies and data, compiled aside with `print`; what is in force stays as it is.

mod sub_results;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::Engine;
use crate::error::{Error, ErrorKind, Location, Result};
use crate::rego::{Bounds, Covered, Failure, Module, Pattern, Test, TestProgram, TestRun, base64, on_deep_stack};
use sub_results::SubResults;

/// How long a test may take, where nobody says.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes that all results may take.
const MAX_BYTES: usize = 64 << 20;

/// Which tests run, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct TestOptions<'o> {
    /// A regular expression in Go's syntax: only tests run in whose name with its package, `data.a.test_b`, it matches.
    pub run: Option<&'o str>,
    /// The time of one test. `None`: 5 s. `Some(None)`: no bound.
    pub timeout: Option<Option<Duration>>,
    /// Whether the results say as well what the tests covered.
    pub coverage: bool,
}

impl Engine {
    /// Runs the tests of the present policies, and appends their results to `output`: a JSON array; with coverage an object.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for the regular expression; `COMPILATION_ERROR` where `print` has an operand that is not declared, or tests of
    /// one name do not go together; `LIMIT_EXCEEDED` for results that take too much; `UNSUPPORTED` for another evaluator than sark's;
    /// `UNAVAILABLE`, `CLOSED`.
    pub fn run_tests(&self, options: &TestOptions<'_>, output: &mut Vec<u8>) -> Result<()> {
        crate::blocking::about_to_block();
        let filter = options.run.filter(|run| !run.is_empty()).map(Pattern::new).transpose();
        let filter = filter.map_err(|problem| Error::invalid("run", problem))?;
        self.gate.check(Instant::now())?;
        let program = self.compiled_tests(options.coverage)?;
        let is_wanted = |test: &&Test| filter.as_ref().is_none_or(|filter| filter.is_match(&test.full_name));
        let tests = program.tests().iter().filter(is_wanted);
        let timeout = options.timeout.unwrap_or(Some(TIMEOUT));
        if !options.coverage {
            return on_deep_stack(|| self.write_results(program.as_ref(), tests, timeout, None, output));
        }
        let mut covered = Covered::default();
        output.extend_from_slice(b"{\"results\":");
        on_deep_stack(|| self.write_results(program.as_ref(), tests, timeout, Some(&mut covered), output))?;
        let report = program.coverage(&covered)?;
        output.extend_from_slice(format!(",\"coverage\":{report}}}").as_bytes());
        Ok(())
    }

    fn write_results<'t>(
        &self,
        program: &dyn TestProgram,
        tests: impl Iterator<Item = &'t Test>,
        timeout: Option<Duration>,
        mut covered: Option<&mut Covered>,
        output: &mut Vec<u8>,
    ) -> Result<()> {
        let start = output.len();
        for test in tests {
            if self.closed.load(Ordering::Acquire) {
                return Err(Error::closed("engine"));
            }
            let result = run(program, test, timeout, covered.as_deref_mut())?;
            output.push(if output.len() == start { b'[' } else { b',' });
            output.extend_from_slice(Value::Object(result).to_string().as_bytes());
            if output.len() - start > MAX_BYTES {
                let problem = format!("the results take more than {MAX_BYTES} bytes; run fewer tests at a time, by their names");
                return Err(Error::new(ErrorKind::LimitExceeded, problem));
            }
        }
        output.extend_from_slice(if output.len() == start { b"[]" } else { b"]" });
        Ok(())
    }

    /// The present policies and data, of which nothing is held while the tests run.
    fn compiled_tests(&self, coverage: bool) -> Result<Arc<dyn TestProgram>> {
        let snapshot = self.snapshot()?;
        let modules: Vec<Module> = snapshot.modules.values().cloned().collect();
        snapshot.compiler.compile_tests(&modules, &snapshot.data, coverage)
    }
}

/// Runs one test. What goes wrong in it is in its result.
fn run(
    program: &dyn TestProgram,
    test: &Test,
    timeout: Option<Duration>,
    covered: Option<&mut Covered>,
) -> Result<Map<String, Value>> {
    let mut result = Map::new();
    result.insert("location".to_owned(), place(&test.location));
    result.insert("package".to_owned(), test.package.as_str().into());
    result.insert("name".to_owned(), test.name.as_str().into());
    if test.is_skipped {
        result.insert("skip".to_owned(), true.into());
        result.insert("duration".to_owned(), 0.into());
        return Ok(result);
    }
    let start = Instant::now();
    let run = program.run(test, Bounds::within(start, timeout, false), covered);
    let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    result.insert("duration".to_owned(), took.into());
    if !run.output.is_empty() {
        result.insert("output".to_owned(), base64(&run.output).into());
    }
    if run.dropped_bytes > 0 {
        result.insert("output_dropped".to_owned(), run.dropped_bytes.into());
    }
    conclude(test, run, &mut result)?;
    Ok(result)
}

/// Whether it passed, and what says so.
fn conclude(test: &Test, run: TestRun, result: &mut Map<String, Value>) -> Result<()> {
    let value = match run.result {
        Err(error) if error.kind() == ErrorKind::InternalError => return Err(error),
        Err(error) => {
            result.insert("error".to_owned(), error_of(&error, run.is_late));
            return Ok(());
        }
        Ok(value) => value,
    };
    let (passed, failure) = match &value {
        None => (false, run.failure),
        Some(value) if test.has_cases => {
            let value = serde_json::from_slice(value);
            let value = value.map_err(|e| Error::new(ErrorKind::LimitExceeded, format!("{}: {e}", test.full_name)))?;
            let (failed, cases) = SubResults::new(&value, run.cases);
            if !cases.is_empty() {
                result.insert("sub_results".to_owned(), cases.to_json());
            }
            (!failed, None)
        }
        Some(value) => (value == b"true", None),
    };
    if !passed {
        result.insert("fail".to_owned(), true.into());
    }
    if let Some(failure) = failure {
        result.insert("failure".to_owned(), failure_of(&failure));
    }
    Ok(())
}

/// What an evaluation ended with, as OPA writes it.
fn error_of(error: &Error, is_late: bool) -> Value {
    if is_late {
        return json!({"code": "eval_cancel_error", "message": "context deadline exceeded"});
    }
    match error.findings().first() {
        Some(finding) => {
            let mut object = json!({"code": finding.code, "message": finding.message});
            if let (Some(location), Some(object)) = (&finding.location, object.as_object_mut()) {
                object.insert("location".to_owned(), place(location));
            }
            object
        }
        None => json!({"code": error.code().unwrap_or("eval_internal_error"), "message": error.message()}),
    }
}

fn place(location: &Location) -> Value {
    json!({"file": location.file, "row": location.row, "col": location.col})
}

/// The expression that kept the test from a value.
fn failure_of(failure: &Failure) -> Value {
    json!({"location": place(&failure.location), "text": failure.text})
}
