//! Binary floats of at most 64 bits, rounded to the nearest even: Go's `big.Float` as OPA's arithmetic uses it.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

use super::Integer;
use super::scan::{Exact, Parts, plain};

/// The powers of five up to here fit a `u64`.
const POWERS: u64 = 27;

/// What a float is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Zero of either sign.
    Zero,
    /// A number with a mantissa.
    Finite,
    /// Too large.
    Infinite,
}

/// `0.mantissa * 2^exponent`, the mantissa's highest bit set.
#[derive(Debug, Clone, Copy)]
pub struct Float {
    pub(super) negative: bool,
    pub(super) form: Form,
    pub(super) mantissa: u64,
    exponent: i64,
    /// The bits that a result keeps, and that the shortest text must tell apart.
    pub(super) precision: u32,
}

impl Float {
    const ZERO: Self = Self { negative: false, form: Form::Zero, mantissa: 0, exponent: 0, precision: 64 };

    /// Zero.
    #[must_use]
    pub const fn zero() -> Self {
        Self::ZERO
    }

    /// `value` of the 53 bits that a product of OPA keeps.
    #[must_use]
    pub const fn double(value: u64) -> Self {
        let mut float = Self::from_bits(false, value);
        float.precision = 53;
        float
    }

    /// An integer.
    #[must_use]
    pub const fn from_i64(int: i64) -> Self {
        Self::from_bits(int < 0, int.unsigned_abs())
    }

    const fn from_bits(negative: bool, size: u64) -> Self {
        if size == 0 {
            return Self::ZERO;
        }
        let zeros = size.leading_zeros();
        Self { negative, form: Form::Finite, mantissa: size << zeros, exponent: 64 - zeros as i64, precision: 64 }
    }

