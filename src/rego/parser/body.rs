//! Bodies: expressions, `with`, `some`, `every`.

use super::super::RegoVersion;
use super::super::ast::{Body, Every, Expr, ExprKind, Not, Span, Term, TermKind, With};
use super::super::print;
use super::state::Parser;
use super::token::Kind;

impl Parser<'_> {
    /// A body in braces, up to its closing brace.
    pub(super) fn body(&mut self) -> Option<Body> {
        if !self.enter() {
            return None;
        }
        let body = self.query(false, Kind::RBrace, false);
        self.leave();
        body
    }

    /// Expressions up to `end`. `for_comprehension`: a comma that stops them makes the caller read them anew as a list.
    pub(super) fn query(&mut self, require_semicolon: bool, end: Kind, for_comprehension: bool) -> Option<Body> {
        if self.kind() == end {
            self.error(self.here(), "found empty body");
            return None;
        }
        let mut body = Body::new();
        loop {
            body.push(self.literal()?);
            if self.kind() == Kind::Semicolon {
                self.scan();
                continue;
            }
            if self.kind() == end || require_semicolon {
                return Some(body);
            }
            if !self.after_newline() {
                if self.state.problems.is_empty() {
                    if !(for_comprehension && self.kind() == Kind::Comma) {
                        self.hint_missing_keyword();
                    }
                    self.illegal(&format!("expected \\n or ; or {}", end.name()));
                }
                return None;
            }
        }
    }

    /// One expression, with its place.
    pub(super) fn literal(&mut self) -> Option<Expr> {
        let place = self.here();
        let outer = std::mem::take(&mut self.height);
        let expr = self.literal_unplaced();
        self.height = self.height.max(outer);
        let mut expr = expr?;
        expr.span = self.extend(place);
        if let ExprKind::Not(not) = &mut expr.kind
            && !not.explicit_body
        {
            for inner in &mut not.body {
                inner.span = expr.span;
            }
        }
        Some(expr)
    }

    fn literal_unplaced(&mut self) -> Option<Expr> {
        if self.kind() == Kind::LBrace
            && self.logical_keywords()
            && let Some(result) = self.braces_before_operator()
        {
            return result;
        }
        if self.kind() == Kind::LParen && self.logical_keywords() {
            match self.group(false, "") {
                super::group::Group::None => {}
                super::group::Group::Failed => return None,
                super::group::Group::Operand(operand) => return self.fold(operand),
            }
        }
        if self.name_before_ref() {
            return self.literal_expr(None);
        }
        let not = self.negation();
        if let Some(not) = not
            && self.not_bodies
            && self.kind() == Kind::LBrace
        {
            let operand = self.not_body(not)?;
            return self.fold(operand);
        }
        match (self.kind(), not) {
            (Kind::Some, Some(_)) => {
                self.illegal("illegal negation of 'some'");
                None
            }
            (Kind::Every, Some(_)) => {
                self.illegal("illegal negation of 'every'");
                None
            }
            (Kind::Some, None) => self.some(),
            (Kind::Every, None) => self.every(),
            _ => self.literal_expr(not),
        }
    }

    /// Reads `not`, unless it begins a reference such as `not.x`; its place.
    pub(super) fn negation(&mut self) -> Option<Span> {
        if self.kind() != Kind::Not || matches!(self.peek_adjacent(), Kind::Dot | Kind::LBrack) {
            return None;
        }
        let place = self.here();
        self.scan();
        Some(place)
    }

    /// An expression after `not`, or after nothing, and what `and`, `or` and `with` add to it.
    fn literal_expr(&mut self, not: Option<Span>) -> Option<Expr> {
        if let Some(not) = not
            && self.not_bodies
            && self.kind() == Kind::LParen
        {
            match self.group(true, "not ") {
                super::group::Group::None => {}
                super::group::Group::Failed => return None,
                super::group::Group::Operand(operand) => {
                    let operand = self.negate(operand, not);
                    return self.fold(operand);
                }
            }
        }
        let place = self.here();
        let before = (self.version == RegoVersion::V0 && self.text() == "every").then(|| self.save());
        let mut expr = self.expr()?;
        let mut with = None;
        if self.kind() == Kind::With {
            with = Some(self.here());
            expr.with = self.with()?;
        }
        if let Some(before) = before {
            self.hint_every(&expr, before);
        }
        expr = match not {
            Some(not) if self.not_bodies => self.wrap_in_not(expr, not),
            _ => Expr { negated: not.is_some(), ..expr },
        };
        if !matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) {
            return Some(expr);
        }
        self.join_first_operand(expr, place, with, not.is_some())
    }

    /// `not x` where `not` makes bodies: `with` belongs to the negation.
    pub(super) fn wrap_in_not(&self, mut expr: Expr, not: Span) -> Expr {
        let with = std::mem::take(&mut expr.with);
        let span = self.extend(not);
        let not = Not { body: vec![expr], explicit_body: false, span };
        Expr { with, ..Expr::new(ExprKind::Not(Box::new(not)), span) }
    }

    /// An expression without `not` and `with`; its place is not set yet.
    pub(super) fn expr(&mut self) -> Option<Expr> {
        let left = self.infix()?;
        let none = Span::default();
        if matches!(self.kind(), Kind::Assign | Kind::Unify) {
            let operator = self.operator();
            let right = self.infix()?;
            return Some(Expr::new(ExprKind::Call(vec![operator, left, right]), none));
        }
        Some(match left.kind {
            TermKind::Call(terms) => Expr::new(ExprKind::Call(terms), none),
            _ => Expr::new(ExprKind::Term(left), none),
        })
    }

    /// The `with` modifiers that begin here.
    pub(super) fn with(&mut self) -> Option<Vec<With>> {
        let mut modifiers = Vec::new();
        while self.kind() == Kind::With {
            let place = self.here();
            self.scan();
            if self.kind() != Kind::Ident {
                self.illegal("expected ident");
                return None;
            }
            let target = self.term()?;
            if !matches!(target.kind, TermKind::Ref(_) | TermKind::Var(_)) {
                self.illegal("expected with target path");
            }
            if self.kind() != Kind::As {
                self.illegal("expected as keyword");
                return None;
            }
            self.scan();
            let value = self.infix()?;
            modifiers.push(With { target, value, span: self.extend(place) });
        }
        Some(modifiers)
    }

    /// `expr` with the modifiers that follow it.
    pub(super) fn attach_with(&mut self, mut expr: Expr) -> Option<Expr> {
        if self.kind() == Kind::With {
            expr.with = self.with()?;
        }
        Some(expr)
    }

    /// `some x in xs`, or `some x, y`.
    fn some(&mut self) -> Option<Expr> {
        let place = self.here();
        let saved = self.save();
        self.scan();
        if let Some(term) = self.infix()
            && let TermKind::Call(call) = &term.kind
        {
            let Some(arity) = member_arity(call) else {
                self.illegal("expected `x in xs` or `x, y in xs` expression");
                return None;
            };
            if call.len() != arity {
                self.illegal("illegal domain");
                return None;
            }
            return self.attach_with(Expr::new(ExprKind::Some(vec![term]), place));
        }
        self.restore(saved);
        self.hint_some_in();
        let mut names = Vec::new();
        loop {
            self.scan();
            if self.kind() != Kind::Ident {
                self.illegal("expected var");
                return None;
            }
            names.push(self.variable());
            self.scan();
            if self.kind() != Kind::Comma {
                return Some(Expr::new(ExprKind::Some(names), place));
            }
        }
    }

    /// `every k, v in xs { … }`.
    fn every(&mut self) -> Option<Expr> {
        let span = self.here();
        self.scan();
        let term = self.infix()?;
        let TermKind::Call(call) = term.kind else {
            self.illegal("expected `x[, y] in xs { ... }` expression");
            return None;
        };
        let (key, value, domain) = self.every_operands(call)?;
        if value.as_var().is_none() {
            self.illegal("expected value to be a variable");
            return None;
        }
        if self.kind() != Kind::LBrace {
            self.illegal("missing body");
            return None;
        }
        self.scan();
        let body = self.body()?;
        self.scan();
        let every = Every { key, value, domain, body, span };
        self.attach_with(Expr::new(ExprKind::Every(Box::new(every)), span))
    }

    fn every_operands(&mut self, call: Vec<Term>) -> Option<(Option<Term>, Term, Term)> {
        let Some(arity) = member_arity(&call) else {
            self.illegal("expected `x[, y] in xs { ... }` expression");
            return None;
        };
        if call.len() != arity {
            self.illegal("illegal domain");
            return None;
        }
        let mut operands = call.into_iter().skip(1);
        let key = if arity == 4 { operands.next() } else { None };
        let (value, domain) = (operands.next()?, operands.next()?);
        if key.as_ref().is_some_and(|key| key.as_var().is_none()) {
            self.illegal("expected key to be a variable");
            return None;
        }
        Some((key, value, domain))
    }

    /// Before an error at a name or a comma: which import could be missing.
    fn hint_missing_keyword(&mut self) {
        if !self.state.hints.is_empty() {
            return;
        }
        let keyword = match self.kind() {
            Kind::Ident => self.word().into_owned(),
            Kind::Comma => {
                if !self.probe_membership() {
                    return;
                }
                "in".to_owned()
            }
            _ => return,
        };
        let example = match keyword.as_str() {
            "in" => "x in xs",
            "and" => "x and y",
            "or" => "x or y",
            _ => return,
        };
        self.hint(format!("`import future.keywords.{keyword}` for `{example}` expressions"));
    }

    /// Whether `some …` would be `some x in xs` with an import.
    fn hint_some_in(&mut self) {
        if self.version != RegoVersion::V0 {
            return;
        }
        if self.probe_membership() {
            self.hint("`import future.keywords.in` for `some x in xs` expressions");
        }
    }

    /// Whether `x in xs` or `k, v in xs` would follow the current token if all keywords were imported. The first word is what it is now.
    fn probe_membership(&mut self) -> bool {
        let saved = self.save();
        self.scan();
        self.state.ident = self.kind() == Kind::Ident;
        let found = self.probe(|parser| parser.infix().is_some_and(|term| is_member(&term)));
        self.restore(saved);
        found == Some(true)
    }

    /// Whether the variable `every` would begin `every x in xs { … }` with an import.
    fn hint_every(&mut self, expr: &Expr, before: super::state::State) {
        let is_every = matches!(&expr.kind, ExprKind::Term(term) if term.as_var().is_some_and(|name| &**name == "every"));
        if !is_every {
            return;
        }
        let found = self.probe(|parser| {
            parser.restore(before);
            parser.every().is_some()
        });
        if found == Some(true) {
            self.hint("`import future.keywords.every` for `every x in xs { ... }` expressions");
        }
    }
}

/// How many terms a call of `in` has, operator included.
fn member_arity(call: &[Term]) -> Option<usize> {
    match print::operator(call)?.as_str() {
        "internal.member_2" => Some(3),
        "internal.member_3" => Some(4),
        _ => None,
    }
}

fn is_member(term: &Term) -> bool {
    matches!(&term.kind, TermKind::Call(call) if member_arity(call).is_some())
}
