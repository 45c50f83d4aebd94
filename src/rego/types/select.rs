//! What a reference finds in a type (OPA's `types.Select`, `Keys`, `Values`).

use super::{Constant, Known, Shape, Type, Types};

impl Types {
    /// The type of the document that `key` selects.
    pub(in crate::rego) fn select(&mut self, at: Known, key: &Constant) -> Known {
        if at == Some(Type::ANY) {
            return at;
        }
        match &*self.shape(at?) {
            Shape::Array { items, rest } => key.index().and_then(|index| items.get(index).copied().unwrap_or(*rest)),
            Shape::Object { properties, rest } => {
                // Schemas that `allOf` merges may have a property twice: the first one counts.
                let first = properties.partition_point(|(own, _)| own < key);
                if let Some((_, value)) = properties.get(first).filter(|(own, _)| own == key) {
                    return *value;
                }
                let (keys, values) = (*rest)?;
                let own = self.of_constant(key);
                values.filter(|_| self.contains(keys, own))
            }
            Shape::Set(of) => {
                let own = self.of_constant(key);
                of.filter(|of| *of == own).or_else(|| match &*self.shape((*of)?) {
                    Shape::Any(members) if self.has_member(members, own) => Some(own),
                    _ => None,
                })
            }
            Shape::Any(members) if members.is_empty() => Some(Type::ANY),
            Shape::Any(members) => members.iter().fold(None, |found, member| {
                let selected = self.select(Some(*member), key);
                self.or(selected, found)
            }),
            _ => None,
        }
    }

    /// The type of the keys of a collection; `None` for what is none, or is empty.
    pub(in crate::rego) fn keys(&mut self, at: Known) -> Known {
        if at == Some(Type::ANY) {
            return at;
        }
        match &*self.shape(at?) {
            Shape::Array { .. } => Some(Type::NUMBER),
            Shape::Object { properties, rest } => {
                let own = properties.iter().fold(None, |found, (key, _)| {
                    let key = self.of_constant(key);
                    self.or(found, Some(key))
                });
                rest.map_or(own, |(keys, _)| self.or(own, keys))
            }
            Shape::Set(of) => *of,
            Shape::Any(members) if members.is_empty() => Some(Type::ANY),
            Shape::Any(members) => members.iter().fold(None, |found, member| {
                let keys = self.keys(Some(*member));
                self.or(keys, found)
            }),
            _ => None,
        }
    }

    /// The type of what a collection has.
    pub(in crate::rego) fn values(&mut self, at: Known) -> Known {
        if at == Some(Type::ANY) {
            return at;
        }
        match &*self.shape(at?) {
            Shape::Array { items, rest } => {
                let own = items.iter().fold(None, |found, item| self.or(found, *item));
                self.or(own, *rest)
            }
            Shape::Object { properties, rest } => {
                let own = properties.iter().fold(None, |found, (_, value)| self.or(found, *value));
                rest.map_or(own, |(_, values)| self.or(own, values))
            }
            Shape::Set(of) => *of,
            Shape::Any(members) if members.is_empty() => Some(Type::ANY),
            Shape::Any(members) => members.iter().fold(None, |found, member| {
                let values = self.values(Some(*member));
                self.or(values, found)
            }),
            _ => None,
        }
    }

    /// Whether it is a collection that has nothing and never will (OPA's `isEmptyCollectionType`).
    pub(in crate::rego) fn is_empty_collection(&self, at: Known) -> bool {
        at.and_then(|at| self.entry(at)).is_some_and(|entry| match &*entry.shape {
            Shape::Array { items, rest } => items.is_empty() && rest.is_none(),
            Shape::Object { properties, rest } => properties.is_empty() && rest.is_none(),
            Shape::Set(of) => of.is_none(),
            _ => false,
        })
    }
}

impl Types {
    /// What an object has; `None` for another type.
    pub(in crate::rego) fn as_object(&self, at: Known) -> Option<(Vec<(Constant, Known)>, super::Rest)> {
        match &*self.shape(at?) {
            Shape::Object { properties, rest } => Some((properties.to_vec(), *rest)),
            _ => None,
        }
    }

    pub(in crate::rego) fn is_object(&self, at: Known) -> bool {
        at.and_then(|at| self.entry(at)).is_some_and(|entry| matches!(*entry.shape, Shape::Object { .. }))
    }
}
