//! Who is let in, and to what.

use super::super::routes::{Method, ROUTES};
use super::super::{Admin, AdminOptions, Role, Token};
use super::{EYES, OPS, admin, anonymous, bearer, flags_alone, get, post, problem, seen, send, token};
use crate::error::{ErrorKind, Result};

fn refusal(tokens: Vec<Token>, allow_anonymous: bool) -> Result<String> {
    let error = Admin::new(flags_alone()?, tokens, AdminOptions { allow_anonymous }).err().expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    Ok(error.message().to_owned())
}

#[test]
fn without_tokens_it_is_made_only_where_anonymous_is_said() -> Result<()> {
    assert!(refusal(Vec::new(), false)?.starts_with("tokens: "));
    assert!(refusal(super::tokens(), true)?.starts_with("allow_anonymous: "));
    assert!(anonymous().is_ok());
    Ok(())
}

#[test]
fn tokens_that_are_unfit_are_named_by_index_and_never_printed() -> Result<()> {
    let good = || token("ops", OPS, Role::Write);
    for (bad, word) in [
        (token("a", "0123456789abcde", Role::Read), "16 bytes"),
        (token("", "0123456789abcdef", Role::Read), "name"),
        (token("a\nb", "0123456789abcdef", Role::Read), "name"),
        (token(&"n".repeat(65), "0123456789abcdef", Role::Read), "name"),
        (token("anonymous", "0123456789abcdef", Role::Read), "anonymous"),
        (token("a", "0123456789 abcdef", Role::Read), "header"),
        (token("a", "0123456789abcdéf", Role::Read), "header"),
        (token("ops", "0123456789abcdef", Role::Read), "name"),
        (token("a", OPS, Role::Read), "same token"),
    ] {
        let secret = bad.secret.clone();
        assert!(!format!("{bad:?}").contains(&secret));
        let message = refusal(vec![good(), bad], false)?;
        assert!(message.starts_with("tokens[1]: ") && message.contains(word), "{message}");
        assert!(!message.contains(&secret), "{message}");
    }
    Ok(())
}

#[test]
fn tokens_are_read_from_json() -> Result<()> {
    let list = Token::list(br#"[{"name": "ops", "token": "0123456789abcdef", "role": "write"}]"#)?;
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].name.as_str(), list[0].secret.as_str(), list[0].role), ("ops", "0123456789abcdef", Role::Write));
    assert_eq!(Token::list(b"").map(|l| l.len()), Ok(0));
    assert_eq!(Token::list(b"[]").map(|l| l.len()), Ok(0));
    let deep = "[".repeat(100_000);
    for bad in [
        "{}",
        "[1]",
        "[",
        "null",
        "[{\"name\": \"a\"}]",
        "[{\"name\": \"a\", \"token\": \"secret\", \"role\": 1}]",
        &deep,
        "[{\"name\": \"a\", \"token\": \"secret\", \"role\": \"read\", \"more\": 1}]",
        "[{\"name\": \"a\", \"token\": \"secret\" \"role\"}]",
        "[{\"name\": \"a\", \"token\": [\"secret\"], \"role\": \"read\"}]",
    ] {
        let error = Token::list(bad.as_bytes()).expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::SerializationError);
        assert!(!error.message().contains("secret"), "{error}");
    }
    let error = Token::list(br#"[{"name": "a", "token": "secret", "role": "root"}]"#).expect_err("no such role");
    assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidArgument, "tokens[0].role: use \"read\" or \"write\""));
    Ok(())
}

#[test]
fn every_route_keeps_to_the_role_that_it_needs() -> Result<()> {
    let admin = admin()?;
    for route in &ROUTES {
        let method = if route.method == Method::Post { "POST" } else { "GET" };
        let open = ["/admin", "/admin/", "/admin/livez", "/admin/readyz", "/admin/openapi.json"].contains(&route.path);
        let status = |headers: &str| send(&admin, method, route.path, headers, b"").status;
        if open {
            assert_ne!(status(""), 401, "{}", route.path);
            continue;
        }
        assert_eq!(status(""), 401, "{}", route.path);
        assert_eq!(status(&bearer("unknown-token-0123456789")), 401, "{}", route.path);
        assert_eq!(status(&bearer(EYES)) == 403, route.method == Method::Post, "{}", route.path);
        assert!(![401, 403].contains(&status(&bearer(OPS))), "{}", route.path);
    }
    Ok(())
}

