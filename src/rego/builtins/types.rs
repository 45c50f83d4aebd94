//! What type a value is.

use super::super::value::Value;
use super::operand::any;
use super::{Context, Outcome};

fn is<'a>(operands: &[Value<'a>], name: &str) -> Outcome<'a> {
    Ok(Value::Bool(any(operands, 1).type_name() == name))
}

pub(super) fn is_null<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "null")
}

pub(super) fn is_boolean<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "boolean")
}

pub(super) fn is_number<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "number")
}

pub(super) fn is_string<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "string")
}

pub(super) fn is_array<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "array")
}

pub(super) fn is_object<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "object")
}

pub(super) fn is_set<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    is(operands, "set")
}

pub(super) fn type_name<'a>(_: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::String(any(operands, 1).type_name().as_bytes()))
}
