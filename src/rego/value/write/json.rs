//! JSON, without recursion.

use smallvec::SmallVec;

use super::super::number::IntText;
use super::super::{Arena, Elements, Entries, Value};
use super::Style;
use super::keys::{has_string_keys, stringify};
use super::quote::decode;

/// A container that is being written, and its next part.
enum Open<'a> {
    Array(Elements<'a>, usize),
    Object(Entries<'a>, usize),
}

/// Appends `value` as JSON: keys sorted, sets as sorted arrays, keys that are no strings as the text of their JSON.
pub fn write(value: &Value<'_>, style: Style<'_>, out: &mut Vec<u8>) {
    let checked = Writer { style, out }.value(*value, true);
    if checked.is_err() {
        // Some key is no string: OPA makes strings of those first. It is rare enough to begin anew.
        let start = out.len();
        let arena = Arena::new();
        let converted = stringify(&arena, value);
        let _ = Writer { style, out }.value(converted, false);
        debug_assert!(out.len() > start);
    }
}

/// An object with a key that is no string was met; nothing was written.
struct Unstringed;

struct Writer<'s, 'o> {
    style: Style<'s>,
    out: &'o mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: Value<'_>, check: bool) -> Result<(), Unstringed> {
        let start = self.out.len();
        let is_unstringed = |value: &Value<'_>| check && value.as_object().is_some_and(|o| !has_string_keys(o));
        if is_unstringed(&value) {
            return Err(Unstringed);
        }
        let Some(outermost) = self.begin(value) else { return Ok(()) };
        let mut open: SmallVec<[Open<'_>; 8]> = SmallVec::new();
        open.push(outermost);
        loop {
            let depth = open.len();
            let Some(top) = open.last_mut() else { return Ok(()) };
            let Some(value) = self.part(top, depth) else {
                open.pop();
                continue;
            };
            if is_unstringed(&value) {
                self.out.truncate(start);
                return Err(Unstringed);
            }
            if let Some(inner) = self.begin(value) {
                open.push(inner);
            }
        }
    }

    /// Writes a scalar or a container's bracket.
    #[inline]
    fn begin<'a>(&mut self, value: Value<'a>) -> Option<Open<'a>> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(int) => self.out.extend_from_slice(IntText::new(int).as_bytes()),
            Value::Number(text) => self.out.extend_from_slice(text.as_bytes()),
            Value::String(bytes) => push_string(bytes, self.style.escape_html, self.out),
            _ => {
                if let Some(entries) = value.as_object() {
                    self.out.push(b'{');
                    return Some(Open::Object(entries, 0));
                }
                self.out.push(b'[');
                let elements = value.as_array().or_else(|| value.as_set());
                return Some(Open::Array(elements.unwrap_or(Elements::Values(&[])), 0));
            }
        }
        None
    }

    /// Writes what stands before the next part, and gives the part; at the end, the closing bracket.
    #[inline]
    fn part<'a>(&mut self, top: &mut Open<'a>, depth: usize) -> Option<Value<'a>> {
        let (at, part, bracket) = match top {
            Open::Array(elements, at) => {
                let part = elements.get(*at).map(|value| (None, value));
                (at, part, b']')
            }
            Open::Object(entries, at) => {
                let part = entries.at(*at).map(|(key, value)| (Some(key), value));
                (at, part, b'}')
            }
        };
        let Some((key, value)) = part else {
            if *at > 0 {
                self.line(depth - 1);
            }
            self.out.push(bracket);
            return None;
        };
        if *at > 0 {
            self.out.push(b',');
        }
        *at += 1;
        self.line(depth);
        if let Some(key) = key {
            push_string(key.as_bytes().unwrap_or_default(), self.style.escape_html, self.out);
            self.out.extend_from_slice(if self.style.pretty.is_some() { b": " } else { b":" });
        }
        Some(value)
    }

    #[inline]
    fn line(&mut self, depth: usize) {
        if let Some((prefix, indent)) = self.style.pretty {
            self.out.push(b'\n');
            self.out.extend_from_slice(prefix);
            for _ in 0..depth {
                self.out.extend_from_slice(indent);
            }
        }
    }
}

/// Bytes that stand for themselves in a string of any style, but for the three of HTML.
const fn is_plain(byte: u8, escape_html: bool) -> bool {
    match byte {
        b'"' | b'\\' | 0..0x20 | 0x80.. => false,
        b'<' | b'>' | b'&' => !escape_html,
        _ => true,
    }
}

/// Appends a JSON string.
pub(super) fn push_string(mut bytes: &[u8], escape_html: bool, out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    loop {
        let plain = bytes.iter().position(|b| !is_plain(*b, escape_html)).unwrap_or(bytes.len());
        let (run, rest) = bytes.split_at(plain);
        out.extend_from_slice(run);
        let Some(first) = rest.first() else { break };
        let length = if first.is_ascii() { push_escape(*first, out) } else { push_rune(rest, out) };
        bytes = rest.get(length..).unwrap_or_default();
    }
    out.push(b'"');
}

fn push_escape(byte: u8, out: &mut Vec<u8>) -> usize {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return 1;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
    1
}

/// Copies a run beyond ASCII; a bad byte and the two separators that JavaScript takes for line ends are escaped.
fn push_rune(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let (point, length) = decode(bytes);
    match point {
        None => out.extend_from_slice(b"\\ufffd"),
        Some('\u{2028}') => out.extend_from_slice(b"\\u2028"),
        Some('\u{2029}') => out.extend_from_slice(b"\\u2029"),
        Some(_) => out.extend_from_slice(bytes.get(..length).unwrap_or_default()),
    }
    length
}
