//! JSON schemas as types: what OPA's checker makes of them (`loadSchema` of `v1/ast/schema.go`, over its `gojsonschema`).
//!
//! ```text
//!  JSON ──► document ──► read ──► typed
//!           $id, $ref    nodes    a type
//! ```
//!
//! Nothing is fetched: a reference that leaves the schema is refused as OPA refuses it where no host is allowed.

mod keywords;
mod read;
mod typed;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::ast::Term;
use super::parser::{Options, parse_term};
use super::print;
use super::types::{Known, Types, declared};
use super::value::{Limits, read_document};
use crate::error::{Error, ErrorKind};

/// A schema, and how long its text was.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) json: Arc<Value>,
    pub(crate) bytes: u64,
}

/// Schemas by the references that name them: `schema.user`; `schema` alone is the whole input's.
pub(crate) type Schemas = BTreeMap<String, Schema>;

/// How deep a schema may nest, its references followed.
const MAX_DEPTH: usize = 500;

/// How many parts a schema may have, those read again counted that references of several spellings find.
const MAX_PARTS: usize = 200_000;

/// How much work its type may be: what `allOf` merges can double at each level, and is read again at each place.
const MAX_WORK: usize = 1_000_000;

/// How deep the text of one may nest.
const MAX_TEXT_DEPTH: usize = 100;

/// The type of the documents that keep to a schema.
///
/// # Errors
/// OPA's words for what is wrong with it.
pub(super) fn load(types: &mut Types, schema: &Value) -> Result<Known, String> {
    let nodes = read::nodes(schema).map_err(|problem| format!("unable to compile the schema: {problem}"))?;
    typed::root(types, nodes).map_err(|problem| format!("type checking: {problem}"))
}

/// The name of a schema as references to it have it.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub(super) fn name(path: &str) -> Result<String, Error> {
    let term = parse_term(path, &Options::default()).ok();
    let parts = term.as_ref().map(|term| term.as_ref_parts().unwrap_or(std::slice::from_ref(term)));
    let is_schema = |parts: &&[Term]| parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "schema");
    let parts = parts.filter(is_schema).filter(|parts| parts.iter().skip(1).all(|part| part.as_str().is_some()));
    let wrong = || Error::invalid("path", format_args!("{path} names no schema; write schema for the input's, or schema.NAME"));
    parts.map(print::reference).ok_or_else(wrong)
}

/// Reads a schema, which must be one.
///
/// # Errors
/// `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED` for the text; `INVALID_ARGUMENT` with OPA's words for what is wrong with it.
pub(super) fn read(json: &[u8], max_bytes: u64) -> Result<Schema, Error> {
    read_document(json, Limits { max_bytes, max_depth: MAX_TEXT_DEPTH })?;
    let value: Value = serde_json::from_slice(json)
        .map_err(|problem| Error::new(ErrorKind::SerializationError, format!("the schema is not JSON: {problem}")))?;
    load(&mut Types::over(&declared().types), &value).map_err(|problem| Error::invalid("schema", problem))?;
    Ok(Schema { json: Arc::new(value), bytes: json.len() as u64 })
}
