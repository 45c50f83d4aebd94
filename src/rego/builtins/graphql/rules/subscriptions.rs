//! Subscriptions, which select one field and nothing of introspection.

use std::collections::HashSet;

use super::super::super::super::value::quote;
use super::super::ast::{Field, OperationDefinition, Selection, Selections};
use super::super::walk::{Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn single_field_subscriptions(&mut self, operation: &'d OperationDefinition) -> Ruled {
        if !self.schema.has_subscription() || operation.operation.0 != "subscription" {
            return Ok(());
        }
        let mut fields = Vec::new();
        self.collect(&operation.selections, &mut HashSet::new(), &mut fields)?;
        let mut seen = HashSet::new();
        fields.retain(|field| seen.insert(&field.name));
        let name = match &*operation.name {
            "" => "Anonymous Subscription".to_owned(),
            name => format!("Subscription {}", quote(name.as_bytes())),
        };
        if let Some(second) = fields.get(1) {
            self.add(second.at, format!("{name} must select only one top level field."))?;
        }
        for field in fields.iter().filter(|field| field.name.starts_with("__")) {
            self.add(field.at, format!("{name} must not select an introspection top level field."))?;
        }
        Ok(())
    }

    /// The fields on top, those of fragments included. What follows a fragment that there is not is left out.
    fn collect(&mut self, selections: &'d Selections, entered: &mut HashSet<&'d str>, fields: &mut Vec<&'d Field>) -> Ruled {
        self.deeper(|walk| {
            for selection in &selections.0 {
                walk.charge(1)?;
                match selection {
                    Selection::Field(field) => fields.push(field),
                    Selection::Inline(inline) => walk.collect(&inline.selections, entered, fields)?,
                    Selection::Spread(spread) => {
                        let Some(fragment) = walk.spread(spread) else { break };
                        if entered.insert(&fragment.name) {
                            walk.collect(&fragment.selections, entered, fields)?;
                        }
                    }
                }
            }
            Ok(())
        })
    }
}
