//! Exact numbers, which bounds are compared with.

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::super::super::value::number::{Float, Integer, to_ratio};

/// A number as a fraction, whose denominator is positive.
#[derive(Debug, Clone)]
pub(super) struct Ratio {
    numerator: Integer,
    denominator: Integer,
}

impl Ratio {
    /// The number that a text is; none beyond the exponents that Go takes.
    pub(super) fn of(text: &str) -> Option<Self> {
        to_ratio(text).map(|(numerator, denominator)| Self { numerator, denominator })
    }

    pub(super) fn is_integer(&self) -> bool {
        &self.numerator % &self.denominator == BigInt::ZERO
    }

    pub(super) fn is_positive(&self) -> bool {
        self.numerator > BigInt::ZERO
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        (&self.numerator * &other.denominator).cmp(&(&other.numerator * &self.denominator))
    }

    pub(super) fn is_multiple(&self, of: &Self) -> bool {
        (&self.numerator * &of.denominator) % (&of.numerator * &self.denominator) == BigInt::ZERO
    }
}

/// A bound, and how messages show it.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) ratio: Ratio,
    pub(super) shown: String,
}

impl Bound {
    pub(super) fn of(text: &str) -> Option<Self> {
        let ratio = Ratio::of(text)?;
        let shown = shown(&ratio);
        Some(Self { ratio, shown })
    }
}

/// By Go's `%g` for a `big.Float`, whose precision is 64 bits: exact for whole numbers; for others up to 19 digits.
fn shown(ratio: &Ratio) -> String {
    if ratio.is_integer() {
        return general(&(&ratio.numerator / &ratio.denominator).to_string());
    }
    let (numerator, denominator) = (Float::from_integer(&ratio.numerator), Float::from_integer(&ratio.denominator));
    numerator.quo(&denominator, 64).text()
}

/// Seven digits and more are written with an exponent.
fn general(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let exponent = digits.len().saturating_sub(1);
    let Some((first, rest)) = digits.split_at_checked(1).filter(|_| exponent >= 6) else { return format!("{sign}{digits}") };
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e+{exponent:02}")
}
