//! Arithmetic: on `i64` where nothing overflows, on integers of any size, on floats of 64 bits.

use super::super::value::number::{self, Float, Integer};
use super::super::value::{Elements, Value};
use super::operand::{any, charge_digits, charge_number, fail, number, type_error, whole};
use super::{Context, Failure, Outcome, sets};

/// The range in which OPA's small integers are, whose product fits an `i64`.
const SMALL: std::ops::RangeInclusive<i64> = -0x8000_0000..=0x7fff_ffff;

/// The float nearest to a number.
pub(super) fn float(ctx: &mut Context<'_>, value: &Value<'_>) -> Result<Float, Failure> {
    match value {
        Value::Int(int) => Ok(Float::from_i64(*int)),
        Value::Number(text) => {
            charge_number(ctx, text)?;
            Float::parse(text).ok_or_else(|| fail("illegal value"))
        }
        _ => Ok(Float::zero()),
    }
}

/// The number that a float is. Its text may be long.
pub(super) fn from_float<'a>(ctx: &mut Context<'a>, float: &Float) -> Outcome<'a> {
    // A decimal digit takes more than three bits.
    charge_digits(ctx, (float.exponent().unsigned_abs() / 3) as usize)?;
    Ok(number::from_float(ctx.arena, float))
}

/// The number that an integer is.
pub(super) fn from_integer<'a>(ctx: &mut Context<'a>, integer: &Integer) -> Outcome<'a> {
    charge_digits(ctx, (integer.bits() / 3) as usize)?;
    Ok(number::from_integer(ctx.arena, integer))
}

/// Two integers of any size, where both operands are integers.
fn integers(ctx: &mut Context<'_>, a: &Value<'_>, b: &Value<'_>) -> Result<Option<(Integer, Integer)>, Failure> {
    let Some(a) = whole(ctx, a)? else { return Ok(None) };
    Ok(whole(ctx, b)?.map(|b| (a, b)))
}

/// An operation that is exact on integers.
fn exact<'a>(
    ctx: &mut Context<'a>,
    (a, b): (Value<'a>, Value<'a>),
    small: fn(i64, i64) -> Option<i64>,
    large: fn(Integer, Integer) -> Integer,
    floats: fn(&Float, &Float) -> Float,
) -> Outcome<'a> {
    if let (Value::Int(x), Value::Int(y)) = (a, b)
        && let Some(result) = small(x, y)
    {
        return Ok(Value::Int(result));
    }
    if let Some((x, y)) = integers(ctx, &a, &b)? {
        charge_digits(ctx, ((x.bits() + y.bits()) / 3) as usize)?;
        return from_integer(ctx, &large(x, y));
    }
    let (x, y) = (float(ctx, &a)?, float(ctx, &b)?);
    from_float(ctx, &floats(&x, &y))
}

fn numbers<'a>(operands: &[Value<'a>]) -> Result<(Value<'a>, Value<'a>), Failure> {
    Ok((number(operands, 1)?, number(operands, 2)?))
}

pub(super) fn plus<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    exact(ctx, numbers(operands)?, i64::checked_add, |x, y| x + y, |x, y| x.add(y, 64))
}

pub(super) fn multiply<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    exact(ctx, numbers(operands)?, i64::checked_mul, |x, y| x * y, |x, y| x.mul(y, 64))
}

/// Of numbers or of sets.
pub(super) fn minus<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (any(operands, 1), any(operands, 2));
    match (a.is_number(), b.is_number(), a.as_set(), b.as_set()) {
        (true, true, ..) => exact(ctx, (a, b), i64::checked_sub, |x, y| x - y, |x, y| x.sub(y, 64)),
        (.., Some(x), Some(y)) => sets::difference(ctx, x, y),
        (false, _, None, _) => Err(type_error(1, &a, &["number", "set"])),
        (_, true, ..) => Err(type_error(2, &b, &["set"])),
        _ => Err(type_error(2, &b, &["number"])),
    }
}

/// Exact only where the divisor divides; a zero dividend's quotient has a sign.
pub(super) fn divide<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = numbers(operands)?;
    if let (Value::Int(x), Value::Int(y)) = (a, b)
        && x != 0
        && x.checked_rem(y) == Some(0)
    {
        return Ok(Value::Int(x / y));
    }
    let (x, y) = (float(ctx, &a)?, float(ctx, &b)?);
    if y.is_zero() {
        return Err(fail("divide by zero"));
    }
    from_float(ctx, &x.quo(&y, 64))
}

