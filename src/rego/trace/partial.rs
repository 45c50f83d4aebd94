//! The document of a partial rule, while its rules say what is in it (OPA's `evalVirtualPartial.reduce`).

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::rego::value::{Arena, ObjectBuilder, SetBuilder, Value, compare, equal};

/// A value by its order.
#[derive(Clone, Copy)]
pub(super) struct Ordered<'t>(pub(super) Value<'t>);

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered<'_> {}

/// A document that grows.
pub(super) struct Document<'t> {
    root: Part<'t>,
    /// The paths at which something was said; nothing may be said below one.
    said: BTreeSet<Vec<Ordered<'t>>>,
}

enum Part<'t> {
    Value(Value<'t>),
    Set(BTreeSet<Ordered<'t>>),
    Object(BTreeMap<Ordered<'t>, Part<'t>>),
}

impl<'t> Document<'t> {
    pub(super) const fn new(is_set: bool) -> Self {
        let root = if is_set { Part::Set(BTreeSet::new()) } else { Part::Object(BTreeMap::new()) };
        Self { root, said: BTreeSet::new() }
    }

    /// Adds a value at a path, or a member to the set there; whether it is new. An error where it conflicts with what was said before.
    pub(super) fn add(&mut self, path: Vec<Value<'t>>, last: Value<'t>, is_member: bool) -> Result<bool, ()> {
        if let Part::Set(members) = &mut self.root {
            return Ok(members.insert(Ordered(last)));
        }
        let path: Vec<Ordered<'t>> = path.into_iter().map(Ordered).collect();
        let mut above = path.as_slice();
        while let Some((_, shorter)) = above.split_last() {
            if self.said.contains(shorter) {
                return Err(());
            }
            above = shorter;
        }
        let Some((key, way)) = path.split_last() else { return Err(()) };
        let mut node = &mut self.root;
        for key in way {
            let Part::Object(entries) = node else { return Err(()) };
            node = entries.entry(*key).or_insert_with(|| Part::Object(BTreeMap::new()));
        }
        let Part::Object(entries) = node else { return Err(()) };
        let is_new = place(entries.entry(*key), last, is_member)?;
        self.said.insert(path);
        Ok(is_new)
    }

    pub(super) fn value(&self, arena: &'t Arena) -> Value<'t> {
        self.root.value(arena)
    }
}

fn place<'t>(entry: Entry<'_, Ordered<'t>, Part<'t>>, last: Value<'t>, is_member: bool) -> Result<bool, ()> {
    match (entry, is_member) {
        (Entry::Vacant(place), false) => {
            place.insert(Part::Value(last));
            Ok(true)
        }
        (Entry::Vacant(place), true) => {
            place.insert(Part::Set(BTreeSet::from([Ordered(last)])));
            Ok(true)
        }
        (Entry::Occupied(mut known), true) => match known.get_mut() {
            Part::Set(members) => Ok(members.insert(Ordered(last))),
            _ => Err(()),
        },
        (Entry::Occupied(known), false) => match known.get() {
            Part::Value(value) if equal(value, &last) => Ok(false),
            _ => Err(()),
        },
    }
}

impl<'t> Part<'t> {
    /// Recurses as deep as heads are long.
    fn value(&self, arena: &'t Arena) -> Value<'t> {
        match self {
            Self::Value(value) => *value,
            Self::Set(members) => {
                let mut set = SetBuilder::with_capacity(members.len());
                members.iter().for_each(|member| set.insert(member.0));
                set.build(arena)
            }
            Self::Object(entries) => {
                let mut object = ObjectBuilder::with_capacity(entries.len());
                entries.iter().for_each(|(key, part)| object.insert(key.0, part.value(arena)));
                object.build(arena)
            }
        }
    }
}
