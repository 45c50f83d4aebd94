//! Bytes to text, by the rules of go-yaml's reader: a byte order mark says which encoding it is, and control characters are refused.

/// The text in `bytes`, without its byte order mark.
///
/// # Errors
/// The bytes are no text, or have a character in them that YAML does not allow.
pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => utf8(rest)?.to_owned(),
    };
    // For go-yaml a second mark makes each line lose its first character: nothing to be imitated.
    if text.starts_with('\u{feff}') {
        return Err("yaml: more than one byte order mark".to_owned());
    }
    if text.chars().all(allowed) { Ok(text) } else { Err("yaml: control characters are not allowed".to_owned()) }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("yaml: {error}"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("yaml: incomplete UTF-16 character".to_owned());
    }
    let chars = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    chars.collect::<Result<_, _>>().map_err(|_| "yaml: unexpected low surrogate area".to_owned())
}

fn allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
