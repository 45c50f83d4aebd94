//! Objects.

use super::super::value::{Elements, Entries, ObjectBuilder, SetBuilder, Value, equal};
use super::operand::{any, array, element_error, object, type_error};
use super::{Context, Failure, Outcome};

/// By a key or by an array of keys.
pub(super) fn get<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let entries = object(operands, 1)?;
    let (key, default) = (any(operands, 2), any(operands, 3));
    let Some(path) = key.as_array() else { return Ok(entries.get(&key).unwrap_or(default)) };
    ctx.charge(path.len())?;
    let found = path.iter().try_fold(any(operands, 1), |value, key| value.get(&key));
    Ok(found.unwrap_or(default))
}

pub(super) fn keys<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let entries = object(operands, 1)?;
    ctx.charge(entries.len())?;
    Ok(match entries.keys() {
        Elements::Values(keys) => Value::Set(keys),
        Elements::Documents(keys) => Value::DocSet(keys),
    })
}

/// The keys of an object, or the members of an array or a set, as a set.
fn key_set<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Elements<'a>, Failure> {
    if let Some(entries) = value.as_object() {
        return Ok(entries.keys());
    }
    if let Some(set) = value.as_set() {
        return Ok(set);
    }
    let Some(array) = value.as_array() else { return Err(type_error(2, value, &["object", "set", "array"])) };
    ctx.charge(array.len() * 2)?;
    ctx.reserve(array.len() * size_of::<Value<'a>>() * 2)?;
    let mut set = SetBuilder::with_capacity(array.len());
    array.iter().for_each(|key| set.insert(key));
    let set = set.build(ctx.arena);
    Ok(set.as_set().unwrap_or(Elements::Values(&[])))
}

pub(super) fn remove<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let entries = object(operands, 1)?;
    let keys = key_set(ctx, &any(operands, 2))?;
    ctx.charge(entries.len() * 2)?;
    ctx.reserve(entries.len() * size_of::<Value<'a>>() * 2)?;
    let mut rest = ObjectBuilder::with_capacity(entries.len());
    entries.iter().filter(|(key, _)| keys.find(key).is_none()).for_each(|(key, value)| rest.insert(key, value));
    Ok(rest.build(ctx.arena))
}

/// Keys as the larger of the two has them, as in OPA.
pub(super) fn filter<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let entries = object(operands, 1)?;
    let keys = key_set(ctx, &any(operands, 2))?;
    let by_filter = entries.len() < keys.len();
    let asked = if by_filter { keys } else { entries.keys() };
    ctx.charge(asked.len() * 2)?;
    ctx.reserve(asked.len() * size_of::<Value<'a>>() * 2)?;
    let mut kept = ObjectBuilder::with_capacity(asked.len());
    for key in asked.iter().filter(|key| by_filter || keys.find(key).is_some()) {
        if let Some(value) = entries.get(&key) {
            kept.insert(key, value);
        }
    }
    Ok(kept.build(ctx.arena))
}

/// A merge that is under way: of two objects, or of one object with what is already merged.
struct Merge<'a> {
    a: Entries<'a>,
    b: Entries<'a>,
    /// The next entry of each.
    i: usize,
    j: usize,
    done: ObjectBuilder<'a>,
    /// The key under which the result goes into the outer merge.
    key: Value<'a>,
    /// Whose keys stay where both have one: the first's in a union of two, the second's in one of many.
    keys_of_b: bool,
}

impl<'a> Merge<'a> {
    fn new(a: Entries<'a>, b: Entries<'a>, key: Value<'a>, keys_of_b: bool) -> Self {
        Self { a, b, i: 0, j: 0, done: ObjectBuilder::with_capacity(a.len()), key, keys_of_b }
    }

    /// Goes on until two objects meet under one key, which are to be merged first.
    fn run(&mut self, ctx: &mut Context<'a>) -> Result<Option<Merge<'a>>, Failure> {
        loop {
            ctx.charge(1)?;
            let (x, y) = match (self.a.at(self.i), self.b.at(self.j)) {
                (None, None) => return Ok(None),
                pair => pair,
            };
            let order = match (x, y) {
                (Some(x), Some(y)) => super::super::value::compare(&x.0, &y.0),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            self.i += usize::from(order.is_le());
            self.j += usize::from(order.is_ge());
            match (x, y) {
                (Some((first, left)), Some((second, right))) if order.is_eq() => {
                    let key = if self.keys_of_b { second } else { first };
                    match (left.as_object(), right.as_object()) {
                        (Some(left), Some(right)) => return Ok(Some(Merge::new(left, right, key, self.keys_of_b))),
                        _ => self.done.insert(key, right),
                    }
                }
                (Some((key, value)), _) if order.is_lt() => self.done.insert(key, value),
                (_, Some((key, value))) => self.done.insert(key, value),
                _ => {}
            }
        }
    }
}

/// The union of two objects: where both have a key, objects are merged, and of others the second's value stays.
fn merge<'a>(ctx: &mut Context<'a>, a: Entries<'a>, b: Entries<'a>, keys_of_b: bool) -> Outcome<'a> {
    let mut open = vec![Merge::new(a, b, Value::Null, keys_of_b)];
    loop {
        let Some(top) = open.last_mut() else { return Ok(Value::Null) };
        if let Some(inner) = top.run(ctx)? {
            open.push(inner);
            continue;
        }
        let Some(Merge { done, key, a, b, .. }) = open.pop() else { return Ok(Value::Null) };
        ctx.reserve((a.len() + b.len()) * size_of::<Value<'a>>() * 2)?;
        let merged = done.build(ctx.arena);
        match open.last_mut() {
            Some(outer) => outer.done.insert(key, merged),
            None => return Ok(merged),
        }
    }
}

pub(super) fn union<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (object(operands, 1)?, object(operands, 2)?);
    ctx.charge(1)?;
    match (a.is_empty(), b.is_empty()) {
        (true, _) => Ok(any(operands, 2)),
        (_, true) => Ok(any(operands, 1)),
        _ if equal(&any(operands, 1), &any(operands, 2)) => Ok(any(operands, 1)),
        _ => merge(ctx, a, b, false),
    }
}

/// From the first object to the last: each overwrites what is there, and objects are merged.
pub(super) fn union_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let objects = array(operands, 1)?;
    ctx.charge(objects.len())?;
    if let Some(other) = objects.iter().find(|v| v.as_object().is_none()) {
        return Err(element_error(1, &any(operands, 1), &other, "object"));
    }
    let mut parts = objects.iter();
    let Some(mut merged) = parts.next() else { return Ok(ObjectBuilder::default().build(ctx.arena)) };
    for part in parts {
        if let (Some(a), Some(b)) = (merged.as_object(), part.as_object()) {
            merged = merge(ctx, a, b, true)?;
        }
    }
    Ok(merged)
}
