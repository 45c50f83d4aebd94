//! What stands below a type error: the types that do not fit one another, in OPA's words (`ArgErrDetail`, `UnificationErrDetail`,
//! `RefErrInvalidDetail`). Unlike OPA, sark shows the line and a caret there, and cuts a type that is long.

use super::super::nearest::suggestion;
use super::{Known, Types};
use crate::rego::ast::Term;
use crate::rego::print;
use crate::rego::types::{Constant, Declaration, Named, Shape};

/// The longest line.
const MAX_WIDTH: usize = 400;
/// The most keys that are named.
const MAX_KEYS: usize = 10;

/// The two sides of what can never be equal.
pub(super) fn sides(types: &Types, left: Known, right: Known) -> Vec<String> {
    let mut lines = vec![cut(format!("left  : {}", types.print(left))), cut(format!("right : {}", types.print(right)))];
    if let Some(kind) = shared_kind(types, left, right) {
        lines.push(format!("hint  : both sides are {kind} but their types differ, so they can never be equal"));
    }
    lines
}

fn shared_kind(types: &Types, left: Known, right: Known) -> Option<&'static str> {
    match (&*types.shape(left?), &*types.shape(right?)) {
        (Shape::Object { .. }, Shape::Object { .. }) => Some("objects"),
        (Shape::Array { .. }, Shape::Array { .. }) => Some("arrays"),
        (Shape::Set(_), Shape::Set(_)) => Some("sets"),
        _ => None,
    }
}

/// What a call gives, and what is wanted.
pub(super) fn arguments(types: &Types, have: &[Known], want: Want<'_>) -> Vec<String> {
    let have: Vec<String> = have.iter().map(|known| types.print(*known)).collect();
    let want: Vec<String> = match want {
        Want::Builtin(declared) => {
            let variadic = declared.variadic.iter().map(|named| shown(types, named) + "...");
            let args = declared.args.iter().chain(&declared.result).map(|named| shown(types, named));
            args.chain(variadic).collect()
        }
        Want::Function(args) => args.iter().map(|known| types.print(*known)).collect(),
    };
    vec![cut(format!("have: ({})", have.join(", "))), cut(format!("want: ({})", want.join(", ")))]
}

/// What a function takes and gives.
#[derive(Clone, Copy)]
pub(super) enum Want<'w> {
    Builtin(&'w Declaration),
    Function(&'w [Known]),
}

fn shown(types: &Types, named: &Named) -> String {
    named.name.map(|name| format!("{name}: ")).unwrap_or_default() + &types.print(named.of)
}

/// What a reference selects from has no parts.
pub(super) fn no_parts(types: &Types, have: Known) -> Vec<String> {
    vec![cut(format!("have: {}", types.print(have)))]
}

/// A part of a reference that selects nothing: `part` where it is a constant, its type otherwise.
pub(super) fn no_such_part(types: &Types, part: &Term, have: Known, keys: Known, at: Known) -> Vec<String> {
    let mut lines = match have {
        Some(_) => vec![cut(format!("have (type): {}", types.print(have)))],
        None => vec![cut(format!("have: {}", print::term(part)))],
    };
    let own = keys_of(types, at);
    if own.is_empty() {
        lines.push(cut(
            keys.map_or_else(|| "want (one of): []".to_owned(), |keys| format!("want (type): {}", types.print(Some(keys))))
        ));
    } else {
        let more = if own.len() > MAX_KEYS { ", …" } else { "" };
        let first: Vec<&str> = own.iter().map(String::as_str).take(MAX_KEYS).collect();
        lines.push(cut(format!("want (one of): [{}{more}]", first.join(", "))));
    }
    lines.extend(part.as_str().and_then(|name| suggestion(name, own.iter().map(|key| key.trim_matches('"')))));
    lines
}

/// The keys that are known of an object, or of any that it may be.
fn keys_of(types: &Types, at: Known) -> Vec<String> {
    let Some(at) = at else { return Vec::new() };
    match &*types.shape(at) {
        Shape::Object { properties, .. } => properties
            .iter()
            .map(|(key, _)| match key {
                Constant::String(text) => format!("{text:?}"),
                other => other.to_string(),
            })
            .collect(),
        Shape::Any(members) => members.iter().flat_map(|member| keys_of(types, Some(*member))).collect(),
        _ => Vec::new(),
    }
}

fn cut(line: String) -> String {
    match line.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned() + "…",
        None => line,
    }
}
