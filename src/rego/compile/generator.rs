//! Names that no module has.

use std::collections::HashMap;

use super::equality;
use super::visit::{self, VarSet};
use crate::rego::ast::{Expr, Name, Rule, Term, TermKind};

/// Makes names that no module has.
pub(super) struct Generator {
    taken: VarSet,
    prefix: String,
    /// Where a name is written before it is shared.
    text: String,
    next: usize,
    /// What variables stand for in references, as it was before later stages rewrote it: for errors.
    pub(super) subjects: HashMap<Name, Term>,
}

impl Generator {
    /// One that keeps clear of the names in some rules.
    pub(super) fn new<'r>(suffix: &str, rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut taken = VarSet::new();
        let mut keep = |node: visit::Node<'_>| {
            if let visit::Node::Term(Term { kind: TermKind::Var(name), .. }) = node
                && visit::is_generated(name)
            {
                taken.insert(name.clone());
            }
            false
        };
        for mut rule in rules.map(Some) {
            while let Some(branch) = rule {
                visit::walk_rule(branch, &mut keep);
                rule = branch.otherwise.as_deref();
            }
        }
        Self { taken, prefix: format!("__local{suffix}"), text: String::new(), next: 0, subjects: HashMap::new() }
    }

    pub(super) fn generate(&mut self) -> Name {
        loop {
            self.text.clear();
            self.text.push_str(&self.prefix);
            push_decimal(&mut self.text, self.next);
            self.text.push_str("__");
            self.next += 1;
            if !self.taken.contains(self.text.as_str()) {
                return self.text.as_str().into();
            }
        }
    }

    /// Puts a new variable in the place of `term`, and gives the equality that binds it.
    pub(super) fn bind(&mut self, term: &mut Term) -> Expr {
        let local = Term::var(self.generate(), term.span);
        let mut expr = equality(local.clone(), std::mem::replace(term, local));
        expr.generated = true;
        expr
    }

    /// A new variable that stands where `term` stood, and the equality that binds it.
    pub(super) fn equality(&mut self, term: Term) -> Expr {
        let span = term.span;
        let mut expr = equality(Term::var(self.generate(), span), term);
        expr.generated = true;
        expr
    }
}

/// The digits of a number, without the machinery of formatting: there are as many names as calls.
fn push_decimal(text: &mut String, number: usize) {
    if number > 9 {
        push_decimal(text, number / 10);
    }
    text.extend(u32::try_from(number % 10).ok().and_then(|digit| char::from_digit(digit, 10)));
}
