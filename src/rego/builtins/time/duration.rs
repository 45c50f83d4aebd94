//! Durations such as `1h30m`, and OPA's days, weeks and years of 365 days.

use super::super::super::value::quote;
use super::super::utf8;
use super::format::quote_plain;

/// Nanoseconds of a duration.
///
/// # Errors
/// OPA's text.
pub(super) fn parse(text: &[u8]) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    if text.is_empty() {
        return Err(invalid());
    }
    if !text.iter().any(|b| matches!(b, b'd' | b'w' | b'y')) {
        return standard(text);
    }
    let rewritten = rewrite(text).ok_or_else(invalid)?;
    standard(rewritten.as_bytes()).map_err(|problem| {
        let message = problem.rsplit_once(' ').map_or(problem.as_str(), |(message, _)| message);
        format!("{message} {}", quote(text))
    })
}

/// The same with hours for days, weeks and years; `None` for what is no duration.
fn rewrite(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (sign, mut rest) = text.split_at(usize::from(text.starts_with(['-', '+'])));
    if rest.is_empty() {
        return None;
    }
    let mut out = sign.to_owned();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, tail) = rest.split_at(digits);
        let long = ["ms", "us", "\u{b5}s", "ns"].into_iter().find(|unit| tail.starts_with(unit));
        let length = match long {
            Some(unit) => unit.len(),
            None => usize::from(tail.starts_with(|c: char| c.is_ascii_lowercase())),
        };
        let (unit, after) = tail.split_at(length);
        if number.is_empty() || unit.is_empty() {
            return None;
        }
        let hours = match unit {
            "d" => 24.0,
            "w" => 168.0,
            "y" => 8760.0,
            _ => 0.0,
        };
        if hours > 0.0 {
            let value: f64 = number.parse().ok()?;
            out.push_str(&format!("{}h", value * hours));
        } else {
            out.push_str(number);
            out.push_str(unit);
        }
        rest = after;
    }
    Some(out)
}

/// Go's `time.ParseDuration`.
pub(super) fn standard(original: &[u8]) -> Result<i64, String> {
    const LIMIT: u64 = 1 << 63;
    let problem = |what: &str| format!("time: {what} {}", quote_plain(original));
    let invalid = || problem("invalid duration");
    let negative = original.starts_with(b"-");
    let mut rest = original.strip_prefix(b"-").or_else(|| original.strip_prefix(b"+")).unwrap_or(original);
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let count = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (whole, tail) = rest.split_at(count(rest));
        let mut value = whole.iter().try_fold(0_u64, |n, b| {
            if n > LIMIT / 10 { None } else { Some(n * 10 + u64::from(b - b'0')).filter(|n| *n <= LIMIT) }
        });
        let (fraction, tail) = match tail.strip_prefix(b".") {
            Some(tail) => tail.split_at(count(tail)),
            None => (b"".as_slice(), tail),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let length = tail.iter().take_while(|b| **b != b'.' && !b.is_ascii_digit()).count();
        let (name, after) = tail.split_at(length);
        if value.is_none() {
            return Err(invalid());
        }
        if name.is_empty() {
            return Err(problem("missing unit in duration"));
        }
        let unit = match name {
            b"ns" => 1,
            b"us" => 1000,
            b"ms" => 1_000_000,
            b"s" => 1_000_000_000,
            b"m" => 60_000_000_000,
            b"h" => 3_600_000_000_000,
            _ if matches!(utf8::lossy(name).as_ref(), "\u{b5}s" | "\u{3bc}s") => 1000,
            _ => return Err(problem(&format!("unknown unit {} in duration", quote_plain(name)))),
        };
        value = value.filter(|value| *value <= LIMIT / unit).map(|value| value * unit);
        value = value.map(|value| value.wrapping_add(scaled(fraction, unit))).filter(|value| *value <= LIMIT);
        // The sum wraps in Go too.
        total = value.map(|value| total.wrapping_add(value)).filter(|total| *total <= LIMIT).ok_or_else(invalid)?;
        rest = after;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// A fraction of a unit, in floating point as in Go.
fn scaled(digits: &[u8], unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits {
        if value > ((1 << 63) - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    if value == 0 { 0 } else { (value as f64 * (unit as f64 / scale)) as u64 }
}
