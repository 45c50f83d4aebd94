//! Sets of variables.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::rego::ast::Name;

/// How many names a list may have: beyond that they stand in a tree, into which a name is put without moving all others.
const MAX_LISTED: usize = 32;

/// A set of variables, in the order of their names. Nearly all have a few, which need no allocation.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct VarSet {
    /// In order; empty once there is a tree.
    list: SmallVec<[Name; 3]>,
    tree: BTreeSet<Name>,
}

impl VarSet {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Whether the name was not there.
    pub(super) fn insert(&mut self, name: Name) -> bool {
        if !self.tree.is_empty() {
            return self.tree.insert(name);
        }
        let Err(at) = self.place(&name) else { return false };
        if self.list.len() < MAX_LISTED {
            self.list.insert(at, name);
        } else {
            self.tree = std::mem::take(&mut self.list).into_iter().collect();
            self.tree.insert(name);
        }
        true
    }

    /// Where the name stands in the list, or where it would.
    fn place(&self, name: &str) -> Result<usize, usize> {
        for (at, own) in self.list.iter().enumerate() {
            // Equal names of a source share their text.
            if std::ptr::eq(&**own, name) {
                return Ok(at);
            }
            match (**own).cmp(name) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(at),
                std::cmp::Ordering::Greater => return Err(at),
            }
        }
        Err(self.list.len())
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.place(name).is_ok() || self.tree.contains(name)
    }

    /// Whether the name was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        match self.place(name) {
            Ok(at) => {
                self.list.remove(at);
                true
            }
            Err(_) => self.tree.remove(name),
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Name) -> bool) {
        self.list.retain(|name| keep(name));
        self.tree.retain(keep);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> + Clone {
        self.list.iter().chain(&self.tree)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len() + self.tree.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.tree.is_empty()
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|name| other.contains(name))
    }

    /// The names that `other` has not.
    pub(super) fn difference<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s Name> {
        self.iter().filter(|name| !other.contains(name))
    }

    /// The names that `other` has, too.
    pub(super) fn intersection<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s Name> {
        self.iter().filter(|name| other.contains(name))
    }
}

/// However the names are kept.
impl PartialEq for VarSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Extend<Name> for VarSet {
    fn extend<I: IntoIterator<Item = Name>>(&mut self, names: I) {
        for name in names {
            self.insert(name);
        }
    }
}

impl FromIterator<Name> for VarSet {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        let mut set = Self::new();
        set.extend(names);
        set
    }
}

impl IntoIterator for VarSet {
    type Item = Name;
    type IntoIter = std::iter::Chain<smallvec::IntoIter<[Name; 3]>, std::collections::btree_set::IntoIter<Name>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter().chain(self.tree)
    }
}

impl<'s> IntoIterator for &'s VarSet {
    type Item = &'s Name;
    type IntoIter = std::iter::Chain<std::slice::Iter<'s, Name>, std::collections::btree_set::Iter<'s, Name>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter().chain(&self.tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beyond what the list may hold, and back below it: the same set as a tree.
    #[test]
    fn a_set_is_the_same_as_a_tree_however_many_names_it_has() {
        let (mut set, mut tree) = (VarSet::new(), BTreeSet::new());
        for number in (0..200_u32).map(|number| number * 37 % 101) {
            let name: Name = format!("x{number}").into();
            assert_eq!(set.contains(&name), tree.contains(&name));
            assert_eq!(set.insert(name.clone()), tree.insert(name));
            assert!(set.iter().eq(&tree) && set.len() == tree.len());
        }
        let list: VarSet = tree.iter().take(9).cloned().collect();
        set.retain(|name| list.contains(name));
        assert!(set == list && set.is_subset(&list) && set.difference(&list).next().is_none());
        for name in &list {
            assert!(set.intersection(&list).any(|other| other == name));
            assert!(set.remove(name) && !set.remove(name) && !set.contains(name));
        }
        assert!(set.is_empty() && set.into_iter().next().is_none());
    }
}
