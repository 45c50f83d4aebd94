//! How a text is written as a scalar: which style it may have, and its escapes.

use std::borrow::Cow;

use super::super::resolve::{self, Scalar};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// The style of a text: plain where it then still is that text, literal where it has lines.
pub(super) fn style(text: &[u8], simple_key: bool) -> Style {
    let analysis = Analysis::of(text);
    if simple_key && analysis.is_multiline() {
        return Style::DoubleQuoted;
    }
    if text.contains(&b'\n') {
        return if analysis.block && !simple_key { Style::Literal } else { Style::DoubleQuoted };
    }
    match () {
        () if !stays_text(text) => Style::DoubleQuoted,
        () if analysis.plain => Style::Plain,
        () if analysis.single_quoted => Style::SingleQuoted,
        () => Style::DoubleQuoted,
    }
}

/// Whether a plain scalar of this text is read as a string, by YAML 1.1's rules as well.
fn stays_text(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    resolve::plain(text, true) == Scalar::Text && text != "<<" && !is_old_bool(text) && !is_sexagesimal(text)
}

fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}

/// YAML 1.1's numbers to the base of 60: `1:30`, `-190:20:30.15`.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split(':');
    let first = parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()) && is_digits(part));
    let two_digits = |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    first && text.contains(':') && parts.all(two_digits) && is_digits(fraction)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// Which styles can hold a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Analysis {
    multiline: bool,
    plain: bool,
    single_quoted: bool,
    block: bool,
}

/// What was seen in a text.
#[derive(Default)]
struct Seen {
    indicators: bool,
    breaks: bool,
    special: bool,
    tabs: bool,
    /// A space or a break at either end.
    at_end: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
}

impl Analysis {
    pub(super) fn of(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self { multiline: false, plain: true, single_quoted: true, block: false };
        }
        let seen = Seen::in_text(text);
        let quotable = !(seen.break_space || seen.space_break || seen.tabs || seen.special);
        Self {
            multiline: seen.breaks,
            plain: quotable && !seen.at_end && !seen.breaks && !seen.indicators,
            single_quoted: quotable,
            block: !(seen.trailing_space || seen.space_break || seen.special),
        }
    }

    pub(super) const fn is_multiline(&self) -> bool {
        self.multiline
    }
}

impl Seen {
    fn in_text(text: &[u8]) -> Self {
        let mut seen = Self { indicators: text.starts_with(b"---") || text.starts_with(b"..."), ..Self::default() };
        let mut before = None;
        let mut chars = chars(text).peekable();
        while let Some(char) = chars.next() {
            let next = chars.peek().copied();
            seen.indicators |= is_indicator(char, before, next);
            seen.tabs |= char == b"\t";
            seen.special |= char != b"\t" && !is_printable(char);
            let ends = before.is_none() || next.is_none();
            if char == b" " {
                seen.at_end |= ends;
                seen.trailing_space |= next.is_none();
                seen.break_space |= before.is_some_and(is_break);
            } else if is_break(char) {
                seen.breaks = true;
                seen.at_end |= ends;
                seen.space_break |= before == Some(b" ");
            }
            before = Some(char);
        }
        seen
    }
}

/// Whether a character there means something to YAML in a plain scalar.
fn is_indicator(char: &[u8], before: Option<&[u8]>, next: Option<&[u8]>) -> bool {
    let followed = next.is_none_or(is_blank);
    match (char, before) {
        (
            b"#" | b"," | b"[" | b"]" | b"{" | b"}" | b"&" | b"*" | b"!" | b"|" | b">" | b"'" | b"\"" | b"%" | b"@" | b"`",
            None,
        ) => true,
        (b"?" | b":" | b"-", None) | (b":", Some(_)) => followed,
        (b"#", Some(before)) => is_blank(before) || is_break(before) || before == b"\0",
        _ => false,
    }
}

fn is_blank(char: &[u8]) -> bool {
    matches!(char, b" " | b"\t")
}

/// The characters of a text, each as its bytes.
pub(super) fn chars(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.chunk_by(|_, byte| byte & 0xc0 == 0x80)
}

/// `\n`, `\r`, U+0085, U+2028 or U+2029.
pub(super) fn is_break(char: &[u8]) -> bool {
    matches!(char, b"\r" | b"\n" | b"\xc2\x85" | b"\xe2\x80\xa8" | b"\xe2\x80\xa9")
}

/// As go-yaml has it, for which nothing beyond U+FFFF is printable.
fn is_printable(char: &[u8]) -> bool {
    match char {
        [byte] => matches!(byte, b'\n' | b' '..=b'~'),
        [0xc2, byte] => *byte >= 0xa0,
        [0xef, 0xbb, 0xbf] | [0xef, 0xbf, 0xbe | 0xbf] => false,
        [first, ..] => (0xc3..=0xef).contains(first),
        [] => false,
    }
}

/// What a literal's `|` is followed by: its indentation where the text would hide it, and what is kept of its last line ends.
pub(super) fn hints(text: &[u8]) -> String {
    let first = chars(text).next();
    let indentation = if first.is_some_and(|char| char == b" " || is_break(char)) { "2" } else { "" };
    let mut last = (None, None);
    for char in chars(text) {
        last = (last.1, Some(is_break(char)));
    }
    let chomping = match last {
        (None | Some(true), Some(true)) => "+",
        (Some(false), Some(true)) => "",
        _ => "-",
    };
    format!("{indentation}{chomping}")
}

/// A text between double quotes. A text that begins with a byte order mark has each of its characters escaped: go-yaml looks for the
/// mark at the text's beginning, whichever character it asks about.
pub(super) fn escaped(text: &[u8]) -> Cow<'_, [u8]> {
    let all = text.starts_with(b"\xef\xbb\xbf");
    let plain = |char: &[u8]| !all && is_printable(char) && !is_break(char) && char != b"\"" && char != b"\\";
    if chars(text).all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for char in chars(text) {
        if plain(char) {
            out.extend_from_slice(char);
        } else {
            let char = std::str::from_utf8(char).ok().and_then(|text| text.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(escape(char).as_bytes());
        }
    }
    Cow::Owned(out)
}

fn escape(char: char) -> String {
    let short = match char {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(char) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
