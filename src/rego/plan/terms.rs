//! Values of terms.

use super::{Op, Planner, Reg};
use crate::rego::ast::{Term, TermKind};
use crate::rego::compile::is_constant;
use crate::rego::value::{Arena, Document, ObjectBuilder, SetBuilder, Value, number as numbers};

/// A number by its text.
pub(super) fn number(text: &str) -> Document {
    numbers::as_int(text).map_or_else(|| Document::Number(text.into()), Document::Int)
}

/// The value that a constant term is.
pub(super) fn document(term: &Term) -> Document {
    let arena = Arena::new();
    Document::copy(&constant_value(&arena, term))
}

/// The same in an arena.
pub(in crate::rego) fn constant_value<'a>(arena: &'a Arena, term: &Term) -> Value<'a> {
    match &term.kind {
        TermKind::Bool(b) => Value::Bool(*b),
        TermKind::Number(text) => Value::number(arena, text),
        TermKind::String(text) => Value::string(arena, text.as_bytes()),
        TermKind::Array(parts) => {
            let values: Vec<_> = parts.iter().map(|part| constant_value(arena, part)).collect();
            Value::array(arena, &values)
        }
        TermKind::Set(parts) => {
            let mut set = SetBuilder::with_capacity(parts.len());
            parts.iter().for_each(|part| set.insert(constant_value(arena, part)));
            set.build(arena)
        }
        TermKind::Object(entries) => {
            let mut object = ObjectBuilder::with_capacity(entries.len());
            entries.iter().for_each(|(k, v)| object.insert(constant_value(arena, k), constant_value(arena, v)));
            object.build(arena)
        }
        _ => Value::Null,
    }
}

impl Planner<'_> {
    /// Whether every variable of a term is bound. A reference may walk what it refers to: its unbound parts are bound by it.
    pub(super) fn is_bound(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Var(name) => self.bound.contains_key(name),
            TermKind::Array(parts) | TermKind::Set(parts) => parts.iter().all(|part| self.is_bound(part)),
            TermKind::Object(entries) => entries.iter().all(|(key, value)| self.is_bound(key) && self.is_bound(value)),
            _ => true,
        }
    }

    /// The register of a term's value. References may loop: what follows runs for each of their values.
    pub(super) fn value(&mut self, term: &Term) -> Reg {
        if is_constant(term) {
            return self.constant_register(document(term));
        }
        match &term.kind {
            TermKind::Var(name) => match self.bound.get(name) {
                Some(reg) => *reg,
                None => {
                    self.unplannable(term.span, &format!("var {name}, which is not bound"));
                    0
                }
            },
            TermKind::Ref(parts) => self.reference(parts),
            TermKind::Array(parts) => {
                let parts = self.values(parts);
                let to = self.register();
                self.emit(Op::Array { to, parts });
                to
            }
            TermKind::Set(parts) => {
                let parts = self.values(parts);
                let to = self.register();
                self.emit(Op::Set { to, parts });
                to
            }
            TermKind::Object(entries) => {
                let regs: Vec<Reg> = entries.iter().flat_map(|(key, value)| [self.value(key), self.value(value)]).collect();
                let (parts, to) = (self.operands(&regs), self.register());
                self.emit(Op::Object { to, parts });
                to
            }
            TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => {
                self.comprehension(term)
            }
            TermKind::Call(_) | TermKind::Template(_) => {
                self.unplannable(term.span, "a nested call");
                0
            }
            TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) => 0,
        }
    }

    pub(super) fn values(&mut self, terms: &[Term]) -> super::Operands {
        let regs: Vec<Reg> = terms.iter().map(|term| self.value(term)).collect();
        self.operands(&regs)
    }

    /// What references find below a value, part by part.
    pub(super) fn walk(&mut self, mut from: Reg, parts: &[Term]) -> Reg {
        for part in parts {
            from = self.step(from, part);
        }
        from
    }

    fn step(&mut self, from: Reg, part: &Term) -> Reg {
        let to = self.register();
        let fail = self.fail;
        if is_constant(part) {
            let key = self.constant(document(part));
            self.emit(Op::Get { to, from, key, fail });
        } else if self.is_bound(part) {
            let key = self.value(part);
            let fail = self.fail;
            self.emit(Op::GetAt { to, from, key, fail });
        } else {
            let key = self.register();
            self.loop_over(from, key, to);
            self.destructure(part, key);
        }
        to
    }

    /// Walks a collection: what follows runs for each element.
    pub(super) fn loop_over(&mut self, from: Reg, key: Reg, value: Reg) {
        let iter = self.iterator();
        let fail = self.fail;
        self.emit(Op::Scan { iter, from, fail });
        let next = self.here();
        self.emit(Op::Next { iter, key, value, fail });
        self.fail = next;
    }
}
