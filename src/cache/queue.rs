//! Keys in order of arrival. An item whose entry is gone stays until it reaches the front or too many such items have gathered.

use std::collections::VecDeque;
use std::sync::Arc;

/// Below this length nothing is forgotten early.
const SMALL: u64 = 64;

#[derive(Default)]
pub(super) struct Queue {
    items: VecDeque<(Arc<[u8]>, u64)>,
    next_id: u64,
}

impl Queue {
    /// Appends a new key, and gives the id of its entry.
    pub(super) fn push(&mut self, key: Arc<[u8]>) -> u64 {
        self.next_id += 1;
        self.items.push_back((key, self.next_id));
        self.next_id
    }

    /// Appends a key again.
    pub(super) fn push_back(&mut self, key: Arc<[u8]>, id: u64) {
        self.items.push_back((key, id));
    }

    /// Takes the oldest item.
    pub(super) fn pop(&mut self) -> Option<(Arc<[u8]>, u64)> {
        self.items.pop_front()
    }

    /// At most `count` items from `position` on.
    pub(super) fn slice(&self, position: usize, count: usize) -> impl Iterator<Item = (&[u8], u64)> {
        self.items.iter().skip(position).take(count).map(|(key, id)| (key.as_ref(), *id))
    }

    /// Forgets items without an entry once they are more than the living ones: amortised, a constant cost for each `push`.
    pub(super) fn forget_stale(&mut self, living: u64, is_living: impl Fn(&[u8], u64) -> bool) {
        if self.items.len() as u64 > living.saturating_mul(2).saturating_add(SMALL) {
            self.items.retain(|(key, id)| is_living(key, *id));
        }
    }
}
