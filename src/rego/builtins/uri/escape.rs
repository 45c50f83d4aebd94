//! Escapes in the parts of URLs.

use super::super::super::value::quote;

/// Parts with rules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A host: only bytes above ASCII are escaped.
    Host,
    /// The zone of an address.
    Zone,
    /// Any other part.
    Other,
}

/// Whether a byte stands for itself in a host.
const fn in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';')
        || matches!(byte, b'=' | b':' | b'[' | b']' | b'<' | b'>' | b'"')
}

/// Decodes; a plus is a plus.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte != b'%' {
            if part != Part::Other && *byte < 0x80 && !in_host(*byte) {
                return Err(format!("invalid character {} in host name", quote(&[*byte])));
            }
            out.push(*byte);
            at += 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let escape = rest.get(..3).unwrap_or(rest);
        let bad = || format!("invalid URL escape {}", quote(escape));
        let digit = |at: usize| escape.get(at).and_then(|b| char::from(*b).to_digit(16));
        let (high, low) = digit(1).zip(digit(2)).ok_or_else(bad)?;
        let value = (high << 4 | low) as u8;
        let allowed = match part {
            _ if escape == b"%25" => true,
            Part::Other => true,
            Part::Host => value >= 0x80,
            Part::Zone => value == b' ' || in_host(value),
        };
        if !allowed {
            return Err(bad());
        }
        out.push(value);
        at += 3;
    }
    Ok(out)
}

/// A path as Go writes it.
pub(super) fn path(path: &[u8]) -> Vec<u8> {
    escaped(path, |byte| is_unreserved(byte) || b"$&+,/:;=@".contains(&byte))
}

/// A fragment as Go writes it.
pub(super) fn fragment(fragment: &[u8]) -> Vec<u8> {
    escaped(fragment, |byte| is_unreserved(byte) || b"$&+,/:;=?@!()*".contains(&byte))
}

/// A user's name or password as Go writes it.
pub(super) fn user(text: &[u8]) -> Vec<u8> {
    escaped(text, |byte| is_unreserved(byte) || b"$&+,;=".contains(&byte))
}

/// A host as Go writes it.
pub(super) fn host(host: &[u8]) -> Vec<u8> {
    escaped(host, in_host)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn escaped(text: &[u8], stays: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if stays(*byte) {
            out.push(*byte);
        } else {
            out.extend(format!("%{byte:02X}").bytes());
        }
    }
    out
}

/// Whether every byte of an escaped fragment may stand in one.
pub(super) fn is_fragment(fragment: &[u8]) -> bool {
    fragment.iter().all(|byte| *byte == b'?' || is_path(&[*byte]))
}

/// Whether every byte of an escaped path may stand in one.
pub(super) fn is_path(path: &[u8]) -> bool {
    path.iter().all(|b| b.is_ascii_alphanumeric() || b"!$&'()*+,;=:@[]%-_.~/".contains(b))
}
