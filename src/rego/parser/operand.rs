//! One operand of `and`, `or` and `not`: braces are a body there.

use super::super::ast::{Body, Expr, ExprKind, Not, Span, Term, TermKind};
use super::super::print;
use super::builtin_names::infix_arity;
use super::group::Group;
use super::logical::Operand;
use super::state::Parser;
use super::token::Kind;

/// So many braces of a source whose brackets do not match are tried as a body.
const MAX_UNSURE: u32 = 100;

impl Parser<'_> {
    /// `{ body } and …` at the begin of an expression; `None` where the braces are something else.
    #[allow(clippy::option_option, reason = "no such reading, a failed one, an expression")]
    pub(super) fn braces_before_operator(&mut self) -> Option<Option<Expr>> {
        let (at, place) = (self.state.at, self.here());
        let close = self.token(at).and_then(super::lexer::Token::mate);
        let is_joined = close.is_some_and(|close| matches!(self.kind_at(close + 1), Kind::LogicalAnd | Kind::LogicalOr));
        // OPA may take the brace of `{a | {x := 1} or …}` for the end of the body, after an error that it keeps.
        let is_odd = !is_joined && !self.in_odd_body && self.first_bar(at).is_some_and(|bar| self.has_joined_braces(bar));
        if !(is_joined || is_odd || self.may_end_anywhere()) || self.memory.no_body.contains(&at) {
            return None;
        }
        let saved = self.save();
        self.scan();
        let outer = self.in_odd_body;
        self.in_odd_body |= is_odd;
        let body = self.body();
        self.in_odd_body = outer;
        let Some(body) = body else {
            self.memory.no_body.insert(at);
            self.restore(saved);
            return None;
        };
        self.scan();
        if !matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) {
            self.restore(saved);
            return None;
        }
        if self.is_ambiguous_union(&body) {
            self.refuse_union(place, &body, "");
            return Some(None);
        }
        let chain = self.or_chain(Operand { body, explicit: true, span: place });
        Some(chain.and_then(|expr| self.attach_with(expr)))
    }

    /// Whether braces may end elsewhere than it seems, as in `{ [a } or …`: OPA tries them all as a body, here that is limited.
    fn may_end_anywhere(&mut self) -> bool {
        let tries = self.tokens.unbalanced && self.logical_keywords() && self.memory.unsure < MAX_UNSURE;
        self.memory.unsure += u32::from(tries);
        tries
    }

    /// One operand of `operator`; without one where the reading may be undone.
    pub(super) fn operand(&mut self, operator: Option<&str>) -> Option<Operand> {
        if self.kind() == Kind::LBrace {
            return self.braces_operand(operator);
        }
        let not = self.negation();
        if let Some(not) = not
            && self.not_bodies
            && self.kind() == Kind::LBrace
        {
            return self.not_body(not);
        }
        if self.kind() == Kind::LParen && self.logical_keywords() && (not.is_none() || self.not_bodies) {
            match (self.group(true, if not.is_some() { "not " } else { "" }), not) {
                (Group::None, _) => {}
                (Group::Failed, _) => return None,
                (Group::Operand(operand), Some(not)) => return Some(self.negate(operand, not)),
                (Group::Operand(operand), None) => return Some(operand),
            }
        }
        let place = self.here();
        let mut expr = self.expr()?;
        expr.span = self.extend(place);
        match not {
            Some(not) if self.not_bodies => {
                let span = self.extend(not);
                let node = Not { body: vec![expr], explicit_body: false, span };
                expr = Expr::new(ExprKind::Not(Box::new(node)), span);
            }
            _ => expr.negated = not.is_some(),
        }
        Some(Operand::of(expr))
    }

    /// `not` before an operand in parentheses.
    pub(super) fn negate(&mut self, operand: Operand, not: Span) -> Operand {
        let span = self.extend(not);
        let node = Not { body: operand.body, explicit_body: operand.explicit, span };
        Operand::of(Expr::new(ExprKind::Not(Box::new(node)), span))
    }

    fn braces_operand(&mut self, operator: Option<&str>) -> Option<Operand> {
        let place = self.here();
        let saved = self.save();
        self.scan();
        let empty = self.kind() == Kind::RBrace;
        let Some(body) = self.body() else {
            if let Some(operator) = operator.filter(|_| !empty) {
                self.explain_braces(saved, |parser, _, text| parser.refuse_braces(place, &text, operator));
            }
            return None;
        };
        self.scan();
        if self.is_ambiguous_union(&body) {
            self.refuse_union(place, &body, "");
        }
        Some(Operand { body, explicit: true, span: place })
    }

    /// `not { … }`, from the brace on.
    pub(super) fn not_body(&mut self, not: Span) -> Option<Operand> {
        let place = self.here();
        let saved = self.save();
        self.scan();
        let empty = self.kind() == Kind::RBrace;
        let Some(body) = self.body() else {
            if !empty {
                self.explain_braces(saved, |parser, term, text| parser.refuse_value(place, &term, &text));
            }
            return None;
        };
        self.scan();
        if self.is_ambiguous_union(&body) {
            self.refuse_union(place, &body, "not ");
            return None;
        }
        let span = self.extend(not);
        let node = Not { body, explicit_body: true, span };
        Some(Operand::of(Expr::new(ExprKind::Not(Box::new(node)), span)))
    }

    /// After braces that hold no body: if they begin a value, that is what to report.
    fn explain_braces(&mut self, before: super::state::State, report: impl FnOnce(&mut Self, Term, String)) {
        let failed = self.save();
        self.restore(before);
        let start = self.offset();
        let Some(term) = self.infix() else {
            self.restore(failed);
            return;
        };
        let text = self.slice(start, self.last_end()).to_owned();
        report(self, term, text);
    }

    fn refuse_value(&mut self, span: Span, term: &Term, operand: &str) {
        self.hint(format!("write `not ({operand})` to negate the value, or `not {{{operand}}}` for a body holding it"));
        let sort = brace_led(term).kind.name();
        self.error(span, format!("`{{...}}` in an operand position must contain expression(s), got: {sort}"));
    }

    /// Whether a body is `a | b`, which in braces looks like a comprehension.
    fn is_ambiguous_union(&self, body: &Body) -> bool {
        let Some(first) = body.first() else { return false };
        let ExprKind::Call(terms) = &first.kind else { return false };
        let Some(operator) = terms.first().filter(|_| print::is_global(terms, "or")) else { return false };
        self.text_of(operator.span) == "|" && !self.text_of(first.span).trim().starts_with('(')
    }

    fn refuse_union(&mut self, span: Span, body: &Body, prefix: &str) {
        let braces = self.slice(span.offset, self.last_end()).to_owned();
        let union = body.first().and_then(|expr| {
            let from = expr.span.offset.checked_sub(span.offset).filter(|from| *from > 0)? as usize;
            let to = from + expr.span.length as usize;
            Some(format!("{}({}){}", braces.get(..from)?, braces.get(from..to)?, braces.get(to..)?))
        });
        let union = union.unwrap_or_else(|| braces.clone());
        self.hint(format!("write `{prefix}({braces})` for the comprehension, or `{prefix}{union}` for the set union"));
        self.error(
            span,
            "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension",
        );
    }
}

/// The value that a term's leading brace opens: of infix operators that is the leftmost operand.
fn brace_led(mut term: &Term) -> &Term {
    while let TermKind::Call(call) = &term.kind {
        let is_infix = print::operator(call).and_then(|name| infix_arity(&name)).is_some_and(|arity| call.len() == arity + 1);
        match call.get(1) {
            Some(first) if is_infix => term = first,
            _ => break,
        }
    }
    term
}
