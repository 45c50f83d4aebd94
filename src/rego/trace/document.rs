//! Documents that rules define (OPA's `evalVirtual`).

use std::cell::Cell;

use super::cache::Asked;
use super::event::Op;
use super::lookup::Matched;
use super::lower::Lowered;
use super::machine::{Deferred, Eval, Halt, Machine, Next, Run, suppress_early_exit};
use super::partial::Document;
use super::term::{Env, Node};
use super::tree::Asking;
use crate::rego::ast::Span;
use crate::rego::compile::TreeNode;
use crate::rego::eval::{Stop, conflict, conflict_message};
use crate::rego::plan::RoutineKind;
use crate::rego::value::{Value, equal};

impl<'t> Machine<'t> {
    /// The document of the rules at `path`, and the rest of the reference below it.
    pub(super) fn document(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        node: &'t TreeNode,
        next: Next<'_>,
    ) -> Run {
        let matched = self.matched(e, node, path, &[])?;
        match matched.kind {
            RoutineKind::Partial { is_set } => self.partial(e, asking, path, &matched, is_set, next),
            _ => self.complete(e, asking, path, &matched, next),
        }
    }

    fn complete(&self, e: &Eval<'t>, asking: Asking<'t>, path: &[Value<'t>], matched: &Matched<'t>, next: Next<'_>) -> Run {
        if matched.is_empty() || matched.kind == RoutineKind::Function {
            return Ok(());
        }
        let at = path.len() + 1;
        match self.known(&Asked::document(path)) {
            Some(Some(value)) => return self.term(e, asking, at, Node::Value(value), asking.env, next),
            Some(None) => return Ok(()),
            None => {}
        }
        suppress_early_exit(self.complete_rules(e, asking, path, matched, next))
    }

    fn complete_rules(&self, e: &Eval<'t>, asking: Asking<'t>, path: &[Value<'t>], matched: &Matched<'t>, next: Next<'_>) -> Run {
        let mut before: Option<Value<'t>> = None;
        let mut deferred = Deferred::default();
        for branches in &matched.rules {
            for rule in branches {
                let (value, run) = self.complete_rule(e, asking, path, rule, before, matched.early_exit, next);
                deferred.keep(run)?;
                if value.is_some() {
                    before = value;
                    break;
                }
            }
        }
        match matched.default {
            Some(default) if before.is_none() => {
                return self.complete_rule(e, asking, path, default, before, matched.early_exit, next).1;
            }
            None if before.is_none() => self.remember(Asked::document(path), None),
            _ => {}
        }
        deferred.end()
    }

    #[allow(clippy::too_many_arguments, reason = "a rule, who asks for it, and what is known by then")]
    fn complete_rule(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        rule: &'t Lowered<'t>,
        before: Option<Value<'t>>,
        find_one: bool,
        next: Next<'_>,
    ) -> (Option<Value<'t>>, Run) {
        let child = Eval { find_one, ..self.child(e, rule.body) };
        let (found, before) = (Cell::new(None), Cell::new(before));
        let mut solve = || {
            self.trace(&child, Op::Exit, rule.stand)?;
            let head = rule.value.unwrap_or(Node::Value(Value::Bool(true)));
            let Node::Value(value) = self.plug(head, child.env) else { return Err(unsafe_head(rule)) };
            found.set(Some(value));
            if let Some(before) = before.get() {
                if !equal(&before, &value) {
                    return Err(rule_conflict(rule, RoutineKind::Complete));
                }
                return self.trace(&child, Op::Redo, rule.stand);
            }
            before.set(Some(value));
            self.remember(Asked::document(path), Some(value));
            let (term, env) = head.apply(child.env);
            self.term(e, asking, path.len() + 1, term, env, next)?;
            self.trace(&child, Op::Redo, rule.stand)
        };
        let run = self.trace(&child, Op::Enter, rule.stand).and_then(|()| self.eval(&child, &mut solve));
        (found.get(), run)
    }

    /// A partial rule: whole, where the reference ends with it, or as far as its next part says.
    fn partial(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        matched: &Matched<'t>,
        is_set: bool,
        next: Next<'_>,
    ) -> Run {
        let at = path.len() + 1;
        let whole = Asked::document(path);
        if asking.parts.len() == at {
            let value = match self.known(&whole).flatten() {
                Some(value) => value,
                None => {
                    let value = self.all_rules(e, path.len(), matched, is_set)?;
                    self.remember(whole, Some(value));
                    value
                }
            };
            return self.unify(e, Node::Value(value), asking.result, asking.env, asking.result_env, next);
        }
        if matched.is_empty() {
            return Ok(());
        }
        if let Some(value) = self.known(&whole).flatten() {
            return self.term(e, asking, at, Node::Value(value), asking.env, next);
        }
        let part = asking.parts.get(at).copied().map(|part| self.plug(part, asking.env));
        if matches!(part, Some(Node::Var(_))) {
            let value = self.all_rules(e, path.len(), matched, is_set)?;
            self.remember(whole, Some(value));
            return self.term(e, asking, at, Node::Value(value), asking.env, next);
        }
        self.narrowed(e, asking, path, matched, is_set, next)
    }

    /// A partial rule by the parts that are known where it is asked (OPA's `evalEachRule`).
    fn narrowed(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        matched: &Matched<'t>,
        is_set: bool,
        next: Next<'_>,
    ) -> Run {
        let at = path.len() + 1;
        let mut keys = path.to_vec();
        let mut scope: Vec<Node<'t>> = Vec::new();
        for part in asking.parts.get(at..longest(matched, asking.parts.len())).unwrap_or_default() {
            match self.plug(*part, asking.env) {
                Node::Value(key) if scope.is_empty() => keys.push(key),
                _ if keys.len() == path.len() => break,
                part => scope.push(part),
            }
            if let Some(value) = self.known(&Asked::narrowed(&keys, &scope)).flatten() {
                return self.term(e, asking, keys.len() + 1, Node::Value(value), asking.env, next);
            }
        }
        while scope.last().is_some_and(|part| matches!(part, Node::Var(_))) {
            scope.pop();
        }
        let mut document = Document::new(is_set);
        for rule in matched.rules.iter().flatten() {
            self.rule_of_parts(e, asking, path.len(), rule, &mut document)?;
        }
        let value = document.value(self.arena);
        if keys.len() > path.len() {
            let below = keys.iter().skip(path.len()).try_fold(value, |node, key| node.get(key));
            if let Some(below) = below {
                self.remember(Asked::narrowed(&keys, &scope), Some(below));
            }
        }
        self.term(e, asking, at, Node::Value(value), asking.env, next)
    }

    /// One rule, its head made equal to the reference first (OPA's `evalOneRulePreUnify`).
    fn rule_of_parts(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        length: usize,
        rule: &'t Lowered<'t>,
        document: &mut Document<'t>,
    ) -> Run {
        let child = self.child(e, rule.body);
        self.trace(&child, Op::Enter, rule.stand)?;
        self.unify_head(&child, asking, length + 1, rule, &mut || {
            child.defined.set(true);
            self.eval(&child, &mut || {
                self.trace(&child, Op::Exit, rule.stand)?;
                let is_new = self.add(document, length, rule, child.env)?;
                if !is_new {
                    self.trace(&child, Op::Duplicate, rule.stand)?;
                }
                self.trace(&child, Op::Redo, rule.stand)
            })
        })?;
        if child.defined.get() { Ok(()) } else { self.trace(&child, Op::Fail, rule.stand) }
    }

    /// The parts of a head, from `at` on, and a set's member after them (OPA's `biunifyRuleHead`).
    fn unify_head(&self, child: &Eval<'t>, asking: Asking<'t>, at: usize, rule: &'t Lowered<'t>, next: Next<'_>) -> Run {
        let (asked, head) = (asking.parts, rule.reference);
        let shared = asked.len().min(head.len());
        let (a, b) = (asked.get(at..shared).unwrap_or_default(), head.get(at..shared).unwrap_or_default());
        self.unify_all(child, a, b, asking.env, child.env, &mut || {
            let member = rule.key.or(head.last().copied());
            match (asked.get(shared.max(at)), member) {
                (Some(part), Some(member)) if rule.is_multi && head.len() <= asked.len() => {
                    self.unify(child, *part, member, asking.env, child.env, next)
                }
                _ => next(),
            }
        })
    }

    fn all_rules(&self, e: &Eval<'t>, length: usize, matched: &Matched<'t>, is_set: bool) -> Result<Value<'t>, Halt> {
        let mut document = Document::new(is_set);
        for rule in matched.rules.iter().flatten() {
            let child = self.child(e, rule.body);
            self.trace(&child, Op::Enter, rule.stand)?;
            self.eval(&child, &mut || {
                self.trace(&child, Op::Exit, rule.stand)?;
                self.add(&mut document, length, rule, child.env)?;
                self.trace(&child, Op::Redo, rule.stand)
            })?;
        }
        Ok(document.value(self.arena))
    }

    /// Adds what a rule says to the document of `length` parts; whether it is new.
    fn add(&self, document: &mut Document<'t>, length: usize, rule: &'t Lowered<'t>, env: Env<'t>) -> Result<bool, Halt> {
        let parts = rule.reference.get(length + 1..).unwrap_or_default();
        let keys: Option<Vec<Value<'t>>> = parts.iter().map(|part| self.plug(*part, env).value()).collect();
        let last = if rule.is_multi { rule.key } else { rule.value };
        let last = last.and_then(|last| self.plug(last, env).value());
        let (Some(keys), Some(last)) = (keys, last) else { return Err(unsafe_head(rule)) };
        self.charge(keys.len() + 1)?;
        document.add(keys, last, rule.is_multi).map_err(|()| keys_conflict(rule.rule.head.span))
    }

    pub(super) fn known(&self, asked: &Asked<'t>) -> Option<Option<Value<'t>>> {
        self.caches.borrow().last()?.get(asked)
    }

    pub(super) fn remember(&self, asked: Asked<'t>, value: Option<Value<'t>>) {
        if let Some(cache) = self.caches.borrow_mut().last_mut() {
            cache.put(asked, value);
        }
    }
}

/// How long a reference can be without being longer than those of the rules (OPA's `maxRefLength`).
fn longest(matched: &Matched<'_>, ceiling: usize) -> usize {
    let lengths = matched.rules.iter().filter_map(|branches| branches.first());
    let longest = lengths.map(|rule| rule.reference.len() + usize::from(rule.is_multi)).max();
    longest.unwrap_or(0).min(ceiling)
}

/// The compiler lets nothing pass of which this could come.
pub(super) fn unsafe_head(rule: &Lowered<'_>) -> Halt {
    let message = "a head is not bound by its rule".to_owned();
    Halt::Stop(Stop::Error { code: "eval_internal_error", message, span: rule.rule.span })
}

pub(super) fn keys_conflict(span: Span) -> Halt {
    Halt::Stop(conflict("object keys must be unique".to_owned(), span))
}

pub(super) fn rule_conflict(rule: &Lowered<'_>, kind: RoutineKind) -> Halt {
    let parts: Vec<String> = rule.reference.iter().map(|part| super::report::plain(*part)).collect();
    Halt::Stop(conflict(conflict_message(Some(kind), &parts.join(".")), rule.rule.span))
}
