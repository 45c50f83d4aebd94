//! The page and the description of the API: files that are part of the library.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::Admin;
use super::problem::Answer;
use super::response::Response;
use super::routes::Call;

/// The page: one file that loads nothing from anywhere.
pub(super) const PAGE: &str = include_str!("page.html");

/// The API in the words of OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// What the page may do: its own style and script, and asking the admin. Everything else is refused by the browser, also to what an
/// attacker might get into it.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let (script, style) = (source(block(PAGE, "script")), source(block(PAGE, "style")));
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// `GET /admin/`. It holds no data, so that it needs no token: it asks for one.
pub(super) fn page(_: &Admin, _: &Call<'_>) -> Answer {
    Ok(Response::new(200, "text/html; charset=utf-8", PAGE)
        .with("Content-Security-Policy", POLICY.as_str())
        .with("Referrer-Policy", "no-referrer"))
}

/// `GET /admin`: the page asks for what lies beside it, so that its address has to end with a slash.
pub(super) fn redirect(_: &Admin, _: &Call<'_>) -> Answer {
    Ok(Response::moved("admin/"))
}

/// `GET /admin/openapi.json`.
pub(super) fn openapi(_: &Admin, _: &Call<'_>) -> Answer {
    Ok(Response::new(200, "application/json", OPENAPI))
}

/// What stands between a tag and its end; the page has each of the two once.
pub(super) fn block<'a>(page: &'a str, tag: &str) -> &'a str {
    let after = page.split_once(&format!("<{tag}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{tag}>")).map_or("", |(block, _)| block)
}

/// An inline block, as a policy names it.
pub(super) fn source(block: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(block)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| DIGITS.get((bits & 63) as usize).map_or('=', |digit| char::from(*digit));
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or_default()));
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        text.extend(digits.into_iter().take(group.len() + 1));
        text.extend(std::iter::repeat_n('=', 3 - group.len()));
    }
    text
}
