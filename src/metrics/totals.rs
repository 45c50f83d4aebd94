//! What was counted by all processes together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::family::Kind;
use super::file::{self, Entry};
use super::series::Series;

/// Series by their keys, and what the directory looks like.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) series: BTreeMap<Vec<u8>, (Kind, Vec<u64>)>,
    /// Files of living processes, and files that nothing could be made of; `None` without a directory.
    pub(super) files: Option<(u64, u64)>,
}

impl Totals {
    pub(super) fn add_series(&mut self, series: &Series, words: &[AtomicU64]) {
        let values: Vec<u64> = words.iter().map(|word| word.load(Ordering::Relaxed)).collect();
        self.add(series.family.kind, &file::key(series.family.name, series.labels.iter().map(String::as_str)), &values);
    }

    /// Adds one process' series. One of another kind under the same name, of another release, is left out.
    pub(super) fn add(&mut self, kind: Kind, key: &[u8], values: &[u64]) {
        if let Some((known, total)) = self.series.get_mut(key) {
            if *known == kind {
                kind.join(total, values);
            }
        } else {
            self.series.insert(key.to_vec(), (kind, values.to_vec()));
        }
    }

    /// Adds a file's; the gauges of a process that ended are over.
    pub(super) fn add_entries(&mut self, entries: &[Entry<'_>], is_alive: bool) {
        for entry in entries {
            if let Entry::Series { kind, key, values } = entry
                && (is_alive || kind.outlives_its_process())
            {
                self.add(*kind, key, values);
            }
        }
    }
}
