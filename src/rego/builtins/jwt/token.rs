//! The three parts of a token.

use super::super::super::value::{Entries, Value, unmarshal};
use super::super::encoding::base64url_bytes;
use super::super::operand::{fail, string};
use super::super::{Context, Failure};

/// A token's parts as they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    /// Header and payload with the period between them: what is signed.
    pub(super) signed: &'a [u8],
}

/// An object that is known to be one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a>(Value<'a>, Entries<'a>);

impl<'a> Object<'a> {
    pub(super) const fn value(self) -> Value<'a> {
        self.0
    }

    pub(super) const fn entries(self) -> Entries<'a> {
        self.1
    }

    pub(super) fn get_str(&self, key: &[u8]) -> Option<Value<'a>> {
        self.1.get_str(key)
    }
}

/// The fields of a header that decide how it is verified.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) alg: &'a [u8],
    pub(super) kid: &'a [u8],
    pub(super) cty: &'a [u8],
    unknown_critical: bool,
}

impl<'a> Token<'a> {
    /// Splits the text of a token.
    pub(super) fn of(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Self, Failure> {
        let text = string(&[*value], 1)?;
        ctx.charge(text.len() / 16 + 4)?;
        ctx.reserve(text.len().saturating_mul(4))?;
        let parts = memchr::memchr_iter(b'.', text).count() + 1;
        let mut dots = memchr::memchr_iter(b'.', text);
        let between =
            |(first, second): (usize, usize)| Some((text.get(..first)?, text.get(first + 1..second)?, text.get(second + 1..)?));
        let (Some((header, payload, signature)), 3) = (dots.next().zip(dots.next()).and_then(between), parts) else {
            return Err(match parts {
                1 => fail("encoded JWT had no period separators"),
                _ => fail(format!("encoded JWT must have 3 sections, found {parts}")),
            });
        };
        let signed = text.get(..header.len() + 1 + payload.len()).unwrap_or_default();
        Ok(Self { header, payload, signature, signed })
    }

    /// The header.
    pub(super) fn header(&self, ctx: &mut Context<'a>) -> Result<Object<'a>, Failure> {
        let text = base64url_bytes(self.header).map_err(|problem| fail(format!("JWT header had invalid encoding: {problem}")))?;
        let text = ctx.arena.alloc_slice_copy(&text);
        let header = object(ctx, text).map_err(|problem| fail(format!("bad JWT header: {problem}")))?;
        if header.get_str(b"enc").is_some() {
            return Err(fail("JWT is a JWE object, which is not supported"));
        }
        Ok(header)
    }

    /// The payload's bytes.
    pub(super) fn payload(&self, ctx: &mut Context<'a>) -> Result<&'a [u8], Failure> {
        let text =
            base64url_bytes(self.payload).map_err(|problem| fail(format!("JWT payload had invalid encoding: {problem}")))?;
        Ok(ctx.arena.alloc_slice_copy(&text))
    }

    /// The signature's bytes, or what is wrong with its text.
    pub(super) fn signature(&self) -> Result<Vec<u8>, String> {
        base64url_bytes(self.signature)
    }
}

/// The object that a JSON text is.
pub(super) fn object<'a>(ctx: &mut Context<'a>, json: &'a [u8]) -> Result<Object<'a>, String> {
    // A value takes more room than its text.
    if ctx.reserve(json.len().saturating_mul(12)).is_err() {
        return Err("JSON is too large".to_owned());
    }
    let value = unmarshal(ctx.arena, json).map_err(|problem| format!("invalid JSON: {problem}"))?;
    let entries = value.as_object().ok_or_else(|| "decoded JSON type was not an Object".to_owned())?;
    Ok(Object(value, entries))
}

impl<'a> Header<'a> {
    /// Reads the fields, in the order of their names.
    pub(super) fn of(ctx: &mut Context<'a>, header: Object<'a>) -> Result<Self, Failure> {
        ctx.charge(header.entries().len())?;
        let mut out = Self::default();
        let mut critical = Vec::new();
        let mut unknown = Vec::new();
        for (key, value) in header.entries().iter() {
            let name = key.as_bytes().unwrap_or_default();
            let place = match name {
                b"alg" => &mut out.alg,
                b"kid" => &mut out.kid,
                b"cty" => &mut out.cty,
                b"typ" => &mut &b""[..],
                b"crit" => {
                    let Some(list) = value.as_array() else { return Err(fail("crit: must be a list")) };
                    ctx.charge(list.len())?;
                    // What comes after something that is no string is not looked at.
                    critical = list.iter().map_while(|name| name.as_bytes()).collect();
                    if critical.is_empty() {
                        return Err(fail("crit: must be a nonempty list"));
                    }
                    critical.sort_unstable();
                    continue;
                }
                _ => {
                    unknown.push(name);
                    continue;
                }
            };
            *place = value.as_bytes().ok_or_else(|| fail(format!("{}: must be a string", String::from_utf8_lossy(name))))?;
        }
        out.unknown_critical = unknown.iter().any(|name| critical.binary_search(name).is_ok());
        Ok(out)
    }

    /// Whether there is an algorithm, and no field that is critical and unknown (RFC 7515, 4.1.11).
    pub(super) const fn is_valid(&self) -> bool {
        !self.alg.is_empty() && !self.unknown_critical
    }
}
