//! Semantic versions.

use std::cmp::Ordering;

use super::super::value::Value;
use super::operand::{any, fail, string};
use super::{Context, Failure, Outcome};

struct Version<'t> {
    numbers: [i64; 3],
    pre_release: &'t [u8],
}

/// The part before the first `mark`, and what follows if there is one.
fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(mark, text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Identifiers of letters, digits and hyphens, parted by points.
fn is_identifiers(text: &[u8]) -> bool {
    text.split(|b| *b == b'.').all(|part| !part.is_empty() && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'))
}

fn is_decimal(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn has_leading_zero(text: &[u8]) -> bool {
    text.len() > 1 && text.starts_with(b"0")
}

fn parse(text: &[u8]) -> Option<Version<'_>> {
    let text = text.strip_prefix(b"v").unwrap_or(text);
    let (text, metadata) = cut(text, b'+');
    if !metadata.is_none_or(is_identifiers) {
        return None;
    }
    let (text, pre_release) = cut(text, b'-');
    if let Some(pre_release) = pre_release {
        let no_zeros = pre_release.split(|b| *b == b'.').all(|part| !(has_leading_zero(part) && is_decimal(part)));
        if !is_identifiers(pre_release) || !no_zeros {
            return None;
        }
    }
    let mut parts = text.split(|b| *b == b'.');
    let mut next = || {
        let part = parts.next()?;
        if !is_decimal(part) || has_leading_zero(part) {
            return None;
        }
        std::str::from_utf8(part).ok()?.parse().ok()
    };
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(Version { numbers, pre_release: pre_release.unwrap_or_default() })
}

/// Numbers are less than words; where one has more identifiers, it is greater.
fn compare_pre_releases(a: &[u8], b: &[u8]) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut xs, mut ys) = (a.split(|b| *b == b'.'), b.split(|b| *b == b'.'));
    loop {
        let order = match (xs.next(), ys.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (is_decimal(x), is_decimal(y)) {
                (true, true) => number(x).cmp(&number(y)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// One that is too large is the largest, as in Go.
fn number(digits: &[u8]) -> i64 {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(i64::MAX)
}

fn version<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<Version<'a>, Failure> {
    let text = string(operands, position)?;
    ctx.charge(text.len() / 8)?;
    // A string prints quoted there.
    parse(text)
        .ok_or_else(|| fail(format!("operand {position}: string {} is not a valid SemVer", super::super::value::quote(text))))
}

pub(super) fn compare<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    string(operands, 1)?;
    string(operands, 2)?;
    let a = version(ctx, operands, 1)?;
    let b = version(ctx, operands, 2)?;
    let order = a.numbers.cmp(&b.numbers).then_with(|| compare_pre_releases(a.pre_release, b.pre_release));
    Ok(Value::Int(order as i64))
}

pub(super) fn is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = any(operands, 1).as_bytes();
    ctx.charge(text.map_or(0, <[u8]>::len) / 8)?;
    Ok(Value::Bool(text.is_some_and(|text| parse(text).is_some())))
}
