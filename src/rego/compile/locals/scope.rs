//! The scopes around a term, and what a name stands for in them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Locals;
use crate::rego::ast::{Name, Span};
use crate::rego::parser::Problem;

/// How a name first occurred in its scope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurrence {
    Argument,
    Seen,
    Assigned,
    Declared,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) struct Meaning {
    pub(super) local: Name,
    pub(super) occurrence: Occurrence,
    /// How often the name was met.
    count: usize,
}

#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) names: HashMap<Name, Meaning, RandomState>,
}

impl Locals<'_> {
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new("rego_compile_error", span, message));
    }

    pub(super) fn insert(&mut self, name: &Name, local: Name, occurrence: Occurrence) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name.clone(), Meaning { local: local.clone(), occurrence, count: 1 });
        }
        if *name != local {
            self.rewritten.insert(local, name.clone());
        }
    }

    pub(super) fn declared(&self, name: &str) -> Option<&Name> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).map(|meaning| &meaning.local)
    }

    pub(super) fn occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.last()?.names.get(name).map(|meaning| meaning.occurrence)
    }

    pub(super) fn global_occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).map(|meaning| meaning.occurrence)
    }

    /// Counts a name that stands for something.
    pub(super) fn seen(&mut self, name: &Name) {
        if let Some(meaning) = self.scopes.iter_mut().rev().find_map(|scope| scope.names.get_mut(name)) {
            meaning.count += 1;
        }
    }

    /// How often a name was met.
    pub(super) fn count(&self, name: &str) -> usize {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).map_or(0, |meaning| meaning.count)
    }

    /// A new local for a name that its scope has not seen.
    pub(super) fn declare(&mut self, name: &Name, occurrence: Occurrence) -> Result<Name, String> {
        match self.occurrence(name) {
            Some(Occurrence::Seen) => Err(format!("var {name} referenced above")),
            Some(Occurrence::Assigned) => Err(format!("var {name} assigned above")),
            Some(Occurrence::Declared) => Err(format!("var {name} declared above")),
            Some(Occurrence::Argument) => Err(format!("arg {name} redeclared")),
            None => {
                let local = self.generator.generate();
                self.insert(name, local.clone(), occurrence);
                Ok(local)
            }
        }
    }
}
