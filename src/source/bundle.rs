//! What a bundle's files mean (OPA's `v1/bundle/bundle.go`): a whole state, or a delta.

use std::sync::Arc;

use super::archive::File;
use super::config::Signing;
use super::content::{field, merge, nest, outside, read_json, read_yaml, text};
use super::manifest::{Manifest, unescaped_path};
use super::{Brought, signature};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Content, Delta, Patch, PatchOp};
use crate::rego::value::DocObject;
use crate::rego::{Document, Module, Path, RegoVersion};

/// How a bundle is read.
pub(super) struct Reading<'a> {
    /// The source's name, which policies' names begin with.
    pub(super) name: &'a str,
    pub(super) signing: Option<&'a Signing>,
    pub(super) rego_version: RegoVersion,
    /// The largest document, in bytes.
    pub(super) limit: u64,
    /// What the server calls this state.
    pub(super) etag: &'a str,
}

/// Reads a bundle.
///
/// # Errors
/// `SERIALIZATION_ERROR`, `TOO_LARGE`, `LIMIT_EXCEEDED` for its files; `CONFLICT` for data and policies outside of its roots, and data that
/// stands twice; `INVALID_ARGUMENT` with the code `bundle_error` for a missing or wrong signature; `UNSUPPORTED` for WebAssembly.
pub(super) fn read(files: Vec<File>, reading: &Reading<'_>) -> Result<Brought> {
    let (signatures, files) = split_signatures(files)?;
    let patch = read_patch(&files, reading)?;
    let manifest = read_manifest(&files, reading)?;
    if let Some(patches) = patch.filter(|patches| !patches.is_empty()) {
        return read_delta(&files, patches, &manifest, reading).map(Brought::Delta);
    }
    signature::verify(reading.signing, signatures.as_deref(), &files, reading.limit)?;
    read_content(&files, &manifest, reading).map(Brought::Whole)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn split_signatures(files: Vec<File>) -> Result<(Option<Vec<u8>>, Vec<File>)> {
    let (mut signatures, others): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| base(&file.path) == signature::FILE);
    let first = signatures.pop();
    if let (Some(a), Some(b)) = (&first, signatures.first()) {
        let problem = format!("bundle contains multiple signatures files: {:?} and {:?}", b.path, a.path);
        return Err(Error::new(ErrorKind::Conflict, problem));
    }
    Ok((first.map(|file| file.bytes), others))
}

fn read_manifest(files: &[File], reading: &Reading<'_>) -> Result<Manifest> {
    let mut found = files.iter().filter(|file| file.path.ends_with(".manifest"));
    if let Some(file) = files.iter().find(|file| file.path.ends_with(".manifest.pb")) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} is a manifest in protobuf, which sark does not read", file.path),
        ));
    }
    let Some(file) = found.next() else { return Ok(Manifest::default()) };
    if let Some(other) = found.next() {
        let problem = format!("bundle contains multiple manifest files: {:?} and {:?}", file.path, other.path);
        return Err(Error::new(ErrorKind::Conflict, problem));
    }
    Manifest::read(read_json(&file.path, &file.bytes, reading.limit)?)
}

fn read_content(files: &[File], manifest: &Manifest, reading: &Reading<'_>) -> Result<Content> {
    let (mut modules, mut data, mut data_bytes) = (Vec::new(), Document::empty_object(), 2_u64);
    for file in files {
        let path = file.path.as_str();
        if path.ends_with(".rego") {
            modules.push(module(file, manifest, reading)?);
            continue;
        }
        let value = match base(path) {
            "data.json" => read_json(path, &file.bytes, reading.limit)?,
            "data.yaml" | "data.yml" => read_yaml(path, &file.bytes, reading.limit)?,
            _ => continue,
        };
        data_bytes = data_bytes.saturating_add(file.bytes.len() as u64).saturating_add(path.len() as u64 * 2);
        data = insert(&data, path, value, manifest)?;
    }
    Ok(Content {
        revision: manifest.revision.clone(),
        roots: manifest.root_paths()?,
        modules,
        data,
        has_rule_values: false,
        data_bytes,
        about: Some(about_bundle(manifest, reading)),
    })
}

/// A file's data stands below the names of its directories, in which a percent sign begins an escape (OPA's `getFileStoragePath`); what
/// the roots permit is told by the names as they are written.
fn insert(data: &Document, path: &str, value: Document, manifest: &Manifest) -> Result<Document> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let directory = directory.trim_start_matches(['/', '.']);
    let failed = |problem: String| Error::new(ErrorKind::Conflict, format!("bundle load failed on {path}: {problem}"));
    let keys: Vec<String> = if directory.is_empty() { Vec::new() } else { directory.split('/').map(str::to_owned).collect() };
    if let Some(path) = outside(&nest(&keys, value.clone()), |path| manifest.permits(path), |path| manifest.leads_to_root(path)) {
        return Err(not_permitted(&path, manifest));
    }
    let place = unescaped_path(directory).ok_or_else(|| failed("storage path invalid".to_owned()))?;
    let value = nest(place.keys(), value);
    if !matches!(value, Document::Object(_)) {
        return Err(failed("root value must be object".to_owned()));
    }
    merge(data, &value).map_err(|place| failed(format!("another file has {place} already")))
}

