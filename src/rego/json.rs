//! JSON text in and out.
//!
//! Reading follows OPA (Go's `encoding/json`): invalid UTF-8 and lone surrogates become U+FFFD, one for each bad byte or escape;
//! of equal keys the last one wins; numbers keep their text.

use std::borrow::Cow;

use serde_json::error::Category;

use crate::error::{Error, ErrorKind, Result};

/// A JSON value; its numbers keep their text.
pub type Value = serde_json::Value;

/// The reader's own bound on nesting. Deeper input is refused, so that no stack depends on what a caller sends.
const MAX_DEPTH: usize = 127;

/// What bounds reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest text, in bytes.
    pub max_bytes: u64,
}

/// Reads one JSON text.
///
/// # Errors
/// `SERIALIZATION_ERROR` with the offset; `LIMIT_EXCEEDED` for a text that is too large or nested too deep.
pub fn parse(json: &[u8], limits: Limits) -> Result<Value> {
    let text = text(json, limits)?;
    serde_json::from_str(&text).map_err(|e| read_error(&text, &e))
}

/// The text as valid UTF-8 within `limits`, and nested no deeper than any reader bears. Whether it is JSON is left to a reader.
///
/// # Errors
/// `LIMIT_EXCEEDED` for a text that is too large or nested too deep.
pub fn text(json: &[u8], limits: Limits) -> Result<Cow<'_, str>> {
    if json.len() as u64 > limits.max_bytes {
        let problem = format!("the JSON text has {} bytes; the limit is {}", json.len(), limits.max_bytes);
        return Err(Error::new(ErrorKind::LimitExceeded, problem));
    }
    check_depth(json)?;
    Ok(replace_invalid(json))
}

/// Refuses text nested deeper than the reader's bound. It only counts brackets outside strings: what is not JSON is the parser's to refuse.
///
/// # Errors
/// `LIMIT_EXCEEDED` with the offset of the bracket that is too deep.
fn check_depth(json: &[u8]) -> Result<()> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let problem = format!("nested deeper than {MAX_DEPTH} levels at offset {offset}");
                    return Err(Error::new(ErrorKind::LimitExceeded, problem).at_offset(offset));
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn read_error(text: &str, error: &serde_json::Error) -> Error {
    let (what, offset) = match error.classify() {
        Category::Eof => ("unexpected end of JSON".to_owned(), text.len()),
        _ => {
            let full = error.to_string();
            let what = full.split(" at line ").next().unwrap_or(&full).to_owned();
            (what, offset_of(text, error.line(), error.column()))
        }
    };
    Error::new(ErrorKind::SerializationError, format!("{what} at offset {offset}")).at_offset(offset)
}

/// The byte offset of a line (from 1) and column (from 1; 0 before the line's first character).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// `json` with U+FFFD for each invalid byte and each lone surrogate escape.
fn replace_invalid(json: &[u8]) -> Cow<'_, str> {
    let text = replace_invalid_utf8(json);
    if text.contains("\\u") { replace_lone_surrogates(text) } else { text }
}

/// One U+FFFD for each byte that begins no valid sequence, as Go's decoder has it (`from_utf8_lossy` writes one for several).
fn replace_invalid_utf8(mut bytes: &[u8]) -> Cow<'_, str> {
    let mut text = String::new();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) if text.is_empty() => return Cow::Borrowed(rest),
            Ok(rest) => {
                text.push_str(rest);
                return Cow::Owned(text);
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                text.push('\u{fffd}');
                bytes = rest.get(1..).unwrap_or_default();
            }
        }
    }
}

/// Each escape of a surrogate without its partner becomes the escape of U+FFFD, which is as long.
fn replace_lone_surrogates(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut places = Vec::new();
    let mut rest = text.as_ref();
    while let Some((_, after)) = rest.split_once('\\') {
        let place = text.len() - after.len() - 1;
        rest = match (escape_at(&text, place), escape_at(&text, place + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => text.get(place + 12..).unwrap_or_default(),
            (Some(0xD800..=0xDFFF), _) => {
                places.push(place);
                text.get(place + 6..).unwrap_or_default()
            }
            // Any other escape: its second character is passed over, so that `\\` does not begin another.
            _ => after.char_indices().nth(1).and_then(|(i, _)| after.get(i..)).unwrap_or_default(),
        };
    }
    if places.is_empty() {
        return text;
    }
    let mut text = text.into_owned();
    for place in places {
        text.replace_range(place..place + 6, "\\ufffd");
    }
    Cow::Owned(text)
}

/// The code unit of a `\uXXXX` that starts at `place`.
fn escape_at(text: &str, place: usize) -> Option<u32> {
    let digits = text.get(place..place + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Limits, Value, parse};
    use crate::error::ErrorKind;

    const LIMITS: Limits = Limits { max_bytes: 1 << 20 };

    fn string(json: &[u8]) -> Option<String> {
        parse(json, LIMITS).ok()?.as_str().map(str::to_owned)
    }

    #[test]
    fn bad_bytes_and_lone_surrogates_become_u_fffd_as_in_go() {
        assert_eq!(string(b"\"a\xff\xfeb\"").as_deref(), Some("a\u{fffd}\u{fffd}b"));
        assert_eq!(string(b"\"\xe2\x82\"").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(string(br#""\ud800""#).as_deref(), Some("\u{fffd}"));
        assert_eq!(string(br#""\udc00\ud800""#).as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(string(br#""\ud800A""#).as_deref(), Some("\u{fffd}A"));
        assert_eq!(string(br#""\ud83d\ude00""#).as_deref(), Some("\u{1f600}"));
        assert_eq!(string(br#""\\ud800""#).as_deref(), Some("\\ud800"));
        assert_eq!(string(br#""\ud800\ud83d\ude00""#).as_deref(), Some("\u{fffd}\u{1f600}"));
    }

    #[test]
    fn errors_carry_the_offset() {
        for (json, offset) in [("{\"a\": }", 6), ("", 0), ("[1,\n 2,\n x]", 9), ("1 2", 2), ("nul", 3), ("[1,", 3)] {
            let error = parse(json.as_bytes(), LIMITS).err();
            assert_eq!(error.as_ref().map(|e| e.kind()), Some(ErrorKind::SerializationError), "{json}");
            assert_eq!(error.and_then(|e| e.offset()), Some(offset), "{json}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes(), LIMITS).err().map(|e| e.kind()), Some(ErrorKind::LimitExceeded));
        let fits = format!("{}1{}", "[".repeat(127), "]".repeat(127));
        assert!(parse(fits.as_bytes(), LIMITS).is_ok());
        assert_eq!(parse(b"[1,2]", Limits { max_bytes: 4 }).err().map(|e| e.kind()), Some(ErrorKind::LimitExceeded));
        let in_string = format!("\"{}\"", "[".repeat(1000));
        assert!(parse(in_string.as_bytes(), LIMITS).is_ok());
    }

    #[test]
    fn numbers_keep_their_text_and_the_last_of_equal_keys_wins() {
        let value = parse(b"{\"a\": 1.50, \"b\": 123456789012345678901234567890, \"a\": 1.0}", LIMITS);
        assert_eq!(value.map(|v: Value| v.to_string()).ok().as_deref(), Some("{\"a\":1.0,\"b\":123456789012345678901234567890}"));
    }
}
