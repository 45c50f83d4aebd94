//! Arrays.

use super::super::value::{Elements, Value};
use super::operand::{any, array, int};
use super::{Context, Failure, Outcome};

/// Copies the parts one after another.
fn join<'a>(ctx: &mut Context<'a>, parts: &[Elements<'a>]) -> Outcome<'a> {
    let length = parts.iter().map(Elements::len).sum();
    ctx.charge(length)?;
    ctx.reserve(length * size_of::<Value<'a>>() * 2)?;
    let mut values = Vec::with_capacity(length);
    parts.iter().for_each(|part| values.extend(part.iter()));
    Ok(Value::array(ctx.arena, &values))
}

pub(super) fn concat<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (array(operands, 1)?, array(operands, 2)?);
    match (a.is_empty(), b.is_empty()) {
        (true, _) => Ok(any(operands, 2)),
        (_, true) => Ok(any(operands, 1)),
        _ => join(ctx, &[a, b]),
    }
}

/// One level.
pub(super) fn flatten<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = array(operands, 1)?;
    ctx.charge(elements.len())?;
    if elements.iter().all(|v| v.as_array().is_none()) {
        return Ok(any(operands, 1));
    }
    ctx.reserve(elements.len() * 16)?;
    let part = |at: usize| elements.get(at).and_then(|v| v.as_array()).unwrap_or_else(|| elements.slice(at, at + 1));
    let parts: Vec<Elements<'a>> = (0..elements.len()).map(part).collect();
    join(ctx, &parts)
}

/// Bounds out of range are moved to the nearest that is in it.
pub(super) fn slice<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let elements = array(operands, 1)?;
    let (start, stop) = (int(operands, 2)?, int(operands, 3)?);
    let stop = usize::try_from(stop.max(0)).unwrap_or(usize::MAX).min(elements.len());
    let start = usize::try_from(start.max(0)).unwrap_or(usize::MAX).min(stop);
    Ok(elements.slice(start, stop).array())
}

pub(super) fn reverse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let elements = array(operands, 1)?;
    ctx.charge(elements.len())?;
    ctx.reserve(elements.len() * size_of::<Value<'a>>())?;
    Ok(Value::Array(ctx.arena.alloc_slice_fill_iter(elements.iter().rev())))
}
