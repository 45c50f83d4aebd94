//! One key of the decision cache, under one revision.

use std::time::Duration;

use super::key;
use crate::cache::{Cache, Ttl};
use crate::error::Result;
use crate::policy::Revision;

pub(super) struct Slot<'a> {
    cache: &'a Cache,
    key: Vec<u8>,
    pub(super) revision: Revision,
}

impl<'a> Slot<'a> {
    pub(super) fn new(cache: &'a Cache, revision: Revision, policy: &str, input: Option<&[u8]>) -> Self {
        Self { cache, key: key::local(&revision, policy, input), revision }
    }

    /// The remembered result: `Some(None)` is a remembered undefined.
    pub(super) fn get(&self) -> Result<Option<Option<Vec<u8>>>> {
        let mut value = Vec::new();
        if !self.cache.get(&self.key, &mut value)? {
            return Ok(None);
        }
        // Undefined is kept as the empty text, which is no JSON.
        Ok(Some((!value.is_empty()).then_some(value)))
    }

    /// Remembers a result, unless another revision gave it. What does not fit or comes too late is not remembered: no error.
    pub(super) fn set(&self, result: Option<&[u8]>, revision: Revision, ttl: Option<Duration>) {
        if revision == self.revision {
            let ttl = ttl.map_or(Ttl::Default, Ttl::After);
            let _ = self.cache.set(&self.key, result.unwrap_or_default(), ttl);
        }
    }
}
