//! The four kinds of sources behind one question: is there anything new?

use std::time::{Duration, Instant, SystemTime};

use super::config::Config;
use super::directory::{self, Look};
use super::download::{self, Download};
use super::location::Location;
use super::mirror::{self, Mirror};
use super::packed::Packed;
use super::{Brought, Fetched, Progress};
use crate::error::{Error, Result};
use crate::policy::EngineOptions;
use crate::rego::{Path, RegoVersion};

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long files must stay as they are before they are read.
const QUIET: Duration = Duration::from_millis(100);
/// What was refused is tried again so often though it did not change: what stood in its way may be gone.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Where it comes from. Belongs to the source's thread.
pub(super) enum Origin {
    Directory(Box<Watched<Directory>>),
    Packed(Box<Watched<Packed>>),
    Download(Box<Download>),
    Mirror(Box<Mirror>),
}

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
    const fn new(files: F) -> Self {
        Self { files, held: None, refused: None, last: None }
    }

    fn fetch(&mut self) -> Result<Fetched> {
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

    fn accepted(&mut self) {
        self.refused = None;
        self.held = self.last.clone();
    }

    fn refused(&mut self) {
        self.refused = self.last.clone().map(|look| (look, Instant::now()));
    }
}

/// A directory.
pub(super) struct Directory {
    root: std::path::PathBuf,
    ignore: Vec<String>,
    roots: Vec<Path>,
    rego_version: RegoVersion,
    limit: u64,
}

impl Directory {
    fn reading(&self) -> directory::Reading<'_> {
        directory::Reading {
            root: &self.root,
            ignore: &self.ignore,
            roots: &self.roots,
            rego_version: self.rego_version,
            limit: self.limit,
        }
    }
}

impl Files for Directory {
    fn look(&self) -> Result<Look> {
        directory::look(&self.reading()).map(|(look, _)| look)
    }

    fn read(&self) -> Result<(Brought, u64)> {
        let reading = self.reading();
        let (_, found) = directory::look(&reading)?;
        let content = directory::read(&found, &reading)?;
        Ok((Brought::Whole(content), found.iter().map(|file| file.size).sum()))
    }
}

impl Origin {
    /// The origin at a location.
    pub(super) fn new(location: &Location, name: &str, config: &Config, engine: &EngineOptions) -> Result<Self> {
        let rego_version = config.rego_version.unwrap_or(engine.rego_version);
        check_settings(location, config)?;
        Ok(match location {
            Location::Directory(root) => Self::Directory(Box::new(Watched::new(Directory {
                root: root.clone(),
                ignore: config.ignore.clone(),
                roots: directory_roots(config),
                rego_version,
                limit: config.size_limit_bytes,
            }))),
            Location::Bundle(path) => {
                let packed = Packed::new(path.clone(), name, config, rego_version, engine.max_data_bytes);
                Self::Packed(Box::new(Watched::new(packed)))
            }
            Location::Download(url) => {
                let download = Download::new(url.clone(), name.to_owned(), config, rego_version, engine.max_data_bytes)?;
                Self::Download(Box::new(download))
            }
            Location::Mirror(url) => Self::Mirror(Box::new(Mirror::new(url, config, engine.max_data_bytes)?)),
        })
    }

    /// What was in force when a process last ran, and when it was kept.
    pub(super) fn kept(&mut self) -> Result<Option<(Brought, SystemTime)>> {
        match self {
            Self::Download(download) => download.kept(),
            _ => Ok(None),
        }
    }

    pub(super) fn fetch(&mut self) -> Result<Fetched> {
        match self {
            Self::Directory(directory) => directory.fetch(),
            Self::Packed(packed) => packed.fetch(),
            Self::Download(download) => download.fetch(),
            Self::Mirror(mirror) => mirror.fetch(),
        }
    }

    /// What was brought is in force. An error is of keeping it.
    pub(super) fn accepted(&mut self) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.accepted(),
            Self::Packed(packed) => packed.accepted(),
            Self::Download(download) => return download.accepted(),
            Self::Mirror(mirror) => mirror.accepted(),
        }
        Ok(())
    }

    /// What was brought is not in force.
    pub(super) fn refused(&mut self, error: &Error) {
        match self {
            Self::Directory(directory) => directory.refused(),
            Self::Packed(packed) => packed.refused(),
            Self::Download(download) => download.refused(error),
            Self::Mirror(_) => {}
        }
    }

    /// The shortest and the longest delay between two questions.
    pub(super) fn delays(&self, config: &Config) -> (Duration, Duration) {
        config.polling.delays.unwrap_or(match self {
            Self::Directory(_) | Self::Packed(_) => (LOOK, LOOK),
            Self::Download(_) => download::DELAYS,
            Self::Mirror(_) => mirror::DELAYS,
        })
    }

    /// How soon to look at what is changing.
    pub(super) const fn settling(&self) -> Duration {
        QUIET
    }

    pub(super) const fn progress(&self) -> Progress {
        match self {
            Self::Download(download) => download.progress(),
            _ => Progress::Wait,
        }
    }
}

fn directory_roots(config: &Config) -> Vec<Path> {
    match &config.roots {
        None => vec![Path::new(Vec::new())],
        Some(roots) => roots.iter().map(|root| Path::from_slashes(root.trim_matches('/'))).collect(),
    }
}

/// Refuses settings that would do nothing: whoever gives a key for what is never signed believes it is verified.
fn check_settings(location: &Location, config: &Config) -> Result<()> {
    let bad = |name: &str, problem: &str| Err(Error::invalid(&format!("config.{name}"), problem));
    let is_bundle = matches!(location, Location::Bundle(_) | Location::Download(_));
    if config.signing.is_some() && !is_bundle {
        return bad("keys", "only bundles are signed");
    }
    if config.roots.is_some() && !matches!(location, Location::Directory(_)) {
        return bad("roots", "they are a directory's; a bundle says them in its .manifest");
    }
    if config.roots.as_ref().is_some_and(Vec::is_empty) {
        return bad("roots", "without any, nothing would be the source's");
    }
    if config.persistence_directory.is_some() && !matches!(location, Location::Download(_)) {
        return bad("persistence_directory", "only bundles that a server has are kept");
    }
    if config.polling.long_poll.is_some() && !matches!(location, Location::Download(_)) {
        return bad("polling.long_polling_timeout_seconds", "only a server of bundles can wait");
    }
    if config.service.is_given() && !matches!(location, Location::Download(_)) {
        return bad(
            "credentials",
            "credentials, tls and headers are for bundles that a server has; the URL of an OPA has parameters",
        );
    }
    Ok(())
}
