//! Bringing what a source has into force: aside, whole, or not at all (OPA's `v1/bundle/store.go`, `activateBundles`).

use std::sync::atomic::Ordering;
use std::sync::{Arc, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::ownership::{Owned, contains};
use super::snapshot::{Modules, Snapshot};
use super::{Engine, Revision, data};
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::rego::{Document, Module, OutsideCall, Path};

/// The whole of what a source has.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// What the source calls its state.
    pub(crate) revision: String,
    /// Only what is under these changes.
    pub(crate) roots: Vec<Path>,
    /// Its policies, each in a package under a root.
    pub(crate) modules: Vec<Module>,
    /// An object; what of it is under the roots is put in place.
    pub(crate) data: Document,
    /// Whether `data` has the values of its rules in it, which are to be taken out.
    pub(crate) has_rule_values: bool,
    /// The size of its text.
    pub(crate) data_bytes: u64,
    /// What OPA keeps of a bundle at `data.system.bundles[name]`.
    pub(crate) about: Option<Document>,
}

/// One operation of a delta bundle.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub(crate) op: PatchOp,
    pub(crate) path: Path,
}

/// What is done at a path.
#[derive(Debug, Clone)]
pub(crate) enum PatchOp {
    /// Put there, with objects made above it.
    Upsert(Document),
    /// Put there, where something is.
    Replace(Document),
    /// Taken away.
    Remove,
}

/// What changes in a source's state.
#[derive(Debug, Clone)]
pub(crate) struct Delta {
    pub(crate) revision: String,
    pub(crate) roots: Vec<Path>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) bytes: u64,
    pub(crate) about: Option<Document>,
}

/// What came into force.
#[derive(Debug, Clone)]
pub(crate) struct Activated {
    /// The engine's revision from then on.
    pub(crate) revision: Revision,
    /// What of the source's policies cannot be decided here.
    pub(crate) outside_calls: Vec<OutsideCall>,
}

/// How long a state that was replaced is kept, so that the last decision that reads it need not take it apart.
const RETIREMENT: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

impl Engine {
    /// Replaces what the source brought before by what it has now.
    ///
    /// # Errors
    /// `CONFLICT` for roots that another source has, and data over rules; `COMPILATION_ERROR`; `TOO_LARGE`; `CLOSED`. Nothing changes then.
    pub(crate) fn activate(&self, source: &Arc<str>, content: &Content) -> Result<Activated> {
        let (activated, old) = self.replace(source, |present| self.with_content(present, source, content))?;
        retire(old);
        Ok(activated)
    }

    /// Changes what the source brought before.
    ///
    /// # Errors
    /// As [`Engine::activate`], and `CONFLICT` where the source brought nothing yet, or under other roots, or a patch does not fit.
    pub(crate) fn activate_delta(&self, source: &Arc<str>, delta: &Delta) -> Result<Activated> {
        let (activated, old) = self.replace(source, |present| self.with_delta(present, source, delta))?;
        retire(old);
        Ok(activated)
    }

    /// What it brought stays, and is nobody's.
    pub(crate) fn release(&self, source: &Arc<str>) {
        // Nothing of it can fail but a closed engine, which holds nothing.
        let released = self.replace(source, |present| {
            let mut next = present.clone();
            next.owners = Arc::new(present.owners.without(source));
            Ok(next)
        });
        drop(released);
    }

