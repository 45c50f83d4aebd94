//! The bearer token of a file that someone else rotates, as Kubernetes does with a projected one.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, mem};

use crate::error::{Error, ErrorKind, Result};

/// For how long a token is taken for the file's.
const FRESH: Duration = Duration::from_secs(1);

pub(crate) struct TokenFile {
    path: PathBuf,
    read: Mutex<Option<(Instant, String)>>,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, read: Mutex::new(None) }
    }

    /// The value of `Authorization`.
    pub(crate) fn authorization(&self, now: Instant) -> Result<String> {
        // Nothing panics under the lock.
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, value)) = &*read
            && now.saturating_duration_since(*at) < FRESH
        {
            return Ok(value.clone());
        }
        let value = self.load()?;
        *read = Some((now, value.clone()));
        Ok(value)
    }

    /// The token was refused: the next request reads the file.
    pub(crate) fn forget(&self) {
        drop(mem::take(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner)));
    }

    fn load(&self) -> Result<String> {
        let bad = |problem: &str| {
            let message = format!("token_file: {}: {problem}; nothing was asked", self.path.display());
            Error::new(ErrorKind::Unavailable, message)
        };
        let text = fs::read_to_string(&self.path).map_err(|e| bad(&e.to_string()))?;
        let token = text.trim();
        // What cannot stand in a header could add one.
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(bad("it does not hold one token"));
        }
        Ok(format!("Bearer {token}"))
    }
}
