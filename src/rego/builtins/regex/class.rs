//! Classes of characters: sets of code points, with Go's names for them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::names::{ALIASES, CATEGORIES, SCRIPTS};

/// The class of code points from `low` to `high`. Surrogates are in no text.
pub(super) fn range(low: u32, high: u32) -> ClassUnicode {
    let low = if (0xD800..0xE000).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..0xE000).contains(&high) { 0xD7FF } else { high };
    match (char::from_u32(low), char::from_u32(high)) {
        (Some(low), Some(high)) if low <= high => ClassUnicode::new([ClassUnicodeRange::new(low, high)]),
        _ => ClassUnicode::empty(),
    }
}

/// The same with all that differs in case only.
pub(super) fn folded(mut class: ClassUnicode) -> ClassUnicode {
    // It fails only without the tables, which are compiled in.
    let _ = class.try_case_fold_simple();
    class
}

pub(super) fn negated(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

fn ascii(ranges: &[(u8, u8)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(low, high)| ClassUnicodeRange::new(char::from(*low), char::from(*high))))
}

const DIGIT: &[(u8, u8)] = &[(b'0', b'9')];
const WORD: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];
const SPACE: &[(u8, u8)] = &[(b'\t', b'\n'), (0x0c, b'\r'), (b' ', b' ')];

/// `\d`, `\s`, `\w` and their opposites: ASCII. The opposite is taken after folding.
pub(super) fn perl(letter: u8, fold: bool) -> Option<ClassUnicode> {
    let ranges = match letter.to_ascii_lowercase() {
        b'd' => DIGIT,
        b's' => SPACE,
        b'w' => WORD,
        _ => return None,
    };
    let class = if fold { folded(ascii(ranges)) } else { ascii(ranges) };
    Some(if letter.is_ascii_uppercase() { negated(class) } else { class })
}

/// The class that `[:name:]` stands for, by its name with colons and `^`.
pub(super) fn posix(name: &str, fold: bool) -> Option<ClassUnicode> {
    let positive = name.strip_prefix('^').unwrap_or(name);
    let ranges: &[(u8, u8)] = match positive {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => DIGIT,
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => WORD,
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    };
    let class = if fold { folded(ascii(ranges)) } else { ascii(ranges) };
    Some(if name.starts_with('^') { negated(class) } else { class })
}

/// A name as Go compares it.
fn canonical(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')) {
        out.push(if out.is_empty() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    }
    out
}

/// The class that `\p{name}` stands for.
pub(super) fn unicode(name: &str, fold: bool) -> Option<ClassUnicode> {
    let name = canonical(name);
    let class = match name.as_str() {
        "Any" => range(0, 0x10ffff),
        "Ascii" => range(0, 0x7f),
        "Assigned" => negated(category("Cn")?),
        "Lc" => category("LC")?,
        name if CATEGORIES.contains(&name) => category(name)?,
        name if SCRIPTS.contains(&name) => lookup(&format!("\\p{{sc={name}}}"))?,
        name => {
            let at = ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(name)).ok()?;
            category(ALIASES.get(at)?.1)?
        }
    };
    Some(if fold { folded(class) } else { class })
}

fn category(name: &str) -> Option<ClassUnicode> {
    match name {
        // All surrogates, which no text has.
        "Cs" => Some(ClassUnicode::empty()),
        _ => lookup(&format!("\\p{{gc={name}}}")),
    }
}

fn lookup(pattern: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}
