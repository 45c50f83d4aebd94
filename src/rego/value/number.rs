//! Numbers.
use super::Value;
use std::cmp::Ordering;

/// The integer that `text` is, where `i64` prints it the same way.
#[must_use]
pub fn as_int(text: &str) -> Option<i64> {
    let int: i64 = text.parse().ok()?;
    let canonical = text != "-0" && !text.starts_with('+') && (text == "0" || !text.trim_start_matches('-').starts_with('0'));
    canonical.then_some(int)
}

/// The order of two numbers.
#[must_use]
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    let f = |v: &Value<'_>| match v {
        Value::Int(i) => *i as f64,
        Value::Number(t) => t.parse().unwrap_or(0.0),
        _ => 0.0,
    };
    f(a).total_cmp(&f(b))
}
