//! Any bytes as the operands of a builtin: it ends by its deadline, alike each time, and no answer is a defect of sark's.
//!
//! A text is `name`, a line break, and the operands, a NUL between two: JSON where it is some, else a string.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use sark::error::{ErrorKind, Result};
use sark::policy::{Engine, EngineOptions, EvaluateOptions, Target};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_millis(200);
/// What a deadline may be late by: this machine may be busy, and the build checks every access.
const LATE: Duration = Duration::from_secs(10);

/// Each builtin's rule, by the builtin's name.
struct Rules {
    engine: Arc<Engine>,
    targets: BTreeMap<String, Target>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let options = EngineOptions { timeout: Some(DEADLINE), ..EngineOptions::default() };
    let engine = Engine::new(options, None).expect("it has an evaluator");
    let capabilities: Value = serde_json::from_str(&engine.capabilities().expect("sark's evaluator says")).expect("it is JSON");
    let (mut module, mut targets) = (String::from("package p\n"), BTreeMap::new());
    for (number, builtin) in capabilities["builtins"].as_array().expect("an array").iter().enumerate() {
        let name = builtin["name"].as_str().expect("a name");
        let decl = &builtin["decl"];
        // What the compiler rewrites or draws lots with has no answer of its own.
        let left_out = ["assign", "eq", "rand.intn", "uuid.rfc4122", "rego.metadata.chain", "rego.metadata.rule"];
        if decl.get("result").is_none() || name.starts_with("internal.") || left_out.contains(&name) || name.starts_with("io.jwt.encode") {
            continue;
        }
        let count = decl["args"].as_array().map_or(0, Vec::len);
        let operands: Vec<String> = (0..count).map(|at| format!("input[{at}]")).chain(std::iter::once("x".to_owned())).collect();
        module += &format!("r{number}[x] {{ {name}({}) }}\n", operands.join(", "));
        targets.insert(name.to_owned(), Target::parse(&format!("data.p.r{number}")).expect("it is a path"));
    }
    engine.load_policy("p", &module, Some(sark::rego::RegoVersion::V0)).expect("it compiles");
    Rules { engine, targets }
});

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Some(target) = std::str::from_utf8(&data[..end]).ok().and_then(|name| RULES.targets.get(name)) else { return };
    let operand = |text: &[u8]| serde_json::from_slice(text).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(text)));
    let operands: Vec<Value> = data[end + 1..].split(|byte| *byte == 0).map(operand).collect();
    let input = Value::from(operands).to_string();
    let (first, second) = (call(target, &input), call(target, &input));
    let is_limit = |result: &Result<Vec<u8>>| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::LimitExceeded);
    if !is_limit(&first) && !is_limit(&second) {
        assert_eq!(first, second, "{input}");
    }
});

fn call(target: &Target, input: &str) -> Result<Vec<u8>> {
    let options = EvaluateOptions { strict_builtin_errors: true, ..EvaluateOptions::default() };
    let (mut output, start) = (Vec::new(), Instant::now());
    let result = RULES.engine.evaluate(target, Some(input.as_bytes()), &options, &mut output);
    assert!(start.elapsed() < DEADLINE + LATE, "the deadline passed by {:?}", start.elapsed());
    if let Err(error) = &result {
        assert_ne!(error.kind(), ErrorKind::InternalError, "{error}");
    }
    result.map(|_| output)
}
