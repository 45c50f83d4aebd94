//! Strings. Positions count runes; a byte that is no UTF-8 is a rune of its own, as in Go.

mod case;
mod index;
mod replace;
mod trim;

use super::super::value::Value;
use super::super::value::number::{self, Float};
use super::operand::{any, charge_number, element_error, elements, error, int, number as number_operand, string, type_error};
use super::{Context, Failure, Outcome, operand, utf8};

pub(super) use case::{lower, lowered, upper};
pub(super) use index::{indexof, indexof_n, substring};
pub(super) use replace::{replace, replace_n};
pub(super) use trim::{trim, trim_left, trim_prefix, trim_right, trim_space, trim_suffix};

/// Two strings, and the charge for looking at them.
fn two<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let (a, b) = (string(operands, 1)?, string(operands, 2)?);
    ctx.charge((a.len() + b.len()) / 32 + 1)?;
    Ok((a, b))
}

pub(super) fn contains<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, part) = two(ctx, operands)?;
    Ok(Value::Bool(utf8::find(text, part).is_some()))
}

pub(super) fn starts_with<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, prefix) = (string(operands, 1)?, string(operands, 2)?);
    ctx.charge(prefix.len() / 32)?;
    Ok(Value::Bool(text.starts_with(prefix)))
}

pub(super) fn ends_with<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, suffix) = (string(operands, 1)?, string(operands, 2)?);
    ctx.charge(suffix.len() / 32)?;
    Ok(Value::Bool(text.ends_with(suffix)))
}

/// Occurrences that do not overlap; of the empty string, one more than there are runes.
pub(super) fn count<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, part) = two(ctx, operands)?;
    let count = if part.is_empty() { utf8::count(text) + 1 } else { memchr::memmem::find_iter(text, part).count() };
    Ok(Value::Int(count as i64))
}

pub(super) fn reverse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 8)?;
    ctx.reserve(text.len() * 2)?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (_, length) = utf8::decode_last(rest);
        let (before, rune) = rest.split_at(rest.len() - length);
        out.extend_from_slice(rune);
        rest = before;
    }
    Ok(Value::string(ctx.arena, &out))
}

/// The parts of `text` between `delimiter`s, at most `limit`; the runes, where that is empty.
fn parts<'a>(ctx: &mut Context<'a>, text: &'a [u8], delimiter: &[u8], limit: usize) -> Result<Vec<Value<'a>>, Failure> {
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < limit {
        ctx.charge(1)?;
        let (length, skip) = match delimiter.is_empty() {
            true if rest.is_empty() => return Ok(parts),
            true => (utf8::decode(rest).1, 0),
            false => match utf8::find(rest, delimiter) {
                Some(at) => (at, delimiter.len()),
                None => break,
            },
        };
        let (part, after) = rest.split_at(length);
        parts.push(Value::String(part));
        rest = after.get(skip..).unwrap_or_default();
    }
    if !delimiter.is_empty() || !rest.is_empty() {
        parts.push(Value::String(rest));
    }
    Ok(parts)
}

pub(super) fn split<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, delimiter) = two(ctx, operands)?;
    ctx.reserve(text.len() / delimiter.len().max(1))?;
    let parts = parts(ctx, text, delimiter, usize::MAX)?;
    Ok(Value::array(ctx.arena, &parts))
}

/// The first `n` parts, or the last `-n`.
pub(super) fn split_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, delimiter) = (string(operands, 1)?, string(operands, 2)?);
    let n = int(operands, 3)?;
    two(ctx, operands)?;
    let wanted = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    let limit = if n >= 0 { wanted.saturating_add(1) } else { usize::MAX };
    let parts = parts(ctx, text, delimiter, limit)?;
    let wanted = wanted.min(parts.len());
    let part = if n >= 0 { parts.get(..wanted) } else { parts.get(parts.len() - wanted..) };
    Ok(Value::array(ctx.arena, part.unwrap_or_default()))
}

