//! A bundle on disk: a tar.gz, or its files in a directory.

use std::fs;
use std::path::PathBuf;

use super::bundle::{self, Reading};
use super::config::{Config, Signing};
use super::walk::Look;
use super::watched::Files;
use super::{Brought, archive, walk};
use crate::error::Result;
use crate::rego::RegoVersion;

pub(super) struct Packed {
    path: PathBuf,
    name: String,
    signing: Option<Signing>,
    rego_version: RegoVersion,
    size_limit: u64,
    max_data_bytes: u64,
}

impl Packed {
    pub(super) fn new(path: PathBuf, name: &str, config: &Config, rego_version: RegoVersion, max_data_bytes: u64) -> Self {
        let signing = config.signing.clone();
        Self { path, name: name.to_owned(), signing, rego_version, size_limit: config.size_limit_bytes, max_data_bytes }
    }

    fn files(&self) -> Result<Vec<archive::File>> {
        let metadata = fs::metadata(&self.path).map_err(|e| walk::unreadable(&self.path, &e))?;
        if metadata.is_dir() {
            return archive::read_directory(&self.path, self.size_limit);
        }
        let packed = walk::read(&self.path, self.size_limit)?;
        archive::unpack(&packed, self.size_limit)
    }
}

impl Files for Packed {
    fn look(&self) -> Result<Look> {
        Ok(Look::of(&walk::files(&self.path, &[])?))
    }

    fn read(&self) -> Result<(Brought, u64)> {
        let files = self.files()?;
        let bytes = files.iter().map(|file| file.bytes.len() as u64).sum();
        let reading = Reading {
            name: &self.name,
            signing: self.signing.as_ref(),
            rego_version: self.rego_version,
            limit: self.max_data_bytes,
            etag: "",
        };
        Ok((bundle::read(files, &reading)?, bytes))
    }
}
