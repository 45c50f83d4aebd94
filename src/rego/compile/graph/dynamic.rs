//! References that may select a rule, if their variables hold the right values, and what errors say about them.

use std::collections::BTreeSet;

use super::origins::{self, Origin, Origins};
use super::{Dependency, narrow, results, select};
use crate::rego::ast::{Rule, Term};
use crate::rego::compile::visit::VarSet;
use crate::rego::compile::{Compiler, Entry};
use crate::rego::order;
use crate::rego::print;

/// The most conditions that an error spells out.
const MAX_CONDITIONS: usize = 2;
/// The most members of a collection that an error lists.
const MAX_MEMBERS: usize = 5;

/// A reference that may select rules.
#[derive(Debug)]
pub(in crate::rego::compile) struct Dynamic {
    /// As it is written.
    reference: Vec<Term>,
    /// What selects: narrowed, where one reference is left.
    selecting: Vec<Term>,
    bound: VarSet,
    origins: Origins,
    /// The rules that it may select.
    pub(super) rules: BTreeSet<usize>,
}

/// A part of a reference, and the value that it needs to select a rule.
struct Condition<'c> {
    at: usize,
    term: &'c Term,
    value: &'c Term,
}

/// The references of a branch that may select rules, those aside that another reference selects for sure.
pub(super) fn of(rule: &Rule, found: Vec<Dependency<'_>>) -> Vec<Dynamic> {
    if found.iter().all(|dependency| dependency.is_static) {
        return Vec::new();
    }
    let sure: BTreeSet<usize> = found.iter().filter(|dependency| dependency.is_static).map(|d| d.rule).collect();
    let mut dynamic: Vec<(usize, Dynamic)> = Vec::new();
    for dependency in found.into_iter().filter(|dependency| !sure.contains(&dependency.rule)) {
        match dynamic.last_mut() {
            Some((number, last)) if *number == dependency.number => drop(last.rules.insert(dependency.rule)),
            _ => dynamic.push((dependency.number, Dynamic::new(rule, dependency))),
        }
    }
    dynamic.into_iter().map(|(_, dynamic)| dynamic).collect()
}

impl Dynamic {
    fn new(rule: &Rule, dependency: Dependency<'_>) -> Self {
        Self {
            reference: dependency.source.to_vec(),
            bound: select::vars_before(rule, dependency.at),
            origins: origins::of(rule, dependency.at, &dependency.selecting),
            selecting: dependency.selecting.into_owned(),
            rules: BTreeSet::from([dependency.rule]),
        }
    }

    /// What an error says about it: ` (data[x].p refers to data.a.p if x is "a")`. `place` is where it stands, if that is worth saying.
    pub(in crate::rego::compile) fn explain(
        &self,
        compiler: &Compiler,
        reader: &Entry,
        target: &Entry,
        is_first: bool,
    ) -> String {
        let own = target.reference();
        // What goes beyond the rule's own path only reads from its value.
        let length = self.reference.len().min(own.len());
        let written = compiler.restored(self.reference.get(..length).unwrap_or_default());
        let place = if is_first { String::new() } else { format!(" in {}", compiler.display_reference(&reader.reference())) };
        let target = compiler.display_reference(&own);
        let text = print::reference(&written);
        let conditions = self.conditions(&written, &own).filter(|conditions| {
            !conditions.is_empty() && conditions.len() <= MAX_CONDITIONS && conditions.iter().all(|c| self.can_hold(c))
        });
        match conditions {
            None => format!(" ({text}{place} could refer to {target})"),
            Some(conditions) => {
                let list: Vec<String> = conditions.iter().map(|c| self.explain_condition(compiler, reader, c)).collect();
                format!(" ({text}{place} refers to {target} if {})", list.join(" and "))
            }
        }
    }

    /// The conditions under which the rule at `own` is selected, each term once; nothing where a term would need two values.
    fn conditions<'c>(&self, written: &'c [Term], own: &'c [Term]) -> Option<Vec<Condition<'c>>> {
        let mut conditions: Vec<Condition<'c>> = Vec::new();
        for at in select::positions(&self.selecting, own, &self.bound).unwrap_or_default() {
            let (Some(term), Some(value)) = (written.get(at), own.get(at)) else { continue };
            match conditions.iter().find(|condition| order::compare(condition.term, term).is_eq()) {
                None => conditions.push(Condition { at, term, value }),
                Some(other) if order::compare(other.value, value).is_ne() => return None,
                Some(_) => {}
            }
        }
        Some(conditions)
    }

    fn origin(&self, condition: &Condition<'_>) -> Option<&Origin> {
        self.origins.get(self.reference.get(condition.at)?.as_var()?)
    }

    /// Whether a variable can hold what it would have to.
    fn can_hold(&self, condition: &Condition<'_>) -> bool {
        match self.origin(condition) {
            Some(Origin::Collection(collection)) => narrow::members(collection)
                .is_some_and(|members| members.iter().any(|member| order::compare(member, condition.value).is_eq())),
            Some(Origin::Builtin(builtin)) => results::may_be(builtin, condition.value),
            _ => true,
        }
    }

    fn explain_condition(&self, compiler: &Compiler, reader: &Entry, condition: &Condition<'_>) -> String {
        let (term, value) = (print::term(condition.term), print::term(condition.value));
        match self.note(compiler, reader, condition, &term) {
            Some(note) => format!("{term} is {value} ({note})"),
            None => format!("{term} is {value}"),
        }
    }

    /// Where the value of a condition's term comes from, if that is known.
    fn note(&self, compiler: &Compiler, reader: &Entry, condition: &Condition<'_>, term: &str) -> Option<String> {
        let written = self.reference.get(condition.at)?;
        if let Some(parts) = written.as_ref_parts() {
            let is_data = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
            return is_data.then(|| "rule values aren't known at compile time".to_owned());
        }
        Some(match self.origin(condition)? {
            Origin::Input(path) => format!("{term} comes from {}", compiler.display_reference(path)),
            Origin::Rule(path) => {
                format!("{term} comes from rule {}, whose value isn't known at compile time", print::reference(path))
            }
            Origin::Collection(collection) => match narrow::members(collection)?.len() {
                count if count > MAX_MEMBERS => format!("{term} is one of {count} values"),
                _ => format!("{term} is one of {}", print::term(collection)),
            },
            Origin::Builtin(builtin) => format!("{term} is computed by {builtin}"),
            Origin::Key => format!("{term} is a key of {}", compiler.display_reference(&reader.reference())),
            Origin::Argument => format!("{term} is an argument of {}", compiler.display_reference(&reader.reference())),
        })
    }
}
