//! Rows that hold rules of more than one name: there an error about a variable says in which rule it is (OPA's `ruleScopes`).

use std::collections::{BTreeMap, BTreeSet};

use super::Entry;
use super::tree::ground_prefix;
use crate::rego::ast::{Rule, Term};
use crate::rego::print;

/// Such rows, by module.
pub(super) struct Scopes {
    shared: BTreeSet<(u32, u32)>,
}

impl Scopes {
    pub(super) fn of(rules: &[Entry]) -> Self {
        let mut first: BTreeMap<(u32, u32), &Rule> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for rule in rules.iter().flat_map(|entry| std::iter::successors(Some(&entry.rule), |rule| rule.otherwise.as_deref())) {
            let row = (rule.span.module, rule.span.row);
            let other = *first.entry(row).or_insert(rule);
            if !std::ptr::eq(other, rule) && name_of(other) != name_of(rule) {
                shared.insert(row);
            }
        }
        Self { shared }
    }

    /// What an error in a rule adds to its message.
    pub(super) fn suffix(&self, rule: &Rule) -> String {
        if self.shared.contains(&(rule.span.module, rule.span.row)) {
            return format!(" in rule {}", name_of(rule));
        }
        String::new()
    }
}

/// What of a rule's reference is known without evaluating.
fn name_of(rule: &Rule) -> String {
    let reference: &[Term] = &rule.head.reference;
    print::reference(ground_prefix(reference))
}
