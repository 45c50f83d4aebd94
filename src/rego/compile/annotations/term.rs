//! Annotations as terms: what policies see of them.

use crate::rego::annotation::{Annotation, Author, RelatedResource, Schema};
use crate::rego::ast::{Span, Term, TermKind};
use crate::rego::order::sort_entries;
use crate::rego::print;
use crate::yaml::{self, Any};

/// A link of a chain.
pub(super) fn link(path: &[Term], annotation: Option<&Annotation>) -> Result<Term, (Span, String)> {
    let mut entries = vec![("path", keys(path.get(1..).unwrap_or_default()))];
    if let Some(annotation) = annotation {
        entries.push(("annotations", of(annotation)?));
    }
    Ok(object(entries))
}

/// What an annotation says, without what is empty.
pub(super) fn of(annotation: &Annotation) -> Result<Term, (Span, String)> {
    let content = &annotation.content;
    let refused = |what: &str, problem: String| (annotation.span, format!("invalid {what} annotation {problem}"));
    let mut entries = vec![("scope", text(annotation.scope.name()))];
    if annotation.is_entrypoint {
        entries.push(("entrypoint", Term::new(TermKind::Bool(true), Span::default())));
    }
    entries.extend([("title", text(&content.title)), ("description", text(&content.description))]);
    entries.push(("organizations", array(content.organizations.iter().map(|name| text(name)))));
    entries.push(("related_resources", array(content.related_resources.iter().map(resource))));
    entries.push(("authors", array(content.authors.iter().map(author))));
    let schemas: Result<Vec<Term>, String> = content.schemas.iter().map(schema).collect();
    entries.push(("schemas", array(schemas.map_err(|problem| refused("schema", problem))?)));
    for (name, values) in [("custom", &content.custom), ("labels", &content.labels)] {
        let value = map(values.iter().map(|(key, value)| (Some(key), value)), yaml_number);
        entries.push((name, value.map_err(|problem| refused(name, problem))?));
    }
    entries.retain(|(_, value)| !is_empty(value));
    Ok(object(entries))
}

fn resource(resource: &RelatedResource) -> Term {
    filled([("ref", text(&resource.url)), ("description", text(&resource.description))])
}

fn author(author: &Author) -> Term {
    filled([("name", text(&author.name)), ("email", text(&author.email))])
}

fn schema(schema: &Schema) -> Result<Term, String> {
    let mut entries = vec![("path", keys(&schema.path))];
    if !schema.named.is_empty() {
        entries.push(("schema", keys(&schema.named)));
    }
    if let Some(definition) = &schema.definition {
        // OPA writes and reads it as JSON on the way.
        entries.push(("definition", value(definition, yaml::float_in_json)?));
    }
    Ok(object(entries))
}

/// How a number that is no integer is written.
type WriteFloat = fn(f64) -> Result<String, String>;

fn yaml_number(float: f64) -> Result<String, String> {
    // What JSON cannot hold is no number of Rego's.
    yaml::float_in_json(float).map(|_| yaml::float_in_rego(float))
}

/// Recurses as deep as the YAML nests, on the compiler's stack.
fn value(any: &Any, write: WriteFloat) -> Result<Term, String> {
    let kind = match any {
        Any::Null => TermKind::Null,
        Any::Bool(value) => TermKind::Bool(*value),
        Any::Text(text) | Any::Time(text) => TermKind::String(text.as_str().into()),
        Any::Int(digits) => TermKind::Number(digits.as_str().into()),
        Any::Float(float, _) => TermKind::Number(write(*float)?.into()),
        Any::List(items) => TermKind::Array(items.iter().map(|item| value(item, write)).collect::<Result<_, _>>()?),
        Any::Map(entries) => return map(entries.iter().map(|(key, value)| (key.as_ref(), value)), write),
    };
    Ok(Term::new(kind, Span::default()))
}

fn map<'a>(entries: impl Iterator<Item = (Option<&'a String>, &'a Any)>, write: WriteFloat) -> Result<Term, String> {
    let mut found = Vec::new();
    for (key, any) in entries {
        let key = key.ok_or("ast: interface conversion: json: unsupported type: map[interface {}]interface {}")?;
        found.push((text(key), value(any, write)?));
    }
    sort_entries(&mut found);
    Ok(Term::new(TermKind::Object(found), Span::default()))
}

/// The parts of a reference: what is no string is its text.
fn keys(parts: &[Term]) -> Term {
    array(parts.iter().map(|part| part.as_str().map_or_else(|| text(&print::term(part)), |key| text(key))))
}

fn text(text: &str) -> Term {
    Term::string(text, Span::default())
}

fn array(items: impl IntoIterator<Item = Term>) -> Term {
    Term::new(TermKind::Array(items.into_iter().collect()), Span::default())
}

fn object(entries: impl IntoIterator<Item = (&'static str, Term)>) -> Term {
    let mut entries: Vec<(Term, Term)> = entries.into_iter().map(|(key, value)| (text(key), value)).collect();
    sort_entries(&mut entries);
    Term::new(TermKind::Object(entries), Span::default())
}

/// An object without what is empty.
fn filled(entries: [(&'static str, Term); 2]) -> Term {
    object(entries.into_iter().filter(|(_, value)| !is_empty(value)))
}

fn is_empty(term: &Term) -> bool {
    match &term.kind {
        TermKind::String(text) => text.is_empty(),
        TermKind::Array(items) => items.is_empty(),
        TermKind::Object(entries) => entries.is_empty(),
        _ => false,
    }
}
