//! Names that no module has.

use std::collections::HashMap;

use super::equality;
use super::visit::{self, VarSet};
use crate::rego::ast::{Expr, Module, Name, Term, TermKind};

/// Makes names that no module has.
pub(super) struct Generator {
    taken: VarSet,
    prefix: String,
    next: usize,
    /// What variables stand for in references, as it was before later stages rewrote it: for errors.
    pub(super) subjects: HashMap<Name, Term>,
}

impl Generator {
    pub(super) fn new(suffix: &str, modules: &[Module]) -> Self {
        let mut taken = VarSet::new();
        let mut keep = |node: visit::Node<'_>| {
            if let visit::Node::Term(Term { kind: TermKind::Var(name), .. }) = node
                && visit::is_generated(name)
            {
                taken.insert(name.clone());
            }
            false
        };
        for mut rule in modules.iter().flat_map(|m| &m.rules).map(Some) {
            while let Some(branch) = rule {
                visit::walk_rule(branch, &mut keep);
                rule = branch.otherwise.as_deref();
            }
        }
        Self { taken, prefix: format!("__local{suffix}"), next: 0, subjects: HashMap::new() }
    }

    pub(super) fn generate(&mut self) -> Name {
        loop {
            let name: Name = format!("{}{}__", self.prefix, self.next).into();
            self.next += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    /// A new variable that stands where `term` stood, and the equality that binds it.
    pub(super) fn equality(&mut self, term: Term) -> Expr {
        let span = term.span;
        let mut expr = equality(Term::var(self.generate(), span), term);
        expr.generated = true;
        expr
    }
}
