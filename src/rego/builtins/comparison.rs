//! Comparisons as calls: `gt(x, y)`, and operators whose value is used.

use std::cmp::Ordering;

use super::super::value::{Value, compare, equal as equal_values};
use super::operand::{any, elements};
use super::{Context, Failure, Outcome};

/// How much of two values is compared, by what lies at their top.
fn charge<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(), Failure> {
    let size = |value: &Value<'_>| match value {
        Value::String(bytes) => bytes.len() / 32,
        Value::Number(text) => text.len() / 32,
        _ => elements(value).map(|e| e.len()).or_else(|| value.as_object().map(|o| o.len() * 2)).unwrap_or(0),
    };
    ctx.charge(size(&any(operands, 1)).min(size(&any(operands, 2))) + 1)
}

fn order<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<Ordering, Failure> {
    charge(ctx, operands)?;
    Ok(compare(&any(operands, 1), &any(operands, 2)))
}

pub(super) fn equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    charge(ctx, operands)?;
    Ok(Value::Bool(equal_values(&any(operands, 1), &any(operands, 2))))
}

pub(super) fn not_equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    charge(ctx, operands)?;
    Ok(Value::Bool(!equal_values(&any(operands, 1), &any(operands, 2))))
}

pub(super) fn less<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(order(ctx, operands)?.is_lt()))
}

pub(super) fn less_or_equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(order(ctx, operands)?.is_le()))
}

pub(super) fn greater<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(order(ctx, operands)?.is_gt()))
}

pub(super) fn greater_or_equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(order(ctx, operands)?.is_ge()))
}
