//! Break glass: one side for everyone, whatever the percentages say.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The environment variable that is read when flags are opened.
pub const FORCE_VARIABLE: &str = "SARK_FORCE";

/// A side that everyone takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// The local engine.
    Local,
    /// The remote OPA.
    Remote,
}

impl Force {
    /// `local` or `remote`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }

    /// What the environment says.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a value that is neither side: a misspelt emergency must not pass in silence.
    pub(super) fn from_environment() -> Result<Option<Self>> {
        let Some(value) = std::env::var_os(FORCE_VARIABLE).filter(|v| !v.is_empty()) else { return Ok(None) };
        let side = value.to_str().unwrap_or_default().parse();
        side.map(Some).map_err(|_: Error| {
            Error::invalid(
                FORCE_VARIABLE,
                format_args!("the environment says {value:?}; use \"local\" or \"remote\", or unset it"),
            )
        })
    }
}

impl FromStr for Force {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "local" => Ok(Self::Local),
            "remote" => Ok(Self::Remote),
            _ => Err(Error::invalid("side", "use \"local\" or \"remote\"")),
        }
    }
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
