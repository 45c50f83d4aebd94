//! The order of terms (OPA's `Value.Compare`). The parts of a set or an object are rewritten in it, and so evaluated: what comes first may be
//! undefined, and then what comes later is no error.

use std::cmp::Ordering;

use crate::rego::ast::{Term, TermKind};
use crate::rego::print::operator;
use crate::rego::value::{Value, compare as compare_values};

/// Puts the members of a set into their order.
pub(in crate::rego) fn sort_members(members: &mut [Term]) {
    members.sort_by(compare);
}

/// Leaves out members that equal one before them; comprehensions, which are not told apart here, and what has them stay.
pub(in crate::rego) fn drop_repeated(members: &mut Vec<Term>) {
    let mut at: Vec<usize> = (0..members.len()).collect();
    let order = |a: &usize, b: &usize| match (members.get(*a), members.get(*b)) {
        (Some(x), Some(y)) => compare(x, y).then_with(|| a.cmp(b)),
        _ => a.cmp(b),
    };
    at.sort_by(order);
    let mut repeated = vec![false; members.len()];
    for pair in at.windows(2) {
        let [a, b] = pair else { continue };
        let (Some(x), Some(y)) = (members.get(*a), members.get(*b)) else { continue };
        if compare(x, y).is_eq()
            && is_told_apart(x)
            && let Some(place) = repeated.get_mut(*b)
        {
            *place = true;
        }
    }
    let mut flags = repeated.into_iter();
    members.retain(|_| !flags.next().unwrap_or(false));
}

/// Whether a term equals another where [`compare`] says so.
fn is_told_apart(term: &Term) -> bool {
    match &term.kind {
        TermKind::Template(_)
        | TermKind::ArrayComprehension(_)
        | TermKind::SetComprehension(_)
        | TermKind::ObjectComprehension(_) => false,
        TermKind::Ref(parts) | TermKind::Array(parts) | TermKind::Set(parts) | TermKind::Call(parts) => {
            parts.iter().all(is_told_apart)
        }
        TermKind::Object(entries) => entries.iter().all(|(key, value)| is_told_apart(key) && is_told_apart(value)),
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) | TermKind::Var(_) => true,
    }
}

/// Puts the entries of an object into the order of their keys.
pub(in crate::rego) fn sort_entries(entries: &mut [(Term, Term)]) {
    entries.sort_by(|(a, _), (b, _)| compare(a, b));
}

/// OPA's `valueSortOrder`. A template string stays where it stood when it becomes a call.
fn rank(term: &Term) -> u8 {
    match &term.kind {
        TermKind::Call(terms) if operator(terms).as_deref() == Some("internal.template_string") => 4,
        TermKind::Null => 0,
        TermKind::Bool(_) => 1,
        TermKind::Number(_) => 2,
        TermKind::String(_) => 3,
        TermKind::Template(_) => 4,
        TermKind::Var(_) => 5,
        TermKind::Ref(_) => 6,
        TermKind::Array(_) => 7,
        TermKind::Object(_) => 8,
        TermKind::Set(_) => 9,
        TermKind::ArrayComprehension(_) => 10,
        TermKind::ObjectComprehension(_) => 11,
        TermKind::SetComprehension(_) => 12,
        TermKind::Call(_) => 13,
    }
}

/// The order of two terms. Comprehensions of one kind are told by their terms alone: which of two with the same term comes first is as written.
pub(in crate::rego) fn compare(a: &Term, b: &Term) -> Ordering {
    match (&a.kind, &b.kind) {
        (TermKind::Bool(a), TermKind::Bool(b)) => a.cmp(b),
        (TermKind::Number(a), TermKind::Number(b)) => compare_values(&Value::Number(a), &Value::Number(b)),
        (TermKind::String(a), TermKind::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (TermKind::Var(a), TermKind::Var(b)) => a.cmp(b),
        (TermKind::Call(x), TermKind::Call(y)) => rank(a).cmp(&rank(b)).then_with(|| compare_all(x.iter(), y.iter())),
        (TermKind::Ref(a), TermKind::Ref(b)) | (TermKind::Array(a), TermKind::Array(b)) => compare_all(a.iter(), b.iter()),
        (TermKind::Set(a), TermKind::Set(b)) => compare_all(sorted(a).into_iter(), sorted(b).into_iter()),
        (TermKind::Object(a), TermKind::Object(b)) => compare_all(flattened(a).into_iter(), flattened(b).into_iter()),
        (TermKind::ArrayComprehension(a), TermKind::ArrayComprehension(b))
        | (TermKind::SetComprehension(a), TermKind::SetComprehension(b)) => compare(&a.0, &b.0),
        (TermKind::ObjectComprehension(a), TermKind::ObjectComprehension(b)) => {
            compare(&a.0, &b.0).then_with(|| compare(&a.1, &b.1))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The order of lists of terms.
pub(in crate::rego) fn compare_all<'t>(
    a: impl Iterator<Item = &'t Term> + Clone,
    b: impl Iterator<Item = &'t Term> + Clone,
) -> Ordering {
    let found = a.clone().zip(b.clone()).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    found.unwrap_or_else(|| a.count().cmp(&b.count()))
}

fn sorted(members: &[Term]) -> Vec<&Term> {
    let mut members: Vec<&Term> = members.iter().collect();
    members.sort_by(|a, b| compare(a, b));
    members
}

/// Keys and values in turn.
fn flattened(entries: &[(Term, Term)]) -> Vec<&Term> {
    let mut entries: Vec<&(Term, Term)> = entries.iter().collect();
    entries.sort_by(|(a, _), (b, _)| compare(a, b));
    entries.into_iter().flat_map(|(key, value)| [key, value]).collect()
}
