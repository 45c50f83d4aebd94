//! The parts of an annotation, and what is wrong with them beyond their types.

use super::super::super::annotation::{Author, Compile, Content, RelatedResource, Schema};
use super::super::super::ast::{Term, TermKind};
use super::super::super::builtins;
use super::super::super::value::quote;
use super::super::{Options, parse_term};
use crate::yaml::{Any, Fields};

/// All parts; they are checked in OPA's order.
pub(super) fn content(fields: &Fields) -> Result<Content, String> {
    let related_resources = each(fields, "related_resources", |value| {
        related_resource(value).map_err(|problem| format!("invalid related-resource definition {value}: {problem}"))
    })?;
    let compile = match fields.get("compile") {
        Some(Any::Map(entries)) => Some(compile(entries)?),
        _ => None,
    };
    let schemas = each(fields, "schemas", schema)?;
    let authors = each(fields, "authors", |value| {
        author(value).map_err(|problem| format!("invalid author definition {value}: {problem}"))
    })?;
    Ok(Content {
        title: text_of(fields, "title"),
        description: text_of(fields, "description"),
        organizations: each(fields, "organizations", |value| Ok(value.to_string()))?,
        related_resources,
        authors,
        schemas,
        compile,
        custom: values(fields, "custom")?,
        labels: values(fields, "labels")?,
    })
}

fn text_of(fields: &Fields, name: &str) -> String {
    match fields.get(name) {
        Some(Any::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn each<T>(fields: &Fields, name: &str, read: impl Fn(&Any) -> Result<T, String>) -> Result<Vec<T>, String> {
    match fields.get(name) {
        Some(Any::List(items)) => items.iter().map(read).collect(),
        _ => Ok(Vec::new()),
    }
}

/// Values of any kind, by their names.
fn values(fields: &Fields, name: &str) -> Result<Vec<(String, Any)>, String> {
    let Some(Any::Map(entries)) = fields.get(name) else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        check_keys(value, &mut Vec::new())?;
        found.push((key.clone().unwrap_or_default(), value.clone()));
    }
    Ok(found)
}

/// Keys must be texts; the error names the path to the mapping that has another one.
fn check_keys(value: &Any, path: &mut Vec<String>) -> Result<(), String> {
    match value {
        Any::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                check_keys(item, path)?;
                path.pop();
            }
        }
        // Go decodes a mapping whose keys are all texts to another type, into which OPA does not look.
        Any::Map(entries) if entries.iter().any(|(key, _)| key.is_none()) => {
            return Err(format!("invalid map key type(s): {}", path.join("/")));
        }
        _ => {}
    }
    Ok(())
}

/// The text at a key, without spaces around it.
fn text_at<'e>(entries: &'e [(Option<String>, Any)], name: &str) -> &'e str {
    let found = entries.iter().find(|(key, _)| key.as_deref() == Some(name));
    match found.map(|(_, value)| value) {
        Some(Any::Text(text)) => text.trim(),
        _ => "",
    }
}

fn related_resource(value: &Any) -> Result<RelatedResource, String> {
    check_keys(value, &mut Vec::new())?;
    let (url, description, missing) = match value {
        Any::Text(url) => (url.as_str(), "", "ref URL may not be empty string"),
        Any::Map(entries) => (text_at(entries, "ref"), text_at(entries, "description"), "'ref' value required in object"),
        _ => return Err("invalid value type, must be string or map".to_owned()),
    };
    if url.is_empty() {
        return Err(missing.to_owned());
    }
    Ok(RelatedResource { url: builtins::normal_url(url.as_bytes())?, description: description.to_owned() })
}

fn author(value: &Any) -> Result<Author, String> {
    check_keys(value, &mut Vec::new())?;
    match value {
        Any::Text(text) => author_of(text),
        Any::Map(entries) => match (text_at(entries, "name"), text_at(entries, "email")) {
            ("", "") => Err("'name' and/or 'email' values required in object".to_owned()),
            (name, email) => Ok(Author { name: name.to_owned(), email: email.to_owned() }),
        },
        _ => Err("invalid value type, must be string or map".to_owned()),
    }
}

/// `Some Body <somebody@example.com>`: the last word is the address where it stands in such brackets.
fn author_of(text: &str) -> Result<Author, String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let Some(last) = words.last() else { return Err("author is an empty string".to_owned()) };
    let email = last.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    if email.is_some() {
        words.pop();
    }
    Ok(Author { name: words.join(" "), email: email.unwrap_or_default().to_owned() })
}

fn schema(value: &Any) -> Result<Schema, String> {
    let invalid = || "invalid document reference".to_owned();
    let Any::Map(entries) = value else { return Err(invalid()) };
    let (key, value) = entries.first().ok_or_else(invalid)?;
    let key = key.as_deref().unwrap_or_default();
    let path = reference(key).ok_or_else(invalid)?;
    match value {
        Any::Text(text) => {
            let named = schema_reference(text).ok_or_else(|| "invalid schema reference".to_owned())?;
            Ok(Schema { path, named, definition: None })
        }
        Any::Map(_) => {
            check_keys(value, &mut Vec::new()).map_err(|problem| format!("invalid schema definition: {problem}"))?;
            Ok(Schema { path, named: Vec::new(), definition: Some(value.clone()) })
        }
        _ => Err(format!("invalid schema declaration for path {}", quote(key.as_bytes()))),
    }
}

fn compile(entries: &[(Option<String>, Any)]) -> Result<Compile, String> {
    let at = |name: &str| entries.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value);
    let mut found = Compile::default();
    if let Some(Any::List(unknowns)) = at("unknowns") {
        for unknown in unknowns {
            found.unknowns.push(match unknown {
                Any::Text(text) => {
                    reference(text).ok_or_else(|| format!("invalid unknowns element {}: expected ref", quote(text.as_bytes())))?
                }
                _ => Vec::new(),
            });
        }
    }
    if let Some(Any::Text(mask)) = at("mask_rule") {
        let wrong = || format!("invalid mask_rule annotation type {}: string", quote(mask.as_bytes()));
        let term = term(mask).ok_or_else(wrong)?;
        found.mask_rule = match term.kind {
            TermKind::Var(_) | TermKind::String(_) => vec![term],
            TermKind::Ref(parts) => parts,
            _ => return Err(wrong()),
        };
    }
    Ok(found)
}

fn term(text: &str) -> Option<Term> {
    parse_term(text, &Options::default()).ok()
}

fn reference(text: &str) -> Option<Vec<Term>> {
    match term(text)?.kind {
        TermKind::Ref(parts) => Some(parts),
        _ => None,
    }
}

/// `schema`, or a reference that begins with it.
fn schema_reference(text: &str) -> Option<Vec<Term>> {
    let term = term(text)?;
    let parts = match term.kind {
        TermKind::Ref(parts) => parts,
        _ => vec![term],
    };
    let is_schema = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "schema");
    is_schema.then_some(parts)
}
