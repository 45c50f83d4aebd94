//! Rego literals, without recursion.

use super::super::number::IntText;
use super::super::{Elements, Entries, Value};
use super::quote::push_quoted;

enum Open<'a> {
    Elements(Elements<'a>, usize, u8),
    /// Keys at even places, values at odd ones.
    Entries(Entries<'a>, usize),
}

/// Appends the literal of `value`, as OPA prints terms: `{"a": [1, 2]}`, `{1, 2}`, `set()`.
pub fn write_text(value: &Value<'_>, out: &mut Vec<u8>) {
    let mut open = Vec::new();
    let mut next = Some(*value);
    loop {
        if let Some(value) = next.take() {
            open.extend(begin(value, out));
        }
        let Some(top) = open.last_mut() else { return };
        next = part(top, out);
        if next.is_none() {
            open.pop();
        }
    }
}

fn begin<'a>(value: Value<'a>, out: &mut Vec<u8>) -> Option<Open<'a>> {
    if let Some(entries) = value.as_object() {
        out.push(b'{');
        return Some(Open::Entries(entries, 0));
    }
    if let Some(elements) = value.as_array() {
        out.push(b'[');
        return Some(Open::Elements(elements, 0, b']'));
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
        Value::Int(int) => out.extend_from_slice(IntText::new(int).as_bytes()),
        Value::Number(text) => out.extend_from_slice(text.as_bytes()),
        Value::String(bytes) => push_quoted(bytes, out),
        _ => match value.as_set().filter(|set| !set.is_empty()) {
            None => out.extend_from_slice(b"set()"),
            Some(set) => {
                out.push(b'{');
                return Some(Open::Elements(set, 0, b'}'));
            }
        },
    }
    None
}

fn part<'a>(top: &mut Open<'a>, out: &mut Vec<u8>) -> Option<Value<'a>> {
    let (at, part, bracket) = match top {
        Open::Elements(elements, at, bracket) => {
            let part = elements.get(*at);
            (at, part, *bracket)
        }
        Open::Entries(entries, at) => {
            let entry = entries.at(*at / 2);
            let part = entry.map(|(key, value)| if *at % 2 == 0 { key } else { value });
            if *at % 2 == 1 {
                out.extend_from_slice(b": ");
                *at += 1;
                return part;
            }
            (at, part, b'}')
        }
    };
    match part {
        None => out.push(bracket),
        Some(_) if *at > 0 => out.extend_from_slice(b", "),
        Some(_) => {}
    }
    *at += 1;
    part
}
