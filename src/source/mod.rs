//! Where policies and data come from: a directory, a bundle on disk or on a server, a running OPA.
//!
//! A thread asks the source from time to time, and has the engine put in force what is new: whole, or not at all. On any error the last good
//! state stays, and the status says so.
//!
//! ```text
//!  Source ──► follower    the thread: when to ask, and what becomes of the answer
//!               └──► origin     one of
//!                      ├──► watched: directory ──► walk
//!                      ├──► watched: packed ──► archive ──► bundle ──► manifest, signature ──► digest
//!                      ├──► download  ──► http, persist, and as above
//!                      └──► mirror    ──► http
//! ```

mod archive;
mod bundle;
mod config;
mod content;
mod digest;
mod directory;
mod download;
mod follower;
mod http;
mod location;
mod manifest;
mod mirror;
mod origin;
mod packed;
mod persist;
mod signature;
mod state;
mod walk;
mod watched;
mod wildcard;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::policy::{Content, Delta, Engine};
use config::Config;
use location::Location;
use origin::Origin;
use state::State;

/// How long opening waits for the first answer of a source that is not at hand.
const FIRST_ATTEMPT: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What a source brought.
enum Brought {
    Whole(Content),
    Delta(Delta),
}

/// What asking a source came to.
enum Fetched {
    /// Something else than before, and its size.
    New(Brought, u64),
    /// What is in force.
    Same,
    /// What was refused before.
    Refused,
    /// It is changing just now.
    Settling,
}

/// When a source is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// After the delay.
    Wait,
    /// At once: it waits itself.
    AskAgain,
}

/// A source that an engine follows. The engine keeps it going; this is a view of it. Usable from many threads at once.
pub struct Source {
    state: Arc<State>,
    /// A view keeps alive what it is a view of.
    _engine: Arc<Engine>,
}

impl Source {
    /// Has `engine` follow the source at `url`: `dir:PATH`, `bundle:PATH`, `http(s)://…` or `opa:http(s)://…`. `config` is a JSON object, or
    /// `None`. Waits up to 3 s for the first answer; a source that is away, or has what is refused, is no error: the status says it.
    /// `give_back` is called after each activation, when the allocator has most to give back to the system.
    ///
    /// # Errors
    /// `UNSUPPORTED` for another kind of source; `INVALID_ARGUMENT` for a malformed URL or config, `CONFLICT` for a name that another source
    /// of the engine has; `CLOSED`.
    pub fn follow(engine: &Arc<Engine>, url: &str, config: Option<&[u8]>, give_back: fn()) -> Result<Self> {
        let (location, config) = (Location::parse(url)?, Config::parse(config)?);
        let name = config.name.clone().unwrap_or_else(|| location.default_name());
        check_name(&name)?;
        let origin = Origin::new(&location, &name, &config, engine.options())?;
        let state = State::new(engine, name.into(), location, config, give_back);
        engine.feed(Arc::<State>::clone(&state))?;
        state.begin(origin);
        let source = Self { state, _engine: Arc::clone(engine) };
        source.state.wait_until(FIRST_ATTEMPT, |status| status.attempts > 0);
        Ok(source)
    }

    /// Waits until something of the source is in force.
    ///
    /// # Errors
    /// What keeps it from that, once `timeout` is over: what was refused, or `UNAVAILABLE`; `CLOSED`.
    pub fn wait(&self, timeout: Duration) -> Result<()> {
        let status = self.state.wait_until(timeout, |status| status.is_ready());
        if self.state.is_over() {
            return Err(Error::closed("source"));
        }
        if status.is_ready() {
            return Ok(());
        }
        Err(status.problem.clone().unwrap_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                format!("the source {} was not activated within the time", self.state.source_name()),
            )
        }))
    }

    /// Asks the source now, rather than when it is due.
    ///
    /// # Errors
    /// `CLOSED`.
    pub fn trigger(&self) -> Result<()> {
        self.check_open()?;
        self.state.trigger();
        Ok(())
    }

    /// The next thing that happened: `activated`, `refused`, `unreachable`, `stale`, …; `None` where nothing did within `timeout`.
    ///
    /// # Errors
    /// `CLOSED`, also for one who waits.
    pub fn next_event(&self, timeout: Duration) -> Result<Option<Event>> {
        self.check_open()?;
        let event = self.state.next_event(timeout);
        self.check_open().map(|()| event)
    }

    /// How it is. Answers after the close, too.
    #[must_use]
    pub fn status(&self) -> Value {
        self.state.to_json(Instant::now())
    }

    /// Stops following. What is in force stays, and is nobody's.
    pub fn close(&self) {
        self.state.close();
    }

    fn check_open(&self) -> Result<()> {
        if self.state.is_over() { Err(Error::closed("source")) } else { Ok(()) }
    }
}

/// What the fuzzer gives for a bundle, as a tar, and for a file of YAML: read, and thrown away. Whether it is either.
#[cfg(fuzzing)]
#[must_use]
pub fn fuzz(bytes: &[u8], is_yaml: bool) -> bool {
    use std::io::Write;
    if is_yaml {
        return crate::yaml::to_json(bytes).is_ok_and(|json| content::read_json("fuzz", &json, u64::MAX).is_ok());
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    let packed = gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default();
    let rego_version = crate::rego::RegoVersion::V1;
    let reading = bundle::Reading { name: "fuzz", signing: None, rego_version, limit: 1 << 20, etag: "" };
    archive::unpack(&packed, 1 << 20).and_then(|files| bundle::read(files, &reading)).is_ok()
}

/// A name stands before those of its policies, and in lists of revisions.
fn check_name(name: &str) -> Result<()> {
    let fits = name.len() <= 256 && name.bytes().all(|byte| byte.is_ascii_graphic() && !b",=\"\\".contains(&byte));
    if name.is_empty() || !fits || crate::rego::Path::is_path(name) || name.starts_with('/') {
        let problem =
            "it has 1 to 256 characters of ASCII without blanks, commas, quotes and =, and does not begin like data. or a slash";
        return Err(Error::invalid("config.name", problem));
    }
    Ok(())
}
