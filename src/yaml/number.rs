//! Numbers as Go reads them (`strconv`) and writes them (`encoding/json`).

use super::resolve::Scalar;

/// The number that `text` is, if it begins with a sign or a digit.
pub(super) fn parse(text: &str) -> Option<Scalar> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-')) {
        return None;
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    integer(&digits).or_else(|| decimal(&digits).map(Scalar::Float)).or_else(|| signed_after_prefix(&digits))
}

/// As Go's `ParseInt` and `ParseUint` with base 0: the prefix says the base, and 0 alone is octal's.
fn integer(digits: &str) -> Option<Scalar> {
    let (negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (radix, places) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, unsigned.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, unsigned.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    let size = magnitude(places, radix)?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Scalar::Int);
    }
    match i64::try_from(size) {
        Ok(int) => Some(Scalar::Int(int)),
        // `ParseUint` takes no sign.
        Err(_) if digits.starts_with('+') => None,
        Err(_) => Some(Scalar::Uint(size)),
    }
}

/// Digits alone: Rust's own would take a sign.
fn magnitude(places: &str, radix: u32) -> Option<u64> {
    if places.starts_with(['+', '-']) { None } else { u64::from_str_radix(places, radix).ok() }
}

/// `0b-1` and `0o-7`: go-yaml hands what follows the prefix to `ParseInt`, which takes a sign.
fn signed_after_prefix(digits: &str) -> Option<Scalar> {
    for (prefix, radix) in [("0b", 2), ("0o", 8)] {
        let Some(places) = digits.strip_prefix(prefix) else { continue };
        return i64::from_str_radix(places, radix).ok().map(Scalar::Int);
    }
    None
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> Option<f64> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let after_whole = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let whole = rest.len() - after_whole.len();
    let after = match after_whole.strip_prefix('.') {
        Some(fraction) => {
            let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if whole == 0 && after.len() == fraction.len() {
                return None;
            }
            after
        }
        None if whole == 0 => return None,
        None => after_whole,
    };
    if let Some(exponent) = after.strip_prefix(['e', 'E']) {
        let places = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if places.is_empty() || !places.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    } else if !after.is_empty() {
        return None;
    }
    // What is too large is no number for Go.
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// The float that a text is that begins with a dot, where Go's `ParseFloat` alone decides: underscores may separate digits.
pub(super) fn dotted(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return decimal(text);
    }
    let mut before = b'^';
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => before = b'0',
            b'_' if before == b'0' => before = b'_',
            _ if byte == b'_' || before == b'_' => return None,
            _ => before = b'!',
        }
    }
    if before == b'_' { None } else { decimal(&text.replace('_', "")) }
}

/// As `encoding/json` writes a float.
///
/// # Errors
/// JSON has neither infinities nor NaN.
pub(crate) fn json(float: f64) -> Result<String, String> {
    if !float.is_finite() {
        let name = if float.is_nan() {
            "NaN"
        } else if float > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        return Err(format!("json: unsupported value: {name}"));
    }
    let size = float.abs();
    let text = shortest(&format!("{float:e}"), |places| format!("{float:.places$e}"), |text| text.parse() == Ok(float));
    if size != 0.0 && !(1e-6..1e21).contains(&size) { Ok(exponent(&text, 1)) } else { Ok(positional(&text)) }
}

/// As Rego has a float: Go's `FormatFloat(…, 'g', -1, 64)`.
pub(crate) fn general(float: f64) -> String {
    let text = shortest(&format!("{float:e}"), |places| format!("{float:.places$e}"), |text| text.parse() == Ok(float));
    if (-4..6).contains(&power(&text)) { positional(&text) } else { exponent(&text, 2) }
}

/// As a float is a key: Go's `FormatFloat(…, 'g', -1, 32)`, with go-yaml's words for what is no number.
pub(super) fn key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "as in Go")]
    let float = float as f32;
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() };
    }
    // Of powers of two, 2⁻¹² alone is as near to two texts, and there Go takes the greater.
    let even = float.to_bits() << 9 != 0;
    let text = shortest(&format!("{float:e}"), |places| format!("{float:.places$e}"), |text| even && text.parse() == Ok(float));
    if (-4..6).contains(&power(&text)) { positional(&text) } else { exponent(&text, 2) }
}

/// Of two shortest texts that are equally near, Go takes the even one and Rust the greater; rounding takes the even one, too.
fn shortest(text: &str, rounded: impl Fn(usize) -> String, same: impl Fn(&str) -> bool) -> String {
    let digits = text.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let even = rounded(digits.saturating_sub(1));
    if same(&even) { even } else { text.to_owned() }
}

fn power(text: &str) -> i32 {
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// `-1.25e1` without its exponent.
fn positional(text: &str) -> String {
    let (mantissa, _) = text.split_once('e').unwrap_or((text, ""));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    match usize::try_from(power(text)) {
        Ok(power) => match digits.split_at_checked(power + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{digits:0<width$}", width = power + 1),
        },
        Err(_) => format!("{sign}0.{}{digits}", "0".repeat(power(text).unsigned_abs().saturating_sub(1) as usize)),
    }
}

/// Rust's `1e5` with Go's sign of the exponent and at least so many digits of it.
fn exponent(text: &str, width: usize) -> String {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>width$}")
}
