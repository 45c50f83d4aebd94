//! A package, and a path, may have one annotation each (OPA's `BuildAnnotationSet`).

use std::collections::BTreeMap;

use super::Compiler;
use super::tree::{Key, ground_prefix};
use crate::rego::ast::{Annotation, Scope, Span, Term};

pub(super) fn check(compiler: &mut Compiler) {
    let mut packages: BTreeMap<Vec<Key>, Span> = BTreeMap::new();
    let mut paths: BTreeMap<Vec<Key>, Span> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, module) in compiler.modules.iter().enumerate() {
        for annotation in &module.annotations {
            let (known, path) = match annotation.scope {
                Scope::Package => (&mut packages, Some(keys(&module.package.path))),
                Scope::Subpackages => (&mut paths, Some(keys(&module.package.path))),
                Scope::Document => (&mut paths, rule_path(compiler, number, annotation)),
                _ => continue,
            };
            let Some(path) = path else { continue };
            match known.get(&path) {
                Some(first) => found.push((annotation.span, annotation.scope.name().to_owned(), *first)),
                None => drop(known.insert(path, annotation.span)),
            }
        }
    }
    for (span, scope, first) in found {
        let place = compiler.display_place(first);
        compiler.report("rego_type_error", span, format!("{scope} annotation redeclared: {place}"));
    }
}

fn keys(path: &[Term]) -> Vec<Key> {
    path.iter().skip(1).filter_map(Key::of).collect()
}

/// The path of the rule below an annotation.
fn rule_path(compiler: &Compiler, module: usize, annotation: &Annotation) -> Option<Vec<Key>> {
    let entry = compiler.rules.iter().filter(|entry| entry.module == module).nth(annotation.rule?)?;
    Some(keys(ground_prefix(&entry.reference())))
}
