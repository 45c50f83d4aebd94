//! What a client gives back.

use std::fmt;
use std::time::Duration;

use super::allowed;
use crate::error::ErrorKind;
use crate::metrics::Implementation;
use crate::policy::Revision;
use crate::process;

/// Why the other side decided than the one that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The local evaluation failed.
    Evaluation,
    /// The input or the result could not be represented here.
    Serialization,
    /// A limit was exceeded.
    Limit,
    /// A defect in sark.
    Internal,
    /// The policy uses what the local engine lacks.
    Unsupported,
    /// The remote was away, and the local engine decided; or the engine's source was not activated yet, or too old, and the remote did.
    Unavailable,
}

impl Fallback {
    /// The reason as text, as in the metrics' `error_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evaluation => "evaluation",
            Self::Serialization => "serialization",
            Self::Limit => "limit",
            Self::Internal => "internal",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
        }
    }

    /// The error table: which local errors the remote may answer instead.
    pub(super) const fn of(kind: ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::EvaluationError => Some(Self::Evaluation),
            ErrorKind::SerializationError => Some(Self::Serialization),
            ErrorKind::LimitExceeded => Some(Self::Limit),
            ErrorKind::InternalError => Some(Self::Internal),
            ErrorKind::Unsupported => Some(Self::Unsupported),
            ErrorKind::Unavailable => Some(Self::Unavailable),
            _ => None,
        }
    }
}

/// The time spent in each phase of a decision; zero for one that was not entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name is its description")]
pub struct Phases {
    pub flag: Duration,
    pub cache: Duration,
    pub read: Duration,
    pub evaluate: Duration,
    pub remote: Duration,
    pub total: Duration,
}

/// The name of one decision: a random UUID (RFC 9562, version 4), as OPA's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecisionId(u128);

impl DecisionId {
    /// Its length as text.
    pub const LENGTH: usize = 36;

    pub(super) fn new() -> Self {
        let bits = u128::from(process::random()) << 64 | u128::from(process::random());
        Self(bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }

    /// Its text, in lower case.
    #[must_use]
    pub fn to_text(self) -> [u8; Self::LENGTH] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble & 0xf)).copied().unwrap_or(b'0');
        let mut text = [b'-'; Self::LENGTH];
        let mut places = text.iter_mut();
        for (at, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                places.next();
            }
            for nibble in [byte >> 4, byte] {
                if let Some(place) = places.next() {
                    *place = digit(nibble);
                }
            }
        }
        text
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Its name, in logs and events.
    pub id: DecisionId,
    /// The result as compact JSON; `None` is undefined.
    pub result: Option<Vec<u8>>,
    /// Whether the result allows: exactly `true`, or an object whose `allow` (or, without one, `allowed`) is exactly `true`.
    pub allowed: bool,
    /// The side that decided.
    pub implementation: Implementation,
    /// Whether it was decided before, under this revision.
    pub cached: bool,
    /// Why the other side decided than the one that was chosen.
    pub fallback: Option<Fallback>,
    /// The local revision that decided; [`Revision::NONE`] for a remote decision.
    pub revision: Revision,
    /// The revisions of OPA's bundles, for a remote decision, as its provenance has them.
    pub remote_revision: Option<String>,
    /// Where the time went.
    pub phases: Phases,
}

impl Decision {
    pub(super) fn new(id: DecisionId, result: Option<Vec<u8>>, implementation: Implementation, phases: Phases) -> Self {
        let allowed = allowed::is_allowed(result.as_deref());
        let (cached, fallback, revision, remote_revision) = (false, None, Revision::NONE, None);
        Self { id, result, allowed, implementation, cached, fallback, revision, remote_revision, phases }
    }

    pub(super) fn local(id: DecisionId, result: Option<Vec<u8>>, revision: Revision, phases: Phases) -> Self {
        Self { revision, ..Self::new(id, result, Implementation::Rust, phases) }
    }
}

#[cfg(test)]
mod tests {
    use super::DecisionId;

    #[test]
    fn ids_are_uuids_of_version_4_and_differ() {
        let texts: Vec<String> = (0..1000).map(|_| DecisionId::new().to_string()).collect();
        for text in &texts {
            assert_eq!(text.len(), DecisionId::LENGTH);
            assert_eq!(text.as_bytes().get(14), Some(&b'4'), "{text}");
            assert!(text.as_bytes().get(19).is_some_and(|variant| b"89ab".contains(variant)), "{text}");
        }
        assert_eq!(texts.iter().collect::<std::collections::HashSet<_>>().len(), texts.len());
    }
}
