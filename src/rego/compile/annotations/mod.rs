//! Annotations by what they are about (OPA's `AnnotationSet`): a package, and a path, may have one each.

mod metadata;
mod term;

use std::collections::BTreeMap;

use super::tree::{Key, ground_prefix};
use super::{Compiler, Entry};
use crate::rego::annotation::{Annotation, Scope};
use crate::rego::ast::{Span, Term};
pub(super) use metadata::rewrite_calls;

/// An annotation, and what it is about.
#[derive(Debug)]
pub(in crate::rego) struct Annotated {
    pub(in crate::rego) annotation: Annotation,
    /// The path of the package or the rule, `data` first.
    pub(in crate::rego) path: Vec<Term>,
    /// The place of the package or the rule.
    pub(in crate::rego) place: Span,
}

/// The annotations of all modules.
#[derive(Debug, Default)]
pub(in crate::rego) struct AnnotationSet {
    /// All of them, in the order of modules and source.
    all: Vec<Annotated>,
    packages: BTreeMap<Vec<Key>, usize>,
    /// Those of documents, and those of packages and what is below them.
    paths: BTreeMap<Vec<Key>, usize>,
    /// By the rule's number.
    rules: BTreeMap<usize, Vec<usize>>,
    /// How deep the YAML of one nests at most.
    depth: usize,
}

impl AnnotationSet {
    pub(in crate::rego) fn all(&self) -> &[Annotated] {
        &self.all
    }

    /// How deep what one says nests at most, and so what is made of it.
    pub(in crate::rego) const fn depth(&self) -> usize {
        self.depth
    }

    /// Those of one rule, in the order of the source.
    pub(super) fn of_rule(&self, rule: usize) -> impl DoubleEndedIterator<Item = &Annotated> {
        self.rules.get(&rule).into_iter().flatten().filter_map(|number| self.all.get(*number))
    }

    pub(super) fn of_document(&self, path: &[Term]) -> Option<&Annotated> {
        self.all.get(*self.paths.get(&keys(path))?)
    }

    pub(super) fn of_package(&self, path: &[Term]) -> Option<&Annotated> {
        self.all.get(*self.packages.get(&keys(path))?)
    }

    /// Those of a package's path and of all above it, the nearest first.
    pub(super) fn above(&self, package: &[Term]) -> impl Iterator<Item = &Annotated> {
        let keys = keys(package);
        (0..=keys.len()).rev().filter_map(move |end| self.all.get(*self.paths.get(keys.get(..end)?)?))
    }

    /// Takes one, or says which one was there before.
    fn add(&mut self, found: Annotated, rule: Option<usize>) -> Result<(), Span> {
        let number = self.all.len();
        self.depth = self.depth.max(found.annotation.content.depth());
        let known = match found.annotation.scope {
            Scope::Package => &mut self.packages,
            Scope::Subpackages | Scope::Document => &mut self.paths,
            Scope::Rule | Scope::None | Scope::Other(_) => {
                if let Some(rule) = rule {
                    self.rules.entry(rule).or_default().push(number);
                }
                self.all.push(found);
                return Ok(());
            }
        };
        let path = keys(&found.path);
        if let Some(first) = known.get(&path) {
            return Err(self.all.get(*first).map_or_else(Span::default, |first| first.annotation.span));
        }
        known.insert(path, number);
        self.all.push(found);
        Ok(())
    }
}

/// Gathers the annotations of all modules (OPA's `BuildAnnotationSet`).
pub(super) fn gather(compiler: &mut Compiler) {
    let mut set = AnnotationSet::default();
    let mut refused = Vec::new();
    for number in 0..compiler.modules.len() {
        let first = compiler.rules.partition_point(|entry| entry.module < number);
        let Some(module) = compiler.modules.get_mut(number) else { continue };
        let package = (module.package.path.clone(), module.package.span);
        for annotation in std::mem::take(&mut module.annotations) {
            let rule = annotation.rule.map(|rule| first + rule);
            let (path, place) = match rule.and_then(|rule| compiler.rules.get(rule)) {
                Some(entry) => path_of(entry),
                None => package.clone(),
            };
            let (span, scope) = (annotation.span, annotation.scope.name().to_owned());
            if let Err(first) = set.add(Annotated { annotation, path, place }, rule) {
                refused.push((span, scope, first));
            }
        }
    }
    compiler.annotations = set;
    for (span, scope, first) in refused {
        let place = compiler.display_place(first);
        compiler.report("rego_type_error", span, format!("{scope} annotation redeclared: {place}"));
    }
}

fn path_of(entry: &Entry) -> (Vec<Term>, Span) {
    (ground_prefix(&entry.reference()).to_vec(), entry.rule.span)
}

fn keys(path: &[Term]) -> Vec<Key> {
    path.iter().skip(1).filter_map(Key::of).collect()
}
