//! The query string, as a form writes it: `feature=rust_opa&why=too+slow%21`.

use super::super::problem::Problem;
use super::super::request::split_once;

/// Names and values in their order. The crate `form_urlencoded` would make U+FFFD of bytes that are no UTF-8 and leave a broken escape as
/// it stands: another feature than the one that was meant could be changed.
pub(super) fn read(query: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let parts = query.split(|b| *b == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = split_once(part, b'=').unwrap_or((part, b""));
            let name = decode(name).ok_or_else(|| Problem::field("query", "query: a name in it is no percent-encoded UTF-8"))?;
            let value = decode(value);
            value
                .map(|value| (name.clone(), value))
                .ok_or_else(|| Problem::field(&name, format!("{name}: it is no percent-encoded UTF-8")))
        })
        .collect()
}

fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            _ => *byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
