//! The files of a bundle: out of a tar.gz, or from a directory. What could lead out of it, or fill the memory, is refused.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::walk;
use crate::error::{Error, ErrorKind, Result};

/// The most entries of an archive.
const MAX_ENTRIES: usize = 100_000;

/// A file of a bundle.
#[derive(Debug)]
pub(super) struct File {
    /// Its path as the archive has it: `/authz/policy.rego` where `opa build` wrote it.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// The files in a tar.gz, of which each and all together may have `limit` bytes.
pub(super) fn unpack(packed: &[u8], limit: u64) -> Result<Vec<File>> {
    let broken = |e: std::io::Error| refused(format!("the archive cannot be read: {e}"));
    let mut archive = Archive::new(MultiGzDecoder::new(packed));
    let (mut files, mut left) = (Vec::new(), limit);
    for (number, entry) in archive.entries().map_err(broken)?.enumerate() {
        if number >= MAX_ENTRIES {
            return Err(too_large(format!("the archive has more than {MAX_ENTRIES} entries")));
        }
        let mut entry = entry.map_err(broken)?;
        let path = name_of(&entry.path_bytes())?;
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => continue,
            EntryType::Symlink | EntryType::Link => return Err(refused(format!("{path} is a link, which may lead anywhere"))),
            _ => return Err(refused(format!("{path} is neither a file nor a directory"))),
        }
        let size = entry.size();
        if size > left {
            return Err(too_large(format!("{path} has {size} bytes; {left} of size_limit_bytes are left")));
        }
        left -= size;
        let mut bytes = Vec::new();
        entry.by_ref().take(size).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() as u64 != size {
            return Err(refused(format!("{path} ends after {} of {size} bytes", bytes.len())));
        }
        files.push(File { path, bytes });
    }
    finish(archive.into_inner(), left).map_err(broken)?;
    Ok(files)
}

/// What comes after the last entry is read too: its checksum says whether all of it arrived.
fn finish(mut rest: impl Read, limit: u64) -> std::io::Result<()> {
    let read = std::io::copy(&mut rest.by_ref().take(limit.saturating_add(1)), &mut std::io::sink())?;
    if read > limit { Err(std::io::Error::other("what follows the files is larger than size_limit_bytes")) } else { Ok(()) }
}

/// A name that stays inside.
fn name_of(bytes: &[u8]) -> Result<String> {
    let name = std::str::from_utf8(bytes).map_err(|_| refused("a file's name is not UTF-8".to_owned()))?;
    if name.split(['/', '\\']).any(|part| part == "..") || name.contains('\0') {
        return Err(refused(format!("the name {name:?} leads out of the bundle")));
    }
    Ok(name.to_owned())
}

/// The files of an unpacked bundle.
pub(super) fn read_directory(root: &Path, limit: u64) -> Result<Vec<File>> {
    let (mut files, mut left) = (Vec::new(), limit);
    for found in walk::files(root, &[])? {
        let bytes = walk::read(&found.path, left)?;
        left = left.saturating_sub(bytes.len() as u64);
        files.push(File { path: format!("/{}", found.keys.join("/")), bytes });
    }
    Ok(files)
}

fn refused(problem: String) -> Error {
    Error::new(ErrorKind::SerializationError, problem)
}

fn too_large(problem: String) -> Error {
    Error::new(ErrorKind::TooLarge, problem)
}
