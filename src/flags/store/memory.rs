//! `memory:`: percentages of one process.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{Edit, Known, Sink, Store};
use crate::error::Result;
use crate::flags::change::{Change, MAX_HISTORY};

#[derive(Default)]
pub(super) struct Memory {
    /// The newest first. The percentages themselves are the snapshot's.
    history: Mutex<VecDeque<Change>>,
}

impl Store for Memory {
    fn name(&self) -> &'static str {
        "memory:"
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn write(&self, edit: &Edit<'_>, known: &Known) -> Result<Vec<Change>> {
        let changes = edit.changes(&known.rollouts);
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        for change in &changes {
            history.push_front(change.clone());
        }
        history.truncate(MAX_HISTORY);
        Ok(changes)
    }

    fn history(&self) -> Result<Vec<Change>> {
        Ok(self.history.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect())
    }

    fn follow(&self, _: &dyn Sink) -> Result<()> {
        Ok(())
    }
}
