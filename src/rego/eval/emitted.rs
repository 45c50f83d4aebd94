//! What comprehensions and partial rules collect.

use std::cmp::Ordering;

use super::{Machine, Stack, Stop, conflict};
use crate::rego::ast::Span;
use crate::rego::plan::{Operands, RoutineKind, Shape};
use crate::rego::value::{Arena, ObjectBuilder, SetBuilder, Value, compare, equal};

/// Values collected so far: elements, keys and values in turn, or the parts of entries.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    values: Stack<'a, Value<'a>>,
    entries: Stack<'a, Entry>,
    /// Whether the values are keys and values in turn.
    pairs: bool,
    /// Where these are the solutions of a reference.
    solutions: Option<Solutions>,
}

/// Solutions of a reference that are collected before what follows it runs for each: where the code stands, and what to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Solutions {
    /// The number of frames, the one that asks on top.
    pub(super) depth: usize,
    pub(super) scopes: usize,
    /// The code that collects, and the instruction that takes one solution after another.
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) next: usize,
    /// The iterator of that instruction, as the stack counts.
    pub(super) iter: usize,
    /// Counts the keys that only rules have: between solutions of two sections, OPA's loop ends with any early exit (`evalTree.enumerate`).
    pub(super) section: i64,
}

/// An entry of a partial rule: how many values it has, whether the last is a member of a set, and the place of its rule.
#[derive(Debug, Clone, Copy)]
struct Entry {
    length: u32,
    is_member: bool,
    span: Span,
}

impl<'a> Collector<'a> {
    fn new(arena: &'a Arena) -> Self {
        Self { values: Stack::new_in(arena), entries: Stack::new_in(arena), pairs: false, solutions: None }
    }
}

