//! `rego.metadata.*`: the compiler puts what they give into the rules that call them, so that only a query comes here.

use super::super::value::Value;
use super::{Context, Failure, Outcome};

fn outside<'a>(name: &str) -> Outcome<'a> {
    Err(Failure::Builtin(format!("the {name} function must only be called within the scope of a rule")))
}

pub(super) fn chain<'a>(_: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    outside("rego.metadata.chain")
}

pub(super) fn rule<'a>(_: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    outside("rego.metadata.rule")
}
