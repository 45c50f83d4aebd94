//! Reading DER, as much of it as keys and certificates need: what Go's `cryptobyte` reads.

pub(in super::super) const BOOLEAN: u8 = 0x01;
pub(in super::super) const INTEGER: u8 = 0x02;
pub(in super::super) const BITS: u8 = 0x03;
pub(in super::super) const OCTETS: u8 = 0x04;
pub(in super::super) const OID: u8 = 0x06;
pub(in super::super) const SEQUENCE: u8 = 0x30;
pub(in super::super) const SET: u8 = 0x31;

/// What is left of a DER text.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Der<'d>(pub(in super::super) &'d [u8]);

impl<'d> Der<'d> {
    /// The next element: its tag and contents.
    pub(in super::super) fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        // Tags of several bytes do not come.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (len, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            let (len, rest) = rest.split_at_checked(count)?;
            if !(1..=4).contains(&count) || len.first() == Some(&0) {
                return None;
            }
            let len = len.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
            // The shortest form is the only one.
            if len < 0x80 {
                return None;
            }
            (len, rest)
        };
        let (contents, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((*tag, contents))
    }

    /// The contents of the next element, which has this tag.
    pub(in super::super) fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let before = self.0;
        match self.next() {
            Some((found, contents)) if found == tag => Some(contents),
            _ => {
                self.0 = before;
                None
            }
        }
    }

    /// The next element, which has this tag: all of it, and its contents.
    pub(in super::super) fn element(&mut self, tag: u8) -> Option<(&'d [u8], &'d [u8])> {
        let before = self.0;
        let contents = self.take(tag)?;
        Some((before.get(..before.len() - self.0.len())?, contents))
    }

    /// Whether an element of this tag seems to come.
    pub(in super::super) fn at(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The contents of the next element, if it has this tag; an error where it is not well formed.
    pub(in super::super) fn optional(&mut self, tag: u8) -> Option<Option<&'d [u8]>> {
        if self.at(tag) { self.take(tag).map(Some) } else { Some(None) }
    }

    /// The next element, which is a boolean.
    pub(in super::super) fn boolean(&mut self) -> Option<bool> {
        match self.take(BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// The bytes of a whole number in two's complement, as few as possible.
    pub(in super::super) fn integer(&mut self) -> Option<&'d [u8]> {
        self.integer_tagged(INTEGER)
    }

    /// The bytes of a whole number of another tag.
    pub(in super::super) fn integer_tagged(&mut self, tag: u8) -> Option<&'d [u8]> {
        match self.take(tag)? {
            [] => None,
            [0, second, ..] if *second < 0x80 => None,
            [0xff, second, ..] if *second >= 0x80 => None,
            bytes => Some(bytes),
        }
    }

    /// The bytes of a bit string, and how many bits of the last one are not its own.
    pub(in super::super) fn bit_string(&mut self) -> Option<(u8, &'d [u8])> {
        let (padding, bytes) = self.take(BITS)?.split_first()?;
        let unused = bytes.last().map_or(*padding == 0, |last| *padding <= 7 && u32::from(*last) & ((1 << padding) - 1) == 0);
        unused.then_some((*padding, bytes))
    }

    /// The contents of the next element, which is a sequence.
    pub(in super::super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Self)
    }

    /// The bytes of a whole number that is not negative, without leading zeros.
    pub(in super::super) fn unsigned(&mut self) -> Option<&'d [u8]> {
        match self.take(INTEGER)? {
            [] => None,
            [first, ..] if *first >= 0x80 => None,
            [0, second, ..] if *second < 0x80 => None,
            [0, rest @ ..] => Some(rest),
            all => Some(all),
        }
    }

    /// Whole bytes of a bit string.
    pub(in super::super) fn bits(&mut self) -> Option<&'d [u8]> {
        match self.take(BITS)? {
            [0, rest @ ..] => Some(rest),
            _ => None,
        }
    }

    /// Whether nothing is left.
    pub(in super::super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
