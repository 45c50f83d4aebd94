//! Which rules a rule reads (OPA's `Graph`), and which of them it reads only if a variable has the right value.

mod dynamic;
mod narrow;
mod origins;
mod results;
mod select;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::visit::{self, Node};
use super::{Compiler, Entry};
use crate::rego::ast::{Rule, Term, TermKind};
pub(super) use dynamic::Dynamic;
pub(super) use select::rules as rules_of;

/// A rule's number and the number of its `else` branch.
pub(super) type Branch = (usize, usize);
/// For each branch, those that it reads.
pub(super) type Edges = BTreeMap<Branch, BTreeSet<Branch>>;

/// The dependencies between rules, as the bodies are after nested calls were lifted.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) edges: Edges,
    /// For branches with edges that no reference makes for sure: the references behind those.
    dynamic: BTreeMap<Branch, Vec<Dynamic>>,
}

/// A reference, and a rule that it selects.
struct Dependency<'r> {
    /// The reference as it is written; which of the branch's it is, in `number`.
    source: &'r [Term],
    number: usize,
    /// The reference that selects: narrowed, where one is left.
    selecting: Cow<'r, [Term]>,
    /// The expression that it stands in; the head comes after all of the body.
    at: usize,
    rule: usize,
    is_static: bool,
}

/// Builds the graph of all rules (OPA's stage `SetGraph`).
pub(super) fn set(compiler: &mut Compiler) {
    let mut graph = Graph::default();
    // In order, of which a tree is made faster than by putting one after the other into it.
    let mut edges = Vec::with_capacity(compiler.rules.len());
    for (number, entry) in compiler.rules.iter().enumerate() {
        let mut next = Some(&entry.rule);
        let mut branch = 0;
        while let Some(rule) = next {
            let found = dependencies(compiler, rule);
            let targets = found.iter().flat_map(|dependency| branches_of(compiler, dependency.rule)).collect();
            edges.push(((number, branch), targets));
            let dynamic = dynamic::of(rule, found);
            if !dynamic.is_empty() {
                graph.dynamic.insert((number, branch), dynamic);
            }
            branch += 1;
            next = rule.otherwise.as_deref();
        }
    }
    graph.edges = edges.into_iter().collect();
    compiler.graph = graph;
}

impl Graph {
    /// The reference that may make one branch read another; none if something reads it for sure.
    pub(super) fn dynamic_cause(&self, from: Branch, to: Branch) -> Option<&Dynamic> {
        self.dynamic.get(&from)?.iter().find(|dynamic| dynamic.rules.contains(&to.0))
    }

    /// The branches that a way back to themselves may lead through: what is left where nothing is taken away that reads nothing of what is
    /// left, or that nothing of it reads. None, as a rule, and so no way has to be looked for.
    pub(super) fn cyclic(&self) -> BTreeSet<Branch> {
        if self.is_acyclic() {
            return BTreeSet::new();
        }
        let mut left: BTreeSet<Branch> = self.edges.keys().copied().collect();
        let reversed = reversed(&self.edges);
        for (ahead, back) in [(&self.edges, &reversed), (&reversed, &self.edges)] {
            let count =
                |branch: &Branch| ahead.get(branch).map_or(0, |next| next.iter().filter(|next| left.contains(next)).count());
            let mut open: BTreeMap<Branch, usize> = left.iter().map(|branch| (*branch, count(branch))).collect();
            let mut ends: Vec<Branch> = open.iter().filter(|(_, count)| **count == 0).map(|(branch, _)| *branch).collect();
            while let Some(end) = ends.pop() {
                left.remove(&end);
                for from in back.get(&end).into_iter().flatten() {
                    if let Some(count) = open.get_mut(from) {
                        *count = count.saturating_sub(1);
                        if *count == 0 {
                            ends.push(*from);
                        }
                    }
                }
            }
        }
        left
    }

    /// Whether nothing is left where each branch is taken away that reads nothing of what is left.
    fn is_acyclic(&self) -> bool {
        let branches: Vec<Branch> = self.edges.keys().copied().collect();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); branches.len()];
        let mut open = vec![0_usize; branches.len()];
        for ((from, targets), open) in self.edges.values().enumerate().zip(&mut open) {
            for target in targets {
                if let Some(readers) = branches.binary_search(target).ok().and_then(|at| readers.get_mut(at)) {
                    readers.push(from);
                    *open += 1;
                }
            }
        }
        let mut ends: Vec<usize> = open.iter().enumerate().filter(|(_, open)| **open == 0).map(|(at, _)| at).collect();
        let mut taken = 0;
        while let Some(end) = ends.pop() {
            taken += 1;
            for from in readers.get(end).into_iter().flatten() {
                if let Some(open) = open.get_mut(*from) {
                    *open = open.saturating_sub(1);
                    if *open == 0 {
                        ends.push(*from);
                    }
                }
            }
        }
        taken == branches.len()
    }

    /// The shortest way from a branch back to itself, over edges that are wanted.
    pub(super) fn cycle(&self, start: Branch, wanted: &dyn Fn(Branch, Branch) -> bool) -> Option<Vec<Branch>> {
        let mut came_from: BTreeMap<Branch, Branch> = BTreeMap::new();
        let mut work = std::collections::VecDeque::from([start]);
        while let Some(branch) = work.pop_front() {
            for next in self.edges.get(&branch)?.iter().filter(|next| wanted(branch, **next)) {
                if *next == start {
                    return way_back(&came_from, start, branch);
                }
                if !came_from.contains_key(next) {
                    came_from.insert(*next, branch);
                    work.push_back(*next);
                }
            }
        }
        None
    }
}

