//! Which rules a reference can mean, and which it means whatever its variables hold.

use crate::rego::ast::{Expr, Head, Rule, Term};
use crate::rego::compile::tree::{Key, Node as TreeNode};
use crate::rego::compile::visit::{self, Node, VarSet};
use crate::rego::compile::{Entry, RuleTree, is_constant, unify};
use crate::rego::order;

/// The rules that a reference can mean, hidden ones among them (OPA's `GetRulesDynamicWithOpts`).
pub(in crate::rego::compile) fn rules(rules: &[Entry], tree: &RuleTree, reference: &[Term]) -> Vec<usize> {
    let mut numbers = Vec::new();
    if let Some((head, rest)) = reference.split_first()
        && head.as_var().is_some_and(|name| &**name == "data")
    {
        descend(rules, tree.root(), reference, rest, &mut numbers);
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn descend(rules: &[Entry], node: &TreeNode, whole: &[Term], rest: &[Term], numbers: &mut Vec<usize>) {
    let Some((part, after)) = rest.split_first() else {
        node.depth_first(&mut |node| {
            numbers.extend(&node.rules);
            false
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
        node.children.values().for_each(enter);
    }
}

/// Whether the parts of a rule's reference from `at` on can be those of `reference`.
fn may_meet(rules: &[Entry], number: usize, reference: &[Term], at: usize) -> bool {
    let Some(entry) = rules.get(number) else { return false };
    // The rule lies at a path of `at` parts: what is left of its reference is its head's.
    let own = entry.rule.head.reference.iter().skip(at.saturating_sub(entry.package.len()));
    let mut pairs = own.zip(reference.iter().skip(at));
    pairs.all(|(a, b)| !is_constant(a) || !is_constant(b) || unify::same_term(a, b))
}

/// The variables that may have a value where an expression of a branch is evaluated: those of the head, and of what stands before it.
pub(super) fn vars_before(rule: &Rule, at: usize) -> VarSet {
    let mut vars = VarSet::new();
    vars_in_head(&rule.head, &mut vars);
    vars_in_body(rule.body.get(..at.min(rule.body.len())).unwrap_or_default(), &mut vars);
    vars
}

pub(super) fn vars_in_head(head: &Head, vars: &mut VarSet) {
    for term in head.args.iter().chain(&head.key).chain(&head.value) {
        visit::walk(Node::Term(term), &mut |node| collect_name(node, vars));
    }
}

pub(super) fn vars_in_body(body: &[Expr], vars: &mut VarSet) {
    visit::walk(Node::Body(body), &mut |node| collect_name(node, vars));
}

fn collect_name(node: Node<'_>, vars: &mut VarSet) -> bool {
    if let Node::Term(term) = node
        && let Some(name) = term.as_var()
    {
        vars.insert(name.clone());
    }
    false
}

/// The parts of a reference whose value decides whether it selects the rule at `own`; nothing where it cannot select it (OPA's
/// `refSelectsRule`). A variable that has no value yet and occurs once goes through everything.
pub(super) fn positions(reference: &[Term], own: &[Term], bound: &VarSet) -> Option<Vec<usize>> {
    let mut open = Vec::new();
    for (at, (part, wanted)) in reference.iter().zip(own).enumerate().skip(1) {
        if !is_constant(wanted) || enumerates(reference, part, bound) {
            continue;
        }
        if !is_constant(part) {
            open.push(at);
        } else if order::compare(part, wanted).is_ne() {
            return None;
        }
    }
    Some(open)
}

fn enumerates(reference: &[Term], part: &Term, bound: &VarSet) -> bool {
    part.as_var()
        .is_some_and(|name| !bound.contains(name) && reference.iter().filter(|other| other.as_var() == Some(name)).count() == 1)
}
