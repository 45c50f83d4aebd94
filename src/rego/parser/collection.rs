//! Arrays, sets, objects and comprehensions.
//!
//! OPA tries `[a | …` as a comprehension and, if a comma stops it, reads it again as a list whose first element is a union. Here
//! the commas and colons up to the closing bracket mostly say which one it is; where they do not, terms are remembered.

use smallvec::{SmallVec, smallvec};

use super::super::ast::{Body, Term, TermKind};
use super::super::order;
use super::state::{Parser, State, covering};
use super::term::PARTS;
use super::token::Kind;

/// What `[a |` may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bar {
    /// A comprehension, or an error.
    Comprehension,
    /// A comprehension or a list.
    Either,
    /// A list whose first element is a union.
    List,
}

/// What stands between a bar and its closing bracket, brackets skipped.
#[derive(Default)]
struct Contents {
    commas: u32,
    /// Whether between some comma and the next there is no `in`.
    comma_without_in: bool,
    /// Whether something is there that no list of terms has.
    statement: bool,
    colon: bool,
    trailing_comma: bool,
}

impl Parser<'_> {
    /// An array or an array comprehension.
    pub(super) fn array(&mut self) -> Option<Term> {
        let (place, open) = (self.here(), self.state.at);
        let kind = self.array_contents(open)?;
        Some(Term::new(kind, covering(place, place.offset, self.end())))
    }

    fn array_contents(&mut self, open: usize) -> Option<TermKind> {
        self.scan();
        if self.kind() == Kind::RBrack {
            return Some(TermKind::Array(Vec::new()));
        }
        let leading_comma = self.skip_comma();
        let start = self.offset();
        let head = self.term()?;
        match self.kind() {
            Kind::RBrack => Some(TermKind::Array(vec![head])),
            Kind::Comma => {
                self.scan();
                Some(TermKind::Array(self.list(Kind::RBrack, head)?))
            }
            Kind::Or if !leading_comma => self.after_bar(open, head, start, Kind::RBrack),
            _ => Some(TermKind::Array(self.list_from(head, start, Kind::RBrack)?)),
        }
    }

    /// A set, an object, or a comprehension of either.
    pub(super) fn set_or_object(&mut self) -> Option<Term> {
        let (place, open) = (self.here(), self.state.at);
        let kind = self.braces_contents(open)?;
        Some(Term::new(kind, covering(place, place.offset, self.end())))
    }

    fn braces_contents(&mut self, open: usize) -> Option<TermKind> {
        self.scan();
        if self.kind() == Kind::RBrace {
            return Some(TermKind::Object(Vec::new()));
        }
        let leading_comma = self.skip_comma();
        let start = self.offset();
        let head = self.term()?;
        match self.kind() {
            Kind::Or if !leading_comma => return self.after_bar(open, head, start, Kind::RBrace),
            Kind::RBrace | Kind::Comma => return self.set(head),
            Kind::Colon => return self.object(open, head, !leading_comma),
            _ => {}
        }
        let head = self.infix_from(head, start)?;
        match self.kind() {
            Kind::RBrace | Kind::Comma => self.set(head),
            Kind::Colon => self.object(open, head, !leading_comma),
            _ => {
                self.illegal("non-terminated set");
                None
            }
        }
    }

    /// A comma before the first element, which OPA allows.
    fn skip_comma(&mut self) -> bool {
        let found = self.kind() == Kind::Comma;
        if found {
            self.scan();
        }
        found
    }

    fn set(&mut self, head: Term) -> Option<TermKind> {
        if self.kind() == Kind::RBrace {
            return Some(TermKind::Set(vec![head]));
        }
        self.scan();
        Some(set_of(self.list(Kind::RBrace, head)?))
    }

    /// What `[head |` or `{head |` goes on to be.
    fn after_bar(&mut self, open: usize, head: Term, start: u32, end: Kind) -> Option<TermKind> {
        let bar = self.what_bar_begins(open);
        let before_bar = self.save();
        if bar != Bar::List {
            self.speculating += u32::from(bar == Bar::Either);
            let body = self.comprehension_body(end);
            self.speculating -= u32::from(bar == Bar::Either);
            if let Some(body) = body {
                self.forget_terms();
                return Some(comprehension(head, body, end));
            }
            if self.kind() != Kind::Comma {
                return None;
            }
            self.restore(before_bar.clone());
        }
        self.keep_name_after(self.state.at);
        let terms = self.list_from(head, start, end);
        self.forget_terms();
        if terms.is_none() && bar == Bar::List {
            self.explain_list(before_bar, end);
        }
        let terms = terms?;
        Some(if end == Kind::RBrack { TermKind::Array(terms) } else { set_of(terms) })
    }

    /// After a list that is none: OPA took it for a comprehension first, and reports what is wrong with that, unless a comma is.
    fn explain_list(&mut self, before_bar: State, end: Kind) {
        let failed = self.save();
        self.restore(before_bar);
        if self.comprehension_body(end).is_some() || self.kind() == Kind::Comma {
            self.restore(failed);
        }
    }

    fn comprehension_body(&mut self, end: Kind) -> Option<Body> {
        self.scan();
        self.query(false, end, true)
    }

    fn what_bar_begins(&self, open: usize) -> Bar {
        let contents = self.contents(open);
        match contents {
            Contents { commas: 0, .. } | Contents { statement: true, .. } => Bar::Comprehension,
            Contents { comma_without_in: true, .. } => Bar::List,
            _ => Bar::Either,
        }
    }

    /// Looks at what stands between the current token and the end of the bracket that `open` opens.
    fn contents(&self, open: usize) -> Contents {
        let mut contents = Contents::default();
        let Some(close) = self.token(open).and_then(super::lexer::Token::mate) else { return contents };
        let (mut at, mut has_in) = (self.state.at + 1, true);
        while at < close {
            let kind = self.kind_at(at);
            contents.trailing_comma = kind == Kind::Comma;
            match kind {
                Kind::Comma => {
                    contents.commas += 1;
                    contents.comma_without_in |= !has_in;
                    has_in = false;
                }
                Kind::In => has_in = true,
                Kind::Colon => contents.colon = true,
                Kind::Semicolon | Kind::Assign | Kind::Unify | Kind::Some | Kind::Every => contents.statement = true,
                _ => {}
            }
            at = self.token(at).and_then(super::lexer::Token::mate).unwrap_or(at) + 1;
        }
        contents.comma_without_in |= !has_in;
        contents
    }

    /// What follows the first key of an object, at its colon.
    fn object(&mut self, open: usize, key: Term, may_be_comprehension: bool) -> Option<TermKind> {
        self.scan();
        let start = self.offset();
        let value = self.term()?;
        if may_be_comprehension && self.kind() == Kind::Or {
            let contents = self.contents(open);
            let after_value = self.save();
            if !contents.colon && !contents.trailing_comma {
                if let Some(body) = self.comprehension_body(Kind::RBrace) {
                    return Some(TermKind::ObjectComprehension(Box::new((key, value, body))));
                }
                self.restore(after_value);
            }
            self.keep_name_after(self.state.at);
        } else if may_be_comprehension && matches!(self.kind(), Kind::RBrace | Kind::Comma) {
            return self.pairs(key, value);
        }
        let value = self.infix_from(value, start)?;
        if matches!(self.kind(), Kind::RBrace | Kind::Comma) {
            return self.pairs(key, value);
        }
        self.illegal("non-terminated object");
        None
    }

    /// The pairs after the first one.
    fn pairs(&mut self, key: Term, value: Term) -> Option<TermKind> {
        let mut pairs = vec![(key, value)];
        while self.kind() != Kind::RBrace {
            if self.kind() != Kind::Comma {
                self.illegal(r#"expected "," or "}""#);
                return None;
            }
            self.scan();
            if self.kind() == Kind::RBrace {
                break;
            }
            let key = self.infix_in_list()?;
            if self.kind() != Kind::Colon {
                self.illegal(r#"expected ":""#);
                return None;
            }
            self.scan();
            pairs.push((key, self.infix_in_list()?));
        }
        Some(TermKind::Object(pairs))
    }

    /// The terms up to `end`, after one that is there.
    pub(super) fn list(&mut self, end: Kind, first: Term) -> Option<Vec<Term>> {
        let mut terms: SmallVec<[Term; PARTS]> = smallvec![first];
        while self.kind() != end {
            terms.push(self.infix_in_list()?);
            if !self.another(end)? {
                break;
            }
        }
        let mut terms = terms.into_vec();
        terms.shrink_to_fit();
        Some(terms)
    }

    /// A list whose first operand, which begins at `start`, was read already.
    fn list_from(&mut self, first: Term, start: u32, end: Kind) -> Option<Vec<Term>> {
        let first = self.infix_from(first, start)?;
        if self.another(end)? { self.list(end, first) } else { Some(vec![first]) }
    }

    /// After an element: whether a comma follows, and not the end.
    fn another(&mut self, end: Kind) -> Option<bool> {
        match self.kind() {
            kind if kind == end => Some(false),
            Kind::Comma => {
                self.scan();
                Some(self.kind() != end)
            }
            _ => {
                self.illegal(&format!(r#"expected "," or "{}""#, end.name()));
                None
            }
        }
    }
}

fn comprehension(head: Term, body: Body, end: Kind) -> TermKind {
    let parts = Box::new((head, body));
    if end == Kind::RBrack { TermKind::ArrayComprehension(parts) } else { TermKind::SetComprehension(parts) }
}

/// A set: of members that are written alike the first stays, and is evaluated once.
fn set_of(mut members: Vec<Term>) -> TermKind {
    order::drop_repeated(&mut members);
    TermKind::Set(members)
}
