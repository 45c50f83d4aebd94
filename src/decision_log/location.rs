//! Where a decision log goes.

use std::fmt;
use std::path::PathBuf;

use url::form_urlencoded;

use crate::error::{Error, Result};

const MAX_BYTES: u64 = 100_000_000;
const KEEP: u32 = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// To whoever asks for the next event.
    Queue,
    /// To a file.
    File(Place),
}

/// A file of JSON lines, and when the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// The file is renamed where it would become larger.
    pub(super) max_bytes: u64,
    /// How many renamed files stay.
    pub(super) keep: u32,
}

impl Location {
    /// `queue:`, or `file:PATH[?max_bytes=…&keep=…]`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text == "queue:" {
            return Ok(Self::Queue);
        }
        let rest = text.strip_prefix("file:").ok_or_else(|| bad("write queue:, or file:PATH?max_bytes=100000000&keep=5"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = match path.strip_prefix("//") {
            Some(rest) if rest.starts_with('/') => rest,
            Some(_) => return Err(bad("write file:/absolute/path or file:relative/path; a file's URL has no host")),
            None => path,
        };
        if path.is_empty() || path.ends_with('/') {
            return Err(bad("file: needs the path of a file"));
        }
        // A relative path means the directory of now, wherever the process goes later.
        let path = std::path::absolute(path).map_err(bad)?;
        let mut place = Place { path, max_bytes: MAX_BYTES, keep: KEEP };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "max_bytes" => place.max_bytes = number("max_bytes", &value, 1 << 10..=u64::MAX)?,
                "keep" => place.keep = number("keep", &value, 0..=1000)?,
                _ => return Err(bad("it has a parameter that is none of max_bytes and keep")),
            }
        }
        Ok(Self::File(place))
    }
}

fn number<N: std::str::FromStr + PartialOrd + fmt::Display>(
    name: &str,
    text: &str,
    range: std::ops::RangeInclusive<N>,
) -> Result<N> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| bad(format_args!("{name} is a number from {} to {}", range.start(), range.end())))
}

fn bad(problem: impl fmt::Display) -> Error {
    Error::invalid("location", problem)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue => f.write_str("queue:"),
            Self::File(place) => write!(f, "file:{}", place.path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, Place};

    #[test]
    fn a_location_is_a_queue_or_a_file() {
        let file = |path: &str, max_bytes, keep| Location::File(Place { path: path.into(), max_bytes, keep });
        for (text, location) in [
            ("queue:", Location::Queue),
            ("file:/a/b.log", file("/a/b.log", 100_000_000, 5)),
            ("file:///a/b.log?keep=0", file("/a/b.log", 100_000_000, 0)),
            ("file:/a?max_bytes=1024&keep=2", file("/a", 1024, 2)),
        ] {
            assert_eq!(Location::parse(text).ok(), Some(location), "{text}");
        }
        for text in
            ["", "queue", "queue:x", "file:", "file:/", "file://host/a", "file:/a?max_bytes=1", "file:/a?keep=x", "file:/a?x=1"]
        {
            assert!(Location::parse(text).is_err(), "{text}");
        }
    }
}
