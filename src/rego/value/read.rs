//! Reading JSON as OPA does (Go's `encoding/json`), without recursion.
//!
//! Invalid UTF-8 and lone surrogates become U+FFFD, one for each bad byte or escape; of equal keys the last one wins; numbers keep their
//! text. Errors carry the offset of the byte that does not belong, and Go's words for it.

mod build;
mod projection;
mod scan;
mod string;

use std::fmt;

use super::{Arena, Document, Value, quote};
use crate::error::{Error, ErrorKind, Result};
use build::{Build, Documents, Nothing, Values};
pub use projection::{Parts, Projection, Wanted, read_parts};
use scan::Reader;

/// The nesting that Go's `encoding/json` reads.
pub const MAX_DEPTH: usize = 10_000;

/// What bounds reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest text, in bytes.
    pub max_bytes: u64,
    /// How deep arrays and objects may nest.
    pub max_depth: usize,
}

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The text ends too early.
    End,
    /// A byte that does not belong there; where, and Go's words for the place.
    Byte(usize, u8, &'static str),
    /// A bracket that is too deep.
    Depth(usize, u8),
    /// A number that OPA does not take, and its reason.
    Number(usize, &'static str),
}

/// Reads one JSON text into `arena`. Strings without escapes stay in `json`.
///
/// # Errors
/// `SERIALIZATION_ERROR` with the offset; `LIMIT_EXCEEDED` for a text that is too large or nested too deep.
pub fn read<'a>(arena: &'a Arena, json: &'a [u8], limits: Limits) -> Result<Value<'a>> {
    read_with(Values(arena), json, limits, Reader::value)
}

/// Reads one JSON text into a document.
///
/// # Errors
/// As [`read`].
pub fn read_document(json: &[u8], limits: Limits) -> Result<Document> {
    read_with(Documents::default(), json, limits, Reader::value)
}

fn read_with<'j, B: Build<'j>, T>(
    build: B,
    json: &'j [u8],
    limits: Limits,
    read: impl FnOnce(&mut Reader<'j, B>) -> std::result::Result<T, Fault>,
) -> Result<T> {
    if json.len() as u64 > limits.max_bytes {
        let problem = format!("the JSON text has {} bytes; the limit is {}", json.len(), limits.max_bytes);
        return Err(Error::new(ErrorKind::LimitExceeded, problem));
    }
    let mut reader = Reader::new(build, json, limits.max_depth);
    let found = read(&mut reader).and_then(|value| reader.end().map(|()| value));
    found.and_then(|value| reader.check_numbers().map(|()| value)).map_err(|fault| error(fault, json, limits))
}

fn error(fault: Fault, json: &[u8], limits: Limits) -> Error {
    let (kind, offset) = match fault {
        Fault::End => (ErrorKind::SerializationError, json.len()),
        Fault::Byte(offset, ..) | Fault::Number(offset, _) => (ErrorKind::SerializationError, offset),
        Fault::Depth(offset, _) => (ErrorKind::LimitExceeded, offset),
    };
    let what = match fault {
        Fault::End => "unexpected end of JSON".to_owned(),
        Fault::Depth(..) => format!("nested deeper than {} levels", limits.max_depth),
        other => other.to_string(),
    };
    Error::new(kind, format!("{what} at offset {offset}")).at_offset(offset)
}

/// Go's text.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("unexpected EOF"),
            Self::Byte(_, byte, place) => write!(f, "invalid character {} {place}", quote_byte(*byte)),
            Self::Depth(_, byte) => write!(f, "invalid character {} exceeded max depth", quote_byte(*byte)),
            Self::Number(_, why) => f.write_str(why),
        }
    }
}

/// A byte in single quotes; above ASCII it stands for the code point of that number.
fn quote_byte(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => r#"'"'"#.to_owned(),
        _ => {
            let quoted = quote(char::from(byte).to_string().as_bytes());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// Reads `json` as OPA's `json.unmarshal` does, whose decoder reads one value and then looks for another token.
///
/// # Errors
/// OPA's text.
pub fn unmarshal<'a>(arena: &'a Arena, json: &'a [u8]) -> std::result::Result<Value<'a>, String> {
    if json.iter().all(|b| scan::is_space(*b)) {
        return Err("EOF".to_owned());
    }
    let mut reader = Reader::new(Values(arena), json, MAX_DEPTH);
    let value = reader.value().map_err(|fault| fault.to_string())?;
    trailing_token(arena, reader.rest())?;
    reader.check_numbers().map_err(|fault| fault.to_string())?;
    Ok(value)
}

/// Reads the value that a text begins with, whatever follows it: OPA keeps it where it overlooks that. `None` where there is none.
#[must_use]
pub fn first_value<'a>(arena: &'a Arena, json: &'a [u8]) -> Option<Value<'a>> {
    let mut reader = Reader::new(Values(arena), json, MAX_DEPTH);
    let value = reader.value().ok()?;
    reader.check_numbers().ok().map(|()| value)
}

/// Reads one JSON text as Go's `encoding/json` alone does: whatever its numbers are. `None` for what is no JSON.
#[must_use]
pub fn any_json<'a>(arena: &'a Arena, json: &'a [u8]) -> Option<Value<'a>> {
    let mut reader = Reader::new(Values(arena), json, MAX_DEPTH);
    reader.value().and_then(|value| reader.end().map(|()| value)).ok()
}

/// Whether `json` is one JSON text, for Go's `json.Valid`: whatever its numbers are.
#[must_use]
pub fn is_json(json: &[u8]) -> bool {
    let mut reader = Reader::new(Nothing, json, MAX_DEPTH);
    reader.value().and_then(|()| reader.end()).is_ok()
}

/// A `null` after the value passes, as Go's token for it is `nil`.
fn trailing_token(arena: &Arena, rest: &[u8]) -> std::result::Result<(), String> {
    let rest = rest.trim_ascii_start();
    let Some(first) = rest.first() else { return Ok(()) };
    let token = match first {
        b'[' | b'{' => char::from(*first).to_string(),
        b']' | b'}' | b':' | b',' => return Err(Fault::Byte(0, *first, scan::VALUE).to_string()),
        _ => {
            let mut reader = Reader::new(Values(arena), rest, MAX_DEPTH);
            match reader.value().map_err(|fault| fault.to_string())? {
                Value::Null => return Ok(()),
                Value::Bool(b) => format!("%!s(bool={b})"),
                Value::String(text) => String::from_utf8_lossy(text).into_owned(),
                number => super::number::with_text(&number, str::to_owned),
            }
        }
    };
    Err(format!("error: invalid character '{token}' after top-level value"))
}

#[cfg(test)]
mod tests;
