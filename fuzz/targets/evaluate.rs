//! Small modules, written by a grammar from the fuzzer's bytes, and an input: they end by their deadline, alike each time, and no answer
//! is a defect of sark's. What explains a decision is an evaluator of its own: it decides as plans do.
#![no_main]

mod grammar;

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use sark::error::{Error, ErrorKind, Result};
use sark::policy::{Engine, EngineOptions, EvaluateOptions, Explain, Explanation, Target};

const DEADLINE: Duration = Duration::from_millis(200);
/// What a deadline may be late by: this machine may be busy, and the build checks every access.
const LATE: Duration = Duration::from_secs(10);

fuzz_target!(|data: &[u8]| {
    let mut bytes = Unstructured::new(data);
    let Ok(module) = grammar::module(&mut bytes) else { return };
    let Ok(input) = grammar::json(&mut bytes, 3) else { return };
    // For an input that found something: SHOW=1 PROGRAM INPUT.
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{module}\n# input: {input}");
    }
    let engine =
        Engine::new(EngineOptions { timeout: Some(DEADLINE), ..EngineOptions::default() }, None).expect("it has an evaluator");
    engine.set_data(br#"{"d": {"a": 1, "b": [1, 2.0, "x", null], "c": {"a": {"b": true}}}}"#).expect("it is an object");
    if let Err(error) = engine.load_policy("p", &module, None) {
        assert_ne!(error.kind(), ErrorKind::InternalError, "{error}\n{module}");
        return;
    }
    for path in ["data.p", "data.p.a", "data.p.s", "data.p.o"] {
        let target = Target::parse(path).expect("it is a path");
        let (first, second) = (evaluate(&engine, &target, &input, false), evaluate(&engine, &target, &input, false));
        if !is_limit(&first) && !is_limit(&second) {
            assert_eq!(first, second, "{path} of\n{module}\ninput: {input}");
        }
        let explained = explain(&engine, &target, &input);
        if !is_limit(&first) && !is_limit(&explained) {
            let told = |result: &Result<Vec<u8>>| result.as_ref().map(Clone::clone).map_err(Error::code);
            assert_eq!(told(&first), told(&explained), "{path}, explained, of\n{module}\ninput: {input}");
        }
        let _ = evaluate(&engine, &target, &input, true);
    }
});

fn evaluate(engine: &Engine, target: &Target, input: &str, strict_builtin_errors: bool) -> Result<Vec<u8>> {
    let options = EvaluateOptions { strict_builtin_errors, ..EvaluateOptions::default() };
    let (mut output, start) = (Vec::new(), Instant::now());
    let result = engine.evaluate(target, Some(input.as_bytes()), &options, &mut output);
    assert!(start.elapsed() < DEADLINE + LATE, "the deadline passed by {:?}", start.elapsed());
    if let Err(error) = &result {
        check(error);
    }
    if !output.is_empty() && result.is_ok() {
        let read = serde_json::from_slice::<serde::de::IgnoredAny>(&output);
        assert!(read.is_ok(), "the answer is no JSON: {}", String::from_utf8_lossy(&output));
    }
    result.map(|_| output)
}

/// The result that stands beside an explanation.
fn explain(engine: &Engine, target: &Target, input: &str) -> Result<Vec<u8>> {
    let how = Explanation { explain: Explain::Full, pretty: false };
    let mut output = Vec::new();
    engine.explain(target, Some(input.as_bytes()), how, &EvaluateOptions::default(), &mut output).inspect_err(check)?;
    let read = serde_json::from_slice::<serde::de::IgnoredAny>(&output);
    assert!(read.is_ok(), "the explanation is no JSON: {}", String::from_utf8_lossy(&output));
    const RESULT: &[u8] = b"],\"result\":";
    let at = output.windows(RESULT.len()).position(|part| part == RESULT);
    Ok(at.map_or_else(Vec::new, |at| output[at + RESULT.len()..output.len() - 1].to_vec()))
}

fn check(error: &Error) {
    assert!(
        matches!(error.kind(), ErrorKind::EvaluationError | ErrorKind::LimitExceeded | ErrorKind::SerializationError),
        "{error}"
    );
}

fn is_limit(result: &Result<Vec<u8>>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::LimitExceeded)
}
