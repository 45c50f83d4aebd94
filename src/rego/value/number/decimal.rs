//! Numbers of at most 15 significant digits, exactly and without allocation: the numbers that policies have.

use std::cmp::Ordering;

/// Two different decimals of so many digits are different `f64`s too.
const MAX_DIGITS: u32 = 15;
/// Beyond this place of the leading digit, `big.Float` may overflow.
const MAX_PLACE: i64 = 300;

/// `(-1)^negative * mantissa * 10^exponent`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    negative: bool,
    mantissa: u64,
    exponent: i64,
}

impl Decimal {
    const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };

    /// The decimal that `text` is, where it is short enough.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut decimal = Self { negative: text.starts_with('-'), ..Self::ZERO };
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mut digits, mut any, mut after_point) = (0, false, false);
        let mut rest = unsigned.as_bytes().iter();
        let mut marker = None;
        for byte in rest.by_ref().copied() {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    if decimal.mantissa != 0 || byte != b'0' {
                        digits += 1;
                        if digits > MAX_DIGITS {
                            return None;
                        }
                        decimal.mantissa = decimal.mantissa * 10 + u64::from(byte - b'0');
                    }
                    decimal.exponent -= i64::from(after_point);
                }
                b'.' if !after_point => after_point = true,
                _ => {
                    marker = Some(byte);
                    break;
                }
            }
        }
        if !any {
            return None;
        }
        match marker {
            None => {}
            Some(b'e' | b'E') => decimal.exponent += exponent(rest.as_slice())?,
            Some(_) => return None,
        }
        if decimal.mantissa == 0 {
            return Some(Self::ZERO);
        }
        (decimal.place().abs() <= MAX_PLACE).then_some(decimal)
    }

    /// Where the leading digit stands.
    const fn place(self) -> i64 {
        self.mantissa.ilog10() as i64 + 1 + self.exponent
    }

    const fn sign(self) -> i8 {
        match (self.mantissa, self.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    /// The order of two.
    pub(super) fn compare(self, other: Self) -> Ordering {
        let signs = self.sign().cmp(&other.sign());
        if signs.is_ne() || self.mantissa == 0 {
            return signs;
        }
        let sizes = self.place().cmp(&other.place()).then_with(|| self.aligned(other).cmp(&other.aligned(self)));
        if self.negative { sizes.reverse() } else { sizes }
    }

    /// The mantissa at the smaller exponent of the two; both have their leading digit at the same place.
    const fn aligned(self, other: Self) -> u64 {
        let shift = self.exponent.saturating_sub(other.exponent);
        if shift > 0 { self.mantissa.saturating_mul(10_u64.saturating_pow(shift as u32)) } else { self.mantissa }
    }
}

/// At most nine digits with their sign.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
    Some(if negative { -size } else { size })
}
