//! The name that somebody may have meant.

/// Of `candidates`, the one that takes the fewest changes of a character from `name`, if those are few; of several, the first in order.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let most = (name.chars().count() / 3).clamp(1, 3);
    let distances = candidates.into_iter().filter(|candidate| *candidate != name);
    let near = distances.filter_map(|candidate| Some((distance(name, candidate, most)?, candidate)));
    near.min().map(|(_, candidate)| candidate)
}

/// `did you mean count?`
pub(super) fn suggestion<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(name, candidates).map(|found| format!("did you mean {found}?"))
}

/// How many characters have to be put in, left out, changed or swapped with their neighbour; `None` if more than `most`.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, j) + usize::from(x != y);
            let mut least = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let names = ["count", "contains", "concat", "io.jwt.decode", "user"];
        for (slip, meant) in [
            ("coutn", Some("count")),
            ("cont", Some("count")),
            ("io.jwt.decod", Some("io.jwt.decode")),
            ("usr", Some("user")),
            ("zebra", None),
            ("count", None),
        ] {
            assert_eq!(nearest(slip, names), meant, "{slip}");
        }
    }
}
