//! Annotations as JSON, as `opa inspect --annotations` gives them.

use serde_json::{Value, json};

use super::super::annotation::{Annotation, Author, Compile, RelatedResource, Schema};
use super::super::ast::{Term, TermKind};
use super::super::compile::{Annotated, Compiled};
use super::super::{Path, order};
use crate::yaml::Any;

/// All annotations, by the paths of what they are about and then by their places. `file_of` names a module.
pub(in crate::rego) fn all(compiled: &Compiled, file_of: impl Fn(usize) -> String) -> Vec<Value> {
    let mut found: Vec<&Annotated> = compiled.annotations.all().iter().collect();
    // They are in the order of their places, modules in that of their names.
    found.sort_by(|a, b| order::compare_all(a.path.iter(), b.path.iter()));
    let shown = |found: &Annotated| {
        let place = found.place;
        json!({
            "path": reference(&found.path),
            "location": {"file": file_of(place.module as usize), "row": place.row, "col": place.col},
            "annotations": annotation(&found.annotation),
        })
    };
    found.into_iter().map(shown).collect()
}

/// The paths that annotations call entrypoints, each once: what `opa build` takes them for.
pub(in crate::rego) fn entrypoints(compiled: &Compiled) -> Vec<Path> {
    let marked = compiled.annotations.all().iter().filter(|found| found.annotation.is_entrypoint);
    let mut paths: Vec<Path> = marked.map(|found| path(&found.path)).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn path(reference: &[Term]) -> Path {
    let key = |part: &Term| match &part.kind {
        TermKind::String(text) | TermKind::Number(text) => Some(text.to_string()),
        _ => None,
    };
    Path::new(reference.iter().skip(1).map_while(key).collect())
}

fn annotation(annotation: &Annotation) -> Value {
    let content = &annotation.content;
    object([
        ("scope", Some(annotation.scope.name().into())),
        ("title", filled(content.title.as_str())),
        ("description", filled(content.description.as_str())),
        ("entrypoint", annotation.is_entrypoint.then_some(Value::Bool(true))),
        ("organizations", filled(content.organizations.clone())),
        ("related_resources", filled(content.related_resources.iter().map(resource).collect::<Value>())),
        ("authors", filled(content.authors.iter().map(author).collect::<Value>())),
        ("schemas", filled(content.schemas.iter().map(schema).collect::<Value>())),
        ("compile", content.compile.as_ref().map(compile)),
        ("custom", filled(map(&content.custom))),
        ("labels", filled(map(&content.labels))),
    ])
}

/// The fields that there are.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}

/// A value that is not empty.
fn filled(value: impl Into<Value>) -> Option<Value> {
    let value = value.into();
    let is_empty = match &value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    };
    (!is_empty).then_some(value)
}

fn resource(resource: &RelatedResource) -> Value {
    object([("ref", Some(resource.url.as_str().into())), ("description", filled(resource.description.as_str()))])
}

fn author(author: &Author) -> Value {
    object([("name", Some(author.name.as_str().into())), ("email", filled(author.email.as_str()))])
}

fn schema(schema: &Schema) -> Value {
    object([
        ("path", Some(reference(&schema.path))),
        ("schema", filled(reference(&schema.named))),
        ("definition", schema.definition.as_ref().map(Any::to_json)),
    ])
}

fn compile(compile: &Compile) -> Value {
    let known = |parts: &Vec<Term>| if parts.is_empty() { Value::Null } else { reference(parts) };
    object([
        ("unknowns", filled(compile.unknowns.iter().map(known).collect::<Value>())),
        ("mask_rule", filled(reference(&compile.mask_rule))),
    ])
}

/// A reference as OPA writes its terms.
fn reference(parts: &[Term]) -> Value {
    parts.iter().map(term).collect()
}

fn term(term: &Term) -> Value {
    let value = match &term.kind {
        TermKind::Null => Value::Null,
        TermKind::Bool(value) => (*value).into(),
        TermKind::Number(text) => number(text),
        TermKind::String(text) | TermKind::Var(text) => (&**text).into(),
        TermKind::Ref(parts) | TermKind::Array(parts) | TermKind::Set(parts) | TermKind::Call(parts) => reference(parts),
        TermKind::Object(entries) => entries.iter().map(|(key, value)| json!([self::term(key), self::term(value)])).collect(),
        // No document has such a key.
        _ => Value::Null,
    };
    json!({"type": term.kind.name(), "value": value})
}

fn map(entries: &[(String, Any)]) -> Value {
    Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
}

fn number(text: &str) -> Value {
    serde_json::from_str::<serde_json::Number>(text).map_or(Value::Null, Value::Number)
}
