//! `opa.runtime`: what a policy may know of the process that decides.

use super::super::value::{ObjectBuilder, Value, unmarshal};
use super::operand::fail;
use super::{Context, Outcome};

/// What the engine's user gave, as in OPA's SDK; nothing otherwise: neither configuration nor environment is for policies to see.
pub(super) fn runtime<'a>(ctx: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    let Some(json) = ctx.outside.and_then(|outside| outside.runtime()) else {
        return Ok(ObjectBuilder::default().build(ctx.arena));
    };
    ctx.charge(json.len() / 8 + 1)?;
    ctx.reserve(json.len().saturating_mul(12))?;
    unmarshal(ctx.arena, ctx.arena.alloc_slice_copy(&json)).map_err(fail)
}
