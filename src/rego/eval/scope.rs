//! What `with` replaces: input, data and functions, and what was computed while it does.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::comprehensions::Comprehensions;
use super::{Input, Machine, Stack, Stop, conflict};
use crate::rego::ast::Span;
use crate::rego::plan::{ALL_DATA, Callee, Replacement};
use crate::rego::value::{Arena, Entries, ObjectBuilder, Parts, Value};

/// What takes a function's place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mock<'a> {
    Value(Value<'a>),
    Routine(Callee),
    Builtin(u32),
}

/// Calls by a hash of what their arguments are: the number of the last one of that hash, which knows the one before.
pub(super) type Calls = HashMap<u64, u32, foldhash::fast::FixedState>;

/// What holds while an expression is evaluated.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) input: Option<Value<'a>>,
    /// The parts of the input that were asked for, by the plan's numbers. None where this is not the outermost scope.
    inputs: Parts<'a>,
    /// Data that stands over base data.
    pub(super) data: Option<Value<'a>>,
    /// The paths at which data was replaced: no rule counts there or below.
    pub(super) shadows: &'a [u32],
    pub(super) mocks: &'a [(u32, Mock<'a>)],
    /// For each routine: 0 is unknown, 1 undefined, otherwise the number of a value, plus 2.
    pub(super) memo: Vec<u32>,
    pub(super) values: Stack<'a, Value<'a>>,
    pub(super) calls: Calls,
    pub(super) call_memo: Stack<'a, CallMemo<'a>>,
    pub(super) comprehensions: Comprehensions<'a>,
    /// The `with` that made it.
    pub(super) spec: Option<u32>,
}

/// A call that was made: `result` is `None` while it is under way, or where it is not remembered.
#[derive(Debug)]
pub(super) struct CallMemo<'a> {
    pub(super) routine: u32,
    pub(super) args: &'a [Value<'a>],
    pub(super) result: Option<Option<Value<'a>>>,
    /// The number of the same call, whatever its result, where this one asked for a known one: a value is remembered there, too.
    pub(super) any_result: Option<u32>,
    /// The one before of the same hash.
    pub(super) before: Option<u32>,
}

/// Tables that grew beyond this are not kept.
const KEPT_CALLS: usize = 1 << 12;

impl<'a> Scope<'a> {
    /// One that remembers so many parts of the input, in the tables of an evaluation before.
    #[inline]
    pub(super) fn new(
        arena: &'a Arena,
        input: Input<'a>,
        parts: usize,
        mut memo: Vec<u32>,
        calls: Calls,
        routines: usize,
    ) -> Self {
        memo.clear();
        memo.resize(routines, 0);
        let (input, inputs) = match input {
            Input::Whole(input) => (input, &*arena.alloc_slice_fill_with(parts, |_| OnceCell::new())),
            Input::Parts(parts) => (None, parts),
        };
        Self {
            input,
            inputs,
            data: None,
            shadows: &[],
            mocks: &[],
            memo,
            values: Stack::new_in(arena),
            calls,
            call_memo: Stack::new_in(arena),
            comprehensions: Comprehensions::default(),
            spec: None,
        }
    }

    /// The tables, for another evaluation.
    #[inline]
    pub(super) fn leave(&mut self) -> (Vec<u32>, Calls) {
        let (memo, mut calls) = (std::mem::take(&mut self.memo), std::mem::take(&mut self.calls));
        if calls.capacity() > KEPT_CALLS {
            return (memo, Calls::default());
        }
        calls.clear();
        (memo, calls)
    }
}

impl<'a> Scope<'a> {
    pub(super) fn remember_call(&mut self, number: usize, value: Option<Value<'a>>) {
        let Some(memo) = self.call_memo.get_mut(number) else { return };
        memo.result = Some(value);
        if let Some(any) = memo.any_result
            && value.is_some()
            && let Some(memo) = self.call_memo.get_mut(any as usize)
        {
            memo.result = Some(value);
        }
    }
}

