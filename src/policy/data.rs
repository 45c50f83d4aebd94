//! Changing base data.

use std::sync::Arc;

use super::activation::{Patch, PatchOp};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::value::{DocObject, Style, write};
use crate::rego::{Document, Path};

/// Where OPA keeps what it knows of bundles.
const BUNDLES: [&str; 2] = ["system", "bundles"];

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

/// The document at `path`.
pub(super) fn at<'d>(data: &'d Document, path: &Path) -> Option<&'d Document> {
    path.keys().iter().try_fold(data, |node, key| match node {
        Document::Object(object) => object.get_str(key.as_bytes()),
        _ => None,
    })
}

/// `data` without what is at `path`. What stands above it stays, as in OPA's store.
pub(super) fn remove(data: &Document, path: &Path) -> Document {
    let Some((last, above)) = path.keys().split_last() else { return Document::empty_object() };
    let above = Path::new(above.to_vec());
    let Some(Document::Object(object)) = at(data, &above) else { return data.clone() };
    let Some(without) = object.without(last.as_bytes()) else { return data.clone() };
    let without = Document::Object(Arc::new(without));
    // Objects stand above it, so that it cannot fail.
    put(data, &above, without).unwrap_or_else(|_| data.clone())
}

/// `data` with what OPA keeps of the bundle `name`, or without.
pub(super) fn with_bundle(data: &Document, name: &str, about: Option<&Document>) -> Result<Document> {
    let path = |keys: &[&str]| Path::new(keys.iter().map(|key| (*key).to_owned()).collect());
    let [system, bundles] = BUNDLES;
    match about {
        Some(about) => put(data, &path(&[system, bundles, name]), about.clone()),
        None => Ok(remove(data, &path(&[system, bundles, name]))),
    }
}

/// `data` after one operation of a delta bundle, as OPA's store in memory does it (`v1/storage/inmem/txn.go`).
pub(super) fn patch(data: &Document, patch: &Patch) -> Result<Document> {
    let does_not_fit = |problem: &str| {
        let problem = format!("the patch at /{} does not fit: {problem}", patch.path.to_slashes());
        Error::new(ErrorKind::Conflict, problem)
    };
    let Some((last, above)) = patch.path.keys().split_last() else {
        return match &patch.op {
            PatchOp::Upsert(value @ Document::Object(_)) | PatchOp::Replace(value @ Document::Object(_)) => Ok(value.clone()),
            _ => Err(does_not_fit("the whole of data stays an object")),
        };
    };
    let nodes = descend(data, above).map_err(|problem| does_not_fit(&problem))?;
    let (parent, missing) = match nodes.get(above.len()) {
        Some(parent) => (Some(*parent), false),
        None => (None, true),
    };
    let changed = match (&patch.op, parent) {
        (PatchOp::Upsert(value), None) => Document::Object(Arc::new(DocObject::default().with(last.as_bytes(), value.clone()))),
        (_, None) => return Err(does_not_fit("nothing is there")),
        (op, Some(parent)) => change_child(parent, last, op).map_err(|problem| does_not_fit(&problem))?,
    };
    if missing && nodes.last().is_some_and(|node| !matches!(node, Document::Object(_))) {
        return Err(does_not_fit("what stands above it is not an object"));
    }
    rebuild(&nodes, above, changed).map_err(|problem| does_not_fit(&problem))
}

/// The nodes from `data` down the keys, as far as there are any.
fn descend<'d>(data: &'d Document, keys: &[String]) -> std::result::Result<Vec<&'d Document>, String> {
    let mut nodes = vec![data];
    for key in keys {
        let node = nodes.last().copied();
        let child = match node {
            Some(Document::Object(object)) => object.get_str(key.as_bytes()),
            Some(Document::Array(array)) => {
                Some(array.elements().get(index(key, array.elements().len())?).ok_or("it is outside of an array")?)
            }
            _ => return Err(format!("what stands above \"{key}\" is neither an object nor an array")),
        };
        match child {
            Some(child) => nodes.push(child),
            None => break,
        }
    }
    Ok(nodes)
}

/// `changed` put back under the nodes above it; where there were none, under new objects.
fn rebuild(nodes: &[&Document], keys: &[String], changed: Document) -> std::result::Result<Document, String> {
    let mut value = changed;
    for (depth, key) in keys.iter().enumerate().rev() {
        value = match nodes.get(depth) {
            None => Document::Object(Arc::new(DocObject::default().with(key.as_bytes(), value))),
            Some(Document::Array(array)) => {
                let mut elements = array.elements().to_vec();
                let place = index(key, elements.len())?;
                *elements.get_mut(place).ok_or("it is outside of an array")? = value;
                Document::array(elements)
            }
            Some(Document::Object(object)) => Document::Object(Arc::new(object.with(key.as_bytes(), value))),
            Some(_) => return Err("what stands above it is not an object".to_owned()),
        };
    }
    Ok(value)
}

fn change_child(parent: &Document, key: &str, op: &PatchOp) -> std::result::Result<Document, String> {
    match parent {
        Document::Object(object) => {
            let is_there = object.get_str(key.as_bytes()).is_some();
            let changed = match op {
                PatchOp::Upsert(value) => object.with(key.as_bytes(), value.clone()),
                PatchOp::Replace(value) if is_there => object.with(key.as_bytes(), value.clone()),
                PatchOp::Remove => object.without(key.as_bytes()).ok_or("nothing is there")?,
                PatchOp::Replace(_) => return Err("nothing is there".to_owned()),
            };
            Ok(Document::Object(Arc::new(changed)))
        }
        Document::Array(array) => {
            let mut elements = array.elements().to_vec();
            match op {
                PatchOp::Upsert(value) if key == "-" => elements.push(value.clone()),
                PatchOp::Upsert(value) => elements.insert(index(key, elements.len())?, value.clone()),
                PatchOp::Replace(value) => {
                    let place = index(key, elements.len())?;
                    *elements.get_mut(place).ok_or("it is outside of an array")? = value.clone();
                }
                PatchOp::Remove => drop(elements.remove(index(key, elements.len())?)),
            }
            Ok(Document::array(elements))
        }
        _ => Err("what stands above it is neither an object nor an array".to_owned()),
    }
}

/// The place in an array of that length.
fn index(key: &str, length: usize) -> std::result::Result<usize, String> {
    let place = key.parse().ok().filter(|place: &usize| *place < length && place.to_string() == key);
    place.ok_or_else(|| format!("\"{key}\" is no place in an array of {length}"))
}

/// The size of `value` as compact JSON.
pub(super) fn size(value: &Document) -> u64 {
    let mut text = Vec::new();
    write(&value.view(), Style::PLAIN, &mut text);
    text.len() as u64
}
