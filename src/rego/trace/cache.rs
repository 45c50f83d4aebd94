//! What is remembered of rules and calls (OPA's `v1/topdown/cache.go`).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::term::Node;
use crate::rego::value::{Value, compare};

/// Documents and calls by what they were asked with.
#[derive(Default)]
pub(super) struct Cache<'t>(BTreeMap<Asked<'t>, Option<Value<'t>>>);

/// What was asked: a document by its path, or a function by its arguments.
#[derive(Clone)]
pub(super) struct Asked<'t> {
    pub(super) function: &'t str,
    pub(super) keys: Vec<Value<'t>>,
    /// The keys further on that narrowed the evaluation (OPA's `vcKeyScope`); `None` for one that has no value yet.
    pub(super) scope: Vec<Option<Value<'t>>>,
}

impl<'t> Asked<'t> {
    pub(super) fn document(path: &[Value<'t>]) -> Self {
        Self { function: "", keys: path.to_vec(), scope: Vec::new() }
    }

    pub(super) fn narrowed(path: &[Value<'t>], scope: &[Node<'t>]) -> Self {
        Self { scope: scope.iter().map(|node| node.value()).collect(), ..Self::document(path) }
    }

    pub(super) fn call(function: &'t str, args: Vec<Value<'t>>) -> Self {
        Self { function, keys: args, scope: Vec::new() }
    }
}

impl Ord for Asked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_keys = || compare_all(self.keys.iter().map(Some), other.keys.iter().map(Some));
        let by_scope = || compare_all(self.scope.iter().map(Option::as_ref), other.scope.iter().map(Option::as_ref));
        self.function.cmp(other.function).then_with(by_keys).then_with(by_scope)
    }
}

impl PartialOrd for Asked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Asked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Asked<'_> {}

fn compare_all<'v, 't: 'v>(
    a: impl ExactSizeIterator<Item = Option<&'v Value<'t>>>,
    b: impl ExactSizeIterator<Item = Option<&'v Value<'t>>>,
) -> Ordering {
    let lengths = a.len().cmp(&b.len());
    lengths.then_with(|| {
        let each = a.zip(b).map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

impl<'t> Cache<'t> {
    /// `None` for what is not known, `Some(None)` for what is undefined.
    pub(super) fn get(&self, asked: &Asked<'t>) -> Option<Option<Value<'t>>> {
        self.0.get(asked).copied()
    }

    pub(super) fn put(&mut self, asked: Asked<'t>, value: Option<Value<'t>>) {
        self.0.insert(asked, value);
    }
}
