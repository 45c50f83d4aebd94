//! Classes of characters as Go's `unicode` has them, from the tables that patterns use.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// Whether Go's `unicode.IsLetter` says so.
pub(crate) fn is_letter(c: char) -> bool {
    static LETTERS: LazyLock<Ranges> = LazyLock::new(|| Ranges::of(r"\pL"));
    if c.is_ascii() { c.is_ascii_alphabetic() } else { LETTERS.has(c) }
}

/// Whether Go's `unicode.IsDigit` says so.
pub(crate) fn is_digit(c: char) -> bool {
    static DIGITS: LazyLock<Ranges> = LazyLock::new(|| Ranges::of(r"\p{Nd}"));
    if c.is_ascii() { c.is_ascii_digit() } else { DIGITS.has(c) }
}

/// Ranges of characters, in order.
struct Ranges(Vec<(char, char)>);

impl Ranges {
    fn of(class: &str) -> Self {
        match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => Self(class.iter().map(|range| (range.start(), range.end())).collect()),
            _ => Self(Vec::new()),
        }
    }

    fn has(&self, c: char) -> bool {
        let after = self.0.partition_point(|(_, end)| *end < c);
        self.0.get(after).is_some_and(|(start, _)| *start <= c)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_digit, is_letter};

    #[test]
    fn letters_and_digits_are_those_of_unicodes_categories() {
        assert!(["a", "Z", "\u{e9}", "\u{5d0}", "\u{4e2d}"].iter().all(|text| text.chars().all(is_letter)));
        assert!(!"1_-\u{345}\u{2160}\u{660}".chars().any(is_letter), "marks and numbers are none");
        assert!("0\u{660}\u{ff10}".chars().all(is_digit) && !"a\u{b2}\u{2160}".chars().any(is_digit));
    }
}
