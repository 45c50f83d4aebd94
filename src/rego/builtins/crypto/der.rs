//! Reading DER, as much of it as keys and certificates need.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// What is left of a DER text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'d>(pub(super) &'d [u8]);

impl<'d> Der<'d> {
    /// The next element: its tag and contents.
    pub(super) fn next(&mut self) -> Option<(u8, &'d [u8])> {
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
    pub(super) fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let before = self.0;
        match self.next() {
            Some((found, contents)) if found == tag => Some(contents),
            _ => {
                self.0 = before;
                None
            }
        }
    }

    /// The contents of the next element, which is a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Self)
    }

    /// The bytes of a whole number that is not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'d [u8]> {
        match self.take(INTEGER)? {
            [] => None,
            [first, ..] if *first >= 0x80 => None,
            [0, second, ..] if *second < 0x80 => None,
            [0, rest @ ..] => Some(rest),
            all => Some(all),
        }
    }

    /// Whole bytes of a bit string.
    pub(super) fn bits(&mut self) -> Option<&'d [u8]> {
        match self.take(BITS)? {
            [0, rest @ ..] => Some(rest),
            _ => None,
        }
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
