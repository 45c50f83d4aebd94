//! `with`: what is replaced can be of another type, and what depends on it of any.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::graph::{Branch, reversed, rules_of};
use super::env::{Env, Node};
use super::problem::TypeProblem;
use super::{Checker, Known, Type, ground_part};
use crate::rego::ast::{Expr, Term, With};
use crate::rego::print;
use crate::rego::types::Shape;

/// What is done with what is known.
type Check<'c, 'p> = Box<dyn FnOnce(&mut Checker<'p>, &Env<'_>) + 'c>;

impl<'p> Checker<'p> {
    /// Calls `check` with what is known under the modifiers of `expr`.
    pub(super) fn in_env_of(&mut self, env: &Env<'_>, expr: &Expr, check: impl FnOnce(&mut Self, &Env<'_>)) {
        if expr.with.is_empty() {
            return check(self, env);
        }
        self.layered(env, env, &expr.with, &mut Node::default(), Box::new(check));
    }

    /// One layer for each target, and a last one for the replacements themselves: a replaced document keeps its type though another
    /// modifier replaces what it depends on.
    fn layered<'c>(&mut self, first: &Env<'_>, env: &Env<'_>, modifiers: &[With], replaced: &mut Node, check: Check<'c, 'p>) {
        let Some((with, rest)) = modifiers.split_first() else {
            if replaced.children.is_empty() {
                return check(self, env);
            }
            return check(self, &env.wrap_with(Arc::new(std::mem::take(replaced))));
        };
        let Some(target) = with.target.as_ref_parts() else {
            return self.layered(first, env, rest, replaced, check);
        };
        let known = first.reference(&mut self.types, target);
        let is_function = self.types.is_function(known);
        if !is_function {
            let value = self.type_of(first, &with.value);
            let ground = ground_part(target);
            // Of a part that is not known nothing can be said but that it is a document.
            let is_known = ground.len() == target.len() && known.is_some() && value.is_some();
            let either = if is_known { self.types.or(known, value) } else { None };
            replaced.put(ground, Some(either.unwrap_or(Type::ANY)));
        }
        match self.relaxed_dependents(target, is_function) {
            Some(tree) => {
                let layer = env.wrap_with(tree);
                self.layered(first, &layer, rest, replaced, check);
            }
            None => self.layered(first, env, rest, replaced, check),
        }
    }

    /// The rules that a replacement changes, as any document; a function keeps its declaration, against which the replacement is checked.
    fn relaxed_dependents(&mut self, target: &[Term], is_function: bool) -> Option<Arc<Node>> {
        let key = (print::reference(target), is_function);
        if let Some(known) = self.relaxed.get(&key) {
            return known.clone();
        }
        let mut tree: Option<Node> = None;
        for branch in self.changed_by(target) {
            let Some(entry) = self.program.rules.get(branch.0) else { continue };
            let reference = entry.reference();
            let path = ground_part(&reference);
            if !(is_function && super::super::dotted(path) == super::super::dotted(target)) {
                tree.get_or_insert_default().put(path, Some(Type::ANY));
            }
        }
        let tree = tree.map(Arc::new);
        self.relaxed.insert(key, tree.clone());
        tree
    }

    /// The rules that `target` can mean, and all that depend on them.
    fn changed_by(&mut self, target: &[Term]) -> BTreeSet<Branch> {
        let program = self.program;
        let dependents = self.dependents.get_or_insert_with(|| reversed(program.edges));
        let mut work: Vec<Branch> = rules_of(program.rules, program.tree, target).into_iter().map(|number| (number, 0)).collect();
        let mut changed = BTreeSet::new();
        while let Some(branch) = work.pop() {
            if changed.insert(branch) {
                work.extend(dependents.get(&branch).into_iter().flatten());
            }
        }
        changed
    }

    pub(super) fn check_with(&mut self, env: &Env<'_>, expr: &Expr) -> Result<(), TypeProblem> {
        for with in &expr.with {
            let (target, value) = (self.type_of(env, &with.target), self.type_of(env, &with.value));
            if self.types.is_function(target) && self.types.is_function(value) && !self.types.unifies(target, value) {
                let parts = with.target.as_ref_parts().unwrap_or_default();
                let args = |of: Known| match of.map(|of| self.types.shape(of)).as_deref() {
                    Some(Shape::Function { args, .. }) => args.to_vec(),
                    _ => Vec::new(),
                };
                return Err(TypeProblem::argument(
                    &self.types,
                    with.span,
                    parts,
                    "arity mismatch",
                    (&args(value), &args(target)),
                ));
            }
        }
        Ok(())
    }
}
