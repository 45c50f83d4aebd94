//! Whether the policies of a chain are sound (RFC 5280, 6.1, as RFC 9618 mends it): a graph, and not a tree, so that it stays small.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::Certificate;

/// `2.5.29.32.0`.
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

type Policy<'d> = &'d [u8];

/// A policy at a depth. What it expects below may be others, where policies are mapped.
#[derive(Debug)]
struct Node<'d> {
    policy: Policy<'d>,
    expected: Vec<Policy<'d>>,
    parents: BTreeSet<usize>,
    children: BTreeSet<usize>,
}

/// Nodes, and those of each depth by their policies.
#[derive(Debug)]
struct Graph<'d> {
    nodes: Vec<Node<'d>>,
    strata: Vec<BTreeMap<Policy<'d>, usize>>,
    /// Of the depth above: the nodes that expect a policy.
    expecting: BTreeMap<Policy<'d>, Vec<usize>>,
}

impl<'d> Graph<'d> {
    fn new() -> Self {
        let root = Node { policy: ANY, expected: vec![ANY], parents: BTreeSet::new(), children: BTreeSet::new() };
        Self { nodes: vec![root], strata: vec![BTreeMap::from([(ANY, 0)])], expecting: BTreeMap::new() }
    }

    fn leaf(&self, policy: Policy<'_>) -> Option<usize> {
        self.strata.last()?.get(policy).copied()
    }

    fn node(&self, at: usize) -> Option<&Node<'d>> {
        self.nodes.get(at)
    }

    fn insert(&mut self, policy: Policy<'d>, expected: Vec<Policy<'d>>, parents: &[usize]) {
        let at = self.nodes.len();
        for parent in parents {
            if let Some(node) = self.nodes.get_mut(*parent) {
                node.children.insert(at);
            }
        }
        self.nodes.push(Node { policy, expected, parents: parents.iter().copied().collect(), children: BTreeSet::new() });
        if let Some(leaves) = self.strata.last_mut() {
            leaves.insert(policy, at);
        }
    }

    fn deepen(&mut self) {
        self.expecting.clear();
        for at in self.strata.last().into_iter().flat_map(BTreeMap::values) {
            for policy in self.nodes.get(*at).iter().flat_map(|node| &node.expected) {
                self.expecting.entry(policy).or_default().push(*at);
            }
        }
        self.strata.push(BTreeMap::new());
    }

    /// The depth above the leaves.
    fn above(&self) -> Option<&BTreeMap<Policy<'d>, usize>> {
        self.strata.get(self.strata.len().checked_sub(2)?)
    }

    fn delete_leaf(&mut self, policy: Policy<'_>) {
        let Some(at) = self.strata.last_mut().and_then(|leaves| leaves.remove(policy)) else { return };
        self.unlink(at);
    }

    fn unlink(&mut self, at: usize) {
        let parents = self.node(at).map(|node| node.parents.clone()).unwrap_or_default();
        for parent in parents {
            if let Some(node) = self.nodes.get_mut(parent) {
                node.children.remove(&at);
            }
        }
    }

    /// Takes away what is above the leaves and has nothing below.
    fn prune(&mut self) {
        for depth in (1..self.strata.len().saturating_sub(1)).rev() {
            let childless = |at: &usize| self.nodes.get(*at).is_some_and(|node| node.children.is_empty());
            let gone: Vec<usize> =
                self.strata.get(depth).into_iter().flat_map(BTreeMap::values).filter(|at| childless(at)).copied().collect();
            for at in gone {
                self.unlink(at);
                let policy = self.node(at).map(|node| node.policy);
                if let (Some(stratum), Some(policy)) = (self.strata.get_mut(depth), policy) {
                    stratum.remove(policy);
                }
            }
        }
    }

    /// The policies of a certificate.
    fn take(&mut self, policies: &[Policy<'d>], with_any: bool) {
        for policy in policies.iter().filter(|policy| **policy != ANY) {
            let mut parents = self.expecting.get(policy).cloned().unwrap_or_default();
            if parents.is_empty() {
                parents = self.above().and_then(|above| above.get(ANY)).copied().into_iter().collect();
            }
            if !parents.is_empty() {
                self.insert(policy, vec![policy], &parents);
            }
        }
        if with_any && policies.contains(&ANY) {
            self.fill();
        }
        self.prune();
    }

    /// Any policy: all that are expected and not there.
    fn fill(&mut self) {
        let mut missing: BTreeMap<Policy<'d>, Vec<usize>> = BTreeMap::new();
        for at in self.above().into_iter().flat_map(BTreeMap::values) {
            for policy in self.nodes.get(*at).iter().flat_map(|node| &node.expected) {
                if self.leaf(policy).is_none() {
                    missing.entry(policy).or_default().push(*at);
                }
            }
        }
        missing.into_iter().for_each(|(policy, parents)| self.insert(policy, vec![policy], &parents));
    }

    /// Maps policies of the issuer's to those below; false where one may not be mapped.
    fn map(&mut self, mappings: &[(Policy<'d>, Policy<'d>)], allowed: bool) -> bool {
        let mut by_issuer: BTreeMap<Policy<'d>, Vec<Policy<'d>>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            if !allowed {
                self.delete_leaf(issuer);
            } else if *issuer == ANY || *subject == ANY {
                return false;
            } else {
                by_issuer.entry(issuer).or_default().push(subject);
            }
        }
        self.prune();
        for (issuer, subjects) in by_issuer {
            if let Some(node) = self.leaf(issuer).and_then(|at| self.nodes.get_mut(at)) {
                node.expected = subjects;
            } else if let Some(any) = self.leaf(ANY) {
                self.insert(issuer, subjects, &[any]);
            }
        }
        true
    }

    /// Whether a policy is left that an authority vouches for.
    fn has_valid(&self) -> bool {
        let below_any = |at: &usize| {
            self.node(*at).is_some_and(|node| {
                let mut parents = node.parents.iter().filter_map(|parent| self.node(*parent));
                node.policy != ANY && node.parents.len() == 1 && parents.any(|parent| parent.policy == ANY)
            })
        };
        self.leaf(ANY).is_some() || self.strata.iter().flat_map(BTreeMap::values).any(below_any)
    }
}

