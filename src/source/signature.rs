//! Whether a bundle is signed, and by whom (OPA's `v1/bundle/verify.go`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::archive::File;
use super::config::Signing;
use super::content::{read_json, read_yaml};
use super::{digest, wildcard};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::Document;
use crate::rego::builtins::{Signed, Verifier};

/// The name of the file that has the signature, wherever it stands.
pub(super) const FILE: &str = ".signatures.json";

/// Refuses a key that could verify nothing.
pub(super) fn check_key(algorithm: &str, key: &str) -> std::result::Result<(), String> {
    Verifier::new(algorithm, key).map(|_| ())
}

/// Refuses a whole bundle whose files are not all those that a known key signed.
///
/// `signatures` is the content of the file of signatures; `files` are all others.
pub(super) fn verify(signing: Option<&Signing>, signatures: Option<&[u8]>, files: &[File], limit: u64) -> Result<()> {
    let Some(signing) = signing else {
        return match signatures {
            None => Ok(()),
            Some(_) => Err(bad("the bundle is signed, and there is no key to verify it with; give keys")),
        };
    };
    let signatures = signatures
        .ok_or_else(|| bad("bundle missing .signatures.json file: where there is a key, nothing unsigned is activated"))?;
    let mut signed = signed_files(signing, signatures)?;
    for file in files {
        let path = file.path.strip_prefix('/').unwrap_or(&file.path);
        let known = signed.remove(path);
        if signing.exclude_files.iter().any(|pattern| wildcard::matches(pattern, path)) {
            continue;
        }
        let (hash, algorithm) = known.ok_or_else(|| bad(format!("file {path} not included in bundle signature")))?;
        check_file(path, &file.bytes, &hash, &algorithm, limit)?;
    }
    match signed.keys().next() {
        None => Ok(()),
        Some(missing) => Err(bad(format!("file {missing} specified in bundle signatures but not found in the target bundle"))),
    }
}

fn bad(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, problem).with_code("bundle_error")
}

/// The hash and its algorithm of each file that the signature names.
fn signed_files(signing: &Signing, signatures: &[u8]) -> Result<BTreeMap<String, (String, String)>> {
    let json: Value =
        serde_json::from_slice(signatures).map_err(|e| bad(format!("bundle load failed on signatures decode: {e}")))?;
    if json.get("plugin").and_then(Value::as_str).is_some_and(|plugin| !plugin.is_empty() && plugin != "_default") {
        return Err(bad("the signature wants a plugin to verify it, which sark has none of"));
    }
    let tokens = json.get("signatures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [token] = tokens else { return Err(bad(format!("{FILE}: expected exactly one JWT, found {}", tokens.len()))) };
    let token = token.as_str().ok_or_else(|| bad(format!("{FILE}: a signature is no text")))?;
    let payload = verified_payload(signing, token)?;
    let files = payload.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |file: &Value, name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(files.iter().map(|file| (text(file, "name"), (text(file, "hash"), text(file, "algorithm")))).collect())
}

fn verified_payload(signing: &Signing, token: &str) -> Result<Value> {
    let signed = Signed::parse(token).map_err(|problem| bad(format!("{FILE}: {problem}")))?;
    let header: Value = serde_json::from_slice(&signed.header).map_err(|e| bad(format!("{FILE}: its header: {e}")))?;
    let payload: Value = serde_json::from_slice(&signed.payload).map_err(|e| bad(format!("{FILE}: its payload: {e}")))?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    // Configured, else named by the header, else by the payload, which is deprecated.
    let ids = [signing.key_id.clone(), text(&header, "kid"), text(&payload, "keyid")];
    let id = ids.into_iter().find(|id| !id.is_empty()).ok_or_else(|| bad("verification key ID is empty"))?;
    let key = signing.keys.get(&id).ok_or_else(|| bad(format!("verification key corresponding to ID {id} not found")))?;
    let verifier = Verifier::new(&key.algorithm, &key.key).map_err(|problem| bad(format!("keys.{id}: {problem}")))?;
    if !verifier.verifies(&signed) {
        return Err(bad(format!("failed to verify JWT signature by the key {id}")));
    }
    let scope = if signing.scope.is_empty() { &key.scope } else { &signing.scope };
    if text(&payload, "scope") != *scope {
        return Err(bad("scope mismatch"));
    }
    Ok(payload)
}

fn check_file(path: &str, bytes: &[u8], hash: &str, algorithm: &str, limit: u64) -> Result<()> {
    if algorithm.is_empty() {
        return Err(bad(format!("no hashing algorithm provided for file {path}")));
    }
    let found = if is_structured(path) {
        digest::of_document(algorithm, &structured(path, bytes, limit)?)
    } else {
        digest::of_bytes(algorithm, bytes)
    };
    let found = found.ok_or_else(|| bad(format!("unsupported hashing algorithm: {algorithm}")))?;
    let shown: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
    if shown == hash.to_ascii_lowercase() {
        return Ok(());
    }
    Err(bad(format!("{path}: digest mismatch (want: {hash}, got: {shown})")))
}

/// Files whose blanks and order of keys do not matter.
fn is_structured(path: &str) -> bool {
    matches!(path.rsplit('/').next().unwrap_or(path), "data.json" | "data.yaml" | "data.yml" | ".manifest")
}

/// JSON, else YAML, whatever the file is called (OPA's `util.Unmarshal`).
fn structured(path: &str, bytes: &[u8], limit: u64) -> Result<Document> {
    read_json(path, bytes, limit).or_else(|_| read_yaml(path, bytes, limit))
}
