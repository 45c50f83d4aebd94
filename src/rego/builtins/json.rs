//! `json.filter`, `json.remove` and `json.patch`: parts of values by path.

mod patch;
mod paths;
mod select;

pub(super) use patch::patch;
pub(super) use select::{filter, remove};
