//! `uri.*`: URLs as Go's `net/url` reads them.

mod escape;
mod host;
mod target;

use super::super::value::{Arena, ObjectBuilder, Value, quote};
use super::operand::{any, fail, string};
use super::{Context, Failure, Outcome, utf8};
use escape::{Part, unescape};
pub(in crate::rego) use target::Target;

/// The parts of a URL that are told; empty ones are not.
#[derive(Debug, Default)]
struct Parsed {
    scheme: Vec<u8>,
    host: Vec<u8>,
    path: Vec<u8>,
    raw_path: Vec<u8>,
    /// The path as it is sent.
    sent_path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
    /// What Go's struct of a URL has besides.
    rest: Rest,
}

/// What certificates tell of a URL, and `uri.parse` does not.
#[derive(Debug, Default)]
struct Rest {
    opaque: Vec<u8>,
    has_user: bool,
    /// The path as it was written, where Go would write it in another way.
    raw_path: Vec<u8>,
    raw_fragment: Vec<u8>,
    force_query: bool,
    omit_host: bool,
}

/// The parts, or the text that is at fault and Go's words for it.
fn parse(text: &[u8]) -> Result<Parsed, String> {
    let (url, fragment) = cut(text, b'#');
    let named = |text: &[u8], problem: String| format!("parse {}: {problem}", quote(text));
    let mut parsed = parse_url(url).map_err(|problem| named(url, problem))?;
    parsed.fragment = unescape(fragment, Part::Other).map_err(|problem| named(text, problem))?;
    if escape::fragment(&parsed.fragment) != fragment {
        parsed.rest.raw_fragment = fragment.to_vec();
    }
    Ok(parsed)
}

/// A URL as Go writes it, or its words for why a text is none.
pub(crate) fn normal_url(text: &[u8]) -> Result<String, String> {
    let parsed = parse(text)?;
    let (rest, fragment) = cut(text, b'#');
    let (before, _) = cut(rest, b'?');
    let mut url = parsed.scheme.clone();
    if !url.is_empty() {
        url.push(b':');
    }
    let hierarchy = before.get(scheme(before)?.0.len() + usize::from(!url.is_empty())..).unwrap_or_default();
    match hierarchy.strip_prefix(b"//").filter(|_| !url.is_empty() || !hierarchy.starts_with(b"///")) {
        Some(after) => write_hierarchy(&parsed, after, &mut url),
        None if !url.is_empty() && !hierarchy.starts_with(b"/") => url.extend_from_slice(hierarchy),
        None => url.extend_from_slice(&parsed.sent_path),
    }
    if rest.contains(&b'?') {
        url.push(b'?');
        url.extend_from_slice(&parsed.query);
    }
    if !parsed.fragment.is_empty() {
        url.push(b'#');
        url.extend(if escape::is_fragment(fragment) { fragment.to_vec() } else { escape::fragment(&parsed.fragment) });
    }
    Ok(String::from_utf8_lossy(&url).into_owned())
}

/// User, host and path; `after` is what follows the two slashes.
fn write_hierarchy(parsed: &Parsed, after: &[u8], url: &mut Vec<u8>) {
    let (authority, _) = cut(after, b'/');
    let user = host::user(authority);
    if user.is_some() || !parsed.host.is_empty() || !parsed.sent_path.is_empty() && !parsed.scheme.is_empty() {
        url.extend_from_slice(b"//");
    }
    if let Some(user) = user {
        url.extend(user);
        url.push(b'@');
    }
    url.extend(escape::host(&parsed.host));
    url.extend_from_slice(&parsed.sent_path);
}

/// What is before and after the first `at`.
fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match memchr::memchr(at, text) {
        Some(found) => (text.get(..found).unwrap_or_default(), text.get(found + 1..).unwrap_or_default()),
        None => (text, &[]),
    }
}

