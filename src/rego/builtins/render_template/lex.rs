//! Text to tokens, by the rules of Go's `text/template/parse/lex.go`.

use super::super::utf8;
use super::literal::code_point;
use crate::unicode::{is_digit, is_letter};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text is the error.
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RightDelimiter,
    RightParen,
    Space,
    Text,
    /// In double quotes or in backquotes.
    Quoted,
    Variable,
    Dot,
    Nil,
    Keyword(Keyword),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// A token: where it begins, its text, and the line that it begins in.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    pub(super) text: Box<[u8]>,
    pub(super) line: usize,
}

/// All tokens but the last, and the last: the end, or an error.
pub(super) fn tokens(text: &[u8]) -> (Vec<Token>, Token) {
    let mut lexer = Lexer { text, at: 0, start: 0, line: 1, start_line: 1, parens: 0, tokens: Vec::new(), last: None };
    let mut state = Some(State::Text);
    while let Some(current) = state {
        state = lexer.step(current);
    }
    let end = Token { kind: Kind::Eof, at: text.len(), text: Box::default(), line: lexer.line };
    (std::mem::take(&mut lexer.tokens), lexer.last.unwrap_or(end))
}

/// So deep may controls and parentheses be in each other on the caller's stack.
const SHALLOW: usize = 8;

/// Whether a template may need more than the caller's stack: it nests, its chains of `else if` included, or calls templates, which may call themselves.
pub(super) fn is_deep(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match token.kind {
            Kind::Keyword(Keyword::Template | Keyword::Block | Keyword::Define) => return true,
            Kind::Keyword(Keyword::If | Keyword::Range | Keyword::With) | Kind::LeftParen => depth += 1,
            Kind::Keyword(Keyword::End) | Kind::RightParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > SHALLOW {
            return true;
        }
    }
    false
}

#[derive(Clone, Copy)]
enum State {
    Text,
    Inside,
}

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    tokens: Vec<Token>,
    last: Option<Token>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";
/// A minus and the space on its outer side.
const TRIM: usize = 2;

