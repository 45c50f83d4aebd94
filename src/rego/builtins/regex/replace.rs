//! `regex.replace`, with Go's templates: `$1`, `${name}`, `$$`.

use std::ops::Range;
use std::sync::Arc;

use super::super::super::value::Value;
use super::super::operand::string;
use super::super::{Context, Failure, Outcome, utf8};
use super::{Haystack, with};

/// A part of a template.
enum Piece<'t> {
    Text(&'t [u8]),
    Number(usize),
    Name(&'t [u8]),
}

fn is_name(rune: char) -> bool {
    rune.is_alphanumeric() || rune == '_'
}

/// The group that a template names after `$`, and the length of that; `None` where it names none.
fn reference(template: &[u8]) -> Option<(Piece<'_>, usize)> {
    let braced = template.starts_with(b"{");
    let start = usize::from(braced);
    let body = template.get(start..)?;
    let length = utf8::runes(body).take_while(|(_, rune, _)| is_name(*rune)).map(|(.., length)| length).sum();
    let name = body.get(..length).filter(|name| !name.is_empty())?;
    if braced && body.get(length) != Some(&b'}') {
        return None;
    }
    let all_digits = name.iter().all(u8::is_ascii_digit) && name.len() <= 9 && !(name.len() > 1 && name.starts_with(b"0"));
    let number = if all_digits { std::str::from_utf8(name).ok().and_then(|text| text.parse().ok()) } else { None };
    Some((number.map_or(Piece::Name(name), Piece::Number), length + start * 2))
}

fn pieces(template: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'$', rest) {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
        pieces.push(Piece::Text(before));
        if let Some(tail) = after.strip_prefix(b"$") {
            pieces.push(Piece::Text(b"$"));
            rest = tail;
            continue;
        }
        match reference(after) {
            Some((piece, length)) => {
                pieces.push(piece);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                pieces.push(Piece::Text(b"$"));
                rest = after;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// What a piece stands for in a match. Of groups of one name the first that matched is taken.
fn expand<'t>(piece: &Piece<'t>, text: &'t [u8], names: &[String], groups: &[Option<Range<usize>>]) -> &'t [u8] {
    let group = match piece {
        Piece::Text(text) => return text,
        Piece::Number(number) => groups.get(*number).and_then(Option::as_ref),
        Piece::Name(name) => {
            let named = names.iter().zip(groups).filter(|(found, _)| found.as_bytes() == *name);
            named.filter_map(|(_, group)| group.as_ref()).next()
        }
    };
    group.and_then(|range| text.get(range.clone())).unwrap_or_default()
}

pub(in super::super) fn replace<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, pattern, template) = (string(operands, 1)?, string(operands, 2)?, string(operands, 3)?);
    with(ctx, pattern, |ctx, program| {
        ctx.charge(template.len() / 4 + 1)?;
        let pieces = pieces(template);
        let names = Arc::clone(&program.names);
        let mut out: Vec<u8> = Vec::with_capacity(text.len());
        let mut last = 0;
        let replaced = program.each_match(ctx, &Haystack::new(text), usize::MAX, |ctx, groups| {
            let Some(Some(range)) = groups.first() else { return Ok(()) };
            push(ctx, &mut out, text.get(last..range.start).unwrap_or_default())?;
            for piece in &pieces {
                push(ctx, &mut out, expand(piece, text, &names, groups))?;
            }
            last = range.end;
            Ok(())
        });
        replaced?;
        push(ctx, &mut out, text.get(last..).unwrap_or_default())?;
        ctx.reserve(out.len())?;
        Ok(Value::string(ctx.arena, &out))
    })
}

fn push(ctx: &mut Context<'_>, out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Failure> {
    ctx.charge(bytes.len() / 32 + 1)?;
    if out.capacity() - out.len() < bytes.len() {
        ctx.reserve((out.len() + bytes.len()) * 2)?;
    }
    out.extend_from_slice(bytes);
    Ok(())
}
