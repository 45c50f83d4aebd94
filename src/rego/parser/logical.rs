//! `and` and `or`: chains of operands, joined to the left, `and` before `or`.

use super::super::ast::{Body, Expr, ExprKind, Logical, Span, TermKind};
use super::super::print;
use super::builtin_names::is_void;
use super::state::Parser;
use super::token::Kind;

/// An operand of `and`, `or` or `not`.
pub(super) struct Operand {
    pub(super) body: Body,
    /// Whether it was written in braces.
    pub(super) explicit: bool,
    pub(super) span: Span,
}

impl Operand {
    /// An operand that is one expression.
    pub(super) fn of(expr: Expr) -> Self {
        let span = expr.span;
        Self { body: vec![expr], explicit: false, span }
    }
}

impl Parser<'_> {
    /// What follows a complete operand that begins an expression.
    pub(super) fn fold(&mut self, operand: Operand) -> Option<Expr> {
        let expr = if matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) {
            self.or_chain(operand)?
        } else {
            operand.body.into_iter().next()?
        };
        self.attach_with(expr)
    }

    /// `expr and …`, where `expr` began without parentheses or braces of its own.
    pub(super) fn join_first_operand(&mut self, mut expr: Expr, place: Span, with: Option<Span>, negated: bool) -> Option<Expr> {
        if let Some(with) = with {
            self.refuse_with(with);
            return None;
        }
        if expr.span.row == 0 {
            expr.span = self.extend(place);
        }
        if !negated && self.text_of(expr.span).starts_with('{') {
            if is_empty_object(&expr) {
                self.error(expr.span, "found empty body");
            } else {
                let (operand, operator) = (self.text_of(expr.span).to_owned(), self.kind().name());
                self.refuse_braces(expr.span, &operand, operator);
            }
            return None;
        }
        let outer = self.or_chain(Operand::of(expr))?;
        self.attach_with(outer)
    }

    /// The chain that goes on after `left`, at `and` or `or`.
    pub(super) fn or_chain(&mut self, left: Operand) -> Option<Expr> {
        let mut left = self.and_chain(left)?;
        while self.kind() == Kind::LogicalOr {
            self.scan();
            let right = self.operand(Some("or"))?;
            let right = self.and_chain(right)?;
            left = self.join(left, right, "or")?;
        }
        left.body.into_iter().next()
    }

    fn and_chain(&mut self, mut left: Operand) -> Option<Operand> {
        while self.kind() == Kind::LogicalAnd {
            self.scan();
            let right = self.operand(Some("and"))?;
            left = self.join(left, right, "and")?;
        }
        Some(left)
    }

    fn join(&mut self, left: Operand, right: Operand, operator: &str) -> Option<Operand> {
        for operand in [&left, &right] {
            if let Some((name, span)) = void_call(&operand.body) {
                self.hint(format!(
                    "`{name}` produces no value and always succeeds, so the operand can never fail; move it out of the operand, or \
                     add an expression that can fail"
                ));
                self.error(span, format!("operand of `{operator}` cannot consist only of calls to `{name}`"));
            }
        }
        if !self.grow() {
            return None;
        }
        let span = self.extend(left.span);
        let node = Box::new(Logical {
            left: left.body,
            explicit_left: left.explicit,
            right: right.body,
            explicit_right: right.explicit,
            span,
        });
        let kind = if operator == "or" { ExprKind::Or(node) } else { ExprKind::And(node) };
        Some(Operand::of(Expr::new(kind, span)))
    }

    pub(super) fn refuse_with(&mut self, span: Span) {
        let operator = self.kind().name();
        self.hint(format!(
            "Wrap the operand in `(...)` or `{{...}}` to scope, or move `with` after the `{operator}` expression to apply it to the \
             whole expression"
        ));
        self.error(span, format!("`with` modifier is not allowed on operand of `{operator}`"));
    }

    /// Reports an operand whose brace begins a value rather than a body.
    pub(super) fn refuse_braces(&mut self, span: Span, operand: &str, operator: &str) {
        self.hint(format!("wrap the operand to keep the value: `({operand}) {operator} ...`"));
        self.error(span, format!("operand of `{operator}` cannot begin with `{{` unless the braces hold a body"));
    }
}

/// Whether an expression is `{}` and nothing else.
fn is_empty_object(expr: &Expr) -> bool {
    let ExprKind::Term(term) = &expr.kind else { return false };
    expr.with.is_empty() && matches!(&term.kind, TermKind::Object(pairs) if pairs.is_empty())
}

/// The first call in a body that only calls builtins without a value.
fn void_call(body: &[Expr]) -> Option<(String, Span)> {
    let mut first = None;
    for expr in body {
        let ExprKind::Call(terms) = &expr.kind else { return None };
        let name = print::operator(terms)?;
        if expr.negated || !is_void(&name) {
            return None;
        }
        first = first.or(Some((name, expr.span)));
    }
    first
}
