//! Parentheses that hold operands of `and` and `or` rather than a value.

use super::super::ast::{Expr, ExprKind, Span, TermKind};
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
            return if self.peek() == Kind::LBrace { self.braces_in_parentheses(prefix) } else { Group::None };
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
            return if matches!(value.kind, TermKind::SetComprehension(_)) { self.after_trying_body(brace) } else { Group::None };
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
        let close = self.token(brace).and_then(Token::mate).unwrap_or(brace);
        let mut at = brace + 1;
        while at < close && self.kind_at(at) != Kind::Or {
            at = self.token(at).and_then(Token::mate).unwrap_or(at) + 1;
        }
        let kind = self.kind_at(at + 1);
        let is_call = matches!(kind, Kind::LogicalAnd | Kind::LogicalOr) && self.is_adjacent(at + 2, &[Kind::LParen]);
        let no_operand = self.is_name_in_ref(kind) && !is_call;
        if !no_operand || matches!(kind, Kind::Null | Kind::True | Kind::False | Kind::Contains) {
            return Group::None;
        }
        let saved = self.save();
        let is_name = self.is_adjacent(at + 2, &[Kind::Dot, Kind::LBrack]);
        let is_spoiled = is_name || {
            self.scan();
            self.scan();
            self.body().is_some() && self.state.problems.len() > saved.problems.len()
        };
        self.restore(saved.clone());
        if !is_spoiled {
            return Group::None;
        }
        self.state.at = at + 1;
        let place = self.here();
        self.restore(saved);
        self.error(place, format!("unexpected {} keyword", kind.name()));
        Group::Failed
    }

    /// Whether the parenthesis at `open` holds something that only an operand has. Those that do not are values, or errors.
    fn may_hold_group(&self, mut open: usize) -> bool {
        loop {
            let Some(close) = self.token(open).and_then(Token::mate) else { return true };
            let first = open + 1;
            match self.kind_at(first) {
                Kind::RParen => return true,
                Kind::Not => return true,
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
                Kind::LogicalAnd | Kind::LogicalOr if self.ends_term(at - 1) => return true,
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
