//! What kept a document from a value: the expressions that had no solution, for whoever looks at a differing answer.

use std::time::Duration;

use serde_json::Value;

use crate::policy::{Engine, EvaluateOptions, Explain, Explanation, Target};

/// How many expressions are told, the last ones.
const MAX_EXPRESSIONS: usize = 8;
/// The most characters of one.
const MAX_CHARACTERS: usize = 200;
/// The time that may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// `authz:8 not data.authz.suspended`, in the order of the evaluation; empty where that cannot be told. It is the policies' text, and has nothing of the input.
pub(super) fn expressions(engine: &Engine, target: &Target, input: Option<&[u8]>) -> Vec<String> {
    let how = Explanation { explain: Explain::Fails, pretty: true };
    let options = EvaluateOptions { timeout: Some(Some(TIMEOUT)), ..EvaluateOptions::default() };
    let mut explanation = Vec::new();
    if engine.explain(target, input, how, &options, &mut explanation).is_err() {
        return Vec::new();
    }
    let told: Value = serde_json::from_slice(&explanation).unwrap_or_default();
    let lines = told.get("explanation").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<String> = lines.iter().filter_map(Value::as_str).filter_map(failed).collect();
    found.dedup();
    found.split_off(found.len().saturating_sub(MAX_EXPRESSIONS))
}

/// The place and the expression of a line that tells of a failure in a policy.
fn failed(line: &str) -> Option<String> {
    let (place, rest) = line.split_once(' ')?;
    let expression = rest.trim_start_matches([' ', '|']).strip_prefix("Fail ")?;
    let shortened: String = expression.chars().take(MAX_CHARACTERS).collect();
    (!place.starts_with("query:")).then(|| format!("{place} {shortened}"))
}
