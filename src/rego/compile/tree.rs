//! The tree of rules by their paths, and the conflicts that it shows (OPA's `TreeNode`, `checkRuleConflicts`).

use std::collections::BTreeMap;

use super::visit::{is_ground, is_scalar};
use super::{Compiler, Entry, RuleKind, kind_of};
use crate::rego::ast::{ExprKind, Name, Rule, Term, TermKind};

/// A part of a path: a scalar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::rego) enum Key {
    Null,
    Bool(bool),
    /// By its text.
    Number(Name),
    String(Name),
}

impl Key {
    /// The key that a scalar term is.
    pub(in crate::rego) fn of(term: &Term) -> Option<Self> {
        match &term.kind {
            TermKind::Null => Some(Self::Null),
            TermKind::Bool(b) => Some(Self::Bool(*b)),
            TermKind::Number(text) => Some(Self::Number(text.clone())),
            TermKind::String(text) => Some(Self::String(text.clone())),
            _ => None,
        }
    }
}

/// A node: the rules whose ground path ends here, and what lies below.
#[derive(Debug, Default)]
pub(in crate::rego) struct Node {
    /// Numbers of rules, in the order of modules and source.
    pub(in crate::rego) rules: Vec<usize>,
    pub(in crate::rego) children: BTreeMap<Key, Node>,
    /// The number of arguments of the first rule here.
    pub(in crate::rego) arity: Option<usize>,
    /// Whether a rule here is sure to be defined: it has a default, is a set, or is constant.
    always_defined: bool,
    /// `data.system`: left out of the whole document.
    pub(in crate::rego) is_hidden: bool,
}

impl Node {
    pub(in crate::rego) fn child(&self, key: &Key) -> Option<&Self> {
        self.children.get(key)
    }

    /// Calls `visit` on this node and all below, in the order of keys; `true` leaves out what is below.
    pub(in crate::rego) fn depth_first(&self, visit: &mut dyn FnMut(&Self) -> bool) {
        if !visit(self) {
            self.children.values().for_each(|child| child.depth_first(visit));
        }
    }
}

/// The tree below `data`.
#[derive(Debug, Default)]
pub(in crate::rego) struct RuleTree {
    root: Node,
    depth: usize,
}

/// Level by level: it is as deep as packages and heads are long, and the thread that lets go of it may have little stack.
impl Drop for RuleTree {
    fn drop(&mut self) {
        let mut levels = vec![std::mem::take(&mut self.root.children)];
        while let Some(children) = levels.pop() {
            levels.extend(children.into_values().map(|mut node| std::mem::take(&mut node.children)));
        }
    }
}

impl RuleTree {
    /// How many levels there may be.
    pub(in crate::rego) const fn depth(&self) -> usize {
        self.depth
    }

    pub(in crate::rego) const fn root(&self) -> &Node {
        &self.root
    }

    /// The node at a reference that begins with `data`.
    pub(in crate::rego) fn find(&self, reference: &[Term]) -> Option<&Node> {
        let (head, rest) = reference.split_first()?;
        if head.as_var().is_none_or(|name| &**name != "data") {
            return None;
        }
        rest.iter().try_fold(&self.root, |node, part| node.child(&Key::of(part)?))
    }

    /// The number of arguments of the function or rule that lies exactly at `reference`.
    pub(in crate::rego) fn function_arity(&self, reference: &[Term]) -> Option<usize> {
        self.find(reference)?.arity
    }

    /// Whether a reference is to a rule that always has a value (OPA's `isRefToKnownDefinedRule`).
    pub(super) fn is_always_defined(&self, reference: &[Term]) -> bool {
        reference.len() > 1 && self.find(reference).is_some_and(|node| node.always_defined)
    }

    /// Whether a ground reference meets rules: one lies at it or above it, or it is a package's (OPA's `isVirtual`).
    pub(in crate::rego) fn is_virtual(&self, reference: &[Term]) -> bool {
        let mut node = &self.root;
        for part in reference.iter().skip(1).take_while(|part| is_ground(part)) {
            let Some(child) = Key::of(part).and_then(|key| node.child(&key)) else { return false };
            if !child.rules.is_empty() {
                return true;
            }
            node = child;
        }
        true
    }

