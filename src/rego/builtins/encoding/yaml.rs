//! YAML out of values and back, by way of JSON as in OPA.

use super::super::super::value::Value;
use super::super::super::value::unmarshal;
use super::super::operand::{any, fail, string};
use super::super::{Context, Failure, Outcome};
use super::json_marshal;
use crate::yaml;

/// Bytes of memory that reading may take for each byte of a text, as nodes and values outside the arena.
const READING: usize = 32;

pub(in super::super) fn yaml_marshal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let json = json_marshal(ctx, operands)?;
    let json = json.as_bytes().unwrap_or_default();
    charge(ctx, json)?;
    let text = yaml::from_json(json).map_err(fail)?;
    ctx.charge(text.len() / 16)?;
    ctx.reserve(text.len())?;
    Ok(Value::string(ctx.arena, &text))
}

pub(in super::super) fn yaml_unmarshal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    charge(ctx, text)?;
    let json = yaml::to_json(text).map_err(fail)?;
    ctx.charge(json.len() / 16)?;
    ctx.reserve(json.len().saturating_mul(12))?;
    unmarshal(ctx.arena, ctx.arena.alloc_slice_copy(&json)).map_err(fail)
}

/// What is no string is no YAML.
pub(in super::super) fn yaml_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let Some(text) = any(operands, 1).as_bytes() else { return Ok(Value::Bool(false)) };
    charge(ctx, text)?;
    Ok(Value::Bool(yaml::to_json(text).is_ok()))
}

fn charge(ctx: &mut Context<'_>, text: &[u8]) -> Result<(), Failure> {
    ctx.charge(text.len() / 2 + 1)?;
    ctx.reserve(text.len().saturating_mul(READING))
}
