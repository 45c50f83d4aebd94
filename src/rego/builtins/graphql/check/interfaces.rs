//! What a type that implements an interface must have.

use super::super::super::super::value::quote;
use super::super::ast::{ArgumentDefinition, Definition, FieldDefinition, TypeRef};
use super::super::error::Fault;
use super::super::schema::{charge_search, needed};
use super::{Check, Checked, wrong};

fn argument<'d>(field: &'d FieldDefinition, name: &str) -> Option<&'d ArgumentDefinition> {
    field.arguments.iter().find(|argument| argument.name == name)
}

impl Check<'_, '_, '_> {
    pub(super) fn interface(&mut self, definition: &Definition, name: &str) -> Checked {
        let quoted = quote(name.as_bytes());
        let Some(interface) = self.schema.get(name) else {
            return wrong(definition.at, format!("Undefined type {quoted}."));
        };
        if !interface.is(&["INTERFACE"]) {
            return wrong(definition.at, format!("{quoted} is a non interface type {}.", interface.kind.0));
        }
        for required in &interface.fields {
            charge_search(self.ctx, definition.fields.len())?;
            let (owner, interface) = (&definition.name, &interface.name);
            let Some(found) = definition.field(&required.name) else {
                let field = &required.name;
                return wrong(
                    definition.at,
                    format!("For {owner} to implement {interface} it must have a field called {field}."),
                );
            };
            let kind = needed(&required.kind)?;
            if !self.covariant(kind, needed(&found.kind)?)? {
                let (field, kind) = (&required.name, kind.text());
                let problem = format!("For {owner} to implement {interface} the field {field} must have type {kind}.");
                return wrong(found.at, problem);
            }
            charge_search(self.ctx, required.arguments.len() * found.arguments.len())?;
            interface_arguments(owner, interface, required, found)?;
        }
        self.ancestors(definition, interface)
    }

    /// Whether a field's type can be where the interface has another.
    fn covariant(&mut self, required: &TypeRef, actual: &TypeRef) -> Result<bool, Fault> {
        if required.non_null && !actual.non_null {
            return Ok(false);
        }
        if required.name.is_empty() {
            return match (&required.element, &actual.element) {
                (Some(required), Some(actual)) => self.covariant(required, actual),
                (Some(_), None) => Ok(false),
                (None, _) => Err(Fault::Broken),
            };
        }
        let mut possible = self.schema.possible(&required.name);
        charge_search(self.ctx, possible.len())?;
        Ok(required.name == actual.name || possible.any(|one| one.name == actual.name))
    }

    /// An interface's interfaces are the type's, too.
    fn ancestors(&mut self, definition: &Definition, interface: &Definition) -> Checked {
        for transitive in &interface.interfaces {
            charge_search(self.ctx, definition.interfaces.len())?;
            if definition.interfaces.contains(transitive) {
                continue;
            }
            let (owner, name) = (&definition.name, &interface.name);
            return wrong(
                definition.at,
                if transitive == owner {
                    format!("Type {owner} cannot implement {name} because it would create a circular reference.")
                } else {
                    format!("Type {owner} must implement {transitive} because it is implemented by {name}.")
                },
            );
        }
        Ok(())
    }
}

fn interface_arguments(owner: &str, interface: &str, required: &FieldDefinition, found: &FieldDefinition) -> Checked {
    let start = format!("For {owner} to implement {interface} the field {} must have the same arguments but", required.name);
    for wanted in &required.arguments {
        let Some(given) = argument(found, &wanted.name) else {
            return wrong(found.at, format!("{start} it is missing {}.", wanted.name));
        };
        if !needed(&wanted.kind)?.fits(needed(&given.kind)?) {
            return wrong(given.at, format!("{start} {} has the wrong type.", wanted.name));
        }
    }
    for given in &found.arguments {
        if argument(required, &given.name).is_none() && needed(&given.kind)?.non_null && given.default.is_none() {
            let (field, name) = (&found.name, &given.name);
            let problem = format!(
                "For {owner} to implement {interface} any additional arguments on {field} must be optional or have a default \
                 value but {name} is required."
            );
            return wrong(given.at, problem);
        }
    }
    Ok(())
}
