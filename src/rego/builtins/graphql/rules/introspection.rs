//! How deep a query may look into types.

use std::collections::HashSet;

use super::super::ast::{Field, Selection, Selections};
use super::super::error::Fault;
use super::super::walk::{Ruled, Walk};

/// So many lists in lists of types are too many.
const MAX_LISTS: usize = 3;

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn max_introspection_depth(&mut self, field: &'d Field) -> Ruled {
        if !matches!(&*field.name, "__schema" | "__type") {
            return Ok(());
        }
        let mut exceeded = false;
        self.look_into_field(field, &mut HashSet::new(), 0, &mut exceeded)?;
        if !exceeded {
            return Ok(());
        }
        self.add(field.at, "Maximum introspection depth exceeded")
    }

    fn look_into_field(&mut self, field: &'d Field, open: &mut HashSet<&'d str>, lists: usize, exceeded: &mut bool) -> Ruled {
        let list = matches!(&*field.name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
        let lists = lists + usize::from(list);
        if list && lists >= MAX_LISTS {
            *exceeded = true;
            return Ok(());
        }
        self.look_into(&field.selections, open, lists, exceeded)
    }

    fn look_into(&mut self, selections: &'d Selections, open: &mut HashSet<&'d str>, lists: usize, exceeded: &mut bool) -> Ruled {
        self.deeper(|walk| {
            for selection in &selections.0 {
                if *exceeded {
                    break;
                }
                walk.charge(1)?;
                match selection {
                    Selection::Field(field) => walk.look_into_field(field, open, lists, exceeded)?,
                    Selection::Inline(inline) => walk.look_into(&inline.selections, open, lists, exceeded)?,
                    Selection::Spread(spread) => {
                        let Some(fragment) = walk.spread(spread) else { continue };
                        // Twice is fine, in itself is not.
                        if open.insert(&spread.name) {
                            walk.look_into(&fragment.selections, open, lists, exceeded)?;
                            open.remove(&*spread.name);
                        }
                    }
                }
            }
            Ok::<(), Fault>(())
        })
    }
}