#[test]
fn a_token_is_sent_as_rfc_6750_has_it() -> Result<()> {
    let admin = admin()?;
    let status = |headers: String| send(&admin, "GET", "/admin/rollout", &headers, b"");
    for good in [
        format!("Authorization: Bearer {EYES}\r\n"),
        format!("authorization:bearer   {EYES}  \r\n"),
        format!("X: 1\nAUTHORIZATION: BEARER {EYES}\n"),
        format!("Authorization: Bearer {EYES}"),
    ] {
        assert_eq!(status(good.clone()).status, 200, "{good}");
    }
    for bad in [
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: {EYES}\r\n"),
        format!("Authorization: Basic {EYES}\r\n"),
        format!("Authorization: Bearer {EYES}x\r\n"),
        format!("X-Authorization: Bearer {EYES}\r\n"),
        format!("Authorization: Bearer {}\r\n", &EYES[..EYES.len() - 1]),
    ] {
        let response = status(bad);
        problem(&response, 401);
        assert_eq!(response.header("WWW-Authenticate"), Some("Bearer"));
    }
    let twice = format!("Authorization: Bearer {EYES}\r\nAuthorization: Bearer {OPS}\r\n");
    assert_eq!(problem(&status(twice), 400), "Authorization");
    Ok(())
}

#[test]
fn without_tokens_pages_of_other_sites_change_nothing() -> Result<()> {
    let admin = anonymous()?;
    let status = |headers: &str| send(&admin, "POST", "/admin/rollout/update?feature=f&percentage=1", headers, b"");
    for good in [
        "",
        "Host: here:8080\r\n",
        "Host: here:8080\r\nOrigin: http://here:8080\r\n",
        "Host: HERE:8080\r\nOrigin: https://here:8080\r\nSec-Fetch-Site: same-origin\r\n",
        "Host: here\r\nSec-Fetch-Site: none\r\n",
    ] {
        assert_eq!(seen(&status(good)), (200, r#"{"feature":"f","percentage":1}"#), "{good}");
    }
    for bad in [
        "Host: here\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: here\r\nSec-Fetch-Site: same-site\r\n",
        "Host: here\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: here\r\nOrigin: http://there\r\n",
        "Host: here\r\nOrigin: http://here:81\r\n",
        "Host: here\r\nOrigin: null\r\n",
        "Host: here\r\nOrigin:\r\n",
        "Host: here\r\nHost: there\r\nOrigin: http://there\r\n",
        "Origin: http://here\r\n",
    ] {
        problem(&status(bad), 403);
    }
    // Reading is not refused: a browser keeps the answer from the other page.
    assert_eq!(send(&admin, "GET", "/admin/rollout", "Host: here\r\nSec-Fetch-Site: cross-site\r\n", b"").status, 200);
    Ok(())
}

#[test]
fn who_and_why_stand_in_the_history() -> Result<()> {
    let with_tokens = admin()?;
    assert_eq!(post(&with_tokens, "/admin/rollout/update?feature=f&percentage=12.5&why=a+first%20step").status, 200);
    let change = super::json(&get(&with_tokens, "/admin/history"))["history"][0].clone();
    assert_eq!((change["who"].as_str(), change["why"].as_str()), (Some("ops"), Some("a first step")));
    assert_eq!(change["to"].to_string(), "12.5");
    let without = anonymous()?;
    assert_eq!(send(&without, "POST", "/admin/rollout/rollback?feature=f", "", b"").status, 200);
    let change = super::json(&send(&without, "GET", "/admin/history", "", b""))["history"][0].clone();
    assert_eq!((change["who"].as_str(), change["why"].as_str()), (Some("anonymous"), Some("")));
    Ok(())
}
