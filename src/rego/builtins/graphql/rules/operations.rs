//! Rules about operations as a whole.

use super::super::ast::{Definition, OperationDefinition};
use super::super::walk::{Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn known_root_type(&mut self, operation: &OperationDefinition, root: Option<&Definition>) -> Ruled {
        if root.is_some() {
            return Ok(());
        }
        self.add(operation.at, format!("Schema does not support operation type \"{}\"", operation.operation.0))
    }

    pub(in super::super) fn lone_anonymous_operation(&mut self, operation: &OperationDefinition) -> Ruled {
        if !operation.name.is_empty() || self.document.operations.len() < 2 {
            return Ok(());
        }
        self.add(operation.at, "This anonymous operation must be the only defined operation.")
    }

    pub(in super::super) fn unique_operation_names(&mut self, operation: &'d OperationDefinition) -> Ruled {
        if self.notes.operations.insert(&operation.name) {
            return Ok(());
        }
        self.add(operation.at, format!("There can be only one operation named \"{}\".", operation.name))
    }
}
