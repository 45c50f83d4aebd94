//! Comprehensions (OPA's `biunifyComprehension`): evaluated where they stand, or once for all keys that may be asked for.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::document::keys_conflict;
use super::machine::{Eval, Halt, Machine, Next, Run};
use super::partial::Ordered;
use super::term::{Env, Node};
use crate::rego::ast::{Body, Span, Term, TermKind};
use crate::rego::eval::Stop;
use crate::rego::value::{ObjectBuilder, SetBuilder, Value, equal};

/// An indexed comprehension's values by the values of its keys.
#[derive(Default)]
pub(super) struct Solved<'t>(BTreeMap<Vec<Ordered<'t>>, Value<'t>>);

/// What a comprehension collects.
struct Collected<'t> {
    kind: &'t TermKind,
    elements: Vec<Value<'t>>,
    entries: BTreeMap<Ordered<'t>, Value<'t>>,
}

impl<'t> Collected<'t> {
    const fn new(kind: &'t TermKind) -> Self {
        Self { kind, elements: Vec::new(), entries: BTreeMap::new() }
    }

    /// Adds a solution; an error where a key has another value already, unless `last_wins`.
    fn add(&mut self, (key, value): (Value<'t>, Option<Value<'t>>), last_wins: bool) -> Result<(), ()> {
        let Some(value) = value else {
            self.elements.push(key);
            return Ok(());
        };
        if self.entries.get(&Ordered(key)).is_some_and(|known| !equal(known, &value)) && !last_wins {
            return Err(());
        }
        self.entries.insert(Ordered(key), value);
        Ok(())
    }

    fn value(self, arena: &'t crate::rego::value::Arena) -> Value<'t> {
        match self.kind {
            TermKind::SetComprehension(_) => {
                let mut set = SetBuilder::with_capacity(self.elements.len());
                self.elements.into_iter().for_each(|member| set.insert(member));
                set.build(arena)
            }
            TermKind::ObjectComprehension(_) => {
                let mut object = ObjectBuilder::with_capacity(self.entries.len());
                self.entries.into_iter().for_each(|(key, value)| object.insert(key.0, value));
                object.build(arena)
            }
            _ => Value::array(arena, &self.elements),
        }
    }
}

impl<'t> Machine<'t> {
    pub(super) fn unify_comprehension(
        &self,
        e: &Eval<'t>,
        term: &'t Term,
        result: Node<'t>,
        env: Env<'t>,
        result_env: Env<'t>,
        next: Next<'_>,
    ) -> Run {
        let Some(body) = body_of(term) else { return Ok(()) };
        if let Some(value) = self.indexed_comprehension(e, term, body)? {
            return self.unify(e, Node::Value(value), result, env, result_env, next);
        }
        let child = self.closure(e, self.lowering.body(body));
        let mut collected = Collected::new(&term.kind);
        self.run(&child, &mut || {
            let solution = self.solution(term, child.env)?;
            collected.add(solution, false).map_err(|()| keys_conflict(key_span(term)))
        })?;
        let value = collected.value(self.arena);
        self.unify(e, Node::Value(value), result, env, result_env, next)
    }

    /// The value for the keys as they are bound, where the comprehension is indexed and has one.
    fn indexed_comprehension(&self, e: &Eval<'t>, term: &'t Term, body: &'t Body) -> Result<Option<Value<'t>>, Halt> {
        let Some(keys) = self.lowering.comprehension_keys(term) else { return Ok(None) };
        let address = std::ptr::from_ref(term).addr();
        let known = self.comprehensions.borrow().last().and_then(|solved| solved.get(&address).cloned());
        let solved = match known {
            Some(solved) => solved,
            None => {
                let solved = Rc::new(self.solve(e, term, body, &keys)?);
                if let Some(frame) = self.comprehensions.borrow_mut().last_mut() {
                    frame.insert(address, Rc::clone(&solved));
                }
                solved
            }
        };
        let wanted: Option<Vec<Ordered<'t>>> =
            keys.iter().map(|key| self.plug(Node::Var(key), e.env).value().map(Ordered)).collect();
        Ok(wanted.and_then(|wanted| solved.0.get(&wanted).copied()))
    }

    /// All solutions, by the values of the keys.
    fn solve(&self, e: &Eval<'t>, term: &'t Term, body: &'t Body, keys: &[&'t str]) -> Result<Solved<'t>, Halt> {
        let child = self.child(e, self.lowering.body(body));
        let mut all: BTreeMap<Vec<Ordered<'t>>, Collected<'t>> = BTreeMap::new();
        self.run(&child, &mut || {
            let solution = self.solution(term, child.env)?;
            let by: Option<Vec<Ordered<'t>>> =
                keys.iter().map(|key| self.plug(Node::Var(key), child.env).value().map(Ordered)).collect();
            let by = by.ok_or_else(|| unsafe_term(term))?;
            // Of two values of a key the last stays, here alone.
            all.entry(by)
                .or_insert_with(|| Collected::new(&term.kind))
                .add(solution, true)
                .map_err(|()| keys_conflict(key_span(term)))
        })?;
        Ok(Solved(all.into_iter().map(|(by, collected)| (by, collected.value(self.arena))).collect()))
    }

    fn solution(&self, term: &'t Term, env: Env<'t>) -> Result<(Value<'t>, Option<Value<'t>>), Halt> {
        self.charge(1)?;
        let plug = |term: &'t Term| self.plug(self.lowering.node(term), env).value().ok_or_else(|| unsafe_term(term));
        match &term.kind {
            TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => Ok((plug(&parts.0)?, None)),
            TermKind::ObjectComprehension(parts) => Ok((plug(&parts.0)?, Some(plug(&parts.1)?))),
            _ => Err(unsafe_term(term)),
        }
    }
}

fn body_of(term: &Term) -> Option<&Body> {
    match &term.kind {
        TermKind::ArrayComprehension(parts) | TermKind::SetComprehension(parts) => Some(&parts.1),
        TermKind::ObjectComprehension(parts) => Some(&parts.2),
        _ => None,
    }
}

fn key_span(term: &Term) -> Span {
    match &term.kind {
        TermKind::ObjectComprehension(parts) => parts.0.span,
        _ => term.span,
    }
}

fn unsafe_term(term: &Term) -> Halt {
    let message = "a comprehension's term is not bound by its body".to_owned();
    Halt::Stop(Stop::Error { code: "eval_internal_error", message, span: term.span })
}
