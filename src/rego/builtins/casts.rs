//! Conversions between types; those that only check are of Rego v0.

use super::super::value::number;
use super::super::value::{SetBuilder, Value};
use super::operand::{any, fail, type_error};
use super::utf8::lossy;
use super::{Context, Outcome};

pub(super) fn to_number<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Int(0)),
        Value::Bool(true) => Ok(Value::Int(1)),
        Value::Int(_) | Value::Number(_) => Ok(value),
        Value::String(bytes) => {
            ctx.charge(bytes.len() / 8)?;
            parse(ctx, &value, bytes)
        }
        _ => Err(type_error(1, &value, &["null", "boolean", "number", "string"])),
    }
}

/// What Go's `ParseFloat` takes, with the text kept.
fn parse<'a>(ctx: &mut Context<'a>, value: &Value<'a>, bytes: &'a [u8]) -> Outcome<'a> {
    let text = lossy(bytes);
    let unsigned = text.trim_start_matches(['+', '-']).to_lowercase();
    if matches!(unsigned.as_str(), "inf" | "infinity" | "nan") {
        return Err(type_error(1, value, &["valid number string"]));
    }
    let problem = match scan(&text) {
        Scanned::Invalid => Some("invalid syntax"),
        Scanned::OutOfRange => Some("value out of range"),
        Scanned::Fits => None,
    };
    if let Some(problem) = problem {
        let quoted = super::super::value::quote(bytes);
        return Err(fail(format!("strconv.ParseFloat: parsing {quoted}: {problem}")));
    }
    number::check(&text).map_err(fail)?;
    Ok(Value::number(ctx.arena, &text))
}

pub(super) enum Scanned {
    Invalid,
    OutOfRange,
    Fits,
}

/// Whether `text` is a float for Go: decimal, or hexadecimal with a binary exponent; digits may be parted by underscores.
pub(super) fn scan(text: &str) -> Scanned {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hex = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let (digits, is_digit, marker): (_, fn(u8) -> bool, &[char]) = match hex {
        Some(digits) => (digits, |b| b.is_ascii_hexdigit(), &['p', 'P']),
        None => (unsigned, |b| b.is_ascii_digit(), &['e', 'E']),
    };
    let (mantissa, exponent) = match digits.split_once(marker) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (digits, None),
    };
    let points = mantissa.bytes().filter(|b| *b == b'.').count();
    let has_digits = mantissa.bytes().any(is_digit);
    let all_digits = mantissa.bytes().all(|b| is_digit(b) || b == b'.' || b == b'_');
    let exponent_fits = match exponent {
        Some(exponent) => {
            exponent.starts_with(|c: char| c.is_ascii_digit()) && exponent.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        }
        None => hex.is_none(),
    };
    if points > 1 || !has_digits || !all_digits || !exponent_fits || !underscores_fit(unsigned, hex.is_some()) {
        return Scanned::Invalid;
    }
    let plain = text.replace('_', "");
    let in_range = match hex {
        // Beyond these bounds no mantissa of reasonable length brings it back.
        Some(_) => number::Float::parse(&plain).is_some_and(|f| f.exponent() <= 1024),
        None => plain.parse::<f64>().is_ok_and(f64::is_finite),
    };
    if in_range { Scanned::Fits } else { Scanned::OutOfRange }
}

/// Underscores stand between digits, or after the base's prefix.
fn underscores_fit(unsigned: &str, hex: bool) -> bool {
    if !unsigned.contains('_') {
        return true;
    }
    // A prefix counts as a digit.
    let mut before = '^';
    let body = if hex { unsigned.get(2..).unwrap_or_default() } else { unsigned };
    if hex {
        before = '0';
    }
    for c in body.chars() {
        match c {
            '_' if before != '0' => return false,
            '_' => before = '_',
            c if c.is_ascii_digit() || (hex && c.is_ascii_hexdigit()) => before = '0',
            _ if before == '_' => return false,
            _ => before = '!',
        }
    }
    before != '_'
}

pub(super) fn cast_array<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let elements = value.as_array().or_else(|| value.as_set());
    Ok(elements.ok_or_else(|| type_error(1, &value, &["array", "set"]))?.array())
}

pub(super) fn cast_set<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let Some(elements) = value.as_array() else {
        return if value.as_set().is_some() { Ok(value) } else { Err(type_error(1, &value, &["array", "set"])) };
    };
    ctx.charge(elements.len() * 2)?;
    ctx.reserve(elements.len() * size_of::<Value<'a>>() * 2)?;
    let mut set = SetBuilder::with_capacity(elements.len());
    elements.iter().for_each(|v| set.insert(v));
    Ok(set.build(ctx.arena))
}

fn cast<'a>(operands: &[Value<'a>], name: &str) -> Outcome<'a> {
    let value = any(operands, 1);
    if value.type_name() == name { Ok(value) } else { Err(type_error(1, &value, &[name])) }
}

pub(super) fn cast_string<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    cast(operands, "string")
}

pub(super) fn cast_boolean<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    cast(operands, "boolean")
}

pub(super) fn cast_null<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    cast(operands, "null")
}

pub(super) fn cast_object<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    cast(operands, "object")
}
