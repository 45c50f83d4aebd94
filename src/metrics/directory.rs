//! A directory with a file for each process, and one for all that ended.
//!
//! A living process holds an exclusive lock (`flock`) on its file from before the file has its name until the last of the process is gone,
//! however it ends: a file that can be locked belongs to nobody, whatever process has its number now. Files of processes that ended are added
//! to `ended`, which is replaced as a whole and names what it took in, so that a process killed at any step leaves nothing that counts
//! twice. Who reads or makes a file holds the lock of the directory together with others, who adds up holds it alone.
//!
//! A lock goes to forked children with its descriptor: each one is given back, not left to the closing of the file.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::file::{self, Entry, Writer};
use super::store::Memory;
use super::totals::Totals;
use crate::error::{Error, ErrorKind, Result};
use crate::process;

const LIVE: &str = ".live";
const NEW: &str = ".new";
const ENDED: &str = "ended";
const LOCK: &str = "lock";

/// For how long a scrape waits for whoever adds up files, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// With more files than this, whoever makes one adds up first: nobody may be scraping.
const MANY: usize = 64;

pub(super) struct Directory {
    path: PathBuf,
}

/// The file of this process. Its lock goes when no process has it open or mapped.
pub(super) struct OwnFile {
    name: String,
    /// Always there, but in `drop`.
    file: Option<File>,
    /// Device and inode: whoever closes all descriptors of a process, as daemons do, closes this one, and its number may be another file's.
    identity: (u64, u64),
}

/// The lock of the directory.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked by closing it.
        drop(self.0.unlock());
    }
}

/// What another file turned out to be.
enum Other {
    Live(Vec<u8>),
    Ended(Vec<u8>),
    /// No file of ours.
    Ignored,
    /// Gone meanwhile.
    Gone,
}

pub(super) fn unavailable(path: &Path, problem: &io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("metrics in {}: {problem}", path.display()))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Neither a link nor a pipe that someone put there is followed or waited for.
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    options
}

impl Directory {
    /// Opens a directory, made where there is none (but not what it lies in), for its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self> {
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(problem) if problem.kind() != io::ErrorKind::AlreadyExists => return Err(unavailable(path, &problem)),
            _ => {}
        }
        let path = path.canonicalize().map_err(|problem| unavailable(path, &problem))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn lock_file(&self) -> io::Result<File> {
        options().read(true).write(true).create(true).truncate(false).open(self.at(LOCK))
    }

    /// The lock of the directory, together with others who read or make files.
    fn share(&self) -> io::Result<Lock> {
        let (file, start) = (self.lock_file()?, Instant::now());
        loop {
            match file.try_lock_shared() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process holds the lock")),
                Err(TryLockError::Error(problem)) => return Err(problem),
            }
        }
    }

    /// Makes the file of this process: those contents, and room for more. All of it is written, so that the disk is full here and now or
    /// not for this file: a page that has no place on the disk when it is first counted in would end the process.
    pub(super) fn make(&self, contents: &[u8], room: usize) -> Result<OwnFile> {
        if self.names().is_ok_and(|names| names.len() > MANY) {
            self.add_up(None);
        }
        self.try_make(contents, room).map_err(|problem| unavailable(&self.path, &problem))
    }

    fn try_make(&self, contents: &[u8], room: usize) -> io::Result<OwnFile> {
        let _lock = self.share()?;
        let id = format!("{}-{}", std::process::id(), process::unique_id());
        let (name, new) = (format!("{id}{LIVE}"), self.at(&format!("{id}{NEW}")));
        let file = options().read(true).write(true).create_new(true).open(&new)?;
        let made = fill(file, contents, room).and_then(|file| fs::rename(&new, self.at(&name)).map(|()| file));
        match made {
            Ok((file, identity)) => Ok(OwnFile { name, file: Some(file), identity }),
            Err(problem) => {
                drop(fs::remove_file(&new));
                Err(problem)
            }
        }
    }

    /// Adds all other files to `own`, which is asked while no file can be added up.
    pub(super) fn totals(&self, own_name: Option<&str>, own: impl FnOnce() -> Totals) -> Result<Totals> {
        let lock = self.share().map_err(|problem| unavailable(&self.path, &problem))?;
        let mut totals = own();
        let (mut live, mut ignored, mut has_ended) = (u64::from(own_name.is_some()), 0, false);
        let absorbed = self.add_ended(&mut totals);
        for name in self.names().map_err(|problem| unavailable(&self.path, &problem))? {
            if Some(name.as_str()) == own_name || !name.ends_with(LIVE) || absorbed.contains(&name) {
                continue;
            }
            let (bytes, is_alive) = match self.other(&name) {
                Other::Live(bytes) => (bytes, true),
                Other::Ended(bytes) => (bytes, false),
                Other::Ignored => (Vec::new(), false),
                Other::Gone => continue,
            };
            let Some(entries) = file::entries(&bytes) else {
                ignored += 1;
                continue;
            };
            totals.add_entries(&entries, is_alive);
            live += u64::from(is_alive);
            has_ended |= !is_alive;
        }
        totals.files = Some((live, ignored));
        drop(lock);
        if has_ended || !absorbed.is_empty() {
            self.add_up(own_name);
        }
        Ok(totals)
    }

    /// Adds what all processes that ended counted, and gives the names of their files, which may still be there.
    fn add_ended(&self, totals: &mut Totals) -> BTreeSet<String> {
        let mut absorbed = BTreeSet::new();
        if let Ok(bytes) = read(&self.at(ENDED))
            && let Some(entries) = file::entries(&bytes)
        {
            totals.add_entries(&entries, false);
            absorbed.extend(entries.iter().filter_map(|entry| match entry {
                Entry::Absorbed(name) => Some((*name).to_owned()),
                Entry::Series { .. } => None,
            }));
        }
        absorbed
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.ends_with(LIVE) || name.ends_with(NEW)).collect())
    }

    fn other(&self, name: &str) -> Other {
        let file = match options().read(true).open(self.at(name)) {
            Ok(file) => file,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Other::Gone,
            Err(_) => return Other::Ignored,
        };
        let has_ended = file.try_lock_shared().is_ok();
        if has_ended {
            drop(file.unlock());
        }
        match read_file(file) {
            Ok(bytes) if has_ended => Other::Ended(bytes),
            Ok(bytes) => Other::Live(bytes),
            Err(_) => Other::Ignored,
        }
    }

    /// Adds the files of processes that ended to `ended`, unless someone reads: then the next one does. Where it fails, all stays as it is.
    fn add_up(&self, own_name: Option<&str>) {
        let Ok(file) = self.lock_file() else { return };
        if file.try_lock().is_ok() {
            let _lock = Lock(file);
            drop(self.try_add_up(own_name));
        }
    }

    fn try_add_up(&self, own_name: Option<&str>) -> io::Result<()> {
        let mut totals = Totals::default();
        let absorbed = self.add_ended(&mut totals);
        absorbed.iter().try_for_each(|name| remove(&self.at(name)))?;
        let mut added = Vec::new();
        for name in self.names()? {
            if name.ends_with(NEW) {
                // Whoever made it was killed: makers hold the lock, too.
                remove(&self.at(&name))?;
            } else if Some(name.as_str()) != own_name
                && let Other::Ended(bytes) = self.other(&name)
                && let Some(entries) = file::entries(&bytes)
            {
                totals.add_entries(&entries, false);
                added.push(name);
            }
        }
        if added.is_empty() && absorbed.is_empty() {
            return Ok(());
        }
        self.replace_ended(&totals, &added)?;
        added.iter().try_for_each(|name| remove(&self.at(name)))
    }

    fn replace_ended(&self, totals: &Totals, added: &[String]) -> io::Result<()> {
        let mut writer = Writer::new();
        for (key, (kind, values)) in &totals.series {
            writer.series(*kind, key, values);
        }
        added.iter().for_each(|name| writer.absorbed(name));
        let contents = writer.finish();
        if contents.len() > file::MAX_BYTES {
            return Err(io::Error::other("the series are too many for one file"));
        }
        let new = self.at(&format!("{ENDED}{NEW}"));
        options().write(true).create(true).truncate(true).open(&new)?.write_all(&contents)?;
        fs::rename(&new, self.at(ENDED))
    }
}

