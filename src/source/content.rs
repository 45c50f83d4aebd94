//! Data from several places made into one document.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::rego::value::{DocObject, MAX_DEPTH, read_document};
use crate::rego::{Document, Limits, Path};
use crate::yaml;

/// Reads a JSON document of at most `limit` bytes.
pub(super) fn read_json(file: &str, text: &[u8], limit: u64) -> Result<Document> {
    read_document(text, Limits { max_bytes: limit, max_depth: MAX_DEPTH }).map_err(|error| about(file, &error))
}

/// Reads the first YAML document of a text of at most `limit` bytes.
pub(super) fn read_yaml(file: &str, text: &[u8], limit: u64) -> Result<Document> {
    if text.len() as u64 > limit {
        return Err(Error::new(ErrorKind::LimitExceeded, format!("{file} has {} bytes; the limit is {limit}", text.len())));
    }
    let json = yaml::to_json(text).map_err(|problem| Error::new(ErrorKind::SerializationError, format!("{file}: {problem}")))?;
    read_json(file, &json, u64::MAX)
}

/// The same error with the name of the file before it.
pub(super) fn about(file: &str, error: &Error) -> Error {
    let named = Error::new(error.kind(), format!("{file}: {error}"));
    match error.code() {
        Some(code) => named.with_code(code),
        None => named,
    }
}

/// What an object has under `name`; null is nothing.
pub(super) fn field<'d>(document: &'d Document, name: &str) -> Option<&'d Document> {
    match document {
        Document::Object(object) => object.get_str(name.as_bytes()).filter(|value| !matches!(value, Document::Null)),
        _ => None,
    }
}

/// A string's text.
pub(super) fn text(document: &Document) -> Option<String> {
    document.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// The first path at which there is data that `permits` does not let stand: nothing but objects may stand above what it does, to which `leads` leads.
pub(super) fn outside(
    data: &Document,
    permits: impl Fn(&[String]) -> bool,
    leads: impl Fn(&[String]) -> bool,
) -> Option<Vec<String>> {
    let mut open: Vec<(Vec<String>, &Document)> = vec![(Vec::new(), data)];
    while let Some((path, node)) = open.pop() {
        if permits(&path) {
            continue;
        }
        let (Document::Object(object), true) = (node, leads(&path)) else { return Some(path) };
        for (key, value) in object.keys().iter().zip(object.values()) {
            open.push((path.iter().cloned().chain(text(key)).collect(), value));
        }
    }
    None
}

/// `value` below objects with these keys.
pub(super) fn nest(keys: &[String], value: Document) -> Document {
    keys.iter().rev().fold(value, |value, key| Document::Object(Arc::new(DocObject::default().with(key.as_bytes(), value))))
}

/// Both together; or the path at which both have something that is not an object (OPA's `internal/merge`).
pub(super) fn merge(first: &Document, second: &Document) -> std::result::Result<Document, Path> {
    let mut path = Vec::new();
    merge_at(first, second, &mut path)
}

/// Recurses as deep as both have objects at the same keys: those are of files, in which nesting is bounded, at paths that are too.
fn merge_at(first: &Document, second: &Document, path: &mut Vec<String>) -> std::result::Result<Document, Path> {
    let (Document::Object(a), Document::Object(b)) = (first, second) else { return Err(Path::new(path.clone())) };
    if path.len() > MAX_MERGED {
        return Err(Path::new(path.clone()));
    }
    if a.keys().is_empty() {
        return Ok(second.clone());
    }
    let mut entries: Vec<(Document, Document)> = a.keys().iter().cloned().zip(a.values().iter().cloned()).collect();
    for (key, value) in b.keys().iter().zip(b.values()) {
        let bytes = key.as_bytes().unwrap_or_default();
        match entries.binary_search_by(|(known, _)| known.as_bytes().unwrap_or_default().cmp(bytes)) {
            Err(place) => entries.insert(place, (key.clone(), value.clone())),
            Ok(place) => {
                let Some((_, known)) = entries.get_mut(place) else { continue };
                path.push(String::from_utf8_lossy(bytes).into_owned());
                *known = merge_at(known, value, path)?;
                path.pop();
            }
        }
    }
    let (keys, values) = entries.into_iter().unzip();
    Ok(Document::Object(Arc::new(DocObject::new(keys, values))))
}

/// How deep two files may have the same objects: the stack of the thread that merges bears it.
const MAX_MERGED: usize = 500;

#[cfg(test)]
mod tests {
    use super::{merge, nest, read_json};
    use crate::rego::Document;
    use crate::rego::value;

    fn doc(json: &str) -> Document {
        read_json("t", json.as_bytes(), 1000).unwrap_or_default()
    }

    #[test]
    fn objects_are_joined_and_anything_else_is_in_the_way() {
        let merged = |a: &str, b: &str| match merge(&doc(a), &doc(b)) {
            Ok(document) => value::text(&document.view()),
            Err(path) => path.to_string(),
        };
        assert_eq!(
            merged(r#"{"a": {"x": 1}, "c": 3}"#, r#"{"a": {"y": 2}, "b": {}}"#),
            r#"{"a": {"x": 1, "y": 2}, "b": {}, "c": 3}"#
        );
        assert_eq!(merged(r#"{"a": {"x": 1}}"#, r#"{"a": {"x": 1}}"#), "data.a.x");
        assert_eq!(merged(r#"{"a": []}"#, r#"{"a": {}}"#), "data.a");
        assert_eq!(merged("{}", r#"{"a": 1}"#), r#"{"a": 1}"#);
        let deep = nest(&vec!["k".to_owned(); 5000], Document::Null);
        assert!(merge(&deep, &deep).is_err());
    }
}
