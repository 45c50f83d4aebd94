//! Changes that come into force together or not at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::ownership::owned_by;
use super::snapshot::Snapshot;
use super::{Engine, Revision, check_name, data, not_found};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::value::{MAX_DEPTH, read_document};
use crate::rego::{Document, Limits, Module, Path, RegoVersion};

/// A list of changes for one engine. Made and committed by one thread at a time.
pub struct Update {
    engine: Arc<Engine>,
    changes: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Load(Module),
    Remove(Arc<str>),
    Clear,
    Put { path: Path, value: Document, bytes: u64 },
    Schema { path: Arc<str>, json: Option<Arc<[u8]>> },
}

impl Update {
    /// An update without changes.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn new(engine: Arc<Engine>) -> Result<Self> {
        drop(engine.snapshot()?);
        Ok(Self { engine, changes: Vec::new() })
    }

    /// Loads or replaces a policy. Whether it compiles is said by `commit`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a name that is empty or reads as a path; `TOO_LARGE`.
    pub fn load_policy(&mut self, name: &str, rego: &str, version: Option<RegoVersion>) -> Result<()> {
        check_name(name)?;
        self.engine.check_policy_bytes(rego.len() as u64)?;
        let version = version.unwrap_or(self.engine.options.rego_version);
        self.changes.push(Change::Load(Module { name: name.into(), source: rego.into(), version }));
        Ok(())
    }

    /// Removes a policy.
    ///
    /// # Errors
    /// `commit` answers `POLICY_NOT_FOUND` where none has that name by then.
    pub fn remove_policy(&mut self, name: &str) -> Result<()> {
        self.changes.push(Change::Remove(name.into()));
        Ok(())
    }

    /// Removes all policies that were loaded by hand, those of this update included.
    ///
    /// # Errors
    /// None today.
    pub fn clear_policies(&mut self) -> Result<()> {
        self.changes.push(Change::Clear);
        Ok(())
    }

    /// Puts a JSON schema at a path such as `schema.user`, or takes away what is there.
    ///
    /// # Errors
    /// `commit` answers `INVALID_ARGUMENT`, `SERIALIZATION_ERROR` and `LIMIT_EXCEEDED` for what is no path or no schema, `UNSUPPORTED` for
    /// another evaluator than sark's.
    pub fn set_schema(&mut self, path: &str, json: Option<&[u8]>) -> Result<()> {
        self.engine.check_policy_bytes(json.map_or(0, |json| json.len() as u64))?;
        self.changes.push(Change::Schema { path: path.into(), json: json.map(Arc::from) });
        Ok(())
    }

    /// Replaces all data by a JSON object.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED` for the text; `INVALID_ARGUMENT` for what is not an object.
    pub fn set_data(&mut self, json: &[u8]) -> Result<()> {
        self.put(Path::new(Vec::new()), json)
    }

    /// Replaces the document at `path`, such as `/users/alice`.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR`, `LIMIT_EXCEEDED` for the text; `commit` answers `CONFLICT` where a document above is not an object.
    pub fn patch_data(&mut self, path: &str, json: &[u8]) -> Result<()> {
        self.put(Path::from_slashes(path), json)
    }

    fn put(&mut self, path: Path, json: &[u8]) -> Result<()> {
        let value = read_document(json, Limits { max_bytes: self.engine.options.max_data_bytes, max_depth: MAX_DEPTH })?;
        if path.keys().is_empty() && !matches!(value, Document::Object(_)) {
            return Err(Error::invalid("json", "data must be a JSON object"));
        }
        self.changes.push(Change::Put { path, value, bytes: json.len() as u64 });
        Ok(())
    }

    /// Brings all changes into force, or none. After success the update is empty and can be used again; after an error it is as before.
    /// With `expected`, only if the engine still has that revision.
    ///
    /// # Errors
    /// `CONFLICT`, `COMPILATION_ERROR`, `POLICY_NOT_FOUND`, `TOO_LARGE`, `CLOSED`.
    pub fn commit(&mut self, expected: Option<&str>) -> Result<Revision> {
        let engine = Arc::clone(&self.engine);
        let _writing = engine.lock_writing();
        if engine.closed.load(Ordering::Acquire) {
            return Err(Error::closed("engine"));
        }
        let present = engine.snapshot.load_full();
        if expected.is_some_and(|expected| expected != present.revision.as_str()) {
            let problem = format!(
                "the engine is at revision {}, not at the expected one; look again and repeat the update",
                present.revision
            );
            return Err(Error::new(ErrorKind::Conflict, problem));
        }
        let next = self.apply(&present)?;
        let revision = next.revision;
        engine.install(next);
        self.changes.clear();
        Ok(revision)
    }

    fn apply(&self, present: &Snapshot) -> Result<Snapshot> {
        let mut modules = present.modules.clone();
        let mut data = Document::clone(&present.data);
        let mut data_bytes = present.data_bytes;
        let mut compiler = Arc::clone(&present.compiler);
        for change in &self.changes {
            self.check_owner(present, change)?;
            match change {
                Change::Load(module) => drop(modules.insert(Arc::clone(&module.name), module.clone())),
                Change::Remove(name) => drop(modules.remove(name).ok_or_else(|| not_found(name))?),
                Change::Clear => modules.retain(|name, _| present.owners.of_module(name).is_some()),
                Change::Schema { path, json } => {
                    compiler = compiler.with_schema(path, json.as_deref(), self.engine.options.max_policy_bytes)?;
                }
                Change::Put { path, value, bytes } if path.keys().is_empty() => (data, data_bytes) = (value.clone(), *bytes),
                Change::Put { path, value, bytes } => {
                    data = data::put(&data, path, value.clone())?;
                    data_bytes = data_bytes.saturating_add(*bytes).saturating_add(path.to_string().len() as u64);
                }
            }
        }
        let next = self.engine.next(present, &compiler, modules, data, data_bytes, Arc::clone(&present.owners))?;
        self.check_loaded(&next).map(|()| next)
    }

    /// What a source brought is changed there.
    fn check_owner(&self, present: &Snapshot, change: &Change) -> Result<()> {
        let owners = &present.owners;
        let owner = match change {
            Change::Load(Module { name, .. }) | Change::Remove(name) => {
                owners.of_module(name).map(|source| (source, format!("the policy {name}")))
            }
            Change::Put { path, .. } => owners.of_data(path).map(|source| (source, format!("{path}, or a part of it,"))),
            Change::Clear | Change::Schema { .. } => None,
        };
        owner.map_or(Ok(()), |(source, what)| Err(owned_by(source, what)))
    }

    /// A policy that is loaded by hand stands beside what sources bring.
    fn check_loaded(&self, next: &Snapshot) -> Result<()> {
        let names = self.changes.iter().filter_map(|change| match change {
            Change::Load(module) => Some(&module.name),
            _ => None,
        });
        for name in names {
            let package = next.program.package(name);
            if let Some((package, source)) = package.and_then(|package| Some((package, next.owners.of_package(package)?))) {
                return Err(owned_by(source, format_args!("the package {package} of the policy {name}")));
            }
        }
        Ok(())
    }
}
