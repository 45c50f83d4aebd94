//! Unification, decided while planning: which side is evaluated, which is taken apart, what is compared.

use super::{Op, Planner, Reg, Shape, index, terms};
use crate::rego::ast::{Term, TermKind};
use crate::rego::compile::is_constant;

impl Planner<'_> {
    /// `a = b`. References are evaluated first, as OPA does, since they bind what the other side may use.
    pub(super) fn unify(&mut self, a: &Term, b: &Term) {
        if let Some(shape) = comprehension_shape(b)
            && (is_reference(a) || self.is_bound(a))
        {
            return self.unify_comprehension(a, b, shape);
        }
        if let Some(shape) = comprehension_shape(a)
            && is_reference(b)
        {
            return self.unify_comprehension(b, a, shape);
        }
        if is_reference(a) {
            let value = self.value(a);
            return self.destructure(b, value);
        }
        if is_reference(b) {
            let value = self.value(b);
            return self.destructure(a, value);
        }
        if self.is_bound(a) {
            return self.unify_value(a, b);
        }
        if self.is_bound(b) {
            return self.unify_value(b, a);
        }
        match (&a.kind, &b.kind) {
            (TermKind::Array(x), TermKind::Array(y)) if x.len() == y.len() => x.iter().zip(y).for_each(|(x, y)| self.unify(x, y)),
            (TermKind::Object(x), TermKind::Object(y)) if x.len() == y.len() => self.unify_objects(x, y),
            (TermKind::Array(_), TermKind::Array(_)) | (TermKind::Object(_), TermKind::Object(_)) => self.never(),
            _ => self.unplannable(a.span, "an equality of unbound terms"),
        }
    }

    /// A comprehension is evaluated only where the other side could be equal to it (OPA's `biunify`): what does not fit hides its errors.
    fn unify_comprehension(&mut self, value: &Term, comprehension: &Term, shape: Shape) {
        let is_base = value.as_ref_parts().is_some_and(|parts| self.compiled.tree.is_base(parts));
        let value = self.value(value);
        // Base data comes as the second of the two, and a comprehension that comes first is evaluated whatever the second is.
        if !is_base {
            let fail = self.fail;
            self.emit(Op::MayBe { value, shape, fail });
        }
        let other = self.value(comprehension);
        let fail = self.fail;
        self.emit(Op::Equal { a: value, b: other, fail });
    }

    /// `value` is bound as a whole, `pattern` perhaps in parts.
    fn unify_value(&mut self, value: &Term, pattern: &Term) {
        match (&value.kind, &pattern.kind) {
            // Part by part, so that nothing is built to be taken apart.
            (TermKind::Array(x), TermKind::Array(y)) if !is_constant(value) && !self.is_bound(pattern) => {
                if x.len() == y.len() {
                    x.iter().zip(y).for_each(|(x, y)| self.unify(x, y));
                } else {
                    self.never();
                }
            }
            _ if is_constant(pattern) && !is_constant(value) => {
                let reg = self.value(value);
                self.destructure(pattern, reg);
            }
            _ if is_constant(value) && self.is_bound(pattern) => {
                let reg = self.value(pattern);
                self.destructure(value, reg);
            }
            _ => {
                let reg = self.value(value);
                self.destructure(pattern, reg);
            }
        }
    }

    fn unify_objects(&mut self, x: &[(Term, Term)], y: &[(Term, Term)]) {
        for (key, value) in x {
            match y.iter().find(|(other, _)| same_key(key, other)) {
                Some((_, other)) => self.unify(value, other),
                None => return self.never(),
            }
        }
    }

    /// The value in `reg` fits the pattern; its unbound variables are bound.
    pub(super) fn destructure(&mut self, pattern: &Term, reg: Reg) {
        let fail = self.fail;
        if is_constant(pattern) {
            let constant = self.constant(terms::document(pattern));
            return self.emit(Op::EqualConst { a: reg, constant, fail });
        }
        match &pattern.kind {
            TermKind::Var(name) if !self.bound.contains_key(name) => self.bind(name, reg),
            TermKind::Array(parts) if !self.is_bound(pattern) => {
                self.emit(Op::IsArray { value: reg, length: index(parts.len()), fail });
                for (at, part) in parts.iter().enumerate() {
                    let key = self.constant(terms::number(&at.to_string()));
                    let to = self.register();
                    let fail = self.fail;
                    self.emit(Op::Get { to, from: reg, key, fail });
                    self.destructure(part, to);
                }
            }
            TermKind::Object(entries) if !self.is_bound(pattern) => {
                self.emit(Op::IsObject { value: reg, length: index(entries.len()), fail });
                if entries.iter().any(|(key, _)| !self.is_bound(key)) {
                    return self.never();
                }
                for (key, value) in entries {
                    let found = self.walk(reg, std::slice::from_ref(key));
                    self.destructure(value, found);
                }
            }
            // A set, or an object's key, with an unbound variable is equal to nothing.
            _ if !self.is_bound(pattern) => self.never(),
            _ => {
                let other = self.value(pattern);
                let fail = self.fail;
                self.emit(Op::Equal { a: reg, b: other, fail });
            }
        }
    }

    /// What follows is never reached.
    pub(super) fn never(&mut self) {
        self.emit(Op::Jump { to: self.fail });
    }
}

const fn comprehension_shape(term: &Term) -> Option<Shape> {
    match term.kind {
        TermKind::ArrayComprehension(_) => Some(Shape::Array),
        TermKind::SetComprehension(_) => Some(Shape::Set),
        TermKind::ObjectComprehension(_) => Some(Shape::Object),
        _ => None,
    }
}

const fn is_reference(term: &Term) -> bool {
    matches!(term.kind, TermKind::Ref(_))
}

fn same_key(a: &Term, b: &Term) -> bool {
    match (&a.kind, &b.kind) {
        (TermKind::String(x), TermKind::String(y))
        | (TermKind::Number(x), TermKind::Number(y))
        | (TermKind::Var(x), TermKind::Var(y)) => x == y,
        (TermKind::Bool(x), TermKind::Bool(y)) => x == y,
        (TermKind::Null, TermKind::Null) => true,
        _ => {
            is_constant(a) && is_constant(b) && {
                let (a, b) = (terms::document(a), terms::document(b));
                crate::rego::value::equal(&a.view(), &b.view())
            }
        }
    }
}
