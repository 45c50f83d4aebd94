//! Strings: eight bytes a step up to the quote; escapes and bad bytes on a slower path.

use super::Fault;
use super::build::Build;
use super::scan::Reader;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const IN_STRING: &str = "in string literal";
const IN_ESCAPE: &str = "in string escape code";
const IN_HEX: &str = "in \\u hexadecimal character escape";

/// The high bits of the bytes that are a quote, a backslash or a control character. The lowest bit that is set is exact; those above it may
/// come from a borrow.
#[inline]
const fn special(word: u64) -> u64 {
    let (quote, slash) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    ((quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash) | (word.wrapping_sub(ONES * 0x20) & !word)) & HIGH
}

/// The number of bytes before a quote, a backslash or a control character, and whether they are all ASCII.
#[inline]
fn plain_run(bytes: &[u8]) -> (usize, bool) {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut high_bits = 0;
    for (step, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = special(word);
        if special != 0 {
            let before = special.trailing_zeros() / 8;
            high_bits |= word & HIGH & ((1_u64 << (before * 8)) - 1);
            return (step * 8 + before as usize, high_bits == 0);
        }
        high_bits |= word & HIGH;
    }
    let run = tail.iter().take_while(|b| **b >= 0x20 && **b != b'"' && **b != b'\\');
    let (count, ascii) = run.fold((0, true), |(count, ascii), b| (count + 1, ascii && b.is_ascii()));
    (words.len() * 8 + count, ascii && high_bits & HIGH == 0)
}

/// Appends `bytes` with U+FFFD for each byte that begins no valid sequence.
fn push_lossy(to: &mut Vec<u8>, mut bytes: &[u8]) {
    loop {
        match std::str::from_utf8(bytes) {
            Ok(_) => return to.extend_from_slice(bytes),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                to.extend_from_slice(valid);
                to.extend_from_slice("\u{fffd}".as_bytes());
                bytes = rest.get(1..).unwrap_or_default();
            }
        }
    }
}

impl<'j, B: Build<'j>> Reader<'j, B> {
    /// The bytes of a string whose opening quote was read; `None` where they stand in `self.unescaped`.
    #[inline]
    pub(super) fn string_bytes(&mut self) -> Result<Option<&'j [u8]>, Fault> {
        match self.short_string() {
            Some(bytes) => Ok(Some(bytes)),
            None => self.long_string(),
        }
    }

    /// At most eight characters of ASCII without escapes, as most keys are: one word tells where they end.
    #[inline]
    fn short_string(&mut self) -> Option<&'j [u8]> {
        let rest = self.json.get(self.at..)?;
        let word = u64::from_le_bytes(*rest.first_chunk()?);
        let length = (special(word) | (word & HIGH)).trailing_zeros() as usize / 8;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        self.at += length + 1;
        rest.get(..length)
    }

    #[inline(never)]
    fn long_string(&mut self) -> Result<Option<&'j [u8]>, Fault> {
        let rest = self.rest();
        let (length, ascii) = plain_run(rest);
        let bytes = rest.get(..length).unwrap_or_default();
        if rest.get(length) == Some(&b'"') && (ascii || std::str::from_utf8(bytes).is_ok()) {
            self.at += length + 1;
            return Ok(Some(bytes));
        }
        self.slow_string()
    }

    /// JSON in a string has an escape every few bytes.
    #[inline(never)]
    fn slow_string(&mut self) -> Result<Option<&'j [u8]>, Fault> {
        self.unescaped.clear();
        loop {
            let rest = self.rest();
            let (length, ascii) = plain_run(rest);
            let bytes = rest.get(..length).unwrap_or_default();
            if ascii {
                self.unescaped.extend_from_slice(bytes);
            } else {
                push_lossy(&mut self.unescaped, bytes);
            }
            self.at += length;
            match self.json.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(None);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                _ => return Err(self.unexpected(IN_STRING)),
            }
        }
    }

    #[inline]
    fn escape(&mut self) -> Result<(), Fault> {
        let byte = match self.json.get(self.at) {
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            _ => return Err(self.unexpected(IN_ESCAPE)),
        };
        self.unescaped.push(byte);
        self.at += 1;
        Ok(())
    }

    /// A code point; a surrogate needs its partner in the next escape, or it becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<(), Fault> {
        let unit = self.hex()?;
        let mut point = char::from_u32(unit);
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with(b"\\u") {
            let start = self.at;
            self.at += 2;
            let low = self.hex()?;
            match low {
                0xDC00..=0xDFFF => point = char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)),
                // Not its partner: an escape of its own.
                _ => self.at = start,
            }
        }
        let point = point.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.unescaped.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.json.get(self.at).and_then(|b| char::from(*b).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.unexpected(IN_HEX))?;
            self.at += 1;
        }
        Ok(unit)
    }
}
