//! Documents as OPA tells them: the parts' names are those of the Go library that OPA has.

mod comment;
mod definition;
mod literal;
mod query;
mod selection;

pub(super) use comment::{Comment, CommentGroup};
pub(super) use definition::{
    ArgumentDefinition, Definition, DefinitionKind, DirectiveDefinition, EnumValueDefinition, FieldDefinition, Member,
    OperationTypeDefinition, SchemaDefinition, SchemaDocument,
};
pub(super) use literal::{Argument, ChildValue, Directive, Kind, Literal, Location, TypeRef};
pub(super) use query::{FragmentDefinition, Operation, OperationDefinition, QueryDocument, VariableDefinition};
pub(super) use selection::{Field, FragmentSpread, InlineFragment, Selection, Selections};
