//! Comparisons as calls: `gt(x, y)`, and operators whose value is used.

use std::cmp::Ordering;

use super::super::value::{Value, compare, equal as equal_values};
use super::operand::any;
use super::{Context, Outcome};

/// Charges by the size of the smaller operand's top level; the depths are charged where they were made.
fn order<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<Ordering, super::Failure> {
    ctx.charge(1)?;
    Ok(compare(&any(operands, 1), &any(operands, 2)))
}

pub(super) fn equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    ctx.charge(1)?;
    Ok(Value::Bool(equal_values(&any(operands, 1), &any(operands, 2))))
}

pub(super) fn not_equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    ctx.charge(1)?;
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
