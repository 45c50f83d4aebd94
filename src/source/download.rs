//! A bundle that a server has (OPA's `v1/download/download.go`): asked for by its ETag, and by waiting where the server can.

use std::time::{Duration, SystemTime};

use super::archive;
use super::bundle::{self, Reading};
use super::config::Config;
use super::http::{Server, refusal};
use super::persist::Store;
use super::{Brought, Fetched, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::RegoVersion;

/// What a server that waits says it sends.
const LONG_POLL_TYPE: &str = "application/vnd.openpolicyagent.bundles";

pub(super) struct Download {
    url: String,
    server: Server,
    name: String,
    config: Config,
    rego_version: RegoVersion,
    max_data_bytes: u64,
    store: Option<Store>,
    /// Of what is in force.
    etag: String,
    /// Of what was fetched last, and may come into force.
    next_etag: String,
    /// Whether anything is in force.
    holds: bool,
    /// Whether the server is asked to wait.
    waits: bool,
    /// The archive that was fetched last, to be kept once it is in force.
    unsaved: Option<Vec<u8>>,
}

impl Download {
    pub(super) fn new(
        url: String,
        name: String,
        config: &Config,
        rego_version: RegoVersion,
        max_data_bytes: u64,
    ) -> Result<Self> {
        let store = config.persistence_directory.as_ref().map(|directory| Store::new(directory, &name)).transpose()?;
        Ok(Self {
            server: Server::of_bundle(&url, config)?,
            url,
            name,
            config: config.clone(),
            rego_version,
            max_data_bytes,
            store,
            etag: String::new(),
            next_etag: String::new(),
            holds: false,
            waits: config.polling.long_poll.is_some(),
            unsaved: None,
        })
    }

    /// What was in force when this or another process last ran.
    pub(super) fn kept(&mut self) -> Result<Option<(Brought, SystemTime)>> {
        let Some((packed, when)) = self.store.as_ref().map(Store::load).transpose()?.flatten() else { return Ok(None) };
        self.next_etag = String::new();
        self.read(&packed).map(|brought| Some((brought, when)))
    }

    pub(super) fn fetch(&mut self) -> Result<Fetched> {
        self.unsaved = None;
        let wait = self.config.polling.long_poll.filter(|_| self.waits);
        let prefer = match wait {
            Some(wait) => format!("modes=snapshot,delta;wait={}", wait.as_secs()),
            None => "modes=snapshot,delta".to_owned(),
        };
        let mut headers = vec![("Prefer", prefer.as_str())];
        if self.holds && !self.etag.is_empty() {
            headers.push(("If-None-Match", self.etag.as_str()));
        }
        let answer = self.server.session(wait).get(&self.url, &headers)?;
        match answer.status {
            200 => {
                self.waits = self.waits && answer.content_type == LONG_POLL_TYPE;
                self.next_etag = answer.etag;
                let brought = self.read(&answer.body)?;
                let bytes = answer.body.len() as u64;
                self.unsaved = matches!(brought, Brought::Whole(_)).then_some(answer.body);
                Ok(Fetched::New(brought, bytes))
            }
            304 if self.holds => Ok(Fetched::Same),
            304 => {
                let problem = "server replied with 304 Not Modified, though it was not told of any bundle, and none is held";
                Err(Error::new(ErrorKind::Unavailable, problem))
            }
            status => Err(refusal(status)),
        }
    }

    fn read(&self, packed: &[u8]) -> Result<Brought> {
        let files = archive::unpack(packed, self.config.size_limit_bytes)?;
        let reading = Reading {
            name: &self.name,
            signing: self.config.signing.as_ref(),
            rego_version: self.rego_version,
            limit: self.max_data_bytes,
            etag: &self.next_etag,
        };
        bundle::read(files, &reading)
    }

    /// What was brought is in force: it is what the server is asked about, and what the next process begins with.
    pub(super) fn accepted(&mut self) -> Result<()> {
        self.holds = true;
        self.etag = std::mem::take(&mut self.next_etag);
        match (&self.store, self.unsaved.take()) {
            (Some(store), Some(packed)) => store.save(&packed),
            _ => Ok(()),
        }
    }

    /// What was brought is not in force.
    pub(super) fn refused(&mut self, error: &Error) {
        self.unsaved = None;
        // A delta that does not fit is answered by asking for the whole.
        if error.kind() == ErrorKind::Conflict {
            self.etag.clear();
        }
    }

    /// How soon to ask again after an answer.
    pub(super) const fn progress(&self) -> Progress {
        if self.waits && self.config.polling.long_poll.is_some() { Progress::AskAgain } else { Progress::Wait }
    }
}

/// OPA's default (`v1/download/config.go`).
pub(super) const DELAYS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(120));