/// How many certificates may still follow until something is asked or forbidden.
struct Limits {
    any: i64,
    explicit: i64,
    mapping: i64,
}

impl Limits {
    fn pass(&mut self, certificate: &Certificate<'_, '_>, self_issued: bool) {
        let found = &certificate.extensions;
        let all = [
            (&mut self.explicit, found.require_explicit),
            (&mut self.mapping, found.inhibit_mapping),
            (&mut self.any, found.inhibit_any),
        ];
        for (limit, own) in all {
            if !self_issued && *limit > 0 {
                *limit -= 1;
            }
            if let Some(own) = own.filter(|own| *own >= 0) {
                *limit = own.min(*limit);
            }
        }
    }
}

/// Whether the policies of a chain, from the leaf up to the root, are sound.
pub(super) fn are_valid(chain: &[&Certificate<'_, '_>]) -> bool {
    let Some((_, below)) = chain.split_last().filter(|(_, below)| !below.is_empty()) else { return true };
    let most = below.len() as i64 + 1;
    let mut limits = Limits { any: most, explicit: most, mapping: most };
    let mut graph = Some(Graph::new());
    for (at, certificate) in below.iter().enumerate().rev() {
        let found = &certificate.extensions;
        let self_issued = certificate.issuer == certificate.subject;
        let policies = found.policies.as_deref().unwrap_or_default();
        if policies.is_empty() {
            graph = None;
        }
        if limits.explicit == 0 && graph.is_none() {
            return false;
        }
        if let Some(graph) = &mut graph {
            graph.deepen();
            graph.take(policies, limits.any > 0 || at > 0 && self_issued);
            if at != 0 && !found.mappings.is_empty() && !graph.map(&found.mappings, limits.mapping > 0) {
                return false;
            }
        }
        if at != 0 {
            limits.pass(certificate, self_issued);
        }
    }
    let leaf = chain.first().and_then(|leaf| leaf.extensions.require_explicit);
    let explicit = if leaf == Some(0) { 0 } else { (limits.explicit - 1).max(0) };
    explicit != 0 || graph.is_some_and(|graph| graph.has_valid())
}
