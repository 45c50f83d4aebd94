//! The scopes around a term, and what a name stands for in them.

use std::collections::HashMap;

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

#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) names: HashMap<Name, Name>,
    pub(super) occurrences: HashMap<Name, Occurrence>,
    /// How often a name was met.
    counts: HashMap<Name, usize>,
}

impl Locals<'_> {
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new("rego_compile_error", span, message));
    }

    pub(super) fn insert(&mut self, name: &Name, local: Name, occurrence: Occurrence) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name.clone(), local.clone());
            scope.occurrences.insert(name.clone(), occurrence);
            scope.counts.insert(name.clone(), 1);
        }
        if *name != local {
            self.rewritten.insert(local, name.clone());
        }
    }

    pub(super) fn declared(&self, name: &str) -> Option<&Name> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name))
    }

    pub(super) fn occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.last()?.occurrences.get(name).copied()
    }

    pub(super) fn global_occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.iter().rev().find_map(|scope| scope.occurrences.get(name).copied())
    }

    /// Counts a name that stands for something.
    pub(super) fn seen(&mut self, name: &Name) {
        if let Some(count) = self.scopes.iter_mut().rev().find_map(|scope| scope.counts.get_mut(name)) {
            *count += 1;
        } else if let Some(scope) = self.scopes.last_mut() {
            scope.counts.insert(name.clone(), 1);
        }
    }

    /// How often a name was met.
    pub(super) fn count(&self, name: &str) -> usize {
        self.scopes.iter().rev().find_map(|scope| scope.counts.get(name)).copied().unwrap_or(0)
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
