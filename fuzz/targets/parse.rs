//! Any text, as a policy and as a query, in each version of the language: it is refused with a place, or it compiles. Never anything else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sark::error::{Error, ErrorKind};
use sark::policy::{Engine, EngineOptions, EvaluateOptions};
use sark::rego::RegoVersion;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let Some((&version, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let version = [RegoVersion::V0, RegoVersion::V1, RegoVersion::V2][usize::from(version) % 3];
    let timeout = Some(Duration::from_millis(200));
    let engine = Engine::new(EngineOptions { timeout, ..EngineOptions::default() }, None).expect("it has an evaluator");
    let before = engine.revision().expect("it is open");
    match engine.load_policy("policy", text, Some(version)) {
        Ok(_) => {}
        Err(error) => {
            check(&error, text);
            assert_eq!(engine.revision().expect("it is open").as_str(), before.as_str(), "a refused policy changed the engine");
        }
    }
    let options = EvaluateOptions { rego_version: Some(version), ..EvaluateOptions::default() };
    if let Err(error) = engine.query(text, None, &options, &mut Vec::new()) {
        check(&error, text);
    }
});

/// A place lies within the text, or is that of an empty policy, which has no row; and no error is a defect of sark's.
fn check(error: &Error, text: &str) {
    assert_ne!(error.kind(), ErrorKind::InternalError, "{error}");
    let rows = text.split('\n').count();
    for place in error.findings().iter().filter_map(|finding| finding.location.as_ref()) {
        assert!((0..=rows).contains(&(place.row as usize)), "row {} of {rows}: {error}", place.row);
    }
}
