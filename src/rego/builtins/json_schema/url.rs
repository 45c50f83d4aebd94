//! References of schemas: URLs that are relative to one another.

use super::super::uri::normal_url;

/// A URL in parts.
struct Parts<'u> {
    /// Scheme and authority: `http://example.com`.
    origin: &'u str,
    path: &'u str,
    query: Option<&'u str>,
    fragment: Option<&'u str>,
}

fn split(url: &str) -> Parts<'_> {
    let (rest, fragment) = url.split_once('#').map_or((url, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let scheme = rest.find(':').filter(|at| !rest.get(..*at).unwrap_or_default().contains('/')).map_or(0, |at| at + 1);
    let after = rest.get(scheme..).unwrap_or_default();
    let authority = after.strip_prefix("//").map_or(0, |rest| 2 + rest.find('/').unwrap_or(rest.len()));
    let (origin, path) = rest.split_at_checked(scheme + authority).unwrap_or((rest, ""));
    Parts { origin, path, query, fragment }
}

/// The URL that `child` is below `base`, as Go writes it; `None` for what is no URL.
pub(super) fn resolve(base: &str, child: &str) -> Option<String> {
    let child = normal_url(child.as_bytes()).ok()?;
    let (parts, above) = (split(&child), split(base));
    if !parts.origin.is_empty() {
        return Some(child);
    }
    let keeps_query = parts.path.is_empty() && parts.query.is_none();
    let (query, fragment) = if keeps_query { (above.query, parts.fragment) } else { (parts.query, parts.fragment) };
    let path = if parts.path.is_empty() { above.path.to_owned() } else { join(above.path, parts.path) };
    let mut url = format!("{}{path}", above.origin);
    for (mark, part) in [('?', query), ('#', fragment)] {
        if let Some(part) = part {
            url.push(mark);
            url.push_str(part);
        }
    }
    Some(url)
}

/// The path `child` seen from `base`, without `.` and `..`.
fn join(base: &str, child: &str) -> String {
    let whole = if child.starts_with('/') {
        child.to_owned()
    } else {
        let folder = base.rfind('/').and_then(|at| base.get(..=at)).unwrap_or_default();
        format!("{folder}{child}")
    };
    let mut kept: Vec<&str> = Vec::new();
    for part in whole.split('/').skip(usize::from(whole.starts_with('/'))) {
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Whether a URL says where something is, and not only where it is seen from.
pub(super) fn is_canonical(url: &str) -> bool {
    let parts = split(url);
    match parts.origin.strip_suffix(':').unwrap_or(parts.origin) {
        origin if origin == "file" || origin.starts_with("file://") => parts.path.starts_with('/'),
        origin => origin.find("://").is_some_and(|at| at > 0 && origin.len() > at + 3),
    }
}

/// A URL without its fragment, and the fragment decoded.
pub(super) fn without_fragment(url: &str) -> (&str, String) {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    (rest, decoded(fragment))
}

fn decoded(fragment: &str) -> String {
    let bytes = fragment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