fn parse_url(text: &[u8]) -> Result<Parsed, String> {
    if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut parsed = Parsed::default();
    if text == b"*" {
        (parsed.path, parsed.raw_path, parsed.sent_path) = (text.to_vec(), text.to_vec(), text.to_vec());
        return Ok(parsed);
    }
    let (scheme, rest) = scheme(text)?;
    parsed.scheme = scheme.to_ascii_lowercase();
    parsed.rest.force_query = memchr::memchr(b'?', rest).is_some_and(|at| at + 1 == rest.len());
    let (mut rest, query) = cut(rest, b'?');
    parsed.query = query.to_vec();
    if !rest.starts_with(b"/") {
        if !scheme.is_empty() {
            parsed.rest.opaque = rest.to_vec();
            return Ok(parsed);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if (!scheme.is_empty() || !rest.starts_with(b"///"))
        && let Some(after) = rest.strip_prefix(b"//")
    {
        let end = memchr::memchr(b'/', after).unwrap_or(after.len());
        let (authority, path) = after.split_at_checked(end).unwrap_or((after, &[]));
        parsed.host = host::authority(&parsed.scheme, authority)?;
        parsed.rest.has_user = authority.contains(&b'@');
        rest = path;
    } else if !scheme.is_empty() && rest.starts_with(b"/") {
        parsed.rest.omit_host = true;
    }
    parsed.path = unescape(rest, Part::Other)?;
    // Where the path is written as Go would write it, the raw one is the path itself.
    let escaped = escape::path(&parsed.path);
    if escaped != rest {
        parsed.rest.raw_path = rest.to_vec();
    }
    parsed.raw_path = if escaped == rest { parsed.path.clone() } else { rest.to_vec() };
    parsed.sent_path = if escape::is_path(rest) { rest.to_vec() } else { escaped };
    Ok(parsed)
}

/// The scheme, and what follows it.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end = text.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')));
    let Some(end) = end.filter(|end| text.get(*end) == Some(&b':')) else { return Ok((&[], text)) };
    match text.first() {
        Some(b':') => Err("missing protocol scheme".to_owned()),
        Some(first) if first.is_ascii_alphabetic() => {
            Ok((text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default()))
        }
        _ => Ok((&[], text)),
    }
}

/// Scheme and path of a URL, if a text is one.
pub(super) fn path_of(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    parse(text).ok().map(|parsed| (parsed.scheme, parsed.path))
}

/// A URL as Go's struct of one, which certificates show, and its host.
pub(super) fn url_struct<'a>(arena: &'a Arena, text: &[u8]) -> Result<(Value<'a>, Vec<u8>), String> {
    let parsed = parse(text)?;
    let rest = &parsed.rest;
    let mut object = ObjectBuilder::default();
    let texts: [(&'static str, &[u8]); 8] = [
        ("Scheme", &parsed.scheme),
        ("Opaque", &rest.opaque),
        ("Host", &parsed.host),
        ("Path", &parsed.path),
        ("Fragment", &parsed.fragment),
        ("RawQuery", &parsed.query),
        ("RawPath", &rest.raw_path),
        ("RawFragment", &rest.raw_fragment),
    ];
    for (name, text) in texts {
        object.insert(Value::String(name.as_bytes()), Value::string(arena, utf8::replaced(text)));
    }
    let flags = [("ForceQuery", rest.force_query), ("OmitHost", rest.omit_host)];
    flags.into_iter().for_each(|(name, flag)| object.insert(Value::String(name.as_bytes()), Value::Bool(flag)));
    // Its fields are nobody's business.
    let user = if rest.has_user { ObjectBuilder::default().build(arena) } else { Value::Null };
    object.insert(Value::String(b"User"), user);
    Ok((object.build(arena), parsed.host))
}

/// Where a request goes: host and port, and path and query as they are sent.
#[derive(Debug)]
pub(super) struct Location {
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
}

/// The location that a URL names.
pub(super) fn locate(text: &[u8]) -> Result<Location, String> {
    let parsed = parse(text)?;
    Ok(Location { host: parsed.host, path: parsed.sent_path, query: parsed.query })
}

fn charge(ctx: &mut Context<'_>, text: &[u8]) -> Result<(), Failure> {
    ctx.charge(text.len() / 8 + 1)?;
    ctx.reserve(text.len().saturating_mul(4))
}

/// The parts that there are.
pub(super) fn uri_parse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    charge(ctx, text)?;
    let parsed = parse(text).map_err(fail)?;
    let (host, port) = host::split_port(&parsed.host);
    let mut object = ObjectBuilder::default();
    let parts: [(&'static str, &[u8]); 7] = [
        ("scheme", &parsed.scheme),
        ("hostname", host),
        ("port", port),
        ("path", &parsed.path),
        ("raw_path", &parsed.raw_path),
        ("raw_query", &parsed.query),
        ("fragment", &parsed.fragment),
    ];
    for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        object.insert(Value::String(name.as_bytes()), Value::string(ctx.arena, part));
    }
    Ok(object.build(ctx.arena))
}

/// Whether it is a URL; an empty one is none.
pub(super) fn uri_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let Some(text) = any(operands, 1).as_bytes() else { return Ok(Value::Bool(false)) };
    charge(ctx, text)?;
    Ok(Value::Bool(!text.is_empty() && parse(text).is_ok()))
}

#[cfg(test)]
mod tests;
