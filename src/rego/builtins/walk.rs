//! `walk`: every value within a value, with its path.

use super::super::value::{Elements, Entries, Value};
use super::operand::any;
use super::{Context, Failure, Outcome};

enum Open<'a> {
    Array(Elements<'a>, usize),
    Set(Elements<'a>, usize),
    Object(Entries<'a>, usize),
}

/// The values within a value, one by one: each before those within it, in OPA's order.
pub struct Walk<'a> {
    start: Option<Value<'a>>,
    open: Vec<Open<'a>>,
    path: Vec<Value<'a>>,
}

impl<'a> Walk<'a> {
    /// A walk of `value`.
    #[must_use]
    pub const fn new(value: Value<'a>) -> Self {
        Self { start: Some(value), open: Vec::new(), path: Vec::new() }
    }

    /// The next pair of path and value. Without `with_path` the path is empty, which costs nothing (`walk(x, [_, v])`).
    ///
    /// # Errors
    /// `Failure::Exceeded`.
    pub fn next(&mut self, ctx: &mut Context<'a>, with_path: bool) -> Result<Option<(Value<'a>, Value<'a>)>, Failure> {
        let Some(value) = self.start.take().or_else(|| self.advance()) else { return Ok(None) };
        let path = match with_path && !self.path.is_empty() {
            true => {
                ctx.charge(self.path.len() + 1)?;
                ctx.reserve(self.path.len() * size_of::<Value<'a>>())?;
                Value::array(ctx.arena, &self.path)
            }
            false => {
                ctx.charge(1)?;
                Value::Array(&[])
            }
        };
        if let Some(entries) = value.as_object() {
            self.open.push(Open::Object(entries, 0));
        } else if let Some(elements) = value.as_array() {
            self.open.push(Open::Array(elements, 0));
        } else if let Some(elements) = value.as_set() {
            self.open.push(Open::Set(elements, 0));
        } else {
            self.path.pop();
            return Ok(Some((path, value)));
        }
        Ok(Some((path, value)))
    }

    /// The next value of the innermost container that has one; its key ends the path.
    fn advance(&mut self) -> Option<Value<'a>> {
        loop {
            let (at, part) = match self.open.last_mut()? {
                Open::Array(elements, at) => {
                    let part = elements.get(*at).map(|v| (Value::Int(*at as i64), v));
                    (at, part)
                }
                Open::Set(elements, at) => {
                    let part = elements.get(*at).map(|v| (v, v));
                    (at, part)
                }
                Open::Object(entries, at) => {
                    let part = entries.at(*at);
                    (at, part)
                }
            };
            *at += 1;
            if let Some((key, value)) = part {
                self.path.push(key);
                return Some(value);
            }
            self.open.pop();
            self.path.pop();
        }
    }
}

/// An array of all pairs.
pub(super) fn walk<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let mut walk = Walk::new(any(operands, 1));
    let mut pairs = Vec::new();
    while let Some((path, value)) = walk.next(ctx, true)? {
        pairs.push(Value::array(ctx.arena, &[path, value]));
    }
    Ok(Value::array(ctx.arena, &pairs))
}
