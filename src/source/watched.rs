//! Files that are looked at often, and read when they changed and are quiet.

use std::time::{Duration, Instant};

use super::walk::Look;
use super::{Brought, Fetched};
use crate::error::Result;

/// How long files must stay as they are before they are read.
pub(super) const QUIET: Duration = Duration::from_millis(100);
/// What was refused is tried again so often though it did not change: what stood in its way may be gone.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Files: what can be looked at without reading it.
pub(super) trait Files {
    /// What they look like now.
    fn look(&self) -> Result<Look>;
    /// What they have.
    fn read(&self) -> Result<(Brought, u64)>;
}

/// Files that are read when they changed and are quiet.
pub(super) struct Watched<F> {
    files: F,
    held: Option<Look>,
    refused: Option<(Look, Instant)>,
    last: Last,
}

/// What the last look saw.
enum Last {
    /// Nobody looked yet: what is there was there before.
    Never,
    /// There was nothing: what is there now may be half made.
    Nothing,
    Seen(Look),
}

impl Last {
    const fn seen(&self) -> Option<&Look> {
        match self {
            Self::Seen(look) => Some(look),
            Self::Never | Self::Nothing => None,
        }
    }
}

impl<F: Files> Watched<F> {
    pub(super) const fn new(files: F) -> Self {
        Self { files, held: None, refused: None, last: Last::Never }
    }

    pub(super) fn fetch(&mut self) -> Result<Fetched> {
        let look = self.files.look().inspect_err(|_| self.last = Last::Nothing)?;
        let is_quiet = matches!(self.last, Last::Never) || self.last.seen() == Some(&look);
        self.last = Last::Seen(look.clone());
        if self.held.as_ref() == Some(&look) {
            return Ok(Fetched::Same);
        }
        if self.refused.as_ref().is_some_and(|(refused, at)| *refused == look && at.elapsed() < TRY_AGAIN) {
            return Ok(Fetched::Refused);
        }
        if !is_quiet {
            return Ok(Fetched::Settling);
        }
        let read = self.files.read();
        // Changed while they were read: what was read is neither the old nor the new.
        if self.files.look()? != look {
            return Ok(Fetched::Settling);
        }
        match read {
            Ok((brought, bytes)) => Ok(Fetched::New(brought, bytes)),
            Err(error) => {
                self.refused();
                Err(error)
            }
        }
    }

    pub(super) fn accepted(&mut self) {
        self.refused = None;
        self.held = self.last.seen().cloned();
    }

    pub(super) fn refused(&mut self) {
        self.refused = self.last.seen().map(|look| (look.clone(), Instant::now()));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::Watched;
    use crate::rego::RegoVersion;
    use crate::source::Fetched;
    use crate::source::config::Config;
    use crate::source::directory::Directory;

    /// A directory that is made and then filled is not read between the two.
    #[test]
    fn what_appears_is_left_to_settle() {
        let root = std::env::temp_dir().join(format!("sark-watched-{}", std::process::id()));
        let mut watched = Watched::new(Directory::new(&root, &Config::parse(None).unwrap(), RegoVersion::V1));
        assert!(watched.fetch().is_err());
        fs::create_dir(&root).unwrap();
        assert!(matches!(watched.fetch(), Ok(Fetched::Settling)));
        fs::write(root.join("p.rego"), "package p").unwrap();
        assert!(matches!(watched.fetch(), Ok(Fetched::Settling)));
        let last = watched.fetch();
        fs::remove_dir_all(&root).unwrap();
        assert!(matches!(last, Ok(Fetched::New(..))));
    }
}
