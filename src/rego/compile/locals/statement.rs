//! Statements that declare names: `:=`, `some`, `every`, and bodies that are scopes of their own.

use super::Locals;
use super::scope::{Occurrence, Scope};
use crate::rego::ast::{Body, Expr, ExprKind, Span, Term, TermKind};
use crate::rego::compile::visit::{self, Skip, VarSet, is_wildcard};
use crate::rego::compile::{eq_operator, globals, is_operator, safety};

const ASSIGN_IN_NEGATED: &str = "cannot assign vars inside negated expression";
const ASSIGN_IN_AND: &str = "cannot assign vars inside implicit and operand";
const ASSIGN_IN_OR: &str = "cannot assign vars inside implicit or operand";

impl Locals<'_> {
    /// `used` names what outside the body uses its variables.
    pub(super) fn in_body(&mut self, body: &mut Body, used: &VarSet) {
        let place = body.first().map(|expr| expr.span).unwrap_or_default();
        let declaring = if self.declares { declaring(body) } else { Vec::new() };
        let mut rewritten = Vec::with_capacity(body.len());
        for expr in std::mem::take(body) {
            rewritten.extend(self.in_expr(expr));
        }
        if rewritten.is_empty() {
            rewritten.push(Expr::new(ExprKind::Term(Term::new(TermKind::Bool(true), place)), place));
        }
        *body = rewritten;
        self.check_unused_assigned(used, body);
        self.check_unused_declared((&declaring, place), used, body);
    }

    pub(super) fn in_expr(&mut self, mut expr: Expr) -> Option<Expr> {
        match &expr.kind {
            ExprKind::Call(terms) if terms.first().is_some_and(|op| is_operator(op, "assign")) => self.in_assignment(&mut expr),
            ExprKind::Some(_) => return self.in_some(expr),
            ExprKind::Every(_) => self.in_every(&mut expr),
            ExprKind::Not(_) => self.in_not(&mut expr),
            ExprKind::And(_) | ExprKind::Or(_) => self.in_logical(&mut expr),
            ExprKind::Term(_) | ExprKind::Call(_) => self.in_terms_of(&mut expr),
        }
        Some(expr)
    }

    pub(super) fn in_assignment(&mut self, expr: &mut Expr) {
        if expr.negated {
            self.report(expr.span, ASSIGN_IN_NEGATED);
            return;
        }
        let ExprKind::Call(terms) = &mut expr.kind else { return };
        let [head, left, right] = terms.as_mut_slice() else { return };
        let before = self.problems.len();
        self.in_term(right);
        for with in &mut expr.with {
            self.in_term(&mut with.value);
        }
        self.assign(left);
        if self.problems.len() == before {
            *head = eq_operator(head.span);
            expr.from_assignment = true;
        }
    }

    /// The pattern on the left of `:=`.
    fn assign(&mut self, term: &mut Term) {
        let name = match &mut term.kind {
            TermKind::Var(name) => name.clone(),
            TermKind::Array(parts) => return parts.iter_mut().for_each(|part| self.assign(part)),
            TermKind::Object(entries) => return entries.iter_mut().for_each(|(_, value)| self.assign(value)),
            TermKind::Ref(parts) => match parts.as_slice() {
                [Term { kind: TermKind::Var(name), .. }] if matches!(&**name, "data" | "input") => name.clone(),
                _ => return self.report(term.span, "cannot assign to ref"),
            },
            kind => {
                let message = format!("cannot assign to {}", kind.name());
                return self.report(term.span, message);
            }
        };
        match self.declare(&name, Occurrence::Assigned) {
            Ok(local) => term.kind = TermKind::Var(local),
            Err(message) => self.report(term.span, message),
        }
    }

    pub(super) fn in_some(&mut self, mut expr: Expr) -> Option<Expr> {
        let ExprKind::Some(symbols) = &mut expr.kind else { return None };
        let mut membership = None;
        for symbol in std::mem::take(symbols) {
            match symbol.kind {
                TermKind::Var(name) => {
                    if let Err(message) = self.declare(&name, Occurrence::Declared) {
                        self.report(expr.span, message);
                        return None;
                    }
                }
                TermKind::Call(terms) => membership = Some(terms),
                _ => {}
            }
        }
        let mut terms = membership?.into_iter().skip(1);
        let (key, value, container) = match (terms.next(), terms.next(), terms.next()) {
            (Some(key), Some(value), Some(container)) => (key, value, container),
            (Some(value), Some(container), None) => (Term::var(self.generator.generate(), expr.span), value, container),
            _ => return None,
        };
        self.declare_membership(&mut expr, key, value, container)
    }

    /// `some k, v in xs` is `v = xs[k]`, in which what is not bound by `xs` is declared.
    fn declare_membership(&mut self, expr: &mut Expr, key: Term, value: Term, container: Term) -> Option<Expr> {
        let skip = Skip { ref_head: true, object_keys: true, closures: true, ..Skip::default() };
        let mut bound = visit::term_vars(&key, skip);
        visit::collect_term(&value, skip, &mut bound);
        let domain = visit::term_vars(&container, Skip { closures: true, ..Skip::default() });
        let twice: Vec<_> = bound.intersection(&domain).filter(|name| !is_wildcard(name)).cloned().collect();
        if !twice.is_empty() {
            for name in twice {
                self.report(expr.span, format!("var {name} assigned before"));
            }
            return None;
        }
        let container_vars = visit::term_vars(&container, Skip::default());
        let span = container.span;
        let parts = match container.kind {
            TermKind::Ref(mut parts) => {
                parts.push(key);
                parts
            }
            _ => vec![container, key],
        };
        let reference = Term::new(TermKind::Ref(parts), span);
        let mut result = expr.clone();
        result.kind = ExprKind::Call(vec![eq_operator(expr.span), value, reference]);
        for name in safety::output_of_equality(&result, &container_vars) {
            if let Err(message) = self.declare(&name, Occurrence::Declared) {
                self.report(expr.span, message);
                return None;
            }
        }
        self.in_terms_of(&mut result);
        Some(result)
    }

    pub(super) fn in_every(&mut self, expr: &mut Expr) {
        let ExprKind::Every(every) = &mut expr.kind else { return };
        self.in_term(&mut every.domain);
        self.scopes.push(Scope::default());
        let span = every.span;
        match &mut every.key {
            Some(key) => self.declare_every(key, span),
            None => every.key = Some(Term::var(self.generator.generate(), span)),
        }
        self.declare_every(&mut every.value, span);
        let before = self.problems.len();
        self.in_body(&mut every.body, &VarSet::new());
        // OPA comes to the domain once more: what only `every` declares is meant there, too. And to the body, where that shows in errors alone:
        // an assignment that cannot be is met again in the body's comprehensions.
        self.again(&mut every.domain);
        if self.problems.len() > before {
            self.again_in_body(&mut every.body);
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
        self.scopes.pop();
    }

    fn declare_every(&mut self, term: &mut Term, span: Span) {
        let Some(name) = term.as_var().cloned().filter(|name| !is_wildcard(name)) else { return };
        match self.declare(&name, Occurrence::Declared) {
            Ok(local) => term.kind = TermKind::Var(local),
            Err(message) => self.report(span, message),
        }
    }

    pub(super) fn in_not(&mut self, expr: &mut Expr) {
        let ExprKind::Not(not) = &mut expr.kind else { return };
        if not.explicit_body {
            self.scopes.push(Scope::default());
            self.in_body(&mut not.body, &VarSet::new());
            self.scopes.pop();
        } else {
            self.in_implicit_body(&mut not.body, ASSIGN_IN_NEGATED);
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    pub(super) fn in_logical(&mut self, expr: &mut Expr) {
        let message = if matches!(expr.kind, ExprKind::And(_)) { ASSIGN_IN_AND } else { ASSIGN_IN_OR };
        let (ExprKind::And(logical) | ExprKind::Or(logical)) = &mut expr.kind else { return };
        for (body, explicit) in [(&mut logical.left, logical.explicit_left), (&mut logical.right, logical.explicit_right)] {
            if explicit {
                self.scopes.push(Scope::default());
                self.in_body(body, &VarSet::new());
                self.scopes.pop();
                self.again_in_body(body);
            } else {
                self.in_implicit_body(body, message);
            }
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    /// A body without braces declares nothing.
    pub(super) fn in_implicit_body(&mut self, body: &mut Body, message: &str) {
        for expr in body {
            match &expr.kind {
                ExprKind::Call(terms) if terms.first().is_some_and(|op| is_operator(op, "assign")) => {
                    self.report(expr.span, message);
                }
                ExprKind::Not(_) => self.in_not(expr),
                ExprKind::And(_) | ExprKind::Or(_) => self.in_logical(expr),
                _ => self.in_terms_of(expr),
            }
        }
    }
}

/// The expressions of a body that declare names, and which: `some` is gone once names are rewritten.
fn declaring(body: &[Expr]) -> Vec<(Span, VarSet)> {
    let declared = |expr: &Expr| (expr.span, globals::declared_in_body(std::slice::from_ref(expr)));
    body.iter().map(declared).filter(|(_, names)| !names.is_empty()).collect()
}
