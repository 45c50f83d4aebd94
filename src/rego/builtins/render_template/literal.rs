//! Constants: strings, characters and numbers as Go's `strconv` reads them.

use super::super::super::value::{is_printable, quote};
use super::super::utf8;

const SYNTAX: &str = "invalid syntax";

/// A number with all that it may be: Go's constants have no type of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    /// Whether it is an integer without a sign, though too large for one with it.
    pub(super) unsigned: bool,
    pub(super) float: Option<f64>,
    /// With an imaginary part, zero or not.
    pub(super) complex: Option<(f64, f64)>,
}

/// The string that a token in quotes stands for.
///
/// # Errors
/// Go's words.
pub(super) fn string(quoted: &[u8]) -> Result<Box<[u8]>, String> {
    match quoted {
        [b'`', inner @ .., b'`'] => Ok(inner.iter().copied().filter(|byte| *byte != b'\r').collect()),
        [b'"', inner @ .., b'"'] => {
            let mut out = Vec::with_capacity(inner.len());
            let mut rest = inner;
            while !rest.is_empty() {
                rest = unescape(rest, b'"', &mut out)?;
            }
            Ok(out.into())
        }
        _ => Err(SYNTAX.to_owned()),
    }
}

/// Reads one character, which may be escaped, and returns what follows.
fn unescape<'t>(text: &'t [u8], mark: u8, out: &mut Vec<u8>) -> Result<&'t [u8], String> {
    let refused = || SYNTAX.to_owned();
    match text {
        [b'\\', kind, rest @ ..] => match simple(*kind, mark) {
            Some(byte) => {
                out.push(byte);
                Ok(rest)
            }
            None => numeric(*kind, rest, out).ok_or_else(refused),
        },
        [byte, ..] if *byte == mark || *byte == b'\\' => Err(refused()),
        [] => Err(refused()),
        _ => {
            let (_, length) = utf8::decode(text);
            out.extend_from_slice(text.get(..length).unwrap_or_default());
            Ok(text.get(length..).unwrap_or_default())
        }
    }
}

fn simple(kind: u8, mark: u8) -> Option<u8> {
    Some(match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if kind == mark => kind,
        _ => return None,
    })
}

/// `\x41`, `\101`, `\u0041`, `\U00000041`.
fn numeric<'t>(kind: u8, rest: &'t [u8], out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let code =
        |digits: &[u8], radix| u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|d| !d.starts_with('+'))?, radix).ok();
    match kind {
        b'x' => {
            let (digits, rest) = rest.split_at_checked(2)?;
            out.push(u8::try_from(code(digits, 16)?).ok()?);
            Some(rest)
        }
        b'u' | b'U' => {
            let (digits, rest) = rest.split_at_checked(if kind == b'u' { 4 } else { 8 })?;
            utf8::push(out, char::from_u32(code(digits, 16)?)?);
            Some(rest)
        }
        b'0'..=b'7' => {
            let (digits, rest) = rest.split_at_checked(2)?;
            out.push(u8::try_from(u32::from(kind - b'0') * 64 + code(digits, 8)?).ok()?);
            Some(rest)
        }
        _ => None,
    }
}

/// A character in single quotes.
///
/// # Errors
/// Go's words.
pub(super) fn character(quoted: &[u8]) -> Result<Number, String> {
    let mut out = Vec::new();
    let tail = unescape(quoted.get(1..).unwrap_or_default(), b'\'', &mut out)?;
    if tail != b"'" {
        return Err(format!("malformed character constant: {}", utf8::lossy(quoted)));
    }
    // An escape of one byte stands for the code point of that number.
    let point = match out.as_slice() {
        [byte] if quoted.get(1) == Some(&b'\\') => u32::from(*byte),
        bytes => u32::from(utf8::decode(bytes).0),
    };
    Ok(Number { int: Some(i64::from(point)), unsigned: true, float: Some(f64::from(point)), complex: None })
}

/// A number, by the token's text.
///
/// # Errors
/// Go's words.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as in Go")]
pub(super) fn number(text: &str) -> Result<Number, String> {
    if let Some(imaginary) = text.strip_suffix('i').and_then(float) {
        return Ok(simplified((0.0, imaginary)));
    }
    let (int, unsigned) = (signed(text), unsigned(text));
    if int.is_some() || unsigned.is_some() {
        let value = int.map_or_else(|| unsigned.unwrap_or_default() as f64, |int| int as f64);
        return Ok(Number { int, unsigned: unsigned.is_some() || int == Some(0), float: Some(value), complex: None });
    }
    let Some(value) = float(text) else { return Err(format!("illegal number syntax: {}", quote(text.as_bytes()))) };
    if !text.contains(['.', 'e', 'E', 'p', 'P']) {
        return Err(format!("integer overflow: {}", quote(text.as_bytes())));
    }
    let int = (value.fract() == 0.0 && value >= -(2f64.powi(63)) && value < 2f64.powi(63)).then_some(value as i64);
    Ok(Number { int, unsigned: value.fract() == 0.0 && value >= 0.0, float: Some(value), complex: None })
}

/// `1+2i`.
///
/// # Errors
/// Go's words.
pub(super) fn complex(text: &str) -> Result<Number, String> {
    let sign = text.rfind(['+', '-']).filter(|at| *at > 0);
    let split = sign.map(|at| match text.get(..at).unwrap_or_default() {
        // The sign of the second exponent.
        before if before.ends_with(['e', 'E', 'p', 'P']) => before.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(at),
        _ => at,
    });
    let parts = split.and_then(|at| Some((float(text.get(..at)?)?, float(text.get(at..)?.strip_suffix('i')?)?)));
    parts.map(simplified).ok_or_else(|| "syntax error scanning complex number".to_owned())
}

#[expect(clippy::cast_possible_truncation, reason = "as in Go")]
fn simplified((real, imaginary): (f64, f64)) -> Number {
    let float = (imaginary == 0.0).then_some(real);
    let int = float.filter(|real| real.fract() == 0.0 && real.abs() < 2f64.powi(63)).map(|real| real as i64);
    Number { int, unsigned: int.is_some_and(|int| int >= 0), float, complex: Some((real, imaginary)) }
}

fn signed(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = i128::from(unsigned(digits)?);
    i64::try_from(if negative { -size } else { size }).ok()
}

/// With Go's prefixes and underscores; a leading zero alone is octal.
fn unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?, true),
        [b'0', b'b', ..] => (2, lower.get(2..)?, true),
        [b'0', b'o', ..] => (8, lower.get(2..)?, true),
        [b'0', _, ..] => (8, lower.get(1..)?, true),
        _ => (10, lower.as_str(), false),
    };
    let bare = if prefixed { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    if bare.is_empty() || bare.starts_with(['_', '+', '-']) || bare.ends_with('_') || bare.contains("__") {
        return None;
    }
    u64::from_str_radix(&bare.replace('_', ""), radix).ok()
}

fn float(text: &str) -> Option<f64> {
    if text.contains(['x', 'X']) {
        return super::super::super::value::number::Float::parse(text)
            .map(|float| float.to_f64())
            .filter(|float| float.is_finite());
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let separates = |window: &[u8]| window.get(1) != Some(&b'_') || is_digit(window.first()) && is_digit(window.get(2));
    if text.starts_with('_')
        || !text.as_bytes().windows(3).all(separates)
        || !text.ends_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|float: &f64| float.is_finite())
}

/// Go's `%#U`.
pub(super) fn code_point(c: char) -> String {
    let code = u32::from(c);
    if is_printable(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}
