//! What is compared and what is called: types are checked, and those of variables inferred (OPA's `unify1`, `unify2`).

use super::env::Env;
use super::problem::TypeProblem;
use super::{Checker, Constant, Known, Type};
use crate::rego::ast::{Expr, Term, TermKind};
use crate::rego::order;
use crate::rego::types::{Shape, Types, declared};

impl Checker<'_> {
    pub(super) fn check_equality(&mut self, env: &Env<'_>, expr: &Expr, a: &Term, b: &Term) -> Result<(), TypeProblem> {
        let (left, right) = (self.type_of(env, a), self.type_of(env, b));
        if self.unify2(env, (a, left), (b, right)) {
            Ok(())
        } else {
            Err(TypeProblem::no_match(&self.types, expr.span, left, right))
        }
    }

    /// `x in xs` is false where `xs` is no collection; where it is one, `x` must be able to occur in it.
    pub(super) fn check_member(
        &mut self,
        env: &Env<'_>,
        expr: &Expr,
        key: Option<&Term>,
        value: &Term,
        collection: &Term,
    ) -> Result<(), TypeProblem> {
        let collection = self.type_of(env, collection);
        let Some(values) = self.types.values(collection) else { return Ok(()) };
        if let Some(key) = key {
            let keys = self.types.keys(collection);
            self.check_occurs(env, expr, key, keys)?;
        }
        self.check_occurs(env, expr, value, Some(values))
    }

    fn check_occurs(&mut self, env: &Env<'_>, expr: &Expr, term: &Term, among: Known) -> Result<(), TypeProblem> {
        if self.types.is_unknown(among) {
            return Ok(());
        }
        let have = self.type_of(env, term);
        let fits = self.types.is_unknown(have) || self.types.unifies(have, among);
        if fits && self.unify1(env, term, among, false) {
            return Ok(());
        }
        Err(TypeProblem::no_match(&self.types, expr.span, have, among))
    }

    pub(super) fn check_call(
        &mut self,
        env: &Env<'_>,
        expr: &Expr,
        operator: &[Term],
        operands: &[Term],
    ) -> Result<(), TypeProblem> {
        let function = env.reference(&mut self.types, operator);
        if function == Some(Type::ANY) {
            return Ok(());
        }
        let shape = function.map(|function| self.types.shape(function));
        let Some(Shape::Function { args, variadic, result }) = shape.as_deref() else {
            return Err(TypeProblem::undefined_function(expr.span, operator));
        };
        let gives_nothing = super::super::builtin_name(operator)
            .and_then(|name| declared().get(&name))
            .map_or(result.is_none(), |declaration| declaration.result.is_none());
        let mut wanted = Vec::with_capacity(args.len() + 1);
        wanted.extend_from_slice(args);
        if !gives_nothing {
            wanted.push(*result);
        }
        let have: Vec<Known> = operands.iter().map(|operand| self.type_of(env, operand)).collect();
        let wrong = |types: &Types, problem, have: &[Known]| {
            Err(TypeProblem::argument(types, expr.span, operator, problem, (have, &wanted)))
        };
        if operands.len() > wanted.len() && variadic.is_none() {
            return wrong(&self.types, "too many arguments", &have);
        }
        if operands.len() < args.len() {
            return wrong(&self.types, "too few arguments", &have);
        }
        for (at, (operand, known)) in operands.iter().zip(&have).enumerate() {
            let want = wanted.get(at).copied().unwrap_or(*variadic);
            // `sum([1, a])` is wrong where `a` is known to be a string, which inferring alone would not see.
            if !self.types.is_unknown(*known) && !self.types.unifies(*known, want) {
                return wrong(&self.types, "invalid argument(s)", &have);
            }
            if !self.unify1(env, operand, want, false) {
                let after: Vec<Known> = operands.iter().map(|operand| self.type_of(env, operand)).collect();
                return wrong(&self.types, "invalid argument(s)", &after);
            }
        }
        Ok(())
    }

    /// Whether two terms can be equal.
    fn unify2(&mut self, env: &Env<'_>, (a, left): (&Term, Known), (b, right): (&Term, Known)) -> bool {
        use TermKind::{Array, Object, Ref, Var};
        match (self.types.is_unknown(left), self.types.is_unknown(right)) {
            (true, false) => return self.unify1(env, a, right, false),
            (false, true) => return self.unify1(env, b, left, false),
            (false, false) => return self.types.unifies(left, right),
            (true, true) => {}
        }
        let decided = match (&a.kind, &b.kind) {
            (Array(_), _) => return self.unify2_array(env, a, b),
            (Object(_), _) => return self.unify2_object(env, a, b),
            (Var(_), Var(_)) => return self.unify_var_with(env, a, b),
            (Var(_), Array(_)) => return self.unify2_array(env, b, a),
            (Var(_), Object(_)) => return self.unify2_object(env, b, a),
            (Var(_), Ref(_)) => return self.unify1(env, a, Some(Type::ANY), false),
            (Ref(_), Var(_)) => return self.unify1(env, b, Some(Type::ANY), false),
            _ => (left, right),
        };
        // What is partly known of a comprehension is what is known of the variable.
        match decided {
            (None, Some(_)) if matches!(a.kind, Var(_)) => self.unify1(env, a, right, false),
            (Some(_), None) if matches!(b.kind, Var(_)) => self.unify1(env, b, left, false),
            _ => false,
        }
    }

    fn unify_var_with(&mut self, env: &Env<'_>, first: &Term, second: &Term) -> bool {
        if !self.unify1(env, first, Some(Type::ANY), false) {
            return false;
        }
        let known = self.type_of(env, first);
        self.unify1(env, second, known, false)
    }

    fn unify_parts(&mut self, env: &Env<'_>, a: &Term, b: &Term) -> bool {
        let (left, right) = (self.type_of(env, a), self.type_of(env, b));
        self.unify2(env, (a, left), (b, right))
    }

    fn unify2_array(&mut self, env: &Env<'_>, array: &Term, other: &Term) -> bool {
        match (&array.kind, &other.kind) {
            (TermKind::Array(a), TermKind::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.unify_parts(env, a, b))
            }
            (_, TermKind::Var(_)) => self.unify_var_with(env, array, other),
            _ => false,
        }
    }

    fn unify2_object(&mut self, env: &Env<'_>, object: &Term, other: &Term) -> bool {
        match (&object.kind, &other.kind) {
            (TermKind::Object(a), TermKind::Object(b)) => {
                let pair = |(key, value): &'_ (Term, Term)| {
                    let same = b.iter().find(|(other, _)| order::compare(key, other).is_eq());
                    same.map(|(_, other)| (value.clone(), other.clone()))
                };
                let Some(pairs) = a.iter().map(pair).collect::<Option<Vec<_>>>().filter(|_| a.len() == b.len()) else {
                    return false;
                };
                pairs.iter().all(|(a, b)| self.unify_parts(env, a, b))
            }
            (_, TermKind::Var(_)) => self.unify_var_with(env, object, other),
            _ => false,
        }
    }

    /// Whether a term can be of a type. Variables in it that have no type get one; with `is_union`, they get one more.
    pub(super) fn unify1(&mut self, env: &Env<'_>, term: &Term, want: Known, is_union: bool) -> bool {
        match &term.kind {
            TermKind::Array(_) | TermKind::Object(_) | TermKind::Set(_) => self.unify1_composite(env, term, want, is_union),
            TermKind::Var(name) => {
                let known = env.var(name);
                if is_union {
                    let either = self.types.or(known, want);
                    env.put_var(name, either);
                } else if known.is_some() {
                    return self.types.unifies(known, want);
                } else {
                    env.put_var(name, want);
                }
                true
            }
            _ => {
                let known = self.type_of(env, term);
                self.types.unifies(known, want)
            }
        }
    }

    fn unify1_composite(&mut self, env: &Env<'_>, term: &Term, want: Known, is_union: bool) -> bool {
        let Some(shape) = want.map(|want| self.types.shape(want)) else { return false };
        match (&*shape, &term.kind) {
            (Shape::Any(members), _) if members.is_empty() => {
                each_part(term, &mut |part| {
                    self.unify1(env, part, Some(Type::ANY), true);
                });
                true
            }
            (Shape::Any(members), _) => {
                // Each member is tried: the variables inside get the types of all.
                let fits: Vec<bool> = members.iter().map(|member| self.unify1(env, term, Some(*member), true)).collect();
                fits.contains(&true)
            }
            (Shape::Array { items, rest }, TermKind::Array(parts)) => {
                let has_room = parts.len() == items.len() || rest.is_some();
                let want = |at: usize| items.get(at).copied().unwrap_or(*rest);
                has_room && parts.iter().enumerate().all(|(at, part)| self.unify1(env, part, want(at), is_union))
            }
            (Shape::Object { properties, rest }, TermKind::Object(entries)) => {
                let has_room = entries.len() == properties.len() || rest.is_some_and(|(_, value)| value.is_some());
                has_room && entries.iter().all(|(key, value)| self.unify1_entry(env, want, (key, value), is_union))
            }
            (Shape::Set(of), TermKind::Set(members)) => members.iter().all(|member| self.unify1(env, member, *of, is_union)),
            _ => false,
        }
    }

    fn unify1_entry(&mut self, env: &Env<'_>, object: Known, (key, value): (&Term, &Term), is_union: bool) -> bool {
        let Some(key) = Constant::of(key) else {
            // The value of a key that is known only later can be of any property's type.
            self.unify1(env, value, Some(Type::ANY), is_union);
            return true;
        };
        let want = self.types.select(object, &key);
        want.is_some() && self.unify1(env, value, want, is_union)
    }
}

/// The parts of a composite, keys included.
fn each_part(term: &Term, visit: &mut dyn FnMut(&Term)) {
    match &term.kind {
        TermKind::Array(parts) | TermKind::Set(parts) => parts.iter().for_each(visit),
        TermKind::Object(entries) => entries.iter().for_each(|(key, value)| {
            visit(key);
            visit(value);
        }),
        _ => {}
    }
}
