//! Rego, JSON and YAML below a directory, as `opa run PATH` reads them (OPA's `v1/loader/loader.go`).

use std::path::{Path as FilePath, PathBuf};

use sha2::{Digest, Sha256};

use super::content::{merge, nest, outside, read_json, read_yaml};
use super::walk::{self, Found, Look};
use super::watched::Files;
use super::{Brought, config::Config};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Content;
use crate::rego::{Document, Module, Path, RegoVersion};

/// A directory, and how it is read.
pub(super) struct Directory {
    root: PathBuf,
    /// Patterns of names that are passed over.
    ignore: Vec<String>,
    /// What of data is the directory's; everything, unless the caller says otherwise.
    roots: Vec<Path>,
    rego_version: RegoVersion,
    /// The largest that a file, and all of them, may be.
    limit: u64,
}

impl Directory {
    pub(super) fn new(root: &FilePath, config: &Config, rego_version: RegoVersion) -> Self {
        let (ignore, roots, limit) = (config.ignore.clone(), directory_roots(config), config.size_limit_bytes);
        Self { root: root.to_owned(), ignore, roots, rego_version, limit }
    }
}

impl Files for Directory {
    fn look(&self) -> Result<Look> {
        look(self).map(|(look, _)| look)
    }

    fn read(&self) -> Result<(Brought, u64)> {
        let (_, found) = look(self)?;
        let content = read(&found, self)?;
        Ok((Brought::Whole(content), found.iter().map(|file| file.size).sum()))
    }
}

fn directory_roots(config: &Config) -> Vec<Path> {
    match &config.roots {
        None => vec![Path::new(Vec::new())],
        Some(roots) => roots.iter().map(|root| Path::from_slashes(root.trim_matches('/'))).collect(),
    }
}

/// What is a policy or data, and what it looks like from outside.
fn look(directory: &Directory) -> Result<(Look, Vec<Found>)> {
    let all = walk::files(&directory.root, &directory.ignore)?;
    if let [file] = all.as_slice()
        && file.path == directory.root
        && kind(file).is_none()
    {
        let problem = format!("{} is no directory, and neither Rego, JSON nor YAML", directory.root.display());
        return Err(Error::new(ErrorKind::InvalidArgument, problem));
    }
    let found: Vec<Found> = all.into_iter().filter(|file| kind(file).is_some()).collect();
    Ok((Look::of(&found), found))
}

enum Kind {
    Rego,
    Json,
    Yaml,
}

fn kind(file: &Found) -> Option<Kind> {
    let name = file.keys.last()?;
    match name.rsplit_once('.')?.1 {
        // Tests of policies are no policies.
        "rego" if name.ends_with("_test.rego") => None,
        "rego" => Some(Kind::Rego),
        "json" => Some(Kind::Json),
        "yaml" | "yml" => Some(Kind::Yaml),
        _ => None,
    }
}

/// Reads the files that `look` found.
fn read(found: &[Found], directory: &Directory) -> Result<Content> {
    let (mut modules, mut data, mut data_bytes, mut left) = (Vec::new(), Document::empty_object(), 2_u64, directory.limit);
    let mut digest = Sha256::new();
    for file in found {
        let shown = file.path.display().to_string();
        let bytes = walk::read(&file.path, left)?;
        left = left.saturating_sub(bytes.len() as u64);
        digest.update(file.keys.join("/"));
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(&bytes);
        let value = match kind(file) {
            Some(Kind::Rego) => {
                modules.push(module(shown, bytes, directory)?);
                continue;
            }
            Some(Kind::Json) => read_json(&shown, &bytes, directory.limit)?,
            Some(Kind::Yaml) => read_yaml(&shown, &bytes, directory.limit)?,
            None => continue,
        };
        data_bytes = data_bytes.saturating_add(bytes.len() as u64).saturating_add(shown.len() as u64 * 2);
        data = insert(&data, file, &shown, value)?;
    }
    check_roots(&data, &directory.roots)?;
    Ok(Content {
        revision: short(&digest.finalize()),
        roots: directory.roots.clone(),
        modules,
        data,
        has_rule_values: false,
        data_bytes,
        about: None,
    })
}

/// A directory does not say what state it is in: its content does.
fn short(digest: &[u8]) -> String {
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn module(name: String, bytes: Vec<u8>, directory: &Directory) -> Result<Module> {
    let source = String::from_utf8(bytes).map_err(|e| {
        let problem = format!("{name}: invalid UTF-8 at offset {}", e.utf8_error().valid_up_to());
        Error::new(ErrorKind::SerializationError, problem)
    })?;
    Ok(Module { name: name.into(), source: source.into(), version: directory.rego_version })
}

/// A file's data stands below the names of its directories, not its own.
fn insert(data: &Document, file: &Found, shown: &str, value: Document) -> Result<Document> {
    let directories = file.keys.split_last().map_or(&[][..], |(_, directories)| directories);
    let value = nest(directories, value);
    if !matches!(value, Document::Object(_)) {
        return Err(Error::new(ErrorKind::Conflict, format!("{shown}: document must be of type object")));
    }
    merge(data, &value).map_err(|place| {
        let problem = format!("{shown}: merge error: conflicting values at {place}, data from multiple files must not overlap");
        Error::new(ErrorKind::Conflict, problem)
    })
}

/// Refuses data outside of the roots: it would be left out without a word.
fn check_roots(data: &Document, roots: &[Path]) -> Result<()> {
    let permits = |path: &[String]| roots.iter().any(|root| path.starts_with(root.keys()));
    let leads = |path: &[String]| roots.iter().any(|root| root.keys().starts_with(path));
    let Some(path) = outside(data, permits, leads) else { return Ok(()) };
    let problem = format!("the roots of the source do not permit data at {}", Path::new(path));
    Err(Error::new(ErrorKind::Conflict, problem))
}
