//! Object identifiers.

use num_bigint::BigUint;

use super::super::crypto::der::{self, Der};

/// The numbers of an identifier, each below 2³¹.
pub(super) type Oid = Vec<u32>;

/// The identifier in these contents, or Go's words for what is wrong with it.
pub(super) fn parse(contents: &[u8]) -> Result<Oid, &'static str> {
    if contents.is_empty() {
        return Err("asn1: syntax error: zero length OBJECT IDENTIFIER");
    }
    let mut rest = contents;
    let first = number(&mut rest)?;
    let mut oid = if first < 80 { vec![first / 40, first % 40] } else { vec![2, first - 80] };
    while !rest.is_empty() {
        oid.push(number(&mut rest)?);
    }
    Ok(oid)
}

/// The next number, of seven bits a byte.
pub(super) fn number(rest: &mut &[u8]) -> Result<u32, &'static str> {
    const TOO_LARGE: &str = "asn1: structure error: base 128 integer too large";
    let mut number = 0_u64;
    for place in 0..6 {
        let Some((byte, after)) = rest.split_first() else { break };
        if place == 5 {
            return Err(TOO_LARGE);
        }
        if place == 0 && *byte == 0x80 {
            return Err("asn1: syntax error: integer is not minimally encoded");
        }
        *rest = after;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return if number > 0x7fff_ffff { Err(TOO_LARGE) } else { Ok(number as u32) };
        }
    }
    Err("asn1: syntax error: truncated base 128 integer")
}

/// The identifier that comes next.
pub(super) fn next(der: &mut Der<'_>) -> Option<Oid> {
    parse(der.take(der::OID)?).ok()
}

/// `1.2.3`.
pub(super) fn text(oid: &[u32]) -> String {
    oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// Whether the contents are an identifier of numbers of any size.
pub(super) fn is_long(contents: &[u8]) -> bool {
    let ends = contents.last().is_some_and(|last| last & 0x80 == 0);
    let starts = std::iter::once(true).chain(contents.iter().map(|byte| byte & 0x80 == 0));
    ends && starts.zip(contents).all(|(start, byte)| !(start && *byte == 0x80))
}

/// The text of an identifier of numbers of any size.
pub(super) fn long_text(contents: &[u8]) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut number = BigUint::ZERO;
    for byte in contents {
        number = (number << 7_u8) + (byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        let ended = std::mem::take(&mut number);
        if !texts.is_empty() {
            texts.push(ended.to_string());
        } else if ended < BigUint::from(80_u8) {
            texts.extend([(&ended / 40_u8).to_string(), (ended % 40_u8).to_string()]);
        } else {
            texts.extend(["2".to_owned(), (ended - 80_u8).to_string()]);
        }
    }
    texts.join(".")
}
