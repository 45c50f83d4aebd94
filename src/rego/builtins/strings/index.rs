//! Where strings are in strings, counted in runes.

use super::super::super::value::Value;
use super::super::operand::{any, fail, int, string};
use super::super::{Context, Failure, Outcome, utf8};

/// The operands of a search: both strings, the second not empty.
fn operands_of<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let (text, part) = (string(operands, 1)?, string(operands, 2)?);
    if part.is_empty() {
        return Err(fail("empty search character"));
    }
    ctx.charge((text.len() + part.len()) / 32 + 1)?;
    Ok((text, part))
}

/// With U+FFFD for each bad byte, so that bytes can be compared where runes are meant.
fn normal(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if std::str::from_utf8(bytes).is_ok() {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len());
    utf8::runes(bytes).for_each(|(_, rune, _)| utf8::push(&mut out, rune));
    out.into()
}

pub(in super::super) fn indexof<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, part) = operands_of(ctx, operands)?;
    let (text, part) = (normal(text), normal(part));
    let found = utf8::find(&text, &part).map_or(-1, |at| utf8::count(text.get(..at).unwrap_or_default()) as i64);
    Ok(Value::Int(found))
}

/// All places, also of occurrences that overlap.
pub(in super::super) fn indexof_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, part) = operands_of(ctx, operands)?;
    let (text, part) = (normal(text), normal(part));
    let finder = memchr::memmem::Finder::new(&*part);
    let mut places = Vec::new();
    let (mut at, mut runes) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| finder.find(rest)) {
        // An occurrence may be as long as what is searched, and the next begin one rune later.
        ctx.charge((found + part.len()) / 16 + 1)?;
        runes += utf8::count(text.get(at..at + found).unwrap_or_default());
        places.push(Value::Int(runes as i64));
        at += found + utf8::decode(&part).1;
        runes += 1;
    }
    ctx.reserve(places.len() * size_of::<Value<'a>>())?;
    Ok(Value::array(ctx.arena, &places))
}

/// A part by offset and length, which is the rest where it is negative.
pub(in super::super) fn substring<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    let (offset, length) = (int(operands, 2)?, int(operands, 3)?);
    let Ok(offset) = usize::try_from(offset) else { return Err(fail("negative offset")) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if text.is_ascii() {
        ctx.charge(text.len() / 64)?;
        let start = offset.min(text.len());
        let end = start + length.min(text.len() - start);
        return Ok(Value::String(text.get(start..end).unwrap_or_default()));
    }
    ctx.charge(text.len() / 16)?;
    if offset == 0 && length >= utf8::count(text) && int(operands, 3)? >= 0 {
        return Ok(any(operands, 1));
    }
    let mut out = Vec::new();
    utf8::runes(text).skip(offset).take(length).for_each(|(_, rune, _)| utf8::push(&mut out, rune));
    ctx.reserve(out.len())?;
    Ok(Value::string(ctx.arena, &out))
}
