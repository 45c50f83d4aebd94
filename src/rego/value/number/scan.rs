//! The parts of a number's text: sign, digits, exponent; decimal as a rule, hexadecimal where `to_number` let it in.

use num_bigint::{BigInt, BigUint, Sign};

/// Go's `big.Rat` reads no number with a larger power of five.
const MAX_POWER_OF_5: i64 = 1_000_000;
/// Nor one with a larger power of two.
const MAX_POWER_OF_2: i64 = 10_000_000;

/// A text taken apart. Its value is `digits * radix^-fraction * base^exponent`.
#[derive(Debug, Clone)]
pub(super) struct Parts<'t> {
    pub(super) negative: bool,
    /// The digits before the point, without leading zeros.
    pub(super) whole: &'t [u8],
    /// The digits after the point.
    pub(super) fraction: &'t [u8],
    pub(super) exponent: i64,
    /// Digits and exponent are of base 16 and 2, not 10 and 10.
    pub(super) hex: bool,
}

/// An exact number: `mantissa * 2^exp2 * 5^exp5`.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) negative: bool,
    pub(super) mantissa: BigUint,
    pub(super) exp2: i64,
    pub(super) exp5: i64,
}

impl<'t> Parts<'t> {
    /// Takes `text` apart; `None` where it is no number, or its exponent does not fit an `i64`. Underscores must be gone.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let negative = text.starts_with('-');
        let (digits, hex) = match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            Some(digits) => (digits, true),
            None => (unsigned, false),
        };
        let marker: &[char] = if hex { &['p', 'P'] } else { &['e', 'E'] };
        let (mantissa, exponent) = match digits.split_once(marker) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digit = |b: u8| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(is_digit) {
            return None;
        }
        let whole = whole.trim_start_matches('0').as_bytes();
        Some(Self { negative, whole, fraction: fraction.as_bytes(), exponent, hex })
    }

    /// All digits, of the whole and of the fraction.
    pub(super) fn digits(&self) -> impl DoubleEndedIterator<Item = u8> + '_ {
        self.whole.iter().chain(self.fraction).copied()
    }

    /// Whether there is no digit but zeros.
    pub(super) fn is_zero(&self) -> bool {
        self.digits().all(|b| b == b'0')
    }

    /// The exact value.
    pub(super) fn exact(&self) -> Exact {
        let places = self.fraction.len() as i64;
        let (exp2, exp5) = match self.hex {
            true => (self.exponent.saturating_sub(places * 4), 0),
            false => (self.exponent.saturating_sub(places), self.exponent.saturating_sub(places)),
        };
        Exact { negative: self.negative, mantissa: self.mantissa(), exp2, exp5 }
    }

    fn mantissa(&self) -> BigUint {
        if self.whole.len() + self.fraction.len() <= 19 && !self.hex {
            return BigUint::from(self.digits().fold(0_u64, |n, b| n * 10 + u64::from(b - b'0')));
        }
        let digits: Vec<u8> = self.digits().collect();
        BigUint::parse_bytes(&digits, if self.hex { 16 } else { 10 }).unwrap_or_default()
    }
}

/// `text` without underscores, which `to_number` lets in between digits.
pub(super) fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('_') { text.replace('_', "").into() } else { text.into() }
}

/// The integer that `text` is, exactly (`NumberToInt`): `1e30` and `1.50e1` are integers; `None` for any other number.
#[must_use]
pub fn to_integer(text: &str) -> Option<BigInt> {
    let text = plain(text);
    let parts = Parts::of(&text)?;
    if parts.is_zero() {
        return Some(BigInt::ZERO);
    }
    let places = parts.fraction.len() as i64;
    if !parts.hex && parts.exponent.saturating_sub(places) < 0 {
        let surplus = places.saturating_sub(parts.exponent);
        let zeros = parts.digits().rev().take_while(|b| *b == b'0').count() as i64;
        if zeros < surplus {
            return None;
        }
    }
    to_whole(&parts.exact())
}

/// Numerator and positive denominator of the number that `text` is, not reduced; `None` for what is no number or is out of range.
#[must_use]
pub fn to_ratio(text: &str) -> Option<(BigInt, BigInt)> {
    let text = plain(text);
    let exact = Parts::of(&text)?.exact();
    if exact.mantissa == BigUint::ZERO {
        return Some((BigInt::ZERO, BigInt::from(1_u8)));
    }
    if exact.exp5.abs() > MAX_POWER_OF_5 || exact.exp2.abs() > MAX_POWER_OF_2 {
        return None;
    }
    let (mut numerator, mut denominator) = (exact.mantissa, BigUint::from(1_u8));
    let fives = BigUint::from(5_u8).pow(exact.exp5.unsigned_abs() as u32);
    if exact.exp5 >= 0 {
        numerator *= fives;
    } else {
        denominator *= fives;
    }
    if exact.exp2 >= 0 {
        numerator <<= exact.exp2;
    } else {
        denominator <<= -exact.exp2;
    }
    let sign = if exact.negative { Sign::Minus } else { Sign::Plus };
    Some((BigInt::from_biguint(sign, numerator), BigInt::from(denominator)))
}

/// The value of an exact number that is whole.
pub(super) fn to_whole(exact: &Exact) -> Option<BigInt> {
    if exact.exp5.abs() > MAX_POWER_OF_5 || exact.exp2.abs() > MAX_POWER_OF_2 {
        return None;
    }
    let mut size = exact.mantissa.clone();
    let power = BigUint::from(5_u8).pow(exact.exp5.unsigned_abs() as u32);
    if exact.exp5 > 0 {
        size *= power;
    } else if exact.exp5 < 0 {
        size /= power;
    }
    let bits = exact.exp2.unsigned_abs();
    if exact.exp2 >= 0 {
        size <<= bits;
    } else if size.trailing_zeros().is_none_or(|zeros| zeros >= bits) {
        size >>= bits;
    } else {
        return None;
    }
    let sign = if exact.negative { Sign::Minus } else { Sign::Plus };
    Some(BigInt::from_biguint(sign, size))
}

#[cfg(test)]
mod tests {
    use super::to_integer;

    #[test]
    fn integers_are_read_exactly_whatever_their_form() {
        let cases = [
            ("1", Some("1")),
            ("-0", Some("0")),
            ("1e30", Some("1000000000000000000000000000000")),
            ("1.50e1", Some("15")),
            ("150e-1", Some("15")),
            ("15e-1", None),
            ("1.5", None),
            ("123456789012345678901234567890.0", Some("123456789012345678901234567890")),
            ("0x1p4", Some("16")),
            ("0x1.8p0", None),
            ("1_000", Some("1000")),
            ("0.0e-5", Some("0")),
            ("1e1000001", None),
        ];
        for (text, want) in cases {
            assert_eq!(to_integer(text).map(|i| i.to_string()).as_deref(), want, "{text}");
        }
    }
}
