//! go-yaml's order of keys: numbers in them by their value, letters after what is no letter (before, behind a digit).

use super::super::value::Place;
use crate::unicode::{is_digit, is_letter};

type Entry<'k> = (&'k [u8], Place);

/// The entries by their keys. Merged by hand: with digits that overflow the order is none, which the standard library's sort may panic at.
pub(super) fn sorted(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut runs: Vec<Vec<(Vec<char>, Entry<'_>)>> =
        entries.into_iter().map(|entry| vec![(String::from_utf8_lossy(entry.0).chars().collect(), entry)]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(left) = pairs.next() {
            merged.push(merge(left, pairs.next().unwrap_or_default()));
        }
        runs = merged;
    }
    runs.into_iter().flatten().map(|(_, entry)| entry).collect()
}

fn merge<T>(left: Vec<(Vec<char>, T)>, right: Vec<(Vec<char>, T)>) -> Vec<(Vec<char>, T)> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(l), Some(r)) if less(&r.0, &l.0) => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        match next {
            Some(next) => out.push(next),
            None => return out,
        }
    }
}

/// Whether the key `a` comes before `b`.
fn less(a: &[char], b: &[char]) -> bool {
    let Some(at) = a.iter().zip(b).position(|(a, b)| a != b) else { return a.len() < b.len() };
    let (same, a_rest) = a.split_at_checked(at).unwrap_or((a, &[]));
    let b_rest = b.get(at..).unwrap_or_default();
    let (Some(ac), Some(bc)) = (a_rest.first(), b_rest.first()) else { return false };
    match (is_letter(*ac), is_letter(*bc)) {
        (true, true) => return ac < bc,
        (false, false) => {}
        (a_is_letter, _) => return a_is_letter == same.last().is_some_and(|c| is_digit(*c)),
    }
    // Zeros that differ count as digits behind a digit that is none.
    let inside = (*ac == '0' || *bc == '0') && same.iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
    let (a_number, a_digits) = number(a_rest, i64::from(inside));
    let (b_number, b_digits) = number(b_rest, i64::from(inside));
    (a_number, a_digits, ac) < (b_number, b_digits, bc)
}

/// The number at the beginning, behind a digit `before`, and how many digits it has. It overflows as Go's does.
fn number(text: &[char], before: i64) -> (i64, usize) {
    let digits = text.iter().take_while(|c| is_digit(**c));
    digits.fold((before, 0), |(number, count), c| {
        let digit = i64::from(u32::from(*c)) - i64::from(u32::from('0'));
        (number.wrapping_mul(10).wrapping_add(digit), count + 1)
    })
}
