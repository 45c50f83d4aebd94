//! GraphQL's tokens, one at a time. Lines, columns and refusals are those of OPA's lexer, its quirks included: they are in messages.

use std::borrow::Cow;

use super::super::utf8;
use super::block::block_text;
use super::error::{Error, Position};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    End,
    Bang,
    Dollar,
    Amp,
    ParenL,
    ParenR,
    Spread,
    Colon,
    Equals,
    At,
    BracketL,
    BracketR,
    BraceL,
    BraceR,
    Pipe,
    Name,
    Int,
    Float,
    String,
    BlockString,
    Comment,
}

impl Kind {
    /// As messages call it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Invalid => "<Invalid>",
            Self::End => "<EOF>",
            Self::Bang => "!",
            Self::Dollar => "$",
            Self::Amp => "&",
            Self::ParenL => "(",
            Self::ParenR => ")",
            Self::Spread => "...",
            Self::Colon => ":",
            Self::Equals => "=",
            Self::At => "@",
            Self::BracketL => "[",
            Self::BracketR => "]",
            Self::BraceL => "{",
            Self::BraceR => "}",
            Self::Pipe => "|",
            Self::Name => "Name",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::String => "String",
            Self::BlockString => "BlockString",
            Self::Comment => "Comment",
        }
    }

    const fn punctuator(byte: u8) -> Option<Self> {
        Some(match byte {
            b'!' => Self::Bang,
            b'$' => Self::Dollar,
            b'&' => Self::Amp,
            b'(' => Self::ParenL,
            b')' => Self::ParenR,
            b':' => Self::Colon,
            b'=' => Self::Equals,
            b'@' => Self::At,
            b'[' => Self::BracketL,
            b']' => Self::BracketR,
            b'{' => Self::BraceL,
            b'}' => Self::BraceR,
            b'|' => Self::Pipe,
            _ => return None,
        })
    }
}

/// A token, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) value: Cow<'t, str>,
    pub(super) at: Position,
    /// Why it is invalid.
    pub(super) problem: Option<Error>,
}

/// Reads tokens from a text. Columns count runes.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    start: usize,
    start_runes: i64,
    end: usize,
    end_runes: i64,
    line: i64,
    line_start: i64,
    built_in: bool,
}

/// Bytes as a string, a bad one as U+FFFD.
pub(super) fn string(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(utf8::runes(bytes).map(|(_, rune, _)| rune).collect()),
    }
}

const fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t [u8], built_in: bool) -> Self {
        Self { text, start: 0, start_runes: 0, end: 0, end_runes: 0, line: 1, line_start: 0, built_in }
    }

    fn at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.end + ahead).copied()
    }

    /// What follows, from the next byte on.
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.end..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.end += bytes;
        self.end_runes += bytes as i64;
    }

    fn token(&self, kind: Kind, value: Cow<'t, str>) -> Token<'t> {
        let at = Position { line: self.line, column: self.start_runes - self.line_start + 1, built_in: self.built_in };
        Token { kind, value, at, problem: None }
    }

    fn spelled(&self, kind: Kind) -> Token<'t> {
        self.token(kind, string(self.text.get(self.start..self.end).unwrap_or_default()))
    }

    fn refuse(&self, problem: impl Into<String>) -> Token<'t> {
        let at = Position { line: self.line, column: self.end_runes - self.line_start + 1, built_in: self.built_in };
        Token { kind: Kind::Invalid, value: Cow::Borrowed(""), at, problem: Some(Error::at(Some(at), problem)) }
    }

    /// The next token; at the end, the end again and again.
    pub(super) fn read(&mut self) -> Token<'t> {
        self.skip_space();
        self.start = self.end;
        self.start_runes = self.end_runes;
        let Some(byte) = self.at(0) else { return self.token(Kind::End, Cow::Borrowed("")) };
        if let Some(kind) = Kind::punctuator(byte) {
            self.skip(1);
            return self.token(kind, Cow::Borrowed(""));
        }
        match byte {
            b'.' if self.rest().starts_with(b"...") => {
                self.skip(3);
                self.token(Kind::Spread, Cow::Borrowed(""))
            }
            b'#' => self.comment(),
            b'"' if self.rest().starts_with(b"\"\"\"") => self.block_string(),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ if is_name(byte) => {
                let length = self.rest().iter().take_while(|byte| is_name(**byte)).count();
                self.skip(length);
                self.spelled(Kind::Name)
            }
            _ => self.unexpected(byte),
        }
    }

    fn unexpected(&self, byte: u8) -> Token<'t> {
        match byte {
            0..0x20 => self.refuse(format!("Cannot contain the invalid character \"\\u{byte:04x}\"")),
            b'\'' => self.refuse("Unexpected single quote character ('), did you mean to use a double quote (\")?"),
            // A byte, not a rune: of `é` its first byte is told, as Latin-1.
            _ => self.refuse(format!("Cannot parse the unexpected character \"{}\".", char::from(byte))),
        }
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.at(0) {
            match byte {
                b'\t' | b' ' | b',' => self.skip(1),
                b'\n' => {
                    self.skip(1);
                    self.new_line();
                }
                b'\r' => {
                    self.skip(1);
                    self.new_line();
                    // It counts as the first column of the new line.
                    if self.at(0) == Some(b'\n') {
                        self.skip(1);
                    }
                }
                0xef if self.rest().starts_with(b"\xef\xbb\xbf") => {
                    self.end += 3;
                    self.end_runes += 1;
                }
                _ => return,
            }
        }
    }

    const fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.end_runes;
    }

    /// Takes one rune.
    fn rune(&mut self) -> char {
        let (rune, length) = utf8::decode(self.rest());
        self.end += length;
        self.end_runes += 1;
        rune
    }

    fn comment(&mut self) -> Token<'t> {
        self.skip(1);
        while self.at(0).is_some_and(|byte| byte >= b' ' || byte == b'\t') {
            self.rune();
        }
        self.spelled(Kind::Comment)
    }

    fn accept(&mut self, bytes: &[u8]) -> bool {
        let found = self.at(0).is_some_and(|byte| bytes.contains(&byte));
        if found {
            self.skip(1);
        }
        found
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.skip(count);
        count
    }

    fn next_described(&self) -> String {
        self.at(0).map_or_else(|| "<EOF>".to_owned(), |byte| format!("\"{}\"", char::from(byte)))
    }

    fn no_digit(&self) -> Token<'t> {
        self.refuse(format!("Invalid number, expected digit but got: {}.", self.next_described()))
    }

    fn number(&mut self) -> Token<'t> {
        self.accept(b"-");
        if self.accept(b"0") {
            if self.at(0).is_some_and(|byte| byte.is_ascii_digit()) {
                return self.refuse(format!("Invalid number, unexpected digit after 0: {}.", self.next_described()));
            }
        } else if self.digits() == 0 {
            return self.no_digit();
        }
        let mut kind = Kind::Int;
        if self.accept(b".") {
            kind = Kind::Float;
            if self.digits() == 0 {
                return self.no_digit();
            }
        }
        if self.accept(b"eE") {
            kind = Kind::Float;
            self.accept(b"-+");
            if self.digits() == 0 {
                return self.no_digit();
            }
        }
        self.spelled(kind)
    }

    fn string(&mut self) -> Token<'t> {
        self.skip(1);
        (self.start, self.start_runes) = (self.end, self.end_runes);
        // Made where there is an escape, and only there.
        let mut unescaped: Option<String> = None;
        while let Some(byte) = self.at(0) {
            match byte {
                b'\n' | b'\r' => break,
                b'\t' => self.take(&mut unescaped),
                0..0x20 => return self.refuse(format!("Invalid character within String: \"\\u{byte:04x}\".")),
                b'"' => {
                    let mut token = self.spelled(Kind::String);
                    if let Some(text) = unescaped {
                        token.value = Cow::Owned(text);
                    }
                    self.skip(1);
                    return token;
                }
                b'\\' => {
                    let before = || string(self.text.get(self.start..self.end).unwrap_or_default()).into_owned();
                    let mut text = unescaped.take().unwrap_or_else(before);
                    match self.escape() {
                        Ok(rune) => text.push(rune),
                        Err(problem) => return self.refuse(problem),
                    }
                    unescaped = Some(text);
                }
                _ => self.take(&mut unescaped),
            }
        }
        self.refuse("Unterminated string.")
    }

    fn take(&mut self, to: &mut Option<String>) {
        let rune = self.rune();
        if let Some(text) = to {
            text.push(rune);
        }
    }

    /// What an escape stands for; the backslash is next.
    fn escape(&mut self) -> Result<char, String> {
        let problem = |text: &str| format!("Invalid character escape sequence: \\{text}.");
        let Some(escape) = self.at(1) else {
            self.skip(1);
            return Err("Invalid character escape sequence.".to_owned());
        };
        let (rune, length) = match escape {
            b'u' if self.at(6).is_none() => {
                self.skip(1);
                return Err(problem(&string(self.rest())));
            }
            b'u' => {
                let digits = self.rest().get(2..6).unwrap_or_default();
                let Some(code) = hexadecimal(digits) else {
                    self.skip(1);
                    return Err(problem(&string(self.rest().get(..5).unwrap_or_default())));
                };
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
            }
            b'"' | b'/' | b'\\' => (char::from(escape), 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            _ => {
                self.skip(1);
                return Err(problem(&char::from(escape).to_string()));
            }
        };
        self.skip(length);
        Ok(rune)
    }

    fn block_string(&mut self) -> Token<'t> {
        self.skip(3);
        (self.start, self.start_runes) = (self.end, self.end_runes);
        let mut raw = String::new();
        while let Some(byte) = self.at(0) {
            match byte {
                b'"' if self.rest().starts_with(b"\"\"\"") => {
                    // Of more than three quotes, the last three end it.
                    let quotes = self.rest().iter().take_while(|byte| **byte == b'"').count();
                    raw.extend(std::iter::repeat_n('"', quotes.saturating_sub(3)));
                    // It is told where it ends: the line of its end, and from there a column that may be negative.
                    let token = self.token(Kind::BlockString, Cow::Owned(block_text(&raw)));
                    self.skip(quotes);
                    return token;
                }
                b'\\' if self.rest().starts_with(b"\\\"\"\"") => {
                    raw.push_str("\"\"\"");
                    self.skip(4);
                }
                b'\r' => {
                    self.skip(if self.at(1) == Some(b'\n') { 2 } else { 1 });
                    raw.push('\n');
                    self.new_line();
                }
                b'\n' => {
                    self.skip(1);
                    raw.push('\n');
                    self.new_line();
                }
                b'\t' => {
                    self.skip(1);
                    raw.push('\t');
                }
                0..0x20 => return self.refuse(format!("Invalid character within String: \"\\u{byte:04x}\".")),
                _ => raw.push(self.rune()),
            }
        }
        self.refuse("Unterminated string.")
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}
