//! What the values of labels are called, and how metrics are written.

use crate::error::{Error, Result};

/// Which side decided. Its label is the seed's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The local engine.
    Rust,
    /// The remote OPA.
    Http,
}

impl Implementation {
    /// The value of the label `implementation`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Http => "http",
        }
    }
}

/// How a comparison of a local decision with the remote's ended, by the value of its label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShadowOutcome {
    /// Value, undefined or error are the same.
    Equal,
    /// They are not.
    Differing,
    /// The two sides decided by different policies.
    Revision,
    /// The query reaches time, randomness or the network, so that it was not asked.
    Nondeterministic,
    /// The remote did not answer.
    Failed,
}

impl ShadowOutcome {
    pub(crate) const ALL: [Self; 5] = [Self::Equal, Self::Differing, Self::Revision, Self::Nondeterministic, Self::Failed];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differing => "differing",
            Self::Revision => "revision",
            Self::Nondeterministic => "nondeterministic",
            Self::Failed => "failed",
        }
    }
}

/// What went wrong with a store of flags, by the value of its label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagStoreError {
    /// It cannot be reached or read; counted once for each time that it goes away.
    Away,
    /// A feature's value is no percentage.
    Garbage,
    /// It lost its contents.
    Emptied,
    /// It did not confirm a change.
    Write,
}

impl FlagStoreError {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Garbage => "garbage",
            Self::Emptied => "emptied",
            Self::Write => "write",
        }
    }
}

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The format of that number in the C ABI.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a number that is none.
    pub fn of(number: u32) -> Result<Self> {
        match number {
            0 => Ok(Self::Text),
            1 => Ok(Self::OpenMetrics),
            _ => Err(Error::invalid("format", format_args!("{number} is none; 0 is text, 1 OpenMetrics"))),
        }
    }

    /// The media type of what is written.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What became of what a source had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceOutcome {
    /// It is in force.
    Activated,
    /// It was read, and is not fit to be in force.
    Refused,
    /// It could not be read.
    Unreachable,
}

impl SourceOutcome {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}