/// For each branch, those that read it.
pub(super) fn reversed(edges: &Edges) -> Edges {
    let mut reversed = Edges::new();
    for (from, targets) in edges {
        for to in targets {
            reversed.entry(*to).or_default().insert(*from);
        }
    }
    reversed
}

fn way_back(came_from: &BTreeMap<Branch, Branch>, start: Branch, last: Branch) -> Option<Vec<Branch>> {
    let mut path = vec![start, last];
    let mut at = last;
    while at != start {
        at = *came_from.get(&at)?;
        path.push(at);
    }
    path.reverse();
    Some(path)
}

/// A rule and its `else` branches.
fn branches_of(compiler: &Compiler, number: usize) -> impl Iterator<Item = Branch> + use<> {
    let rule = compiler.rules.get(number).map(|entry| &entry.rule);
    let count = std::iter::successors(rule, |rule| rule.otherwise.as_deref()).count();
    (0..count).map(move |branch| (number, branch))
}

/// What a branch's references select (OPA's `walkRuleDependencies`).
fn dependencies<'r>(compiler: &Compiler, rule: &'r Rule) -> Vec<Dependency<'r>> {
    let mut found = Vec::new();
    let mut before = Before::new(rule);
    for (number, (at, source)) in references(rule).into_iter().enumerate() {
        if source.iter().skip(1).all(super::is_constant) {
            let selected = rules_of(&compiler.rules, &compiler.tree, source).into_iter();
            let selecting = || Cow::Borrowed(source);
            found.extend(selected.map(|rule| Dependency { source, number, selecting: selecting(), at, rule, is_static: true }));
            continue;
        }
        before.go_to(at);
        let expanded = narrow::expand(source, &before.known);
        let selecting: Cow<'r, [Term]> = match expanded.as_slice() {
            [only] => Cow::Owned(only.clone()),
            _ => Cow::Borrowed(source),
        };
        for reference in &expanded {
            for target in rules_of(&compiler.rules, &compiler.tree, reference) {
                let own = compiler.rules.get(target).map(Entry::reference).unwrap_or_default();
                let is_static = select::positions(&selecting, &own, &before.bound).is_some_and(|open| open.is_empty());
                found.push(Dependency { source, number, selecting: selecting.clone(), at, rule: target, is_static });
            }
        }
    }
    found
}

/// What is known of variables where an expression of a branch is evaluated; the expressions are gone through in order.
struct Before<'r> {
    rule: &'r Rule,
    bindings: Option<Vec<narrow::Binding>>,
    /// Up to which expression it holds.
    at: usize,
    /// What variables can only hold.
    known: narrow::Known,
    /// The variables that may have a value.
    bound: visit::VarSet,
}

impl<'r> Before<'r> {
    fn new(rule: &'r Rule) -> Self {
        Self { rule, bindings: None, at: 0, known: narrow::Known::new(), bound: visit::VarSet::new() }
    }

    fn go_to(&mut self, at: usize) {
        if self.bindings.is_some() && self.at == at {
            return;
        }
        if self.bindings.is_none() {
            select::vars_in_head(&self.rule.head, &mut self.bound);
        }
        let bindings = self.bindings.get_or_insert_with(|| narrow::bindings(&self.rule.body));
        self.known = narrow::known_before(bindings, at);
        let passed = self.rule.body.get(self.at..at.min(self.rule.body.len())).unwrap_or_default();
        select::vars_in_body(passed, &mut self.bound);
        self.at = at;
    }
}

/// The references of a branch that may select a rule, each with the number of the expression that it stands in.
fn references(rule: &Rule) -> Vec<(usize, &[Term])> {
    let mut found = Vec::new();
    for (at, expr) in rule.body.iter().enumerate() {
        visit::walk(Node::Expr(expr), &mut |node| collect_reference(at, node, &mut found));
    }
    for term in rule.head.args.iter().chain(&rule.head.key).chain(&rule.head.value) {
        visit::walk(Node::Term(term), &mut |node| collect_reference(rule.body.len(), node, &mut found));
    }
    found
}

fn collect_reference<'r>(at: usize, node: Node<'r>, found: &mut Vec<(usize, &'r [Term])>) -> bool {
    if let Node::Term(Term { kind: TermKind::Ref(parts), .. }) = node
        && parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data")
    {
        found.push((at, parts.as_slice()));
    }
    false
}
