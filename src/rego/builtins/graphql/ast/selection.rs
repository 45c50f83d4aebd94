//! What a query selects.

use super::super::super::super::value::Value;
use super::super::super::{Context, Failure};
use super::super::error::Position;
use super::super::object::{Halt, Reader, Style};
use super::super::shape::{self, Shape, shape};

use super::{Argument, CommentGroup, Directive};

shape! {
    /// A field, and what of it.
    Field "ast.Field" "[]*ast.Field" Exact {
        alias: String = "Alias",
        arguments: Vec<Argument> = "Arguments",
        comment: Option<Box<CommentGroup>> = "Comment",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
        selections: Selections = "SelectionSet",
    }
}

shape! {
    /// A fragment by its name.
    FragmentSpread "ast.FragmentSpread" "[]*ast.FragmentSpread" Folded {
        comment: Option<Box<CommentGroup>> = "Comment",
        directives: Vec<Directive> = "Directives",
        name: String = "Name",
    }
}

shape! {
    /// Selections under a condition.
    InlineFragment "ast.InlineFragment" "[]*ast.InlineFragment" Exact {
        comment: Option<Box<CommentGroup>> = "Comment",
        directives: Vec<Directive> = "Directives",
        selections: Selections = "SelectionSet",
        condition: String = "TypeCondition",
    }
}

/// One thing that is selected.
#[derive(Debug, Clone)]
pub(in super::super) enum Selection {
    Field(Field),
    Spread(FragmentSpread),
    Inline(InlineFragment),
}

/// What is selected, in order.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Selections(pub(in super::super) Vec<Selection>);

impl Shape for Selections {
    const POINTER: bool = false;
    const LIST: &'static str = "";

    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        ctx.charge(self.0.len() + 1)?;
        ctx.reserve(self.0.len() * size_of::<Value<'a>>())?;
        let mut parts = Vec::with_capacity(self.0.len());
        for selection in &self.0 {
            parts.extend(match selection {
                Selection::Field(field) => field.write(ctx)?,
                Selection::Spread(spread) => spread.write(ctx)?,
                Selection::Inline(inline) => inline.write(ctx)?,
            });
        }
        Ok(if parts.is_empty() { None } else { Some(Value::array(ctx.arena, &parts)) })
    }

    /// An element is the first of the three that it can be read as, and left out where it is none: objects say not what they are, so that
    /// almost all are fields.
    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        self.0.clear();
        let Some(elements) = super::super::super::operand::elements(value) else {
            reader.mismatch(value, "[]json.RawMessage");
            return Ok(());
        };
        reader.charge(elements.len())?;
        for element in elements.iter() {
            if let Some(field) = reader.attempt(&element)? {
                self.0.push(Selection::Field(field));
            } else if let Some(spread) = reader.attempt(&element)? {
                self.0.push(Selection::Spread(spread));
            } else if let Some(inline) = reader.attempt(&element)? {
                self.0.push(Selection::Inline(inline));
            }
        }
        Ok(())
    }
}
