//! The constraints of `io.jwt.decode_verify`.

use std::sync::Arc;

use super::super::super::value::{Entries, Value, compare, number};
use super::super::operand::fail;
use super::super::{Context, Failure};
use super::algorithm::Algorithm;
use super::keys::{self, Key};
use super::token::{Header, Object};

/// What a token has to meet. Of texts, an empty one is none.
#[derive(Debug, Default)]
pub(super) struct Constraints<'a> {
    keys: Option<Arc<[Key]>>,
    secret: &'a [u8],
    pub(super) alg: &'a [u8],
    iss: &'a [u8],
    aud: &'a [u8],
    seconds: f64,
}

impl<'a> Constraints<'a> {
    /// Reads them.
    pub(super) fn of(ctx: &mut Context<'a>, constraints: Entries<'a>) -> Result<Self, Failure> {
        let mut out = Self { seconds: ctx.clock.now_ns() as f64 / 1e9, ..Self::default() };
        for (key, value) in constraints.iter() {
            let name = key.as_bytes().unwrap_or_default();
            let place = match name {
                b"cert" => {
                    let text = value.as_bytes().ok_or_else(|| fail("cert constraint: must be a string"))?;
                    out.keys = Some(keys::read(ctx, text)?);
                    continue;
                }
                b"time" => {
                    out.seconds = nanoseconds(&value).map_err(|problem| fail(format!("token time constraint: {problem}")))? / 1e9;
                    continue;
                }
                b"secret" => &mut out.secret,
                b"alg" => &mut out.alg,
                b"iss" => &mut out.iss,
                b"aud" => &mut out.aud,
                _ => return Err(fail(format!("unknown token validation constraint: {}", String::from_utf8_lossy(name)))),
            };
            *place = value
                .as_bytes()
                .ok_or_else(|| fail(format!("{} constraint: must be a string", String::from_utf8_lossy(name))))?;
        }
        match (&out.keys, out.secret) {
            (Some(_), [_, ..]) => Err(fail("duplicate key constraints")),
            (None, []) => Err(fail("no key constraint")),
            _ => Ok(out),
        }
    }

    /// Whether a key verifies the signature: the one that the header names, or any.
    pub(super) fn verify(
        &self,
        ctx: &mut Context<'_>,
        header: &Header<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Failure> {
        let Some(keys) = &self.keys else {
            let algorithm = Algorithm::of(header.alg);
            return Ok(algorithm.is_some_and(|algorithm| algorithm.verify_secret(self.secret, message, signature)));
        };
        if let Some(key) = keys::by_kid(keys, header.kid) {
            return Ok(key.verify(header.alg, message, signature));
        }
        for key in keys.iter().filter(|key| key.alg.is_empty() || key.alg == header.alg) {
            ctx.charge(super::verify::COST)?;
            if key.verify(header.alg, message, signature) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the claims meet them.
    pub(super) fn admit(&self, ctx: &Context<'a>, payload: Object<'a>) -> Result<bool, Failure> {
        if !self.iss.is_empty() && payload.get_str(b"iss").and_then(|iss| iss.as_bytes()) != Some(self.iss) {
            return Ok(false);
        }
        let audience = match payload.get_str(b"aud") {
            None => self.aud.is_empty(),
            Some(Value::String(aud)) => aud == self.aud,
            Some(other) => other.as_array().is_some_and(|list| list.iter().any(|aud| aud.as_bytes() == Some(self.aud))),
        };
        if !audience {
            return Ok(false);
        }
        let now = Value::number(ctx.arena, &self.seconds.to_string());
        if let Some(exp) = payload.get_str(b"exp") {
            if !exp.is_number() {
                return Err(fail("exp value must be a number"));
            }
            if compare(&now, &exp).is_ge() {
                return Ok(false);
            }
        }
        if let Some(nbf) = payload.get_str(b"nbf") {
            if !nbf.is_number() {
                return Err(fail("nbf value must be a number"));
            }
            if compare(&now, &nbf).is_lt() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn nanoseconds(value: &Value<'_>) -> Result<f64, &'static str> {
    if !value.is_number() {
        return Err("must be a number");
    }
    let float = number::with_text(value, |text| text.parse::<f64>().ok()).filter(|float| float.is_finite());
    match float {
        None => Err("unvalid float64"),
        Some(float) if float < 0.0 => Err("must not be negative"),
        Some(float) => Ok(float),
    }
}
