//! Infix operators, by OPA's precedence: `in`, comparisons, `|`, `&`, `+ -`, `* / %`. A chain is read by a loop, not by recursion.

use super::super::ast::{Span, Term, TermKind};
use super::state::{Parser, covering};
use super::token::Kind;

/// The level of comparisons, the loosest below `in`.
const RELATION: u8 = 1;
/// The level of `* / %`, the tightest.
const FACTOR: u8 = 5;

/// The level of an operator.
const fn level_of(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Equal | Kind::Neq | Kind::Lt | Kind::Gt | Kind::Lte | Kind::Gte => Some(RELATION),
        Kind::Or => Some(2),
        Kind::And => Some(3),
        Kind::Add | Kind::Sub => Some(4),
        Kind::Mul | Kind::Quo | Kind::Rem => Some(FACTOR),
        _ => None,
    }
}

/// Whether a token is an infix operator other than `in`.
pub(super) const fn is_operator(kind: Kind) -> bool {
    level_of(kind).is_some()
}

/// A call of `operator`, at the place of its first operand, with the text between two offsets.
fn call(terms: Vec<Term>, place: Span, from: u32, to: u32) -> Term {
    Term::new(TermKind::Call(terms), covering(place, from, to))
}

impl Parser<'_> {
    /// A term with infix operators, `k, v in xs` among them.
    pub(super) fn infix(&mut self) -> Option<Term> {
        let offset = self.offset();
        self.membership(None, true, offset)
    }

    /// A term with infix operators in a list, where a comma begins the next one.
    pub(super) fn infix_in_list(&mut self) -> Option<Term> {
        let offset = self.offset();
        self.membership(None, false, offset)
    }

    /// The same where its first operand, which begins at `offset`, was read already.
    pub(super) fn infix_from(&mut self, first: Term, offset: u32) -> Option<Term> {
        self.membership(Some(first), false, offset)
    }

    fn membership(&mut self, first: Option<Term>, may_have_key: bool, offset: u32) -> Option<Term> {
        let outer = if first.is_some() { 0 } else { std::mem::take(&mut self.height) };
        let result = self.membership_chain(first, may_have_key, offset);
        self.height = self.height.max(outer);
        result
    }

    fn membership_chain(&mut self, first: Option<Term>, may_have_key: bool, offset: u32) -> Option<Term> {
        let mut left = self.binary(RELATION, first, offset)?;
        loop {
            let place = left.span;
            let operands = match (may_have_key && self.kind() == Kind::Comma).then(|| self.second_and_domain(offset)).flatten() {
                Some((operator, second, domain)) => vec![operator, left, second, domain],
                None => match self.domain() {
                    Some((operator, domain)) => vec![operator, left, domain],
                    None => return Some(left),
                },
            };
            if !self.grow() {
                return None;
            }
            left = call(operands, place, offset, self.last_end());
            if self.kind() != Kind::In {
                return Some(left);
            }
        }
    }

    /// `, v in xs` after a key; nothing is read if it is not that.
    fn second_and_domain(&mut self, offset: u32) -> Option<(Term, Term, Term)> {
        let saved = self.save();
        self.scan();
        if let Some(second) = self.binary(RELATION, None, offset)
            && let Some(operator) = self.member("member_3")
        {
            let start = self.offset();
            if let Some(domain) = self.binary(RELATION, None, start) {
                return Some((operator, second, domain));
            }
        }
        self.restore(saved);
        None
    }

    /// `in xs` after a value.
    fn domain(&mut self) -> Option<(Term, Term)> {
        self.name_before_ref();
        let operator = self.member("member_2")?;
        let start = self.offset();
        let domain = self.binary(RELATION, None, start)?;
        Some((operator, domain))
    }

    /// The operator `in`, as the builtin that it is.
    fn member(&mut self, builtin: &'static str) -> Option<Term> {
        if self.kind() != Kind::In {
            return None;
        }
        let place = self.here();
        self.scan();
        let (package, name) = (self.shared("internal"), self.shared(builtin));
        Some(Term::new(TermKind::Ref(vec![Term::var(package, place), Term::string(name, place)]), place))
    }

    /// Operators of `level` and tighter.
    fn binary(&mut self, level: u8, first: Option<Term>, offset: u32) -> Option<Term> {
        if level > FACTOR {
            return self.term();
        }
        let outer = if first.is_some() { 0 } else { std::mem::take(&mut self.height) };
        let result = self.binary_chain(level, first, offset);
        self.height = self.height.max(outer);
        result
    }

    fn binary_chain(&mut self, level: u8, first: Option<Term>, offset: u32) -> Option<Term> {
        let mut left = match first {
            Some(first) => first,
            None => self.term()?,
        };
        // An operator behind a looser one belongs to that one's right operand: where it was not read there, it is not read here.
        let mut tightest = FACTOR;
        while let Some(found) = level_of(self.kind()).filter(|found| (level..=tightest).contains(found)) {
            let operator = self.operator();
            let start = self.offset();
            let Some(right) = self.binary(found + 1, None, start) else {
                // OPA goes on with the left operand; the error is recorded.
                tightest = found - 1;
                continue;
            };
            if !self.grow() {
                return None;
            }
            let place = left.span;
            left = call(vec![operator, left, right], place, offset, self.last_end());
            tightest = found;
        }
        Some(left)
    }

    /// The current operator, as the builtin that it is.
    pub(super) fn operator(&mut self) -> Term {
        let place = self.here();
        let name = self.shared(self.kind().name());
        self.scan();
        Term::new(TermKind::Ref(vec![Term::var(name, place)]), place)
    }
}
