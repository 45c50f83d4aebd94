//! Numbers: read, compared and printed as OPA does with Go's `math/big`.
//!
//! A number is its text. Two texts may be equal numbers (`1` and `1.0`) and still print as they were written.

mod compare;
mod decimal;
mod float;
mod print;
mod scan;

use super::{Arena, Value};

pub use compare::compare;
pub use float::{Float, Form};
pub use scan::{to_integer, to_ratio};

/// The integers that any arithmetic makes, however large.
pub type Integer = num_bigint::BigInt;

/// The largest binary exponent of a number that OPA takes from outside.
const MAX_EXPONENT: i64 = 100_000;

/// The integer that `text` is, where `i64` prints it the same way.
#[must_use]
pub fn as_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let canonical = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', ..] => digits.len() <= 19,
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

/// The `i64` that a number is for OPA where it wants an integer (`Number.Int64`): `1.0` is 1, `1e0` is none.
#[inline]
#[must_use]
pub fn to_i64(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(int) => Some(*int),
        Value::Number(text) => text_to_i64(text),
        _ => None,
    }
}

/// As [`to_i64`], of a text: digits, at most 19 of them and of a fraction that is all zeros.
fn text_to_i64(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !fraction.bytes().all(|b| b == b'0') || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // 19 digits fit a `u64`; an empty whole part is 0, as in Go.
    let size = whole.bytes().fold(0_u64, |n, b| n * 10 + u64::from(b - b'0'));
    if text.starts_with('-') { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

/// Whether OPA takes a number of this text from outside (`NumberChecked`), or its reason not to.
///
/// # Errors
/// OPA's text for a number whose exponent is out of range.
pub fn check(text: &str) -> Result<(), &'static str> {
    let Some(at) = text.bytes().position(|b| b | 0x20 == b'e') else { return Ok(()) };
    let exponent = text.get(at + 1..).and_then(|e| e.parse::<i64>().ok());
    if exponent.is_some_and(|e| e.unsigned_abs().saturating_add(at as u64) <= (MAX_EXPONENT / 4) as u64) {
        return Ok(());
    }
    let Some(float) = Float::parse(text) else { return Err("invalid number: invalid float") };
    let in_range = float.form != Form::Infinite && float.exponent().abs() <= MAX_EXPONENT;
    if in_range { Ok(()) } else { Err("invalid number: number too big") }
}

/// The text of an integer, on the stack.
#[derive(Debug)]
pub struct IntText {
    bytes: [u8; 20],
    start: usize,
}

impl IntText {
    /// The text of `int`.
    #[must_use]
    pub fn new(int: i64) -> Self {
        let mut bytes = [0; 20];
        let mut start = bytes.len();
        let mut rest = int.unsigned_abs();
        for place in bytes.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
            start -= 1;
            if rest == 0 {
                break;
            }
        }
        if int < 0
            && let Some(place) = start.checked_sub(1).and_then(|before| bytes.get_mut(before))
        {
            *place = b'-';
            start -= 1;
        }
        Self { bytes, start }
    }

    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Calls `with` on the text of a number; on an empty one for any other value.
pub fn with_text<T>(value: &Value<'_>, with: impl FnOnce(&str) -> T) -> T {
    match value {
        Value::Int(int) => with(IntText::new(*int).as_str()),
        Value::Number(text) => with(text),
        _ => with(""),
    }
}

/// The number that `integer` is.
#[must_use]
pub fn from_integer<'a>(arena: &'a Arena, integer: &Integer) -> Value<'a> {
    match i64::try_from(integer) {
        Ok(int) => Value::Int(int),
        Err(_) => Value::Number(arena.alloc_str(&integer.to_string())),
    }
}

/// The number that `float` is, by the shortest text that gives it back (`FloatToNumber`).
#[must_use]
pub fn from_float<'a>(arena: &'a Arena, float: &Float) -> Value<'a> {
    Value::number(arena, &float.text())
}

#[cfg(test)]
mod tests {
    use super::{IntText, as_int, check, text_to_i64};

    #[test]
    fn only_canonical_texts_are_ints() {
        for int in [0, 1, -1, 10, i64::MAX, i64::MIN, -1_000_000] {
            let text = int.to_string();
            assert_eq!((as_int(&text), IntText::new(int).as_str()), (Some(int), text.as_str()));
        }
        for text in ["-0", "+1", "01", "1.0", "1e3", "", "-", "9223372036854775808", "-9223372036854775809", "00"] {
            assert_eq!(as_int(text), None, "{text}");
        }
    }

    #[test]
    fn integers_may_have_a_fraction_of_zeros() {
        for (text, int) in [("1.0", Some(1)), ("-2.00", Some(-2)), ("1e0", None), ("1.5", None), ("+7", Some(7)), (".0", Some(0))]
        {
            assert_eq!(text_to_i64(text), int, "{text}");
        }
        assert_eq!(text_to_i64("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(text_to_i64("9223372036854775808"), None);
        assert_eq!(text_to_i64("9999999999999999999"), None);
    }

    #[test]
    fn exponents_out_of_range_are_refused_with_opas_text() {
        for text in ["1e30000", "1e-30000", "0e99999999", "1.5", "123e25"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        assert_eq!(check("1e30103"), Err("invalid number: number too big"));
        assert_eq!(check("1e-30104"), Err("invalid number: number too big"));
        assert_eq!(check("1e9999999999"), Err("invalid number: invalid float"));
        assert_eq!(check("1e99999999999999999999"), Err("invalid number: invalid float"));
    }
}
