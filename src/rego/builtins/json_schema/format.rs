//! Formats of strings. One that is not known is kept by every string.

use memchr::memchr;

use super::super::{Context, Failure, regex, time, uri};
use super::mail;

/// The layouts of moments, which a date and a time alone are, too.
const DATE: &[u8] = b"2006-01-02";
const TIME: &[u8] = b"15:04:05";
const TIME_ZONE: &[u8] = b"15:04:05Z07:00";
const MOMENT: &[u8] = b"2006-01-02T15:04:05Z07:00";
const MOMENT_NANOS: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

/// Whether a string keeps to a format.
pub(super) fn is(ctx: &mut Context<'_>, format: &str, text: &[u8]) -> Result<bool, Failure> {
    ctx.charge(text.len() / 8 + 4)?;
    let one_of = |layouts: &[&[u8]]| layouts.iter().any(|layout| time::seconds_by(layout, text).is_ok());
    Ok(match format {
        "date" => one_of(&[DATE]),
        "time" => one_of(&[TIME_ZONE, TIME]),
        "date-time" => one_of(&[TIME, TIME_ZONE, DATE, MOMENT, MOMENT_NANOS]),
        "hostname" => text.len() < 256 && text.split(|b| *b == b'.').all(is_label),
        "email" | "idn-email" => mail::is_address(text),
        "ipv4" => is_address(text) && text.contains(&b'.'),
        "ipv6" => is_address(text) && text.contains(&b':'),
        "uri" | "iri" => uri::path_of(text).is_some_and(|(scheme, _)| !scheme.is_empty()) && !text.contains(&b'\\'),
        "uri-reference" | "iri-reference" => uri::path_of(text).is_some() && !text.contains(&b'\\'),
        "uri-template" => uri::path_of(text).is_some_and(|(_, path)| is_balanced(&path)) && !text.contains(&b'\\'),
        "uuid" => is_uuid(text),
        "regex" => text.is_empty() || regex::is_pattern(ctx, text)?,
        "json-pointer" => is_pointer(text),
        "relative-json-pointer" => is_relative_pointer(text),
        _ => true,
    })
}

pub(super) fn is_address(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}

fn is_label(label: &[u8]) -> bool {
    let inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    (1..=63).contains(&label.len()) && label.iter().all(inside) && label.first() != Some(&b'-') && label.last() != Some(&b'-')
}

/// Whether each brace that opens is closed.
fn is_balanced(path: &[u8]) -> bool {
    let mut rest = path;
    while let Some(open) = memchr(b'{', rest) {
        let after = rest.get(open..).unwrap_or_default();
        let Some(close) = memchr(b'}', after) else { return false };
        rest = after.get(close + 1..).unwrap_or_default();
    }
    true
}

fn is_uuid(text: &[u8]) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split(|b| *b == b'-');
    let whole = lengths
        .iter()
        .all(|length| parts.next().is_some_and(|part| part.len() == *length && part.iter().all(u8::is_ascii_hexdigit)));
    whole && parts.next().is_none()
}

/// Segments with a slash before each, and tildes that escape.
fn is_pointer(text: &[u8]) -> bool {
    let escapes = |segment: &[u8]| {
        segment.iter().enumerate().all(|(at, byte)| *byte != b'~' || matches!(segment.get(at + 1), Some(b'0' | b'1')))
    };
    text.is_empty() || text.strip_prefix(b"/").is_some_and(|rest| rest.split(|b| *b == b'/').all(escapes))
}

fn is_relative_pointer(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits).unwrap_or_default();
    let sound = number == b"0" || number.first().is_some_and(|first| *first != b'0');
    sound && (rest == b"#" || is_pointer(rest))
}