impl<'a> Machine<'a, '_> {
    pub(super) fn with_push(&mut self, number: u32) -> Result<(), Stop> {
        let plan = self.plan;
        let Some(spec) = plan.withs.get(number as usize) else { return Ok(()) };
        let outer = &self.scope;
        let mut scope = Scope::new(self.arena, Input::Whole(outer.input), 0, Vec::new(), Calls::default(), plan.routines.len());
        scope.spec = Some(number);
        scope.data = outer.data;
        scope.shadows = self.longer(outer.shadows, spec.data.iter().map(|(path, _)| *path));
        let mocks = spec.functions.iter().map(|(name, replacement)| (*name, self.mock(replacement)));
        scope.mocks = self.longer(outer.mocks, mocks);
        for (path, reg) in &spec.inputs {
            scope.input = Some(self.replace(scope.input, path, self.get(*reg))?);
        }
        for (path, reg) in &spec.data {
            scope.data = Some(self.replace(scope.data, self.path(*path), self.get(*reg))?);
        }
        self.note_depth();
        self.outer.push(std::mem::replace(&mut self.scope, scope));
        Ok(())
    }

    fn mock(&self, replacement: &Replacement) -> Mock<'a> {
        match replacement {
            Replacement::Value(reg) => Mock::Value(self.get(*reg)),
            Replacement::Routine(routine) => Mock::Routine(*routine),
            Replacement::Builtin(site) => Mock::Builtin(*site),
        }
    }

    /// A list with more at its end.
    fn longer<T: Copy>(&self, list: &'a [T], more: impl ExactSizeIterator<Item = T>) -> &'a [T] {
        if more.len() == 0 {
            return list;
        }
        let mut all = Stack::with_capacity_in(list.len() + more.len(), self.arena);
        all.extend_from_slice_copy(list);
        all.extend(more);
        all.into_bump_slice()
    }

    /// How many scopes there are, the outermost counted.
    pub(super) const fn scopes(&self) -> usize {
        self.outer.len() + 1
    }

    /// Ends scopes until so many are left.
    pub(super) fn end_scopes(&mut self, left: usize) {
        while self.scopes() > left
            && let Some(outer) = self.outer.pop()
        {
            self.scope = outer;
        }
    }

    /// A part of the input. One that is known is copied from where it stands, and no call is between.
    #[inline]
    pub(super) fn input_at(&self, number: u32) -> Option<Value<'a>> {
        match self.scope.inputs.get(number as usize).and_then(OnceCell::get) {
            Some(known) => *known,
            None => self.find_input(number),
        }
    }

    #[inline(never)]
    fn find_input(&self, number: u32) -> Option<Value<'a>> {
        let part = self.plan.inputs.get(number as usize)?;
        // No deeper than a plan's parts are.
        let from = part.below.map_or(self.scope.input, |below| self.input_at(below));
        let found = from.and_then(|value| value.get(&self.constant(part.key)));
        if let Some(place) = self.scope.inputs.get(number as usize) {
            let _ = place.set(found);
        }
        found
    }

    pub(super) fn with_pop(&mut self) {
        self.end_scopes(self.outer.len());
    }

    fn replace(&mut self, document: Option<Value<'a>>, path: &[u32], value: Value<'a>) -> Result<Value<'a>, Stop> {
        let keys: Vec<Value<'a>> = path.iter().map(|key| self.constant(*key)).collect();
        self.charge(copied(document, &keys))?;
        replace_at(self.arena, document, &keys, value)
    }

    /// Whether a path lies at or below one whose data was replaced.
    pub(super) fn is_shadowed(&self, path: u32) -> bool {
        let scope = &self.scope;
        if scope.shadows.is_empty() {
            return false;
        }
        let keys = self.path(path);
        scope.shadows.iter().any(|shadow| {
            let shadow = self.path(*shadow);
            shadow.len() <= keys.len()
                && shadow.iter().zip(keys).all(|(a, b)| crate::rego::value::equal(&self.constant(*a), &self.constant(*b)))
        })
    }

    /// Base data at a path, under what was replaced. The whole of it has no `system` (OPA's `resolveReadFromStorage`), unless it is asked for
    /// by a key that is known: `ALL_DATA`.
    pub(super) fn base_document(&self, path: u32) -> Option<Value<'a>> {
        let keys = self.path(path);
        let root = if keys.is_empty() && path != ALL_DATA { self.data.public } else { self.data.all };
        let real = |machine: &Self| keys.iter().try_fold(root.view(), |node, key| base_get(&node, &machine.constant(*key)));
        let Some(replaced) = self.scope.data else { return real(self) };
        let replaced = self.find(replaced, keys);
        if self.is_shadowed(path) {
            return replaced;
        }
        match (replaced, real(self)) {
            (Some(replaced), Some(real)) => Some(self.merge(replaced, real)),
            (replaced, real) => replaced.or(real),
        }
    }

    fn find(&self, document: Value<'a>, keys: &[u32]) -> Option<Value<'a>> {
        keys.iter().try_fold(document, |node, key| node.get(&self.constant(*key)))
    }

    /// Objects are merged key by key; of anything else the first stands (OPA's `merge`).
    pub(super) fn merge(&self, a: Value<'a>, b: Value<'a>) -> Value<'a> {
        merge(self.arena, a, b)
    }
}

