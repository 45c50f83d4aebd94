//! Values as they are written, and where they are written: arguments, directives; and the types that are wanted of them.

use std::borrow::Cow;

use super::super::super::super::value::Value;
use super::super::super::{Context, Failure};
use super::super::error::Position;
use super::super::object::{Halt, Reader, Style};
use super::super::shape::{self, Shape, shape};

use super::super::shape::word;
use super::CommentGroup;

word! {
    /// Where a directive may be.
    Location "ast.DirectiveLocation" "[]ast.DirectiveLocation"
}

shape! {
    /// A directive that is used.
    Directive "ast.Directive" "ast.DirectiveList" Folded {
        arguments: Vec<Argument> = "Arguments",
        location: Location = "Location",
        name: String = "Name",
    }
}

shape! {
    /// A named value.
    Argument "ast.Argument" "ast.ArgumentList" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        name: String = "Name",
        value: Option<Box<Literal>> = "Value",
    }
}

shape! {
    /// A value as it is written.
    Literal "ast.Value" "[]*ast.Value" Folded {
        children: Vec<ChildValue> = "Children",
        comment: Option<Box<CommentGroup>> = "Comment",
        expects_default: bool = "ExpectedTypeHasDefault",
        kind: Kind = "Kind",
        raw: String = "Raw",
    }
}

shape! {
    /// An element of a list, or a field of an object.
    ChildValue "ast.ChildValue" "ast.ChildValueList" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        name: String = "Name",
        value: Option<Box<Literal>> = "Value",
    }
}

shape! {
    /// A type: a name, or a list of another.
    TypeRef "ast.Type" "[]*ast.Type" Folded {
        element: Option<Box<TypeRef>> = "Elem",
        name: String = "NamedType",
        non_null: bool = "NonNull",
    }
}

/// What a value is; OPA tells its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) enum Kind {
    #[default]
    Variable,
    Int,
    Float,
    String,
    Block,
    Boolean,
    Null,
    Enum,
    List,
    Object,
    /// None that there is; an object may say so.
    Other(i64),
}

const KINDS: [Kind; 10] = [
    Kind::Variable,
    Kind::Int,
    Kind::Float,
    Kind::String,
    Kind::Block,
    Kind::Boolean,
    Kind::Null,
    Kind::Enum,
    Kind::List,
    Kind::Object,
];

impl Shape for Kind {
    const POINTER: bool = false;
    const LIST: &'static str = "[]ast.ValueKind";

    fn write<'a>(&self, _: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        let number = match self {
            Self::Other(number) => Some(*number),
            kind => KINDS.iter().position(|known| known == kind).and_then(|at| i64::try_from(at).ok()),
        };
        Ok(number.map(Value::Int))
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        if let Some(number) = reader.int(value, "ast.ValueKind") {
            let known = usize::try_from(number).ok().and_then(|at| KINDS.get(at).copied());
            *self = known.unwrap_or(Self::Other(number));
        }
        Ok(())
    }
}
