//! Case, rune by rune as Go maps it: no rune becomes two.

use super::super::super::value::Value;
use super::super::operand::{any, string};
use super::super::{Context, Outcome, utf8};

/// Runes that got a partner after Unicode 15, which Go has.
const fn is_newer(rune: char) -> bool {
    let code = rune as u32;
    matches!(code, 0x19b | 0x264 | 0x1c89 | 0x1c8a | 0xa7cb..=0xa7cf | 0xa7d2..=0xa7d5 | 0xa7da..=0xa7dc | 0x10d50..=0x10d85 | 0x16ea0..=0x16ed3)
}

/// The only rune of `runes`; `rune` where there are more.
fn single(rune: char, mut runes: impl Iterator<Item = char>) -> char {
    match (runes.next(), runes.next()) {
        (Some(one), None) => one,
        _ => rune,
    }
}

pub(in super::super) fn to_lower(rune: char) -> char {
    match rune {
        '\u{130}' => 'i',
        _ if is_newer(rune) => rune,
        _ => single(rune, rune.to_lowercase()),
    }
}

fn to_upper(rune: char) -> char {
    let shifted = |by: u32| char::from_u32(u32::from(rune) + by).unwrap_or(rune);
    match rune {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(9),
        _ if is_newer(rune) => rune,
        _ => single(rune, rune.to_uppercase()),
    }
}

/// `text` in lower case. A byte that is no UTF-8 becomes U+FFFD, unless all is ASCII.
pub(in super::super) fn lowered(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_lowercase() } else { mapped(text, to_lower) }
}

fn mapped(text: &[u8], map: fn(char) -> char) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    utf8::runes(text).for_each(|(_, rune, _)| utf8::push(&mut out, map(rune)));
    out
}

fn charge<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<&'a [u8], super::super::Failure> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 16)?;
    ctx.reserve(text.len() * 2)?;
    Ok(text)
}

pub(in super::super) fn lower<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = charge(ctx, operands)?;
    if text.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Ok(any(operands, 1));
    }
    Ok(Value::string(ctx.arena, lowered(text)))
}

pub(in super::super) fn upper<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = charge(ctx, operands)?;
    if text.is_ascii() {
        return Ok(Value::string(ctx.arena, text.to_ascii_uppercase()));
    }
    Ok(Value::string(ctx.arena, mapped(text, to_upper)))
}