/// How many entries replacing what is at a path copies.
fn copied(document: Option<Value<'_>>, path: &[Value<'_>]) -> usize {
    let mut node = document.and_then(|document| document.as_object());
    let mut count = 0;
    for key in path {
        let Some(entries) = node else { break };
        count += entries.len();
        node = entries.get(key).and_then(|below| below.as_object());
    }
    count
}

/// `document` with `value` at `path`; what stands in the way and is no object makes room (OPA's `mergeTermWithValues`).
pub(in crate::rego) fn replace_at<'a>(
    arena: &'a Arena,
    document: Option<Value<'a>>,
    path: &[Value<'a>],
    value: Value<'a>,
) -> Result<Value<'a>, Stop> {
    // The objects on the way, outermost first.
    let mut levels = Vec::with_capacity(path.len());
    let mut node = document;
    for key in path {
        if !matches!(key, Value::String(_)) {
            return Err(conflict("bad document path".to_owned(), Span::default()));
        }
        let entries = node.and_then(|n| n.as_object());
        levels.push((*key, entries));
        node = entries.and_then(|entries| entries.get(key));
    }
    let mut value = value;
    for (key, entries) in levels.into_iter().rev() {
        let mut object = ObjectBuilder::with_capacity(entries.map_or(1, |e| e.len() + 1));
        if let Some(entries) = entries {
            entries.iter().for_each(|(k, v)| object.insert(k, v));
        }
        object.insert(key, value);
        value = object.build(arena);
    }
    Ok(value)
}

/// What a path finds in base data. Its parts are texts there, as in OPA's storage (`NewPathForRef`): `2` finds `"2"`, `"0"` an array's first.
#[inline]
pub(in crate::rego) fn base_get<'a>(node: &Value<'a>, key: &Value<'a>) -> Option<Value<'a>> {
    if let Some(found) = node.get(key) {
        return Some(found);
    }
    match key {
        Value::Int(int) => node.as_object()?.get_str(int.to_string().as_bytes()),
        Value::Number(text) => node.as_object()?.get_str(text.as_bytes()),
        Value::String(text) => {
            let at: usize = std::str::from_utf8(text).ok()?.parse().ok()?;
            node.as_array()?.get(at)
        }
        _ => None,
    }
}

/// Two objects whose merge is under way: at which entry of the first, and what is merged so far.
struct Merging<'a> {
    a: Entries<'a>,
    b: Entries<'a>,
    at: usize,
    merged: ObjectBuilder<'a>,
}

impl<'a> Merging<'a> {
    /// `None` where there is nothing to merge: then the first value stands, or the second where the first is empty.
    fn begin(a: &Value<'a>, b: &Value<'a>) -> Option<Self> {
        let (a, b) = (a.as_object()?, b.as_object()?);
        let merged = ObjectBuilder::with_capacity(a.len() + b.len());
        (!a.is_empty() && !b.is_empty()).then_some(Self { a, b, at: 0, merged })
    }

    fn finish(mut self, arena: &'a Arena) -> Value<'a> {
        for (key, value) in self.b.iter().filter(|(key, _)| self.a.get(key).is_none()) {
            self.merged.insert(key, value);
        }
        self.merged.build(arena)
    }
}

/// On the heap: both sides nest as deep as callers make them.
pub(in crate::rego) fn merge<'a>(arena: &'a Arena, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    let Some(outermost) = Merging::begin(&a, &b) else {
        return if a.as_object().is_some_and(|object| object.is_empty()) && b.as_object().is_some() { b } else { a };
    };
    let mut open = vec![outermost];
    let mut done: Option<Value<'a>> = None;
    while let Some(top) = open.last_mut() {
        if let Some(value) = done.take() {
            if let Some((key, _)) = top.a.at(top.at) {
                top.merged.insert(key, value);
            }
            top.at += 1;
        }
        let Some((key, value)) = top.a.at(top.at) else {
            done = open.pop().map(|finished| finished.finish(arena));
            continue;
        };
        match top.b.get(&key).map(|other| (other, Merging::begin(&value, &other))) {
            Some((_, Some(nested))) => open.push(nested),
            Some((other, None)) if value.as_object().is_some_and(|o| o.is_empty()) && other.as_object().is_some() => {
                done = Some(other)
            }
            _ => done = Some(value),
        }
    }
    done.unwrap_or(a)
}
