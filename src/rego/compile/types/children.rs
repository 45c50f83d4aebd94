//! What lies below a path, by the next part of the path.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::super::tree::Key;
use super::env::{Node, Step};
use crate::rego::ast::{Name, Term};

/// The nodes below a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Children {
    /// Below strings: nearly all, found without making a step of the part.
    strings: HashMap<Name, Node, RandomState>,
    others: HashMap<Step, Node, RandomState>,
}

impl Children {
    pub(super) fn is_empty(&self) -> bool {
        self.strings.is_empty() && self.others.is_empty()
    }

    pub(super) fn get(&self, part: &Term) -> Option<&Node> {
        match part.as_str() {
            Some(text) => self.strings.get(text),
            // Most layers know of no reference at all.
            None if self.others.is_empty() => None,
            None => self.others.get(&Step::of(part)),
        }
    }

    /// The node below a part, which is made where there is none.
    pub(super) fn enter(&mut self, part: &Term) -> &mut Node {
        match part.as_str() {
            Some(text) => self.strings.entry(text.clone()).or_default(),
            None => self.others.entry(Step::of(part)).or_default(),
        }
    }

    /// All, the same for each run.
    pub(super) fn in_order(&self) -> Vec<(Step, &Node)> {
        let strings = self.strings.iter().map(|(text, node)| (Step::Key(Key::String(text.clone())), node));
        let mut all: Vec<_> = strings.chain(self.others.iter().map(|(step, node)| (step.clone(), node))).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    pub(super) fn into_nodes(self) -> impl Iterator<Item = Node> {
        self.strings.into_values().chain(self.others.into_values())
    }
}
