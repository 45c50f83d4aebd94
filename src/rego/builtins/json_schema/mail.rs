//! Addresses of mail as Go's `net/mail` reads one: `ada@example.com`, `Ada <ada@example.com>`, with comments and a group of one.

use super::super::encoding::base64_bytes;
use super::super::utf8;
use super::format::is_address as is_ip;

/// What is left to read.
#[derive(Clone, Copy)]
struct Rest<'t>(&'t [u8]);

/// Whether a text is one address.
pub(super) fn is_address(text: &[u8]) -> bool {
    let mut rest = Rest(text);
    rest.address(true) == Some(1) && rest.comments().is_some() && rest.0.is_empty()
}

const fn is_visible(rune: char) -> bool {
    matches!(rune, '!'..='~') || rune as u32 >= 0x80
}

const fn is_blank(rune: char) -> bool {
    matches!(rune, ' ' | '\t')
}

const fn is_in_atom(rune: char) -> bool {
    !matches!(rune, '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"') && is_visible(rune)
}

impl<'t> Rest<'t> {
    fn spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.strip_prefix(&[byte]);
        self.0 = found.unwrap_or(self.0);
        found.is_some()
    }

    /// The next rune, which is left there; a bad byte is none.
    fn peek(&self) -> Option<(char, usize)> {
        if self.0.is_empty() {
            return None;
        }
        let (rune, length) = utf8::decode(self.0);
        Some(if rune == char::REPLACEMENT_CHARACTER && length == 1 { ('\0', 0) } else { (rune, length) })
    }

    fn skip(&mut self, length: usize) {
        self.0 = self.0.get(length..).unwrap_or_default();
    }

    /// How many addresses there are: one, or those of a group.
    fn address(&mut self, groups: bool) -> Option<usize> {
        self.spaces();
        if self.0.is_empty() {
            return None;
        }
        let before = *self;
        if self.plain().is_some() {
            self.spaces();
            if self.take(b'(') {
                let comment = self.comment()?;
                comment.split(|b| matches!(b, b' ' | b'\t')).all(is_word).then_some(())?;
            }
            return Some(1);
        }
        *self = before;
        if self.0.first() != Some(&b'<') {
            self.phrase()?;
        }
        self.spaces();
        if groups && self.take(b':') {
            return self.group();
        }
        (self.take(b'<') && self.plain().is_some() && self.take(b'>')).then_some(1)
    }

    fn group(&mut self) -> Option<usize> {
        self.spaces();
        if self.take(b';') {
            self.comments()?;
            return Some(0);
        }
        let mut count = 0;
        loop {
            self.spaces();
            count += self.address(false)?;
            self.comments()?;
            if self.take(b';') {
                self.comments()?;
                return Some(count);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// `local@domain`.
    fn plain(&mut self) -> Option<()> {
        self.spaces();
        if self.0.first() == Some(&b'"') {
            if self.quoted()? == 0 {
                return None;
            }
        } else {
            self.atom(false)?;
        }
        if !self.take(b'@') {
            return None;
        }
        self.spaces();
        if self.0.first() == Some(&b'[') { self.literal() } else { self.atom(false).map(drop) }
    }

    /// Words before an address in brackets.
    fn phrase(&mut self) -> Option<()> {
        let mut words = 0;
        loop {
            if words > 0 {
                self.comments()?;
            }
            self.spaces();
            if self.0.is_empty() {
                return Some(());
            }
            let read = if self.0.first() == Some(&b'"') {
                self.quoted().map(drop)
            } else {
                self.atom(true).filter(|word| is_word(word)).map(drop)
            };
            match read {
                Some(()) => words += 1,
                None => return (words > 0).then_some(()),
            }
        }
    }

    /// How many runes are in quotes.
    fn quoted(&mut self) -> Option<usize> {
        let mut rest = Self(self.0.get(1..)?);
        let (mut count, mut escaped) = (0, false);
        loop {
            let (rune, length) = rest.peek().filter(|(_, length)| *length > 0)?;
            if escaped {
                if !is_visible(rune) && !is_blank(rune) {
                    return None;
                }
                escaped = false;
                count += 1;
            } else if rune == '"' {
                rest.skip(1);
                *self = rest;
                return Some(count);
            } else if rune == '\\' {
                escaped = true;
            } else if is_visible(rune) || is_blank(rune) {
                count += 1;
            } else {
                return None;
            }
            rest.skip(length);
        }
    }

    fn atom(&mut self, permissive: bool) -> Option<&'t [u8]> {
        let mut rest = *self;
        while let Some((rune, length)) = rest.peek() {
            if length == 0 {
                return None;
            }
            if !is_in_atom(rune) {
                break;
            }
            rest.skip(length);
        }
        let atom = self.0.get(..self.0.len() - rest.0.len()).filter(|atom| !atom.is_empty())?;
        // What was read is gone, though its periods may be wrong.
        *self = rest;
        let sound = atom.first() != Some(&b'.') && atom.last() != Some(&b'.') && !atom.windows(2).any(|pair| pair == b"..");
        (permissive || sound).then_some(atom)
    }

    /// An address of a machine in brackets.
    fn literal(&mut self) -> Option<()> {
        let end = memchr::memchr(b']', self.0)?;
        let inside = self.0.get(1..end)?;
        self.skip(end + 1);
        is_ip(inside).then_some(())
    }

    /// Comments and blanks; none where a comment does not end.
    fn comments(&mut self) -> Option<()> {
        self.spaces();
        while self.take(b'(') {
            self.comment()?;
            self.spaces();
        }
        Some(())
    }

    /// The text of a comment, whose bracket was taken.
    fn comment(&mut self) -> Option<Vec<u8>> {
        let (mut depth, mut text) = (1_usize, Vec::new());
        loop {
            let mut byte = *self.0.first()?;
            if byte == b'\\' && self.0.len() > 1 {
                self.skip(1);
                byte = *self.0.first()?;
            } else if byte == b'(' {
                depth += 1;
            } else if byte == b')' {
                depth -= 1;
            }
            self.skip(1);
            if depth == 0 {
                return Some(text);
            }
            text.push(byte);
        }
    }
}

/// Whether a word is taken: one that is encoded (RFC 2047) must be in a set of characters that Go knows.
fn is_word(word: &[u8]) -> bool {
    let marks = word.iter().filter(|b| **b == b'?').count();
    let inner = word.strip_prefix(b"=?").and_then(|rest| rest.strip_suffix(b"?=")).filter(|_| word.len() >= 8 && marks == 4);
    let mut parts = inner.unwrap_or_default().splitn(3, |b| *b == b'?');
    let (Some(set), Some(encoding), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return true };
    let readable = match encoding {
        b"B" | b"b" => base64_bytes(text).is_ok(),
        b"Q" | b"q" => is_quoted_printable(text),
        _ => false,
    };
    let known = [&b"utf-8"[..], b"iso-8859-1", b"us-ascii"].iter().any(|own| own.eq_ignore_ascii_case(set));
    set.is_empty() || !readable || known
}

fn is_quoted_printable(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'=' => match after {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
                _ => return false,
            },
            b' '..=b'~' | b'\n' | b'\r' | b'\t' => after,
            _ => return false,
        };
    }
    true
}
