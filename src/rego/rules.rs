//! What of policies does not depend on data: their modules, compiled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::builtins::Loaded;
use super::compile::{self, Compiled};
use super::parser::{self, Problem};
use super::program::{compilation_error, location, location_in_module};
use super::schema::Schemas;
use super::stack::{SHALLOW, deep};
use super::value::Arena;
use super::{Module, OutsideCall, Path, ast, plan};
use crate::error::{Error, ErrorKind, Finding, Result};

/// What does not depend on data.
pub(super) struct Rules {
    pub(super) compiled: Compiled,
    pub(super) modules: Vec<Module>,
    pub(super) packages: HashMap<Arc<str>, Path>,
    pub(super) outside_calls: Vec<OutsideCall>,
    /// What builtins compiled of the constants.
    pub(super) loaded: Arc<Loaded>,
}

/// Closures in closures and `else` after `else` are as deep as the source has them: the thread that lets go of them may have little stack.
impl Drop for Rules {
    fn drop(&mut self) {
        let annotations = std::mem::take(&mut self.compiled.annotations);
        if annotations.depth() > SHALLOW || self.modules.iter().any(|module| may_nest(&module.source)) {
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

/// Whether what a source says may be deeper than any stack bears: in brackets, or in branches.
fn may_nest(source: &str) -> bool {
    let (mut depth, mut most) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        most = most.max(depth);
    }
    most > SHALLOW || source.matches("else").nth(SHALLOW).is_some()
}

impl Rules {
    /// Parses and compiles modules. What builtins have compiled of the modules `before` is not compiled again.
    pub(super) fn new(modules: &[Module], options: compile::Options, schemas: &Arc<Schemas>, before: &Loaded) -> Result<Self> {
        let mut sorted = modules.to_vec();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let mut parsed = Vec::with_capacity(sorted.len());
        let mut problems = Vec::new();
        for (number, module) in sorted.iter().enumerate() {
            let options = parser::Options {
                version: module.version,
                module: u32::try_from(number).unwrap_or(u32::MAX),
                keywords: parser::FutureKeywords::NONE,
            };
            match parser::parse_module(&module.source, &options) {
                Ok(module) => parsed.push(module),
                Err(mut found) => problems.append(&mut found),
            }
        }
        if !problems.is_empty() {
            return Err(parse_error(problems, &sorted));
        }
        let packages = sorted.iter().zip(&parsed).map(|(m, parsed)| (Arc::clone(&m.name), package_path(parsed))).collect();
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
        Ok(Self { compiled, modules: sorted, packages, outside_calls, loaded })
    }
}

fn package_path(module: &ast::Module) -> Path {
    let keys = module.package.path.iter().skip(1).filter_map(|part| part.as_str().map(|key| key.to_string()));
    Path::new(keys.collect())
}

/// What does not parse is always of one module, though it may have no row: an empty one.
fn parse_error(problems: Vec<Problem>, modules: &[Module]) -> Error {
    let finding = |p: Problem| Finding {
        code: p.code,
        message: p.message,
        location: location_in_module(p.span, modules),
        details: p.details,
    };
    Error::from_findings(ErrorKind::CompilationError, problems.into_iter().map(finding).collect())
}
