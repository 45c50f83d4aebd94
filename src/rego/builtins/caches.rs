//! Compiled patterns that outlive an evaluation.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::json_schema::Schema;
use super::regex::Program;

/// So many patterns of a kind are kept, as in OPA.
const CAPACITY: usize = 100;

/// Compiled patterns. They belong to one evaluation at a time, so that no two threads share a write.
#[derive(Debug, Default)]
pub struct Caches {
    pub(super) regexes: Cache,
    pub(super) globs: Cache,
    pub(super) schemas: Schemas,
    /// The time zones that were used last.
    pub(super) zones: Vec<(String, jiff::tz::TimeZone)>,
}

/// So many time zones are kept.
const ZONES: usize = 8;

impl Caches {
    pub(super) fn keep_zone(&mut self, name: String, zone: jiff::tz::TimeZone) {
        if self.zones.len() >= ZONES {
            self.zones.remove(0);
        }
        self.zones.push((name, zone));
    }
}

/// Compiled JSON schemas by their text, the last used ones last.
#[derive(Debug, Default)]
pub(super) struct Schemas(Vec<(Vec<u8>, Arc<Schema>)>);

/// So many schemas are kept.
const SCHEMAS: usize = 16;

impl Schemas {
    /// The schema of that text.
    pub(super) fn get(&mut self, text: &[u8]) -> Option<Arc<Schema>> {
        let at = self.0.iter().position(|(own, _)| own == text)?;
        let found = self.0.remove(at);
        let schema = Arc::clone(&found.1);
        self.0.push(found);
        Some(schema)
    }

    /// Keeps a schema; the one that was not used for longest goes.
    pub(super) fn put(&mut self, text: Vec<u8>, schema: &Arc<Schema>) {
        if self.0.len() >= SCHEMAS {
            self.0.remove(0);
        }
        self.0.push((text, Arc::clone(schema)));
    }
}

/// Patterns by their text. When there are too many, the one that was not used for longest goes.
#[derive(Default)]
pub(super) struct Cache {
    programs: HashMap<Box<[u8]>, (u64, Program)>,
    clock: u64,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("len", &self.programs.len()).finish()
    }
}

impl Cache {
    /// Takes a pattern out to use it.
    pub(super) fn take(&mut self, pattern: &[u8]) -> Option<Program> {
        self.programs.remove(pattern).map(|(_, program)| program)
    }

    /// Puts a pattern in, or back.
    pub(super) fn put(&mut self, pattern: &[u8], program: Program) {
        if self.programs.len() >= CAPACITY {
            let oldest = self.programs.iter().min_by_key(|(_, (time, _))| *time).map(|(pattern, _)| pattern.clone());
            if let Some(oldest) = oldest {
                self.programs.remove(&oldest);
            }
        }
        self.clock += 1;
        self.programs.insert(pattern.into(), (self.clock, program));
    }
}
