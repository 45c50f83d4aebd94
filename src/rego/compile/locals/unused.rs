//! What is declared and never used: by `some` and `every` always, by `:=` and among parameters in strict mode.

use std::collections::BTreeMap;

use super::Locals;
use super::scope::{Meaning, Occurrence};
use crate::rego::ast::{Expr, Name, Span, Term};
use crate::rego::compile::visit::{self, Skip, VarSet, is_generated, is_wildcard};
use crate::rego::parser::Problem;

impl Locals<'_> {
    /// Whether nothing was found yet: OPA looks for what is unused only then.
    fn is_clean(&self) -> bool {
        self.problems.is_empty() && self.unused.is_empty()
    }

    /// The locals that the innermost scope has for names of an occurrence, with those names.
    fn of_occurrence(&self, wanted: Occurrence) -> BTreeMap<Name, Name> {
        let Some(scope) = self.scopes.last() else { return BTreeMap::new() };
        let is_wanted = |(_, meaning): &(&Name, &Meaning)| meaning.occurrence == wanted;
        scope.names.iter().filter(is_wanted).map(|(name, meaning)| (meaning.local.clone(), name.clone())).collect()
    }

    fn report_unused(&mut self, span: Span, message: String) {
        self.unused.push(Problem::new("rego_compile_error", span, message));
    }

    /// Assigned by `:=` and met nowhere else is an error in strict mode.
    pub(super) fn check_unused_assigned(&mut self, used: &VarSet, body: &[Expr]) {
        if !self.strict || !self.is_clean() {
            return;
        }
        let mut assigned = self.of_occurrence(Occurrence::Assigned);
        assigned.retain(|local, name| !is_wildcard(name) && self.count(name) <= 1 && !used.contains(local));
        for local in used.iter().filter_map(|name| self.declared(name)) {
            assigned.remove(local);
        }
        for (local, name) in assigned {
            let place = body.iter().find(|expr| visit::expr_vars(expr, Skip::default()).contains(&local));
            let span = place.or(body.first()).map(|expr| expr.span).unwrap_or_default();
            self.report_unused(span, format!("assigned var {name} unused"));
        }
    }

    /// Declared by `some` or `every` and never used is an error.
    /// `declaring` has what the body's expressions declared before names were rewritten, and the place of the first expression.
    pub(super) fn check_unused_declared(&mut self, declaring: (&[(Span, VarSet)], Span), used: &VarSet, body: &[Expr]) {
        if !self.is_clean() {
            return;
        }
        let declared = self.of_occurrence(Occurrence::Declared);
        if declared.is_empty() {
            return;
        }
        let mut in_use = visit::body_vars(body, Skip::default());
        in_use.extend(used.iter().map(|name| self.declared(name).unwrap_or(name).clone()));
        for (local, name) in declared {
            if in_use.contains(&local) || used.contains(&local) || is_generated(&name) {
                continue;
            }
            let place = declaring.0.iter().find(|(_, names)| names.contains(&name));
            let span = place.map_or(declaring.1, |(span, _)| *span);
            self.report_unused(span, format!("declared var {name} unused"));
        }
    }
}

/// Parameters that no branch of their function has met yet.
pub(super) struct Arguments {
    unused: VarSet,
}

impl Arguments {
    pub(super) fn of(args: &[Term]) -> Self {
        let mut unused = VarSet::new();
        visit::collect_terms(args, Skip::default(), &mut unused);
        Self { unused }
    }

    /// A head's value uses what stands in it.
    pub(super) fn used_by_value(&mut self, value: Option<&Term>) {
        let used = value.map(|value| visit::term_vars(value, Skip::default())).unwrap_or_default();
        self.unused.retain(|name| !used.contains(name));
    }

    /// What a branch met more than once, in the head and in the body.
    pub(super) fn used_by_branch(&mut self, locals: &Locals<'_>) {
        self.unused.retain(|name| locals.count(name) <= 1);
    }

    /// Each that is left is an error.
    pub(super) fn problems(self, span: Span) -> impl Iterator<Item = Problem> {
        self.unused.into_iter().filter(|name| !is_wildcard(name)).map(move |name| {
            let message = format!("unused argument {name}. (hint: use _ (wildcard variable) instead)");
            Problem::new("rego_compile_error", span, message)
        })
    }
}
