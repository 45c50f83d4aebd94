//! What of policies does not depend on data: their modules, compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::builtins::Loaded;
use super::compile::{self, Compiled};
use super::location::{compilation_error, location, parse_error};
use super::outline::Outline;
use super::parser::{self, Problem};
use super::schema::{Schema, Schemas};
use super::stack::{SHALLOW, deep};
use super::value::Arena;
use super::{Module, OutsideCall, ast, plan};
use crate::error::Result;

/// What does not depend on data.
pub(super) struct Rules {
    pub(super) compiled: Compiled,
    /// By name.
    pub(super) modules: Vec<Module>,
    /// One of each module.
    pub(super) outlines: Vec<Arc<Outline>>,
    pub(super) outside_calls: Vec<OutsideCall>,
    /// What builtins compiled of the constants.
    pub(super) loaded: Arc<Loaded>,
}

/// Closures in closures and `else` after `else` are as deep as the source has them: the thread that lets go of them may have little stack.
impl Drop for Rules {
    fn drop(&mut self) {
        let annotations = std::mem::take(&mut self.compiled.annotations);
        if annotations.depth() > SHALLOW || self.outlines.iter().any(|outline| outline.may_nest) {
            let rules = Arc::new(Mutex::new(Some((std::mem::take(&mut self.compiled.rules), annotations))));
            let there = Arc::clone(&rules);
            let dropped = deep(move || {
                drop(there.lock().ok().and_then(|mut rules| rules.take()));
                Ok(())
            });
            if dropped.is_err() {
                // Without a thread they stay: that is better than to end the process.
                std::mem::forget(rules);
            }
        }
    }
}

/// Makes rules of modules, in one way.
#[derive(Debug, Default)]
pub(super) struct RuleCompiler {
    options: compile::Options,
    schemas: Arc<Schemas>,
    /// What builtins compiled of all modules' constants when all were last compiled, most of which are the next ones', too.
    loaded: ArcSwap<Loaded>,
}

impl RuleCompiler {
    pub(super) fn new(options: compile::Options) -> Self {
        Self { options, schemas: Arc::default(), loaded: ArcSwap::default() }
    }

    /// The same with a schema of that name, or without the one that is there.
    pub(super) fn with_schema(&self, name: String, schema: Option<Schema>) -> Self {
        let mut schemas = Schemas::clone(&self.schemas);
        match schema {
            Some(schema) => drop(schemas.insert(name, schema)),
            None => drop(schemas.remove(&name)),
        }
        Self { options: self.options, schemas: Arc::new(schemas), loaded: ArcSwap::new(self.loaded.load_full()) }
    }

    /// What schemas take.
    pub(super) fn schema_bytes(&self) -> u64 {
        self.schemas.values().map(|schema| schema.bytes).sum()
    }

    /// Compiles modules, or parts of some. On the compiler's stack, as what follows.
    pub(super) fn compile(&self, parts: Vec<Part>) -> Result<Rules> {
        Rules::new(parts, self.options, &self.schemas, &self.loaded.load())
    }

    /// Compiles all modules of a program.
    pub(super) fn compile_all(&self, modules: &[Module]) -> Result<Arc<Rules>> {
        let rules = self.compile(all(modules))?;
        self.loaded.store(Arc::clone(&rules.loaded));
        Ok(Arc::new(rules))
    }

    /// Compiles modules to run their tests.
    pub(super) fn compile_tests(&self, modules: &[Module], coverage: bool) -> Result<Arc<Rules>> {
        let options = compile::Options { print_statements: true, tests: true, coverage, ..self.options };
        Rules::new(all(modules), options, &self.schemas, &self.loaded.load()).map(Arc::new)
    }
}

/// A module to be compiled, or what others need of it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) module: Module,
    /// The places, as offsets in its source, of the rules that are wanted; `None` for all.
    pub(super) rules: Option<BTreeSet<u32>>,
}

impl Part {
    pub(super) const fn all(module: Module) -> Self {
        Self { module, rules: None }
    }

    fn parse(&self, number: usize) -> std::result::Result<ast::Module, Vec<Problem>> {
        let mut parsed = parser::parse_module(&self.module.source, &parser::Options::of(self.module.version, number))?;
        if let Some(wanted) = &self.rules {
            keep(&mut parsed, |rule| wanted.contains(&rule.span.offset));
        }
        Ok(parsed)
    }
}

fn all(modules: &[Module]) -> Vec<Part> {
    modules.iter().cloned().map(Part::all).collect()
}

/// Leaves out the rules that are not wanted, and what is said of them.
fn keep(module: &mut ast::Module, is_wanted: impl Fn(&ast::Rule) -> bool) {
    let before = module.rules.len();
    let mut places = Vec::with_capacity(before);
    let mut kept = 0;
    module.rules.retain(|rule| {
        let is_wanted = is_wanted(rule);
        places.push(is_wanted.then_some(kept));
        kept += usize::from(is_wanted);
        is_wanted
    });
    module.annotations.retain_mut(|annotation| match annotation.rule {
        None => true,
        Some(rule) => {
            annotation.rule = places.get(rule).copied().flatten();
            annotation.rule.is_some()
        }
    });
    module.is_part = kept < before;
}

impl Rules {
    /// The rules that these modules, by their numbers, can come to, by the numbers of their modules and their places there; those of these modules
    /// among them.
    pub(super) fn reachable(&self, modules: &BTreeSet<usize>) -> BTreeMap<usize, BTreeSet<u32>> {
        let rules = &self.compiled.rules;
        let first = |module: usize| rules.partition_point(|entry| entry.module < module);
        let own = modules.iter().flat_map(|module| first(*module)..first(module.saturating_add(1)));
        let mut found: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        for entry in self.compiled.reachable(own.collect()).iter().filter_map(|number| rules.get(*number)) {
            found.entry(entry.module).or_default().insert(entry.rule.span.offset);
        }
        found
    }

    /// The number of a module.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.modules.binary_search_by(|module| (*module.name).cmp(name)).ok()
    }

    /// Parses and compiles modules. What builtins have compiled of the modules `before` is not compiled again.
    fn new(mut parts: Vec<Part>, options: compile::Options, schemas: &Arc<Schemas>, before: &Loaded) -> Result<Self> {
        parts.sort_by(|a, b| a.module.name.cmp(&b.module.name));
        let mut parsed = Vec::with_capacity(parts.len());
        let mut problems = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            match part.parse(number) {
                Ok(module) => parsed.push(module),
                Err(mut found) => problems.append(&mut found),
            }
        }
        let sorted: Vec<Module> = parts.into_iter().map(|part| part.module).collect();
        if !problems.is_empty() {
            return Err(parse_error(problems, &sorted));
        }
        let outlines = sorted.iter().zip(&parsed).map(|(m, parsed)| Arc::new(Outline::of(parsed, &m.source))).collect();
        let names = sorted.iter().map(|module| Arc::clone(&module.name)).collect();
        let compiled =
            compile::compile(parsed, names, options, schemas).map_err(|problems| compilation_error(&problems, &sorted))?;
        let calls = compile::outside_calls(&compiled).into_iter().filter_map(|(module, builtin, span)| {
            let name = &sorted.get(module)?.name;
            Some(OutsideCall { module: Arc::clone(name), builtin, location: location(span, &sorted) })
        });
        let outside_calls = calls.collect();
        let arena = Arena::new();
        let loaded = Arc::new(Loaded::of(&arena, &plan::known_calls(&compiled, &arena), before));
        Ok(Self { compiled, modules: sorted, outlines, outside_calls, loaded })
    }
}
