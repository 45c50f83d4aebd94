//! Operations on the bits of integers, negative ones in two's complement of any length.

use super::super::budget::Exceeded;
use super::super::value::Value;
use super::super::value::number::Integer;
use super::arithmetic::from_integer;
use super::operand::{error, integer};
use super::{Context, Failure, Outcome};

/// A shift to more bits than this is beyond memory.
const MAX_BITS: u64 = 1 << 40;

fn two<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(Integer, Integer), Failure> {
    let a = integer(ctx, operands, 1)?;
    Ok((a, integer(ctx, operands, 2)?))
}

pub(super) fn and<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = two(ctx, operands)?;
    from_integer(ctx, &(a & b))
}

pub(super) fn or<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = two(ctx, operands)?;
    from_integer(ctx, &(a | b))
}

pub(super) fn xor<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = two(ctx, operands)?;
    from_integer(ctx, &(a ^ b))
}

pub(super) fn negate<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let a = integer(ctx, operands, 1)?;
    from_integer(ctx, &!a)
}

/// What is shifted, and how far: the distance's low 64 bits, as in OPA.
fn shift<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(Integer, u64), Failure> {
    let (a, b) = two(ctx, operands)?;
    if b < Integer::ZERO {
        return Err(error(2, "must be an unsigned integer number but got a negative integer"));
    }
    Ok((a, b.iter_u64_digits().next().unwrap_or(0)))
}

pub(super) fn shift_left<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, distance) = shift(ctx, operands)?;
    if a == Integer::ZERO {
        return Ok(Value::Int(0));
    }
    let bits = a.bits().saturating_add(distance);
    if bits > MAX_BITS {
        return Err(Exceeded::Memory.into());
    }
    super::operand::charge_digits(ctx, (bits / 3) as usize)?;
    from_integer(ctx, &(a << distance))
}

pub(super) fn shift_right<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, distance) = shift(ctx, operands)?;
    // Further than the length, only the sign is left.
    let distance = distance.min(a.bits() + 1);
    from_integer(ctx, &(a >> distance))
}
