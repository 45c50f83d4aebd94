//! Making two terms equal (OPA's `biunify`).

use super::event::{Op, Stand};
use super::machine::{Eval, Machine, Next, Run};
use super::term::{Env, Node};
use super::tree::Asking;
use crate::rego::value::{Value, compare, equal};

impl<'t> Machine<'t> {
    pub(super) fn unify(&self, e: &Eval<'t>, a: Node<'t>, b: Node<'t>, b1: Env<'t>, b2: Env<'t>, next: Next<'_>) -> Run {
        self.guard()?;
        let (a, b1) = a.apply(b1);
        let (b, b2) = b.apply(b2);
        match (a, b) {
            (Node::Value(x), Node::Value(y)) => {
                if self.values_unify(e, x, y)? {
                    return next();
                }
                return Ok(());
            }
            _ => self.trace(e, Op::Unify, Stand::Pair(a, b))?,
        }
        if self.asks(a, b) {
            return self.unify_values(e, a, b, b1, b2, next);
        }
        match (elements(a), elements(b)) {
            (Some(x), Some(y)) => {
                if x.len() == y.len() {
                    self.unify_all(e, &x, &y, b1, b2, next)
                } else {
                    Ok(())
                }
            }
            _ => match (self.entries(a, b1), self.entries(b, b2)) {
                (Some(x), Some(y)) if x.len() == y.len() => self.unify_entries(e, &x, &y, b1, b2, next),
                _ => Ok(()),
            },
        }
    }

    /// Whether one side has to be evaluated, bound or compared as a whole.
    fn asks(&self, a: Node<'t>, b: Node<'t>) -> bool {
        let is_set = |node: Node<'t>| matches!(node, Node::Set(_)) || node.value().is_some_and(|v| v.as_set().is_some());
        match (a, b) {
            (Node::Var(_) | Node::Ref(_) | Node::Comprehension(_), _) => true,
            (_, Node::Var(_) | Node::Ref(_)) => true,
            (_, Node::Comprehension(term)) => match &term.kind {
                crate::rego::ast::TermKind::ArrayComprehension(_) => elements(a).is_some(),
                crate::rego::ast::TermKind::ObjectComprehension(_) => is_object(a),
                _ => is_set(a),
            },
            _ => is_set(a),
        }
    }

