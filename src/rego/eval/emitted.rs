//! What comprehensions and partial rules collect.

use super::{Machine, Stop, conflict};
use crate::rego::ast::Span;
use crate::rego::plan::{Operands, RoutineKind, Shape};
use crate::rego::value::{Arena, ObjectBuilder, SetBuilder, Value, compare, equal};

/// Values collected so far: elements, keys and values in turn, or the parts of entries.
#[derive(Debug, Default)]
pub(super) struct Collector<'a> {
    values: Vec<Value<'a>>,
    entries: Vec<Entry>,
}

/// An entry of a partial rule: how many values it has, whether the last is a member of a set, and the place of its rule.
#[derive(Debug, Clone, Copy)]
struct Entry {
    length: u32,
    is_member: bool,
    span: Span,
}

impl<'a> Machine<'a> {
    pub(super) fn begin_collecting(&mut self) {
        if self.collectors.len() == self.collecting {
            self.collectors.push(Collector::default());
        }
        if let Some(collector) = self.collectors.get_mut(self.collecting) {
            collector.values.clear();
            collector.entries.clear();
        }
        self.collecting += 1;
    }

    fn collector(&mut self) -> Option<&mut Collector<'a>> {
        self.collectors.get_mut(self.collecting.checked_sub(1)?)
    }

    pub(super) fn collect(&mut self, values: &[Value<'a>]) -> Result<(), Stop> {
        self.charge(1)?;
        if let Some(collector) = self.collector() {
            collector.values.extend_from_slice(values);
        }
        Ok(())
    }

    pub(super) fn end_collecting(&mut self, shape: Shape, span: Span) -> Result<Value<'a>, Stop> {
        self.collecting = self.collecting.saturating_sub(1);
        let arena = self.arena;
        let Some(collector) = self.collectors.get_mut(self.collecting) else { return Ok(Value::Null) };
        let count = collector.values.len();
        let value = match shape {
            Shape::Array => Value::array(arena, &collector.values),
            Shape::Set => set_of(arena, &collector.values),
            Shape::Object => object_of(arena, &collector.values).ok_or_else(|| not_unique(span))?,
        };
        self.charge(count / 4)?;
        Ok(value)
    }

    pub(super) fn emit(&mut self, parts: Operands, is_member: bool, span: Span) -> Result<(), Stop> {
        self.charge(1)?;
        let base = self.base();
        let regs = self.operand_registers(parts);
        let Some(collector) = self.collectors.get_mut(self.collecting.saturating_sub(1)) else { return Ok(()) };
        for reg in regs {
            collector.values.push(self.registers.get(base + *reg as usize).copied().unwrap_or(Value::Null));
        }
        collector.entries.push(Entry { length: parts.length, is_member, span });
        Ok(())
    }

    /// The document of a partial rule.
    pub(super) fn emitted(&mut self, kind: RoutineKind) -> Result<Value<'a>, Stop> {
        self.collecting = self.collecting.saturating_sub(1);
        let arena = self.arena;
        let Some(collector) = self.collectors.get_mut(self.collecting) else { return Ok(Value::Null) };
        let count = collector.values.len();
        let value = match kind {
            RoutineKind::Partial { is_set: true } => set_of(arena, &collector.values),
            _ if collector.entries.iter().all(|entry| entry.length == 2 && !entry.is_member) => {
                let span = collector.entries.last().map(|entry| entry.span).unwrap_or_default();
                object_of(arena, &collector.values).ok_or_else(|| not_unique(span))?
            }
            _ => {
                let mut tree = Tree::default();
                let mut rest = collector.values.as_slice();
                for entry in &collector.entries {
                    let Some((parts, after)) = rest.split_at_checked(entry.length as usize) else { break };
                    rest = after;
                    tree.insert(parts, entry.is_member, entry.span)?;
                }
                tree.build(arena)
            }
        };
        self.charge(count / 4)?;
        Ok(value)
    }
}

fn not_unique(span: Span) -> Stop {
    conflict("object keys must be unique".to_owned(), span)
}

fn set_of<'a>(arena: &'a Arena, values: &[Value<'a>]) -> Value<'a> {
    let mut set = SetBuilder::with_capacity(values.len());
    values.iter().for_each(|value| set.insert(*value));
    set.build(arena)
}

/// An object of keys and values in turn; `None` where a key has two values.
fn object_of<'a>(arena: &'a Arena, values: &[Value<'a>]) -> Option<Value<'a>> {
    let (pairs, _) = values.as_chunks::<2>();
    let mut entries: Vec<[Value<'a>; 2]> = pairs.to_vec();
    if !entries.is_sorted_by(|[a, _], [b, _]| compare(a, b).is_lt()) {
        entries.sort_by(|[a, _], [b, _]| compare(a, b));
        let differ = entries.windows(2).any(|pair| matches!(pair, [[a, x], [b, y]] if equal(a, b) && !equal(x, y)));
        if differ {
            return None;
        }
        entries.dedup_by(|[later, _], [earlier, _]| equal(later, earlier));
    }
    let mut object = ObjectBuilder::with_capacity(entries.len());
    entries.into_iter().for_each(|[key, value]| object.insert(key, value));
    Some(object.build(arena))
}

/// A document that rules with general references build: `p[x].q[y] := v`.
#[derive(Debug, Default)]
struct Tree<'a> {
    children: Vec<(Value<'a>, Branch<'a>)>,
}

#[derive(Debug)]
enum Branch<'a> {
    Node(Tree<'a>),
    Leaf(Value<'a>),
    Members(Vec<Value<'a>>),
}

impl<'a> Tree<'a> {
    /// Adds an entry: the keys on the way, then the value or member. As many levels as the rule's head has parts.
    fn insert(&mut self, entry: &[Value<'a>], is_member: bool, span: Span) -> Result<(), Stop> {
        let [key, rest @ ..] = entry else { return Ok(()) };
        let found = self.children.binary_search_by(|(known, _)| compare(known, key));
        match (rest, found) {
            ([value], Ok(at)) => match self.children.get_mut(at).map(|(_, branch)| branch) {
                Some(Branch::Members(members)) if is_member => members.push(*value),
                Some(Branch::Leaf(known)) if !is_member && equal(known, value) => {}
                _ => return Err(not_unique(span)),
            },
            ([value], Err(at)) => {
                let branch = if is_member { Branch::Members(vec![*value]) } else { Branch::Leaf(*value) };
                self.children.insert(at, (*key, branch));
            }
            (_, Ok(at)) => match self.children.get_mut(at).map(|(_, branch)| branch) {
                Some(Branch::Node(node)) => node.insert(rest, is_member, span)?,
                _ => return Err(not_unique(span)),
            },
            (_, Err(at)) => {
                let mut node = Self::default();
                node.insert(rest, is_member, span)?;
                self.children.insert(at, (*key, Branch::Node(node)));
            }
        }
        Ok(())
    }

    fn build(self, arena: &'a Arena) -> Value<'a> {
        let mut object = ObjectBuilder::with_capacity(self.children.len());
        for (key, branch) in self.children {
            let value = match branch {
                Branch::Node(node) => node.build(arena),
                Branch::Leaf(value) => value,
                Branch::Members(members) => set_of(arena, &members),
            };
            object.insert(key, value);
        }
        object.build(arena)
    }
}
