//! Fragments that spread themselves.

use std::collections::HashMap;

use super::super::ast::{FragmentDefinition, FragmentSpread, Selection, Selections};
use super::super::walk::{Ruled, Walk};

/// The spreads on the way, and where a fragment's begin.
#[derive(Debug, Default)]
struct Way<'d> {
    spreads: Vec<&'d FragmentSpread>,
    open: HashMap<&'d str, usize>,
}

/// All spreads in selections: of those inside, the last ones first.
fn spreads(selections: &Selections) -> Vec<&FragmentSpread> {
    let mut found = Vec::new();
    let mut open = vec![selections];
    while let Some(selections) = open.pop() {
        for selection in &selections.0 {
            match selection {
                Selection::Spread(spread) => found.push(spread),
                Selection::Field(field) => open.push(&field.selections),
                Selection::Inline(inline) => open.push(&inline.selections),
            }
        }
    }
    found
}

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn no_fragment_cycles(&mut self, fragment: &'d FragmentDefinition) -> Ruled {
        self.unroll(&mut Way::default(), fragment)
    }

    fn unroll(&mut self, way: &mut Way<'d>, fragment: &'d FragmentDefinition) -> Ruled {
        if !self.notes.unrolled.insert(&fragment.name) {
            return Ok(());
        }
        let spreads = spreads(&fragment.selections);
        if spreads.is_empty() {
            return Ok(());
        }
        way.open.insert(&fragment.name, way.spreads.len());
        for spread in spreads {
            self.charge(1)?;
            way.spreads.push(spread);
            if let Some(start) = way.open.get(&*spread.name) {
                let path = way.spreads.get(*start..way.spreads.len() - 1).unwrap_or_default();
                let names: Vec<String> = path.iter().map(|spread| format!("\"{}\"", spread.name)).collect();
                let via = if names.is_empty() { String::new() } else { format!(" via {}", names.join(", ")) };
                self.add(spread.at, format!("Cannot spread fragment \"{}\" within itself{via}.", spread.name))?;
            } else if let Some(next) = self.fragment(&spread.name) {
                self.deeper(|walk| walk.unroll(way, next))?;
            }
            way.spreads.pop();
        }
        way.open.remove(&*fragment.name);
        Ok(())
    }
}
