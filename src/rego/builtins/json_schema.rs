//! `json.match_schema` and `json.verify_schema`: JSON Schema of drafts 4, 6 and 7 as OPA's `gojsonschema` has it.
//!
//! ```text
//!  JSON ──► document ──► compile ──► schema ──► validate ──► report
//!           $id, $ref    keywords    cached     format, text
//! ```
//!
//! Nothing is fetched and no file is read: a reference that leaves the schema is refused as OPA refuses it where no host is allowed, but
//! those to the drafts' own schemas, which OPA has at hand, too.

mod bounds;
mod collections;
mod compile;

mod document;
mod format;
mod keywords;
mod mail;
mod meta;
mod node;
mod report;
mod text;
mod url;
mod validate;

pub(crate) use document::{Document, Draft};
pub(super) use node::Schema;

use std::sync::Arc;

use super::super::value::{Arena, ObjectBuilder, Style, Value, any_json, is_json, quote, unwritable, write};
use super::operand::{any, fail};
use super::{Context, Failure, Outcome};

/// Schemas of longer texts are compiled each time.
const MAX_KEPT: usize = 1 << 20;

/// The JSON of an operand: of an object or an array, or in a string. Its words where there is none.
fn json<'a>(ctx: &mut Context<'a>, operand: &Value<'a>) -> Result<Result<Value<'a>, String>, Failure> {
    match operand {
        Value::String(text) => {
            ctx.charge(text.len() / 8 + 1)?;
            ctx.reserve(text.len().saturating_mul(12))?;
            if !is_json(text) {
                return Ok(Err("invalid JSON string".to_owned()));
            }
            Ok(any_json(ctx.arena, text).ok_or_else(|| "invalid JSON string".to_owned()))
        }
        value if value.as_object().is_some() || value.as_array().is_some() => {
            if let Some(number) = unwritable(value) {
                return Ok(Err(format!("json: invalid number literal, trying to marshal {}", quote(number.as_bytes()))));
            }
            if text::is_plain(ctx, value)? {
                return Ok(Ok(*value));
            }
            // Sets become arrays, and keys strings.
            let written = written(ctx, value)?;
            let written: &'a [u8] = ctx.arena.alloc_slice_copy(&written);
            Ok(any_json(ctx.arena, written).ok_or_else(|| "invalid JSON string".to_owned()))
        }
        _ => Ok(Err("wrong type, expected string or object".to_owned())),
    }
}

fn written(ctx: &mut Context<'_>, value: &Value<'_>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    write(value, Style::PLAIN, &mut out);
    ctx.charge(out.len() / 8 + 1)?;
    ctx.reserve(out.len())?;
    Ok(out)
}

/// The schema of an operand: kept, or compiled and kept.
pub(super) fn schema<'a>(ctx: &mut Context<'a>, operand: &Value<'a>) -> Result<Result<Arc<Schema>, String>, Failure> {
    let key = match operand {
        Value::String(text) => [b"s", *text].concat(),
        value if value.as_object().is_some() || value.as_array().is_some() => [b"v", written(ctx, value)?.as_slice()].concat(),
        _ => Vec::new(),
    };
    if let Some(known) = ctx.caches.kept().json_schemas.get(&key) {
        return Ok(Ok(known));
    }
    if let Some(loaded) = ctx.loaded.and_then(|loaded| loaded.json_schema(&key)) {
        ctx.caches.kept().json_schemas.put(&key, Arc::clone(&loaded));
        return Ok(Ok(loaded));
    }
    let json = match json(ctx, operand)? {
        Ok(json) => json,
        Err(problem) => return Ok(Err(problem)),
    };
    let text = written(ctx, &json)?;
    let compiled = match compile::compile(ctx, &text)? {
        Ok(compiled) => Arc::new(compiled),
        Err(problem) => return Ok(Err(problem)),
    };
    if key.len() <= MAX_KEPT {
        ctx.caches.kept().json_schemas.put(&key, Arc::clone(&compiled));
    }
    Ok(Ok(compiled))
}

fn pair<'a>(arena: &'a Arena, valid: bool, with: Value<'a>) -> Value<'a> {
    Value::array(arena, &[Value::Bool(valid), with])
}

/// Whether it is a schema, and what is wrong with it otherwise.
pub(super) fn verify_schema<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let problem = schema(ctx, &any(operands, 1))?.err();
    let shown = problem.as_ref().map_or(Value::Null, |problem| Value::string(ctx.arena, format!("jsonschema: {problem}")));
    Ok(pair(ctx.arena, problem.is_none(), shown))
}

/// Whether a document keeps to a schema, and where it does not.
pub(super) fn match_schema<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let document = json(ctx, &any(operands, 1))?.map_err(fail)?;
    let schema = schema(ctx, &any(operands, 2))?.map_err(fail)?;
    let problems = validate::validate(ctx, &schema, &document)?;
    let arena = ctx.arena;
    let shown = |problem: &report::Problem| {
        let mut object = ObjectBuilder::with_capacity(4);
        let fields = [
            ("desc", problem.description.clone()),
            ("error", format!("{}: {}", problem.field, problem.description)),
            ("field", problem.field.clone()),
            ("type", problem.kind.to_owned()),
        ];
        for (name, text) in fields {
            object.insert(Value::String(name.as_bytes()), Value::string(arena, text));
        }
        object.build(arena)
    };
    let list: Vec<Value<'a>> = problems.iter().map(shown).collect();
    Ok(pair(arena, problems.is_empty(), Value::array(arena, &list)))
}
