//! The order of numbers, as OPA's `NumberCompare`.

use std::cmp::Ordering;

use num_bigint::BigUint;

use super::super::Value;
use super::decimal::Decimal;
use super::scan::{Exact, Parts, plain};
use super::{Float, text_to_i64, with_text};

/// The order of two numbers.
#[must_use]
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => x.cmp(y),
        _ => with_text(a, |x| with_text(b, |y| compare_text(x, y))),
    }
}

fn compare_text(x: &str, y: &str) -> Ordering {
    if x == y {
        return Ordering::Equal;
    }
    if let (Some(x), Some(y)) = (text_to_i64(x), text_to_i64(y)) {
        return x.cmp(&y);
    }
    if let (Some(x), Some(y)) = (Decimal::parse(x), Decimal::parse(y)) {
        return x.compare(y);
    }
    if is_padded_fraction(x) && is_padded_fraction(y) && equal_doubles(x, y) {
        return Ordering::Equal;
    }
    let (x, y) = (plain(x), plain(y));
    match (Parts::of(&x), Parts::of(&y)) {
        (Some(x), Some(y)) if x.hex || y.hex => compare_exact(&x, &y),
        (Some(x), Some(y)) => compare_digits(&x, &y),
        (x, y) => x.is_some().cmp(&y.is_some()),
    }
}

/// OPA compares two fractions as doubles first where both end in zeros that mean nothing to it (which it takes from an exponent too).
fn is_padded_fraction(text: &str) -> bool {
    let trimmed = text.trim_end_matches(['.', '0']);
    trimmed.len() != text.len() && trimmed.contains('.')
}

fn equal_doubles(x: &str, y: &str) -> bool {
    let double = |text: &str| text.parse::<f64>().ok().filter(|f| f.is_finite());
    matches!((double(x), double(y)), (Some(x), Some(y)) if x == y)
}

fn sign(parts: &Parts<'_>) -> i8 {
    match (parts.is_zero(), parts.negative) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => 1,
    }
}

/// Digit by digit: no number is too long to compare in the time it takes to read it.
fn compare_digits(x: &Parts<'_>, y: &Parts<'_>) -> Ordering {
    let signs = sign(x).cmp(&sign(y));
    if signs.is_ne() || sign(x) == 0 {
        return signs;
    }
    let sizes = place(x).cmp(&place(y)).then_with(|| {
        let (mut xs, mut ys) = (significant(x), significant(y));
        loop {
            match (xs.next(), ys.next()) {
                (None, None) => return Ordering::Equal,
                (x, y) => match x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    order => return order,
                },
            }
        }
    });
    if x.negative { sizes.reverse() } else { sizes }
}

fn significant<'p>(parts: &'p Parts<'_>) -> impl Iterator<Item = u8> + 'p {
    parts.digits().skip_while(|b| *b == b'0')
}

/// The place of the leading digit.
fn place(parts: &Parts<'_>) -> i128 {
    let digits = significant(parts).count() as i128;
    digits - parts.fraction.len() as i128 + i128::from(parts.exponent)
}

/// By cross-multiplication, for hexadecimal numbers.
fn compare_exact(x: &Parts<'_>, y: &Parts<'_>) -> Ordering {
    let signs = sign(x).cmp(&sign(y));
    if signs.is_ne() || sign(x) == 0 {
        return signs;
    }
    let (x, y) = (x.exact(), y.exact());
    let sizes = match (scaled(&x, &y), scaled(&y, &x)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => Float::of(&x).exponent().cmp(&Float::of(&y).exponent()),
    };
    if x.negative { sizes.reverse() } else { sizes }
}

/// The mantissa of `x` at the smaller exponents of the two; `None` where that is out of all proportion.
fn scaled(x: &Exact, y: &Exact) -> Option<BigUint> {
    let twos = u32::try_from(x.exp2.saturating_sub(y.exp2).max(0)).ok().filter(|n| *n < 1 << 20)?;
    let fives = u32::try_from(x.exp5.saturating_sub(y.exp5).max(0)).ok().filter(|n| *n < 1 << 20)?;
    Some((&x.mantissa << twos) * BigUint::from(5_u8).pow(fives))
}

#[cfg(test)]
mod tests {
    use super::compare_text;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn numbers_are_compared_as_opa_does() {
        let cases = [
            ("1", "1.0", Equal),
            ("0", "-0", Equal),
            ("0.0", "0e99", Equal),
            ("1e3", "1000", Equal),
            ("1e-3", "0.001", Equal),
            ("9007199254740993", "9007199254740992.0", Greater),
            ("123456789012345678901234567890", "123456789012345678901234567891", Less),
            ("-123456789012345678901234567890", "-123456789012345678901234567891", Greater),
            ("123456789012345678901234567890.0", "123456789012345678901234567890", Equal),
            // Doubles first, since both end in a zero; exactly, where one does not.
            ("0.12345678901234567890", "0.12345678901234567900", Equal),
            ("0.1234567890123456789", "0.1234567890123456790", Less),
            ("1e400", "1e401", Less),
            ("-1e400", "1e-400", Less),
            ("0x1p4", "16", Equal),
            ("0x1p4", "16.5", Less),
            ("1_000", "1000", Equal),
            ("1e20000", "1e19999", Greater),
            ("0.00000000000000000001", "0.000000000000000000010", Equal),
        ];
        for (x, y, want) in cases {
            assert_eq!(compare_text(x, y), want, "{x} {y}");
            assert_eq!(compare_text(y, x), want.reverse(), "{y} {x}");
        }
    }
}
