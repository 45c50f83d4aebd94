//! Changing base data.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::rego::value::{DocObject, Style, write};
use crate::rego::{Document, Path};

/// The revisions of the bundles that data came from, where OPA keeps them too (`v1/bundle/store.go`:
/// `data.system.bundles[name].manifest.revision`), as `name=revision` in order, separated by commas; `None` where there are none.
pub(super) fn bundle_revisions(data: &Document) -> Option<String> {
    let child = |document: &Document, key: &str| match document {
        Document::Object(object) => object.get_str(key.as_bytes()).cloned(),
        _ => None,
    };
    let Document::Object(bundles) = child(&child(data, "system")?, "bundles")? else { return None };
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let each = bundles.keys().iter().zip(bundles.values()).map(|(name, bundle)| {
        let revision = child(bundle, "manifest").and_then(|manifest| child(&manifest, "revision"));
        format!("{}={}", text(name.as_bytes()), text(revision.as_ref().and_then(Document::as_bytes)))
    });
    Some(each.collect::<Vec<_>>().join(",")).filter(|text| !text.is_empty())
}

/// `data` with `value` at `path`, and objects made above it, as OPA's `PUT /v1/data/<path>` does. What lies beside the path is shared.
pub(super) fn put(data: &Document, path: &Path, value: Document) -> Result<Document> {
    let mut above = Vec::with_capacity(path.keys().len());
    let mut node = Some(data);
    for key in path.keys() {
        let object = match node {
            Some(Document::Object(object)) => Some(object),
            Some(_) => return Err(not_an_object(path, key)),
            None => None,
        };
        above.push((object, key));
        node = object.and_then(|object| object.get_str(key.as_bytes()));
    }
    Ok(above.into_iter().rev().fold(value, |value, (object, key)| {
        let object = object
            .map_or_else(|| DocObject::default().with(key.as_bytes(), value.clone()), |o| o.with(key.as_bytes(), value.clone()));
        Document::Object(Arc::new(object))
    }))
}

fn not_an_object(path: &Path, key: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("{path}: what stands above \"{key}\" is not an object; patch the document above it"))
}

/// The size of `value` as compact JSON.
pub(super) fn size(value: &Document) -> u64 {
    let mut text = Vec::new();
    write(&value.view(), Style::PLAIN, &mut text);
    text.len() as u64
}
