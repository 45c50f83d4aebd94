//! Ranges of numbers.

use super::super::budget::Exceeded;
use super::super::value::Value;
use super::super::value::number::Integer;
use super::arithmetic::from_integer;
use super::operand::{fail, integer};
use super::{Context, Failure, Outcome};

/// All numbers from `x` to `y` in steps, up or down. The step is positive.
fn generate<'a>(ctx: &mut Context<'a>, x: Integer, y: &Integer, step: &Integer) -> Outcome<'a> {
    let distance = if x <= *y { y - &x } else { &x - y };
    let count = usize::try_from(distance / step).ok().and_then(|n| n.checked_add(1)).ok_or(Exceeded::Memory)?;
    ctx.reserve(count.saturating_mul(size_of::<Value<'a>>() * 2))?;
    ctx.charge(count)?;
    let step = if x <= *y { step.clone() } else { -step };
    let mut numbers = Vec::with_capacity(count);
    let last = &x + &step * count;
    if let (Ok(first), Ok(step), true) = (i64::try_from(&x), i64::try_from(&step), i64::try_from(&last).is_ok()) {
        numbers.extend((0..count as i64).map(|i| Value::Int(first + i * step)));
        return Ok(Value::array(ctx.arena, &numbers));
    }
    let mut next = x;
    for _ in 0..count {
        let number = from_integer(ctx, &next)?;
        numbers.push(number);
        next += &step;
    }
    Ok(Value::array(ctx.arena, &numbers))
}

fn bounds<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(Integer, Integer), Failure> {
    let x = integer(ctx, operands, 1)?;
    Ok((x, integer(ctx, operands, 2)?))
}

pub(super) fn range<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = bounds(ctx, operands)?;
    generate(ctx, x, &y, &Integer::from(1))
}

pub(super) fn range_step<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (x, y) = bounds(ctx, operands)?;
    let step = integer(ctx, operands, 3)?;
    if step <= Integer::ZERO {
        return Err(fail("numbers.range_step: step must be a positive integer"));
    }
    generate(ctx, x, &y, &step)
}
