//! Terms: scalars, variables, references, calls, parentheses.

use smallvec::{SmallVec, smallvec};

use super::super::ast::{Span, Term, TermKind};
use super::state::{Failed, Parser, Remembered, State, covering};
use super::text::{BadNumber, check_number, unquote};
use super::token::Kind;

/// So many parts has a reference, or a list, at most as a rule.
pub(super) const PARTS: usize = 4;

/// Beyond so many problems none is reported again.
const MAX_REPEATED: usize = 100;

impl Parser<'_> {
    /// One term, without infix operators.
    pub(super) fn term(&mut self) -> Option<Term> {
        self.state.ident |= self.memory.names.contains(&self.state.at);
        let key = (self.state.at, self.state.ident);
        if let Some(known) = self.recall(key) {
            return known;
        }
        if !self.enter() {
            return None;
        }
        let outer = std::mem::take(&mut self.height);
        let known = self.state.problems.len();
        let term = self.term_afresh();
        self.leave();
        self.height += 1;
        self.remember(key, term.as_ref(), known);
        self.height = self.height.max(outer);
        term
    }

    /// What an earlier reading at this place gave.
    #[allow(clippy::option_option, reason = "no reading, or what it gave")]
    fn recall(&mut self, key: (usize, bool)) -> Option<Option<Term>> {
        if self.fatal.is_some() {
            return Some(None);
        }
        if let Some(failed) = self.memory.failures.get(&key) {
            let failed = failed.clone();
            if self.memory.in_opa.binary_search(&key.0).is_ok() {
                self.go_to(failed.after);
            } else {
                self.fail_again(failed);
                self.remember_as_opa(key.0);
            }
            return Some(None);
        }
        let at = self.memory.terms.binary_search_by_key(&key, |known| known.key).ok()?;
        let known = self.memory.terms.get(at)?;
        let (term, after, height) = (known.term.clone(), known.after.clone(), known.height);
        self.go_to(after);
        self.height = self.height.max(height);
        Some(Some(term))
    }

    /// Goes where an earlier reading failed, and reports again what was wrong.
    fn fail_again(&mut self, failed: Failed) {
        let before = std::mem::replace(&mut self.state, failed.after);
        let again = self.state.problems.split_off(failed.known.min(self.state.problems.len()));
        self.state.problems = before.problems;
        if self.state.problems.len() < MAX_REPEATED {
            self.state.problems.extend(again);
        }
    }

    /// Goes to a remembered state, and forgets no problem.
    fn go_to(&mut self, after: State) {
        let before = std::mem::replace(&mut self.state, after);
        if before.problems.len() > self.state.problems.len() {
            self.state.problems = before.problems;
        }
    }

    fn remember_as_opa(&mut self, at: usize) {
        let known = &mut self.memory.in_opa;
        if known.binary_search(&at).is_ok() {
            return;
        }
        while known.last().is_some_and(|last| *last > at) {
            known.pop();
        }
        known.push(at);
    }

    fn remember(&mut self, key: (usize, bool), term: Option<&Term>, known: usize) {
        self.remember_as_opa(key.0);
        match term {
            None if self.fatal.is_none() => {
                self.memory.failures.insert(key, Failed { after: self.state.clone(), known });
            }
            Some(term) if self.speculating > 0 => {
                let inside = self.memory.terms.partition_point(|known| known.key < key);
                self.memory.terms.truncate(inside);
                let known = Remembered { key, term: term.clone(), height: self.height, after: self.state.clone() };
                self.memory.terms.push(known);
            }
            _ => {}
        }
    }

    fn term_afresh(&mut self) -> Option<Term> {
        // Where a term is expected `and` and `or` before a parenthesis can only be the builtins.
        if matches!(self.kind(), Kind::LogicalAnd | Kind::LogicalOr) && self.peek_adjacent() == Kind::LParen {
            self.state.ident = true;
        }
        let place = self.here();
        let head = match self.kind() {
            Kind::Null => Some(Term::new(TermKind::Null, place)),
            Kind::True => Some(Term::new(TermKind::Bool(true), place)),
            Kind::False => Some(Term::new(TermKind::Bool(false), place)),
            Kind::Sub if matches!(self.peek(), Kind::Ident | Kind::Contains) => return self.negative(place),
            Kind::Sub | Kind::Dot | Kind::Number => self.number(),
            Kind::String => self.string(),
            Kind::TemplatePart | Kind::TemplateEnd => self.template(false),
            Kind::RawTemplatePart | Kind::RawTemplateEnd => self.template(true),
            Kind::Ident | Kind::Contains => Some(self.variable()),
            Kind::LBrack => self.array(),
            Kind::LBrace => self.set_or_object(),
            Kind::LParen => self.parentheses(),
            _ => {
                self.illegal("");
                None
            }
        };
        self.finish(head?)
    }

    /// `-x` on a reference or a call: `minus(0, x)`.
    fn negative(&mut self, place: Span) -> Option<Term> {
        self.scan();
        let head = self.variable();
        let operand = self.finish(head)?;
        let none = Span::default();
        let minus = Term::new(TermKind::Ref(vec![Term::var("minus", none)]), none);
        let zero = Term::new(TermKind::Number("0".into()), place);
        Some(Term::new(TermKind::Call(vec![minus, zero, operand]), covering(place, place.offset, self.last_end())))
    }

    fn parentheses(&mut self) -> Option<Term> {
        let open = self.offset();
        self.scan();
        let mut inner = self.infix()?;
        if self.kind() != Kind::RParen {
            self.error(self.here(), "non-terminated expression");
            return None;
        }
        inner.span = covering(inner.span, open, self.end());
        // `data` and `input` share their place with the reference that they are.
        if let TermKind::Ref(parts) = &mut inner.kind
            && let [only] = parts.as_mut_slice()
        {
            only.span = inner.span;
        }
        Some(inner)
    }

    /// The current identifier as a variable; each `_` gets a name of its own.
    pub(super) fn variable(&mut self) -> Term {
        let place = self.here();
        if self.text() == "_" {
            return Term::new(self.wildcard(), place);
        }
        Term::var(self.name(), place)
    }

    /// A wildcard that has no name yet.
    pub(super) fn wildcard(&mut self) -> TermKind {
        let name = format!("${}", self.state.wildcards);
        self.state.wildcards += 1;
        TermKind::Var(name.into())
    }

    /// Goes beyond a term's last token, and reads on if a reference or a call follows at once.
    fn finish(&mut self, head: Term) -> Option<Term> {
        let offset = self.offset();
        self.scan_space();
        match self.kind() {
            Kind::LParen | Kind::Dot | Kind::LBrack => return self.reference(head, offset),
            Kind::Whitespace => self.scan(),
            _ => {}
        }
        Some(rooted(head))
    }

    /// The same for a rule's name: white space may follow, an operator may not.
    pub(super) fn finish_rule_name(&mut self, head: Term) -> Option<Term> {
        let offset = self.offset();
        self.scan_space();
        match self.kind() {
            Kind::Add
            | Kind::Sub
            | Kind::Mul
            | Kind::Quo
            | Kind::Rem
            | Kind::And
            | Kind::Or
            | Kind::Equal
            | Kind::Neq
            | Kind::Gt
            | Kind::Gte
            | Kind::Lt
            | Kind::Lte => self.illegal(""),
            Kind::Whitespace => self.scan(),
            _ => {}
        }
        if matches!(self.kind(), Kind::LParen | Kind::Dot | Kind::LBrack) {
            return self.reference(head, offset);
        }
        Some(rooted(head))
    }

    /// What follows `head`: `.a[b](c).d`.
    fn reference(&mut self, head: Term, offset: u32) -> Option<Term> {
        let place = head.span;
        self.check_ref_head(&head);
        let mut parts: SmallVec<[Term; PARTS]> = smallvec![head];
        loop {
            match self.kind() {
                Kind::Dot => parts.push(self.dot_key()?),
                Kind::LBrack => parts.push(self.bracket_key()?),
                Kind::LParen => {
                    let operator_span = covering(place, offset, self.offset());
                    let operator = Term::new(TermKind::Ref(std::mem::take(&mut parts).into_vec()), operator_span);
                    let called = self.call(operator, offset)?;
                    match self.kind() {
                        Kind::Dot | Kind::LBrack => {
                            self.check_ref_head(&called);
                            if !self.grow() {
                                return None;
                            }
                            parts.push(called);
                        }
                        _ => {
                            if self.kind() == Kind::Whitespace {
                                self.scan();
                            }
                            return Some(Term::new(called.kind, covering(place, offset, self.last_end())));
                        }
                    }
                }
                kind => {
                    if kind == Kind::Whitespace {
                        self.scan();
                    }
                    return Some(Term::new(TermKind::Ref(parts.into_vec()), covering(place, offset, self.last_end())));
                }
            }
        }
    }

    fn check_ref_head(&mut self, head: &Term) {
        let allowed = matches!(
            head.kind,
            TermKind::Var(_)
                | TermKind::Array(_)
                | TermKind::Object(_)
                | TermKind::Set(_)
                | TermKind::ArrayComprehension(_)
                | TermKind::ObjectComprehension(_)
                | TermKind::SetComprehension(_)
                | TermKind::Call(_)
        );
        if !allowed {
            self.error(head.span, format!("illegal ref (head cannot be {})", head.kind.name()));
        }
    }

    fn dot_key(&mut self) -> Option<Term> {
        self.scan_space();
        if self.kind() != Kind::Ident && !self.is_name_in_ref(self.kind()) {
            self.illegal("expected identifier");
            return None;
        }
        let place = self.here();
        let key = Term::string(self.name(), place);
        self.scan_space();
        Some(key)
    }

    fn bracket_key(&mut self) -> Option<Term> {
        self.scan();
        let key = self.infix()?;
        if self.kind() != Kind::RBrack {
            self.illegal("expected [");
            return None;
        }
        self.scan_space();
        Some(key)
    }

    /// The operands of a call. `set()` is the empty set.
    fn call(&mut self, operator: Term, offset: u32) -> Option<Term> {
        let place = operator.span;
        let is_set = operator
            .as_ref_parts()
            .is_some_and(|parts| matches!(parts, [Term { kind: TermKind::Var(name), .. }] if &**name == "set"));
        self.scan();
        let kind = if self.kind() == Kind::RParen {
            if is_set { TermKind::Set(Vec::new()) } else { TermKind::Call(vec![operator]) }
        } else {
            TermKind::Call(self.list(Kind::RParen, operator)?)
        };
        let span = covering(place, offset, self.end());
        self.scan_space();
        Some(Term::new(kind, span))
    }

    fn number(&mut self) -> Option<Term> {
        let place = self.here();
        let mut text = String::new();
        if self.kind() == Kind::Sub {
            text.push('-');
            self.scan();
            if !matches!(self.kind(), Kind::Number | Kind::Dot) {
                self.illegal("expected number");
                return None;
            }
        }
        let dotted = self.kind() == Kind::Dot;
        if dotted {
            text.push('.');
            self.scan();
            if self.kind() != Kind::Number {
                self.illegal("expected number");
                return None;
            }
        }
        if !dotted && has_leading_zero(&self.word()) {
            self.illegal("expected number without leading zero");
            return None;
        }
        text.push_str(self.text());
        let ragged = self.token(self.state.at).is_some_and(|token| token.ragged);
        match if ragged { Err(BadNumber::Invalid) } else { check_number(&text) } {
            Ok(()) => Some(Term::new(TermKind::Number(text.into()), place)),
            Err(BadNumber::TooBig) => {
                self.error(self.here(), "number too big");
                None
            }
            Err(BadNumber::Invalid) => {
                self.illegal("invalid float");
                None
            }
        }
    }

    fn string(&mut self) -> Option<Term> {
        let (place, text) = (self.here(), self.text());
        if let Some(raw) = text.strip_prefix('`') {
            return Some(Term::string(raw.strip_suffix('`')?, place));
        }
        let Some(string) = unquote(text) else {
            let message = format!("illegal string literal: {text}");
            self.error(place, message);
            return None;
        };
        Some(Term::string(string, place))
    }
}

/// `data` and `input` alone are references of one part.
fn rooted(head: Term) -> Term {
    let is_root = head.as_var().is_some_and(|name| matches!(&**name, "data" | "input"));
    if is_root {
        let span = head.span;
        return Term::new(TermKind::Ref(vec![head]), span);
    }
    head
}

/// Whether a zero stands before further digits.
fn has_leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', b'.', ..] | [b'0'] | [b'0', b'e' | b'E', _, ..] => false,
        [b'0', ..] => true,
        _ => false,
    }
}
