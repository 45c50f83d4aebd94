//! Arguments that are the same: the fields of objects in any order, the elements of lists in theirs.

use super::super::super::ast::{Argument, ChildValue, Kind, Literal};
use super::super::super::error::Fault;
use super::super::super::schema::needed;
use super::super::super::walk::Walk;

pub(super) fn same_arguments(walk: &mut Walk<'_, '_, '_>, a: &[Argument], b: &[Argument]) -> Result<bool, Fault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for one in a {
        let mut found = false;
        for other in b.iter().filter(|other| other.name == one.name) {
            if same(walk, needed(&one.value)?, needed(&other.value)?)? {
                found = true;
                break;
            }
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn by_name(value: &Literal) -> Vec<&ChildValue> {
    let mut children: Vec<&ChildValue> = value.children.iter().collect();
    if value.kind == Kind::Object {
        children.sort_by(|a, b| a.name.cmp(&b.name));
    }
    children
}

fn same(walk: &mut Walk<'_, '_, '_>, a: &Literal, b: &Literal) -> Result<bool, Fault> {
    walk.charge(a.raw.len() / 32 + a.children.len() + 1)?;
    if a.kind != b.kind || a.raw != b.raw || a.children.len() != b.children.len() {
        return Ok(false);
    }
    for (one, other) in by_name(a).into_iter().zip(by_name(b)) {
        if one.name != other.name || !same(walk, needed(&one.value)?, needed(&other.value)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}
