//! Directives of a schema: known, at their place, once, and with their arguments.

use std::collections::HashSet;

use super::super::ast::{Directive, DirectiveDefinition, Kind};
use super::super::schema::{charge_search, needed};
use super::{Check, Checked, name, wrong};

impl Check<'_, '_, '_> {
    /// Checks directives at a location; in the definition of `within`, which cannot be one of them. `once` where they are at one place.
    pub(super) fn directives(
        &mut self,
        directives: &[Directive],
        location: &str,
        within: Option<&DirectiveDefinition>,
        once: bool,
    ) -> Checked {
        let mut seen = HashSet::new();
        for directive in directives {
            self.ctx.charge(1)?;
            name(directive.at, &directive.name)?;
            if within.is_some_and(|within| within.name == directive.name) {
                return wrong(directive.at, format!("Directive {} cannot refer to itself.", directive.name));
            }
            let Some(definition) = self.schema.directives.get(&directive.name) else {
                return wrong(directive.at, format!("Undefined directive {}.", directive.name));
            };
            if once && !seen.insert(&directive.name) && !definition.repeatable {
                return wrong(directive.at, format!("The directive {} can only be used once at this location.", directive.name));
            }
            if definition.locations.iter().all(|known| known.0 != location) {
                return wrong(directive.at, format!("Directive {} is not applicable on {location}.", directive.name));
            }
            charge_search(self.ctx, directive.arguments.len() * definition.arguments.len())?;
            directive_arguments(directive, definition)?;
        }
        Ok(())
    }
}

fn directive_arguments(directive: &Directive, definition: &DirectiveDefinition) -> Checked {
    for argument in &directive.arguments {
        if definition.arguments.iter().all(|known| known.name != argument.name) {
            let problem = format!("Undefined argument {} for directive {}.", argument.name, directive.name);
            return wrong(argument.at, problem);
        }
    }
    for wanted in &definition.arguments {
        if !needed(&wanted.kind)?.non_null || wanted.default.is_some() {
            continue;
        }
        let given = directive.arguments.iter().find(|argument| argument.name == wanted.name);
        let missing = match given {
            Some(argument) => needed(&argument.value)?.kind == Kind::Null,
            None => true,
        };
        if missing {
            let problem = format!("Argument {} for directive {} cannot be null.", wanted.name, directive.name);
            return wrong(directive.at, problem);
        }
    }
    Ok(())
}