    /// The float nearest to the number `text` is, as `big.Float.SetString` finds it; `None` for what that refuses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = plain(text);
        let parts = Parts::of(&text)?;
        if parts.is_zero() {
            return Some(Self { negative: parts.negative, ..Self::ZERO });
        }
        let exact = parts.exact();
        let exponent = (exact.mantissa.bits() as i64).saturating_add(exact.exp2);
        (i64::from(i32::MIN)..=i64::from(i32::MAX)).contains(&exponent).then(|| Self::of(&exact))
    }

    /// The float nearest to an exact number, with the same two roundings as Go's: the power of five's, then the result's.
    pub(super) fn of(exact: &Exact) -> Self {
        let power = Wide::power_of_5(exact.exp5.unsigned_abs());
        if exact.exp5 >= 0 {
            let mantissa = if exact.exp5 == 0 { exact.mantissa.clone() } else { &exact.mantissa * power.mantissa };
            return Self::round(exact.negative, &mantissa, exact.exp2 + power.exponent, false, 64);
        }
        // Enough bits for a quotient of more than 64.
        let extra = (power.mantissa.bits() + 66).saturating_sub(exact.mantissa.bits());
        let dividend = &exact.mantissa << extra;
        let quotient = &dividend / &power.mantissa;
        let sticky = &quotient * &power.mantissa != dividend;
        Self::round(exact.negative, &quotient, exact.exp2 - power.exponent - extra as i64, sticky, 64)
    }

    /// An integer; of more than 64 bits it keeps the highest 64, which is all that OPA's integers of a float have.
    #[must_use]
    pub fn from_integer(integer: &Integer) -> Self {
        let mut float = Self::round(integer.sign() == Sign::Minus, integer.magnitude(), 0, false, 64);
        float.precision = (integer.magnitude().bits() as u32).max(64);
        float
    }

    /// `mantissa * 2^exponent` and a bit more if `sticky`, rounded to `precision` bits.
    fn round(negative: bool, mantissa: &BigUint, exponent: i64, sticky: bool, precision: u32) -> Self {
        let bits = mantissa.bits();
        let low = bits.saturating_sub(128);
        let sticky = sticky || (low > 0 && mantissa.trailing_zeros().is_some_and(|zeros| zeros < low));
        let high: BigUint = mantissa >> low;
        let high = high.iter_u64_digits().rev().fold(0_u128, |n, digit| (n << 64) | u128::from(digit));
        Self::round_wide(negative, high, exponent.saturating_add(low as i64), sticky, precision)
    }

    /// As [`Float::round`], of at most 128 bits.
    fn round_wide(negative: bool, mantissa: u128, exponent: i64, sticky: bool, precision: u32) -> Self {
        if mantissa == 0 {
            return Self { precision, ..Self::ZERO };
        }
        let zeros = mantissa.leading_zeros();
        let mantissa = mantissa << zeros;
        let mut exponent = exponent.saturating_add(128 - i64::from(zeros));
        let unit = 1_u128 << (128 - precision);
        let (half, rest) = (unit >> 1, mantissa & (unit - 1));
        let mut kept = mantissa - rest;
        let up = rest > half || (rest == half && (sticky || kept & unit != 0));
        if up {
            match kept.checked_add(unit) {
                Some(sum) => kept = sum,
                None => {
                    kept = 1 << 127;
                    exponent += 1;
                }
            }
        }
        let form = match exponent {
            _ if exponent > i64::from(i32::MAX) => Form::Infinite,
            _ if exponent < i64::from(i32::MIN) => Form::Zero,
            _ => Form::Finite,
        };
        Self { negative, form, mantissa: (kept >> 64) as u64, exponent, precision }
    }

    /// What it is.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The binary exponent of a mantissa below 1; 0 for a zero.
    #[must_use]
    pub const fn exponent(&self) -> i64 {
        match self.form {
            Form::Finite => self.exponent,
            _ => 0,
        }
    }

    /// Whether it is zero of either sign.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        matches!(self.form, Form::Zero)
    }

    /// Whether the sign is minus, which a zero may have too.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it is an integer.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        match self.form {
            Form::Zero => true,
            Form::Infinite => false,
            Form::Finite => self.exponent > 0 && 64 - self.mantissa.trailing_zeros() as i64 <= self.exponent,
        }
    }

    /// The integer towards zero.
    #[must_use]
    pub fn truncate(&self) -> Integer {
        if self.form != Form::Finite || self.exponent <= 0 {
            return Integer::ZERO;
        }
        let size = BigUint::from(self.mantissa);
        let size = if self.exponent >= 64 { size << (self.exponent - 64) } else { size >> (64 - self.exponent) };
        BigInt::from_biguint(if self.negative { Sign::Minus } else { Sign::Plus }, size)
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.text().parse().unwrap_or(f64::NAN)
    }

    /// The absolute value.
    #[must_use]
    pub const fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    const fn negated(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// The order of two.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let class = |f: &Self| match (f.form, f.negative) {
            (Form::Zero, _) => 0,
            (Form::Finite, false) => 1,
            (Form::Finite, true) => -1,
            (Form::Infinite, false) => 2,
            (Form::Infinite, true) => -2,
        };
        let classes = class(self).cmp(&class(other));
        if classes.is_ne() || self.form != Form::Finite {
            return classes;
        }
        let sizes = (self.exponent, self.mantissa).cmp(&(other.exponent, other.mantissa));
        if self.negative { sizes.reverse() } else { sizes }
    }

    /// The sum, of `precision` bits.
    #[must_use]
    pub fn add(&self, other: &Self, precision: u32) -> Self {
        match (self.form, other.form) {
            (Form::Zero, Form::Zero) => Self { negative: self.negative && other.negative, precision, ..Self::ZERO },
            (Form::Infinite, _) | (_, Form::Zero) => Self { precision, ..*self },
            (_, Form::Infinite) | (Form::Zero, _) => Self { precision, ..*other },
            (Form::Finite, Form::Finite) => self.add_finite(other, precision),
        }
    }

    fn add_finite(&self, other: &Self, precision: u32) -> Self {
        let other_is_larger = (other.exponent, other.mantissa) > (self.exponent, self.mantissa);
        let (large, small) = if other_is_larger { (other, self) } else { (self, other) };
        // 63 bits below the larger mantissa, and one above for the carry.
        let (high, low) = (u128::from(large.mantissa) << 63, u128::from(small.mantissa) << 63);
        let shift = u32::try_from(large.exponent - small.exponent).unwrap_or(u32::MAX);
        let shifted = low.checked_shr(shift).unwrap_or(0);
        let sticky = shift >= 128 || shifted << shift != low;
        let (sum, sticky) = match large.negative == small.negative {
            true => (high + shifted, sticky),
            // What was shifted out is taken from the last bit: a part of it stays.
            false => (high - shifted - u128::from(sticky), sticky),
        };
        if sum == 0 {
            return Self { precision, ..Self::ZERO };
        }
        Self::round_wide(large.negative, sum, large.exponent - 127, sticky, precision)
    }

    /// The difference, of `precision` bits.
    #[must_use]
    pub fn sub(&self, other: &Self, precision: u32) -> Self {
        self.add(&other.negated(), precision)
    }

    /// The product, of `precision` bits.
    #[must_use]
    pub fn mul(&self, other: &Self, precision: u32) -> Self {
        let negative = self.negative != other.negative;
        match (self.form, other.form) {
            (Form::Finite, Form::Finite) => {
                let product = u128::from(self.mantissa) * u128::from(other.mantissa);
                Self::round_wide(negative, product, self.exponent + other.exponent - 128, false, precision)
            }
            (Form::Infinite, _) | (_, Form::Infinite) => Self { negative, form: Form::Infinite, precision, ..Self::ZERO },
            _ => Self { negative, precision, ..Self::ZERO },
        }
    }

    /// The quotient, of `precision` bits. The divisor must not be zero.
    #[must_use]
    pub fn quo(&self, other: &Self, precision: u32) -> Self {
        let negative = self.negative != other.negative;
        match (self.form, other.form) {
            (Form::Finite, Form::Finite) => {
                let divisor = u128::from(other.mantissa);
                let dividend = u128::from(self.mantissa) << 64;
                let (high, rest) = (dividend / divisor, dividend % divisor);
                let (low, rest) = ((rest << 62) / divisor, (rest << 62) % divisor);
                let quotient = (high << 62) | low;
                Self::round_wide(negative, quotient, self.exponent - other.exponent - 126, rest != 0, precision)
            }
            (Form::Zero, _) | (_, Form::Infinite) => Self { negative, precision, ..Self::ZERO },
            _ => Self { negative, form: Form::Infinite, precision, ..Self::ZERO },
        }
    }
}

