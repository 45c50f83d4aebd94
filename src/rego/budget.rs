//! What one evaluation may take: time and memory, charged by the evaluator and by builtins alike.

use std::time::Instant;

use super::value::Arena;
use crate::blocking;

/// The clock is looked at once in so many units of work.
const STRIDE: u64 = 4096;

/// A bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// The deadline passed.
    Deadline,
    /// The arena grew beyond the evaluation's memory.
    Memory,
}

/// What is left of an evaluation's time and memory.
#[derive(Debug)]
pub struct Budget {
    deadline: Option<Instant>,
    max_bytes: usize,
    /// Work until the next look at the clock.
    fuel: u64,
}

impl Budget {
    /// A budget until `deadline`, of `max_bytes` in the arena.
    #[must_use]
    pub const fn new(deadline: Option<Instant>, max_bytes: usize) -> Self {
        Self { deadline, max_bytes, fuel: STRIDE }
    }

    /// The same bounds, for work that has an arena of its own.
    #[must_use]
    pub const fn again(&self) -> Self {
        Self::new(self.deadline, self.max_bytes)
    }

    /// When the time is over; `None` for never.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Charges `units` of work, each about as long as handling one element of a container or a few dozen bytes.
    ///
    /// # Errors
    /// When the deadline has passed or the arena is too large.
    #[inline]
    pub fn charge(&mut self, arena: &Arena, units: u64) -> Result<(), Exceeded> {
        if let Some(left) = self.fuel.checked_sub(units) {
            self.fuel = left;
            return Ok(());
        }
        self.look(arena, 0)
    }

    /// Charges `bytes` that are about to be allocated, so that one call cannot pass the bound by far.
    ///
    /// # Errors
    /// As [`Budget::charge`].
    pub fn reserve(&mut self, arena: &Arena, bytes: usize) -> Result<(), Exceeded> {
        if bytes < 4096 {
            return self.charge(arena, 1);
        }
        self.look(arena, bytes)
    }

    #[cold]
    fn look(&mut self, arena: &Arena, bytes: usize) -> Result<(), Exceeded> {
        self.fuel = STRIDE;
        blocking::about_to_block();
        if arena.allocated_bytes().saturating_add(bytes) > self.max_bytes {
            return Err(Exceeded::Memory);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Exceeded::Deadline),
            _ => Ok(()),
        }
    }
}
