//! One state of an engine: modules, data, and the program compiled from them. Never changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ownership::Owners;
use super::{Evaluation, Revision, Target, not_found};
use crate::error::Result;
use crate::rego::{Compiler, Document, Evaluated, Explanation, Module, Path, Program, Question, RegoVersion, on_deep_stack};

/// Policies by name.
pub(super) type Modules = BTreeMap<Arc<str>, Module>;

#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) revision: Revision,
    pub(super) modules: Modules,
    pub(super) data: Arc<Document>,
    /// No less than the size of `data` as compact JSON: patches add to it, and it is counted anew only when it reaches the limit.
    pub(super) data_bytes: u64,
    pub(super) program: Arc<dyn Program>,
    /// What compiles the modules: it knows the schemas.
    pub(super) compiler: Arc<dyn Compiler>,
    /// Which source each part came from.
    pub(super) owners: Arc<Owners>,
}

impl Snapshot {
    pub(super) fn empty(compiler: &Arc<dyn Compiler>) -> Result<Self> {
        Self::new(Arc::clone(compiler), Modules::new(), Arc::new(Document::empty_object()), 2, Arc::default())
    }

    pub(super) fn new(
        compiler: Arc<dyn Compiler>,
        modules: Modules,
        data: Arc<Document>,
        data_bytes: u64,
        owners: Arc<Owners>,
    ) -> Result<Self> {
        let program = compiler.compile(&sources(&modules), &data)?;
        Ok(Self { revision: Revision::next(&owners.label()), modules, data, data_bytes, program, compiler, owners })
    }

    /// Other modules, of which what stayed is not compiled again where `compiler` is the same.
    pub(super) fn with_modules(
        &self,
        compiler: &Arc<dyn Compiler>,
        modules: Modules,
        data: Arc<Document>,
        data_bytes: u64,
        owners: Arc<Owners>,
    ) -> Result<Self> {
        // On one stack: a thread takes the core of somebody who decides, for a while.
        let program = on_deep_stack(|| {
            let sources = sources(&modules);
            let is_same = Arc::ptr_eq(compiler, &self.compiler);
            let replaced = is_same.then(|| self.program.replaced(&sources, &data)).flatten();
            let program = replaced.map_or_else(|| compiler.compile(&sources, &data), Ok)?;
            // What was asked of the state before will be asked of this one, by somebody who should not wait for a plan.
            program.plan_ahead(&self.program.planned());
            Ok(program)
        })?;
        let (revision, compiler) = (Revision::next(&owners.label()), Arc::clone(compiler));
        Ok(Self { revision, modules, data, data_bytes, program, compiler, owners })
    }

    /// The document that `target` names under this state.
    pub(super) fn path<'a>(&'a self, target: &'a Target) -> Result<Cow<'a, Path>> {
        match target {
            Target::Path(path) => Ok(Cow::Borrowed(path)),
            Target::Name(name) => self.program.package(name).map(Cow::Borrowed).ok_or_else(|| not_found(name)),
        }
    }

    /// The same modules over other data: nothing is compiled.
    pub(super) fn with_data(&self, data: Arc<Document>, data_bytes: u64, owners: Arc<Owners>) -> Result<Self> {
        let program = self.program.with_data(&data)?;
        let (modules, compiler) = (self.modules.clone(), Arc::clone(&self.compiler));
        Ok(Self { revision: Revision::next(&owners.label()), modules, data, data_bytes, program, compiler, owners })
    }

    pub(super) fn evaluate(&self, target: &Target, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluation> {
        let path = self.path(target)?;
        self.program.evaluate(&path, question, output).map(|evaluated| self.evaluation(evaluated))
    }

    pub(super) fn explain(
        &self,
        target: &Target,
        question: &Question<'_>,
        how: Explanation,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        let path = self.path(target)?;
        self.program.explain(&path, question, how, output).map(|evaluated| self.evaluation(evaluated))
    }

    pub(super) fn query(
        &self,
        text: &str,
        version: RegoVersion,
        question: &Question<'_>,
        output: &mut Vec<u8>,
    ) -> Result<Evaluation> {
        self.program.query(text, version, question, output).map(|evaluated| self.evaluation(evaluated))
    }

    fn evaluation(&self, evaluated: Evaluated) -> Evaluation {
        Evaluation { outcome: evaluated.outcome, revision: self.revision, read: evaluated.read, evaluate: evaluated.evaluate }
    }
}

/// By name.
fn sources(modules: &Modules) -> Vec<Module> {
    modules.values().cloned().collect()
}
