//! Variables that can only hold some constants: a reference through them means no more than these select (OPA's `expandRefVars`).

use std::collections::BTreeMap;

use crate::rego::ast::{Expr, Name, Term, TermKind};
use crate::rego::compile::{as_equality, is_constant};
use crate::rego::order;

/// The most references that one is narrowed into; beyond that it stays as it is.
const MAX_EXPANSION: usize = 64;

/// What variables can hold.
pub(super) type Known = BTreeMap<Name, Vec<Term>>;

/// A variable that an expression binds to one of some constants.
pub(super) struct Binding {
    at: usize,
    name: Name,
    values: Vec<Term>,
}

/// The first such binding of each variable; of what it reads itself, only what is bound before counts.
pub(super) fn bindings(body: &[Expr]) -> Vec<Binding> {
    let mut found = Vec::new();
    let mut known = Known::new();
    for (at, expr) in body.iter().enumerate() {
        if expr.negated || !expr.with.is_empty() {
            continue;
        }
        let Some((name, values)) = binding(expr, &known) else { continue };
        if !known.contains_key(&name) {
            known.insert(name.clone(), values.clone());
            found.push(Binding { at, name, values });
        }
    }
    found
}

/// What is known where an expression is evaluated.
pub(super) fn known_before(bindings: &[Binding], at: usize) -> Known {
    bindings.iter().take_while(|binding| binding.at < at).map(|b| (b.name.clone(), b.values.clone())).collect()
}

fn binding(expr: &Expr, known: &Known) -> Option<(Name, Vec<Term>)> {
    let (left, right) = as_equality(expr)?;
    let one_way = |variable: &Term, value: &Term| Some((variable.as_var()?.clone(), values_of(value, known)?));
    one_way(left, right).or_else(|| one_way(right, left))
}

/// The constants that a term can be; nothing where that is not known.
fn values_of(term: &Term, known: &Known) -> Option<Vec<Term>> {
    match &term.kind {
        TermKind::Var(name) => known.get(name).cloned(),
        TermKind::Ref(parts) => values_at(parts, known),
        _ => is_constant(term).then(|| vec![term.clone()]),
    }
}

/// The values that a reference into a constant can have: a constant part selects one member, any other all.
fn values_at(parts: &[Term], known: &Known) -> Option<Vec<Term>> {
    let (head, rest) = parts.split_first()?;
    let mut values = values_of(head, known)?;
    for part in rest {
        let mut next = Vec::new();
        for value in &values {
            if is_constant(part) {
                next.extend(member(value, part));
            } else {
                next.extend(members(value)?);
            }
        }
        if next.len() > MAX_EXPANSION {
            return None;
        }
        values = next;
    }
    Some(values)
}

fn member(collection: &Term, key: &Term) -> Option<Term> {
    let same = |other: &Term| order::compare(other, key).is_eq();
    match &collection.kind {
        TermKind::Object(entries) => entries.iter().find(|(name, _)| same(name)).map(|(_, value)| value.clone()),
        TermKind::Set(members) => members.iter().find(|member| same(member)).cloned(),
        TermKind::Array(elements) => match &key.kind {
            TermKind::Number(text) => elements.get(text.parse::<usize>().ok()?).cloned(),
            _ => None,
        },
        _ => None,
    }
}

/// The elements of an array, the members of a set or the values of an object.
pub(super) fn members(collection: &Term) -> Option<Vec<Term>> {
    match &collection.kind {
        TermKind::Array(elements) => Some(elements.clone()),
        TermKind::Set(members) => {
            let mut sorted = members.clone();
            order::sort_members(&mut sorted);
            sorted.dedup_by(|a, b| order::compare(a, b).is_eq());
            Some(sorted)
        }
        TermKind::Object(entries) => Some(entries.iter().map(|(_, value)| value.clone()).collect()),
        _ => None,
    }
}

/// The references that one can be: each part whose values are known is replaced by them. Never none.
pub(super) fn expand(reference: &[Term], known: &Known) -> Vec<Vec<Term>> {
    let mut expanded = vec![reference.to_vec()];
    for (at, part) in reference.iter().enumerate().skip(1) {
        if is_constant(part) {
            continue;
        }
        // No value at all would drop every dependency on the strength of this analysis alone.
        let Some(values) = values_of(part, known).filter(|values| !values.is_empty()) else { continue };
        if expanded.len() * values.len() > MAX_EXPANSION {
            continue;
        }
        expanded = expanded.iter().flat_map(|prefix| values.iter().map(|value| replaced(prefix, at, value))).collect();
    }
    expanded
}

fn replaced(reference: &[Term], at: usize, value: &Term) -> Vec<Term> {
    let mut reference = reference.to_vec();
    if let Some(part) = reference.get_mut(at) {
        *part = value.clone();
    }
    reference
}