    /// Makes the next state aside, and swaps it in unless another came first; then it is made anew. A fork finds no lock held. Gives the old
    /// state, too.
    fn replace(&self, source: &str, make: impl Fn(&Snapshot) -> Result<Snapshot>) -> Result<(Activated, Arc<Snapshot>)> {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(Error::closed("engine"));
            }
            let present = self.snapshot.load_full();
            let next = make(&present)?;
            let activated = Activated { revision: next.revision, outside_calls: self.closed_calls(&next, source) };
            let mut next = Some(next);
            while let Some(snapshot) = next.take() {
                match process::work(|| self.install_after(&present, snapshot)) {
                    Installed::Yes => return Ok((activated, present)),
                    Installed::Overtaken => {}
                    Installed::Busy(snapshot) => {
                        next = Some(*snapshot);
                        thread::sleep(LOOK_AGAIN);
                    }
                }
            }
        }
    }

    fn install_after(&self, present: &Arc<Snapshot>, next: Snapshot) -> Installed {
        let _writing = match self.writing.try_lock() {
            Ok(writing) => writing,
            // It guards no data of its own: a writer that panicked left the old state in force.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Installed::Busy(Box::new(next)),
        };
        if self.closed.load(Ordering::Acquire) || !Arc::ptr_eq(&self.snapshot.load(), present) {
            return Installed::Overtaken;
        }
        self.install(next);
        Installed::Yes
    }

    fn with_content(&self, present: &Snapshot, source: &Arc<str>, content: &Content) -> Result<Snapshot> {
        present.owners.check_roots(source, &content.roots)?;
        let before = present.owners.get(source);
        let replaced: Vec<Path> = before.iter().flat_map(|owned| &owned.roots).chain(&content.roots).cloned().collect();
        let mut modules = self.without_modules(present, source, &replaced);
        let names: Vec<Arc<str>> = content.modules.iter().map(|module| Arc::clone(&module.name)).collect();
        if let Some(name) = names.iter().find(|name| modules.contains_key(*name)) {
            let problem = format!("there is a policy {name} already, and not under its roots; give the source another name");
            return Err(Error::new(ErrorKind::Conflict, problem));
        }
        modules.extend(content.modules.iter().map(|module| (Arc::clone(&module.name), module.clone())));
        let mut document = Document::clone(&present.data);
        for root in &replaced {
            document = data::remove(&document, root);
        }
        let base = if content.has_rule_values { self.base_documents(&modules, &content.data)? } else { content.data.clone() };
        for root in &content.roots {
            if let Some(value) = data::at(&base, root) {
                document = data::put(&document, root, value.clone())?;
            }
        }
        let document = data::with_bundle(&document, source, content.about.as_ref())?;
        let is_all = content.roots.iter().any(|root| root.keys().is_empty());
        let bytes = if is_all { content.data_bytes } else { present.data_bytes.saturating_add(content.data_bytes) };
        let owned = Owned { roots: content.roots.clone(), modules: names, revision: content.revision.clone() };
        let next = self.next(present, &present.compiler, modules, document, bytes, present.owners.with(source, owned))?;
        check_packages(&next, content).map(|()| next)
    }

    fn base_documents(&self, modules: &Modules, data: &Document) -> Result<Document> {
        let sources: Vec<Module> = modules.values().cloned().collect();
        let program = self.compiler.compile(&sources, &Arc::new(Document::empty_object()))?;
        program.base_documents(data)
    }

    /// All policies but those of the source, and those that stand where it wants to be.
    fn without_modules(&self, present: &Snapshot, source: &str, roots: &[Path]) -> Modules {
        let is_replaced = |name: &Arc<str>| match present.owners.of_module(name) {
            Some(owner) => **owner == *source,
            None => present.program.package(name).is_some_and(|package| roots.iter().any(|root| contains(root, package))),
        };
        present
            .modules
            .iter()
            .filter(|(name, _)| !is_replaced(name))
            .map(|(name, module)| (Arc::clone(name), module.clone()))
            .collect()
    }

    fn with_delta(&self, present: &Snapshot, source: &Arc<str>, delta: &Delta) -> Result<Snapshot> {
        let conflict = |problem: &str| Error::new(ErrorKind::Conflict, problem.to_owned());
        let owned =
            present.owners.get(source).ok_or_else(|| conflict("a delta came before there was a whole bundle to change"))?;
        let (mut ours, mut theirs) = (owned.roots.clone(), delta.roots.clone());
        ours.sort();
        theirs.sort();
        if ours != theirs {
            return Err(conflict("the delta's manifest has other roots than the bundle that it changes"));
        }
        let mut document = Document::clone(&present.data);
        for patch in &delta.patches {
            document = data::patch(&document, patch)?;
        }
        let document = data::with_bundle(&document, source, delta.about.as_ref())?;
        let owned = Owned { revision: delta.revision.clone(), ..owned.clone() };
        let bytes = present.data_bytes.saturating_add(delta.bytes);
        self.next(present, &present.compiler, present.modules.clone(), document, bytes, present.owners.with(source, owned))
    }
}

enum Installed {
    Yes,
    /// Another state came first.
    Overtaken,
    /// Somebody else is changing the engine.
    Busy(Box<Snapshot>),
}

/// Refuses policies in packages that are under no root.
fn check_packages(next: &Snapshot, content: &Content) -> Result<()> {
    for module in &content.modules {
        let Some(package) = next.program.package(&module.name) else { continue };
        if !content.roots.iter().any(|root| contains(root, package)) {
            let roots: Vec<String> = content.roots.iter().map(Path::to_slashes).collect();
            let problem = format!("manifest roots {roots:?} do not permit 'package {package}' in module '{}'", module.name);
            return Err(Error::new(ErrorKind::Conflict, problem));
        }
    }
    Ok(())
}

/// Takes the old state apart here, once nobody reads it: a decision that happened to be its last reader would do it otherwise, for as long
/// as it takes to free all data.
fn retire(old: Arc<Snapshot>) {
    let deadline = Instant::now() + RETIREMENT;
    while Arc::strong_count(&old) > 1 && Instant::now() < deadline {
        thread::sleep(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::Content;
    use crate::policy::{Engine, EngineOptions};
    use crate::rego::{Document, Path};
    use std::sync::Arc;

    #[test]
    fn a_writer_that_panicked_keeps_no_source_waiting() -> crate::error::Result<()> {
        let engine = Engine::new(EngineOptions::default(), None)?;
        let held = Arc::clone(&engine);
        let writer = std::thread::spawn(move || {
            let _writing = held.writing.lock();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(writer.join().is_err() && engine.writing.is_poisoned());
        let content = Content {
            revision: "v1".to_owned(),
            roots: vec![Path::new(Vec::new())],
            modules: Vec::new(),
            data: Document::empty_object(),
            has_rule_values: false,
            data_bytes: 2,
            about: None,
        };
        let activated = engine.activate(&"s".into(), &content)?;
        assert!(activated.revision.as_str().ends_with(" s=v1"));
        Ok(())
    }
}
