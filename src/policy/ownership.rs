//! Which source what an engine holds came from: by the roots of OPA's bundles (`v1/bundle/store.go`), which never overlap.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::rego::Path;

/// What one source owns.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    /// The packages and documents under these are the source's.
    pub(super) roots: Vec<Path>,
    /// The names of its policies.
    pub(super) modules: Vec<Arc<str>>,
    /// What the source calls its state.
    pub(super) revision: String,
}

/// What each source owns, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners(BTreeMap<Arc<str>, Owned>);

impl Owners {
    pub(super) fn get(&self, source: &str) -> Option<&Owned> {
        self.0.get(source)
    }

    pub(super) fn with(&self, source: &Arc<str>, owned: Owned) -> Self {
        let mut owners = self.clone();
        owners.0.insert(Arc::clone(source), owned);
        owners
    }

    pub(super) fn without(&self, source: &str) -> Self {
        let mut owners = self.clone();
        owners.0.remove(source);
        owners
    }

    /// `name=revision` of each, separated by commas.
    pub(super) fn label(&self) -> String {
        let each = self.0.iter().map(|(name, owned)| format!("{name}={}", owned.revision));
        each.collect::<Vec<_>>().join(",")
    }

    /// Refuses roots that another source has.
    pub(super) fn check_roots(&self, source: &str, roots: &[Path]) -> Result<()> {
        for (name, owned) in self.0.iter().filter(|(name, _)| &***name != source) {
            for (root, other) in roots.iter().flat_map(|root| owned.roots.iter().map(move |other| (root, other))) {
                if overlap(root, other) {
                    let problem = format!(
                        "its root \"{}\" overlaps \"{}\" of the source {name}; give each source roots of its own in its .manifest",
                        root.to_slashes(),
                        other.to_slashes()
                    );
                    return Err(Error::new(ErrorKind::Conflict, problem));
                }
            }
        }
        Ok(())
    }

    /// The source that brought the policy `name`.
    pub(super) fn of_module(&self, name: &str) -> Option<&Arc<str>> {
        self.0.iter().find(|(_, owned)| owned.modules.iter().any(|module| &**module == name)).map(|(source, _)| source)
    }

    /// The source under one of whose roots the package `path` is.
    pub(super) fn of_package(&self, path: &Path) -> Option<&Arc<str>> {
        self.find(|root| contains(root, path))
    }

    /// The source that has something at, above or below `path`.
    pub(super) fn of_data(&self, path: &Path) -> Option<&Arc<str>> {
        self.find(|root| overlap(root, path))
    }

    fn find(&self, is_it: impl Fn(&Path) -> bool) -> Option<&Arc<str>> {
        self.0.iter().find(|(_, owned)| owned.roots.iter().any(&is_it)).map(|(source, _)| source)
    }
}

/// What a change by hand to a source's own gets.
pub(super) fn owned_by(source: &str, what: impl std::fmt::Display) -> Error {
    let problem = format!("{what} comes from the source {source}, which would replace it; change it there, or close the source");
    Error::new(ErrorKind::Conflict, problem)
}

/// Whether `path` is `root` or below it.
pub(super) fn contains(root: &Path, path: &Path) -> bool {
    path.keys().starts_with(root.keys())
}

/// Whether one of them is the other or below it.
pub(super) fn overlap(a: &Path, b: &Path) -> bool {
    contains(a, b) || contains(b, a)
}