impl<'a> Machine<'a, '_> {
    pub(super) fn begin_collecting(&mut self) {
        if self.stacks.collectors.len() == self.collecting {
            self.stacks.collectors.push(Collector::new(self.arena));
        }
        if let Some(collector) = self.stacks.collectors.get_mut(self.collecting) {
            collector.values.clear();
            collector.entries.clear();
            collector.pairs = false;
            collector.solutions = None;
        }
        self.collecting += 1;
    }

    pub(super) fn begin_solutions(&mut self, end: u32, next: u32, iter: u32) {
        let solutions = Solutions {
            depth: self.stacks.frames.len(),
            scopes: self.scopes(),
            begin: self.pc,
            end: end as usize,
            next: next as usize,
            iter: self.iter_at(iter),
            section: 0,
        };
        self.begin_collecting();
        if let Some(collector) = self.collector() {
            collector.solutions = Some(solutions);
        }
    }

    /// The innermost solutions that are being collected, where there are some: of which collector, and how many.
    pub(super) fn solutions_under_way(&self) -> Option<(usize, usize, Solutions)> {
        let open = self.stacks.collectors.iter().take(self.collecting).enumerate().rev();
        let mut found = open.filter_map(|(at, collector)| Some((at, collector.values.len(), collector.solutions?)));
        found.find(|(_, count, _)| *count > 0)
    }

    /// The section of what is collected now; 0 outside.
    pub(super) fn section(&mut self) -> i64 {
        self.collector().and_then(|collector| collector.solutions).map_or(0, |solutions| solutions.section)
    }

    /// A new section begins, where this frame collects solutions.
    pub(super) fn begin_section(&mut self) {
        let depth = self.stacks.frames.len();
        if let Some(solutions) = self.collector().and_then(|collector| collector.solutions.as_mut())
            && solutions.depth == depth
        {
            solutions.section += 1;
        }
    }

    /// Leaves the collectors above the first `kept`.
    pub(super) fn drop_collectors(&mut self, kept: usize) {
        let dropped = self.stacks.collectors.iter().take(self.collecting).skip(kept).map(|collector| collector.values.len());
        self.collected = self.collected.saturating_sub(dropped.sum());
        self.collecting = kept;
    }

    fn collector(&mut self) -> Option<&mut Collector<'a>> {
        self.stacks.collectors.get_mut(self.collecting.checked_sub(1)?)
    }

    pub(super) fn collect(&mut self, values: &[Value<'a>]) -> Result<(), Stop> {
        self.charge(1)?;
        if let Some(collector) = self.collector() {
            collector.values.extend_from_slice_copy(values);
            collector.pairs = values.len() == 2;
        }
        self.count_collected(values.len())
    }

    /// Adds a solution of an indexed comprehension.
    pub(super) fn collect_keyed(&mut self, parts: Operands) -> Result<(), Stop> {
        self.charge(1)?;
        let base = self.base();
        let regs = self.operand_registers(parts);
        let stacks = &mut *self.stacks;
        if let Some(collector) = stacks.collectors.get_mut(self.collecting.saturating_sub(1)) {
            let values = regs.iter().map(|reg| stacks.registers.get(base + *reg as usize).copied().unwrap_or(Value::Null));
            collector.values.extend(values);
        }
        self.count_collected(regs.len())
    }

    /// Counts what stands outside the arena against the evaluation's memory.
    fn count_collected(&mut self, values: usize) -> Result<(), Stop> {
        const STRIDE: usize = 4096;
        self.collected += values;
        if self.collected % STRIDE < values {
            self.reserve(self.collected * size_of::<Value<'_>>())?;
        }
        Ok(())
    }

    pub(super) fn end_collecting(&mut self, shape: Shape, span: Span) -> Result<Value<'a>, Stop> {
        self.end_collecting_by(|arena, values| match shape {
            Shape::Array => Ok(Value::array(arena, values)),
            Shape::Set => Ok(set_of(arena, values)),
            Shape::Object => object_of(arena, values).ok_or_else(|| not_unique(span)),
            Shape::LastObject => Ok(last_object_of(arena, values.as_chunks::<2>().0)),
        })
    }

    /// The values of an indexed comprehension by their keys. A solution has so many values, its key the first.
    pub(super) fn end_collecting_keyed(&mut self, length: u32, shape: Shape) -> Result<Value<'a>, Stop> {
        self.end_collecting_by(|arena, values| Ok(grouped(arena, values, length as usize, shape)))
    }

    fn end_collecting_by(
        &mut self,
        end: impl FnOnce(&'a Arena, &[Value<'a>]) -> Result<Value<'a>, Stop>,
    ) -> Result<Value<'a>, Stop> {
        self.collecting = self.collecting.saturating_sub(1);
        let Some(collector) = self.stacks.collectors.get_mut(self.collecting) else { return Ok(Value::Null) };
        let count = collector.values.len();
        self.collected = self.collected.saturating_sub(count);
        let value = end(self.arena, &collector.values)?;
        self.charge(count / 4)?;
        Ok(value)
    }

    pub(super) fn emit(&mut self, parts: Operands, is_member: bool, span: Span) -> Result<(), Stop> {
        self.charge(1)?;
        let base = self.base();
        let regs = self.operand_registers(parts);
        let stacks = &mut *self.stacks;
        let Some(collector) = stacks.collectors.get_mut(self.collecting.saturating_sub(1)) else { return Ok(()) };
        for reg in regs {
            collector.values.push(stacks.registers.get(base + *reg as usize).copied().unwrap_or(Value::Null));
        }
        collector.entries.push(Entry { length: parts.length, is_member, span });
        self.count_collected(regs.len() + 1)
    }

    /// A conflict in what is collected so far: OPA finds it with the entry, here it is found at the end.
    pub(super) fn check_collected(&self) -> Result<(), Stop> {
        for collector in self.stacks.collectors.iter().take(self.collecting) {
            if collector.pairs && object_of(self.arena, &collector.values).is_none() {
                return Err(not_unique(Span::default()));
            }
            if collector.entries.iter().any(|entry| entry.length > 1) {
                nested(self.arena, split_leaves(&collector.values, &collector.entries))?;
            }
        }
        Ok(())
    }

    /// The document of a partial rule.
    pub(super) fn emitted(&mut self, kind: RoutineKind) -> Result<Value<'a>, Stop> {
        self.collecting = self.collecting.saturating_sub(1);
        let arena = self.arena;
        let Some(collector) = self.stacks.collectors.get_mut(self.collecting) else { return Ok(Value::Null) };
        let count = collector.values.len();
        self.collected = self.collected.saturating_sub(count);
        let value = match kind {
            RoutineKind::Partial { is_set: true } => set_of(arena, &collector.values),
            _ if collector.entries.iter().all(|entry| entry.length == 2 && !entry.is_member) => {
                let span = collector.entries.last().map(|entry| entry.span).unwrap_or_default();
                object_of(arena, &collector.values).ok_or_else(|| not_unique(span))?
            }
            _ => nested(arena, split_leaves(&collector.values, &collector.entries))?,
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

/// An object of which the last value of a key stays, under the key as it came first.
fn last_object_of<'a>(arena: &'a Arena, pairs: &[[Value<'a>; 2]]) -> Value<'a> {
    let mut entries = pairs.to_vec();
    entries.sort_by(|[a, _], [b, _]| compare(a, b));
    let mut object = ObjectBuilder::with_capacity(entries.len());
    for same in entries.chunk_by(|[a, _], [b, _]| equal(a, b)) {
        if let (Some([key, _]), Some([_, value])) = (same.first(), same.last()) {
            object.insert(*key, *value);
        }
    }
    object.build(arena)
}

/// An object of solutions, each a key and what it collects: under each key what was collected with it, in its order.
fn grouped<'a>(arena: &'a Arena, values: &[Value<'a>], length: usize, shape: Shape) -> Value<'a> {
    let key = |solution: &[Value<'a>]| solution.first().copied().unwrap_or(Value::Null);
    let mut solutions: Vec<&[Value<'a>]> = values.chunks_exact(length.max(1)).collect();
    solutions.sort_by(|a, b| compare(&key(a), &key(b)));
    let mut groups = ObjectBuilder::default();
    for group in solutions.chunk_by(|a, b| equal(&key(a), &key(b))) {
        let elements: Vec<Value<'a>> = group.iter().flat_map(|solution| solution.iter().skip(1)).copied().collect();
        let value = match shape {
            Shape::Array => Value::array(arena, &elements),
            Shape::Set => set_of(arena, &elements),
            Shape::Object | Shape::LastObject => last_object_of(arena, elements.as_chunks::<2>().0),
        };
        if let Some(first) = group.first() {
            groups.insert(key(first), value);
        }
    }
    groups.build(arena)
}

/// An entry of a document that rules with general references build, `p[x].q[y] := v`: its keys, its value or member.
struct Leaf<'a, 'v> {
    keys: &'v [Value<'a>],
    value: Value<'a>,
    is_member: bool,
    span: Span,
    /// Where it stands among the entries, as they were made.
    at: usize,
}

/// An object that is being built, and its key in the one above: of equal keys, `1` and `1.0`, the one that was made first stays.
#[derive(Default)]
struct Open<'a> {
    object: ObjectBuilder<'a>,
    key: Option<(usize, Value<'a>)>,
}

impl<'a> Open<'a> {
    fn name(&mut self, at: usize, key: Value<'a>) {
        if self.key.is_none_or(|(first, _)| at < first) {
            self.key = Some((at, key));
        }
    }
}

fn split_leaves<'a, 'v>(mut values: &'v [Value<'a>], entries: &[Entry]) -> Vec<Leaf<'a, 'v>> {
    let mut leaves = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let Some((parts, rest)) = values.split_at_checked(entry.length as usize) else { break };
        values = rest;
        if let Some((value, keys)) = parts.split_last() {
            leaves.push(Leaf { keys, value: *value, is_member: entry.is_member, span: entry.span, at });
        }
    }
    leaves
}

fn compare_keys(a: &[Value<'_>], b: &[Value<'_>]) -> Ordering {
    let found = a.iter().zip(b).map(|(x, y)| compare(x, y)).find(|order| order.is_ne());
    found.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// How many keys two paths share from the front.
fn shared(a: &[Value<'_>], b: &[Value<'_>]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| equal(x, y)).count()
}

/// Nested objects of leaves: sorted by their keys, closed from the innermost out. A path that is another's beginning is a conflict, and so
/// are two values at one path.
fn nested<'a>(arena: &'a Arena, mut leaves: Vec<Leaf<'a, '_>>) -> Result<Value<'a>, Stop> {
    leaves.sort_by(|a, b| compare_keys(a.keys, b.keys));
    let mut open: Vec<Open<'a>> = vec![Open::default()];
    let mut members: Vec<Value<'a>> = Vec::new();
    let mut at = 0;
    while let Some(leaf) = leaves.get(at) {
        at += 1;
        let mut value = leaf.value;
        members.clear();
        members.push(value);
        while let Some(next) = leaves.get(at).filter(|next| shared(leaf.keys, next.keys) == leaf.keys.len()) {
            let fits = next.keys.len() == leaf.keys.len() && next.is_member == leaf.is_member;
            if !fits || (!leaf.is_member && !equal(&next.value, &leaf.value)) {
                return Err(not_unique(next.span));
            }
            members.push(next.value);
            at += 1;
        }
        if leaf.is_member {
            value = set_of(arena, &members);
        }
        let Some((last, above)) = leaf.keys.split_last() else { continue };
        open.resize_with(leaf.keys.len(), Open::default);
        open.iter_mut().skip(1).zip(above).for_each(|(open, key)| open.name(leaf.at, *key));
        if let Some(open) = open.last_mut() {
            open.object.insert(*last, value);
        }
        let keep = leaves.get(at).map_or(0, |next| shared(above, next.keys));
        close(arena, &mut open, keep);
    }
    close(arena, &mut open, 0);
    Ok(open.pop().unwrap_or_default().object.build(arena))
}

/// Closes the objects below the first `keep` keys.
fn close<'a>(arena: &'a Arena, open: &mut Vec<Open<'a>>, keep: usize) {
    while open.len() > keep + 1 {
        let Some(closed) = open.pop() else { return };
        if let (Some((_, key)), Some(parent)) = (closed.key, open.last_mut()) {
            parent.object.insert(key, closed.object.build(arena));
        }
    }
}
