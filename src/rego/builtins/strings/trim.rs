//! Cutting runes, or whole strings, off the ends.

use super::super::super::value::Value;
use super::super::operand::string;
use super::super::{Context, Failure, Outcome, utf8};

fn trim_start(mut text: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    while !text.is_empty() {
        let (rune, length) = utf8::decode(text);
        if !cut(rune) {
            break;
        }
        text = text.get(length..).unwrap_or_default();
    }
    text
}

fn trim_end(mut text: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    while !text.is_empty() {
        let (rune, length) = utf8::decode_last(text);
        if !cut(rune) {
            break;
        }
        text = text.get(..text.len() - length).unwrap_or_default();
    }
    text
}

/// The text, and the runes to cut, sorted.
fn operands_of<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(&'a [u8], Vec<char>), Failure> {
    let (text, cutset) = (string(operands, 1)?, string(operands, 2)?);
    ctx.charge((text.len() + cutset.len()) / 8 + 1)?;
    ctx.reserve(cutset.len() * 4)?;
    let mut runes: Vec<char> = utf8::runes(cutset).map(|(_, rune, _)| rune).collect();
    runes.sort_unstable();
    Ok((text, runes))
}

pub(in super::super) fn trim<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, runes) = operands_of(ctx, operands)?;
    let cut = |rune: char| runes.binary_search(&rune).is_ok();
    Ok(Value::String(trim_end(trim_start(text, cut), cut)))
}

pub(in super::super) fn trim_left<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, runes) = operands_of(ctx, operands)?;
    Ok(Value::String(trim_start(text, |rune| runes.binary_search(&rune).is_ok())))
}

pub(in super::super) fn trim_right<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, runes) = operands_of(ctx, operands)?;
    Ok(Value::String(trim_end(text, |rune| runes.binary_search(&rune).is_ok())))
}

pub(in super::super) fn trim_space<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 8)?;
    Ok(Value::String(trim_end(trim_start(text, char::is_whitespace), char::is_whitespace)))
}

pub(in super::super) fn trim_prefix<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, prefix) = (string(operands, 1)?, string(operands, 2)?);
    Ok(Value::String(text.strip_prefix(prefix).unwrap_or(text)))
}

pub(in super::super) fn trim_suffix<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, suffix) = (string(operands, 1)?, string(operands, 2)?);
    Ok(Value::String(text.strip_suffix(suffix).unwrap_or(text)))
}
