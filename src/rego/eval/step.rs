//! One instruction after another.

use super::iter::Iter;
use super::scope::base_get;
use super::{Machine, Stop, conflict};
use crate::rego::ast::Span;
use crate::rego::plan::{Op, Operands, RoutineKind, Shape};
use crate::rego::value::{ObjectBuilder, SetBuilder, Value, compare, equal};

impl<'a> Machine<'a, '_> {
    /// Runs until the query's own routine ends.
    pub(super) fn steps(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let plan = self.plan;
        loop {
            if self.strict.is_waiting() {
                self.end_waiting()?;
            }
            let Some(op) = plan.code.get(self.pc) else {
                return Err(conflict("the plan ended without an answer".to_owned(), Span::default()));
            };
            match op {
                Op::Const { to, constant } => {
                    let value = self.constant(*constant);
                    self.put(*to, value);
                }
                Op::Copy { to, from } => {
                    let value = self.get(*from);
                    self.put(*to, value);
                }
                Op::Input { to, fail } => {
                    self.put_or(*to, self.scope.input, *fail);
                }
                Op::InputAt { to, at, fail } => {
                    let value = self.input_at(*at);
                    self.put_or(*to, value, *fail);
                }
                Op::Base { to, path, fail } => {
                    let value = self.base_document(*path);
                    self.put_or(*to, value, *fail);
                }
                Op::Get { to, from, key, fail } => {
                    let value = match (self.get(*from), self.constant(*key)) {
                        (Value::DocObject(object), Value::String(text)) => self.places.get(self.arena, object, *key, text),
                        (from, key) => from.get(&key),
                    };
                    self.put_or(*to, value, *fail);
                }
                Op::GetAt { to, from, key, fail } => {
                    let value = self.get(*from).get(&self.get(*key));
                    self.put_or(*to, value, *fail);
                }
                Op::BaseAt { to, from, key, fail } => {
                    let value = base_get(&self.get(*from), &self.get(*key));
                    self.put_or(*to, value, *fail);
                }
                Op::Equal { a, b, fail } => {
                    let holds = equal(&self.get(*a), &self.get(*b));
                    self.go_if(holds, *fail);
                }
                Op::EqualConst { a, constant, fail } => {
                    let holds = equal(&self.get(*a), &self.constant(*constant));
                    self.go_if(holds, *fail);
                }
                Op::Ordered { a, b, test, fail } => {
                    let holds = test.holds(compare(&self.get(*a), &self.get(*b)));
                    self.go_if(holds, *fail);
                }
                Op::Member { value, collection, fail } => {
                    let holds = self.is_member(&self.get(*value), &self.get(*collection))?;
                    self.go_if(holds, *fail);
                }
                Op::NotFalse { value, fail } => {
                    let holds = !matches!(self.get(*value), Value::Bool(false));
                    self.go_if(holds, *fail);
                }
                Op::Scan { iter, from, fail } => {
                    let found = Iter::over(&self.get(*from));
                    let holds = found.is_some();
                    self.set_iter(*iter, found.unwrap_or(Iter::Done));
                    self.go_if(holds, *fail);
                }
                Op::Next { iter, key, value, fail } => self.next(*iter, *key, *value, *fail)?,
                Op::ScanOutputs { iter, from } => {
                    self.scan_outputs(*iter, *from);
                    self.pc += 1;
                }
                Op::NextOutput { iter, to, fail } => self.next_output(*iter, *to, *fail)?,
                Op::NextSolution { iter, to, fail } => self.next_solution(*iter, *to, *fail)?,
                Op::Section { to } => {
                    let section = self.section();
                    self.put(*to, Value::Int(section));
                }
                Op::MayBe { value, shape, fail } => {
                    let value = self.get(*value);
                    let fits = match shape {
                        Shape::Array => value.as_array().is_some(),
                        Shape::Object | Shape::LastObject => value.as_object().is_some(),
                        Shape::Set => false,
                    };
                    self.go_if(fits || value.as_set().is_some(), *fail);
                }
                Op::IsCollection { value, fail } => {
                    let holds = Iter::over(&self.get(*value)).is_some();
                    self.go_if(holds, *fail);
                }
                Op::IsArray { value, length, fail } => {
                    let holds = self.get(*value).as_array().is_some_and(|array| array.len() == *length as usize);
                    self.go_if(holds, *fail);
                }
                Op::IsObject { value, length, fail } => {
                    let holds = self.get(*value).as_object().is_some_and(|object| object.len() == *length as usize);
                    self.go_if(holds, *fail);
                }
                Op::Array { to, parts } => {
                    let array = self.new_array(*parts);
                    self.put(*to, array);
                }
                Op::Set { to, parts } => {
                    let set = self.new_set(*parts);
                    self.put(*to, set);
                }
                Op::Object { to, parts } => {
                    let object = self.new_object(*parts);
                    self.put(*to, object);
                }
                Op::Begin => {
                    self.begin_collecting();
                    self.pc += 1;
                }
                Op::BeginSolutions { end, next, iter } => {
                    self.begin_solutions(*end, *next, *iter);
                    self.pc += 1;
                }
                Op::Collect { value } => {
                    let value = self.get(*value);
                    self.collect(&[value])?;
                    self.pc += 1;
                }
                Op::CollectPair { key, value } => {
                    let pair = [self.get(*key), self.get(*value)];
                    self.collect(&pair)?;
                    self.pc += 1;
                }
                Op::CollectKeyed { parts } => {
                    self.collect_keyed(*parts)?;
                    self.pc += 1;
                }
                Op::Indexed { to, site, key, plain, done } => self.indexed(*to, *site, *key, *plain, *done)?,
                Op::EndIndex { site } => self.end_index(*site)?,
                Op::End { to, shape, span } => {
                    let value = self.end_collecting(*shape, *span)?;
                    self.put(*to, value);
                }
                Op::Enough { from, to, done } => {
                    self.pc = *done as usize;
                    if self.strict.is_waiting() {
                        self.end_waiting_within(*from, *to)?;
                    }
                }
                Op::Jump { to } => self.pc = *to as usize,
                Op::JumpIf { flag, to } => {
                    let set = matches!(self.get(*flag), Value::Bool(true));
                    self.go_if(!set, *to);
                }
                Op::Flag { to, value } => self.put(*to, Value::Bool(*value)),
                Op::Tell { told, value, span } => {
                    self.tell(*told, *value, *span)?;
                    self.pc += 1;
                }
                Op::Builtin { to, site, args, fail } => {
                    let done = u32::try_from(self.pc + 1).unwrap_or(u32::MAX);
                    self.builtin(*to, *site, *args, done, *fail)?;
                }
                Op::Mocked { to, name, args, is_known, fail, done } => {
                    self.mocked(*to, *name, (*args, *is_known), *fail, *done)?
                }
                Op::Call { to, routine, args, fail } => self.call(*to, *routine, *args, *fail)?,
                Op::CallKnown { to, callee, args, fail } => self.call_known(*to, *callee, *args, *fail)?,
                Op::Document { to, routine, args, fail } => self.document(*to, *routine, *args, *fail)?,
                Op::Keys { iter, node, .. } => {
                    let keys = self.keys(*node);
                    self.set_iter(*iter, keys);
                    self.pc += 1;
                }
                Op::NextKey { iter, key, node, fail } => self.go_to_next_key(*iter, *key, *node, *fail)?,
                Op::Child { key, node } => {
                    let label = self.child(*node, &self.get(*key));
                    self.pc = label.map_or(usize::MAX, |label| label as usize);
                }
                Op::WithPush { spec } => {
                    self.with_push(*spec)?;
                    self.pc += 1;
                }
                Op::WithPop => {
                    self.with_pop();
                    self.pc += 1;
                }
                Op::Candidates { .. } => {
                    self.find_candidates()?;
                    self.pc += 1;
                }
                Op::NextCandidate { done } => self.next_candidate(*done),
                Op::Produce { value, span, fail, done } => self.produce(*value, *span, *fail, *done)?,
                Op::Emit { parts, is_member, span } => {
                    self.emit(*parts, *is_member, *span)?;
                    self.pc += 1;
                }
                Op::JumpIfProduced { to } => {
                    let none = self.frame().is_none_or(|frame| frame.result.is_none());
                    self.go_if(none, *to);
                }
                Op::MergeBase { value, path } => {
                    let document = self.get(*value);
                    let merged = self.base_document(*path).map_or(document, |base| self.merge(base, document));
                    self.put(*value, merged);
                }
                Op::Return => {
                    let result = self.frame().and_then(|frame| frame.result);
                    if let Some(answer) = self.finish(result) {
                        return Ok(answer);
                    }
                }
                Op::ReturnEmitted => {
                    let kind = self.stacks.frames.last().and_then(|f| plan.routines.get(f.routine as usize)).map(|r| r.kind);
                    let value = self.emitted(kind.unwrap_or(RoutineKind::Query))?;
                    if let Some(answer) = self.finish(Some(value)) {
                        return Ok(answer);
                    }
                }
                Op::ReturnValue { value } => {
                    let value = self.get(*value);
                    if let Some(answer) = self.finish(Some(value)) {
                        return Ok(answer);
                    }
                }
            }
        }
    }

    #[inline]
    pub(super) fn put(&mut self, to: u32, value: Value<'a>) {
        self.set(to, value);
        self.pc += 1;
    }

    #[inline]
    fn put_or(&mut self, to: u32, value: Option<Value<'a>>, fail: u32) {
        match value {
            Some(value) => self.put(to, value),
            None => self.pc = fail as usize,
        }
    }

    #[inline]
    fn go_if(&mut self, holds: bool, fail: u32) {
        self.pc = if holds { self.pc + 1 } else { fail as usize };
    }

    /// Whether a collection holds a value: a set by its order, an array or an object's values one by one.
    fn is_member(&mut self, value: &Value<'a>, collection: &Value<'a>) -> Result<bool, Stop> {
        if let Some(set) = collection.as_set() {
            return Ok(set.find(value).is_some());
        }
        let elements = collection.as_array().or_else(|| collection.as_object().map(|object| object.values()));
        let Some(elements) = elements else { return Ok(false) };
        self.charge(elements.len())?;
        Ok(elements.iter().any(|element| equal(&element, value)))
    }

    pub(super) fn iter_at(&self, iter: u32) -> usize {
        self.iters + iter as usize
    }

    pub(super) fn set_iter(&mut self, iter: u32, state: Iter<'a>) {
        let at = self.iter_at(iter);
        if let Some(place) = self.stacks.iters.get_mut(at) {
            *place = state;
        }
    }

    fn next(&mut self, iter: u32, key: u32, value: u32, fail: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let at = self.iter_at(iter);
        match self.stacks.iters.get_mut(at).and_then(Iter::next) {
            Some((found_key, found)) => {
                self.set(key, found_key);
                self.put(value, found);
            }
            None => self.pc = fail as usize,
        }
        Ok(())
    }

    fn go_to_next_key(&mut self, iter: u32, key: u32, node: u32, fail: u32) -> Result<(), Stop> {
        self.charge(1)?;
        let at = self.iter_at(iter);
        match self.next_key(at, node) {
            Some((found, label, is_virtual)) => {
                self.set(key, found);
                self.pc = label as usize;
                if is_virtual {
                    self.begin_section();
                }
            }
            None => self.pc = fail as usize,
        }
        Ok(())
    }

    fn new_array(&mut self, parts: Operands) -> Value<'a> {
        let base = self.base();
        let regs = self.operand_registers(parts);
        let values = regs.iter().map(|reg| self.stacks.registers.get(base + *reg as usize).copied().unwrap_or(Value::Null));
        Value::Array(self.arena.alloc_slice_fill_iter(values))
    }

    fn new_set(&mut self, parts: Operands) -> Value<'a> {
        let mut set = SetBuilder::with_capacity(parts.length as usize);
        self.operand_registers(parts).iter().for_each(|reg| set.insert(self.get(*reg)));
        set.build(self.arena)
    }

    fn new_object(&mut self, parts: Operands) -> Value<'a> {
        let (pairs, _) = self.operand_registers(parts).as_chunks::<2>();
        let mut object = ObjectBuilder::with_capacity(pairs.len());
        pairs.iter().for_each(|[key, value]| object.insert(self.get(*key), self.get(*value)));
        object.build(self.arena)
    }

    /// The next rule to try: the next `else` branch where the group has no value yet, or the next group's first.
    fn next_candidate(&mut self, done: u32) {
        let plan = self.plan;
        let Some(frame) = self.stacks.frames.last_mut() else { return };
        let candidates = plan.routines.get(frame.routine as usize).map(|r| r.candidates.as_slice()).unwrap_or_default();
        loop {
            let number = match frame.matched {
                Some(matched) => matched.get(frame.candidate).map(|number| *number as usize),
                None => Some(frame.candidate),
            };
            let Some(candidate) = number.and_then(|number| candidates.get(number)) else { break };
            frame.candidate += 1;
            if candidate.group == frame.group && frame.produced {
                continue;
            }
            if candidate.group != frame.group {
                frame.group = candidate.group;
                frame.produced = false;
            }
            self.pc = candidate.label as usize;
            return;
        }
        self.pc = done as usize;
    }

    fn produce(&mut self, value: u32, span: Span, fail: u32, done: u32) -> Result<(), Stop> {
        let value = self.get(value);
        let plan = self.plan;
        let Some(frame) = self.stacks.frames.last_mut() else { return Ok(()) };
        let routine = plan.routines.get(frame.routine as usize);
        if frame.result.is_some_and(|result| !equal(&result, &value)) {
            let name = routine.map(|r| r.name.clone()).unwrap_or_default();
            let stop = conflict(conflict_message(routine.map(|r| r.kind), &name), span);
            // Somebody who hears what is printed hears of what the caller does with the first value before.
            let waits = self.strict.enabled || self.observer.is_some();
            if !waits || frame.late {
                return Err(stop);
            }
            self.conflict_found(stop);
            return Ok(());
        }
        let is_first = frame.result.is_none();
        frame.result.get_or_insert(value);
        frame.produced = true;
        let stop = frame.early_exit;
        if self.strict.is_waiting() && self.value_while_waiting(is_first, stop) {
            self.leave(Some(value));
            return Ok(());
        }
        self.pc = if stop { done as usize } else { fail as usize };
        Ok(())
    }

    /// Ends a routine; the answer where it was the query's.
    fn finish(&mut self, value: Option<Value<'a>>) -> Option<Option<Value<'a>>> {
        if self.stacks.frames.len() <= 1 {
            return Some(value);
        }
        self.leave(value);
        None
    }
}

/// What OPA says of two values.
pub(in crate::rego) fn conflict_message(kind: Option<RoutineKind>, name: &str) -> String {
    match kind {
        Some(RoutineKind::Function) => format!("function {name} produced conflicting values for the same inputs"),
        _ => format!("rule {name} produced conflicting values"),
    }
}