/// Joins strings of an array or a set.
pub(super) fn concat<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let separator = string(operands, 1)?;
    let collection = any(operands, 2);
    let Some(elements) = elements(&collection) else { return Err(type_error(2, &collection, &["set", "array"])) };
    ctx.charge(elements.len())?;
    let mut length = 0_usize;
    for element in elements.iter() {
        let Some(bytes) = element.as_bytes() else { return Err(element_error(2, &collection, &element, "string")) };
        length = length.saturating_add(bytes.len());
    }
    let length = length.saturating_add(separator.len().saturating_mul(elements.len().saturating_sub(1)));
    ctx.reserve(length.saturating_mul(2))?;
    ctx.charge(length / 32)?;
    let mut out = Vec::with_capacity(length);
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(element.as_bytes().unwrap_or_default());
    }
    Ok(Value::string(ctx.arena, &out))
}

/// An integer in base 2, 8, 10 or 16; a fraction is cut off.
pub(super) fn format_int<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (value, base) = (number_operand(operands, 1)?, number_operand(operands, 2)?);
    let Value::Int(radix @ (2 | 8 | 10 | 16)) = base else {
        return Err(error(2, "must be one of {2, 8, 10, 16}"));
    };
    if let (Value::Int(int), 10) = (value, radix) {
        return Ok(Value::string(ctx.arena, number::IntText::new(int).as_bytes()));
    }
    let integer = match (number::to_i64(&value), value) {
        (Some(int), _) => int.into(),
        (None, Value::Number(text)) => {
            charge_number(ctx, text)?;
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            match digits.bytes().all(|b| b.is_ascii_digit()) {
                true => number::to_integer(text),
                false => Float::parse(text).map(|float| float.truncate()),
            }
            .unwrap_or_default()
        }
        _ => number::Integer::ZERO,
    };
    operand::charge_digits(ctx, (integer.bits() / 3) as usize)?;
    Ok(Value::string(ctx.arena, integer.to_str_radix(radix as u32)))
}

/// One string, or the strings of an array or a set.
fn affixes<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<Vec<&'a [u8]>, Failure> {
    let value = any(operands, position);
    match value {
        Value::String(bytes) => Ok(vec![bytes]),
        _ if elements(&value).is_some() => operand::strings(ctx, &value, position),
        _ => Err(type_error(position, &value, &["string", "set", "array"])),
    }
}

/// Whether any of the strings begins with any of the prefixes. The strings that begin with one stand together once they are sorted.
fn any_match<'a>(ctx: &mut Context<'a>, mut texts: Vec<&'a [u8]>, prefixes: &[&'a [u8]]) -> Outcome<'a> {
    ctx.charge((texts.len() + prefixes.len()) * texts.len().max(2).ilog2() as usize)?;
    texts.sort_unstable();
    let found = prefixes.iter().any(|prefix| {
        let at = texts.partition_point(|text| text < prefix);
        texts.get(at).is_some_and(|text| text.starts_with(prefix))
    });
    Ok(Value::Bool(found))
}

pub(super) fn any_prefix_match<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let texts = affixes(ctx, operands, 1)?;
    let prefixes = affixes(ctx, operands, 2)?;
    any_match(ctx, texts, &prefixes)
}

pub(super) fn any_suffix_match<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let texts = affixes(ctx, operands, 1)?;
    let suffixes = affixes(ctx, operands, 2)?;
    let mut reversed = |strings: Vec<&'a [u8]>| -> Result<Vec<&'a [u8]>, Failure> {
        let mut out = Vec::with_capacity(strings.len());
        for bytes in strings {
            ctx.charge(bytes.len() / 32)?;
            ctx.reserve(bytes.len())?;
            out.push(&*ctx.arena.alloc_slice_fill_iter(bytes.iter().rev().copied()));
        }
        Ok(out)
    };
    let (texts, suffixes) = (reversed(texts)?, reversed(suffixes)?);
    any_match(ctx, texts, &suffixes)
}
