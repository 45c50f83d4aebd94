//! `opa.runtime`: what a policy may know of the process that decides.

use super::super::value::{ObjectBuilder, Value};
use super::{Context, Outcome};

/// Nothing, as in OPA's SDK where its user gives nothing: neither configuration nor environment is for policies to see.
pub(super) fn runtime<'a>(ctx: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(ObjectBuilder::default().build(ctx.arena))
}
