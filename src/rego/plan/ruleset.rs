//! The rules at a node, and what tells which of them may match: for whoever evaluates the rules themselves, in OPA's order.

use super::rules::agree_on_value;
use super::{Index, Plan, Planner, RoutineKind, Source, index};
use crate::rego::ast::Rule;
use crate::rego::compile::{Compiled, Entry, TreeNode};
use crate::rego::value::Document;
use std::collections::BTreeSet;

/// The rules at a node.
pub(in crate::rego) struct Ruleset<'c> {
    pub(in crate::rego) kind: RoutineKind,
    /// The rules but for the default one, each with its `else` branches after it, as the index numbers them.
    pub(in crate::rego) branches: Vec<Ranked<'c>>,
    pub(in crate::rego) default: Option<Ranked<'c>>,
    pub(in crate::rego) index: Index,
    plan: Plan,
}

/// A rule or an `else` branch; branches of one rule share a group.
#[derive(Clone, Copy)]
pub(in crate::rego) struct Ranked<'c> {
    pub(in crate::rego) group: u32,
    pub(in crate::rego) entry: &'c Entry,
    pub(in crate::rego) rule: &'c Rule,
}

/// Where an index' source begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) enum Root {
    Input,
    Data,
    Argument(u32),
}

impl<'c> Ruleset<'c> {
    /// The rules at `node`, whose path has `path_length` parts below `data`.
    pub(in crate::rego) fn of(compiled: &'c Compiled, node: &TreeNode, path_length: usize) -> Self {
        let mut planner = Planner::new(compiled, BTreeSet::new());
        let set = planner.rule_set(node, path_length);
        let ranked = |group: usize, entry: &'c Entry, rule: &'c Rule| Ranked { group: index(group), entry, rule };
        let mut branches = Vec::new();
        for (group, entry) in set.entries().iter().enumerate().filter(|(_, entry)| !entry.rule.is_default) {
            let all = std::iter::successors(Some(&entry.rule), |rule| rule.otherwise.as_deref());
            branches.extend(all.map(|rule| ranked(group, entry, rule)));
        }
        let default = set.entries().iter().find(|entry| entry.rule.is_default).map(|entry| ranked(0, entry, &entry.rule));
        let rules: Vec<&Rule> = branches.iter().map(|branch| branch.rule).collect();
        let index = planner.whole_index(&rules, agree_on_value(&set));
        Self { kind: set.kind, branches, default, index, plan: planner.plan }
    }

    /// Where a source of the index begins, and its keys.
    pub(in crate::rego) fn source(&self, source: &Source) -> (Root, Vec<&Document>) {
        let constants = |numbers: &[u32]| numbers.iter().filter_map(|n| self.plan.constants.get(*n as usize)).collect();
        match source {
            Source::Input { keys, .. } => (Root::Input, constants(keys)),
            Source::Data(path) => {
                (Root::Data, constants(self.plan.paths.get(*path as usize).map(Vec::as_slice).unwrap_or_default()))
            }
            Source::Argument(number) => (Root::Argument(*number), Vec::new()),
        }
    }
}
