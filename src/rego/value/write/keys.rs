//! What OPA does to values before they become JSON (`ast.JSON`): sets to arrays, and keys that are no strings to the text of their JSON.

use smallvec::{SmallVec, smallvec};

use super::super::{Arena, Elements, Entries, ObjectBuilder, Value};
use super::Style;
use super::json::write;

/// Whether all keys are strings. They are sorted, and values of one type stand together.
pub(super) fn has_string_keys(entries: Entries<'_>) -> bool {
    let is_string = |at: usize| matches!(entries.keys().get(at), None | Some(Value::String(_)));
    is_string(0) && is_string(entries.len().saturating_sub(1))
}

enum Step<'a> {
    Convert(Value<'a>),
    /// Of so many values that were converted last.
    Array(usize),
    /// Of so many keys, and then as many values.
    Object(usize),
}

/// A copy of `value` whose keys are strings. Where two keys become one, the later value stays.
pub(super) fn stringify<'a>(arena: &'a Arena, value: &Value<'a>) -> Value<'a> {
    let mut steps = vec![Step::Convert(*value)];
    let mut done: Vec<Value<'a>> = Vec::new();
    while let Some(step) = steps.pop() {
        match step {
            Step::Convert(value) => {
                if let Some(entries) = value.as_object() {
                    steps.push(Step::Object(entries.len()));
                    steps.extend(entries.values().iter().rev().map(Step::Convert));
                    steps.extend(entries.keys().iter().rev().map(Step::Convert));
                } else if let Some(elements) = value.as_array().or_else(|| value.as_set()) {
                    steps.push(Step::Array(elements.len()));
                    steps.extend(elements.iter().rev().map(Step::Convert));
                } else {
                    done.push(value);
                }
            }
            Step::Array(length) => {
                let parts = done.split_off(done.len().saturating_sub(length));
                done.push(Value::array(arena, &parts));
            }
            Step::Object(length) => {
                let values = done.split_off(done.len().saturating_sub(length));
                let keys = done.split_off(done.len().saturating_sub(length));
                done.push(object(arena, &keys, &values));
            }
        }
    }
    done.pop().unwrap_or(Value::Null)
}

fn object<'a>(arena: &'a Arena, keys: &[Value<'a>], values: &[Value<'a>]) -> Value<'a> {
    let mut object = ObjectBuilder::with_capacity(keys.len());
    let mut text = Vec::new();
    for (key, value) in keys.iter().zip(values) {
        let key = match key {
            Value::String(_) => *key,
            // Converted already, so that this does not come back here.
            other => {
                text.clear();
                write(other, Style::HTML, &mut text);
                Value::string(arena, text.trim_ascii())
            }
        };
        object.insert(key, *value);
    }
    object.build(arena)
}

/// The text of a number in `value` that is not JSON's (`to_number("+5")` is one): Go does not write it. In Go's order, keys first.
#[must_use]
pub fn unwritable<'a>(value: &Value<'a>) -> Option<&'a str> {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => None,
        _ if is_writable(value) => None,
        _ => first_unwritable(value),
    }
}

/// Whether all numbers are JSON's, in any order: most values have none that is not.
fn is_writable<'a>(value: &Value<'a>) -> bool {
    let mut rest: SmallVec<[Value<'a>; 16]> = SmallVec::new();
    let mut next = Some(*value);
    while let Some(value) = next {
        let mut each = |part: Value<'a>| match part {
            Value::Number(text) => is_json(text),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => true,
            _ => {
                rest.push(part);
                true
            }
        };
        let all = match (value.as_object(), value.as_array().or_else(|| value.as_set())) {
            (Some(entries), _) => {
                entries.values().iter().all(&mut each) && (has_string_keys(entries) || entries.keys().iter().all(each))
            }
            (_, Some(elements)) => elements.iter().all(each),
            _ => !matches!(value, Value::Number(text) if !is_json(text)),
        };
        if !all {
            return false;
        }
        next = rest.pop();
    }
    true
}

fn first_unwritable<'a>(value: &Value<'a>) -> Option<&'a str> {
    let mut rest: SmallVec<[Value<'a>; 16]> = smallvec![*value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Number(text) if !is_json(text) => return Some(text),
            Value::Array(_) | Value::DocArray(_) | Value::Set(_) | Value::DocSet(_) => {
                let elements = value.as_array().or_else(|| value.as_set());
                rest.extend(elements.unwrap_or(Elements::Values(&[])).iter().rev());
            }
            Value::Object(_) | Value::DocObject(_) => {
                let Some(entries) = value.as_object() else { continue };
                rest.extend(entries.values().iter().rev());
                rest.extend(entries.keys().iter().filter(|k| !matches!(k, Value::String(_))).rev());
            }
            _ => {}
        }
    }
    None
}

/// Whether a number's text is one of JSON.
fn is_json(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole_fits = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    whole_fits && digits(fraction) && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}
