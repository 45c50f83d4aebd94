//! Takes tokens one by one, as OPA's parser does: what is refused, and where, follows from when it looks ahead.

mod definitions;
mod extensions;
mod literals;
mod operations;

use std::borrow::Cow;

use super::super::super::value::quote;
use super::super::{Context, Failure};
use super::ast::{Comment, CommentGroup, QueryDocument, SchemaDocument};
use super::error::{Error, Position, Refusal};
use super::lexer::{Kind, Lexer, Token};

/// Comments that a part of a document carries.
type Comments = Option<Box<CommentGroup>>;

/// Why parsing ended.
#[derive(Debug)]
pub(super) enum Halt {
    Wrong(Error),
    TooDeep,
}

impl From<Halt> for Refusal {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Wrong(error) => error.into(),
            Halt::TooDeep => Self::TooDeep,
        }
    }
}

type Parsed<T> = Result<T, Halt>;

/// A reader of tokens with one of them ahead.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    ahead: Option<Token<'t>>,
    previous: Token<'t>,
    /// The comments before the token ahead.
    comments: Comments,
    depth: usize,
    /// So deep may parts be in each other.
    limit: usize,
}

/// Charges what a text of that length may become: a byte and a space may be a field.
fn charge(ctx: &mut Context<'_>, text: &[u8]) -> Result<(), Failure> {
    ctx.charge(text.len() / 2 + 1)?;
    ctx.reserve(text.len().saturating_mul(64))
}

/// The query that a text is.
pub(super) fn query(ctx: &mut Context<'_>, text: &[u8], limit: usize) -> Result<QueryDocument, Refusal> {
    charge(ctx, text)?;
    Ok(Parser::new(text, false, limit).query_document()?)
}

/// The schema that a text is.
pub(super) fn schema(ctx: &mut Context<'_>, text: &[u8], limit: usize) -> Result<SchemaDocument, Refusal> {
    charge(ctx, text)?;
    Ok(Parser::new(text, false, limit).schema_document()?)
}

/// What every schema has, by our text of it.
pub(super) fn built_in(text: &[u8]) -> SchemaDocument {
    let mut document = Parser::new(text, true, usize::MAX).schema_document().unwrap_or_default();
    document.definitions.iter_mut().for_each(|definition| definition.built_in = true);
    document
}

impl<'t> Parser<'t> {
    fn new(text: &'t [u8], built_in: bool, limit: usize) -> Self {
        let at = Position { line: 0, column: 0, built_in: false };
        let previous = Token { kind: Kind::Invalid, value: Cow::Borrowed(""), at, problem: None };
        Self { lexer: Lexer::new(text, built_in), ahead: None, previous, comments: None, depth: 0, limit }
    }

    /// The token ahead, past comments, which are kept.
    fn peek(&mut self) -> &Token<'t> {
        if self.ahead.is_none() {
            let mut token = self.lexer.read();
            let mut list = Vec::new();
            while token.kind == Kind::Comment {
                list.push(Comment { value: token.value.into_owned(), at: Some(token.at) });
                token = self.lexer.read();
            }
            if !list.is_empty() {
                self.comments = Some(Box::new(CommentGroup { list, at: None }));
            }
            self.ahead = Some(token);
        }
        // It was just put there.
        self.ahead.as_ref().unwrap_or(&self.previous)
    }

    fn kind(&mut self) -> Kind {
        self.peek().kind
    }

    fn at(&mut self) -> Option<Position> {
        Some(self.peek().at)
    }

    /// Whether the token ahead is spelled so, a string included.
    fn spells(&mut self, text: &str) -> bool {
        self.peek().value == text
    }

    /// Takes the token ahead.
    fn next(&mut self) -> Parsed<Token<'t>> {
        self.peek();
        let token = self.ahead.take().unwrap_or_else(|| self.previous.clone());
        self.comments = None;
        self.previous = token.clone();
        match token.problem {
            Some(problem) => Err(Halt::Wrong(problem)),
            None => Ok(token),
        }
    }

    fn refuse<T>(at: Position, problem: String) -> Parsed<T> {
        Err(Halt::Wrong(Error::at(Some(at), problem)))
    }

    fn unexpected_token<T>(token: &Token<'_>) -> Parsed<T> {
        Self::refuse(token.at, format!("Unexpected {}", described(token)))
    }

    fn unexpected<T>(&mut self) -> Parsed<T> {
        Self::unexpected_token(self.peek())
    }

    fn expect(&mut self, kind: Kind) -> Parsed<Token<'t>> {
        let token = self.peek();
        if token.kind != kind {
            let problem = format!("Expected {}, found {}", kind.text(), token.kind.text());
            return Self::refuse(token.at, problem);
        }
        self.next()
    }

    /// A keyword; the comments before it.
    fn keyword(&mut self, word: &str) -> Parsed<Comments> {
        let token = self.peek();
        if token.kind != Kind::Name || token.value != word {
            let problem = format!("Expected {}, found {}", quote(word.as_bytes()), described(token));
            return Self::refuse(token.at, problem);
        }
        let comments = self.comments.take();
        self.next()?;
        Ok(comments)
    }

    fn name(&mut self) -> Parsed<String> {
        Ok(self.expect(Kind::Name)?.value.into_owned())
    }

    fn skip(&mut self, kind: Kind) -> Parsed<bool> {
        if self.kind() != kind {
            return Ok(false);
        }
        self.next()?;
        Ok(true)
    }

    /// Parts between two tokens, if the first is there.
    fn many<T>(&mut self, start: Kind, end: Kind, part: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut parts = Vec::new();
        if self.skip(start)? {
            while self.kind() != end {
                parts.push(part(self)?);
            }
            self.next()?;
        }
        Ok(parts)
    }

    /// As [`Self::many`], but not none; with the comments before the end.
    fn some<T>(&mut self, start: Kind, end: Kind, part: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<(Vec<T>, Comments)> {
        let mut parts = Vec::new();
        if !self.skip(start)? {
            return Ok((parts, None));
        }
        while self.kind() != end {
            parts.push(part(self)?);
        }
        if parts.is_empty() {
            let token = self.peek();
            let problem = format!("expected at least one definition, found {}", token.kind.text());
            return Self::refuse(token.at, problem);
        }
        let comments = self.comments.take();
        self.next()?;
        Ok((parts, comments))
    }

    /// Parses a part that may hold others of its kind.
    fn deeper<T>(&mut self, part: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > self.limit {
            return Err(Halt::TooDeep);
        }
        let parsed = part(self)?;
        self.depth -= 1;
        Ok(parsed)
    }
}

/// A token as messages name it: what it is, and how it is spelled.
fn described(token: &Token<'_>) -> String {
    if token.value.is_empty() {
        return token.kind.text().to_owned();
    }
    format!("{} {}", token.kind.text(), quote(token.value.as_bytes()))
}
