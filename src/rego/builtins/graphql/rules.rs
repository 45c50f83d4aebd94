//! What makes a query valid beside a schema: a rule is a method of the walk, which calls it at its places.

mod arguments;
mod cycles;
mod directives;
mod fields;
mod fragments;
mod introspection;
mod operations;
mod overlaps;
mod spreads;
mod subscriptions;
mod values;
mod variables;
mod wording;

use std::collections::{HashMap, HashSet};

use super::error::Position;

/// What rules remember while the walk goes on.
#[derive(Debug, Default)]
pub(super) struct Notes<'d> {
    /// Directives that were told to be at a wrong place.
    misplaced: HashSet<(&'d str, Position)>,
    /// Fragments that were looked through for cycles.
    unrolled: HashSet<&'d str>,
    /// Fragments that are used, and whether operations are behind.
    spread: HashSet<&'d str>,
    in_fragments: bool,
    fragments: HashSet<&'d str>,
    operations: HashSet<&'d str>,
    /// Fragments whose fields were compared, and whether as ones of which only one can be there.
    compared: HashMap<(&'d str, &'d str), bool>,
    /// Fragments that were compared with the fields at hand.
    beside: HashSet<&'d str>,
}
