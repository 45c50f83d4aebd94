//! Splits a source into tokens, all at once: brackets are matched here, so that the parser can look ahead instead of back.
//!
//! Rows, columns and what is illegal are as OPA's scanner has them, its one character of lookahead included: an illegal character
//! spoils the token before it.

use super::super::ast::{Comment, Span};
use super::token::{FutureKeywords, Kind, base_keyword};

/// No index.
const NONE: usize = usize::MAX;

/// As many bytes of a source have a token at least, as a rule.
const BYTES_PER_TOKEN: usize = 4;
/// For more tokens than this no room is made ahead: a long source may be one comment.
const MAX_TOKENS_AHEAD: usize = 1 << 14;

/// A token, with what lies between it and the one before.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The bit of a word that imports make a keyword.
    pub(super) word: FutureKeywords,
    pub(super) row: u32,
    pub(super) col: u32,
    pub(super) offset: u32,
    pub(super) end: u32,
    /// Where its text begins: after the `$` of a template string; at the `}` before a further part of one.
    pub(super) text: u32,
    /// Where white space before it begins: offset, row and column.
    pub(super) gap: Option<(u32, u32, u32)>,
    /// Whether a line break stands before it; whether comments do.
    pub(super) newline: bool,
    pub(super) comments: bool,
    /// Whether a character of several bytes follows at once: OPA counts its first bytes to the text.
    pub(super) ragged: bool,
    /// What is wrong with it: a range of `Tokens::messages`.
    pub(super) messages: (usize, usize),
    /// The token that closes it, if it opens something.
    mate: usize,
}

impl Token {
    /// The index of the token that closes this one.
    pub(super) fn mate(&self) -> Option<usize> {
        (self.mate != NONE).then_some(self.mate)
    }
}

/// A source's tokens; the last one is `Eof`.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    pub(super) comments: Vec<Comment>,
    pub(super) messages: Vec<&'static str>,
    /// Whether a bracket is not closed, or closes nothing: which belongs to which is a guess then.
    pub(super) unbalanced: bool,
}

/// Something open: a bracket, or a template string at one of its expressions.
struct Open {
    token: usize,
    kind: Kind,
}

/// Splits `source`.
pub(super) fn split(source: &str, module: u32) -> Tokens {
    let mut lexer = Lexer {
        source,
        module,
        offset: 0,
        row: 1,
        col: 0,
        width: 1,
        current: None,
        errors: Vec::new(),
        gap: None,
        newline: false,
        commented: false,
        open: Vec::new(),
        resume: None,
        out: Tokens::default(),
    };
    lexer.out.list.reserve((source.len() / BYTES_PER_TOKEN).min(MAX_TOKENS_AHEAD));
    lexer.next();
    if lexer.current == Some('\u{feff}') {
        lexer.next();
    }
    while lexer.token() {}
    lexer.out.unbalanced |= !lexer.open.is_empty();
    lexer.out
}

pub(super) struct Lexer<'a> {
    source: &'a str,
    module: u32,
    /// Behind the current character.
    offset: usize,
    row: u32,
    col: u32,
    width: usize,
    pub(super) current: Option<char>,
    pub(super) errors: Vec<&'static str>,
    gap: Option<(u32, u32, u32)>,
    newline: bool,
    commented: bool,
    open: Vec<Open>,
    /// Whether a template string goes on here, and whether a raw one.
    resume: Option<bool>,
    out: Tokens,
}

/// The place where a token begins.
#[derive(Clone, Copy)]
struct Place {
    offset: usize,
    text: usize,
    row: u32,
    col: u32,
}

fn is_letter(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
}

fn is_decimal(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit())
}

/// A decimal digit of any script.
fn is_digit(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit() || (!c.is_ascii() && super::digits::is_decimal_digit(c)))
}

