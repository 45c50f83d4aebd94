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
    // Most texts are of ASCII, whose bytes are looked at many at a time.
    let ascii = text.bytes().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    if ascii || text.chars().all(allowed) { Ok(text) } else { Err("yaml: control characters are not allowed".to_owned()) }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("yaml: {}", fault(bytes.get(error.valid_up_to()..).unwrap_or_default())))
}

/// What go-yaml's reader finds wrong with the character that `bytes` begin with.
fn fault(bytes: &[u8]) -> &'static str {
    let lead = bytes.first().copied().unwrap_or_default();
    let (width, bits) = match lead {
        0xc0..=0xdf => (2, 0x1f),
        0xe0..=0xef => (3, 0x0f),
        0xf0..=0xf7 => (4, 0x07),
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(rest) = bytes.get(1..width) else { return "incomplete UTF-8 octet sequence" };
    if rest.iter().any(|byte| byte & 0xc0 != 0x80) {
        return "invalid trailing UTF-8 octet";
    }
    let value = rest.iter().fold(u32::from(lead & bits), |value, byte| value << 6 | u32::from(byte & 0x3f));
    let shortest = match width {
        2 => 0x80,
        3 => 0x800,
        _ => 0x1_0000,
    };
    if value < shortest { "invalid length of a UTF-8 sequence" } else { "invalid Unicode character" }
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