impl OwnFile {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Maps it, at its full size.
    pub(super) fn map(&self, memory: &dyn Memory, bytes: usize) -> io::Result<()> {
        memory.map(self.file()?, bytes)
    }

    fn file(&self) -> io::Result<&File> {
        let file = self.file.as_ref().filter(|file| identity(file).is_ok_and(|identity| identity == self.identity));
        file.ok_or_else(|| io::Error::other("the descriptor was closed by someone else"))
    }

    /// Makes the file larger, in full or not at all.
    pub(super) fn grow(&self, from: usize, to: usize) -> io::Result<()> {
        self.file()?.write_all_at(&vec![0; to.saturating_sub(from)], from as u64)
    }

    /// For a file that nobody ever counted in.
    pub(super) fn remove(self, directory: &Directory) {
        drop(fs::remove_file(directory.at(&self.name)));
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.file().is_err()
            && let Some(file) = self.file.take()
        {
            // Someone else's by now.
            let _ = file.into_raw_fd();
        }
    }
}

/// Writes a file in full, and locks it.
fn fill(mut file: File, contents: &[u8], room: usize) -> io::Result<(File, (u64, u64))> {
    file.write_all(contents)?;
    file.write_all(&vec![0; room.saturating_sub(contents.len())])?;
    file.try_lock().map_err(io::Error::from)?;
    let identity = identity(&file)?;
    Ok((file, identity))
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_file(options().read(true).open(path)?)
}

/// Reads a file by ordinary reads: memory that maps it would end the process when someone cuts it. The end of the entries is read before
/// them, so that those of a process that is just adding one are whole.
fn read_file(mut file: File) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::with_capacity(64 << 10);
    (&mut file).take((file::HEADER * size_of::<u64>()) as u64).read_to_end(&mut bytes)?;
    let entries = file::entries_bytes(&bytes).ok_or_else(|| io::Error::other("not a file of metrics"))?;
    file.take(entries).read_to_end(&mut bytes)?;
    Ok(bytes)
}