impl Lexer<'_> {
    pub(super) fn next(&mut self) {
        let c = match self.source.as_bytes().get(self.offset) {
            Some(byte) if byte.is_ascii() => char::from(*byte),
            _ => {
                let Some(c) = self.source.get(self.offset..).and_then(|rest| rest.chars().next()) else {
                    self.current = None;
                    self.offset = self.source.len() + 1;
                    return;
                };
                c
            }
        };
        if c == '\0' {
            self.errors.push("illegal null character");
        } else if c == '\u{feff}' && self.offset > 0 {
            self.errors.push("illegal byte-order mark");
        }
        self.width = c.len_utf8();
        self.offset += self.width;
        self.current = Some(c);
        if c == '\n' {
            self.row += 1;
            self.col = 0;
        } else {
            self.col += 1;
        }
    }

    /// Passes over the characters of one byte that follow the current one in its row.
    fn skip(&mut self, is_passed: impl Fn(u8) -> bool) {
        let rest = self.source.as_bytes().get(self.offset..).unwrap_or_default();
        let passed = rest.iter().take_while(|byte| is_passed(**byte)).count();
        self.offset += passed;
        self.col += index(passed);
    }

    /// The offset of the current character.
    fn here(&self) -> usize {
        if self.current.is_none() { self.source.len() } else { self.offset - self.width }
    }

    /// Reads one token, one run of white space or one comment; whether more follow.
    fn token(&mut self) -> bool {
        let here = self.here();
        let mut place = Place { offset: here, text: here, row: self.row, col: self.col };
        if let Some(raw) = self.resume.take() {
            place.text = here.saturating_sub(1);
            let kind = self.template(raw);
            self.emit(kind, place);
            return true;
        }
        match self.current {
            Some(c @ (' ' | '\t' | '\n' | '\r')) => self.whitespace(c, place),
            None => {
                self.emit(Kind::Eof, place);
                return false;
            }
            Some('#') => self.comment(place),
            Some(_) if is_letter(self.current) => {
                while is_letter(self.current) || is_digit(self.current) {
                    self.skip(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                    self.next();
                }
                self.word(place);
            }
            Some('0'..='9') => {
                self.number();
                self.emit(Kind::Number, place);
            }
            Some(c) => {
                self.next();
                let kind = self.mark(c, &mut place);
                self.emit(kind, place);
            }
        }
        true
    }

    fn whitespace(&mut self, c: char, place: Place) {
        self.next();
        if self.errors.is_empty() {
            self.gap = self.gap.or(Some((index(place.offset), place.row, place.col)));
            self.newline |= c == '\n';
            // Of a run of blanks the last one is seen: what follows may spoil it.
            if matches!(self.current, Some(' ' | '\t')) {
                self.skip(|byte| matches!(byte, b' ' | b'\t'));
            }
        } else {
            self.emit(Kind::Illegal, place);
        }
    }

    fn comment(&mut self, place: Place) {
        while self.current.is_some_and(|c| c != '\n') {
            self.next();
        }
        if !self.errors.is_empty() {
            self.emit(Kind::Illegal, place);
            return;
        }
        let end = self.here();
        let mut text = self.source.get(place.offset + 1..end).unwrap_or_default();
        if text == "\r" {
            text = "";
        }
        while text.len() > 1 && text.ends_with('\r') {
            text = text.get(..text.len() - 1).unwrap_or_default();
        }
        let span = self.span(place, end);
        self.out.comments.push(Comment { text: text.into(), span });
        self.commented = true;
    }

    fn word(&mut self, place: Place) {
        let ragged = self.is_ragged();
        let word = self.source.get(place.offset..self.here()).unwrap_or_default();
        let future = if ragged { FutureKeywords::NONE } else { FutureKeywords::of_word(word) };
        let kind = if ragged { None } else { base_keyword(word) };
        self.emit(kind.unwrap_or(Kind::Ident), place);
        if let Some(token) = self.out.list.last_mut() {
            token.word = future;
        }
    }

    fn number(&mut self) {
        while is_decimal(self.current) {
            self.next();
        }
        if self.current == Some('.') {
            self.next();
            self.digits("expected fraction");
        }
        if matches!(self.current, Some('e' | 'E')) {
            self.next();
            if matches!(self.current, Some('+' | '-')) {
                self.next();
            }
            self.digits("expected exponent");
        }
        if is_letter(self.current) {
            self.errors.push("illegal number format");
            while is_letter(self.current) || is_digit(self.current) {
                self.next();
            }
        }
    }

    fn digits(&mut self, missing: &'static str) {
        if !is_decimal(self.current) {
            self.errors.push(missing);
        }
        while is_decimal(self.current) {
            self.next();
        }
    }

    /// What begins with `c`, which was read.
    fn mark(&mut self, c: char, place: &mut Place) -> Kind {
        match c {
            '"' => self.string(),
            '`' => self.raw_string(),
            '[' => Kind::LBrack,
            ']' => Kind::RBrack,
            '{' => Kind::LBrace,
            '}' => Kind::RBrace,
            '(' => Kind::LParen,
            ')' => Kind::RParen,
            ',' => Kind::Comma,
            ':' => self.either(Kind::Assign, Kind::Colon),
            '+' => Kind::Add,
            '-' => Kind::Sub,
            '*' => Kind::Mul,
            '/' => Kind::Quo,
            '%' => Kind::Rem,
            '&' => Kind::And,
            '|' => Kind::Or,
            '=' => self.either(Kind::Equal, Kind::Unify),
            '>' => self.either(Kind::Gte, Kind::Gt),
            '<' => self.either(Kind::Lte, Kind::Lt),
            '!' => {
                let kind = self.either(Kind::Neq, Kind::Illegal);
                if kind == Kind::Illegal {
                    self.errors.push("illegal ! character");
                }
                kind
            }
            ';' => Kind::Semicolon,
            '.' => Kind::Dot,
            '$' => self.dollar(place),
            '\u{a0}' => {
                self.errors.push("illegal non-breaking space character, use a regular space instead");
                Kind::Illegal
            }
            _ => Kind::Illegal,
        }
    }

    /// `long` if an `=` follows, or `short`.
    fn either(&mut self, long: Kind, short: Kind) -> Kind {
        if self.current != Some('=') {
            return short;
        }
        self.next();
        long
    }

    fn dollar(&mut self, place: &mut Place) -> Kind {
        let raw = match self.current {
            Some('`') => true,
            Some('"') => false,
            _ => {
                self.errors.push("illegal $ character");
                return Kind::Illegal;
            }
        };
        place.text = place.offset + 1;
        self.next();
        self.template(raw)
    }

    fn span(&self, place: Place, end: usize) -> Span {
        Span {
            module: self.module,
            row: place.row,
            col: place.col,
            offset: index(place.offset),
            length: index(end.saturating_sub(place.offset)),
        }
    }

    fn is_ragged(&self) -> bool {
        self.current.is_some_and(|c| !c.is_ascii())
    }

    fn emit(&mut self, kind: Kind, place: Place) {
        let from = self.out.messages.len();
        if !self.errors.is_empty() {
            self.out.messages.append(&mut self.errors);
        }
        let to = self.out.messages.len();
        let kind = if to > from { Kind::Illegal } else { kind };
        self.out.list.push(Token {
            kind,
            word: FutureKeywords::NONE,
            row: place.row,
            col: place.col,
            offset: index(place.offset),
            end: index(self.here()),
            text: index(place.text),
            gap: self.gap.take(),
            newline: std::mem::take(&mut self.newline),
            comments: std::mem::take(&mut self.commented),
            ragged: self.is_ragged(),
            messages: (from, to),
            mate: NONE,
        });
        self.bracket(kind);
    }

    /// Keeps what is open, and matches what closes.
    fn bracket(&mut self, kind: Kind) {
        let token = self.out.list.len().saturating_sub(1);
        let opens = match kind {
            Kind::LBrack | Kind::LBrace | Kind::LParen | Kind::TemplatePart | Kind::RawTemplatePart => {
                self.open.push(Open { token, kind });
                return;
            }
            Kind::RBrack => [Kind::LBrack; 3],
            Kind::RParen => [Kind::LParen; 3],
            Kind::RBrace => [Kind::LBrace, Kind::TemplatePart, Kind::RawTemplatePart],
            _ => return,
        };
        let Some(open) = self.open.pop_if(|open| opens.contains(&open.kind)) else {
            self.out.unbalanced = true;
            return;
        };
        if let Some(opener) = self.out.list.get_mut(open.token) {
            opener.mate = token;
        }
        if open.kind != Kind::LBrace && kind == Kind::RBrace {
            self.resume = Some(open.kind == Kind::RawTemplatePart);
        }
    }
}

/// An offset as the tree has it. Longer sources are refused before they come here.
fn index(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
