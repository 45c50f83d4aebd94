//! Runes as Go sees them: a byte that begins no valid sequence is U+FFFD, and one byte long.

/// The first rune of `bytes`, which are not empty, and its length.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> (char, usize) {
    match bytes.first() {
        Some(byte) if byte.is_ascii() => (char::from(*byte), 1),
        _ => decode_long(bytes),
    }
}

fn decode_long(bytes: &[u8]) -> (char, usize) {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => head.get(..error.valid_up_to()).and_then(|h| std::str::from_utf8(h).ok()).unwrap_or_default(),
    };
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |rune| (rune, rune.len_utf8()))
}

/// All runes, with the place and the length of each.
pub(super) fn runes(bytes: &[u8]) -> impl Iterator<Item = (usize, char, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let (rune, length) = decode(rest);
        let found = (at, rune, length);
        at += length;
        Some(found)
    })
}

/// How many runes there are.
pub(super) fn count(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().count(),
        Err(_) => runes(bytes).count(),
    }
}

/// The last rune of `bytes`, which are not empty, and its length.
pub(super) fn decode_last(bytes: &[u8]) -> (char, usize) {
    for length in 1..=bytes.len().min(4) {
        let tail = bytes.get(bytes.len() - length..).unwrap_or_default();
        if let Ok(text) = std::str::from_utf8(tail)
            && let Some(rune) = text.chars().next()
        {
            return (rune, length);
        }
    }
    (char::REPLACEMENT_CHARACTER, 1)
}

/// Appends a rune.
pub(super) fn push(to: &mut Vec<u8>, rune: char) {
    to.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The text with each bad byte as U+FFFD, as Go's `encoding/json` writes it.
pub(super) fn replaced(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if std::str::from_utf8(bytes).is_ok() {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len() + 8);
    runes(bytes).for_each(|(_, rune, _)| push(&mut out, rune));
    out.into()
}

/// For messages: bad bytes as U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Where `needle` first is in `haystack`; at 0 where it is empty.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        // A delimiter mostly; there is nothing to prepare.
        [byte] => memchr::memchr(*byte, haystack),
        _ => memchr::memmem::find(haystack, needle),
    }
}
