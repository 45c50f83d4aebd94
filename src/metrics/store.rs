//! All series of one `Metrics`, and its process' file where there is a directory.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::directory::{Directory, OwnFile};
use super::family::{Family, Kind, METRICS_ERRORS};
use super::file::{self, END, Writer};
use super::series::Series;
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::process::{self, ForkLock};

/// A file grows by this much. A multiple of every page's size.
const STEP: usize = 64 << 10;

/// Memory that is a file, at one address as long as it lives. What maps files is unsafe, and so in `ffi`.
pub(crate) trait Memory: Send + Sync {
    /// The words of the file that is mapped now.
    fn words(&self) -> &[AtomicU64];
    /// Puts a file of that many bytes in the place of what is mapped.
    fn map(&self, file: &File, bytes: usize) -> io::Result<()>;
    /// The file that is mapped has that many bytes now.
    fn grown(&self, bytes: usize);
}

/// The series, by name and labels.
pub(super) struct Store {
    /// In the order in which they were made. Swapped, never locked, so that a child forked meanwhile finds them whole.
    series: ArcSwap<Vec<Arc<Series>>>,
    adding: ForkLock,
    shared: Option<Shared>,
}

/// What a process shares with others.
struct Shared {
    directory: Directory,
    memory: Box<dyn Memory>,
    /// The process that the mapped file belongs to: a forked child still has its parent's, until it counts.
    generation: AtomicU64,
    attaching: ForkLock,
    file: ArcSwapOption<OwnFile>,
    /// Whether the file is this process' own. A child that could make none counts in its parent's, which atomics allow; its gauges are
    /// not published.
    is_own: AtomicBool,
}

impl Store {
    /// In the process' memory alone.
    pub(super) fn private() -> Arc<Self> {
        Arc::new(Self { series: ArcSwap::default(), adding: ForkLock::new(), shared: None })
    }

