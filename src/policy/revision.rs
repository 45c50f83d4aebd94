//! The name of one state of an engine.

use std::fmt;

/// An opaque text of at most [`Revision::MAX_LENGTH`] bytes, unique across processes. Copied by value, so that handing one out
/// writes to nothing that threads share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision {
    bytes: [u8; Self::MAX_LENGTH],
    length: u8,
}

impl Revision {
    /// The longest text, in bytes.
    pub const MAX_LENGTH: usize = 63;

    /// No revision: the empty text.
    pub const NONE: Self = Self { bytes: [0; Self::MAX_LENGTH], length: 0 };

    /// A revision that no engine has had.
    pub(crate) fn next() -> Self {
        let mut revision = Self::NONE;
        for (to, from) in revision.bytes.iter_mut().zip(crate::process::unique_id().bytes()) {
            *to = from;
            revision.length += 1;
        }
        revision
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
