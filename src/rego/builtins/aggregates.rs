//! One value of many: counts, sums, extremes, order, membership.

use super::super::value::number::{self, Float, Integer};
use super::super::value::{Elements, Value, compare, equal};
use super::arithmetic::{accumulate, float, from_float};
use super::operand::{any, element_error, elements, type_error};
use super::{Context, Failure, Outcome, utf8};

fn collection<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Elements<'a>, Failure> {
    let found = elements(value).ok_or_else(|| type_error(1, value, &["set", "array"]))?;
    ctx.charge(found.len())?;
    Ok(found)
}

pub(super) fn count<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let count = match value {
        Value::String(bytes) => {
            ctx.charge(bytes.len() / 32)?;
            utf8::count(bytes)
        }
        _ => match (elements(&value), value.as_object()) {
            (Some(elements), _) => elements.len(),
            (_, Some(entries)) => entries.len(),
            _ => return Err(type_error(1, &value, &["array", "object", "set", "string"])),
        },
    };
    Ok(Value::Int(count as i64))
}

/// In floats, where some element is no integer.
fn in_floats<'a>(
    ctx: &mut Context<'a>,
    (composite, elements): (Value<'a>, Elements<'a>),
    start: Float,
    add: fn(&Float, &Float) -> Float,
) -> Outcome<'a> {
    let mut total = start;
    for element in elements.iter() {
        if !element.is_number() {
            return Err(element_error(1, &composite, &element, "number"));
        }
        let next = float(ctx, &element)?;
        total = add(&total, &next);
    }
    from_float(ctx, &total)
}

pub(super) fn sum<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let elements = collection(ctx, &value)?;
    let small = elements.iter().try_fold(0_i64, |total, v| total.checked_add(number::to_i64(&v)?));
    if let Some(total) = small {
        return Ok(Value::Int(total));
    }
    let add: fn(Integer, Integer) -> Integer = |x, y| x + y;
    match accumulate(ctx, elements, 0, add)? {
        Some(total) => Ok(total),
        None => in_floats(ctx, (value, elements), Float::zero(), |x, y| x.add(y, 64)),
    }
}

/// A product of floats keeps 53 bits.
pub(super) fn product<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let elements = collection(ctx, &value)?;
    let small = elements.iter().try_fold(1_i64, |total, v| total.checked_mul(number::to_i64(&v)?));
    if let Some(total) = small {
        return Ok(Value::Int(total));
    }
    let multiply: fn(Integer, Integer) -> Integer = |x, y| x * y;
    match accumulate(ctx, elements, 1, multiply)? {
        Some(total) => Ok(total),
        None => in_floats(ctx, (value, elements), Float::double(1), |x, y| x.mul(y, 53)),
    }
}

/// Of equal elements the last.
pub(super) fn max<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = collection(ctx, &any(operands, 1))?;
    elements.iter().reduce(|best, v| if compare(&best, &v).is_le() { v } else { best }).ok_or(Failure::Undefined)
}

/// Of equal elements the last.
pub(super) fn min<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = collection(ctx, &any(operands, 1))?;
    elements.iter().reduce(|best, v| if compare(&best, &v).is_ge() { v } else { best }).ok_or(Failure::Undefined)
}

pub(super) fn sort<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let elements = collection(ctx, &value)?;
    if value.as_set().is_some() {
        return Ok(elements.array());
    }
    ctx.charge(elements.len() * elements.len().max(2).ilog2() as usize)?;
    ctx.reserve(elements.len() * 48)?;
    let mut sorted: Vec<Value<'a>> = elements.iter().collect();
    sorted.sort_by(compare);
    Ok(Value::array(ctx.arena, &sorted))
}

fn boolean_elements<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Elements<'a>, Failure> {
    let found = elements(value).ok_or_else(|| type_error(1, value, &["array", "set"]))?;
    ctx.charge(found.len())?;
    Ok(found)
}

pub(super) fn all<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = boolean_elements(ctx, &any(operands, 1))?;
    Ok(Value::Bool(elements.iter().all(|v| matches!(v, Value::Bool(true)))))
}

pub(super) fn some<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = boolean_elements(ctx, &any(operands, 1))?;
    Ok(Value::Bool(elements.iter().any(|v| matches!(v, Value::Bool(true)))))
}

/// `x in xs`.
pub(super) fn member<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (item, collection) = (any(operands, 1), any(operands, 2));
    if let Some(set) = collection.as_set() {
        ctx.charge(1)?;
        return Ok(Value::Bool(set.find(&item).is_some()));
    }
    let values = collection.as_array().or_else(|| collection.as_object().map(|o| o.values()));
    let Some(values) = values else { return Ok(Value::Bool(false)) };
    ctx.charge(values.len())?;
    Ok(Value::Bool(values.iter().any(|v| equal(&item, &v))))
}

/// `k, v in xs`.
pub(super) fn member_with_key<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (key, item, collection) = (any(operands, 1), any(operands, 2), any(operands, 3));
    ctx.charge(1)?;
    if let Some(set) = collection.as_set() {
        return Ok(Value::Bool(set.find(&key).is_some() && equal(&key, &item)));
    }
    let found = match (collection.as_array(), number::to_i64(&key)) {
        (Some(array), Some(at)) => usize::try_from(at).ok().and_then(|at| array.get(at)),
        _ => collection.get(&key),
    };
    Ok(Value::Bool(found.is_some_and(|v| equal(&v, &item))))
}
