//! The types of a body's variables.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::Known;
use crate::rego::ast::Name;

/// How many variables may stand in a list, which is faster to search than a table to hash for.
const MAX_LISTED: usize = 12;

/// Variables, and what is known of each. Most bodies have a few.
#[derive(Default)]
pub(super) struct Vars {
    /// Empty once there is a table.
    list: SmallVec<[(Name, Known); 4]>,
    table: HashMap<Name, Known, RandomState>,
}

impl Vars {
    /// `Some(None)` where the variable is there without a type.
    pub(super) fn get(&self, name: &Name) -> Option<Known> {
        // Equal names of a source share their text.
        let is_same = |own: &Name| std::ptr::eq(&**own, &**name) || own == name;
        let listed = self.list.iter().find(|(own, _)| is_same(own)).map(|(_, known)| *known);
        listed.or_else(|| self.table.get(name).copied())
    }

    pub(super) fn insert(&mut self, name: &Name, known: Known) {
        if let Some((_, own)) = self.list.iter_mut().find(|(own, _)| own == name) {
            *own = known;
        } else if self.table.is_empty() && self.list.len() < MAX_LISTED {
            self.list.push((name.clone(), known));
        } else {
            self.table.extend(self.list.drain(..));
            self.table.insert(name.clone(), known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Type;
    use super::*;

    #[test]
    fn a_variable_has_its_last_type_however_many_there_are() {
        let mut vars = Vars::default();
        let names: Vec<Name> = (0..3 * MAX_LISTED).map(|number| format!("x{number}").into()).collect();
        for (at, name) in names.iter().enumerate() {
            assert_eq!(vars.get(name), None);
            vars.insert(name, None);
            assert_eq!(vars.get(name), Some(None));
            vars.insert(name, Some(Type::STRING));
            let before = names.iter().take(at + 1);
            assert!(before.into_iter().all(|name| vars.get(&Name::from(&**name)) == Some(Some(Type::STRING))));
        }
    }
}
