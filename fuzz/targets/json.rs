//! Any bytes as an input: read as serde_json reads them, where the two promise the same; and what is written is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sark::error::ErrorKind;
use sark::policy::{Engine, EngineOptions, EvaluateOptions, Target};
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<(Arc<Engine>, Target)> = LazyLock::new(|| {
    let engine = Engine::new(EngineOptions::default(), None).expect("it has an evaluator");
    engine.load_policy("echo", "package echo\n\nx := input", None).expect("it compiles");
    (engine, Target::parse("data.echo.x").expect("it is a path"))
});

fuzz_target!(|data: &[u8]| {
    let (engine, echo) = &*ENGINE;
    let read = engine.read(data);
    let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
    let options = EvaluateOptions::default();
    let given = engine.evaluate(echo, Some(data), &options, &mut first);
    assert_eq!(read.as_ref().err(), given.as_ref().err(), "reading first and reading at once differ");
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok();
    match read {
        Ok(input) => {
            // sark, as OPA, replaces bad UTF-8 and lone surrogates, which serde_json refuses.
            let lenient = std::str::from_utf8(data).is_err() || data.windows(2).any(|two| two == b"\\u");
            assert!(is_json || lenient, "sark reads what is no JSON");
            engine.evaluate_input(echo, &input, &options, &mut second).expect("what was read once is read again");
            assert_eq!(first, second, "an input that was read before answers otherwise");
            engine.evaluate(echo, Some(&first), &options, &mut third).expect("what sark writes, sark reads");
            assert_eq!(first, third, "what sark writes changes when it is read");
        }
        Err(error) => {
            assert!(first.is_empty(), "an error left bytes behind");
            assert_ne!(error.kind(), ErrorKind::InternalError, "{error}");
            assert!(error.offset().is_none_or(|at| at <= data.len()), "the offset lies outside: {error}");
            // OPA refuses exponents that no computation could bear, in these words.
            let too_big = error.message().contains("invalid number: number too big") || error.message().contains("invalid float");
            assert!(!is_json || too_big || error.kind() == ErrorKind::LimitExceeded, "sark refuses JSON: {error}");
        }
    }
});
