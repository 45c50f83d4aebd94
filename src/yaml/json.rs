//! Values to JSON, as Go's `encoding/json` writes them.

use std::borrow::Cow;

use super::number;
use super::value::{Place, Value};

/// What is still to be written.
enum Todo<'v> {
    Value(Place),
    Text(&'static str),
    Key(Cow<'v, [u8]>),
}

/// The JSON text of the value at `root`, which may be `limit` bytes long.
///
/// # Errors
/// A key or a number that JSON cannot hold, or too long a text: aliases may repeat one long text very often.
pub(super) fn write(values: &[Value<'_>], root: Place, limit: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut todo = vec![Todo::Value(root)];
    while let Some(next) = todo.pop() {
        match next {
            Todo::Text(text) => out.extend_from_slice(text.as_bytes()),
            Todo::Key(key) => {
                string(&mut out, &key);
                out.push(b':');
            }
            Todo::Value(place) => match values.get(place) {
                Some(Value::Seq(items)) => sequence(&mut out, &mut todo, items),
                Some(Value::Map(entries)) => {
                    let keys = entries.iter().map(|(key, place)| (key.text(), *place));
                    mapping(&mut out, &mut todo, keys)?;
                }
                Some(scalar) => write_scalar(&mut out, scalar)?,
                None => return Err("yaml: internal error: no such value".to_owned()),
            },
        }
        if out.len() > limit {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
    }
    Ok(out)
}

/// What comes last is put on the stack first.
fn sequence(out: &mut Vec<u8>, todo: &mut Vec<Todo<'_>>, items: &[Place]) {
    out.push(b'[');
    todo.push(Todo::Text("]"));
    for (i, item) in items.iter().enumerate().rev() {
        todo.push(Todo::Value(*item));
        if i > 0 {
            todo.push(Todo::Text(","));
        }
    }
}

fn mapping<'v>(
    out: &mut Vec<u8>,
    todo: &mut Vec<Todo<'v>>,
    entries: impl Iterator<Item = (Option<Cow<'v, [u8]>>, Place)>,
) -> Result<(), String> {
    let mut sorted = Vec::new();
    for (key, place) in entries {
        let Some(key) = key else { return Err("unsupported map key of type: null or time".to_owned()) };
        sorted.push((key, place));
    }
    // Which of two keys that only JSON makes one counts is chance in Go; here it is the earlier, which is not merged in.
    sorted.sort_unstable();
    sorted.dedup_by(|later, first| later.0 == first.0);
    out.push(b'{');
    todo.push(Todo::Text("}"));
    for (i, (key, place)) in sorted.into_iter().enumerate().rev() {
        todo.push(Todo::Value(place));
        todo.push(Todo::Key(key));
        if i > 0 {
            todo.push(Todo::Text(","));
        }
    }
    Ok(())
}

fn write_scalar(out: &mut Vec<u8>, scalar: &Value<'_>) -> Result<(), String> {
    match scalar {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(bool) => out.extend_from_slice(bool.to_string().as_bytes()),
        Value::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
        Value::Uint(int) => out.extend_from_slice(int.to_string().as_bytes()),
        Value::Float(float) => out.extend_from_slice(number::json(*float)?.as_bytes()),
        Value::Text(text) => string(out, text),
        Value::Seq(_) | Value::Map(_) => {}
    }
    Ok(())
}

/// A string; bytes that are no UTF-8 (`!!binary`) become U+FFFD, each its own as in Go.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        // What most texts are stands for itself.
        if valid.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&')) {
            out.extend_from_slice(valid.as_bytes());
        } else {
            valid.chars().for_each(|char| character(out, char));
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn character(out: &mut Vec<u8>, char: char) {
    match char {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(char)).as_bytes());
        }
        _ => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
