//! What arrays and objects are asked.

use std::collections::HashMap;

use super::super::super::value::{Elements, Entries, Value};
use super::super::{Failure, regex};
use super::node::{Additional, Id, Node};
use super::report::{Found, Place, Step};
use super::text;
use super::validate::{Done, Validator};

fn name_of<'a>(key: Value<'a>) -> &'a str {
    key.as_bytes().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default()
}

impl<'a, 's> Validator<'_, 'a, 's> {
    pub(super) fn array(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let Some(elements) = value.as_array() else { return Ok(()) };
        self.items(node, elements, found, place)?;
        if let Some(min) = node.min_items.filter(|min| elements.len() < *min) {
            found.add("array_min_items", place, |_| format!("Array must have at least {min} items"));
        }
        if let Some(max) = node.max_items.filter(|max| elements.len() > *max) {
            found.add("array_max_items", place, |_| format!("Array must have at most {max} items"));
        }
        if node.unique_items {
            self.unique(elements, found, place)?;
        }
        if let Some(contains) = node.contains {
            self.contains(contains, elements, found, place)?;
        }
        found.count();
        Ok(())
    }

    fn items(&mut self, node: &'s Node, elements: Elements<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let named = node.items.len();
        for (at, value) in elements.iter().enumerate() {
            let id = match node.additional_items {
                _ if node.one_for_all => node.items.first().copied(),
                _ if at < named => node.items.get(at).copied(),
                Additional::Schema(id) if named > 0 => Some(id),
                _ => None,
            };
            let Some(id) = id else { break };
            let own = self.sub(id, value, &place.below(Step::Item(at)))?;
            found.merge(own);
        }
        if !node.one_for_all && named > 0 && named < elements.len() && matches!(node.additional_items, Additional::None) {
            found.add("array_no_additional_items", place, |_| "No additional items allowed on array".to_owned());
        }
        Ok(())
    }

    fn unique(&mut self, elements: Elements<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (at, value) in elements.iter().enumerate() {
            let own = text::comparable(self.ctx, &value)?;
            if let Some(before) = seen.insert(own, at) {
                found.add("unique", place, |_| format!("array items[{before},{at}] must be unique"));
            }
        }
        Ok(())
    }

    fn contains(&mut self, id: Id, elements: Elements<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let mut best: Option<Found> = None;
        for (at, value) in elements.iter().enumerate() {
            let own = self.sub(id, value, &place.below(Step::Item(at)))?;
            if own.is_valid() {
                return Ok(());
            }
            if best.as_ref().is_none_or(|best| own.score > best.score) {
                best = Some(own);
            }
        }
        found.add("contains", place, |_| "At least one of the items must match".to_owned());
        if let Some(best) = best {
            found.merge(best);
        }
        Ok(())
    }

    pub(super) fn object(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let Some(entries) = value.as_object() else { return Ok(()) };
        if let Some(min) = node.min_properties.filter(|min| entries.len() < *min) {
            found.add("array_min_properties", place, |_| format!("Must have at least {min} properties"));
        }
        if let Some(max) = node.max_properties.filter(|max| entries.len() > *max) {
            found.add("array_max_properties", place, |_| format!("Must have at most {max} properties"));
        }
        self.ctx.charge(node.required.len())?;
        for name in &node.required {
            match entries.get_str(name.as_bytes()) {
                Some(_) => found.count(),
                None => found.add("required", place, |_| format!("{name} is required")),
            }
        }
        if !node.patterns.is_empty() || !matches!(node.additional_properties, Additional::Any) {
            self.members(node, entries, found, place)?;
        }
        if let Some(names) = node.property_names {
            self.names(names, entries, found, place)?;
        }
        found.count();
        Ok(())
    }

    /// Members by the patterns of their names, and those that nothing names.
    fn members(&mut self, node: &'s Node, entries: Entries<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        for (key, value) in entries.iter() {
            let name = name_of(key);
            let matched = self.patterns(node, name, value, found, place)?;
            // Properties are sorted by their names.
            let named = node.properties.binary_search_by(|(own, _)| own.as_str().cmp(name)).is_ok();
            if named || matched {
                continue;
            }
            match node.additional_properties {
                Additional::Any => {}
                Additional::None => {
                    found.add("additional_property_not_allowed", place, |_| format!("Additional property {name} is not allowed"))
                }
                Additional::Schema(id) => {
                    let own = self.sub(id, value, &place.below(Step::Name(name)))?;
                    found.merge(own);
                }
            }
        }
        Ok(())
    }

    fn patterns(
        &mut self,
        node: &'s Node,
        name: &str,
        value: Value<'a>,
        found: &mut Found,
        place: &Place<'_>,
    ) -> Result<bool, Failure> {
        let mut matched = false;
        for (pattern, id) in &node.patterns {
            if regex::is_match(self.ctx, pattern.as_bytes(), name.as_bytes())? {
                matched = true;
                let own = self.sub(*id, value, &place.below(Step::Name(name)))?;
                found.merge(own);
            }
        }
        if matched {
            found.count();
        }
        Ok(matched)
    }

    fn names(&mut self, id: Id, entries: Entries<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        for key in entries.keys().iter() {
            let own = self.sub(id, key, place)?;
            if !own.is_valid() {
                found.add("invalid_property_name", place, |_| format!("Property name of \"{}\" does not match", name_of(key)));
                found.merge(own);
            }
        }
        Ok(())
    }
}
