//! A dial's position, exact to a hundredth of a percent.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A percentage from 0 to 100 in steps of 0.01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Percentage {
    hundredths: u16,
}

impl Percentage {
    /// Nobody.
    pub const ZERO: Self = Self { hundredths: 0 };
    /// Everybody.
    pub const FULL: Self = Self { hundredths: 10_000 };

    /// Reads a number.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is not a number from 0 to 100 in steps of 0.01.
    pub fn new(percentage: f64) -> Result<Self> {
        if !(0.0..=100.0).contains(&percentage) {
            return Err(Error::invalid("percentage", format_args!("{percentage} is not a number from 0 to 100")));
        }
        let hundredths = (percentage * 100.0).round();
        // 0.29 * 100 is 28.999999999999996 in binary: the nearest step counts, if it is the number that was written.
        if (percentage - hundredths / 100.0).abs() > 1e-9 {
            return Err(Error::invalid("percentage", format_args!("{percentage} is not a multiple of 0.01")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 10,000")]
        Ok(Self { hundredths: hundredths as u16 })
    }

    /// The number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// The number in hundredths, from 0 to 10,000: as many buckets take the local path.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.hundredths as u32
    }
}

/// Decimal text as people and the seed's programs write it: `25`, `12.5`, `25.0`, with space around it; nothing like `1e1` or `inf`.
impl FromStr for Percentage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number = text.parse().ok().filter(|_| is_decimal);
        number.ok_or_else(|| Error::invalid("percentage", "not a decimal number from 0 to 100")).and_then(Self::new)
    }
}

/// Plain decimal text: `25`, `12.5`, `0.01`; never `25.0`.
impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

/// The number as JSON: whole ones without a fraction.
impl From<Percentage> for serde_json::Value {
    fn from(percentage: Percentage) -> Self {
        if percentage.hundredths.is_multiple_of(100) { (percentage.hundredths / 100).into() } else { percentage.as_f64().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::Percentage;

    #[test]
    fn every_step_is_read_exactly_as_number_and_as_text() {
        for step in 0..=10_000_u32 {
            let text = format!("{}.{:02}", step / 100, step % 100);
            let as_number = text.parse().ok().and_then(|p| Percentage::new(p).ok());
            assert_eq!(as_number.map(Percentage::hundredths), Some(step), "{text}");
            let as_text = text.parse::<Percentage>().ok();
            assert_eq!(as_text, as_number);
            assert_eq!(as_text.map(|p| p.to_string()).and_then(|t| t.parse().ok()), as_text);
        }
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for bad in [-1.0, 100.01, f64::NAN, f64::INFINITY, 12.345, -0.001, 1e-7] {
            assert!(Percentage::new(bad).is_err(), "{bad}");
        }
        for bad in ["", " ", ".", "1e1", "inf", "NaN", "+5", "-5", "0x10", "25%", "1.2.3", "100.01", "25 5", "٢٥"] {
            assert!(bad.parse::<Percentage>().is_err(), "{bad}");
        }
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        for (number, text) in [(25.0, "25"), (0.0, "0"), (100.0, "100"), (12.5, "12.5"), (0.29, "0.29")] {
            let percentage = Percentage::new(number);
            assert_eq!(percentage.as_ref().map(ToString::to_string).ok().as_deref(), Some(text));
            assert_eq!(percentage.map(|p| serde_json::Value::from(p).to_string()).ok().as_deref(), Some(text));
        }
    }
}
