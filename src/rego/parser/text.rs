//! The text of strings without its escapes, and which numbers are valid.

use std::borrow::Cow;

/// How far a number's binary exponent may go.
const MAX_EXPONENT: f64 = 1e5;

/// The string that `quoted` stands for (both quotes included), as Go's `json.Unmarshal` reads it; `None` where that refuses.
///
/// Text without an escape is taken as it is, even with raw control characters, which are refused next to an escape.
pub(super) fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    unescape(inner)
}

/// The same for text without its quotes.
pub(super) fn unescape(inner: &str) -> Option<Cow<'_, str>> {
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '"' | '\0'..='\u{1f}' => return None,
            '\\' => rest = escape(rest, &mut out)?,
            _ => out.push(c),
        }
    }
    Some(Cow::Owned(out))
}

/// Reads what follows a backslash and returns what follows that.
fn escape<'a>(rest: &'a str, out: &mut String) -> Option<&'a str> {
    let c = rest.chars().next()?;
    let tail = rest.get(c.len_utf8()..)?;
    out.push(match c {
        '"' | '\\' | '/' => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(tail, out),
        _ => return None,
    });
    Some(tail)
}

/// Reads `XXXX`, and `\uXXXX` too where both are a pair of surrogates. A lone one is U+FFFD.
fn unicode<'a>(rest: &'a str, out: &mut String) -> Option<&'a str> {
    let (high, tail) = hex(rest)?;
    if !(0xd800..0xe000).contains(&high) {
        out.push(char::from_u32(high)?);
        return Some(tail);
    }
    if high < 0xdc00
        && let Some((low, after)) = tail.strip_prefix("\\u").and_then(hex)
        && (0xdc00..0xe000).contains(&low)
    {
        out.push(char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?);
        return Some(after);
    }
    out.push('\u{fffd}');
    Some(tail)
}

fn hex(rest: &str) -> Option<(u32, &str)> {
    let digits = rest.get(..4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(digits, 16).ok()?, rest.get(4..)?))
}

/// A template string's part without the backslashes before `{`. Of other escapes it takes both characters along.
pub(super) fn unescape_braces(part: &str, raw: bool) -> String {
    let mut out = String::with_capacity(part.len());
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
        } else if chars.peek() == Some(&'{') {
            out.extend(chars.next());
        } else {
            out.push(c);
            if !raw {
                out.extend(chars.next());
            }
        }
    }
    out
}

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadNumber {
    Invalid,
    TooBig,
}

/// Checks a number that the lexer let pass, as Go's `big.Float` would: its form, and that its exponent is no larger than OPA allows.
pub(super) fn check_number(text: &str) -> Result<(), BadNumber> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().map_err(|_| BadNumber::Invalid)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    if !well_formed(whole) || !well_formed(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(BadNumber::Invalid);
    }
    let Some(bits) = log2(whole, fraction) else { return Ok(()) };
    let scale = i128::from(exponent) - i128::try_from(fraction.len()).unwrap_or(i128::MAX);
    check_exponent(bits, scale)
}

/// The binary logarithm of all digits read as one integer; `None` for zero.
fn log2(whole: &str, fraction: &str) -> Option<f64> {
    let digits = whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0');
    let (mut head, mut length, mut left) = (0.0_f64, 0_u32, 0_u32);
    for digit in digits {
        if length < 18 {
            head = head.mul_add(10.0, f64::from(digit - b'0'));
            length += 1;
        } else {
            left = left.saturating_add(1);
        }
    }
    (length > 0).then(|| f64::from(left).mul_add(std::f64::consts::LOG2_10, head.log2()))
}

/// `big.Float` keeps 2^`bits` · 10^`scale` apart as a power of two and one of five: each may overflow.
fn check_exponent(bits: f64, scale: i128) -> Result<(), BadNumber> {
    const LIMIT: f64 = 2_147_483_648.0;
    #[allow(clippy::cast_precision_loss, reason = "only its magnitude counts where it is not exact")]
    let scale = scale as f64;
    let twos = bits.floor() + 1.0 + scale;
    if !(-LIMIT..LIMIT).contains(&twos) {
        return Err(BadNumber::Invalid);
    }
    let exponent = scale.mul_add(std::f64::consts::LOG2_10, bits).floor() + 1.0;
    // Below the least exponent the number underflows to zero, which is valid.
    if exponent.abs() <= MAX_EXPONENT || exponent < -LIMIT { Ok(()) } else { Err(BadNumber::TooBig) }
}
