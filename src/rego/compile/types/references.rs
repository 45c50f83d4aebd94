//! References: what they select must be there (OPA's `refChecker`).

use super::super::visit::{self, Node as Visiting};
use super::env::{Env, Node, is_root};
use super::problem::TypeProblem;
use super::{Checker, Constant, Known, Type};
use crate::rego::ast::{Expr, ExprKind, Term, TermKind};

impl Checker<'_> {
    /// The references of an expression. Those in comprehensions are checked with these.
    pub(super) fn check_references(&mut self, env: &Env<'_>, expr: &Expr) -> Vec<TypeProblem> {
        let mut problems = Vec::new();
        self.visit_expr(env, expr, &mut problems);
        problems
    }

    /// A call's operator is none, nor is what `with` of a plain expression replaces.
    fn visit_expr(&mut self, env: &Env<'_>, expr: &Expr, problems: &mut Vec<TypeProblem>) {
        match &expr.kind {
            ExprKind::Call(terms) => terms.iter().skip(1).for_each(|term| self.visit(env, Visiting::Term(term), problems)),
            ExprKind::Term(term) => self.visit(env, Visiting::Term(term), problems),
            ExprKind::Not(not) => self.visit(env, Visiting::Body(&not.body), problems),
            ExprKind::Some(terms) => terms.iter().for_each(|term| self.visit(env, Visiting::Term(term), problems)),
            ExprKind::Every(every) => {
                for term in every.key.iter().chain([&every.value, &every.domain]) {
                    self.visit(env, Visiting::Term(term), problems);
                }
                self.visit(env, Visiting::Body(&every.body), problems);
                self.visit_with(env, expr, problems);
            }
            ExprKind::And(logical) | ExprKind::Or(logical) => {
                self.visit(env, Visiting::Body(&logical.left), problems);
                self.visit(env, Visiting::Body(&logical.right), problems);
                self.visit_with(env, expr, problems);
            }
        }
    }

    fn visit_with(&mut self, env: &Env<'_>, expr: &Expr, problems: &mut Vec<TypeProblem>) {
        for with in &expr.with {
            self.visit(env, Visiting::With(with), problems);
        }
    }

    fn visit(&mut self, env: &Env<'_>, node: Visiting<'_>, problems: &mut Vec<TypeProblem>) {
        visit::walk(node, &mut |node| match node {
            Visiting::Expr(expr) => {
                self.visit_expr(env, expr, problems);
                true
            }
            Visiting::Term(term) => match &term.kind {
                TermKind::Ref(parts) => {
                    let applied = self.check_apply(env, parts);
                    let stops = applied.is_err();
                    problems.extend(applied.and_then(|()| self.check_from_head(env, parts)).err());
                    stops
                }
                _ => visit::is_comprehension(term),
            },
            Visiting::Body(_) | Visiting::With(_) => false,
        });
    }

    fn check_apply(&mut self, env: &Env<'_>, parts: &[Term]) -> Result<(), TypeProblem> {
        let found = env.reference(&mut self.types, parts);
        if self.types.is_function(found) { Err(self.not_selectable(parts, found)) } else { Ok(()) }
    }

    /// `true[x]` is undefined, which is no mistake: OPA's compiler gives no name to what stands before the bracket, and so knows no type of it.
    fn check_from_head(&mut self, env: &Env<'_>, parts: &[Term]) -> Result<(), TypeProblem> {
        if parts.first().is_some_and(|head| self.stands_for_scalar(env, head)) {
            return self.check_leaf(env, Some(Type::ANY), parts, 1);
        }
        self.check_reference(env, env, Place::Top, parts, 0)
    }

    /// `at` is what the parts before `index` lead to in the layer `layer`.
    fn check_reference(
        &mut self,
        env: &Env<'_>,
        layer: &Env<'_>,
        at: Place<'_>,
        parts: &[Term],
        index: usize,
    ) -> Result<(), TypeProblem> {
        let Some(part) = parts.get(index) else { return Ok(()) };
        if matches!(index, 1 | 2) && !matches!(part.kind, TermKind::Var(_) | TermKind::String(_)) {
            let have = self.type_of(env, part);
            return Err(self.not_there(parts, index, have, Some(Type::STRING), None));
        }
        if let (TermKind::Var(name), Place::Below(node)) = (&part.kind, at) {
            let extent = node.extent(&mut self.types);
            let keys = self.types.keys(Some(extent));
            match env.var(name) {
                None => env.put_var(name, keys),
                known if self.types.unifies(keys, known) => {}
                _ => return Err(self.not_there(parts, index, env.var(name), keys, Some(extent))),
            }
        }
        let unknown;
        let child = match at {
            Place::Below(node) => node.child(part),
            Place::Top => match part.as_var().and_then(|name| layer.own_var(name)) {
                Some(Some(known)) => return self.check_leaf(env, Some(known), parts, index + 1),
                Some(None) => {
                    unknown = Node::default();
                    Some(&unknown)
                }
                None => layer.root(part),
            },
        };
        match child {
            Some(Node { value: None, .. }) => {
                let below = child.map_or(Place::Top, Place::Below);
                self.check_reference(env, layer, below, parts, index + 1)
            }
            Some(Node { value, .. }) => self.check_leaf(env, *value, parts, index + 1),
            None => match layer.next {
                // From the beginning: another layer may know it.
                Some(next) => self.check_reference(env, next, Place::Top, parts, 0),
                None => self.check_leaf(env, Some(Type::ANY), parts, usize::from(parts.first().is_some_and(is_root))),
            },
        }
    }

    /// What remains of a reference, in a document of type `at`.
    fn check_leaf(&mut self, env: &Env<'_>, at: Known, parts: &[Term], index: usize) -> Result<(), TypeProblem> {
        let Some(part) = parts.get(index) else { return Ok(()) };
        if at == Some(Type::ANY) && visit::is_scalar(part) {
            return self.check_leaf(env, at, parts, index + 1);
        }
        if self.types.is_empty_collection(at) {
            return self.check_in_empty(env, at, parts, index);
        }
        let Some(keys) = self.types.keys(at) else { return Err(self.not_selectable(parts, at)) };
        let keys = Some(keys);
        match &part.kind {
            TermKind::Var(name) => match env.var(name) {
                None => env.put_var(name, keys),
                known if self.types.unifies(known, keys) => {}
                _ => return Err(self.not_there(parts, index, env.var(name), keys, at)),
            },
            TermKind::Ref(inner) => {
                let known = env.reference(&mut self.types, inner);
                if known.is_some() && !self.types.unifies(known, keys) {
                    return Err(self.not_there(parts, index, known, keys, at));
                }
            }
            TermKind::Array(_) | TermKind::Object(_) | TermKind::Set(_) => {
                if !self.unify1(env, part, keys, false) {
                    return Err(self.not_there(parts, index, None, keys, None));
                }
            }
            _ => {
                let found = Constant::of(part).and_then(|key| self.types.select(at, &key));
                return match found {
                    None => Err(self.not_there(parts, index, None, keys, at)),
                    found => self.check_leaf(env, found, parts, index + 1),
                };
            }
        }
        let values = self.types.values(at);
        self.check_leaf(env, values, parts, index + 1)
    }

    /// A constant is never a key of what is empty; going through it gives nothing, which is no mistake.
    fn check_in_empty(&mut self, env: &Env<'_>, at: Known, parts: &[Term], index: usize) -> Result<(), TypeProblem> {
        let Some(part) = parts.get(index) else { return Ok(()) };
        if visit::is_scalar(part) {
            return Err(self.not_there(parts, index, None, None, None));
        }
        let TermKind::Var(name) = &part.kind else { return Ok(()) };
        match (env.var(name), self.types.keys(at)) {
            (None, _) => env.put_var(name, Some(Type::ANY)),
            (known, keys @ Some(_)) if !self.types.unifies(known, keys) => {
                return Err(self.not_there(parts, index, known, keys, None));
            }
            _ => {}
        }
        Ok(())
    }
}

/// How far a reference was followed in a layer.
#[derive(Clone, Copy)]
enum Place<'n> {
    /// Not at all.
    Top,
    Below(&'n Node),
}
