//! `io.jwt.verify_*` and `io.jwt.decode_verify`.

use super::super::super::value::{ObjectBuilder, Value};
use super::super::operand::{any, fail, object, string};
use super::super::{Context, Outcome};
use super::algorithm::Algorithm;
use super::constraints::Constraints;
use super::keys;
use super::token::{self, Header, Token};

/// What verifying one signature costs.
pub(super) const COST: usize = 1000;

/// By public keys.
fn by_key<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], algorithm: &[u8]) -> Outcome<'a> {
    let token = Token::of(ctx, &any(operands, 1))?;
    let text = string(operands, 2)?;
    let keys = keys::read(ctx, text)?;
    let signature = token.signature().map_err(fail)?;
    let header = token.header(ctx)?;
    let header = Header::of(ctx, header)?;
    let Some(algorithm) = Algorithm::of(algorithm) else { return Ok(Value::Bool(false)) };
    if let Some(key) = keys::by_kid(&keys, header.kid) {
        ctx.charge(COST)?;
        return Ok(Value::Bool(algorithm.verify(key.public(), token.signed, &signature)));
    }
    for key in keys.iter().filter(|key| key.alg.is_empty() || key.alg == header.alg) {
        ctx.charge(COST)?;
        if algorithm.verify(key.public(), token.signed, &signature) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// By a shared secret.
fn by_secret<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], algorithm: &[u8]) -> Outcome<'a> {
    string(operands, 1)?;
    let secret = string(operands, 2)?;
    let token = Token::of(ctx, &any(operands, 1))?;
    ctx.charge(secret.len() / 16 + 8)?;
    let signature = token.signature().map_err(fail)?;
    let algorithm = Algorithm::of(algorithm);
    Ok(Value::Bool(algorithm.is_some_and(|algorithm| algorithm.verify_secret(secret, token.signed, &signature))))
}

macro_rules! verifiers {
    ($($name:ident $by:ident $algorithm:literal)*) => {$(
        pub(in super::super) fn $name<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
            $by(ctx, operands, $algorithm)
        }
    )*};
}

verifiers! {
    verify_eddsa by_key b"EdDSA"
    verify_es256 by_key b"ES256"
    verify_es384 by_key b"ES384"
    verify_es512 by_key b"ES512"
    verify_hs256 by_secret b"HS256"
    verify_hs384 by_secret b"HS384"
    verify_hs512 by_secret b"HS512"
    verify_ps256 by_key b"PS256"
    verify_ps384 by_key b"PS384"
    verify_ps512 by_key b"PS512"
    verify_rs256 by_key b"RS256"
    verify_rs384 by_key b"RS384"
    verify_rs512 by_key b"RS512"
}

/// Whether the token verifies and meets the constraints; then its header and payload.
pub(in super::super) fn decode_verify<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let constraints = object(operands, 2)?;
    let constraints = Constraints::of(ctx, constraints)?;
    let empty = ObjectBuilder::default().build(ctx.arena);
    let unverified = Value::array(ctx.arena, &[Value::Bool(false), empty, empty]);
    let mut value = any(operands, 1);
    for _ in 0..super::MAX_NESTED {
        let token = Token::of(ctx, &value)?;
        let decoded = token.header(ctx)?;
        let header = Header::of(ctx, decoded)?;
        if !header.is_valid() || (!constraints.alg.is_empty() && constraints.alg != header.alg) {
            return Ok(unverified);
        }
        let signature = token.signature().map_err(fail)?;
        ctx.charge(COST)?;
        if !constraints.verify(ctx, &header, token.signed, &signature)? {
            return Ok(unverified);
        }
        let payload = token.payload(ctx)?;
        if header.cty.eq_ignore_ascii_case(b"JWT") {
            value = Value::String(payload);
            continue;
        }
        let payload = token::object(ctx, payload).map_err(fail)?;
        if !constraints.admit(ctx, payload)? {
            return Ok(unverified);
        }
        return Ok(Value::array(ctx.arena, &[Value::Bool(true), decoded.value(), payload.value()]));
    }
    Err(super::too_deep())
}
