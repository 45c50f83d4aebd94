//! Iterators over collections and over the keys of the rule tree.

use super::Machine;
use crate::rego::value::{Elements, Entries, Value, compare};

/// Where a walk stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Iter<'a> {
    /// Nothing is left.
    Done,
    Array(Elements<'a>, usize),
    Set(Elements<'a>, usize),
    Object(Entries<'a>, usize),
    /// The outputs of a builtin, and whether the walk began before the routine had a value.
    Outputs(Elements<'a>, usize, bool),
    /// The keys of base data, then those that only rules have.
    Keys {
        base: Option<Value<'a>>,
        virtual_keys: bool,
        at: usize,
    },
}

impl<'a> Iter<'a> {
    /// A walk over `value`; `None` where it is no collection.
    pub(super) fn over(value: &Value<'a>) -> Option<Self> {
        if let Some(elements) = value.as_array() {
            return Some(Self::Array(elements, 0));
        }
        if let Some(entries) = value.as_object() {
            return Some(Self::Object(entries, 0));
        }
        value.as_set().map(|members| Self::Set(members, 0))
    }

    /// The next key and value. A set's member is both.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        match self {
            Self::Array(elements, at) => {
                let value = elements.get(*at)?;
                let key = Value::Int(i64::try_from(*at).unwrap_or(i64::MAX));
                *at += 1;
                Some((key, value))
            }
            Self::Set(members, at) => {
                let member = members.get(*at)?;
                *at += 1;
                Some((member, member))
            }
            Self::Object(entries, at) => {
                let entry = entries.at(*at)?;
                *at += 1;
                Some(entry)
            }
            Self::Done | Self::Outputs(..) | Self::Keys { .. } => None,
        }
    }
}

/// The key at a position of a collection.
fn key_at<'a>(value: &Value<'a>, at: usize) -> Option<Value<'a>> {
    if let Some(entries) = value.as_object() {
        return entries.keys().get(at);
    }
    if let Some(elements) = value.as_array() {
        return (at < elements.len()).then(|| Value::Int(i64::try_from(at).unwrap_or(i64::MAX)));
    }
    value.as_set()?.get(at)
}

fn length(value: &Value<'_>) -> usize {
    value.as_object().map_or_else(|| value.as_array().or_else(|| value.as_set()).map_or(0, |e| e.len()), |o| o.len())
}

impl<'a> Machine<'a, '_> {
    /// Begins to walk the keys at a node of the rule tree.
    pub(super) fn keys(&self, node: u32) -> Iter<'a> {
        let Some(node) = self.plan.nodes.get(node as usize) else { return Iter::Done };
        let virtual_keys = !self.is_shadowed(node.path);
        Iter::Keys { base: self.base_document(node.path), virtual_keys, at: 0 }
    }

    /// The next key of a node, the code for it, and whether only rules have it.
    pub(super) fn next_key(&mut self, iter: usize, node: u32) -> Option<(Value<'a>, u32, bool)> {
        let plan = self.plan;
        let node = plan.nodes.get(node as usize)?;
        let Some(Iter::Keys { base, virtual_keys, at }) = self.stacks.iters.get_mut(iter) else { return None };
        let (base, virtual_keys) = (*base, *virtual_keys);
        loop {
            let position = *at;
            *at += 1;
            let from_base = base.as_ref().map_or(0, length);
            if let Some(key) = base.as_ref().and_then(|base| key_at(base, position)) {
                let label = if virtual_keys { child_label(plan, node, &key) } else { None };
                return Some((key, label.unwrap_or(node.base), false));
            }
            if !virtual_keys {
                return None;
            }
            let (constant, label) = node.children.get(position - from_base)?;
            let key = plan.constants.get(*constant as usize)?.view();
            if base.as_ref().is_none_or(|base| base.get(&key).is_none()) {
                return Some((key, *label, true));
            }
        }
    }

    /// The code for one key of a node.
    pub(super) fn child(&self, node: u32, key: &Value<'a>) -> Option<u32> {
        let node = self.plan.nodes.get(node as usize)?;
        if self.is_shadowed(node.path) {
            return Some(node.base);
        }
        Some(child_label(self.plan, node, key).unwrap_or(node.base))
    }
}

fn child_label(plan: &crate::rego::plan::Plan, node: &crate::rego::plan::Node, key: &Value<'_>) -> Option<u32> {
    let is_known = |constant: u32| plan.constants.get(constant as usize).is_some_and(|known| is_same_key(&known.view(), key));
    node.children.iter().find(|(constant, _)| is_known(*constant)).map(|(_, label)| *label)
}

/// OPA finds the children of a node by the text of a number: `1.0` is not the key `1`.
fn is_same_key(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::Number(_), Value::Int(_)) | (Value::Int(_), Value::Number(_)) => false,
        _ => compare(a, b).is_eq(),
    }
}
