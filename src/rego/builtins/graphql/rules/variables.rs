//! Rules about variables: known, used, once, and of types that fit.

use std::collections::HashMap;

use super::super::ast::{Kind, Literal, OperationDefinition, VariableDefinition};
use super::super::schema::needed;
use super::super::walk::{Ruled, Walk, Wanted};
use super::wording::text;

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn on_variable(&mut self, variable: &VariableDefinition) -> Ruled {
        self.charge(1)?;
        let name = needed(&variable.kind)?.base()?;
        if self.schema.get(name).is_some() {
            return Ok(());
        }
        self.add(variable.at, format!("Unknown type \"{name}\"."))
    }

    pub(in super::super) fn no_undefined_variables(&mut self, value: &Literal) -> Ruled {
        let Some(operation) = self.operation else { return Ok(()) };
        if value.kind != Kind::Variable || self.variable(value).is_some() {
            return Ok(());
        }
        let name = &value.raw;
        if operation.name.is_empty() {
            self.add(value.at, format!("Variable \"${name}\" is not defined."))
        } else {
            self.add(value.at, format!("Variable \"${name}\" is not defined by operation \"{}\".", operation.name))
        }
    }

    pub(in super::super) fn no_unused_variables(&mut self, operation: &OperationDefinition) -> Ruled {
        for variable in &operation.variables {
            if self.is_used(variable) {
                continue;
            }
            let name = &variable.variable;
            if operation.name.is_empty() {
                self.add(variable.at, format!("Variable \"${name}\" is never used."))?;
            } else {
                self.add(variable.at, format!("Variable \"${name}\" is never used in operation \"{}\".", operation.name))?;
            }
        }
        Ok(())
    }

    pub(in super::super) fn unique_variable_names(&mut self, operation: &OperationDefinition) -> Ruled {
        let mut counts = HashMap::new();
        for variable in &operation.variables {
            let count: &mut usize = counts.entry(&variable.variable).or_default();
            *count += 1;
            if *count == 2 {
                self.add(variable.at, format!("There can be only one variable named \"${}\".", variable.variable))?;
            }
        }
        Ok(())
    }

    pub(in super::super) fn variables_are_input_types(&mut self, operation: &OperationDefinition) -> Ruled {
        for variable in &operation.variables {
            let kind = needed(&variable.kind)?;
            if self.schema.of(kind)?.is_none_or(super::super::ast::Definition::is_input) {
                continue;
            }
            let (name, kind) = (&variable.variable, kind.text());
            self.add(variable.at, format!("Variable \"${name}\" cannot be non-input type \"{kind}\"."))?;
        }
        Ok(())
    }

    /// A default of the variable, or of where it is, stands in for a null.
    pub(in super::super) fn variable_in_allowed_position(&mut self, value: &Literal, wanted: Wanted<'d>) -> Ruled {
        let (Some(wanted_kind), Some(_), Kind::Variable) = (wanted.kind, self.operation, value.kind) else { return Ok(()) };
        let Some(variable) = self.variable(value) else { return Ok(()) };
        let has_default = variable.default.as_ref().is_some_and(|default| default.kind != Kind::Null);
        let non_null = wanted_kind.non_null && !has_default && !wanted.has_default;
        let kind = needed(&variable.kind)?;
        if kind.fits_as(wanted_kind, non_null) {
            return Ok(());
        }
        let (name, kind, wanted) = (text(value)?, kind.text(), wanted_kind.text());
        self.add(value.at, format!("Variable \"{name}\" of type \"{kind}\" used in position expecting type \"{wanted}\"."))
    }

    pub(in super::super) fn variables_of_one_of(&mut self, value: &Literal, wanted: Wanted<'d>) -> Ruled {
        let Some(definition) = wanted.definition.filter(|_| value.kind == Kind::Object) else { return Ok(()) };
        if definition.directives.iter().all(|directive| directive.name != "oneOf") {
            return Ok(());
        }
        for child in value.children.iter().filter_map(|child| child.value.as_deref()) {
            let Some(variable) = self.variable(child).filter(|_| child.kind == Kind::Variable) else { continue };
            let kind = needed(&variable.kind)?;
            if kind.non_null {
                continue;
            }
            let (name, kind, owner) = (text(child)?, kind.text(), &definition.name);
            let problem = format!(
                "Variable \"{name}\" is of type \"{kind}\" but must be non-nullable to be used for OneOf Input Object \"{owner}\"."
            );
            self.add(variable.at.or(child.at), problem)?;
        }
        Ok(())
    }
}
