//! Sets. They are sorted, so that two of them are taken together like the sides of a zip.

use std::cmp::Ordering;

use super::super::value::{Elements, SetBuilder, Value, compare};
use super::operand::{any, set, type_error};
use super::{Context, Outcome};

/// The members of one side, of both (the first's), or of the other, by what `keep` says.
fn combine<'a>(ctx: &mut Context<'a>, a: Elements<'a>, b: Elements<'a>, keep: fn(Ordering) -> bool) -> Outcome<'a> {
    ctx.charge(a.len() + b.len())?;
    ctx.reserve((a.len() + b.len()) * size_of::<Value<'a>>())?;
    let mut members = Vec::with_capacity(a.len());
    let (mut i, mut j) = (0, 0);
    loop {
        let (order, member) = match (a.get(i), b.get(j)) {
            (None, None) => break,
            (Some(x), None) => (Ordering::Less, x),
            (None, Some(y)) => (Ordering::Greater, y),
            (Some(x), Some(y)) => {
                let order = compare(&x, &y);
                (order, if order.is_gt() { y } else { x })
            }
        };
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
        if keep(order) {
            members.push(member);
        }
    }
    Ok(Value::Set(ctx.arena.alloc_slice_copy(&members)))
}

/// `a - b`.
pub(super) fn difference<'a>(ctx: &mut Context<'a>, a: Elements<'a>, b: Elements<'a>) -> Outcome<'a> {
    combine(ctx, a, b, Ordering::is_lt)
}

/// Members as the smaller set has them: `{1} & {1.0, 2}` is `{1}`.
fn intersect<'a>(ctx: &mut Context<'a>, a: Elements<'a>, b: Elements<'a>) -> Outcome<'a> {
    let (small, large) = if b.len() < a.len() { (b, a) } else { (a, b) };
    combine(ctx, small, large, Ordering::is_eq)
}

pub(super) fn set_diff<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (set(operands, 1)?, set(operands, 2)?);
    difference(ctx, a, b)
}

/// `a & b`.
pub(super) fn and<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (set(operands, 1)?, set(operands, 2)?);
    intersect(ctx, a, b)
}

/// `a | b`.
pub(super) fn or<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (set(operands, 1)?, set(operands, 2)?);
    match (a.is_empty(), b.is_empty()) {
        (true, _) => Ok(any(operands, 2)),
        (_, true) => Ok(any(operands, 1)),
        _ => combine(ctx, a, b, |_| true),
    }
}

/// The intersection of a set of sets.
pub(super) fn intersection<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let mut result: Option<Value<'a>> = None;
    for member in set(operands, 1)?.iter() {
        let Some(next) = member.as_set() else { return Err(type_error(1, &member, &["set"])) };
        result = Some(match result.and_then(|r| r.as_set()) {
            None => member,
            Some(sofar) => intersect(ctx, sofar, next)?,
        });
    }
    Ok(result.unwrap_or(Value::Set(&[])))
}

/// The union of a set of sets.
pub(super) fn union<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let sets = set(operands, 1)?;
    if let Some(other) = sets.iter().find(|member| member.as_set().is_none()) {
        return Err(type_error(1, &other, &["set"]));
    }
    let parts = || sets.iter().filter_map(|member| member.as_set());
    let length: usize = parts().map(|part| part.len()).sum();
    ctx.charge(length * 2)?;
    ctx.reserve(length * size_of::<Value<'a>>() * 2)?;
    let mut members = SetBuilder::with_capacity(length);
    parts().flat_map(Elements::iter).for_each(|member| members.insert(member));
    Ok(members.build(ctx.arena))
}
