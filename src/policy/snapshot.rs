//! One state of an engine: modules, data, and the program compiled from them. Never changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Evaluation, Revision, Target, not_found};
use crate::error::Result;
use crate::rego::{Bounds, Compiler, Input, Module, Path, Program, Value};

/// Policies by name.
pub(super) type Modules = BTreeMap<Arc<str>, Module>;

pub(super) struct Snapshot {
    pub(super) revision: Revision,
    pub(super) modules: Modules,
    pub(super) data: Arc<Value>,
    /// No less than the size of `data` as compact JSON: patches add to it, and it is counted anew only when it reaches the limit.
    pub(super) data_bytes: u64,
    pub(super) program: Arc<dyn Program>,
}

impl Snapshot {
    pub(super) fn empty(compiler: &dyn Compiler) -> Result<Self> {
        Self::new(compiler, Modules::new(), Arc::new(Value::Object(serde_json::Map::new())), 2)
    }

    pub(super) fn new(compiler: &dyn Compiler, modules: Modules, data: Arc<Value>, data_bytes: u64) -> Result<Self> {
        let sources: Vec<Module> = modules.values().cloned().collect();
        let program = compiler.compile(&sources, &data)?;
        Ok(Self { revision: Revision::next(), modules, data, data_bytes, program })
    }

    /// The document that `target` names under this state.
    pub(super) fn path<'a>(&'a self, target: &'a Target) -> Result<Cow<'a, Path>> {
        match target {
            Target::Path(path) => Ok(Cow::Borrowed(path)),
            Target::Name(name) => self.program.package(name).map(Cow::Borrowed).ok_or_else(|| not_found(name)),
        }
    }

    pub(super) fn evaluate(
        &self,
        target: &Target,
        input: Option<&Input>,
        bounds: &Bounds,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        let path = self.path(target)?;
        let start = Instant::now();
        let outcome = self.program.evaluate(&path, input, bounds, output)?;
        Ok(Evaluation { outcome, revision: self.revision, read: Duration::ZERO, evaluate: start.elapsed() })
    }
}
