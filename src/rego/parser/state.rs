//! The parser's state: where it is, what went wrong so far, and what it remembers of terms that it may have to read again.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::super::RegoVersion;
use super::super::ast::{Name, Span, Term};
use super::Problem;
use super::lexer::{Token, Tokens};
use super::token::{FutureKeywords, Kind};

/// How deep brackets may be nested.
pub(super) const MAX_NESTING: u32 = 1_000;
/// How deep a tree may become where brackets are not what nests: `1 + 1 + …`, `f().a().b()…`, `else … else …`. Such a tree can still
/// be dropped on a stack of 2 MiB.
pub(super) const MAX_HEIGHT: u32 = 5_000;

/// What is saved before a reading that may be undone.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The current token.
    pub(super) at: usize,
    /// Whether the white space before it is what is current.
    pub(super) space: bool,
    /// Whether the current word is read as an identifier though it is a keyword.
    pub(super) ident: bool,
    /// How many wildcards were named.
    pub(super) wildcards: u32,
    pub(super) problems: Vec<Problem>,
    pub(super) hints: Vec<String>,
}

/// A term that was read while it may have to be read again, and how things stood after it.
pub(super) struct Remembered {
    pub(super) key: (usize, bool),
    pub(super) term: Term,
    pub(super) height: u32,
    pub(super) after: State,
}

/// How things stood after trying in vain to read a term, and how many problems were known before.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) after: State,
    pub(super) known: usize,
}

/// What is known about places that were read before.
#[derive(Default)]
pub(super) struct Memory {
    /// Terms in the order of their places: a term replaces those inside it.
    pub(super) terms: Vec<Remembered>,
    /// Places where no term can be read, and how things stood after trying.
    pub(super) failures: HashMap<(usize, bool), Failed, RandomState>,
    /// Where OPA remembers to have read a term, in order: one that is read anew makes it forget those behind it. What it has forgotten it
    /// reads again, and reports again what is wrong there.
    pub(super) in_opa: Vec<usize>,
    /// Braces that hold no body.
    pub(super) no_body: HashSet<usize, RandomState>,
    /// How many braces were read as a body since nobody knows where they end.
    pub(super) unsure: u32,
    /// Keywords that are names because a reference follows, as they could begin the body of a comprehension.
    pub(super) names: HashSet<usize, RandomState>,
}

/// The parser.
pub(super) struct Parser<'a> {
    pub(super) source: &'a str,
    pub(super) module: u32,
    pub(super) version: RegoVersion,
    pub(super) tokens: Tokens,
    /// The keywords in force besides those of every version.
    pub(super) keywords: FutureKeywords,
    /// Whether an import's path is read, where such keywords are none.
    pub(super) in_import: bool,
    /// Whether `not` makes bodies.
    pub(super) not_bodies: bool,
    /// Whether this reading only finds out if a keyword is missing.
    pub(super) probing: bool,
    /// How many readings are under way that may be undone with nothing known about their end.
    pub(super) speculating: u32,
    pub(super) memory: Memory,
    /// The names that the source has so far.
    pub(super) names: HashMap<&'a str, Name, RandomState>,
    /// Whether braces are read that are most likely no body.
    pub(super) in_odd_body: bool,
    pub(super) depth: u32,
    /// The height of the tree that is being built.
    pub(super) height: u32,
    /// The error that ends everything: nesting.
    pub(super) fatal: Option<Problem>,
    pub(super) state: State,
}

