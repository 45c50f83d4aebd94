//! `redis://…`, `rediss://…`, `unix:PATH`: percentages that all processes share.
//!
//! The server tells what anyone changed: client-side caching with broadcast tracking (`CLIENT TRACKING ON BCAST`, Redis 6 and later),
//! redirected to a second connection, since that form works in both protocols and its reader can wait with a timeout. A server that is
//! too old for it, or does not allow it, is asked again and again.

mod keys;
mod location;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use redis::{Commands, Connection, PubSub, RedisError, RedisResult, cmd, pipe};
use serde_json::Value as Json;

use super::document::Document;
use super::{Edit, Found, Known, Read, Sink, Store, What};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Level;
use crate::flags::bucket::FORMULA;
use crate::flags::change::{Change, MAX_HISTORY};
use crate::flags::keeper::jittered;
use crate::flags::percentage::Percentage;
use crate::flags::rollouts::{Rollout, Rollouts};
use crate::process;
use location::Location;

/// How long connecting, or one answer, may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a quiet server is asked whether it is there.
const TICK: Duration = Duration::from_millis(500);

/// How many keys one command asks for.
const CHUNK: usize = 500;

/// How often a change is tried again since someone else changed the same feature meanwhile.
const MAX_RETRIES: u32 = 50;

/// The pause before the first of them; later ones are longer.
const RETRY_PAUSE: Duration = Duration::from_micros(200);

/// Where the server publishes the names of changed keys.
const INVALIDATIONS: &str = "__redis__:invalidate";

pub(super) struct Redis {
    location: Location,
    /// For changes and history, made when first needed; of one process generation, since a forked child must not share a socket.
    writer: Mutex<Option<(u64, Connection)>>,
}

impl Redis {
    pub(super) fn open(url: &str) -> Result<Self> {
        Ok(Self { location: Location::parse(url)?, writer: Mutex::new(None) })
    }

    fn error(&self, error: &RedisError) -> Error {
        let name = &self.location.name;
        // A read that timed out is "temporarily unavailable" to the operating system, which helps nobody.
        let problem = if error.is_timeout() { &"no answer within a second" as &dyn Display } else { error };
        Error::new(ErrorKind::Unavailable, format!("the flags' store {name} does not answer: {problem}"))
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.location.client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }

    fn follow_once(&self, sink: &dyn Sink) -> RedisResult<()> {
        let mut data = self.connect()?;
        let mut pushes = self.connect()?;
        // Tracking first, then everything is read: no change falls between.
        let refused = match track(&mut data, &mut pushes) {
            Ok(pushes) => {
                learn_all(&mut data, sink)?;
                return follow_pushes(&mut data, pushes, sink);
            }
            Err(error) if error.is_io_error() => return Err(error),
            Err(error) => error,
        };
        drop(pushes);
        let poll = self.location.poll.as_millis();
        let message = format!("The flags' store pushes no changes ({refused}); it is asked every {poll} ms");
        sink.note(Level::Warning, "store_polled", &message);
        self.poll(&mut data, sink)
    }

    fn poll(&self, data: &mut Connection, sink: &dyn Sink) -> RedisResult<()> {
        while !sink.is_over() {
            learn_all(data, sink)?;
            sink.wait(self.location.poll);
        }
        Ok(())
    }

    /// Runs `work` on the writer's connection. One that was left from before is tried first: it may have died since, and nothing is lost
    /// by trying again, since `work` begins with a command that only reads.
    fn with_writer<T>(&self, mut work: impl FnMut(&mut Connection) -> RedisResult<T>) -> Result<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = process::generation();
        let old = writer.take().filter(|(made_in, _)| *made_in == generation).map(|(_, connection)| connection);
        let alive = old.and_then(|mut old| cmd("PING").exec(&mut old).is_ok().then_some(old));
        let connection = alive.map_or_else(|| self.connect(), Ok);
        let mut connection = connection.map_err(|e| self.error(&e))?;
        let answer = work(&mut connection).map_err(|e| self.error(&e))?;
        *writer = Some((generation, connection));
        Ok(answer)
    }
}

impl Store for Redis {
    fn name(&self) -> &str {
        &self.location.name
    }

