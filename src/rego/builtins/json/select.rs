//! `json.filter` and `json.remove`: the same walk of a value and of a tree of paths.

use super::super::super::value::number::IntText;
use super::super::super::value::{ObjectBuilder, SetBuilder, Value};
use super::super::operand::{any, object};
use super::super::{Context, Failure, Outcome};
use super::paths::Tree;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Filter,
    Remove,
}

#[derive(Clone, Copy)]
enum Shape {
    Array,
    Set,
    Object,
}

enum Step<'a> {
    /// A value of which the paths from a node on select parts; none for all of it.
    Visit(Value<'a>, Option<usize>),
    /// Of so many values that were done last; an object's keys come from theirs.
    Build(Shape, usize),
}

/// A part that is kept: its key, and what the paths select within it.
type Part<'a> = (Value<'a>, Value<'a>, Option<usize>);

struct Selection<'t, 'a> {
    tree: &'t Tree<'a>,
    mode: Mode,
    steps: Vec<Step<'a>>,
    keys: Vec<Value<'a>>,
    done: Vec<Value<'a>>,
}

impl<'a> Selection<'_, 'a> {
    fn run(mut self, ctx: &mut Context<'a>, value: Value<'a>) -> Outcome<'a> {
        self.steps.push(Step::Visit(value, Some(0)));
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Visit(value, None) => self.done.push(value),
                Step::Visit(value, Some(node)) => self.visit(ctx, value, node)?,
                Step::Build(shape, length) => {
                    let parts = self.done.split_off(self.done.len().saturating_sub(length));
                    let built = self.build(ctx, shape, &parts)?;
                    self.done.push(built);
                }
            }
        }
        Ok(self.done.pop().unwrap_or(Value::Null))
    }

    /// Whether a part is kept, by what the tree has under its key, and what of it.
    fn part(&self, node: usize, asked: &Value<'a>, key: Value<'a>, value: Value<'a>) -> Option<Part<'a>> {
        match (self.mode, self.tree.get(node, asked)) {
            (Mode::Filter, None) | (Mode::Remove, Some(None)) => None,
            (Mode::Filter, Some(inner)) => Some((key, value, inner)),
            (Mode::Remove, inner) => Some((key, value, inner.flatten())),
        }
    }

    fn visit(&mut self, ctx: &mut Context<'a>, value: Value<'a>, node: usize) -> Result<(), Failure> {
        let mut parts = Vec::new();
        let shape = if let Some(entries) = value.as_object() {
            ctx.charge(entries.len() * 2)?;
            if self.mode == Mode::Filter && entries.len() < self.tree.len(node) {
                // Keys as the larger of the two has them.
                ctx.charge(self.tree.len(node))?;
                let found = self.tree.keys(node).filter_map(|key| Some((key, entries.get(&key)?)));
                parts.extend(found.filter_map(|(key, value)| self.part(node, &key, key, value)));
            } else {
                parts.extend(entries.iter().filter_map(|(key, value)| self.part(node, &key, key, value)));
            }
            Shape::Object
        } else if let Some(elements) = value.as_array() {
            ctx.charge(elements.len() * 2)?;
            for (at, element) in elements.iter().enumerate() {
                // An element is selected by its index as a string.
                let index = Value::string(ctx.arena, IntText::new(at as i64).as_bytes());
                parts.extend(self.part(node, &index, index, element));
            }
            Shape::Array
        } else if let Some(members) = value.as_set() {
            ctx.charge(members.len() * 2)?;
            parts.extend(members.iter().filter_map(|member| self.part(node, &member, member, member)));
            Shape::Set
        } else {
            self.done.push(value);
            return Ok(());
        };
        ctx.reserve(parts.len() * size_of::<Value<'a>>() * 4)?;
        self.steps.push(Step::Build(shape, parts.len()));
        self.keys.extend(parts.iter().filter(|_| matches!(shape, Shape::Object)).map(|part| part.0));
        self.steps.extend(parts.into_iter().rev().map(|(_, value, node)| Step::Visit(value, node)));
        Ok(())
    }

    fn build(&mut self, ctx: &Context<'a>, shape: Shape, parts: &[Value<'a>]) -> Outcome<'a> {
        Ok(match shape {
            Shape::Array => Value::array(ctx.arena, parts),
            Shape::Set => {
                let mut set = SetBuilder::with_capacity(parts.len());
                parts.iter().for_each(|part| set.insert(*part));
                set.build(ctx.arena)
            }
            Shape::Object => {
                // Inner objects are built first, so that their keys are gone by now.
                let keys = self.keys.split_off(self.keys.len().saturating_sub(parts.len()));
                let mut object = ObjectBuilder::with_capacity(parts.len());
                keys.iter().zip(parts).for_each(|(key, part)| object.insert(*key, *part));
                object.build(ctx.arena)
            }
        })
    }
}

fn select<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], mode: Mode) -> Outcome<'a> {
    object(operands, 1)?;
    let tree = Tree::of(ctx, &any(operands, 2))?;
    let selection = Selection { tree: &tree, mode, steps: Vec::new(), keys: Vec::new(), done: Vec::new() };
    selection.run(ctx, any(operands, 1))
}

pub(in super::super) fn filter<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    select(ctx, operands, Mode::Filter)
}

pub(in super::super) fn remove<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    select(ctx, operands, Mode::Remove)
}
