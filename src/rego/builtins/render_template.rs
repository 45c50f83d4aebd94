//! `strings.render_template`: Go's `text/template`, whose rules and errors these are. Data has no methods, and templates no functions but Go's own.

mod compare;
mod data;
mod escape;
mod execute;
mod functions;
mod lex;
mod literal;
mod node;
mod parse;

use super::super::value::{Value, text, unmarshal};
use super::operand::{any, fail, object, string};
use super::{Context, Outcome};
use data::Data;
pub(super) use node::Template;

/// A longer template is not kept.
const MAX_KEPT: usize = 1 << 16;

/// What a template has for a key that is not there, and what OPA makes of it.
const NO_VALUE: &[u8] = b"<no value>";
const UNDEFINED: &[u8] = b"<undefined>";

pub(super) fn render_template<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let template = string(operands, 1)?;
    object(operands, 2)?;
    // As OPA: the value's text, read as JSON. What is no JSON, such as a set, is no data.
    let json = text(&any(operands, 2));
    ctx.charge(json.len() / 16 + template.len() / 4)?;
    ctx.reserve(json.len().saturating_mul(13).saturating_add(template.len().saturating_mul(64)))?;
    let json = ctx.arena.alloc_slice_copy(json.as_bytes());
    let data = unmarshal(ctx.arena, json).map_err(fail)?;
    let compiled = match ctx.caches.templates.take(template) {
        Some(compiled) => compiled,
        None => parse::parse(template).map_err(fail)?,
    };
    let data = Data::of(ctx, data);
    let out = execute::execute(ctx, &compiled, data);
    if template.len() <= MAX_KEPT {
        ctx.caches.templates.put(template, compiled);
    }
    let out = out?;
    ctx.reserve(out.len().saturating_mul(2))?;
    Ok(Value::string(ctx.arena, replaced(&out)))
}

fn replaced(out: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(out.len() + 16);
    let mut rest = out;
    while let Some(at) = memchr::memmem::find(rest, NO_VALUE) {
        let (before, after) = rest.split_at(at);
        text.extend_from_slice(before);
        text.extend_from_slice(UNDEFINED);
        rest = after.get(NO_VALUE.len()..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}