    fn write(&self, edit: &Edit<'_>, known: &Known) -> Result<Vec<Change>> {
        self.with_writer(|connection| {
            for attempt in 1..=MAX_RETRIES {
                if let Some(changes) = write_once(connection, edit, known)? {
                    return Ok(changes);
                }
                thread::sleep(jittered(RETRY_PAUSE * attempt.min(10)));
            }
            Err((redis::ErrorKind::Client, "others change the same feature all the time; try again").into())
        })
    }

    fn history(&self) -> Result<Vec<Change>> {
        let entries: Vec<Vec<u8>> = self.with_writer(|connection| connection.lrange(keys::HISTORY, 0, -1))?;
        let json = entries.iter().filter_map(|entry| serde_json::from_slice::<Json>(entry).ok());
        Ok(json.filter_map(|json| Change::from_json(&json)).collect())
    }

    fn follow(&self, sink: &dyn Sink) -> Result<()> {
        self.follow_once(sink).map_err(|e| self.error(&e))
    }

    fn last_known(&self) -> Result<Option<Rollouts>> {
        let Some(path) = &self.location.state_file else { return Ok(None) };
        Ok(Document::read(path)?.map(|document| document.rollouts))
    }

    fn keep(&self, rollouts: &Rollouts) -> Result<()> {
        let keep = |path: &PathBuf| Document { rollouts: rollouts.clone(), history: Vec::new() }.write(path);
        self.location.state_file.as_ref().map_or(Ok(()), keep)
    }
}

/// Has the server tell `pushes` which keys under the prefix anyone changes.
fn track<'a>(data: &mut Connection, pushes: &'a mut Connection) -> RedisResult<PubSub<'a>> {
    let id: u64 = cmd("CLIENT").arg("ID").query(pushes)?;
    let mut pushes = pushes.as_pubsub();
    pushes.subscribe(INVALIDATIONS)?;
    cmd("CLIENT").arg("TRACKING").arg("ON").arg("REDIRECT").arg(id).arg("BCAST").arg("PREFIX").arg(keys::PREFIX).exec(data)?;
    pushes.set_read_timeout(Some(TICK))?;
    Ok(pushes)
}

