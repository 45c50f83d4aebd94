//! Compiled patterns and templates that outlive an evaluation.

use std::collections::HashMap;
use std::fmt;

use super::graphql::Schemas;
use super::regex::Program;
use super::render_template::Template;

/// So many of a kind are kept, as patterns in OPA.
const CAPACITY: usize = 100;

/// Compiled patterns and templates. They belong to one evaluation at a time, so that no two threads share a write.
#[derive(Debug, Default)]
pub struct Caches {
    pub(super) regexes: Cache<Program>,
    pub(super) globs: Cache<Program>,
    pub(super) templates: Cache<Template>,
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

/// What was compiled, by its text. When there is too much, the one that was not used for longest goes.
pub(super) struct Cache<P> {
    programs: HashMap<Box<[u8]>, (u64, P)>,
    clock: u64,
}

impl<P> Default for Cache<P> {
    fn default() -> Self {
        Self { programs: HashMap::new(), clock: 0 }
    }
}

impl<P> fmt::Debug for Cache<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("len", &self.programs.len()).finish()
    }
}

impl<P> Cache<P> {
    /// Takes a pattern out to use it.
    pub(super) fn take(&mut self, pattern: &[u8]) -> Option<P> {
        self.programs.remove(pattern).map(|(_, program)| program)
    }

    /// Puts a pattern in, or back.
    pub(super) fn put(&mut self, pattern: &[u8], program: P) {
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
