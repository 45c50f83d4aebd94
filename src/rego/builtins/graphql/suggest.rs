//! "Did you mean": names that are near another.

use super::super::Failure;
use super::super::strings::lowered;
use super::walk::Walk;

/// So many names are told.
const TOLD: usize = 5;

/// `a, b, or c`.
pub(super) fn either<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().take(TOLD).map(AsRef::as_ref).collect();
    match names.as_slice() {
        [one, other] => format!("{one} or {other}"),
        [first @ .., last] if !first.is_empty() => format!("{}, or {last}", first.join(", ")),
        names => names.concat(),
    }
}

/// As [`either`], each in quotes.
pub(super) fn either_quoted<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().take(TOLD).map(|name| format!("\"{}\"", name.as_ref())).collect();
    either(&quoted)
}

/// The names that are near, nearest first. Where several are as near, they stay as they come: OPA sorts them with a sort that is stable for
/// a dozen of them.
pub(super) fn near<'n>(
    walk: &mut Walk<'_, '_, '_>,
    typed: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<&'n str>, Failure> {
    let threshold = typed.len() * 2 / 5 + 1;
    let lower = lowered(typed.as_bytes());
    let runes: Vec<char> = String::from_utf8_lossy(&lower).chars().collect();
    let mut found = Vec::new();
    for name in names {
        walk.charge(name.len() / 32 + 1)?;
        if name == typed {
            found.push((0, name));
            continue;
        }
        let other = lowered(name.as_bytes());
        let other_runes: Vec<char> = String::from_utf8_lossy(&other).chars().collect();
        if other_runes.len().abs_diff(runes.len()) > threshold {
            continue;
        }
        walk.charge(runes.len() * other_runes.len() / 32)?;
        let distance = if lower == other { 1 } else { distance(&runes, &other_runes) };
        if distance <= threshold {
            found.push((distance, name));
        }
    }
    found.sort_by_key(|(distance, _)| *distance);
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// How many runes to put in, take out or change (Levenshtein).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (at, target) in to.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, source) in row.iter_mut().skip(1).zip(from) {
            let same = diagonal + usize::from(source != target);
            diagonal = *cell;
            left = same.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Words that follow a message: `prefix` and the names that are near, or nothing.
pub(super) fn suggestion(prefix: &str, near: &[&str]) -> String {
    if near.is_empty() { String::new() } else { format!(" {prefix} {}?", either_quoted(near)) }
}
