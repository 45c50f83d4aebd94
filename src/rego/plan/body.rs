//! Bodies and their expressions.

use super::{Op, Planner, Told};
use crate::rego::ast::{Body, Every, Expr, ExprKind, Logical, Span};
use crate::rego::compile::is_operator;

impl Planner<'_> {
    /// What follows runs for each solution of the body.
    pub(super) fn body(&mut self, body: &Body) {
        for expr in body {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.covered(expr.span);
        // Of `every`, the expression of its body that fails says more.
        if self.compiled.options.tests && expr.span.row > 0 && !matches!(expr.kind, ExprKind::Every(_)) {
            self.watched(expr);
        } else {
            self.modified(expr);
        }
    }

    /// Says that it was here, where somebody asks.
    pub(super) fn covered(&mut self, span: Span) {
        if self.compiled.options.coverage && span.row > 0 {
            self.emit(Op::Tell { told: Told::Covered, value: 0, span });
        }
    }

    /// An expression that says so where it has no solution.
    fn watched(&mut self, expr: &Expr) {
        let outside = self.fail;
        let (failed, past) = (self.label(), self.label());
        let held = self.register();
        self.emit(Op::Flag { to: held, value: false });
        self.fail = failed;
        self.modified(expr);
        self.emit(Op::Flag { to: held, value: true });
        self.emit(Op::Jump { to: past });
        self.place(failed);
        self.emit(Op::JumpIf { flag: held, to: outside });
        self.emit(Op::Tell { told: Told::Failed, value: held, span: expr.span });
        self.emit(Op::Jump { to: outside });
        self.place(past);
        // What follows fails back through here, as it would in OPA: the rest of a rule that the expression called has its turn then.
    }

    fn modified(&mut self, expr: &Expr) {
        if expr.with.is_empty() {
            self.negatable(expr);
        } else {
            self.with(&expr.with, |planner| planner.negatable(expr));
        }
    }

    fn negatable(&mut self, expr: &Expr) {
        if expr.negated {
            self.negation(|planner| planner.simple(expr));
        } else {
            self.simple(expr);
        }
    }

    fn simple(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Term(term) => {
                let value = self.value(term);
                let fail = self.fail;
                self.emit(Op::NotFalse { value, fail });
            }
            ExprKind::Call(terms) => match terms.as_slice() {
                [operator, a, b] if is_operator(operator, "eq") => self.unify(a, b),
                _ => self.call(terms, expr.span),
            },
            ExprKind::Not(not) => self.negation(|planner| planner.body(&not.body)),
            ExprKind::Every(every) => self.every(every),
            ExprKind::And(logical) => self.and(logical),
            ExprKind::Or(logical) => self.or(logical),
            ExprKind::Some(_) => self.unplannable(expr.span, "a declaration"),
        }
    }

    /// Holds where `inner` has no solution. All of them are looked for, as in OPA: a later one may be an error.
    fn negation(&mut self, inner: impl FnOnce(&mut Self)) {
        let outside = self.fail;
        let end = self.label();
        let found = self.register();
        self.emit(Op::Flag { to: found, value: false });
        self.fail = end;
        self.scope(inner);
        self.emit(Op::Flag { to: found, value: true });
        self.emit(Op::Jump { to: self.fail });
        self.place(end);
        self.emit(Op::JumpIf { flag: found, to: outside });
        self.fail = outside;
    }

    /// Holds where the body holds for each element; the first that does not ends it.
    fn every(&mut self, every: &Every) {
        let domain = self.value(&every.domain);
        let inside = self.fail;
        self.emit(Op::IsCollection { value: domain, fail: inside });
        let (all, none) = (self.label(), self.label());
        self.scope(|planner| {
            planner.fail = all;
            let (key, value) = (planner.register(), planner.register());
            planner.loop_over(domain, key, value);
            let again = planner.fail;
            planner.fail = none;
            if let Some(pattern) = &every.key {
                planner.destructure(pattern, key);
            }
            planner.destructure(&every.value, value);
            let from = planner.here();
            planner.body(&every.body);
            planner.emit(Op::Enough { from, to: none, done: again });
        });
        self.place(none);
        self.emit(Op::Jump { to: inside });
        self.place(all);
        self.fail = inside;
    }

    /// Whether a body has a solution: goes on at `yes` with the first, at `no` without.
    fn operand(&mut self, body: &Body, no: super::Label) {
        let outside = self.fail;
        // A label of its own, so that what waits in the operand is told from what waits around it.
        let (failed, done) = (self.label(), self.label());
        self.fail = failed;
        let from = self.here();
        self.scope(|planner| planner.body(body));
        self.emit(Op::Enough { from, to: failed, done });
        self.place(failed);
        self.emit(Op::Jump { to: no });
        self.place(done);
        self.fail = outside;
    }

    fn and(&mut self, logical: &Logical) {
        let outside = self.fail;
        self.operand(&logical.left, outside);
        self.operand(&logical.right, outside);
    }

    fn or(&mut self, logical: &Logical) {
        let outside = self.fail;
        let (right, done) = (self.label(), self.label());
        self.operand(&logical.left, right);
        self.emit(Op::Jump { to: done });
        self.place(right);
        self.operand(&logical.right, outside);
        self.place(done);
    }
}
