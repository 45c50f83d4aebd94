//! Rules about fragments: on types that have fields, known, used, and once.

use super::super::ast::{Definition, FragmentDefinition, FragmentSpread, InlineFragment};
use super::super::suggest::{near, suggestion};
use super::super::walk::{Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn inline_on_composite_type(&mut self, inline: &InlineFragment) -> Ruled {
        let condition = &inline.condition;
        if self.schema.get(condition).is_none_or(Definition::is_composite) {
            return Ok(());
        }
        self.add(inline.at, format!("Fragment cannot condition on non composite type \"{condition}\"."))
    }

    pub(in super::super) fn fragment_on_composite_type(
        &mut self,
        fragment: &FragmentDefinition,
        parent: Option<&Definition>,
    ) -> Ruled {
        let (name, condition) = (&fragment.name, &fragment.condition);
        if parent.is_none_or(Definition::is_composite) || condition.is_empty() {
            return Ok(());
        }
        self.add(fragment.at, format!("Fragment \"{name}\" cannot condition on non composite type \"{condition}\"."))
    }

    pub(in super::super) fn known_inline_type(&mut self, inline: &InlineFragment) -> Ruled {
        let condition = &inline.condition;
        if condition.is_empty() || self.schema.get(condition).is_some() {
            return Ok(());
        }
        self.add(inline.at, format!("Unknown type \"{condition}\"."))
    }

    /// Types that are as near are told in the order of their names; OPA tells them in the order of Go's maps, which is any.
    pub(in super::super) fn known_fragment_type(&mut self, fragment: &FragmentDefinition, parent: Option<&Definition>) -> Ruled {
        if parent.is_some() {
            return Ok(());
        }
        let condition = &fragment.condition;
        let near = near(self, condition, self.schema.types.keys().map(String::as_str))?;
        let suggestion = suggestion("Did you mean", &near);
        self.add(fragment.at, format!("Unknown type \"{condition}\".{suggestion}"))
    }

    pub(in super::super) fn known_fragment_name(
        &mut self,
        spread: &FragmentSpread,
        fragment: Option<&FragmentDefinition>,
    ) -> Ruled {
        if fragment.is_some() {
            return Ok(());
        }
        self.add(spread.at, format!("Unknown fragment \"{}\".", spread.name))
    }

    /// A fragment is used where an operation comes to it; the walk comes to operations first.
    pub(in super::super) fn use_fragment(&mut self, spread: &'d FragmentSpread) {
        if !self.notes.in_fragments {
            self.notes.spread.insert(&spread.name);
        }
    }

    /// The first fragment's own spreads count as uses, since the walk tells of a fragment when it is through with it.
    pub(in super::super) fn no_unused_fragment(&mut self, fragment: &FragmentDefinition) -> Ruled {
        self.notes.in_fragments = true;
        if self.notes.spread.contains(&*fragment.name) {
            return Ok(());
        }
        self.add(fragment.at, format!("Fragment \"{}\" is never used.", fragment.name))
    }

    pub(in super::super) fn unique_fragment_names(&mut self, fragment: &'d FragmentDefinition) -> Ruled {
        if self.notes.fragments.insert(&fragment.name) {
            return Ok(());
        }
        self.add(fragment.at, format!("There can be only one fragment named \"{}\".", fragment.name))
    }
}
