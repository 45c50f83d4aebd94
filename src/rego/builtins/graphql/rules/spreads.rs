//! Fragments where no object can be of their type.

use super::super::ast::{Definition, FragmentDefinition, FragmentSpread, InlineFragment};
use super::super::error::Fault;
use super::super::walk::{Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    /// Whether an object can be of both types, as far as that is known.
    fn possible_here(&mut self, parent: &Definition, condition: &str) -> Result<bool, Fault> {
        let Some(wanted) = self.schema.get(condition).filter(|wanted| wanted.is_composite()) else { return Ok(true) };
        if !parent.is_composite() {
            return Ok(true);
        }
        let wanted = self.schema.possible(&wanted.name);
        if parent.is(&["OBJECT"]) {
            self.charge(wanted.len() / 16)?;
            return Ok(wanted.clone().any(|one| one.name == parent.name));
        }
        let possible = self.schema.possible(&parent.name);
        self.charge(wanted.len().saturating_mul(possible.len()) / 16)?;
        Ok(wanted.clone().any(|one| possible.clone().any(|other| other.name == one.name)))
    }

    pub(in super::super) fn possible_inline(&mut self, inline: &InlineFragment, parent: Option<&'d Definition>) -> Ruled {
        let Some(parent) = parent else { return Ok(()) };
        if self.possible_here(parent, &inline.condition)? {
            return Ok(());
        }
        let (parent, condition) = (&parent.name, &inline.condition);
        let problem =
            format!("Fragment cannot be spread here as objects of type \"{parent}\" can never be of type \"{condition}\".");
        self.add(inline.at, problem)
    }

    pub(in super::super) fn possible_spread(
        &mut self,
        spread: &FragmentSpread,
        fragment: Option<&FragmentDefinition>,
        parent: Option<&'d Definition>,
    ) -> Ruled {
        let (Some(fragment), Some(parent)) = (fragment, parent) else { return Ok(()) };
        if self.possible_here(parent, &fragment.condition)? {
            return Ok(());
        }
        let (name, parent, condition) = (&spread.name, &parent.name, &fragment.condition);
        let problem = format!(
            "Fragment \"{name}\" cannot be spread here as objects of type \"{parent}\" can never be of type \"{condition}\"."
        );
        self.add(spread.at, problem)
    }
}
