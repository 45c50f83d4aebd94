//! A file of JSON lines that several processes may append to, renamed when it is full.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::location::Place;

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How often a file may be renamed by others between opening and locking it.
const ATTEMPTS: u32 = 100;

pub(super) struct File {
    place: Place,
    open: Option<fs::File>,
}

impl File {
    pub(super) const fn new(place: Place) -> Self {
        Self { place, open: None }
    }

    /// Appends whole lines, or nothing.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        for _ in 0..ATTEMPTS {
            let mut file = match self.open.take() {
                Some(file) => file,
                None => open(&self.place.path)?,
            };
            lock(&file)?;
            // Closing would not unlock it where a forked child holds the same open file.
            let appended = self.append_locked(&mut file, lines);
            let unlocked = file.unlock();
            if appended? {
                self.open = Some(file);
                return unlocked;
            }
        }
        Err(io::Error::other("it is renamed again and again by others"))
    }

    /// Says whether the lines were written: not where the file is no longer the one of that name, or was full and is renamed now.
    fn append_locked(&self, file: &mut fs::File, lines: &[u8]) -> io::Result<bool> {
        let metadata = file.metadata()?;
        let named = match fs::metadata(&self.place.path) {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if (named.dev(), named.ino()) != (metadata.dev(), metadata.ino()) {
            return Ok(false);
        }
        let length = metadata.len();
        if length > 0 && length.saturating_add(lines.len() as u64) > self.place.max_bytes {
            self.rename()?;
            return Ok(false);
        }
        end_torn_line(file, length).and_then(|()| file.write_all(lines)).map(|()| true).inspect_err(|_| {
            // A full disk takes a part of the lines: they will be written again, whole. Where that fails too, the torn line is ended then.
            let _ = file.set_len(length);
        })
    }

    /// `PATH` becomes `PATH.1`, that `PATH.2`, and so on; the last one goes.
    fn rename(&self) -> io::Result<()> {
        let Place { path, keep, .. } = &self.place;
        if *keep == 0 {
            return fs::remove_file(path);
        }
        for number in (1..*keep).rev() {
            match fs::rename(numbered(path, number), numbered(path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(path, numbered(path, 1))
    }
}

/// Only its owner may read it: it has inputs.
fn open(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

fn lock(file: &fs::File) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process holds it, and does not let go")),
        }
    }
}

/// A process that was killed while it wrote left the beginning of a line.
fn end_torn_line(file: &mut fs::File, length: u64) -> io::Result<()> {
    let Some(last) = length.checked_sub(1) else { return Ok(()) };
    let mut byte = [b'\n'];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    if byte == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}
