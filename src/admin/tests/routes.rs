//! Each route's answer, and what is none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::page::OPENAPI;
use super::super::routes::{Method, ROUTES};
use super::super::{MAX_BODY, Request};
use super::{OPS, admin, anonymous, bearer, get, json, parts, post, post_json, problem, seen, send};
use crate::admin::{Admin, AdminOptions};
use crate::error::Result;
use crate::flags::{Flags, FlagsOptions};

#[test]
fn the_dial_is_turned_with_the_seeds_answers() -> Result<()> {
    let admin = admin()?;
    let update = "/admin/rollout/update";
    assert_eq!(seen(&post(&admin, "/admin/rollout/update?feature=a&percentage=25")), (200, r#"{"feature":"a","percentage":25}"#));
    let body = r#"{"feature": "b", "percentage": 0.29, "why": "try"}"#;
    assert_eq!(seen(&post_json(&admin, update, body)), (200, r#"{"feature":"b","percentage":0.29}"#));
    let both = post_json(&admin, "/admin/rollout/update?feature=c", r#"{"feature": "c", "percentage": 25.0}"#);
    assert_eq!(seen(&both), (200, r#"{"feature":"c","percentage":25}"#));
    assert_eq!(
        seen(&get(&admin, "/admin/rollout")).1,
        r#"{"features":[{"feature":"a","formula":1,"percentage":25},{"feature":"b","formula":1,"percentage":0.29},{"feature":"c","formula":1,"percentage":25}]}"#
    );
    assert_eq!(seen(&post(&admin, "/admin/rollout/rollback?feature=a")), (200, r#"{"feature":"a","percentage":0}"#));
    let all = seen(&post_json(&admin, "/admin/rollout/rollback-all", r#"{"why": "too slow"}"#)).1.to_owned();
    let names: Vec<String> = serde_json::from_str::<Value>(&all).expect("JSON")["rolled_back"]
        .as_array()
        .expect("a list")
        .iter()
        .map(Value::to_string)
        .collect();
    assert!(names.contains(&r#"{"feature":"b","percentage":0}"#.to_owned()), "{names:?}");
    let left = json(&get(&admin, "/admin/rollout"));
    assert!(left["features"].as_array().is_some_and(|f| f.iter().all(|f| f["percentage"] == 0)), "{left}");
    Ok(())
}

#[test]
fn history_is_of_all_or_of_one_and_has_a_limit() -> Result<()> {
    let admin = admin()?;
    for target in ["feature=a&percentage=1", "feature=b&percentage=2", "feature=a&percentage=3"] {
        assert_eq!(post(&admin, &format!("/admin/rollout/update?{target}")).status, 200);
    }
    let steps = |target: &str| {
        let list = json(&get(&admin, target))["history"].clone();
        list.as_array().expect("a list").iter().map(|c| c["to"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(steps("/admin/history"), ["3", "2", "1"]);
    assert_eq!(steps("/admin/history?feature=a"), ["3", "1"]);
    assert_eq!(steps("/admin/history?limit=1&feature=a"), ["3"]);
    assert_eq!(steps("/admin/history?feature=nobody"), [""; 0]);
    for bad in ["0", "1001", "-1", "+1", "x", "", "1.0", "99999999999999999999"] {
        assert_eq!(problem(&get(&admin, &format!("/admin/history?limit={bad}")), 400), "limit");
    }
    Ok(())
}

#[test]
fn everyone_is_forced_to_a_side_and_let_go() -> Result<()> {
    let admin = admin()?;
    for (target, body, expected) in [
        ("/admin/force?side=remote&why=burning", "", r#"{"force":"remote"}"#),
        ("/admin/force", r#"{"side": "local"}"#, r#"{"force":"local"}"#),
        ("/admin/force", r#"{"side": null}"#, r#"{"force":null}"#),
        ("/admin/force?side=none", r#"{"side": null}"#, r#"{"force":null}"#),
        ("/admin/force", r#"{"side": "none"}"#, r#"{"force":null}"#),
    ] {
        assert_eq!(seen(&post_json(&admin, target, body)), (200, expected));
        let status = json(&get(&admin, "/admin/status"));
        assert_eq!(status["flags"]["force"], serde_json::from_str::<Value>(expected).expect("JSON")["force"]);
    }
    for (target, body) in
        [("/admin/force", ""), ("/admin/force?side=", ""), ("/admin/force?side=null", ""), ("/admin/force", r#"{"side": 1}"#)]
    {
        assert_eq!(problem(&post_json(&admin, target, body), 400), "side");
    }
    Ok(())
}

#[test]
fn head_and_options_work_on_every_route() -> Result<()> {
    let admin = admin()?;
    for route in &ROUTES {
        let options = send(&admin, "OPTIONS", route.path, "", b"");
        assert_eq!((options.status, options.body.len()), (204, 0));
        let allowed = options.header("Allow").expect("it says what is allowed").to_owned();
        if route.method == Method::Get {
            assert_eq!(allowed, "GET, HEAD, OPTIONS");
            let (get, head) = (get(&admin, route.path), send(&admin, "HEAD", route.path, &bearer(OPS), b""));
            assert_eq!((head.status, &head.headers, head.body.len()), (get.status, &get.headers, 0), "{}", route.path);
        } else {
            assert_eq!(allowed, "POST, OPTIONS");
        }
        for wrong in [
            "DELETE",
            "PUT",
            "PATCH",
            "TRACE",
            "get",
            "",
            "GET ",
            "\u{fffd}",
            if allowed.starts_with('P') { "GET" } else { "POST" },
        ] {
            let response = send(&admin, wrong, route.path, &bearer(OPS), b"");
            problem(&response, 405);
            assert_eq!(response.header("Allow"), Some(allowed.as_str()));
        }
    }
    // An answer to HEAD has no body, whatever went wrong.
    let unknown = send(&admin, "HEAD", "/admin/status", "", b"");
    assert_eq!((unknown.status, unknown.body.len()), (401, 0));
    Ok(())
}

#[test]
fn there_is_nothing_anywhere_else() -> Result<()> {
    let admin = admin()?;
    for path in [
        "",
        "/",
        "*",
        "/admi",
        "/admin/x",
        "/admin//",
        "/admin/rollout/",
        "/ADMIN/",
        "/admin/%72ollout",
        "admin/status",
        "/admin/../admin/status",
        "/admin/status#x",
        "/admin/status/",
        "http://here",
        "://",
        "http://here/x",
    ] {
        problem(&send(&admin, "GET", path, &bearer(OPS), b""), 404);
    }
    assert_eq!(send(&admin, "GET", "http://here:80/admin/status", &bearer(OPS), b"").status, 200);
    Ok(())
}

#[test]
fn after_close_everything_is_unavailable() -> Result<()> {
    let admin = admin()?;
    admin.close();
    for route in &ROUTES {
        problem(&send(&admin, "GET", route.path, &bearer(OPS), b""), 503);
    }
    let parts = parts()?;
    let flags = parts.flags.clone();
    let admin = Admin::new(parts, super::tokens(), AdminOptions::default())?;
    flags.close();
    for target in ["/admin/rollout", "/admin/history", "/admin/status", "/admin/readyz"] {
        problem(&get(&admin, target), 503);
    }
    problem(&post(&admin, "/admin/rollout/rollback?feature=f"), 503);
    assert_eq!(get(&admin, "/admin/livez").status, 200);
    Ok(())
}

#[test]
fn a_store_that_does_not_confirm_a_change_is_unavailable() -> Result<()> {
    // A folder is no file.
    let url = format!("file:{}", std::env::temp_dir().display());
    let flags = Flags::open(&url, FlagsOptions::default())?;
    let parts = super::AdminParts { flags, engine: None, cache: None, metrics: None, client: None };
    let admin = Admin::new(parts, super::tokens(), AdminOptions::default())?;
    problem(&post(&admin, "/admin/rollout/update?feature=f&percentage=1"), 503);
    let ready = get(&admin, "/admin/readyz");
    problem(&ready, 503);
    assert_eq!(json(&ready)["reasons"].to_string(), r#"["the flags are not known yet"]"#);
    assert!(json(&get(&admin, "/admin/status"))["flags"]["problem"].is_string());
    Ok(())
}

#[test]
fn no_bytes_make_it_fail() -> Result<()> {
    let admin = anonymous()?;
    let rubbish: Vec<Vec<u8>> =
        vec![vec![], vec![0], vec![0xff; 300], b"\r\n\r\n:::\n: :".to_vec(), b"POST".to_vec(), vec![b'%'; 9]];
    for (method, target, headers, body) in rubbish.iter().flat_map(|a| rubbish.iter().map(move |b| (a, b, b, a))) {
        assert!((400..500).contains(&admin.handle(&Request { method, target, headers, body }).status));
        let target = [b"/admin/rollout/update?".as_slice(), target].concat();
        let response = admin.handle(&Request { method: b"POST", target: &target, headers, body });
        assert!((400..500).contains(&response.status));
    }
    let large = vec![b' '; MAX_BODY + 1];
    for target in ["/admin/rollout/update", "/admin/rollout/rollback-all", "/admin/livez"] {
        let method = if target.ends_with("livez") { "GET" } else { "POST" };
        problem(&send(&admin, method, target, "Content-Type: application/json\r\n", &large), 413);
    }
    Ok(())
}

/// Path and method, and which parameters each has.
type Surface = BTreeMap<(String, String), BTreeSet<String>>;

fn described() -> Surface {
    let document: Value = serde_json::from_str(OPENAPI).expect("it is JSON");
    let mut surface = Surface::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let query =
                operation["parameters"].as_array().into_iter().flatten().map(|p| p["name"].as_str().expect("a name").to_owned());
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
            let body = schema.as_object().into_iter().flat_map(|p| p.keys().cloned());
            surface.insert((path.clone(), method.to_uppercase()), query.chain(body).collect());
            let needs_token = !operation["security"].as_array().is_some_and(Vec::is_empty);
            assert_eq!(needs_token, operation["responses"]["401"].is_object(), "{path}");
        }
    }
    surface
}

#[test]
fn the_description_has_every_route_and_no_other() {
    let table = ROUTES.iter().map(|route| {
        let method = if route.method == Method::Post { "POST" } else { "GET" };
        let parameters = route.parameters.iter().map(|p| p.text().to_owned()).collect();
        ((route.path.to_owned(), method.to_owned()), parameters)
    });
    assert_eq!(described(), table.collect::<Surface>());
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let document: Value = serde_json::from_str(OPENAPI).expect("it is JSON");
    for reference in OPENAPI.split("\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
