//! Values as the keys of ordered maps and sets.

use std::cmp::Ordering;

use super::super::value::{Value, compare};

/// A key in the order of values.
#[derive(Clone, Copy)]
pub(super) struct Key<'a>(pub(super) Value<'a>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key<'_> {}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}
