//! `graphql.*`: queries and schemas as OPA reads and checks them, by a reader and rules of our own.

mod ast;
mod block;
mod cache;
mod check;
mod error;
mod lexer;
mod object;
mod parser;
mod rules;
mod schema;
mod shape;
mod stack;
mod suggest;
mod walk;

use std::sync::Arc;

use super::super::value::{ObjectBuilder, Value};
use super::operand::{any, fail, string, type_error};
use super::{Context, Failure, Outcome};
use ast::{QueryDocument, SchemaDocument};
pub(super) use cache::Schemas;
use error::Refusal;
use schema::Schema;
use shape::Shape;

/// So much may one validation do. Fragments can ask for a time that grows exponentially with the query.
const MAX_WORK: usize = 10_000_000;

#[cold]
fn too_much() -> Failure {
    fail("the GraphQL query takes too long to validate")
}

/// Why a call has no value: what is wrong with a schema or a query, or that the operand can be none.
#[derive(Debug)]
enum Unread {
    Refused(Refusal),
    Operand(Failure),
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::Refused(Refusal::Stop(failure))
    }
}

impl Unread {
    /// Where what is wrong is an error.
    fn failure(self) -> Failure {
        match self {
            Self::Refused(Refusal::Invalid(problem)) => fail(problem),
            Self::Refused(Refusal::TooDeep) => stack::too_deep(),
            Self::Refused(Refusal::Stop(failure)) | Self::Operand(failure) => failure,
        }
    }

    /// Where what is wrong makes a document invalid.
    fn answer<'a>(self, invalid: impl FnOnce() -> Value<'a>) -> Outcome<'a> {
        match self {
            Self::Refused(Refusal::Invalid(_)) | Self::Operand(_) => Ok(invalid()),
            Self::Refused(_) => Err(self.failure()),
        }
    }
}

/// A query by its text, or as an object. OPA counts these operands from 0.
fn query_operand<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<QueryDocument, Unread> {
    match any(operands, 1) {
        Value::String(text) => Ok(parser::query(ctx, text, limit)?),
        value if value.as_object().is_some() => Ok(object::document(ctx, &value, limit)?),
        other => Err(Unread::Operand(type_error(0, &other, &["string", "object"]))),
    }
}

/// A schema's text or object, read and checked: out of the cache of this context, or into it.
fn schema_operand<'a>(
    ctx: &mut Context<'a>,
    operands: &[Value<'a>],
    position: usize,
    limit: usize,
) -> Result<(Arc<SchemaDocument>, Arc<Schema>), Unread> {
    let value = any(operands, position);
    let Some(key) = cache::key(ctx, &value)? else {
        return Err(Unread::Operand(type_error(1, &value, &["string", "object"])));
    };
    let document = schema_document(ctx, &key, &value, limit)?;
    if let Some(schema) = ctx.caches.kept().graphql_schemas.schema(&key) {
        return Ok((document, schema));
    }
    let loaded = ctx.loaded.and_then(|loaded| loaded.graphql_schemas().peek(&key)?.1);
    let schema = loaded.map_or_else(|| schema::build(ctx, &document, limit), Ok)?;
    ctx.caches.kept().graphql_schemas.keep_schema(&key, &schema);
    Ok((document, schema))
}

/// A schema's document, which need not be valid.
fn schema_document<'a>(
    ctx: &mut Context<'a>,
    key: &cache::Key<'a>,
    value: &Value<'a>,
    limit: usize,
) -> Result<Arc<SchemaDocument>, Refusal> {
    if let Some(document) = ctx.caches.kept().graphql_schemas.document(key) {
        return Ok(document);
    }
    let document = match ctx.loaded.and_then(|loaded| loaded.graphql_schemas().peek(key)) {
        Some((document, _)) => document,
        None => Arc::new(match value {
            Value::String(text) => parser::schema(ctx, text, limit)?,
            value => object::document(ctx, value, limit)?,
        }),
    };
    ctx.caches.kept().graphql_schemas.keep_document(key, &document);
    Ok(document)
}

/// A document as OPA tells it.
fn told<'a>(ctx: &mut Context<'a>, document: &impl Shape) -> Outcome<'a> {
    let told = document.write(ctx)?;
    Ok(told.unwrap_or_else(|| empty(ctx)))
}

fn empty<'a>(ctx: &Context<'a>) -> Value<'a> {
    ObjectBuilder::default().build(ctx.arena)
}

/// Query and schema, the one valid beside the other.
fn verified<'a>(
    ctx: &mut Context<'a>,
    operands: &[Value<'a>],
    limit: usize,
) -> Result<(QueryDocument, Arc<SchemaDocument>), Unread> {
    let query = query_operand(ctx, operands, limit)?;
    let (document, schema) = schema_operand(ctx, operands, 2, limit)?;
    walk::validate(ctx, &schema, &query, limit)?;
    Ok((query, document))
}

fn verified_documents<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<Value<'a>, Unread> {
    let (query, schema) = verified(ctx, operands, limit)?;
    let told = [told(ctx, &query)?, told(ctx, &*schema)?];
    Ok(Value::array(ctx.arena, &told))
}

fn query_document<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<Value<'a>, Unread> {
    let text = string(operands, 1).map_err(Unread::Operand)?;
    let query = parser::query(ctx, text, limit)?;
    Ok(told(ctx, &query)?)
}

fn told_schema<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<Value<'a>, Unread> {
    let text = string(operands, 1).map_err(Unread::Operand)?;
    let document = schema_document(ctx, &cache::Key::Text(text), &Value::String(text), limit)?;
    Ok(told(ctx, &*document)?)
}

fn valid_query<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<Value<'a>, Unread> {
    verified(ctx, operands, limit)?;
    Ok(Value::Bool(true))
}

fn valid_schema<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], limit: usize) -> Result<Value<'a>, Unread> {
    schema_operand(ctx, operands, 1, limit)?;
    Ok(Value::Bool(true))
}

pub(super) fn parse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    stack::run(ctx, operands, verified_documents).map_err(Unread::failure)
}

pub(super) fn parse_and_verify<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    match stack::run(ctx, operands, verified_documents) {
        Ok(documents) => {
            let documents = documents.as_array().into_iter().flat_map(super::super::value::Elements::iter);
            let told: Vec<Value<'a>> = std::iter::once(Value::Bool(true)).chain(documents).collect();
            Ok(Value::array(ctx.arena, &told))
        }
        Err(unread) => unread.answer(|| Value::array(ctx.arena, &[Value::Bool(false), empty(ctx), empty(ctx)])),
    }
}

pub(super) fn parse_query<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    stack::run(ctx, operands, query_document).map_err(Unread::failure)
}

pub(super) fn parse_schema<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    stack::run(ctx, operands, told_schema).map_err(Unread::failure)
}

pub(super) fn is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    stack::run(ctx, operands, valid_query).or_else(|unread| unread.answer(|| Value::Bool(false)))
}

pub(super) fn schema_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    stack::run(ctx, operands, valid_schema).or_else(|unread| unread.answer(|| Value::Bool(false)))
}

#[cfg(test)]
mod tests;
