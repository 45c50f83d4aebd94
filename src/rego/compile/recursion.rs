//! No rule may depend on itself (OPA's `checkRecursion`).

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Key, Node as TreeNode, RuleTree, display_reference};
use super::visit::{self, Node};
use super::{Compiler, Entry, is_constant};
use crate::rego::ast::{Rule, Term, TermKind};

/// A rule's number and the number of its `else` branch.
pub(super) type Branch = (usize, usize);
/// The branches that each branch refers to.
pub(super) type Edges = BTreeMap<Branch, BTreeSet<Branch>>;

/// The branches of rules that each one refers to.
fn dependencies(compiler: &Compiler) -> Edges {
    let branches = all_branches(&compiler.rules);
    let mut edges = Edges::new();
    for (branch, rule) in &branches {
        let mut targets = BTreeSet::new();
        visit::walk_rule(rule, &mut |node| {
            if let Node::Term(Term { kind: TermKind::Ref(parts), .. }) = node {
                for number in rules_of(&compiler.rules, &compiler.tree, parts) {
                    targets.extend(branches.range((number, 0)..(number + 1, 0)).map(|(branch, _)| *branch));
                }
            }
            false
        });
        edges.insert(*branch, targets);
    }
    edges
}

pub(super) fn check(compiler: &mut Compiler) {
    let branches = all_branches(&compiler.rules);
    let edges = dependencies(compiler);
    let mut found = Vec::new();
    for (branch, rule) in &branches {
        if let Some(path) = cycle(&edges, *branch) {
            found.push((rule.span, message(compiler, *branch, &path)));
        }
    }
    compiler.edges = edges;
    for (span, message) in found {
        compiler.report("rego_recursion_error", span, message);
    }
}

pub(super) fn all_branches(rules: &[Entry]) -> BTreeMap<Branch, &Rule> {
    let mut branches = BTreeMap::new();
    for (number, entry) in rules.iter().enumerate() {
        let mut next = Some(&entry.rule);
        let mut branch = 0;
        while let Some(rule) = next {
            branches.insert((number, branch), rule);
            branch += 1;
            next = rule.otherwise.as_deref();
        }
    }
    branches
}

fn message(compiler: &Compiler, start: Branch, path: &[Branch]) -> String {
    let name = |branch: &Branch| compiler.rules.get(branch.0).map(|e| display_reference(&e.reference())).unwrap_or_default();
    let chain: Vec<String> = path.iter().map(name).collect();
    format!("rule {} is recursive: {}", name(&start), chain.join(" -> "))
}

/// The shortest way from a branch back to itself.
fn cycle(edges: &Edges, start: Branch) -> Option<Vec<Branch>> {
    let mut came_from: BTreeMap<Branch, Branch> = BTreeMap::new();
    let mut work = std::collections::VecDeque::from([start]);
    while let Some(branch) = work.pop_front() {
        for next in edges.get(&branch)? {
            if *next == start {
                let mut path = vec![start, branch];
                let mut at = branch;
                while at != start {
                    at = *came_from.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, branch);
                work.push_back(*next);
            }
        }
    }
    None
}

/// The rules that a reference can mean (OPA's `GetRulesDynamic`).
pub(super) fn rules_of(rules: &[Entry], tree: &RuleTree, parts: &[Term]) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    if let Some((head, rest)) = parts.split_first()
        && head.as_var().is_some_and(|name| &**name == "data")
    {
        descend(rules, tree.root(), parts, rest, &mut numbers);
    }
    numbers
}

fn descend(rules: &[Entry], node: &TreeNode, whole: &[Term], rest: &[Term], numbers: &mut BTreeSet<usize>) {
    let Some((part, after)) = rest.split_first() else {
        node.depth_first(&mut |node| {
            numbers.extend(&node.rules);
            node.is_hidden
        });
        return;
    };
    let at = whole.len() - rest.len() + 1;
    let mut enter = |child: &TreeNode| {
        numbers.extend(child.rules.iter().filter(|number| may_meet(rules, **number, whole, at)));
        descend(rules, child, whole, after, numbers);
    };
    if is_constant(part) {
        if let Some(child) = Key::of(part).and_then(|key| node.child(&key)) {
            enter(child);
        }
    } else {
        node.children.values().filter(|child| !child.is_hidden).for_each(enter);
    }
}

/// Whether the parts of a rule's reference from `at` on can be those of `reference`.
fn may_meet(rules: &[Entry], number: usize, reference: &[Term], at: usize) -> bool {
    let Some(entry) = rules.get(number) else { return false };
    let own = entry.reference();
    let pairs = own.iter().zip(reference).skip(at);
    pairs.into_iter().all(|(a, b)| !is_constant(a) || !is_constant(b) || super::unify::same_term(a, b))
}
