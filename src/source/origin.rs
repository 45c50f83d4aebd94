//! The four kinds of sources behind one question: is there anything new?

use std::time::{Duration, SystemTime};

use super::config::Config;
use super::directory::Directory;
use super::download::{self, Download};
use super::location::Location;
use super::mirror::{self, Mirror};
use super::packed::Packed;
use super::watched::{QUIET, Watched};
use super::{Brought, Fetched, Progress};
use crate::error::{Error, Result};
use crate::policy::EngineOptions;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Where it comes from. Belongs to the source's thread.
pub(super) enum Origin {
    Directory(Box<Watched<Directory>>),
    Packed(Box<Watched<Packed>>),
    Download(Box<Download>),
    Mirror(Box<Mirror>),
}

impl Origin {
    /// The origin at a location.
    pub(super) fn new(location: &Location, name: &str, config: &Config, engine: &EngineOptions) -> Result<Self> {
        let rego_version = config.rego_version.unwrap_or(engine.rego_version);
        check_settings(location, config)?;
        Ok(match location {
            Location::Directory(root) => Self::Directory(Box::new(Watched::new(Directory::new(root, config, rego_version)))),
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