fn follow_pushes(data: &mut Connection, mut pushes: PubSub<'_>, sink: &dyn Sink) -> RedisResult<()> {
    while !sink.is_over() {
        match pushes.get_message() {
            Ok(message) => match message.get_payload::<Option<Vec<Vec<u8>>>>()? {
                Some(changed) => learn_changed(data, &changed, sink)?,
                // A flush: every key may have changed.
                None => learn_all(data, sink)?,
            },
            Err(error) if error.is_timeout() => {
                // Both ends: pushes stop in silence where either connection is gone.
                pushes.ping::<redis::Value>()?;
                cmd("PING").exec(data)?;
                sink.contact();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn learn_all(data: &mut Connection, sink: &dyn Sink) -> RedisResult<()> {
    let names = all_features(data)?;
    let found = Found { features: read(data, &names)?, is_all: true, is_marked: is_marked(data)? };
    learn(data, found, sink);
    Ok(())
}

fn learn_changed(data: &mut Connection, changed: &[Vec<u8>], sink: &dyn Sink) -> RedisResult<()> {
    let names: BTreeSet<Arc<str>> = changed.iter().filter_map(|key| keys::feature(key)).map(Arc::from).collect();
    if names.is_empty() {
        sink.contact();
    } else {
        let found = Found { features: read(data, &names)?, is_all: false, is_marked: is_marked(data)? };
        learn(data, found, sink);
    }
    Ok(())
}

fn learn(data: &mut Connection, found: Found, sink: &dyn Sink) {
    let filled = found.features.iter().find(|(_, read)| matches!(read, Read::Rollout(_))).map(|(name, _)| Arc::clone(name));
    let is_marked = found.is_marked;
    let is_lost = sink.learn(found);
    if let Some(name) = filled.filter(|_| !is_marked && !is_lost) {
        // Other programs filled it. Where we may only read, it stays unmarked: what is removed there holds until it is set to 0.
        let _ = mark(data, &keys::percentage(&name));
    }
    sink.contact();
}

/// Marks a store that still holds a percentage. One that was emptied since it was read must not be marked: who knows what it held would
/// take it for emptied on purpose.
fn mark(data: &mut Connection, percentage: &str) -> RedisResult<()> {
    cmd("WATCH").arg(percentage).exec(data)?;
    if data.exists(percentage)? {
        pipe().atomic().set_nx(keys::MARK, 1).ignore().query::<Option<redis::Value>>(data)?;
    } else {
        cmd("UNWATCH").exec(data)?;
    }
    Ok(())
}

fn is_marked(data: &mut Connection) -> RedisResult<bool> {
    data.exists(keys::MARK)
}

fn all_features(data: &mut Connection) -> RedisResult<BTreeSet<Arc<str>>> {
    let mut names = BTreeSet::new();
    let mut cursor = 0_u64;
    loop {
        let page: (u64, Vec<Vec<u8>>) =
            cmd("SCAN").arg(cursor).arg("MATCH").arg(keys::ALL_PERCENTAGES).arg("COUNT").arg(1000).query(data)?;
        names.extend(page.1.iter().filter_map(|key| keys::feature(key)).map(Arc::from));
        cursor = page.0;
        if cursor == 0 {
            return Ok(names);
        }
    }
}

/// What the server holds for these features.
fn read(data: &mut Connection, names: &BTreeSet<Arc<str>>) -> RedisResult<BTreeMap<Arc<str>, Read>> {
    let names: Vec<&Arc<str>> = names.iter().collect();
    let mut features = BTreeMap::new();
    for chunk in names.chunks(CHUNK) {
        let keys: Vec<String> = chunk.iter().flat_map(|name| [keys::percentage(name), keys::formula(name)]).collect();
        let values: Vec<Option<Vec<u8>>> = cmd("MGET").arg(keys).query(data)?;
        let (pairs, _) = values.as_chunks::<2>();
        features.extend(
            chunk.iter().zip(pairs).map(|(name, [percentage, formula])| (Arc::clone(name), understood(percentage, formula))),
        );
    }
    Ok(features)
}

fn understood(percentage: &Option<Vec<u8>>, formula: &Option<Vec<u8>>) -> Read {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
    let Some(percentage) = text(percentage) else { return Read::Absent };
    let formula = text(formula).map_or(Ok(FORMULA), |f| f.trim().parse());
    match (percentage.parse::<Percentage>(), formula) {
        (Ok(percentage), Ok(formula)) => Read::Rollout(Rollout { percentage, formula }),
        _ => Read::Garbage,
    }
}

/// Makes the change in one transaction; `None` where someone else changed the same features meanwhile.
fn write_once(connection: &mut Connection, edit: &Edit<'_>, known: &Known) -> RedisResult<Option<Vec<Change>>> {
    let names: BTreeSet<Arc<str>> = match edit.what {
        What::One(name, _) => [Arc::from(name)].into(),
        What::RollBackAll => all_features(connection)?.into_iter().chain(lost(known).keys().cloned()).collect(),
    };
    if names.is_empty() {
        return Ok(Some(Vec::new()));
    }
    cmd("WATCH").arg(names.iter().map(|name| keys::percentage(name)).collect::<Vec<_>>()).exec(connection)?;
    let mut before = lost(known).clone();
    for (name, read) in read(connection, &names)? {
        if let Read::Rollout(rollout) = read {
            before.insert(name, rollout);
        } else if matches!(edit.what, What::RollBackAll) {
            before.entry(name).or_insert(Rollout::new(Percentage::ZERO));
        }
    }
    let changes = edit.changes(&before);
    let done: Option<redis::Value> = transaction(&changes, lost(known)).query(connection)?;
    Ok(done.map(|_| changes))
}

/// What a store that lost its contents gets back with the next change.
fn lost(known: &Known) -> &Rollouts {
    static NOTHING: Rollouts = Rollouts::new();
    if known.is_emptied { &known.rollouts } else { &NOTHING }
}

fn transaction(changes: &[Change], lost: &Rollouts) -> redis::Pipeline {
    let mut transaction = pipe();
    transaction.atomic();
    for (name, rollout) in lost {
        transaction.set_nx(keys::percentage(name), rollout.percentage.to_string()).ignore();
        transaction.set_nx(keys::formula(name), rollout.formula).ignore();
    }
    for change in changes {
        transaction.set(keys::percentage(&change.feature), change.to.to_string()).ignore();
        transaction.set(keys::formula(&change.feature), FORMULA).ignore();
        transaction.lpush(keys::HISTORY, change.to_json().to_string()).ignore();
    }
    transaction.ltrim(keys::HISTORY, 0, MAX_HISTORY as isize - 1).ignore();
    transaction.set(keys::MARK, 1).ignore();
    transaction
}