    /// Whether a reference is to base data or a package: it begins with `data`, and meets no rule.
    pub(in crate::rego) fn is_base(&self, reference: &[Term]) -> bool {
        if reference.first().and_then(Term::as_var).is_none_or(|name| &**name != "data") {
            return false;
        }
        let mut node = &self.root;
        for part in reference.iter().skip(1) {
            match Key::of(part).and_then(|key| node.child(&key)) {
                Some(child) if !child.rules.is_empty() => return false,
                Some(child) => node = child,
                None => return true,
            }
        }
        true
    }

    /// Enters a package, and the rules of its module: numbers with what is known of their paths below the package.
    fn add<K: Iterator<Item = Key>>(&mut self, package: impl Iterator<Item = Key>, rules: impl Iterator<Item = (usize, K)>) {
        let (above, package_depth) = enter(&mut self.root, 1, package);
        self.depth = self.depth.max(package_depth);
        for (number, keys) in rules {
            let (node, depth) = enter(above, package_depth, keys);
            node.rules.push(number);
            self.depth = self.depth.max(depth);
        }
    }
}

/// The node at a path below one at some depth, and its own depth.
fn enter(node: &mut Node, depth: usize, keys: impl Iterator<Item = Key>) -> (&mut Node, usize) {
    keys.fold((node, depth), |(node, depth), key| (node.children.entry(key).or_default(), depth + 1))
}

/// The part of a reference before its first part that is not ground.
pub(in crate::rego) fn ground_prefix(reference: &[Term]) -> &[Term] {
    let end = reference.iter().skip(1).position(|part| !is_scalar(part)).map_or(reference.len(), |at| at + 1);
    reference.get(..end).unwrap_or_default()
}

pub(super) fn set_rule_tree(compiler: &mut Compiler) {
    let mut tree = RuleTree::default();
    // Rules are in the order of their modules.
    let mut rules = compiler.rules.iter().enumerate().peekable();
    for (number, module) in compiler.modules.iter().enumerate() {
        let own = std::iter::from_fn(|| rules.next_if(|(_, entry)| entry.module == number));
        tree.add(module.package.path.iter().skip(1).map_while(Key::of), own.map(|(number, entry)| (number, entry.own_keys())));
    }
    mark(&mut tree.root, &compiler.rules);
    if let Some(system) = tree.root.children.get_mut(&Key::String("system".into())) {
        system.is_hidden = true;
    }
    compiler.tree = tree;
}

fn mark(node: &mut Node, rules: &[Entry]) {
    let entries: Vec<&Entry> = node.rules.iter().filter_map(|number| rules.get(*number)).collect();
    if let Some(first) = entries.first().map(|entry| &entry.rule) {
        node.arity = Some(first.head.args.len());
        let is_rule = first.head.args.is_empty();
        let has_default = entries.iter().any(|entry| entry.rule.is_default);
        let is_constant = entries.len() == 1 && is_constant_rule(first);
        node.always_defined = is_rule && (has_default || kind_of(first) == RuleKind::Multi || is_constant);
    }
    node.children.values_mut().for_each(|child| mark(child, rules));
}

/// Whether a rule is `p := constant` without a body.
fn is_constant_rule(rule: &Rule) -> bool {
    let is_empty =
        matches!(rule.body.as_slice(), [expr] if matches!(&expr.kind, ExprKind::Term(Term { kind: TermKind::Bool(true), .. })));
    is_empty && rule.head.value.as_ref().is_some_and(|value| value.as_var().is_some() || super::is_constant(value))
}

/// A reference as Rego writes it.
pub(in crate::rego) fn display_reference(reference: &[Term]) -> String {
    let mut text = String::new();
    for (at, part) in reference.iter().enumerate() {
        match &part.kind {
            TermKind::Var(name) if at == 0 => text.push_str(name),
            TermKind::String(name) if crate::rego::Path::is_identifier(name) => {
                text.push('.');
                text.push_str(name);
            }
            TermKind::String(name) => text.push_str(&format!("[{:?}]", &**name)),
            TermKind::Number(name) | TermKind::Var(name) => text.push_str(&format!("[{name}]")),
            TermKind::Bool(value) => text.push_str(&format!("[{value}]")),
            TermKind::Null => text.push_str("[null]"),
            _ => text.push_str("[…]"),
        }
    }
    text
}
