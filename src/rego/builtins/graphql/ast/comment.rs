//! Comments, which OPA tells with what follows them.

use super::super::super::super::value::Value;
use super::super::super::{Context, Failure};
use super::super::error::Position;
use super::super::object::{Halt, Reader, Style};
use super::super::shape::{self, Shape, shape};

shape! {
    /// Comments in a row.
    CommentGroup "ast.CommentGroup" "[]*ast.CommentGroup" Folded { list: Vec<Comment> = "List", }
}

shape! {
    /// One comment, with its `#`.
    Comment "ast.Comment" "[]*ast.Comment" Folded { value: String = "Value", }
}
