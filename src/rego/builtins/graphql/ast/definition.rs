//! Schemas: types, directives, and where operations begin.

use std::borrow::Cow;

use super::super::super::super::value::Value;
use super::super::super::{Context, Failure};
use super::super::error::Position;
use super::super::object::{Halt, Reader, Style};
use super::super::shape::{self, Shape, shape};

use super::super::shape::word;
use super::{CommentGroup, Directive, Literal, Location, Operation, TypeRef};

word! {
    /// What a type is: `OBJECT` and so on.
    DefinitionKind "ast.DefinitionKind" "[]ast.DefinitionKind"
}

shape! {
    /// A schema's text.
    SchemaDocument "ast.SchemaDocument" "[]*ast.SchemaDocument" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        definitions: Vec<Definition> = "Definitions",
        directives: Vec<DirectiveDefinition> = "Directives",
        extensions: Vec<Definition> = "Extensions",
        schema: Vec<SchemaDefinition> = "Schema",
        schema_extensions: Vec<SchemaDefinition> = "SchemaExtension",
    }
}

shape! {
    /// `schema`, or an extension of it.
    SchemaDefinition "ast.SchemaDefinition" "ast.SchemaDefinitionList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        description: String = "Description",
        directives: Vec<Directive> = "Directives",
        end_comment: Option<Box<CommentGroup>> = "EndOfDefinitionComment",
        operation_types: Vec<OperationTypeDefinition> = "OperationTypes",
    }
}

shape! {
    /// The type that an operation begins with.
    OperationTypeDefinition "ast.OperationTypeDefinition" "ast.OperationTypeDefinitionList" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        operation: Operation = "Operation",
        name: String = "Type",
    }
}

shape! {
    /// A type of any kind, or an extension of one.
    Definition "ast.Definition" "ast.DefinitionList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        built_in: bool = "BuiltIn",
        description: String = "Description",
        directives: Vec<Directive> = "Directives",
        end_comment: Option<Box<CommentGroup>> = "EndOfDefinitionComment",
        enum_values: Vec<EnumValueDefinition> = "EnumValues",
        fields: Vec<FieldDefinition> = "Fields",
        interfaces: Vec<String> = "Interfaces",
        kind: DefinitionKind = "Kind",
        name: String = "Name",
        types: Vec<Member> = "Types",
    }
}

shape! {
    /// A field of an object, of an interface or of an input object.
    FieldDefinition "ast.FieldDefinition" "ast.FieldList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        arguments: Vec<ArgumentDefinition> = "Arguments",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        default: Option<Box<Literal>> = "DefaultValue",
        description: String = "Description",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
        kind: Option<Box<TypeRef>> = "Type",
    }
}

shape! {
    /// An argument that a field or a directive takes.
    ArgumentDefinition "ast.ArgumentDefinition" "ast.ArgumentDefinitionList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        default: Option<Box<Literal>> = "DefaultValue",
        description: String = "Description",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
        kind: Option<Box<TypeRef>> = "Type",
    }
}

shape! {
    /// A value of an enum.
    EnumValueDefinition "ast.EnumValueDefinition" "ast.EnumValueList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        description: String = "Description",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
    }
}

shape! {
    /// A directive, and where it may be.
    DirectiveDefinition "ast.DirectiveDefinition" "ast.DirectiveDefinitionList" Folded {
        after_description: Option<Box<CommentGroup>> = "AfterDescriptionComment",
        arguments: Vec<ArgumentDefinition> = "Arguments",
        before_description: Option<Box<CommentGroup>> = "BeforeDescriptionComment",
        description: String = "Description",
        repeatable: bool = "IsRepeatable",
        locations: Vec<Location> = "Locations",
        name: String = "Name",
    }
}

/// A member of a union, and where it is named.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Member {
    pub(in super::super) name: String,
    pub(in super::super) at: Option<Position>,
}

impl Shape for Member {
    const POINTER: bool = String::POINTER;
    const LIST: &'static str = String::LIST;

    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        self.name.write(ctx)
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        self.name.read(value, reader)
    }
}