impl<'a> Parser<'a> {
    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.list.get(at)
    }

    /// The kind of the token at an index, with the keywords in force.
    pub(super) fn kind_at(&self, at: usize) -> Kind {
        let Some(token) = self.token(at) else { return Kind::Eof };
        if token.word == FutureKeywords::NONE {
            return token.kind;
        }
        if self.in_import && token.kind != Kind::Illegal {
            return Kind::Ident;
        }
        if token.kind == Kind::Ident && self.keywords.has(token.word) { token.word.kind() } else { token.kind }
    }

    /// The kind of the current token.
    pub(super) fn kind(&self) -> Kind {
        if self.state.space {
            Kind::Whitespace
        } else if self.state.ident {
            Kind::Ident
        } else {
            self.kind_at(self.state.at)
        }
    }

    /// Goes to the next token.
    pub(super) fn scan(&mut self) {
        if self.state.space {
            self.state.space = false;
        } else {
            self.advance();
        }
        self.arrive();
    }

    /// Goes to the next token, or to the white space before it.
    pub(super) fn scan_space(&mut self) {
        if self.state.space {
            self.scan();
            return;
        }
        self.advance();
        if self.token(self.state.at).is_some_and(|token| token.gap.is_some()) {
            self.state.space = true;
        } else {
            self.arrive();
        }
    }

    fn advance(&mut self) {
        self.state.ident = false;
        if self.state.at + 1 < self.tokens.list.len() {
            self.state.at += 1;
        }
    }

    /// Reports what the lexer found wrong with the token that is now current.
    pub(super) fn arrive(&mut self) {
        let Some(&Token { messages: (from, to), .. }) = self.token(self.state.at) else { return };
        for at in from..to {
            if let Some(message) = self.tokens.messages.get(at).copied() {
                self.error(self.here(), message);
            }
        }
    }

    /// The kind that `scan` would go to.
    pub(super) fn peek(&self) -> Kind {
        self.kind_at(self.state.at + 1)
    }

    /// The kind that `scan_space` would go to.
    pub(super) fn peek_adjacent(&self) -> Kind {
        let next = self.state.at + 1;
        if self.token(next).is_some_and(|token| token.gap.is_some()) { Kind::Whitespace } else { self.kind_at(next) }
    }

    /// Whether a line break stands before the current token.
    pub(super) fn after_newline(&self) -> bool {
        if self.state.space {
            // Of the white space that is current, the first character counts.
            let here = self.here();
            return self.text_of(here) == "\n";
        }
        self.token(self.state.at).is_some_and(|token| token.newline)
    }

    /// The current token's place.
    pub(super) fn here(&self) -> Span {
        let Some(token) = self.token(self.state.at) else { return Span::default() };
        let (offset, row, col, end) = match token.gap.filter(|_| self.state.space) {
            Some((offset, row, col)) => (offset, row, col, offset + 1),
            None => (token.offset, token.row, token.col, token.end),
        };
        Span { module: self.module, row, col, offset, length: end.saturating_sub(offset) }
    }

    /// The offset of the current token.
    pub(super) fn offset(&self) -> u32 {
        self.token(self.state.at).map_or(0, |token| token.offset)
    }

    /// The end of the current token.
    pub(super) fn end(&self) -> u32 {
        self.token(self.state.at).map_or(0, |token| token.end)
    }

    /// The end of the token before.
    pub(super) fn last_end(&self) -> u32 {
        self.state.at.checked_sub(1).and_then(|at| self.token(at)).map_or(0, |token| token.end)
    }

    /// The comments before the current token.
    pub(super) fn comments_so_far(&self) -> &[super::super::ast::Comment] {
        let here = self.here().offset;
        let end = self.tokens.comments.partition_point(|comment| comment.span.offset <= here);
        self.tokens.comments.get(..end).unwrap_or_default()
    }

    /// The place of a module that has no text: none but its name.
    pub(super) fn begin(&self) -> Span {
        Span { module: self.module, ..Span::default() }
    }

    /// The current token's text; of brackets and operators none.
    pub(super) fn text(&self) -> &'a str {
        let Some(token) = self.token(self.state.at) else { return "" };
        let has_text = token.kind.is_base_keyword()
            || matches!(
                token.kind,
                Kind::Ident
                    | Kind::Number
                    | Kind::String
                    | Kind::TemplatePart
                    | Kind::TemplateEnd
                    | Kind::RawTemplatePart
                    | Kind::RawTemplateEnd
            );
        if has_text { self.slice(token.text, token.end) } else { "" }
    }

    /// The current word. OPA counts a part of a longer character behind it to it, which makes it another word; an error follows then.
    pub(super) fn word(&self) -> Cow<'a, str> {
        let is_ragged = self.token(self.state.at).is_some_and(|token| token.ragged);
        if is_ragged { format!("{}\u{fffd}", self.text()).into() } else { self.text().into() }
    }

    /// The current word as a name.
    pub(super) fn name(&mut self) -> Name {
        match self.word() {
            Cow::Borrowed(word) => self.shared(word),
            Cow::Owned(word) => word.into(),
        }
    }

    /// One name for all that are alike in the source.
    pub(super) fn shared(&mut self, text: &'a str) -> Name {
        Name::clone(self.names.entry(text).or_insert_with(|| text.into()))
    }

    /// The source between two offsets.
    pub(super) fn slice(&self, from: u32, to: u32) -> &'a str {
        self.source.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The text of a place.
    pub(super) fn text_of(&self, span: Span) -> &str {
        self.slice(span.offset, span.offset.saturating_add(span.length))
    }

    /// `span` with the text from its begin to the last token read.
    pub(super) fn extend(&self, span: Span) -> Span {
        covering(span, span.offset, self.last_end())
    }

    pub(super) fn save(&self) -> State {
        self.state.clone()
    }

    pub(super) fn restore(&mut self, state: State) {
        self.state = state;
    }

    /// Enters a level of nesting; whether it may.
    pub(super) fn enter(&mut self) -> bool {
        if self.fatal.is_some() {
            return false;
        }
        if self.depth >= MAX_NESTING {
            self.refuse(format!("nested too deeply: more than {MAX_NESTING} levels"));
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Puts one more level on top of the tree that is being built; whether it may.
    pub(super) fn grow(&mut self) -> bool {
        self.height += 1;
        if self.height > MAX_HEIGHT {
            self.refuse(format!("nested too deeply: a chain of more than {MAX_HEIGHT} links"));
        }
        self.fatal.is_none()
    }

    fn refuse(&mut self, message: String) {
        if self.fatal.is_none() {
            self.fatal = Some(Problem::at_token(self.here(), message));
        }
    }

    /// Reports an error, with the hints that were given for it.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        let mut message = message.into();
        let hints = std::mem::take(&mut self.state.hints);
        if !hints.is_empty() {
            let word = if hints.len() == 1 { "hint" } else { "hints" };
            message = format!("{message} ({word}: {})", hints.join(", "));
        }
        self.state.problems.push(Problem::at_token(span, message));
    }

    /// Gives a hint to the next error.
    pub(super) fn hint(&mut self, hint: impl Into<String>) {
        self.state.hints.push(hint.into());
    }

    /// Reports that the current token is not what is expected.
    pub(super) fn illegal(&mut self, note: &str) {
        let kind = self.kind();
        let message = if kind == Kind::Illegal {
            "illegal token".to_owned()
        } else {
            let sort = if kind.is_keyword() { "keyword" } else { "token" };
            let colon = if note.is_empty() { "" } else { ": " };
            format!("unexpected {} {sort}{colon}{note}", kind.name())
        };
        self.error(self.here(), message);
    }

    /// Whether `and` or `or` is a keyword.
    pub(super) fn logical_keywords(&self) -> bool {
        self.keywords.has(FutureKeywords::AND_OR)
    }

    /// Whether `kind` may be a name in a reference though it is a keyword. OPA goes by its name, so `&` and `|` are as `and` and `or`.
    pub(super) fn is_name_in_ref(&self, kind: Kind) -> bool {
        match kind {
            Kind::And | Kind::Or => self.keywords.has(FutureKeywords::of_word(kind.name())),
            _ => kind.is_keyword(),
        }
    }

    /// Reads the current keyword as a name if a reference follows from it at once; whether it did.
    pub(super) fn name_before_ref(&mut self) -> bool {
        let is_ref = self.is_name_in_ref(self.kind()) && matches!(self.peek_adjacent(), Kind::Dot | Kind::LBrack);
        if is_ref {
            self.state.ident = true;
        }
        is_ref
    }

    /// Whether the token at an index is one of `kinds`, with no white space before it.
    pub(super) fn is_adjacent(&self, at: usize, kinds: &[Kind]) -> bool {
        self.token(at).is_some_and(|token| token.gap.is_none()) && kinds.contains(&self.kind_at(at))
    }

    /// Keeps the keyword after an index a name if a reference follows from it. OPA reads it as the begin of a body's expression, and
    /// what it finds there stays a reference when it reads the place as something else.
    pub(super) fn keep_name_after(&mut self, at: usize) {
        let is_name = self.is_name_in_ref(self.kind_at(at + 1)) && self.is_adjacent(at + 2, &[Kind::Dot, Kind::LBrack]);
        if is_name && self.memory.names.insert(at + 1) {
            self.memory.failures.retain(|(begin, _), _| *begin > at + 1);
            self.memory.no_body.retain(|begin| *begin > at + 1);
        }
    }

    /// Forgets terms that no reading will come back to.
    pub(super) fn forget_terms(&mut self) {
        if self.speculating == 0 {
            self.memory.terms.clear();
        }
    }

    /// Runs a reading that knows all keywords and leaves no trace.
    pub(super) fn probe<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.probing {
            return None;
        }
        let state = self.save();
        let keywords = std::mem::replace(&mut self.keywords, FutureKeywords::ALL);
        let memory = std::mem::take(&mut self.memory);
        self.probing = true;
        let result = read(self);
        self.probing = false;
        self.memory = memory;
        self.keywords = keywords;
        self.restore(state);
        Some(result)
    }
}

/// `span` with the text between two offsets.
pub(super) const fn covering(span: Span, from: u32, to: u32) -> Span {
    Span { offset: from, length: to.saturating_sub(from), ..span }
}
