//! `io.jwt.encode_sign` and `io.jwt.encode_sign_raw`.

use super::super::super::value::{Style, Value, is_json, quote, unmarshal, unwritable, write};
use super::super::encoding::base64url_text;
use super::super::operand::{any, fail, string};
use super::super::{Context, Failure, Outcome};
use super::algorithm::{Algorithm, Family};
use super::jwk::{self, Material};

pub(in super::super) fn encode_sign<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let mut json = |position: usize, what: &str| {
        let value = any(operands, position);
        if let Some(number) = unwritable(&value) {
            let number = quote(number.as_bytes());
            let problem = format!("json: invalid number literal, trying to marshal {number}");
            return Err(fail(format!("failed to marshal JWT {what}: {problem}")));
        }
        let mut out = Vec::new();
        write(&value, Style::HTML, &mut out);
        ctx.charge(out.len() / 8 + 1)?;
        ctx.reserve(out.len())?;
        Ok::<&'a [u8], Failure>(ctx.arena.alloc_slice_copy(&out))
    };
    let (headers, payload, key) = (json(1, "headers")?, json(2, "payload")?, json(3, "signature")?);
    signed(ctx, headers, payload, key)
}

pub(in super::super) fn encode_sign_raw<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let key = string(operands, 3)?;
    let headers = string(operands, 1)?;
    let payload = string(operands, 2)?;
    signed(ctx, headers, payload, key)
}

/// A field of the header: `Err` where the header is not JSON.
fn field<'a>(ctx: &Context<'a>, headers: &'a [u8], name: &str) -> Result<&'a [u8], String> {
    if headers.is_empty() {
        return Err("cannot parse JSON: cannot parse empty string".to_owned());
    }
    let missing = || format!("jwsbb: header {} not found", quote(name.as_bytes()));
    // The reader of headers takes anything made of a number's characters for a number.
    if headers.iter().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return Err(missing());
    }
    let value = unmarshal(ctx.arena, headers).map_err(|problem| format!("cannot parse JSON: {problem}"))?;
    let found = value.as_object().and_then(|object| object.get_str(name.as_bytes())).ok_or_else(missing)?;
    found.as_bytes().ok_or_else(|| format!("value doesn't contain string; it contains {}", found.type_name()))
}

fn signed<'a>(ctx: &mut Context<'a>, headers: &'a [u8], payload: &'a [u8], key: &'a [u8]) -> Outcome<'a> {
    let size = headers.len().saturating_add(payload.len()).saturating_add(key.len());
    ctx.charge(size / 8 + 2 * super::verify::COST)?;
    ctx.reserve(size.saturating_mul(16))?;
    let keys = jwk::parse(ctx.arena, key).map_err(|problem| fail(format!("jwk.Parse: {problem}")))?;
    let Some(key) = keys.into_iter().next() else { return Err(fail("no keys found in JWK set")) };
    let alg = field(ctx, headers, "alg").map_err(|problem| fail(format!("missing or invalid 'alg' header: {problem}")))?;
    let shown = String::from_utf8_lossy(alg);
    let algorithm = Algorithm::of(alg).ok_or_else(|| fail(format!("unknown JWS algorithm: {shown}")))?;
    let typed = field(ctx, headers, "typ").map_or(true, |typ| typ == b"JWT");
    if typed && !is_json(payload) {
        return Err(fail("type is JWT but payload is not JSON"));
    }
    let mut out = [base64url_text(headers), b".".to_vec(), base64url_text(payload)].concat();
    let signature = match &key.material {
        Material::Secret(secret) if algorithm.family == Family::Hs => Some(algorithm.hash.hmac(secret, &out)),
        Material::Private(public, private) => algorithm.sign(public, private, &out),
        Material::Secret(_) | Material::Public(_) | Material::Unusable(_) => None,
    };
    let Some(signature) = signature else { return Err(fail(format!("jwsbb.Sign: invalid key type for {shown}"))) };
    out.push(b'.');
    out.extend(base64url_text(&signature));
    Ok(Value::string(ctx.arena, out))
}
