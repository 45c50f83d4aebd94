//! The files below a directory, in order, without going round in circles.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::wildcard;
use crate::error::{Error, ErrorKind, Result};

/// How deep directories may nest.
const MAX_DEPTH: usize = 64;
/// How many files there may be.
const MAX_FILES: usize = 100_000;

/// A file that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The names on the way to it, its own the last.
    pub(super) keys: Vec<String>,
    pub(super) size: u64,
    /// What changes with its content.
    pub(super) stamp: Stamp,
}

/// What changes with a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    changed: (i64, i64),
    inode: u64,
    size: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            size: metadata.len(),
        }
    }
}

/// What files looked like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Look(Vec<(PathBuf, Stamp)>);

impl Look {
    pub(super) fn of(found: &[Found]) -> Self {
        Self(found.iter().map(|file| (file.path.clone(), file.stamp.clone())).collect())
    }
}

/// The content of a file of at most `limit` bytes. What is no file is not opened for good: a pipe would wait for a writer, and a device never end.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let failed = |e: std::io::Error| unreadable(path, &e);
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(no_file(path));
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let problem = format!("{} has more than the {limit} bytes that are left of size_limit_bytes", path.display());
        return Err(Error::new(ErrorKind::TooLarge, problem));
    }
    Ok(bytes)
}

fn no_file(path: &Path) -> Error {
    Error::new(ErrorKind::SerializationError, format!("{} is neither a file nor a directory", path.display()))
}

/// All files below `root`, sorted by their names at each level; links are followed, as OPA follows them. Names that match a pattern in
/// `ignore` are passed over. Where `root` is a file, it alone.
pub(super) fn files(root: &Path, ignore: &[String]) -> Result<Vec<Found>> {
    let metadata = fs::metadata(root).map_err(|e| unreadable(root, &e))?;
    if !metadata.is_dir() {
        if !metadata.is_file() {
            return Err(no_file(root));
        }
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![found(root.to_owned(), vec![name], &metadata)]);
    }
    let mut files = Vec::new();
    // The directories that are open, each with the entries that are left, in reverse.
    let mut open = vec![(directory_id(&metadata), Vec::new(), entries(root, ignore)?)];
    while let Some((_, keys, left)) = open.last_mut() {
        let Some((name, path)) = left.pop() else {
            open.pop();
            continue;
        };
        let keys: Vec<String> = keys.iter().cloned().chain([name]).collect();
        let metadata = fs::metadata(&path).map_err(|e| unreadable(&path, &e))?;
        if !metadata.is_dir() {
            if files.len() >= MAX_FILES {
                return Err(Error::new(ErrorKind::TooLarge, format!("{}: more than {MAX_FILES} files", root.display())));
            }
            files.push(found(path, keys, &metadata));
            continue;
        }
        let id = directory_id(&metadata);
        if open.len() >= MAX_DEPTH || open.iter().any(|(known, ..)| *known == id) {
            let problem = format!("{}: directories nest deeper than {MAX_DEPTH}, or a link leads back", path.display());
            return Err(Error::new(ErrorKind::LimitExceeded, problem));
        }
        let inside = entries(&path, ignore)?;
        open.push((id, keys, inside));
    }
    Ok(files)
}

fn found(path: PathBuf, keys: Vec<String>, metadata: &fs::Metadata) -> Found {
    Found { path, keys, size: metadata.len(), stamp: Stamp::of(metadata) }
}

fn directory_id(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Names and paths, the last one first. A name that is no UTF-8 is refused: it would be a key of data.
fn entries(directory: &Path, ignore: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let broken = |e: &std::io::Error| unreadable(directory, e);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|e| broken(&e))? {
        let entry = entry.map_err(|e| broken(&e))?;
        let name = entry.file_name().into_string().map_err(|name| {
            let problem = format!("{}: the name {} is not UTF-8", directory.display(), name.to_string_lossy());
            Error::new(ErrorKind::SerializationError, problem)
        })?;
        if !ignore.iter().any(|pattern| wildcard::matches(pattern, &name)) {
            found.push((name, entry.path()));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0));
    Ok(found)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{}: {error}", path.display()))
}
