//! The reader's grammar: an explicit stack of open containers over a cursor.

use smallvec::SmallVec;

use super::super::number;
use super::Fault;
use super::build::{Build, Elements, Entries};

/// Go's words for the places where a byte does not belong.
pub(super) const VALUE: &str = "looking for beginning of value";
const KEY: &str = "looking for beginning of object key string";
const AFTER_KEY: &str = "after object key";
const AFTER_PAIR: &str = "after object key:value pair";
const AFTER_ELEMENT: &str = "after array element";
const AFTER_ALL: &str = "after top-level value";
const IN_NUMBER: &str = "in numeric literal";
const AFTER_POINT: &str = "after decimal point in numeric literal";
const IN_EXPONENT: &str = "in exponent of numeric literal";

/// An open container, and where its parts begin on their stack. The last entry of the innermost object waits for its value.
#[derive(Clone, Copy)]
enum Open {
    Array(usize),
    Object(usize),
}

/// Reads values from a text.
pub(super) struct Reader<'j, B: Build<'j>> {
    build: B,
    pub(super) json: &'j [u8],
    pub(super) at: usize,
    pub(super) max_depth: usize,
    open: SmallVec<[Open; 8]>,
    elements: Elements<B::Value>,
    entries: Entries<B::Value>,
    /// What is in no container.
    outermost: B::Value,
    /// The first number that OPA does not take; it says so once the whole text is read.
    pub(super) bad_number: Option<(usize, &'static str)>,
    pub(super) unescaped: Vec<u8>,
}

#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

impl<'j, B: Build<'j>> Reader<'j, B> {
    pub(super) fn new(build: B, json: &'j [u8], max_depth: usize) -> Self {
        let outermost = build.null();
        Self {
            build,
            json,
            at: 0,
            max_depth,
            open: SmallVec::new(),
            elements: SmallVec::new(),
            entries: SmallVec::new(),
            outermost,
            bad_number: None,
            unescaped: Vec::new(),
        }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'j [u8] {
        self.json.get(self.at..).unwrap_or_default()
    }

