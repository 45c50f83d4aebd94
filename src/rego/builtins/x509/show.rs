//! Values as Go's `encoding/json` shows structs.

use super::super::super::value::number::{self, Integer};
use super::super::super::value::{Arena, ObjectBuilder, Value};
use super::super::encoding::base64_text;
use super::super::utf8;

pub(super) fn object<'a>(arena: &'a Arena, fields: &[(&'static str, Value<'a>)]) -> Value<'a> {
    let mut object = ObjectBuilder::with_capacity(fields.len());
    fields.iter().for_each(|(name, value)| object.insert(Value::String(name.as_bytes()), *value));
    object.build(arena)
}

/// A slice that was appended to: `null` where it is empty.
pub(super) fn list<'a>(arena: &'a Arena, values: &[Value<'a>]) -> Value<'a> {
    if values.is_empty() { Value::Null } else { Value::array(arena, values) }
}

/// A string whose bad bytes are replaced.
pub(super) fn text<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    Value::string(arena, utf8::replaced(bytes))
}

pub(super) fn texts<'a>(arena: &'a Arena, all: &[Vec<u8>]) -> Value<'a> {
    list(arena, &all.iter().map(|bytes| text(arena, bytes)).collect::<Vec<_>>())
}

/// Bytes are base64.
pub(super) fn bytes<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    Value::string(arena, base64_text(bytes))
}

pub(super) fn optional_bytes<'a>(arena: &'a Arena, found: Option<&[u8]>) -> Value<'a> {
    found.map_or(Value::Null, |found| bytes(arena, found))
}

pub(super) fn oid_value<'a>(arena: &'a Arena, oid: &[u32]) -> Value<'a> {
    Value::array(arena, &oid.iter().map(|number| Value::Int(i64::from(*number))).collect::<Vec<_>>())
}

/// The whole number that the bytes are, in two's complement.
pub(super) fn signed<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    number::from_integer(arena, &Integer::from_signed_bytes_be(bytes))
}

/// The whole number that the bytes are.
pub(super) fn unsigned<'a>(arena: &'a Arena, bytes: &[u8]) -> Value<'a> {
    number::from_integer(arena, &Integer::from_bytes_be(num_bigint::Sign::Plus, bytes))
}
