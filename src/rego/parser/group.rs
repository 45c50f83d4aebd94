//! Parentheses that hold operands of `and` and `or` rather than a value.

use super::super::ast::{Expr, ExprKind, Span, TermKind};
use super::infix::is_operator;
use super::lexer::Token;
use super::logical::Operand;
use super::state::Parser;
use super::token::Kind;

/// What parentheses turned out to be.
pub(super) enum Group {
    /// A value: nothing was read.
    None,
    /// Neither; the error is reported.
    Failed,
    /// An operand.
    Operand(Operand),
}

impl From<Option<Operand>> for Group {
    fn from(operand: Option<Operand>) -> Self {
        operand.map_or(Self::Failed, Self::Operand)
    }
}

impl Parser<'_> {
    /// Reads parentheses as an operand, if they hold one. `in_operand`: whether `and`, `or` or `not` stand before them.
    pub(super) fn group(&mut self, in_operand: bool, prefix: &str) -> Group {
        if !self.may_hold_group(self.state.at) {
            return self.value_in_parentheses(prefix);
        }
        if !self.enter() {
            return Group::Failed;
        }
        let group = self.group_contents(in_operand, prefix);
        self.leave();
        group
    }

    fn group_contents(&mut self, in_operand: bool, prefix: &str) -> Group {
        let saved = self.save();
        let open = self.here();
        self.scan();
        if self.kind() == Kind::RParen {
            if in_operand {
                self.error(open, "empty parenthesized group");
                return Group::Failed;
            }
            self.restore(saved);
            return Group::None;
        }
        let Some(first) = self.operand(None) else {
            self.restore(saved);
            return Group::None;
        };
        match self.kind() {
            Kind::LogicalAnd | Kind::LogicalOr => {
                let chain = self.or_chain(first);
                let chain = chain.and_then(|expr| self.attach_with(expr));
                chain.and_then(|expr| self.close(open, vec![expr])).into()
            }
            Kind::With if !first.explicit && first.body.len() == 1 => {
                let Some(group) = self.group_with(first, open) else { return Group::Failed };
                if in_operand || matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) {
                    return Group::Operand(group);
                }
                self.restore(saved);
                Group::None
            }
            _ if first.explicit => {
                let braces = self.slice(first.span.offset, self.last_end()).to_owned();
                self.restore(saved);
                self.refuse_unless_value(&braces, prefix)
            }
            _ if is_operand(&first.body) => self.close(open, first.body).into(),
            _ => {
                self.restore(saved);
                Group::None
            }
        }
    }

    /// `(a with x as y)`.
    fn group_with(&mut self, first: Operand, open: Span) -> Option<Operand> {
        let with = self.here();
        let expr = self.attach_with(first.body.into_iter().next()?)?;
        if matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) {
            self.refuse_with(with);
            return None;
        }
        self.close(open, vec![expr])
    }

    /// The closing parenthesis of a group.
    fn close(&mut self, open: Span, body: Vec<Expr>) -> Option<Operand> {
        if self.kind() != Kind::RParen {
            self.error(self.here(), "expected ) to close parenthesized group");
            return None;
        }
        self.scan();
        Some(Operand { body, explicit: false, span: self.extend(open) })
    }

    /// At `({`: parentheses cannot hold a body, so the braces have to be a value.
    fn refuse_unless_value(&mut self, braces: &str, prefix: &str) -> Group {
        let (saved, open) = (self.save(), self.here());
        self.scan();
        let is_value = self.term().is_some();
        self.restore(saved);
        if is_value {
            return Group::None;
        }
        self.hint(format!("drop the parens to keep the body: `{prefix}{braces}`"));
        self.error(open, "`(...)` in an operand position cannot contain a body");
        Group::Failed
    }

    /// Parentheses that hold no operand. Only braces in them, however deep, need a closer look.
    fn value_in_parentheses(&mut self, prefix: &str) -> Group {
        let saved = self.save();
        while self.peek() == Kind::LParen {
            self.scan();
        }
        let is_outermost = self.state.at == saved.at;
        if self.peek() == Kind::LBrace {
            let known = self.state.problems.len();
            if matches!(self.braces_in_parentheses(prefix), Group::Failed) && (is_outermost || self.is_spoiled(known)) {
                return Group::Failed;
            }
        }
        self.restore(saved);
        Group::None
    }

    /// Whether the problems after the first `known` are from a body that was tried.
    fn is_spoiled(&self, known: usize) -> bool {
        self.state.problems.get(known).is_some_and(|problem| !problem.message.starts_with('`'))
    }

    /// `({…` without an operator: a value, unless that cannot be read; then a body may be what is meant.
    fn braces_in_parentheses(&mut self, prefix: &str) -> Group {
        let saved = self.save();
        self.scan();
        let brace = self.state.at;
        // OPA tries a body first, and a keyword that begins a reference there stays a name.
        self.keep_name_after(brace);
        self.speculating += 1;
        let value = self.term();
        self.speculating -= 1;
        self.restore(saved.clone());
        if let Some(value) = value {
            return match value.kind {
                TermKind::SetComprehension(_) => self.after_trying_body(brace),
                TermKind::Set(_) => self.after_trying_twice(brace),
                _ => Group::None,
            };
        }
        self.scan();
        let start = self.offset();
        self.scan();
        let is_body = !self.memory.no_body.contains(&brace) && self.body().is_some();
        if !is_body {
            self.memory.no_body.insert(brace);
            self.restore(saved);
            return Group::None;
        }
        let braces = self.slice(start, self.end()).to_owned();
        self.restore(saved);
        self.refuse_unless_value(&braces, prefix)
    }

    /// `({a | …})`: OPA reads a body with a union first. Where no operand can follow the bar, but an expression can, it takes the error
    /// of that reading along into the comprehension, and refuses it.
    fn after_trying_body(&mut self, brace: usize) -> Group {
        let Some(at) = self.first_bar(brace) else { return Group::None };
        let saved = self.save();
        let is_spoiled = self.is_spoiled_after(at);
        self.restore(saved);
        if !is_spoiled {
            return Group::None;
        }
        self.refuse_after(at, "");
        Group::Failed
    }

    /// `({a | b, c})`: OPA reads it as a body, as a comprehension and then as a list, by which time it has lost its place.
    fn after_trying_twice(&mut self, brace: usize) -> Group {
        let Some(bar) = self.first_bar(brace) else { return Group::None };
        let mut at = brace + 1;
        while at < bar {
            let kind = self.kind_at(at);
            let is_infix = is_operator(kind) && !(kind == Kind::Sub && at == brace + 1);
            if is_infix || matches!(kind, Kind::In | Kind::Comma) {
                return Group::None;
            }
            at = self.token(at).and_then(Token::mate).unwrap_or(at) + 1;
        }
        self.refuse_after(bar, r#"expected "," or "}""#);
        Group::Failed
    }

    /// Reports the token after a bar.
    fn refuse_after(&mut self, bar: usize, note: &str) {
        self.state.at = bar + 1;
        self.illegal(note);
    }

    /// Whether the reading as a body goes wrong behind the bar at an index, and is not given up.
    fn is_spoiled_after(&mut self, bar: usize) -> bool {
        let kind = self.kind_at(bar + 1);
        let known = self.state.problems.len();
        let is_name = self.is_adjacent(bar + 2, &[Kind::Dot, Kind::LBrack]);
        let starts_operand = match kind {
            Kind::LBrace => !self.has_joined_braces(bar),
            Kind::LogicalAnd | Kind::LogicalOr => self.is_adjacent(bar + 2, &[Kind::LParen]),
            Kind::Null | Kind::True | Kind::False => !is_name,
            _ => kind == Kind::Contains || !self.is_name_in_ref(kind),
        };
        if starts_operand || is_name {
            return !starts_operand;
        }
        self.scan();
        self.scan();
        let Some(body) = self.body() else { return false };
        if kind == Kind::LBrace {
            return matches!(self.peek(), Kind::LogicalAnd | Kind::LogicalOr);
        }
        // Names that are only declared are not taken along.
        let declares =
            |expr: &Expr| matches!(&expr.kind, ExprKind::Some(names) if names.iter().all(|name| name.as_var().is_some()));
        self.state.problems.len() > known && !body.iter().skip(1).all(declares)
    }

    /// Whether braces follow the bar at an index, and `and` or `or` follows them.
    pub(super) fn has_joined_braces(&self, bar: usize) -> bool {
        let close = self.token(bar + 1).filter(|token| token.kind == Kind::LBrace).and_then(Token::mate);
        close.is_some_and(|close| matches!(self.kind_at(close + 1), Kind::LogicalAnd | Kind::LogicalOr))
    }

    /// The first bar between braces, inner brackets skipped.
    pub(super) fn first_bar(&self, brace: usize) -> Option<usize> {
        let close = self.token(brace).and_then(Token::mate)?;
        let mut at = brace + 1;
        while at < close {
            if self.kind_at(at) == Kind::Or {
                return Some(at);
            }
            at = self.token(at).and_then(Token::mate).unwrap_or(at) + 1;
        }
        None
    }

    /// Whether the parenthesis at `open` holds something that only an operand has. Those that do not are values, or errors.
    fn may_hold_group(&self, mut open: usize) -> bool {
        loop {
            let Some(close) = self.token(open).and_then(Token::mate) else { return true };
            let first = open + 1;
            match self.kind_at(first) {
                Kind::RParen | Kind::Not => return true,
                _ if self.has_operator(open, close) => return true,
                Kind::LParen => open = first,
                _ => return false,
            }
        }
    }

    /// Whether `and`, `or` (not the builtins) or `with` stands between two brackets.
    fn has_operator(&self, open: usize, close: usize) -> bool {
        let mut at = open + 1;
        while at < close {
            match self.kind_at(at) {
                Kind::With => return true,
                // After an operator, where a term is missing, OPA reports that, and goes on with a chain.
                Kind::LogicalAnd | Kind::LogicalOr
                    if self.ends_term(at - 1)
                        || matches!(self.kind_at(at - 1), kind if kind == Kind::In || is_operator(kind)) =>
                {
                    return true;
                }
                _ => {}
            }
            at = self.token(at).and_then(Token::mate).unwrap_or(at) + 1;
        }
        false
    }

    /// Whether a term may end at an index: also a keyword does, after a dot.
    fn ends_term(&self, at: usize) -> bool {
        let after_dot = at.checked_sub(1).is_some_and(|before| self.kind_at(before) == Kind::Dot);
        after_dot || self.kind_at(at).ends_term()
    }
}

/// Whether a body is one expression with `and`, `or` or `not`.
fn is_operand(body: &[Expr]) -> bool {
    matches!(body, [expr] if expr.negated || matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_)))
}
