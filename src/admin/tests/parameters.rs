//! What is taken for a parameter, and what is refused.

use super::{OPS, admin, bearer, get, json, post, post_json, problem, seen, send};
use crate::error::Result;

const UPDATE: &str = "/admin/rollout/update";

#[test]
fn percentages_are_numbers_from_0_to_100_in_steps_of_a_hundredth() -> Result<()> {
    let admin = admin()?;
    for (text, expected) in [("0", "0"), ("100", "100"), ("25.0", "25"), ("0.01", "0.01"), ("99.99", "99.99"), ("2.5e1", "25")] {
        let response = post_json(&admin, UPDATE, &format!(r#"{{"feature": "f", "percentage": {text}}}"#));
        assert_eq!(seen(&response), (200, format!(r#"{{"feature":"f","percentage":{expected}}}"#).as_str()));
    }
    for bad in ["-1", "100.01", "0.001", "1e400", "\"25\"", "true", "null"] {
        assert_eq!(
            problem(&post_json(&admin, UPDATE, &format!(r#"{{"feature": "f", "percentage": {bad}}}"#)), 400),
            "percentage"
        );
    }
    for bad in ["", "-1", "100.01", "x", "1e1", "NaN", "25%25", "0x10", "1,5"] {
        assert_eq!(problem(&post(&admin, &format!("{UPDATE}?feature=f&percentage={bad}")), 400), "percentage");
    }
    Ok(())
}

#[test]
fn a_field_that_is_missing_unknown_twice_or_of_another_type_is_named() -> Result<()> {
    let admin = admin()?;
    for (query, body, field) in [
        ("", "", "feature"),
        ("?feature=f", "", "percentage"),
        ("", r#"{"percentage": 1}"#, "feature"),
        ("?feature=&percentage=1", "", "feature"),
        ("?feature=f&percentage=1&x=1", "", "x"),
        ("?feature=f&percentage=1&limit=1", "", "limit"),
        ("?feature=f&feature=f&percentage=1", "", "feature"),
        ("?feature=f&percentage=1&Why=x", "", "Why"),
        ("?feature=f&percentage=1&=", "", ""),
        ("", r#"{"feature": "f", "percentage": 1, "more": 1}"#, "more"),
        ("", r#"{"feature": "f", "percentage": 1, "percentage": 1}"#, "percentage"),
        ("", r#"{"feature": 1, "percentage": 1}"#, "feature"),
        ("", r#"{"feature": null, "percentage": 1}"#, "feature"),
        ("", r#"{"feature": "f", "percentage": 1, "why": 1}"#, "why"),
        ("?feature=g", r#"{"feature": "f", "percentage": 1}"#, "feature"),
        ("?percentage=2", r#"{"feature": "f", "percentage": 1}"#, "percentage"),
        ("?feature=%ff&percentage=1", "", "feature"),
        ("?feature=%f&percentage=1", "", "feature"),
        ("?feature=%&percentage=1", "", "feature"),
        ("?feature=%+1&percentage=1", "", "feature"),
        ("?%ff=f", "", "query"),
    ] {
        assert_eq!(problem(&post_json(&admin, &format!("{UPDATE}{query}"), body), 400), field, "{query} {body}");
    }
    assert_eq!(problem(&post(&admin, "/admin/rollout/rollback-all?feature=f"), 400), "feature");
    for target in ["/admin/status?x", "/admin/livez?x=1", "/admin/?x=1", "/admin?x=1", "/admin/rollout?feature=f"] {
        problem(&get(&admin, target), 400);
    }
    assert_eq!(json(&get(&admin, "/admin/rollout"))["features"].to_string(), "[]", "nothing was changed");
    Ok(())
}

#[test]
fn a_body_is_one_flat_json_object() -> Result<()> {
    let admin = admin()?;
    let deep = format!("{{\"feature\": {}", "[".repeat(60_000));
    for bad in [
        "{",
        "[]",
        "null",
        "1",
        "\"feature\"",
        "{} {}",
        "{\"feature\": \"f\", \"percentage\": 1,}",
        "{'feature': 'f'}",
        " ",
        "\u{feff}{}",
        r#"{"feature": ["f"], "percentage": 1}"#,
        r#"{"feature": {"a": 1}, "percentage": 1}"#,
        r#"{"feature": "\ud800", "percentage": 1}"#,
        &deep,
        r#"{"percentage": {"$serde_json::private::Number": "5"}, "feature": "f"}"#,
    ] {
        assert_eq!(problem(&post_json(&admin, UPDATE, bad), 400), "body", "{bad:.80}");
    }
    let invalid = [br#"{"feature": ""#.as_slice(), &[0xff], br#"", "percentage": 1}"#].concat();
    let headers = format!("{}Content-Type: application/json\r\n", bearer(OPS));
    assert_eq!(problem(&send(&admin, "POST", UPDATE, &headers, &invalid), 400), "body");
    let quoted = r#"{"feature": "[{\"]}", "percentage": 1}"#;
    assert_eq!(seen(&post_json(&admin, UPDATE, quoted)), (200, r#"{"feature":"[{\"]}","percentage":1}"#));
    assert_eq!(problem(&send(&admin, "GET", "/admin/rollout", &headers, b"{}"), 400), "body");
    Ok(())
}

#[test]
fn a_body_is_sent_as_json() -> Result<()> {
    let admin = admin()?;
    let body = br#"{"feature": "f", "percentage": 1}"#;
    let status = |field: &str| send(&admin, "POST", UPDATE, &format!("{}{field}", bearer(OPS)), body);
    for good in [
        "Content-Type: application/json\r\n",
        "content-type: Application/JSON; charset=UTF-8\r\n",
        "Content-Type: application/json;charset=\"utf-8\"\r\n",
        "Content-Type: application/json; profile=x\r\n",
    ] {
        assert_eq!(status(good).status, 200, "{good}");
    }
    for bad in [
        "",
        "Content-Type:\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/json; charset=latin1\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
        "Content-Type: application/jsonx\r\n",
    ] {
        assert_eq!(problem(&status(bad), 415), "Content-Type", "{bad}");
    }
    Ok(())
}

#[test]
fn names_and_reasons_are_any_text_of_their_length() -> Result<()> {
    let admin = admin()?;
    let name = "é".repeat(128);
    let body = format!(r#"{{"feature": "{name}", "percentage": 1, "why": "{}"}}"#, "é".repeat(500));
    assert_eq!(post_json(&admin, UPDATE, &body).status, 200);
    let spaced = post(&admin, &format!("{UPDATE}?feature=a%26b%3Dc+d%C3%A9/é&percentage=1&why="));
    assert_eq!(json(&spaced)["feature"], "a&b=c dé/é");
    assert_eq!(problem(&post(&admin, &format!("{UPDATE}?feature={name}x&percentage=1")), 400), "feature");
    assert_eq!(problem(&post(&admin, &format!("{UPDATE}?feature=f&percentage=1&why={}", "é".repeat(501))), 400), "why");
    Ok(())
}
