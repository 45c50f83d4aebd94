//! The parts of Go's patterns that begin with `\` or `[`.

use regex_syntax::hir::{ClassUnicode, Look};

use super::class;
use super::parse::{INVALID_ESCAPE, INVALID_RANGE, Parser, Read, problem};

impl<'p> Parser<'p> {
    pub(super) fn escape(&mut self) -> Read<()> {
        let start = self.rest;
        let letter = start.as_bytes().get(1).copied();
        let look = match letter {
            Some(b'A') => Some(Look::Start),
            Some(b'b') => Some(Look::WordAscii),
            Some(b'B') => Some(Look::WordAsciiNegate),
            Some(b'z') => Some(Look::End),
            _ => None,
        };
        if let Some(look) = look {
            self.advance(2);
            return self.look(look);
        }
        match letter {
            Some(b'C') => return problem(INVALID_ESCAPE, "\\C"),
            Some(b'Q') => {
                self.advance(2);
                let (literal, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = after;
                return literal.chars().try_for_each(|c| self.literal(c.into()));
            }
            _ => {}
        }
        match self.class_escape()? {
            Some(class) => self.push_class(class),
            None => {
                let code = self.char_escape()?;
                self.literal(code)
            }
        }
    }

    /// `\d` and its like, or `\p{…}`.
    fn class_escape(&mut self) -> Read<Option<ClassUnicode>> {
        let start = self.rest;
        let Some(letter) = start.strip_prefix('\\').and_then(|rest| rest.bytes().next()) else { return Ok(None) };
        if !matches!(letter, b'p' | b'P') {
            let class = class::perl(letter, self.flags.fold);
            self.advance(if class.is_some() { 2 } else { 0 });
            return Ok(class);
        }
        self.advance(2);
        let Some(first) = self.rest.chars().next() else { return problem(INVALID_RANGE, start) };
        let name = if first == '{' {
            let Some((name, after)) = self.rest.get(1..).unwrap_or_default().split_once('}') else {
                self.rest = "";
                return problem(INVALID_RANGE, start);
            };
            self.rest = after;
            name
        } else {
            let (name, after) = self.rest.split_at(first.len_utf8());
            self.rest = after;
            name
        };
        let positive = name.strip_prefix('^');
        let is_negated = (letter == b'P') != positive.is_some();
        match class::unicode(positive.unwrap_or(name), self.flags.fold) {
            None => problem(INVALID_RANGE, self.since(start)),
            Some(class) => Ok(Some(if is_negated { class::negated(class) } else { class })),
        }
    }

    /// An escape of one character.
    fn char_escape(&mut self) -> Read<u32> {
        let start = self.rest;
        self.advance(1);
        let Some(c) = self.rest.chars().next() else { return problem("trailing backslash at end of expression", "") };
        self.advance(c.len_utf8());
        let is_octal = |rest: &str| rest.bytes().next().filter(|b| (b'0'..=b'7').contains(b));
        let code = match c {
            '1'..='7' if is_octal(self.rest).is_none() => None,
            '0'..='7' => {
                let mut code = u32::from(c) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = is_octal(self.rest) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.advance(1);
                }
                Some(code)
            }
            'x' => self.hex_escape()?,
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c.into()),
            _ => None,
        };
        code.map_or_else(|| problem(INVALID_ESCAPE, self.since(start)), Ok)
    }

    /// Two digits, or any number of them in braces; `None` where they are none.
    fn hex_escape(&mut self) -> Read<Option<u32>> {
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        self.advance(first.len_utf8());
        if first != '{' {
            let Some(second) = self.rest.chars().next() else { return Ok(None) };
            self.advance(second.len_utf8());
            return Ok(first.to_digit(16).zip(second.to_digit(16)).map(|(high, low)| high * 16 + low));
        }
        let (mut code, mut digits) = (0, 0);
        while let Some(c) = self.rest.chars().next() {
            self.advance(c.len_utf8());
            match c.to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => return Ok((c == '}' && digits > 0).then_some(code)),
            }
            if code > 0x10ffff {
                return Ok(None);
            }
            digits += 1;
        }
        Ok(None)
    }

    /// `[…]`.
    pub(super) fn class(&mut self) -> Read<()> {
        let start = self.rest;
        self.advance(1);
        let is_negated = self.rest.starts_with('^');
        self.advance(usize::from(is_negated));
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if let Some(found) = self.named_class()? {
                class.union(&found);
                continue;
            }
            if let Some(found) = self.class_escape()? {
                class.union(&found);
                continue;
            }
            let range = self.rest;
            let low = self.class_char(start)?;
            let mut high = low;
            if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.advance(1);
                high = self.class_char(start)?;
                if high < low {
                    return problem(INVALID_RANGE, self.since(range));
                }
            }
            let found = class::range(low, high);
            class.union(&if self.flags.fold { class::folded(found) } else { found });
        }
        self.advance(1);
        self.push_class(if is_negated { class::negated(class) } else { class })
    }

    fn class_char(&mut self, start: &'p str) -> Read<u32> {
        match self.rest.chars().next() {
            None => problem("missing closing ]", start),
            Some('\\') => self.char_escape(),
            Some(c) => {
                self.advance(c.len_utf8());
                Ok(c.into())
            }
        }
    }

    /// `[:name:]` within a class.
    fn named_class(&mut self) -> Read<Option<ClassUnicode>> {
        let start = self.rest;
        let Some((name, after)) = start.strip_prefix("[:").filter(|r| !r.is_empty()).and_then(|rest| rest.split_once(":]"))
        else {
            return Ok(None);
        };
        self.rest = after;
        match class::posix(name, self.flags.fold) {
            Some(class) => Ok(Some(class)),
            None => problem(INVALID_RANGE, self.since(start)),
        }
    }
}
