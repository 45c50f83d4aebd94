//! Compiled patterns, templates, schemas and keys that outlive an evaluation.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::graphql;
use super::json_schema::Schema;
use super::jwt::Key;
use super::regex::Program;
use super::render_template::Template;

/// So many patterns of a kind are kept, as in OPA.
const PATTERNS: usize = 100;

/// So many of what may be as large as a document.
const DOCUMENTS: usize = 16;

/// Compiled patterns, templates, schemas and keys. They belong to one evaluation at a time, so that no two threads share a write. A pointer: each
/// evaluation takes them and gives them back, and most use none.
#[derive(Debug, Default)]
pub struct Caches(Option<Box<Compiled>>);

impl Caches {
    /// With room for so many patterns of a kind, and so many of each other kind.
    pub(super) fn with_capacity(patterns: usize, documents: usize) -> Self {
        Self(Some(Box::new(Compiled::with_capacity(patterns, documents))))
    }

    /// What is kept.
    pub(super) fn kept(&mut self) -> &mut Compiled {
        self.0.get_or_insert_default()
    }
}

/// What is kept, by kind.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) regexes: Cache<Program>,
    pub(super) globs: Cache<Program>,
    pub(super) templates: Cache<Arc<Template>>,
    pub(super) json_schemas: Cache<Arc<Schema>>,
    pub(super) jwt_keys: Cache<Arc<[Key]>>,
    pub(super) graphql_schemas: graphql::Schemas,
    /// The time zones that were used last.
    pub(super) zones: Vec<(String, jiff::tz::TimeZone)>,
}

/// So many time zones are kept.
const ZONES: usize = 8;

impl Default for Compiled {
    fn default() -> Self {
        Self::with_capacity(PATTERNS, DOCUMENTS)
    }
}

impl Compiled {
    /// For so many patterns of a kind, and so many of each other kind.
    pub(super) fn with_capacity(patterns: usize, documents: usize) -> Self {
        Self {
            regexes: Cache::new(patterns),
            globs: Cache::new(patterns),
            templates: Cache::new(documents),
            json_schemas: Cache::new(documents),
            jwt_keys: Cache::new(documents),
            graphql_schemas: graphql::Schemas::default(),
            zones: Vec::new(),
        }
    }

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
    capacity: usize,
}

impl<P> fmt::Debug for Cache<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("len", &self.programs.len()).finish()
    }
}

impl<P> Cache<P> {
    fn new(capacity: usize) -> Self {
        Self { programs: HashMap::new(), clock: 0, capacity }
    }

    /// Whether the next one puts another one out.
    pub(super) fn is_full(&self) -> bool {
        self.programs.len() >= self.capacity
    }

    /// Takes a pattern out to use it.
    pub(super) fn take(&mut self, pattern: &[u8]) -> Option<P> {
        self.programs.remove(pattern).map(|(_, program)| program)
    }

    /// What is there, without using it.
    pub(super) fn peek(&self, text: &[u8]) -> Option<&P> {
        self.programs.get(text).map(|(_, program)| program)
    }

    /// Puts a pattern in, or back.
    pub(super) fn put(&mut self, pattern: &[u8], program: P) {
        if self.is_full() {
            let oldest = self.programs.iter().min_by_key(|(_, (time, _))| *time).map(|(pattern, _)| pattern.clone());
            if let Some(oldest) = oldest {
                self.programs.remove(&oldest);
            }
        }
        self.clock += 1;
        self.programs.insert(pattern.into(), (self.clock, program));
    }
}

impl<P: Clone> Cache<P> {
    /// What is there, and now was used.
    pub(super) fn get(&mut self, text: &[u8]) -> Option<P> {
        let (time, found) = self.programs.get_mut(text)?;
        self.clock += 1;
        *time = self.clock;
        Some(found.clone())
    }
}
