//! The last bundle in force, on disk: whole, or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind as IoErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind, Result};
use crate::process;

/// Where one bundle is kept: where OPA keeps it, `<directory>/bundles/<name>/bundle.tar.gz`.
pub(super) struct Store {
    directory: PathBuf,
}

impl Store {
    pub(super) fn new(directory: &Path, name: &str) -> Result<Self> {
        let directory = std::path::absolute(directory).map_err(|e| Error::invalid("config.persistence_directory", e))?;
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::invalid("config.name", "it is also a directory's, and this would lead out of it"));
        }
        Ok(Self { directory: directory.join("bundles").join(name) })
    }

    fn file(&self) -> PathBuf {
        self.directory.join("bundle.tar.gz")
    }

    /// What was kept, and when; `None` where nothing was.
    pub(super) fn load(&self) -> Result<Option<(Vec<u8>, SystemTime)>> {
        let read = fs::read(self.file()).and_then(|packed| Ok((packed, fs::metadata(self.file())?.modified()?)));
        match read {
            Ok(kept) => Ok(Some(kept)),
            Err(e) if e.kind() == IoErrorKind::NotFound => Ok(None),
            Err(e) => Err(broken("the kept bundle cannot be read", &self.file(), &e)),
        }
    }

    /// Replaces what was kept. A process that is killed meanwhile leaves the old one, or the new one.
    pub(super) fn save(&self, packed: &[u8]) -> Result<()> {
        let failed = |e: &std::io::Error| broken("the bundle is in force but cannot be kept", &self.file(), e);
        fs::create_dir_all(&self.directory).map_err(|e| failed(&e))?;
        self.remove_leftovers();
        let beside = self.directory.join(format!(".bundle.tar.gz.{}", process::unique_id()));
        let written = write_whole(&beside, packed).and_then(|()| fs::rename(&beside, self.file()));
        if let Err(e) = written {
            let _ = fs::remove_file(&beside);
            return Err(failed(&e));
        }
        // The name is on disk with the directory; where that cannot be opened, the rename is as good as it gets.
        let _ = File::open(&self.directory).and_then(|directory| directory.sync_all());
        Ok(())
    }

    /// What processes left that were killed while they wrote. Another one that writes now writes again at its next bundle.
    fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let is_leftover = entry.file_name().to_string_lossy().starts_with(".bundle.tar.gz.");
            let is_old =
                entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFTOVER_AGE));
            if is_leftover && is_old {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const LEFTOVER_AGE: Duration = Duration::from_secs(600);

/// Only its owner may read it: data may be secret.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn broken(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{what}: {}: {error}", path.display()))
}
