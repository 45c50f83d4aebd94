//! Equality and order, as OPA's `Compare` (`v1/ast/compare.go`): null < booleans < numbers < strings < arrays < objects < sets.

use std::cmp::Ordering;

use super::{Elements, Entries, Value, number};

/// Whether two values are equal: `1` and `1.0` are.
#[inline]
#[must_use]
pub fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::String(x), Value::String(y)) => x == y,
        (Value::Int(x), Value::Int(y)) => x == y,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        _ => compare(a, b) == Ordering::Equal,
    }
}

/// The order of two values.
#[inline]
#[must_use]
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Int(x), Value::Int(y)) => x.cmp(y),
        _ => compare_any(a, b),
    }
}

const fn rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::DocArray(_) => 4,
        Value::Object(_) | Value::DocObject(_) => 5,
        Value::Set(_) | Value::DocSet(_) => 6,
    }
}

/// A pair of containers that are compared, and how far.
enum Pair<'a, 'b> {
    Elements(Elements<'a>, Elements<'b>, usize),
    Entries(Entries<'a>, Entries<'b>, usize),
}

/// On the heap, since values nest as deep as an input does.
fn compare_any(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    let mut pairs = Vec::new();
    let mut order = compare_heads(a, b, &mut pairs);
    while order == Ordering::Equal {
        let Some(pair) = pairs.last_mut() else { return Ordering::Equal };
        let next = pair.next();
        match next {
            Next::Values(x, y) => order = compare_heads(&x, &y, &mut pairs),
            Next::Done(end) => {
                order = end;
                pairs.pop();
            }
        }
    }
    order
}

enum Next<'a, 'b> {
    Values(Value<'a>, Value<'b>),
    Done(Ordering),
}

impl<'a, 'b> Pair<'a, 'b> {
    /// Objects are compared entry by entry, key then value, and the shorter one is less (`object.Compare`).
    fn next(&mut self) -> Next<'a, 'b> {
        match self {
            Self::Elements(x, y, at) => {
                let found = (x.get(*at), y.get(*at));
                *at += 1;
                match found {
                    (Some(x), Some(y)) => Next::Values(x, y),
                    _ => Next::Done(x.len().cmp(&y.len())),
                }
            }
            Self::Entries(x, y, at) => {
                let (entry, is_value) = (*at / 2, *at % 2 == 1);
                *at += 1;
                match (x.at(entry), y.at(entry)) {
                    (Some(x), Some(y)) if is_value => Next::Values(x.1, y.1),
                    (Some(x), Some(y)) => Next::Values(x.0, y.0),
                    _ => Next::Done(x.len().cmp(&y.len())),
                }
            }
        }
    }
}

/// The order of two scalars or of different types; two containers of a type are put on `pairs`, and are equal so far.
fn compare_heads<'a, 'b>(a: &Value<'a>, b: &Value<'b>, pairs: &mut Vec<Pair<'a, 'b>>) -> Ordering {
    match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Int(x), Value::Int(y)) => x.cmp(y),
        (Value::String(x), Value::String(y)) => x.cmp(y),
        _ if a.is_number() && b.is_number() => number::compare(a, b),
        _ => {
            let order = rank(a).cmp(&rank(b));
            if order == Ordering::Equal {
                pairs.extend(containers(a, b));
            }
            order
        }
    }
}

fn containers<'a, 'b>(a: &Value<'a>, b: &Value<'b>) -> Option<Pair<'a, 'b>> {
    if let (Some(x), Some(y)) = (a.as_object(), b.as_object()) {
        return Some(Pair::Entries(x, y, 0));
    }
    let x = a.as_array().or_else(|| a.as_set())?;
    let y = b.as_array().or_else(|| b.as_set())?;
    Some(Pair::Elements(x, y, 0))
}
