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

    /// A revision that no engine has had. What `label` says of it, for a person, comes after a space, as much of it as there is room for.
    pub(crate) fn next(label: &str) -> Self {
        let mut revision = Self::NONE;
        let id = crate::process::unique_id();
        // Whatever a source calls its state: it stands in headers and in lines of logs.
        let label = label.bytes().map(|byte| if byte.is_ascii_graphic() { byte } else { b'?' });
        let space = (label.len() > 0).then_some(b' ');
        for (to, from) in revision.bytes.iter_mut().zip(id.bytes().chain(space).chain(label)) {
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

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn it_says_what_it_is_made_of_and_stays_short() {
        let plain = Revision::next("");
        assert!(!plain.as_str().contains(' ') && plain != Revision::next(""));
        assert!(Revision::next("authz=v42").as_str().ends_with(" authz=v42"));
        let long = Revision::next(&"é\n".repeat(100));
        assert_eq!(long.as_str().len(), Revision::MAX_LENGTH);
        assert!(long.as_str().is_ascii() && !long.as_str().contains('\n'));
    }
}
