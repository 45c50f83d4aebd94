//! The decision log: what was decided, in the format of OPA's (`v1/plugins/logs/plugin.go`, `EventV1`), for auditors and for replay.
//!
//! A decision costs its caller a copy of its input; reading, masking and writing come later: in whoever takes the event from the queue, or
//! in a thread that writes a file. Everything is bounded, and what is dropped is counted.

mod entry;
mod file;
mod location;
mod queue;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde_json::Value;

pub(crate) use entry::{Entry, Logged};
use file::File;
use location::Location;
use queue::Queue;

use crate::companion::Companion;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;
use crate::process;

/// The writer's stack: JSON is read and written on it, to a bounded depth.
const STACK_BYTES: usize = 512 << 10;

/// How long the writer sleeps after a failure, and where nobody wakes it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long `close` waits for a disk that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many events are written at once.
const BATCH: usize = 256;

/// How much may wait, and how large an event may be.
#[derive(Clone)]
pub struct DecisionLogOptions {
    /// How many events may wait; of more, the oldest are dropped and counted.
    pub max_waiting: u32,
    /// How many bytes of inputs and results may wait.
    pub max_waiting_bytes: u64,
    /// A larger input or result is left out of its event, which says so.
    pub max_event_bytes: u64,
    /// Where to count what is logged and dropped.
    pub metrics: Option<Arc<Metrics>>,
}

impl Default for DecisionLogOptions {
    fn default() -> Self {
        Self { max_waiting: 10_000, max_waiting_bytes: 64 << 20, max_event_bytes: 1 << 20, metrics: None }
    }
}

/// A log of decisions. Several clients may share one. Usable from many threads at once.
pub struct DecisionLog {
    options: DecisionLogOptions,
    location: Location,
    closed: AtomicBool,
    /// Of this process generation: what a forked child inherits is its parent's to write, and its locks may be held by nobody.
    shared: ArcSwap<Shared>,
    writer: Companion,
}

struct Shared {
    generation: u64,
    /// The label `id` of its events.
    instance: String,
    queue: Queue,
    /// `None` for a queue that the caller drains.
    file: Option<Mutex<Writer>>,
}

/// A file, and what is on its way to it.
struct Writer {
    file: File,
    lines: Vec<u8>,
    events: u64,
}

impl DecisionLog {
    /// Opens a log: `queue:` for the caller to drain, or `file:PATH?max_bytes=100000000&keep=5`, JSON lines in a file that is renamed to `PATH.1`
    /// when it would grow beyond `max_bytes`, of which `keep` stay.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for another location; `UNAVAILABLE` for a file that cannot be written.
    pub fn open(location: &str, options: DecisionLogOptions) -> Result<Arc<Self>> {
        let location = Location::parse(location)?;
        let shared = Shared::new(&location, &options);
        shared.try_file().map_err(|e| Error::new(ErrorKind::Unavailable, format!("{location}: {e}")))?;
        let (closed, writer) = (AtomicBool::new(false), Companion::default());
        Ok(Arc::new(Self { options, location, closed, shared: ArcSwap::from_pointee(shared), writer }))
    }

    /// Takes a decision into the log. What comes after `close` is dropped and counted.
    pub(crate) fn record(self: &Arc<Self>, entry: Logged<'_>) {
        let shared = self.shared();
        if self.closed.load(Ordering::Acquire) {
            shared.queue.drop_one();
            return;
        }
        shared.queue.push(Entry::new(entry, self.options.max_event_bytes));
        if shared.file.is_some() {
            self.start_writer();
            self.writer.wake();
        }
    }

    /// The oldest event as JSON, for a log whose location is `queue:`; waits for one until `timeout` is over. `None` where none came.
    ///
    /// # Errors
    /// `UNSUPPORTED` for a log in a file; `CLOSED` when everything was taken after `close`.
    pub fn next(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        let shared = self.shared();
        if shared.file.is_some() {
            let problem = "this log writes its events to a file; take events from one whose location is queue:";
            return Err(Error::new(ErrorKind::Unsupported, problem));
        }
        let is_over = || self.closed.load(Ordering::Acquire);
        match shared.queue.next(timeout, is_over) {
            Some(entry) => {
                shared.queue.gave(1);
                Ok(Some(entry.to_json(&shared.instance)))
            }
            None if is_over() => Err(Error::closed("decision log")),
            None => Ok(None),
        }
    }

