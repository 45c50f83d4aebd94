//! How long an answer may be kept (OPA's `v1/topdown/http.go`, RFC 9111).

use super::super::super::network::Response;
use super::super::time::seconds_by;

/// Answers that may be kept (RFC 9110, 15.1).
const CACHEABLE: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];

/// The moment that Go calls zero: always past.
const NEVER: i128 = i128::MIN;

/// The forms of a date in HTTP, in Go's layouts.
const DATES: [&[u8]; 3] = [b"Mon, 02 Jan 2006 15:04:05 GMT", b"Monday, 02-Jan-06 15:04:05 MST", b"Mon Jan _2 15:04:05 2006"];

const SECOND: i128 = 1_000_000_000;

/// Whether an answer of that status may be kept.
pub(super) fn is_cacheable(code: u16) -> bool {
    CACHEABLE.contains(&code)
}

/// Whether an answer says that nobody may keep it.
pub(super) fn is_private(response: &Response) -> bool {
    directive(response, "no-store").is_some()
}

/// Until when an answer is fresh, in nanoseconds since 1970.
///
/// # Errors
/// Go's words for a header that says nothing.
pub(super) fn expires(response: &Response, forced_seconds: i32, now_ns: i64) -> Result<i128, String> {
    if forced_seconds > 0 {
        return Ok(i128::from(now_ns) + i128::from(forced_seconds) * SECOND);
    }
    let Some(age) = directive(response, "max-age") else {
        return Ok(date(&response.text("expires")).unwrap_or(NEVER));
    };
    let age = max_age(&age)?;
    let made = response.text("date");
    if made.is_empty() {
        return Err("no date header".to_owned());
    }
    let made = date(&made).ok_or_else(|| format!("parsing time {made:?}: it is no date of HTTP"))?;
    Ok(made.saturating_add(i128::from(age) * SECOND))
}

fn max_age(text: &str) -> Result<u32, String> {
    let most = i32::MAX.unsigned_abs();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.ParseUint: parsing {text:?}: invalid syntax"));
    }
    Ok(text.parse().map_or(most, |age: u32| age.min(most)))
}

fn date(text: &str) -> Option<i128> {
    let seconds = DATES.iter().find_map(|layout| seconds_by(layout, text.as_bytes()).ok())?;
    Some(i128::from(seconds) * SECOND)
}

/// What `Cache-Control` says under a name; nothing where it only names it.
fn directive(response: &Response, name: &str) -> Option<String> {
    let control = response.text("cache-control");
    let mut found = None;
    for part in control.split(',').map(|part| part.trim_matches(' ')).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            None if part == name => found = Some(String::new()),
            Some((own, value)) if !value.contains('=') && own.trim_matches(' ') == name => found = Some(value.to_owned()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{NEVER, expires, is_private};
    use crate::rego::network::Response;

    fn response(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Response { headers, ..Response::default() }
    }

    #[test]
    fn headers_say_how_long() {
        let date = ("date", "Thu, 01 Jan 1970 00:01:00 GMT");
        let seconds = |headers: &[_]| expires(&response(headers), 0, 0).map(|ns| ns / 1_000_000_000);
        assert_eq!(seconds(&[date, ("cache-control", "public, max-age=60")]), Ok(120));
        assert_eq!(seconds(&[date, ("cache-control", "max-age=99999999999")]), Ok(60 + 2_147_483_647));
        assert!(seconds(&[("cache-control", "max-age=60")]).is_err());
        assert!(seconds(&[date, ("cache-control", "max-age=x")]).is_err());
        assert_eq!(seconds(&[("expires", "Thursday, 01-Jan-70 00:02:00 GMT")]), Ok(120));
        assert_eq!(seconds(&[("expires", "Thu Jan  1 00:02:00 1970")]), Ok(120));
        assert_eq!(expires(&response(&[("expires", "0")]), 0, 0), Ok(NEVER));
        assert_eq!(expires(&response(&[]), 5, 1), Ok(5_000_000_001));
        assert!(is_private(&response(&[("cache-control", "max-age=60, no-store")])));
        assert!(!is_private(&response(&[("cache-control", "no-store=1=2")])));
    }
}
