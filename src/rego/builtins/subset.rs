//! `object.subset`.

use super::super::value::{Elements, Entries, Value, equal};
use super::operand::any;
use super::{Context, Failure, Outcome};

fn set_subset<'a>(ctx: &mut Context<'a>, whole: Elements<'a>, part: Elements<'a>) -> Result<bool, Failure> {
    ctx.charge(part.len() * 2)?;
    Ok(part.iter().all(|member| whole.find(&member).is_some()))
}

/// Whether `part` stands in `whole` in one piece, found as OPA does: it goes back only one element after a mismatch.
fn array_subset<'a>(ctx: &mut Context<'a>, whole: Elements<'a>, part: Elements<'a>) -> Result<bool, Failure> {
    let (mut start, mut matched) = (0, 0);
    loop {
        ctx.charge(1)?;
        let Some(wanted) = part.get(matched) else { return Ok(true) };
        let Some(element) = whole.get(start + matched) else { return Ok(false) };
        if equal(&element, &wanted) {
            matched += 1;
        } else {
            start += 1;
            matched = 0;
        }
    }
}

/// Whether all members of `part` are in `whole`, counted per element of `whole` as OPA does: an empty set is in none that is empty.
fn array_set_subset<'a>(ctx: &mut Context<'a>, whole: Elements<'a>, part: Elements<'a>) -> Result<bool, Failure> {
    ctx.charge(whole.len() * 2)?;
    let mut unmatched = part.len();
    for element in whole.iter() {
        if part.find(&element).is_some() {
            unmatched = unmatched.wrapping_sub(1);
        }
        if unmatched == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Objects within objects are subsets too.
fn object_subset<'a>(ctx: &mut Context<'a>, whole: Entries<'a>, part: Entries<'a>) -> Result<bool, Failure> {
    let mut pairs = vec![(whole, part)];
    while let Some((whole, part)) = pairs.pop() {
        for (key, wanted) in part.iter() {
            ctx.charge(1)?;
            let Some(found) = whole.get(&key) else { return Ok(false) };
            if equal(&found, &wanted) {
                continue;
            }
            let fits = if let (Some(a), Some(b)) = (found.as_object(), wanted.as_object()) {
                pairs.push((a, b));
                true
            } else if let (Some(a), Some(b)) = (found.as_set(), wanted.as_set()) {
                set_subset(ctx, a, b)?
            } else if let (Some(a), Some(b)) = (found.as_array(), wanted.as_array()) {
                array_subset(ctx, a, b)?
            } else {
                false
            };
            if !fits {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

pub(super) fn subset<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (whole, part) = (any(operands, 1), any(operands, 2));
    let found = if let (Some(a), Some(b)) = (whole.as_object(), part.as_object()) {
        object_subset(ctx, a, b)
    } else if let (Some(a), Some(b)) = (whole.as_set(), part.as_set()) {
        set_subset(ctx, a, b)
    } else if let (Some(a), Some(b)) = (whole.as_array(), part.as_array()) {
        array_subset(ctx, a, b)
    } else if let (Some(a), Some(b)) = (whole.as_array(), part.as_set()) {
        array_set_subset(ctx, a, b)
    } else {
        Err(Failure::Operand("both arguments object.subset must be of the same type or array and set".to_owned()))
    };
    found.map(Value::Bool)
}
