//! The page: that it is served as it has to be, and holds nothing that its policy would refuse.

use super::super::page::{PAGE, block};
use super::{admin, json, send};
use crate::error::Result;

#[test]
fn the_page_is_served_with_a_policy_of_its_own_blocks_alone() -> Result<()> {
    let page = send(&admin()?, "GET", "/admin/", "", b"");
    assert_eq!((page.status, page.body.as_slice()), (200, PAGE.as_bytes()));
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("Referrer-Policy"), Some("no-referrer"));
    let source = |tag| format!("'sha256-{}'", sha256_base64(block(PAGE, tag)));
    let expected = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source("script"),
        source("style")
    );
    assert_eq!(page.header("Content-Security-Policy"), Some(expected.as_str()));
    Ok(())
}

/// By OpenSSL's own reckoning of two texts, so that a page is not held against its own mistake.
#[test]
fn digests_are_those_of_another_program() {
    assert_eq!(sha256_base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

fn sha256_base64(text: &str) -> String {
    super::super::page::source(text).trim_start_matches("'sha256-").trim_end_matches('\'').to_owned()
}

#[test]
fn the_page_needs_nothing_that_its_policy_refuses() {
    for (tag, most) in [("<script", 1), ("<style", 1)] {
        assert_eq!(PAGE.matches(tag).count(), most, "{tag}");
        assert!(block(PAGE, &tag[1..]).len() > 100);
    }
    for refused in [
        " style=",
        " onclick",
        " src=",
        "http:",
        "https:",
        "@import",
        "url(",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!PAGE.contains(refused), "{refused}");
    }
}

#[test]
fn the_page_without_its_slash_leads_to_it() -> Result<()> {
    let moved = send(&admin()?, "GET", "/admin", "", b"");
    assert_eq!((moved.status, moved.header("Location"), moved.body.len()), (308, Some("admin/"), 0));
    Ok(())
}

#[test]
fn the_description_is_served() -> Result<()> {
    let served = send(&admin()?, "GET", "/admin/openapi.json", "", b"");
    assert_eq!(served.header("Content-Type"), Some("application/json"));
    assert_eq!(json(&served)["openapi"], "3.1.0");
    Ok(())
}
