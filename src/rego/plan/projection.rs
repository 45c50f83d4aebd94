//! What a plan reads of the input, where that is known when it is made.

use std::collections::BTreeSet;

use super::{Op, Plan, Source};
use crate::rego::value::{Document, Projection, Wanted};

/// The parts that are read; `None` where some instruction takes the input as a whole, or replaces something of it.
pub(super) fn of(plan: &Plan) -> Option<Projection> {
    if !plan.withs.is_empty() {
        return None;
    }
    let mut whole = asked(plan)?;
    for part in &plan.inputs {
        // What else is found by a key than an entry of an object is found in the value.
        if string(plan, part.key).is_none() {
            whole.insert(part.below?);
        }
    }
    Some(below(plan, None, &whole))
}

/// The parts that instructions and indexes ask for; `None` where one asks for the whole.
fn asked(plan: &Plan) -> Option<BTreeSet<u32>> {
    let mut asked = BTreeSet::new();
    for op in &plan.code {
        match op {
            Op::Input { .. } => return None,
            Op::InputAt { at, .. } => drop(asked.insert(*at)),
            _ => {}
        }
    }
    for source in plan.indexes.iter().flat_map(|index| &index.sources) {
        if let Source::Input { at, .. } = source {
            asked.insert((*at)?);
        }
    }
    Some(asked)
}

/// Recurses no deeper than a plan's parts are.
fn below(plan: &Plan, above: Option<u32>, whole: &BTreeSet<u32>) -> Projection {
    let mut projection = Projection::default();
    for (number, part) in (0..).zip(&plan.inputs).filter(|(_, part)| part.below == above) {
        let Some(key) = string(plan, part.key) else { continue };
        let is_whole = whole.contains(&number);
        projection
            .want(key, if is_whole { Wanted::Whole(number as usize) } else { Wanted::Below(below(plan, Some(number), whole)) });
    }
    projection
}

fn string(plan: &Plan, constant: u32) -> Option<&[u8]> {
    plan.constants.get(constant as usize).and_then(Document::as_bytes)
}
