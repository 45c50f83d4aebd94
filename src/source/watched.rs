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
    last: Option<Look>,
}

impl<F: Files> Watched<F> {
    pub(super) const fn new(files: F) -> Self {
        Self { files, held: None, refused: None, last: None }
    }

    pub(super) fn fetch(&mut self) -> Result<Fetched> {
        let look = self.files.look()?;
        let is_first = self.last.is_none();
        let is_quiet = is_first || self.last.as_ref() == Some(&look);
        self.last = Some(look.clone());
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
        self.held = self.last.clone();
    }

    pub(super) fn refused(&mut self) {
        self.refused = self.last.clone().map(|look| (look, Instant::now()));
    }
}
