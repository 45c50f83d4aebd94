//! Rules about directives: known, at their place, and once.

use std::collections::HashSet;

use super::super::ast::{Directive, DirectiveDefinition};
use super::super::error::Fault;
use super::super::walk::{Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn known_directive(
        &mut self,
        directive: &'d Directive,
        definition: Option<&DirectiveDefinition>,
        location: &str,
    ) -> Ruled {
        let name = &directive.name;
        let Some(definition) = definition else {
            return self.add(directive.at, format!("Unknown directive \"@{name}\"."));
        };
        if definition.locations.iter().any(|known| known.0 == location) {
            return Ok(());
        }
        // OPA looks for its position without asking whether it has one.
        let at = directive.at.ok_or(Fault::Broken)?;
        // A fragment's are come to for each operation.
        if !self.notes.misplaced.insert((name, at)) {
            return Ok(());
        }
        self.add(directive.at, format!("Directive \"@{name}\" may not be used on {location}."))
    }

    pub(in super::super) fn on_directives(&mut self, directives: &[Directive]) -> Ruled {
        if directives.len() < 2 {
            return Ok(());
        }
        let mut seen = HashSet::new();
        for directive in directives {
            let name = &directive.name;
            if !seen.insert(name) && !self.schema.directives.get(name).is_some_and(|definition| definition.repeatable) {
                self.add(directive.at, format!("The directive \"@{name}\" can only be used once at this location."))?;
            }
        }
        Ok(())
    }
}