    /// In a file of the directory.
    pub(super) fn shared(directory: &Path, memory: Box<dyn Memory>) -> Result<Arc<Self>> {
        let shared = Shared {
            directory: Directory::open(directory)?,
            memory,
            generation: AtomicU64::new(0),
            attaching: ForkLock::new(),
            file: ArcSwapOption::empty(),
            is_own: AtomicBool::new(false),
        };
        shared.attach(&[], process::generation())?;
        Ok(Arc::new(Self { series: ArcSwap::default(), adding: ForkLock::new(), shared: Some(shared) }))
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Where a series is counted.
    pub(super) fn words<'a>(&'a self, series: &'a Series) -> &'a [AtomicU64] {
        match &self.shared {
            None => &series.own,
            Some(shared) => self.in_file(shared, series).unwrap_or(&series.own),
        }
    }

    /// Where other processes see a gauge.
    pub(super) fn published(&self, series: &Series) -> Option<&[AtomicU64]> {
        let shared = self.shared.as_ref()?;
        self.in_file(shared, series).filter(|_| shared.is_own.load(Ordering::Acquire))
    }

    fn in_file<'a>(&'a self, shared: &'a Shared, series: &Series) -> Option<&'a [AtomicU64]> {
        if shared.generation.load(Ordering::Acquire) != process::generation() {
            self.follow_fork(shared);
        }
        let at = series.at?;
        shared.memory.words().get(at..at + series.own.len())
    }

    /// The first count in a forked child: it gets a file of its own, with its parent's series at their places, so that what was resolved
    /// holds. No thread of this process counts before.
    #[cold]
    fn follow_fork(&self, shared: &Shared) {
        let _attaching = shared.attaching.lock();
        let now = process::generation();
        if shared.generation.load(Ordering::Acquire) == now {
            return;
        }
        let series = self.series.load();
        if shared.attach(&series, now).is_err() {
            shared.is_own.store(false, Ordering::Release);
            shared.generation.store(now, Ordering::Release);
            self.count_error("file");
        }
    }

    fn count_error(&self, kind: &str) {
        let series = self.series.load();
        let counter = series.iter().find(|series| series.is(&METRICS_ERRORS, &[kind]));
        if let Some(count) = counter.and_then(|counter| self.words(counter).first()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The series of that name and those labels, made where there is none.
    pub(super) fn series(&self, family: &'static Family, labels: &[&str]) -> Arc<Series> {
        if let Some(found) = self.find(family, labels) {
            return found;
        }
        if let Some(shared) =
            self.shared.as_ref().filter(|shared| shared.generation.load(Ordering::Acquire) != process::generation())
        {
            self.follow_fork(shared);
        }
        let adding = self.adding.lock();
        if let Some(found) = self.find(family, labels) {
            return found;
        }
        let at = self.shared.as_ref().and_then(|shared| shared.place(family, labels));
        let made = Arc::new(Series::new(family, labels, at));
        let mut all = Vec::clone(&self.series.load());
        all.push(Arc::clone(&made));
        self.series.store(Arc::new(all));
        drop(adding);
        if self.is_shared() && at.is_none() {
            self.count_error("series");
        }
        made
    }

    fn find(&self, family: &Family, labels: &[&str]) -> Option<Arc<Series>> {
        self.series.load().iter().find(|series| series.is(family, labels)).map(Arc::clone)
    }

    /// Everything that was counted: by this process, and by those that it shares a directory with.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the directory cannot be read.
    pub(super) fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        let Some(shared) = &self.shared else {
            for series in self.series.load().iter() {
                totals.add_series(series, &series.own);
            }
            return Ok(totals);
        };
        if shared.generation.load(Ordering::Acquire) != process::generation() {
            self.follow_fork(shared);
        }
        let file = shared.file.load_full();
        let own = || {
            for series in self.series.load().iter() {
                if let Some(words) = self.in_file(shared, series) {
                    totals_of_own(series, words, shared.is_own.load(Ordering::Acquire), &mut totals);
                }
            }
            totals
        };
        shared.directory.totals(file.as_deref().map(OwnFile::name), own)
    }
}

/// A child without a file shows the gauges that it has, not its parent's.
fn totals_of_own(series: &Series, words: &[AtomicU64], is_own: bool, totals: &mut Totals) {
    let is_gauge = !series.family.kind.outlives_its_process();
    totals.add_series(series, if is_gauge && !is_own { &series.own } else { words });
}

impl Shared {
    /// Makes a file for the process of this generation, with those series at their places, and maps it.
    fn attach(&self, series: &[Arc<Series>], generation: u64) -> Result<()> {
        let contents = contents(series).ok_or_else(|| Error::invalid("directory", "the series are not where they should be"))?;
        let room = contents.len().next_multiple_of(STEP).max(self.memory.words().len() * size_of::<u64>());
        let file = self.directory.make(&contents, room)?;
        if let Err(problem) = file.map(self.memory.as_ref(), room) {
            file.remove(&self.directory);
            return Err(super::directory::unavailable(self.directory.path(), &problem));
        }
        self.file.store(Some(Arc::new(file)));
        self.is_own.store(true, Ordering::Release);
        self.generation.store(generation, Ordering::Release);
        Ok(())
    }

    /// Makes room for a series in the file; the caller holds the lock. The end is moved last, so that a process that is killed meanwhile
    /// leaves a file without it.
    fn place(&self, family: &Family, labels: &[&str]) -> Option<usize> {
        if !self.is_own.load(Ordering::Acquire) {
            return None;
        }
        let key = file::key(family.name, labels.iter().copied());
        if key.len() > file::MAX_KEY {
            return None;
        }
        let head = file::entry_head(family.kind as u64, family.kind.words(), &key);
        let start = usize::try_from(self.memory.words().get(END)?.load(Ordering::Acquire)).ok()?;
        let at = start + head.len();
        let end = at + family.kind.words();
        self.make_room(end * size_of::<u64>())?;
        let words = self.memory.words();
        for (word, value) in words.get(start..at)?.iter().zip(head) {
            word.store(value, Ordering::Relaxed);
        }
        words.get(END)?.store(end as u64, Ordering::Release);
        Some(at)
    }

    fn make_room(&self, bytes: usize) -> Option<()> {
        let has = self.memory.words().len() * size_of::<u64>();
        if bytes > has {
            let wanted = bytes.next_multiple_of(STEP);
            let file = self.file.load_full().filter(|_| wanted <= file::MAX_BYTES)?;
            file.grow(has, wanted).ok()?;
            self.memory.grown(wanted);
        }
        Some(())
    }
}

/// A file with those series at the places that they have; counters start at 0, gauges as this process has them.
fn contents(series: &[Arc<Series>]) -> Option<Vec<u8>> {
    let mut writer = Writer::new();
    for series in series.iter().filter(|series| series.at.is_some()) {
        let kind = series.family.kind;
        let key = file::key(series.family.name, series.labels.iter().map(String::as_str));
        let values = series.own.iter().map(|word| match kind {
            Kind::Counter | Kind::Histogram => 0,
            Kind::Sum | Kind::Max | Kind::Value | Kind::Age => word.load(Ordering::Relaxed),
        });
        let at = writer.series(kind, &key, &values.collect::<Vec<_>>());
        if series.at != Some(at) {
            return None;
        }
    }
    Some(writer.finish())
}