    /// Refuses anything but space up to the end.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.next_byte() {
            Err(_) => Ok(()),
            Ok(_) => Err(self.unexpected(AFTER_ALL)),
        }
    }

    /// Refuses a number out of range.
    pub(super) fn check_numbers(&self) -> Result<(), Fault> {
        self.bad_number.map_or(Ok(()), |(offset, why)| Err(Fault::Number(offset, why)))
    }

    /// The fault of the byte at the cursor, or of the end.
    #[cold]
    pub(super) fn unexpected(&self, place: &'static str) -> Fault {
        self.json.get(self.at).map_or(Fault::End, |byte| Fault::Byte(self.at, *byte, place))
    }

    /// The next byte that is no space, which stays unread.
    #[inline]
    pub(super) fn next_byte(&mut self) -> Result<u8, Fault> {
        loop {
            match self.json.get(self.at) {
                Some(byte) if is_space(*byte) => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Fault::End),
            }
        }
    }

    /// One value.
    pub(super) fn value(&mut self) -> Result<B::Value, Fault> {
        loop {
            if !self.begin()? {
                continue;
            }
            loop {
                match self.open.last().copied() {
                    None => return Ok(std::mem::replace(&mut self.outermost, self.build.null())),
                    Some(Open::Array(base)) => match self.next_byte()? {
                        b',' => {
                            self.at += 1;
                            break;
                        }
                        b']' => {
                            self.open.pop();
                            self.close_array(base);
                        }
                        _ => return Err(self.unexpected(AFTER_ELEMENT)),
                    },
                    Some(Open::Object(base)) => match self.next_byte()? {
                        b',' => {
                            self.at += 1;
                            self.key()?;
                            break;
                        }
                        b'}' => {
                            self.open.pop();
                            self.close_object(base);
                        }
                        _ => return Err(self.unexpected(AFTER_PAIR)),
                    },
                }
            }
        }
    }

    /// Puts a value where it belongs. Called where the value is made, so that it is written once: what was written in parts and is read as a
    /// whole waits for the store buffer.
    #[inline]
    fn give(&mut self, value: B::Value) {
        match self.open.last() {
            None => self.outermost = value,
            Some(Open::Array(_)) => self.elements.push(value),
            Some(Open::Object(_)) => {
                if let Some(entry) = self.entries.last_mut() {
                    entry.1 = value;
                }
            }
        }
    }

    /// A scalar or an empty container; `false` where a container was opened and its first value is next.
    #[inline]
    fn begin(&mut self) -> Result<bool, Fault> {
        match self.next_byte()? {
            b'"' => {
                self.at += 1;
                match self.string_bytes()? {
                    Some(bytes) => self.give(self.build.borrowed(bytes)),
                    None => self.give(self.build.unescaped(&self.unescaped)),
                }
            }
            b'{' => return self.open_object(),
            b'[' => return self.open_array(),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal(b"true", self.build.bool(true), "in literal true (expecting 'r')")?,
            b'f' => self.literal(b"false", self.build.bool(false), "in literal false (expecting 'a')")?,
            b'n' => self.literal(b"null", self.build.null(), "in literal null (expecting 'u')")?,
            _ => return Err(self.unexpected(VALUE)),
        }
        Ok(true)
    }

    fn enter(&mut self, bracket: u8) -> Result<(), Fault> {
        if self.open.len() >= self.max_depth {
            return Err(Fault::Depth(self.at, bracket));
        }
        self.at += 1;
        Ok(())
    }

    /// Enters an object whose parts are read one by one.
    pub(super) fn descend(&mut self) -> Result<(), Fault> {
        self.enter(b'{')?;
        self.max_depth -= 1;
        Ok(())
    }

    /// Leaves it.
    pub(super) const fn ascend(&mut self) {
        self.at += 1;
        self.max_depth += 1;
    }

    /// Whether another entry follows, rather than the end of the object.
    pub(super) fn is_more(&mut self) -> Result<bool, Fault> {
        match self.next_byte()? {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            b'}' => Ok(false),
            _ => Err(self.unexpected(AFTER_PAIR)),
        }
    }

    fn open_array(&mut self) -> Result<bool, Fault> {
        self.enter(b'[')?;
        let base = self.elements.len();
        if self.next_byte()? == b']' {
            self.close_array(base);
            return Ok(true);
        }
        self.open.push(Open::Array(base));
        Ok(false)
    }

    fn open_object(&mut self) -> Result<bool, Fault> {
        self.enter(b'{')?;
        let base = self.entries.len();
        if self.next_byte()? == b'}' {
            self.close_object(base);
            return Ok(true);
        }
        self.open.push(Open::Object(base));
        self.key()?;
        Ok(false)
    }

    fn close_array(&mut self, base: usize) {
        self.at += 1;
        let array = self.build.array(&mut self.elements, base);
        self.give(array);
    }

    fn close_object(&mut self, base: usize) {
        self.at += 1;
        let object = self.build.object(&mut self.entries, base);
        self.give(object);
    }

    /// A key and the colon after it: an entry that waits for its value.
    #[inline]
    fn key(&mut self) -> Result<(), Fault> {
        match self.key_bytes()? {
            Some(bytes) => self.entries.push((self.build.borrowed(bytes), self.build.null())),
            None => self.entries.push((self.build.unescaped(&self.unescaped), self.build.null())),
        }
        self.colon()
    }

    /// The bytes of a key; `None` where they stand in `self.unescaped`.
    #[inline]
    pub(super) fn key_bytes(&mut self) -> Result<Option<&'j [u8]>, Fault> {
        if self.next_byte()? != b'"' {
            return Err(self.unexpected(KEY));
        }
        self.at += 1;
        self.string_bytes()
    }

    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Fault> {
        if self.next_byte()? != b':' {
            return Err(self.unexpected(AFTER_KEY));
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn literal(&mut self, text: &'static [u8], value: B::Value, place: &'static str) -> Result<(), Fault> {
        if self.rest().starts_with(text) {
            self.at += text.len();
            self.give(value);
            return Ok(());
        }
        Err(self.no_literal(text, place))
    }

    #[cold]
    fn no_literal(&mut self, text: &'static [u8], place: &'static str) -> Fault {
        let same = self.rest().iter().zip(text).take_while(|(a, b)| a == b).count();
        self.at += same;
        // Go names the letter that it expected.
        self.unexpected(match (text, same) {
            (b"true", 2) => "in literal true (expecting 'u')",
            (b"true", 3) => "in literal true (expecting 'e')",
            (b"false", 2) => "in literal false (expecting 'l')",
            (b"false", 3) => "in literal false (expecting 's')",
            (b"false", 4) => "in literal false (expecting 'e')",
            (b"null", 2 | 3) => "in literal null (expecting 'l')",
            _ => place,
        })
    }

    /// Passes over digits; how many there were.
    #[inline]
    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let negative = self.json.get(start) == Some(&b'-');
        self.at += usize::from(negative);
        match self.json.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => {
                self.digits();
            }
            _ => return Err(self.unexpected(IN_NUMBER)),
        }
        if !matches!(self.json.get(self.at), Some(b'.' | b'e' | b'E')) {
            let digits = self.json.get(start + usize::from(negative)..self.at).unwrap_or_default();
            if digits.len() <= 18 && !(negative && digits == b"0") {
                let size = digits.iter().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
                self.give(self.build.int(if negative { -size } else { size }));
                return Ok(());
            }
        }
        self.long_number(start)
    }

    /// A number with a fraction or an exponent, or of many digits.
    fn long_number(&mut self, start: usize) -> Result<(), Fault> {
        if self.json.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.unexpected(AFTER_POINT));
            }
        }
        let has_exponent = matches!(self.json.get(self.at), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            if matches!(self.json.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.unexpected(IN_EXPONENT));
            }
        }
        // ASCII only.
        let text = std::str::from_utf8(self.json.get(start..self.at).unwrap_or_default()).unwrap_or_default();
        if has_exponent && self.bad_number.is_none() {
            self.bad_number = number::check(text).err().map(|why| (start, why));
        }
        let value = number::as_int(text).map_or_else(|| self.build.number(text), |int| self.build.int(int));
        self.give(value);
        Ok(())
    }
}
