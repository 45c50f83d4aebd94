//! Making objects and sets: collected in any order, sorted once.

use super::index::Index;
use super::{Arena, Object, Value, compare, equal};

/// Collects the entries of an object.
#[derive(Debug, Default)]
pub struct ObjectBuilder<'a> {
    entries: Vec<(Value<'a>, Value<'a>)>,
}

/// Collects the members of a set.
#[derive(Debug, Default)]
pub struct SetBuilder<'a> {
    members: Vec<Value<'a>>,
}

impl<'a> ObjectBuilder<'a> {
    /// One without entries, with room for `capacity`.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity) }
    }

    /// Adds an entry. Where a key comes twice, the first key and the last value stay (OPA's `object.Insert`).
    pub fn insert(&mut self, key: Value<'a>, value: Value<'a>) {
        self.entries.push((key, value));
    }

    /// The object.
    #[must_use]
    pub fn build(self, arena: &'a Arena) -> Value<'a> {
        build_object(arena, self.entries)
    }
}

impl<'a> SetBuilder<'a> {
    /// One without members, with room for `capacity`.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { members: Vec::with_capacity(capacity) }
    }

    /// Adds a member. Of equal ones the first stays: `{1.0, 1}` is `{1.0}`.
    pub fn insert(&mut self, member: Value<'a>) {
        self.members.push(member);
    }

    /// The set.
    #[must_use]
    pub fn build(mut self, arena: &'a Arena) -> Value<'a> {
        self.members.sort_by(compare);
        self.members.dedup_by(|later, earlier| equal(later, earlier));
        Value::Set(arena.alloc_slice_copy(&self.members))
    }
}

pub(super) fn build_object<'a>(arena: &'a Arena, mut entries: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
    // Stable, so that of equal keys the later value can win.
    if !entries.is_sorted_by(|a, b| compare(&a.0, &b.0).is_lt()) {
        entries.sort_by(|a, b| compare(&a.0, &b.0));
        entries.dedup_by(|later, earlier| {
            let same = equal(&later.0, &earlier.0);
            if same {
                earlier.1 = later.1;
            }
            same
        });
    }
    let keys = arena.alloc_slice_fill_iter(entries.iter().map(|e| e.0));
    let values = arena.alloc_slice_fill_iter(entries.iter().map(|e| e.1));
    object_of(arena, keys, values)
}

/// An object of sorted keys without duplicates.
pub(super) fn object_of<'a>(arena: &'a Arena, keys: &'a [Value<'a>], values: &'a [Value<'a>]) -> Value<'a> {
    let slots = Index::build(keys, Value::as_bytes);
    let index = Index::of(if slots.is_empty() { &[] } else { arena.alloc_slice_copy(&slots) });
    Value::Object(arena.alloc(Object { keys, values, index }))
}
