//! Go's quoted strings (`strconv.Quote`).

use super::unprintable::UNPRINTABLE;

/// The first code point of `bytes`, and its length; `None` and 1 for a byte that begins no valid sequence, as in Go.
#[must_use]
pub(super) fn decode(bytes: &[u8]) -> (Option<char>, usize) {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => head.get(..error.valid_up_to()).and_then(|h| std::str::from_utf8(h).ok()).unwrap_or_default(),
    };
    valid.chars().next().map_or((None, 1), |point| (Some(point), point.len_utf8()))
}

/// Whether Go prints a code point as it is.
#[must_use]
pub fn is_printable(point: char) -> bool {
    let code = u32::from(point);
    match code {
        0x20..0x7f => true,
        ..0x20 => false,
        _ => {
            let run = UNPRINTABLE.partition_point(|(_, last)| *last < code);
            UNPRINTABLE.get(run).is_none_or(|(first, _)| code < *first)
        }
    }
}

/// `bytes` in double quotes.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    push_quoted(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends `bytes` in double quotes, escaped so that the result is valid and printable.
pub fn push_quoted(bytes: &[u8], out: &mut Vec<u8>) {
    push_quoted_as(bytes, false, out);
}

/// As [`push_quoted`]; with `ascii`, everything beyond ASCII is escaped too.
pub fn push_quoted_as(mut bytes: &[u8], ascii: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    while let Some(first) = bytes.first() {
        let (point, length) = if first.is_ascii() { (Some(char::from(*first)), 1) } else { decode(bytes) };
        match point {
            None => out.extend_from_slice(format!("\\x{first:02x}").as_bytes()),
            Some(point) => push_escaped(point, '"', ascii, out),
        }
        bytes = bytes.get(length..).unwrap_or_default();
    }
    out.push(b'"');
}

/// Appends a code point as it stands between two of `mark`.
pub fn push_escaped(point: char, mark: char, ascii: bool, out: &mut Vec<u8>) {
    let plain = if ascii { matches!(point, ' '..='~') } else { is_printable(point) };
    if point == mark || point == '\\' {
        out.push(b'\\');
    }
    if plain {
        return out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
    }
    let short = match point {
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        _ => "",
    };
    let code = u32::from(point);
    let text = match code {
        _ if !short.is_empty() => short.to_owned(),
        ..0x20 | 0x7f => format!("\\x{code:02x}"),
        ..0x10000 => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.extend_from_slice(text.as_bytes());
}
