//! Rules that cannot stand beside one another (OPA's `checkRuleConflicts`).

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Key, Node, ground_prefix};
use super::visit::is_ground;
use super::{Compiler, Entry, RuleKind, kind_of};
use crate::rego::ast::{Module, Rule, Span, Term};
use crate::rego::order;
use crate::rego::print;

pub(super) fn check(compiler: &mut Compiler) {
    let mut problems = Vec::new();
    compiler.tree.root().depth_first(&mut |node| match conflict_at(node, compiler) {
        Some(problem) => {
            problems.push(problem);
            false
        }
        None => false,
    });
    problems.extend(package_conflicts(compiler));
    for (span, message) in problems {
        compiler.report("rego_type_error", span, message);
    }
}

fn entries_of<'c>(node: &Node, compiler: &'c Compiler) -> Vec<&'c Entry> {
    node.rules.iter().filter_map(|number| compiler.rules.get(*number)).collect()
}

fn has_ground_reference(entry: &Entry) -> bool {
    entry.rule.head.reference.iter().skip(1).all(is_ground)
}

fn conflict_at(node: &Node, compiler: &Compiler) -> Option<(Span, String)> {
    if node.rules.len() < 2 && node.children.is_empty() {
        return None;
    }
    let entries = entries_of(node, compiler);
    let first = entries.first()?;
    let last = entries.last()?;
    let name = || compiler.display_reference(&last.reference());
    if let Some(list) = extent_conflicts(node, &entries, compiler) {
        return Some((first.rule.span, format!("rule {} conflicts with:{list}", name())));
    }
    if are_of_different_kinds(&entries) {
        return Some((first.rule.span, format!("conflicting rules {} found", name())));
    }
    let defaults: Vec<&&Entry> = entries.iter().filter(|entry| entry.rule.is_default).collect();
    if let [first, _, ..] = defaults.as_slice() {
        let places: Vec<String> = defaults.iter().map(|entry| compiler.display_place(entry.rule.span)).collect();
        let package = compiler.modules.get(first.module).map_or(first.rule.span, |module| module.package.span);
        return Some((package, format!("multiple default rules {} found at {}", name(), places.join(", "))));
    }
    None
}

/// The rules below a node that may not be there: any below a single value, functions below what is found while evaluating.
fn extent_conflicts(node: &Node, entries: &[&Entry], compiler: &Compiler) -> Option<String> {
    let mut conflicts = Vec::new();
    if entries.iter().any(|entry| has_ground_reference(entry)) {
        conflicts = below(node, compiler, |_| true);
    }
    if conflicts.is_empty() && entries.iter().any(|entry| !has_ground_reference(entry)) {
        conflicts = below(node, compiler, |rule| !rule.head.args.is_empty());
    }
    let lines = conflicts.iter().map(|(reference, span)| {
        format!("\n  rule {} at {}", compiler.display_reference(reference), compiler.display_place(*span))
    });
    (!conflicts.is_empty()).then(|| lines.collect())
}

fn are_of_different_kinds(entries: &[&Entry]) -> bool {
    let kinds = |kind| entries.iter().any(|entry| kind_of(&entry.rule) == kind);
    let arities: BTreeSet<usize> = entries.iter().map(|entry| entry.rule.head.args.len()).collect();
    let complete = |entry: &&Entry| kind_of(&entry.rule) == RuleKind::Single && has_ground_reference(entry);
    let multi = |ground: bool| {
        entries.iter().any(|entry| kind_of(&entry.rule) == RuleKind::Multi && has_ground_reference(entry) == ground)
    };
    (kinds(RuleKind::Single) && kinds(RuleKind::Multi))
        || arities.len() > 1
        || (entries.iter().any(complete) && !entries.iter().all(complete))
        || (multi(true) && multi(false))
}

type Place = (Vec<Term>, Span);

/// The rules below a node, sorted by their references; of those that begin with one another the shortest alone.
fn below(node: &Node, compiler: &Compiler, wanted: impl Fn(&Rule) -> bool) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    for child in node.children.values() {
        child.depth_first(&mut |node| {
            for entry in entries_of(node, compiler).into_iter().filter(|entry| wanted(&entry.rule)) {
                add_shortest(&mut found, (entry.reference(), entry.rule.span));
            }
            false
        });
    }
    found.sort_by(|(a, _), (b, _)| order::compare_all(a.iter(), b.iter()));
    found
}

fn add_shortest(found: &mut Vec<Place>, new: Place) {
    let begins = |long: &[Term], short: &[Term]| {
        long.len() >= short.len() && order::compare_all(long.iter().take(short.len()), short.iter()).is_eq()
    };
    if !found.iter().any(|(known, _)| begins(&new.0, known)) {
        found.retain(|(known, _)| !begins(known, &new.0));
        found.push(new);
    }
}

/// A package may not lie at a rule of another (the module tree's check).
fn package_conflicts(compiler: &Compiler) -> Vec<(Span, String)> {
    // Hardly ever is there a rule at the path of a package.
    let has_rules = |module: &Module| compiler.tree.find(&module.package.path).is_some_and(|node| !node.rules.is_empty());
    if !compiler.modules.iter().any(has_rules) {
        return Vec::new();
    }
    let mut packages: BTreeMap<Vec<Key>, Vec<usize>> = BTreeMap::new();
    for (number, module) in compiler.modules.iter().enumerate() {
        packages.entry(keys(&module.package.path)).or_default().push(number);
    }
    let mut problems = Vec::new();
    for entry in &compiler.rules {
        let reference = entry.reference();
        if ground_prefix(&reference).len() < reference.len() {
            continue;
        }
        let Some(numbers) = packages.get(&keys(&reference)) else { continue };
        for module in numbers.iter().filter_map(|number| compiler.modules.get(*number)) {
            let span = compiler.modules.get(entry.module).map_or(entry.rule.span, |m| m.package.span);
            let package = display_package(&module.package.path);
            let rule = print::reference(&entry.rule.head.reference);
            let place = compiler.display_place(entry.rule.span);
            problems.push((span, format!("{package} conflicts with rule {rule} defined at {place}")));
        }
    }
    problems
}

fn keys(reference: &[Term]) -> Vec<Key> {
    reference.iter().skip(1).filter_map(Key::of).collect()
}

/// `package a.b`, without the `data` that its path begins with.
fn display_package(path: &[Term]) -> String {
    let mut path = path.get(1..).unwrap_or_default().to_vec();
    if let Some(first) = path.first_mut()
        && let Some(name) = first.as_str().cloned()
    {
        *first = Term::var(name, first.span);
    }
    format!("package {}", print::reference(&path))
}
