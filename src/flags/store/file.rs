//! `file:PATH`: percentages that the processes of one machine share.

use std::fs::{self, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::document::{self, Document};
use super::{Edit, Found, Known, Read, Sink, Store};
use crate::error::{Error, Result};
use crate::flags::change::{Change, MAX_HISTORY};
use crate::flags::rollouts::Rollout;

/// How often a process looks whether the file was replaced: one `stat`.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct File {
    path: PathBuf,
    name: String,
    /// One writer of this process at a time: the lock on the file is the whole process's.
    writing: Mutex<()>,
    /// How often this process wrote: a file that was written and vanished between two looks is missed by who looks at it alone.
    writes: AtomicU64,
}

/// Tells one file from the one that replaced it.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl File {
    /// `file:PATH` or `file:///PATH`.
    pub(super) fn open(url: &str) -> Result<Self> {
        let path = url.strip_prefix("file:").unwrap_or(url);
        let path = match path.strip_prefix("//") {
            Some(rest) if rest.starts_with('/') => rest,
            Some(_) => {
                return Err(Error::invalid("url", "write file:/absolute/path or file:relative/path; a file's URL has no host"));
            }
            None => path,
        };
        if path.is_empty() || path.ends_with('/') {
            return Err(Error::invalid("url", "file: needs the path of a file"));
        }
        // A relative path means the directory of now, wherever the process goes later.
        let path = std::path::absolute(path).map_err(|e| Error::invalid("url", e))?;
        Ok(Self { name: format!("file:{}", path.display()), path, writing: Mutex::new(()), writes: AtomicU64::new(0) })
    }

    fn identity(&self) -> Option<Identity> {
        let metadata = fs::metadata(&self.path).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Some(Identity { device: metadata.dev(), inode: metadata.ino(), length: metadata.len(), modified })
    }

    fn read(&self) -> Result<Found> {
        let document = Document::read(&self.path)?;
        let is_marked = document.is_some();
        let rollouts = document.unwrap_or_default().rollouts;
        Ok(Found { features: rollouts.into_iter().map(|(n, r)| (n, Read::Rollout(r))).collect(), is_all: true, is_marked })
    }
}

/// Locks the file, or says that another process does not let go of it.
fn take(lock: &fs::File) -> std::io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOOK_AGAIN / 8),
            Err(TryLockError::WouldBlock) => return Err(std::io::Error::other("another process holds it, and does not let go")),
        }
    }
}

impl Store for File {
    fn name(&self) -> &str {
        &self.name
    }

    fn longest_pause(&self) -> Duration {
        LOOK_AGAIN
    }

    fn write(&self, edit: &Edit<'_>, known: &Known) -> Result<Vec<Change>> {
        let _one = self.writing.lock();
        let problem = |what: std::io::Error| document::unavailable(&self.path, "lock", &what);
        // A file of its own, since the other one is replaced by each write. It stays: removing it would let two writers lock two files.
        let lock = OpenOptions::new().create(true).append(true).open(document::beside(&self.path, ".lock")).map_err(problem)?;
        take(&lock).map_err(problem)?;
        let lost = || Document { rollouts: known.rollouts.as_ref().clone(), history: Vec::new() };
        let mut document = Document::read(&self.path)?.unwrap_or_else(lost);
        let changes = edit.changes(&document.rollouts);
        for change in &changes {
            document.rollouts.insert(change.feature.as_str().into(), Rollout::new(change.to));
            document.history.insert(0, change.clone());
        }
        document.history.truncate(MAX_HISTORY);
        document.write(&self.path)?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(changes)
    }

    fn history(&self) -> Result<Vec<Change>> {
        Ok(Document::read(&self.path)?.unwrap_or_default().history)
    }

    fn follow(&self, sink: &dyn Sink) -> Result<()> {
        let mut last = None;
        while !sink.is_over() {
            // Before the file is read: what replaces it meanwhile is read next.
            let now = Some((self.identity(), self.writes.load(Ordering::Relaxed)));
            if now != last {
                sink.learn(self.read()?);
                last = now;
            }
            sink.contact();
            sink.wait(LOOK_AGAIN);
        }
        Ok(())
    }
}
