//! Which variables an equality binds (OPA's `v1/ast/unify.go`).

use std::collections::BTreeMap;

use super::visit::{self, Skip, VarSet};
use crate::rego::ast::{Name, Term, TermKind};

/// Whether what a reference begins with is bound.
pub(super) fn is_ref_safe(parts: &[Term], safe: &VarSet) -> bool {
    let Some(head) = parts.first() else { return true };
    match &head.kind {
        TermKind::Var(name) => safe.contains(name),
        _ => visit::term_vars(head, Skip::SAFETY).is_subset(safe),
    }
}

/// The variables that `a = b` binds where those in `safe` are bound.
pub(super) fn unify(safe: &VarSet, a: &Term, b: &Term) -> VarSet {
    let mut unifier = Unifier { safe, unified: VarSet::new(), unknown: BTreeMap::new() };
    unifier.unify(a, b);
    unifier.unified
}

struct Unifier<'s> {
    safe: &'s VarSet,
    unified: VarSet,
    /// What each variable waits for.
    unknown: BTreeMap<Name, VarSet>,
}

impl Unifier<'_> {
    fn is_safe(&self, name: &Name) -> bool {
        self.safe.contains(name) || self.unified.contains(name)
    }

    fn unify(&mut self, a: &Term, b: &Term) {
        use TermKind::{Array, ArrayComprehension, Call, Object, ObjectComprehension, Ref, SetComprehension, Var};
        match (&a.kind, &b.kind) {
            (Var(x), Var(y)) => self.unify_vars(x, y),
            (Var(x), Array(_) | Object(_)) => self.unify_all(x, b),
            (Array(_) | Object(_), Var(y)) => self.unify_all(y, a),
            (Ref(_) | Call(_), Var(_) | Array(_) | Object(_)) if self.can_evaluate(a) => self.mark_all(b),
            (Var(_) | Array(_) | Object(_), Ref(_) | Call(_)) if self.can_evaluate(b) => self.mark_all(a),
            (Ref(_) | Call(_), _) | (_, Ref(_) | Call(_)) => {}
            (ArrayComprehension(_), Var(_) | Array(_))
            | (ObjectComprehension(_), Var(_) | Object(_))
            | (SetComprehension(_), Var(_)) => self.mark_all(b),
            (Array(_), ArrayComprehension(_) | ObjectComprehension(_) | SetComprehension(_)) => self.mark_all(a),
            (Array(x), Array(y)) if x.len() == y.len() => x.iter().zip(y).for_each(|(x, y)| self.unify(x, y)),
            (Object(x), Object(y)) if x.len() == y.len() => self.unify_objects(x, y),
            (Var(x), _) => self.mark(x.clone()),
            (_, Var(y)) => self.mark(y.clone()),
            _ => {}
        }
    }

    fn unify_vars(&mut self, x: &Name, y: &Name) {
        if self.is_safe(y) {
            self.mark(x.clone());
        } else if self.is_safe(x) {
            self.mark(y.clone());
        } else {
            self.unknown.entry(x.clone()).or_default().insert(y.clone());
            self.unknown.entry(y.clone()).or_default().insert(x.clone());
        }
    }

    fn unify_objects(&mut self, x: &[(Term, Term)], y: &[(Term, Term)]) {
        for (key, value) in x {
            if let Some((_, other)) = y.iter().find(|(k, _)| same_term(k, key)) {
                self.unify(value, other);
            }
        }
    }

    fn can_evaluate(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Ref(parts) => is_ref_safe(parts, self.safe),
            _ => visit::term_vars(term, Skip::SAFETY).is_subset(self.safe),
        }
    }

    fn mark_all(&mut self, term: &Term) {
        for name in visit::term_vars(term, Skip::PATTERN) {
            self.mark(name);
        }
    }

    fn mark(&mut self, name: Name) {
        let mut work = vec![name];
        while let Some(name) = work.pop() {
            self.unified.insert(name.clone());
            work.extend(self.unknown.remove(&name).unwrap_or_default());
            for (waiting, needs) in &mut self.unknown {
                if needs.remove(&name) && needs.is_empty() {
                    work.push(waiting.clone());
                }
            }
            work.retain(|name| !self.unified.contains(name));
        }
    }

    fn unify_all(&mut self, name: &Name, pattern: &Term) {
        if self.is_safe(name) {
            return self.mark_all(pattern);
        }
        let needs: VarSet = visit::term_vars(pattern, Skip::PATTERN).into_iter().filter(|v| !self.is_safe(v)).collect();
        if needs.is_empty() {
            self.mark(name.clone());
        } else {
            self.unknown.entry(name.clone()).or_default().extend(needs);
        }
    }
}

/// Whether two keys are the same term, as far as keys of patterns can be.
pub(super) fn same_term(a: &Term, b: &Term) -> bool {
    match (&a.kind, &b.kind) {
        (TermKind::Null, TermKind::Null) => true,
        (TermKind::Bool(x), TermKind::Bool(y)) => x == y,
        (TermKind::Number(x), TermKind::Number(y)) => x == y,
        (TermKind::String(x), TermKind::String(y)) | (TermKind::Var(x), TermKind::Var(y)) => x == y,
        (TermKind::Ref(x), TermKind::Ref(y))
        | (TermKind::Array(x), TermKind::Array(y))
        | (TermKind::Set(x), TermKind::Set(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_term(x, y)),
        (TermKind::Object(x), TermKind::Object(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_term(&x.0, &y.0) && same_term(&x.1, &y.1))
        }
        _ => false,
    }
}
