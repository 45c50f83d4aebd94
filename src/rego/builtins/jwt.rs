//! `io.jwt.*`.

mod algorithm;
mod constraints;
mod encode;
mod jwk;
mod keys;
mod signature;
mod token;
mod verify;

pub(super) use encode::{encode_sign, encode_sign_raw};
pub(super) use keys::{Key, read as read_keys};
pub(crate) use signature::{Signed, Verifier};
pub(super) use verify::{
    decode_verify, verify_eddsa, verify_es256, verify_es384, verify_es512, verify_hs256, verify_hs384, verify_hs512,
    verify_ps256, verify_ps384, verify_ps512, verify_rs256, verify_rs384, verify_rs512,
};

use super::super::value::Value;
use super::encoding::hex;
use super::operand::{any, fail};
use super::{Context, Failure, Outcome};
use token::Token;

/// Tokens in tokens are opened so deep; each is larger than what it holds by a third.
const MAX_NESTED: usize = 64;

/// Header, payload and signature, nothing verified.
pub(super) fn decode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let mut value = any(operands, 1);
    for _ in 0..MAX_NESTED {
        let token = Token::of(ctx, &value)?;
        let header = token.header(ctx)?;
        let payload = token.payload(ctx)?;
        match header.get_str(b"cty") {
            None => {}
            // Where the content is a token, it may stand in quotes.
            Some(Value::String(b"JWT")) => {
                value = Value::String(trim_quotes(payload));
                continue;
            }
            Some(Value::String(_)) => {}
            Some(_) => return Err(fail("cty: must be a string")),
        }
        let payload = token::object(ctx, payload).map_err(fail)?;
        let signature = token.signature().map_err(|problem| fail(format!("JWT signature had invalid encoding: {problem}")))?;
        let signature = Value::string(ctx.arena, hex(&signature));
        return Ok(Value::array(ctx.arena, &[header.value(), payload.value(), signature]));
    }
    Err(too_deep())
}

fn too_deep() -> Failure {
    fail("JWT is nested too deep")
}

fn trim_quotes(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [b'"' | b'\'', rest @ ..] | [rest @ .., b'"' | b'\''] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests;
