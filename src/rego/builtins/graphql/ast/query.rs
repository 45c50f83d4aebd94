//! Queries: operations and fragments.

use std::borrow::Cow;

use super::super::super::super::value::Value;
use super::super::super::{Context, Failure};
use super::super::error::Position;
use super::super::object::{Halt, Reader, Style};
use super::super::shape::{self, Shape, shape};

use super::super::shape::word;
use super::{CommentGroup, Directive, Literal, Selections, TypeRef};

word! {
    /// `query`, `mutation` or `subscription`.
    Operation "ast.Operation" "[]ast.Operation"
}

shape! {
    /// A query's text.
    QueryDocument "ast.QueryDocument" "[]*ast.QueryDocument" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        fragments: Vec<FragmentDefinition> = "Fragments",
        operations: Vec<OperationDefinition> = "Operations",
    }
}

shape! {
    /// An operation.
    OperationDefinition "ast.OperationDefinition" "ast.OperationList" Exact {
        comment: Option<Box<CommentGroup>> = "Comment",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
        operation: Operation = "Operation",
        selections: Selections = "SelectionSet",
        variables: Vec<VariableDefinition> = "VariableDefinitions",
    }
}

shape! {
    /// A variable that an operation takes.
    VariableDefinition "ast.VariableDefinition" "ast.VariableDefinitionList" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        default: Option<Box<Literal>> = "DefaultValue",
        directives: Vec<Directive> = "Directives",
        kind: Option<Box<TypeRef>> = "Type",
        used: bool = "Used",
        variable: String = "Variable",
    }
}

shape! {
    /// A fragment that has a name.
    FragmentDefinition "ast.FragmentDefinition" "ast.FragmentDefinitionList" Exact {
        comment: Option<Box<CommentGroup>> = "Comment",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
        selections: Selections = "SelectionSet",
        condition: String = "TypeCondition",
        variables: Vec<VariableDefinition> = "VariableDefinition",
    }
}