/// A positive float of more bits, for powers of five.
struct Wide {
    mantissa: BigUint,
    exponent: i64,
}

impl Wide {
    /// `5^n` as `big.Float` computes it for 128 bits, with 192 for the squares.
    fn power_of_5(n: u64) -> Self {
        let mut power = Self { mantissa: BigUint::from(5_u64.pow(n.min(POWERS) as u32)), exponent: 0 };
        let mut square = Self { mantissa: BigUint::from(5_u8), exponent: 0 };
        let mut rest = n.saturating_sub(POWERS);
        while rest > 0 {
            if rest & 1 != 0 {
                power = power.times(&square, 128);
            }
            square = square.times(&square, 192);
            rest >>= 1;
        }
        power
    }

    fn times(&self, other: &Self, precision: u64) -> Self {
        let product = &self.mantissa * &other.mantissa;
        let exponent = self.exponent + other.exponent;
        let surplus = product.bits().saturating_sub(precision);
        if surplus == 0 {
            return Self { mantissa: product, exponent };
        }
        let half_set = product.bit(surplus - 1);
        let below = product.trailing_zeros().is_some_and(|zeros| zeros < surplus - 1);
        let up = half_set && (below || product.bit(surplus));
        let mantissa = (product >> surplus) + u8::from(up);
        Self { mantissa, exponent: exponent + surplus as i64 }
    }
}
