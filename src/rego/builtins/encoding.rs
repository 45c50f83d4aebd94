//! Encodings of bytes and of values.

mod base64;
mod hex;
mod json;
mod query;
mod yaml;

pub(crate) use base64::base64_text;
pub(super) use base64::{
    base64_bytes, base64_decode, base64_encode, base64_is_valid, base64url_bytes, base64url_decode, base64url_encode,
    base64url_encode_no_pad, base64url_text,
};
pub(super) use hex::{hex, hex_decode, hex_encode};
pub(super) use json::{json_is_valid, json_marshal, json_marshal_with_options, json_unmarshal};
pub(super) use query::escape as query_escape;
pub(super) use query::{query_decode, query_decode_object, query_encode, query_encode_object};
pub(super) use yaml::{yaml_is_valid, yaml_marshal, yaml_unmarshal};

use super::super::value::Value;
use super::operand::string;
use super::{Context, Failure};

/// A string that is encoded or decoded, and the charge for it.
fn input<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<&'a [u8], Failure> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 16 + 1)?;
    ctx.reserve(text.len().saturating_mul(4))?;
    Ok(text)
}