impl Lexer<'_> {
    fn step(&mut self, state: State) -> Option<State> {
        match state {
            State::Text => self.text(),
            State::Inside => self.inside(),
        }
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        let rest = self.rest();
        (!rest.is_empty()).then(|| utf8::decode(rest).0)
    }

    fn next(&mut self) -> Option<char> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (c, length) = utf8::decode(rest);
        self.at += length;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn emit(&mut self, kind: Kind) {
        let text = self.text.get(self.start..self.at).unwrap_or_default().into();
        self.tokens.push(Token { kind, at: self.start, text, line: self.start_line });
        self.start = self.at;
        self.start_line = self.line;
    }

    fn emit_inside(&mut self, kind: Kind) -> Option<State> {
        self.emit(kind);
        Some(State::Inside)
    }

    fn error(&mut self, problem: impl Into<String>) -> Option<State> {
        let text = problem.into().into_bytes().into();
        self.last = Some(Token { kind: Kind::Error, at: self.start, text, line: self.start_line });
        None
    }

    /// Counts the lines of what is skipped.
    fn skip_to(&mut self, at: usize) {
        self.count_lines(at);
        self.at = at;
        self.start = at;
        self.start_line = self.line;
    }

    fn count_lines(&mut self, to: usize) {
        self.line += memchr::memchr_iter(b'\n', self.text.get(self.start..to).unwrap_or_default()).count();
    }

    fn text(&mut self) -> Option<State> {
        let Some(found) = memchr::memmem::find(self.rest(), LEFT) else {
            self.count_lines(self.text.len());
            self.at = self.text.len();
            if self.at > self.start {
                self.emit(Kind::Text);
            }
            self.last = Some(Token { kind: Kind::Eof, at: self.at, text: Box::default(), line: self.line });
            return None;
        };
        let delimiter = self.at + found;
        let before = self.text.get(self.at..delimiter).unwrap_or_default();
        let trims = has_left_trim(self.text.get(delimiter + LEFT.len()..).unwrap_or_default());
        let kept = if trims { trimmed_end(before) } else { before.len() };
        if found > 0 {
            self.count_lines(self.start + kept);
            self.at = self.start + kept;
            if kept > 0 {
                self.emit(Kind::Text);
            }
            self.start = self.at;
            self.skip_to(delimiter);
        }
        self.left_delimiter(trims)
    }

    fn left_delimiter(&mut self, trims: bool) -> Option<State> {
        self.at += LEFT.len();
        let marker = if trims { TRIM } else { 0 };
        if self.text.get(self.at + marker..).is_some_and(|rest| rest.starts_with(b"/*")) {
            self.skip_to(self.at + marker);
            return self.comment();
        }
        self.emit(Kind::LeftDelimiter);
        self.skip_to(self.at + marker);
        self.parens = 0;
        Some(State::Inside)
    }

    fn comment(&mut self) -> Option<State> {
        let Some(found) = memchr::memmem::find(self.text.get(self.at + 2..).unwrap_or_default(), b"*/") else {
            return self.error("unclosed comment");
        };
        self.at += 2 + found + 2;
        let Some(trims) = self.at_right_delimiter() else { return self.error("comment ends before closing delimiter") };
        let end = self.at + RIGHT.len() + if trims { TRIM } else { 0 };
        self.skip_to(end + if trims { self.leading_space(end) } else { 0 });
        Some(State::Text)
    }

    /// Whether an action ends here, and whether it trims what follows.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest.get(TRIM..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn leading_space(&self, at: usize) -> usize {
        self.text.get(at..).unwrap_or_default().iter().take_while(|byte| is_space(char::from(**byte))).count()
    }

    fn right_delimiter(&mut self, trims: bool) -> Option<State> {
        if trims {
            self.skip_to(self.at + TRIM);
        }
        self.at += RIGHT.len();
        self.emit(Kind::RightDelimiter);
        if trims {
            self.skip_to(self.at + self.leading_space(self.at));
        }
        Some(State::Text)
    }

    fn inside(&mut self) -> Option<State> {
        if let Some(trims) = self.at_right_delimiter() {
            return if self.parens == 0 { self.right_delimiter(trims) } else { self.error("unclosed left paren") };
        }
        let Some(c) = self.next() else { return self.error("unclosed action") };
        match c {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            '=' => self.emit_inside(Kind::Assign),
            ':' => {
                if self.next() == Some('=') {
                    self.emit_inside(Kind::Declare)
                } else {
                    self.error("expected :=")
                }
            }
            '|' => self.emit_inside(Kind::Pipe),
            '"' => self.quoted('"', Kind::Quoted, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.raw(),
            '$' => self.name(Kind::Variable),
            '.' if !self.rest().is_empty() && !self.rest().first().is_some_and(u8::is_ascii_digit) => self.name(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => {
                self.at -= 1;
                self.number()
            }
            '(' => {
                self.parens += 1;
                self.emit_inside(Kind::LeftParen)
            }
            ')' => match self.parens.checked_sub(1) {
                Some(parens) => {
                    self.parens = parens;
                    self.emit_inside(Kind::RightParen)
                }
                None => self.error("unexpected right paren"),
            },
            c if is_alphanumeric(c) => self.word(),
            ' '..='~' => self.emit_inside(Kind::Char),
            c => self.error(format!("unrecognized character in action: {}", code_point(c))),
        }
    }

    /// A run of spaces, but for the one that belongs to a delimiter that trims.
    fn space(&mut self) -> Option<State> {
        let mut spaces = 1;
        while self.peek().is_some_and(is_space) {
            self.next();
            spaces += 1;
        }
        let last = self.text.get(self.at - 1..).unwrap_or_default();
        if has_right_trim(last) && last.get(TRIM..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            self.at -= 1;
            self.line -= usize::from(last.first() == Some(&b'\n'));
            if spaces == 1 {
                return self.right_delimiter(true);
            }
        }
        self.emit_inside(Kind::Space)
    }

    fn word(&mut self) -> Option<State> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match self.text.get(self.start..self.at).unwrap_or_default() {
            b"true" | b"false" => Kind::Bool,
            b"nil" => Kind::Nil,
            b"block" => Kind::Keyword(Keyword::Block),
            b"break" => Kind::Keyword(Keyword::Break),
            b"continue" => Kind::Keyword(Keyword::Continue),
            b"define" => Kind::Keyword(Keyword::Define),
            b"else" => Kind::Keyword(Keyword::Else),
            b"end" => Kind::Keyword(Keyword::End),
            b"if" => Kind::Keyword(Keyword::If),
            b"range" => Kind::Keyword(Keyword::Range),
            b"template" => Kind::Keyword(Keyword::Template),
            b"with" => Kind::Keyword(Keyword::With),
            _ => Kind::Identifier,
        };
        self.emit_inside(kind)
    }

    /// A field or a variable, whose first character was read.
    fn name(&mut self, kind: Kind) -> Option<State> {
        if self.at_terminator() {
            return self.emit_inside(if kind == Kind::Field { Kind::Dot } else { kind });
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if self.at_terminator() { self.emit_inside(kind) } else { self.bad_character() }
    }

    fn bad_character(&mut self) -> Option<State> {
        let c = self.peek().unwrap_or_default();
        self.error(format!("bad character {}", code_point(c)))
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        self.peek().is_none_or(|c| is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '('))
            || self.rest().starts_with(RIGHT)
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Option<State> {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.error(unterminated);
                    }
                }
                None | Some('\n') => return self.error(unterminated),
                Some(c) if c == quote => return self.emit_inside(kind),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Option<State> {
        loop {
            match self.next() {
                None => return self.error("unterminated raw quoted string"),
                Some('`') => return self.emit_inside(Kind::Quoted),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Option<State> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.peek(), Some('+' | '-')) {
            return self.emit_inside(Kind::Number);
        }
        let scanned = self.scan_number();
        let imaginary = self.text.get(self.start..self.at).is_some_and(|text| text.ends_with(b"i"));
        if scanned && imaginary { self.emit_inside(Kind::Complex) } else { self.bad_number() }
    }

    fn bad_number(&mut self) -> Option<State> {
        let text = crate::rego::value::quote(self.text.get(self.start..self.at).unwrap_or_default());
        self.error(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            digits = if self.accept(b"xX") {
                b"0123456789abcdefABCDEF_"
            } else if self.accept(b"oO") {
                b"01234567_"
            } else if self.accept(b"bB") {
                b"01_"
            } else {
                digits
            };
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let accepts = self.rest().first().is_some_and(|byte| valid.contains(byte));
        self.at += usize::from(accepts);
        accepts
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || is_letter(c) || is_digit(c)
}

fn has_left_trim(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if is_space(char::from(*space)))
}

fn has_right_trim(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if is_space(char::from(*space)))
}

/// How much of a text is left without the spaces at its end.
fn trimmed_end(text: &[u8]) -> usize {
    text.iter().rposition(|byte| !is_space(char::from(*byte))).map_or(0, |last| last + 1)
}
