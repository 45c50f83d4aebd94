//! Operands of the types that builtins want, and OPA's words for those that are not.

use super::super::value::number::{self, Integer};
use super::super::value::{Elements, Entries, Value};
use super::{Context, Failure};

/// More digits than this are beyond what any policy computes with; the work on them grows with their square.
const MAX_DIGITS: usize = 400_000;

/// The operand at `position`, counted from 1 as in errors.
#[inline]
pub(super) fn any<'a>(operands: &[Value<'a>], position: usize) -> Value<'a> {
    operands.get(position.wrapping_sub(1)).copied().unwrap_or(Value::Null)
}

/// An error of OPA's type errors about an operand.
#[cold]
pub(super) fn error(position: usize, problem: impl std::fmt::Display) -> Failure {
    Failure::Operand(format!("operand {position} {problem}"))
}

/// Any other error of a builtin.
#[cold]
pub(super) fn fail(problem: impl Into<String>) -> Failure {
    Failure::Builtin(problem.into())
}

/// The operand has none of the `expected` types.
#[cold]
pub(super) fn type_error(position: usize, got: &Value<'_>, expected: &[&str]) -> Failure {
    let got = got.type_name();
    match expected {
        [one] => error(position, format_args!("must be {one} but got {got}")),
        many => error(position, format_args!("must be one of {{{}}} but got {got}", many.join(", "))),
    }
}

/// An element of the operand is of the wrong type.
#[cold]
pub(super) fn element_error(position: usize, composite: &Value<'_>, got: &Value<'_>, expected: &str) -> Failure {
    let (composite, got) = (composite.type_name(), got.type_name());
    error(position, format_args!("must be {composite} of {expected}s but got {composite} containing {got}"))
}

/// A string.
#[inline]
pub(super) fn string<'a>(operands: &[Value<'a>], position: usize) -> Result<&'a [u8], Failure> {
    match any(operands, position) {
        Value::String(bytes) => Ok(bytes),
        other => Err(type_error(position, &other, &["string"])),
    }
}

/// A number.
#[inline]
pub(super) fn number<'a>(operands: &[Value<'a>], position: usize) -> Result<Value<'a>, Failure> {
    let value = any(operands, position);
    if value.is_number() { Ok(value) } else { Err(type_error(position, &value, &["number"])) }
}

/// An integer that fits an `i64`.
#[inline]
pub(super) fn int(operands: &[Value<'_>], position: usize) -> Result<i64, Failure> {
    let value = number(operands, position)?;
    number::to_i64(&value).ok_or_else(|| error(position, "must be integer number but got floating-point number"))
}

/// An integer of any size.
pub(super) fn integer<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<Integer, Failure> {
    let value = any(operands, position);
    if !value.is_number() {
        return Err(type_error(position, &value, &["integer"]));
    }
    whole(ctx, &value)?.ok_or_else(|| error(position, "must be integer number but got floating-point number"))
}

/// The integer that a number is, if it is one.
pub(super) fn whole(ctx: &mut Context<'_>, value: &Value<'_>) -> Result<Option<Integer>, Failure> {
    match value {
        Value::Int(int) => Ok(Some(Integer::from(*int))),
        Value::Number(text) => {
            charge_number(ctx, text)?;
            Ok(number::to_integer(text))
        }
        _ => Ok(None),
    }
}

/// Charges the work of reading a number of many digits, written out or by its exponent.
pub(super) fn charge_number(ctx: &mut Context<'_>, text: &str) -> Result<(), Failure> {
    let exponent = text.split_once(['e', 'E']).and_then(|(_, e)| e.parse::<i64>().ok()).unwrap_or(0);
    charge_digits(ctx, text.len().saturating_add(exponent.unsigned_abs() as usize))
}

/// Charges the work on a number of so many digits, which grows with their square.
pub(super) fn charge_digits(ctx: &mut Context<'_>, digits: usize) -> Result<(), Failure> {
    if digits <= 64 {
        return Ok(());
    }
    if digits > MAX_DIGITS {
        return Err(Failure::Exceeded(super::super::budget::Exceeded::Memory));
    }
    ctx.charge(digits * digits / 4096 + 1)?;
    ctx.reserve(digits)
}

/// A set.
#[inline]
pub(super) fn set<'a>(operands: &[Value<'a>], position: usize) -> Result<Elements<'a>, Failure> {
    let value = any(operands, position);
    value.as_set().ok_or_else(|| type_error(position, &value, &["set"]))
}

/// An array.
#[inline]
pub(super) fn array<'a>(operands: &[Value<'a>], position: usize) -> Result<Elements<'a>, Failure> {
    let value = any(operands, position);
    value.as_array().ok_or_else(|| type_error(position, &value, &["array"]))
}

/// An object.
#[inline]
pub(super) fn object<'a>(operands: &[Value<'a>], position: usize) -> Result<Entries<'a>, Failure> {
    let value = any(operands, position);
    value.as_object().ok_or_else(|| type_error(position, &value, &["object"]))
}

/// The elements of an array or a set.
#[inline]
pub(super) fn elements<'a>(value: &Value<'a>) -> Option<Elements<'a>> {
    value.as_array().or_else(|| value.as_set())
}

/// The strings of an array or a set.
pub(super) fn strings<'a>(ctx: &mut Context<'a>, value: &Value<'a>, position: usize) -> Result<Vec<&'a [u8]>, Failure> {
    let Some(elements) = elements(value) else { return Err(type_error(position, value, &["array", "set"])) };
    ctx.charge(elements.len())?;
    ctx.reserve(elements.len() * 16)?;
    let text = |v: Value<'a>| v.as_bytes().ok_or_else(|| element_error(position, value, &v, "string"));
    elements.iter().map(text).collect()
}