    /// Whether two values are equal; each pair that is compared on the way is told.
    fn values_unify(&self, e: &Eval<'t>, a: Value<'t>, b: Value<'t>) -> Result<bool, super::machine::Halt> {
        if !self.tells_unify() {
            self.charge(1)?;
            return Ok(equal(&a, &b));
        }
        self.guard()?;
        self.trace(e, Op::Unify, Stand::Pair(Node::Value(a), Node::Value(b)))?;
        if let (Some(x), Some(y)) = (a.as_array(), b.as_array()) {
            if x.len() != y.len() {
                return Ok(false);
            }
            for (x, y) in x.iter().zip(y.iter()) {
                if !self.values_unify(e, x, y)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if let (Some(x), Some(y)) = (a.as_object(), b.as_object()) {
            if x.len() != y.len() {
                return Ok(false);
            }
            for (key, x) in x.iter() {
                match y.get(&key) {
                    Some(y) if self.values_unify(e, x, y)? => {}
                    _ => return Ok(false),
                }
            }
            return Ok(true);
        }
        Ok(equal(&a, &b))
    }

    fn unify_values(&self, e: &Eval<'t>, a: Node<'t>, b: Node<'t>, b1: Env<'t>, b2: Env<'t>, next: Next<'_>) -> Run {
        match (a, b) {
            (Node::Ref(parts), _) => self.unify_reference(e, parts, b, b1, b2, next),
            (_, Node::Ref(parts)) => self.unify_reference(e, parts, a, b2, b1, next),
            (Node::Comprehension(term), _) => self.unify_comprehension(e, term, b, b1, b2, next),
            (_, Node::Comprehension(term)) => self.unify_comprehension(e, term, a, b2, b1, next),
            (Node::Var(x), Node::Var(y)) if std::ptr::eq(b1, b2) && x == y => next(),
            (Node::Var(name), _) => self.bound(name, b1, b, b2, next),
            (_, Node::Var(name)) => self.bound(name, b2, a, b1, next),
            _ => match (self.plug(a, b1), self.plug(b, b2)) {
                (Node::Value(x), Node::Value(y)) if equal(&x, &y) => next(),
                _ => Ok(()),
            },
        }
    }

    /// Goes on with a variable bound.
    pub(super) fn bound(&self, name: &'t str, env: Env<'t>, node: Node<'t>, of: Env<'t>, next: Next<'_>) -> Run {
        env.bind(self.arena, name, node, of);
        let run = next();
        env.undo();
        run
    }

    /// Terms one by one, each with what comes after it (OPA's `biunifyTerms`).
    pub(super) fn unify_all(
        &self,
        e: &Eval<'t>,
        a: &[Node<'t>],
        b: &[Node<'t>],
        b1: Env<'t>,
        b2: Env<'t>,
        next: Next<'_>,
    ) -> Run {
        match (a, b) {
            ([x, a @ ..], [y, b @ ..]) => self.unify(e, *x, *y, b1, b2, &mut || self.unify_all(e, a, b, b1, b2, next)),
            _ => next(),
        }
    }

    fn unify_entries(
        &self,
        e: &Eval<'t>,
        a: &[(Node<'t>, Node<'t>)],
        b: &[(Node<'t>, Node<'t>)],
        b1: Env<'t>,
        b2: Env<'t>,
        next: Next<'_>,
    ) -> Run {
        let [(key, x), rest @ ..] = a else { return next() };
        let found = b.iter().find(|(other, _)| matches!((key, other), (Node::Value(k), Node::Value(o)) if equal(k, o)));
        let Some((_, y)) = found else { return Ok(()) };
        self.unify(e, *x, *y, b1, b2, &mut || self.unify_entries(e, rest, b, b1, b2, next))
    }

    /// An object's entries in the order of their keys, which must have values by now.
    fn entries(&self, node: Node<'t>, env: Env<'t>) -> Option<Vec<(Node<'t>, Node<'t>)>> {
        match node {
            Node::Value(value) => Some(value.as_object()?.iter().map(|(k, v)| (Node::Value(k), Node::Value(v))).collect()),
            Node::Object(entries) => {
                let mut plugged: Vec<_> = entries.iter().map(|(key, value)| (self.plug(*key, env), *value)).collect();
                plugged.sort_by(|(a, _), (b, _)| match (a, b) {
                    (Node::Value(a), Node::Value(b)) => compare(a, b),
                    _ => std::cmp::Ordering::Equal,
                });
                Some(plugged)
            }
            _ => None,
        }
    }

    fn unify_reference(
        &self,
        e: &Eval<'t>,
        parts: &'t [Node<'t>],
        result: Node<'t>,
        env: Env<'t>,
        result_env: Env<'t>,
        next: Next<'_>,
    ) -> Run {
        let asking = Asking { parts, env, result, result_env };
        let Some(head) = parts.first().copied() else { return Ok(()) };
        match head {
            Node::Var("data") => self.tree(e, asking, &[], Some(self.compiled.tree.root()), next),
            Node::Var("input") => match e.input.get() {
                Some(input) => self.term(e, asking, 1, Node::Value(input), env, next),
                None => Ok(()),
            },
            Node::Var(_) => match head.apply(env) {
                (Node::Var(_), _) => Ok(()),
                (term, term_env) => self.term(e, asking, 1, term, term_env, next),
            },
            _ => Ok(()),
        }
    }
}

fn is_object(node: Node<'_>) -> bool {
    matches!(node, Node::Object(_)) || node.value().is_some_and(|value| value.as_object().is_some())
}

/// The elements of an array.
fn elements<'t>(node: Node<'t>) -> Option<Vec<Node<'t>>> {
    match node {
        Node::Array(parts) => Some(parts.to_vec()),
        Node::Value(value) => Some(value.as_array()?.iter().map(Node::Value).collect()),
        _ => None,
    }
}