    /// Waits until every event recorded before is written or dropped; for a queue, taken. Says whether that was so in time.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.writer.wake();
        self.shared().queue.wait_until_empty(timeout)
    }

    /// `{"location", "waiting", "waiting_bytes", "events", "dropped", "failing"}`: `events` were given or written so far, `dropped` were lost,
    /// and `failing` says why the file cannot be written now, or is null.
    #[must_use]
    pub fn status(&self) -> Value {
        let shared = self.shared();
        let mut status = shared.queue.status();
        if let Some(entries) = status.as_object_mut() {
            entries.insert("location".into(), self.location.to_string().into());
        }
        status
    }

    /// Ends the log: what waits for a file is written first, for up to 2 s; what waits in a queue may still be taken.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = self.shared();
        shared.queue.wake();
        if shared.file.is_some() {
            shared.write_all(Instant::now() + PATIENCE);
        }
        self.writer.wake();
    }

    fn shared(&self) -> Arc<Shared> {
        let current = self.shared.load_full();
        if current.generation == process::generation() {
            return current;
        }
        let fresh = Arc::new(Shared::new(&self.location, &self.options));
        self.shared.store(Arc::clone(&fresh));
        fresh
    }

    fn start_writer(self: &Arc<Self>) {
        if self.writer.is_started() {
            return;
        }
        let log = Arc::downgrade(self);
        // Without a thread events wait until there are too many, which is counted, or for `close`, which writes them.
        if self.writer.start("sark-log", STACK_BYTES, move || run(&log)).unwrap_or(false) && self.closed.load(Ordering::Acquire) {
            self.writer.wake();
        }
    }
}

impl Drop for DecisionLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(log: &Weak<DecisionLog>) {
    loop {
        let Some(log) = log.upgrade() else { return };
        if log.closed.load(Ordering::Acquire) {
            return;
        }
        let shared = log.shared();
        // The last owner's drop must not run here while the writer's lock is held: only `shared` is kept over a write.
        drop(log);
        let is_done = shared.write_batch();
        drop(shared);
        match is_done {
            Ok(false) => {}
            Ok(true) | Err(_) => thread::park_timeout(LOOK_AGAIN),
        }
    }
}

impl Shared {
    fn new(location: &Location, options: &DecisionLogOptions) -> Self {
        let file = match location {
            Location::Queue => None,
            Location::File(place) => Some(Mutex::new(Writer { file: File::new(place.clone()), lines: Vec::new(), events: 0 })),
        };
        Self { generation: process::generation(), instance: process::unique_id(), queue: Queue::new(options.clone()), file }
    }

    fn try_file(&self) -> io::Result<()> {
        self.lock_file().map_or(Ok(()), |mut writer| writer.file.append(&[]))
    }

    /// Writes some of what waits; says whether nothing is left. What could not be written is kept for the next time.
    fn write_batch(&self) -> io::Result<bool> {
        let Some(mut writer) = self.lock_file() else { return Ok(true) };
        let Writer { file, lines, events } = &mut *writer;
        if lines.is_empty() {
            for entry in self.queue.take(BATCH) {
                lines.extend_from_slice(&entry.to_json(&self.instance));
                lines.push(b'\n');
                *events += 1;
            }
        }
        if lines.is_empty() {
            return Ok(true);
        }
        let written = file.append(lines);
        self.queue.is_failing(written.as_ref().err().map(ToString::to_string));
        written?;
        self.queue.gave(std::mem::take(events));
        lines.clear();
        // One huge event is no reason to keep its memory.
        lines.shrink_to(1 << 20);
        Ok(false)
    }

    /// Writes everything that waits; what cannot be written until `deadline` is dropped and counted.
    fn write_all(&self, deadline: Instant) {
        while Instant::now() < deadline {
            match self.write_batch() {
                Ok(true) => return,
                Ok(false) => {}
                Err(_) => thread::sleep(LOOK_AGAIN / 20),
            }
        }
        if let Some(mut writer) = self.lock_file() {
            writer.lines = Vec::new();
            self.queue.lose(std::mem::take(&mut writer.events));
        }
        let lost = self.queue.take(usize::MAX).len();
        self.queue.lose(lost as u64);
    }

    fn lock_file(&self) -> Option<MutexGuard<'_, Writer>> {
        // Whatever panicked, lines and their number belong together: they are set and cleared in one step each.
        self.file.as_ref().map(|file| file.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