fn module(file: &File, manifest: &Manifest, reading: &Reading<'_>) -> Result<Module> {
    let source = std::str::from_utf8(&file.bytes).map_err(|e| {
        Error::new(ErrorKind::SerializationError, format!("{}: invalid UTF-8 at offset {}", file.path, e.valid_up_to()))
    })?;
    let name = format!("{}/{}", reading.name, file.path.trim_start_matches("./").trim_start_matches('/'));
    let version = manifest.version_of(&file.path, reading.rego_version);
    Ok(Module { name: name.into(), source: source.into(), version })
}

fn not_permitted(path: &[String], manifest: &Manifest) -> Error {
    let problem = format!(
        "manifest roots {:?} do not permit data at path '/{}' (hint: check bundle directory structure)",
        manifest.roots,
        path.join("/")
    );
    Error::new(ErrorKind::Conflict, problem)
}

fn about_bundle(manifest: &Manifest, reading: &Reading<'_>) -> Document {
    let keys = ["etag", "manifest"].map(Document::string).to_vec();
    Document::Object(Arc::new(DocObject::new(keys, vec![Document::string(reading.etag), manifest.about()])))
}

/// The operations of `patch.json`; `None` where there is no such file.
fn read_patch(files: &[File], reading: &Reading<'_>) -> Result<Option<Vec<Document>>> {
    let Some(file) = files.iter().find(|file| base(&file.path) == "patch.json") else { return Ok(None) };
    let document = read_json(&file.path, &file.bytes, reading.limit)?;
    match field(&document, "data") {
        None => Ok(Some(Vec::new())),
        Some(Document::Array(list)) => Ok(Some(list.elements().to_vec())),
        Some(_) => Err(bad_patch(&file.path, "data is not a list")),
    }
}

fn bad_patch(file: &str, problem: &str) -> Error {
    Error::new(ErrorKind::SerializationError, format!("bundle load failed on patch decode: {file}: {problem}"))
}

fn read_delta(files: &[File], patches: Vec<Document>, manifest: &Manifest, reading: &Reading<'_>) -> Result<Delta> {
    if reading.signing.is_some() {
        let problem = "delta bundles do not support signature verification: where there is a key, nothing unsigned is activated";
        return Err(Error::new(ErrorKind::InvalidArgument, problem).with_code("bundle_error"));
    }
    let is_more = |file: &&File| {
        let name = base(&file.path);
        file.path.ends_with(".rego") || matches!(name, "data.json" | "data.yaml" | "data.yml" | "policy.wasm")
    };
    if let Some(file) = files.iter().find(is_more) {
        let problem = format!("delta bundle expected to contain only patch file but {} was found", file.path);
        return Err(Error::new(ErrorKind::Conflict, problem));
    }
    let patches = patches.iter().map(|patch| read_operation(patch, manifest)).collect::<Result<_>>()?;
    Ok(Delta {
        revision: manifest.revision.clone(),
        roots: manifest.root_paths()?,
        patches,
        bytes: files.iter().map(|file| file.bytes.len() as u64).sum(),
        about: Some(about_bundle(manifest, reading)),
    })
}

fn read_operation(patch: &Document, manifest: &Manifest) -> Result<Patch> {
    let bad = |problem: String| bad_patch("patch.json", &problem);
    let said = |name: &str| field(patch, name).and_then(text);
    let path = said("path").unwrap_or_default();
    let trimmed = path.trim_matches('/');
    let keys: Vec<String> = trimmed.split('/').map(str::to_owned).collect();
    if !manifest.permits(&keys) {
        let problem = format!("manifest roots {:?} do not permit data patch at path '{trimmed}'", manifest.roots);
        return Err(Error::new(ErrorKind::Conflict, problem));
    }
    let value = || field(patch, "value").cloned().unwrap_or_default();
    let op = match said("op").as_deref() {
        Some("upsert") => PatchOp::Upsert(value()),
        Some("replace") => PatchOp::Replace(value()),
        Some("remove") => PatchOp::Remove,
        other => return Err(bad(format!("bad patch operation: {}", other.unwrap_or_default()))),
    };
    let path = unescaped_path(trimmed).ok_or_else(|| bad(format!("error parsing patch path {path}")))?;
    // And the escapes of JSON pointers (RFC 6901).
    let keys = path.keys().iter().map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
    Ok(Patch { op, path: Path::new(keys) })
}