pub(super) fn remainder<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = numbers(operands)?;
    if let (Value::Int(x), Value::Int(y)) = (a, b)
        && let Some(rest) = x.checked_rem(y)
    {
        return Ok(Value::Int(rest));
    }
    let Some((x, y)) = integers(ctx, &a, &b)? else { return Err(fail("modulo on floating-point number")) };
    if y == Integer::ZERO {
        return Err(fail("modulo by zero"));
    }
    charge_digits(ctx, (x.bits() / 3) as usize)?;
    from_integer(ctx, &(x % y))
}

/// An operation on one number: a small integer is given to `small`, anything else to `large`.
fn unary<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], small: fn(i64) -> i64, large: fn(Float) -> Float) -> Outcome<'a> {
    let value = number(operands, 1)?;
    if let Some(int) = number::to_i64(&value).filter(|int| SMALL.contains(int)) {
        return Ok(Value::Int(small(int)));
    }
    let float = float(ctx, &value)?;
    charge_digits(ctx, (float.exponent().unsigned_abs() / 3) as usize)?;
    from_float(ctx, &large(float))
}

pub(super) fn abs<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    unary(ctx, operands, i64::abs, Float::abs)
}

/// A number of at most 15 digits, a point among them: its whole part and its fraction's digits. A float of 64 bits keeps these apart from any
/// other such number, so that what is rounded is what is written.
fn short_decimal(value: Value<'_>) -> Option<(i64, &[u8])> {
    let Value::Number(text) = value else { return None };
    let (whole, fraction) = text.split_once('.')?;
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let written = whole == "0" || !whole.starts_with('0');
    (text.len() <= 16 && written && all_digits(whole) && all_digits(fraction)).then_some(())?;
    Some((whole.parse().ok()?, fraction.as_bytes()))
}

/// Halves away from zero.
pub(super) fn round<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    if let Some((whole, fraction)) = short_decimal(any(operands, 1)) {
        return Ok(Value::Int(whole + i64::from(fraction.first() >= Some(&b'5'))));
    }
    unary(
        ctx,
        operands,
        |x| x,
        |x| {
            let half = Float::from_i64(1).quo(&Float::from_i64(2), 64);
            let moved = if x.is_negative() { x.sub(&half, 64) } else { x.add(&half, 64) };
            Float::from_integer(&moved.truncate())
        },
    )
}

/// OPA's own: a number between -1 and 0 gives 1, since the integer part of it has no sign.
pub(super) fn ceil<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    if let Some((whole, fraction)) = short_decimal(any(operands, 1)) {
        return Ok(Value::Int(whole + i64::from(fraction.iter().any(|b| *b != b'0'))));
    }
    unary(
        ctx,
        operands,
        |x| x,
        |x| {
            let whole = Float::from_integer(&x.truncate());
            if whole.is_negative() || x.compare(&whole).is_eq() { whole } else { whole.add(&Float::from_i64(1), 64) }
        },
    )
}

/// OPA's own: a number between -1 and 0 gives 0.
pub(super) fn floor<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    if let Some((whole, _)) = short_decimal(any(operands, 1)) {
        return Ok(Value::Int(whole));
    }
    unary(
        ctx,
        operands,
        |x| x,
        |x| {
            let whole = Float::from_integer(&x.truncate());
            if !whole.is_negative() || x.compare(&whole).is_eq() { whole } else { whole.sub(&Float::from_i64(1), 64) }
        },
    )
}

/// A sum or a product over all elements, exactly where all of them are integers.
pub(super) fn accumulate<'a>(
    ctx: &mut Context<'a>,
    elements: Elements<'a>,
    start: i64,
    exact: fn(Integer, Integer) -> Integer,
) -> Result<Option<Value<'a>>, Failure> {
    let mut total = Integer::from(start);
    for element in elements.iter() {
        let Some(integer) = whole(ctx, &element)? else { return Ok(None) };
        total = exact(total, integer);
        charge_digits(ctx, (total.bits() / 3) as usize)?;
    }
    from_integer(ctx, &total).map(Some)
}
