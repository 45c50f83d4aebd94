//! How everything is told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{EYES, OPS, anonymous, bearer, flags_alone, get, json, parts, problem, send, tokens};
use crate::admin::{Admin, AdminOptions};
use crate::cache::Ttl;
use crate::client::DecideOptions;
use crate::error::{ErrorKind, Result};
use crate::metrics::Implementation;

#[test]
fn a_status_has_everything_that_was_given() -> Result<()> {
    let parts = parts()?;
    let engine = parts.engine.clone().expect("it is there");
    let revision = engine.load_policy("authz", "package authz\nallow := true", None)?;
    let cache = parts.cache.clone().expect("it is there");
    cache.set(b"k", b"v", Ttl::Default)?;
    assert!(cache.get(b"k", &mut Vec::new())? && !cache.get(b"other", &mut Vec::new())?);
    let admin = Admin::new(parts, tokens(), AdminOptions::default())?;
    let status = json(&get(&admin, "/admin/status"));
    assert_eq!(status["you"].to_string(), r#"{"name":"eyes","role":"read"}"#);
    assert_eq!(
        json(&send(&admin, "GET", "/admin/status", &bearer(OPS), b""))["you"].to_string(),
        r#"{"name":"ops","role":"write"}"#
    );
    assert_eq!(status["versions"], serde_json::json!({"sark": env!("CARGO_PKG_VERSION"), "abi": 1}));
    assert_eq!(status["policies"], serde_json::json!({"count": 1, "names": ["authz"], "revision": revision.as_str()}));
    assert_eq!(
        (&status["cache"]["hits"], &status["cache"]["misses"], &status["cache"]["entries"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!((&status["flags"]["store"], &status["flags"]["known"]), (&"memory:".into(), &true.into()));
    assert_eq!(status["breaker"], serde_json::json!({"state": "closed", "failures": 0, "retry_in_seconds": 0.0}));
    assert_eq!(status["shadow"], Value::Null);
    assert!(status["instance"].as_str().is_some_and(|instance| instance.ends_with(&std::process::id().to_string())));
    Ok(())
}

#[test]
fn a_breaker_that_opened_is_shown_and_counted() -> Result<()> {
    let parts = parts()?;
    let client = parts.client.clone().expect("it is there");
    let admin = Admin::new(parts, tokens(), AdminOptions::default())?;
    let options = DecideOptions::default();
    let decide = || client.decide("data.p", None, b"user", &options).map(|_| ()).map_err(|e| e.message().to_owned());
    for _ in 0..5 {
        assert!(decide().is_err_and(|message| message.starts_with("OPA did not answer")));
    }
    assert!(decide().is_err_and(|message| message.starts_with("OPA failed 5 times in a row; it is asked again in")));
    let breaker = json(&get(&admin, "/admin/status"))["breaker"].clone();
    assert_eq!((&breaker["state"], &breaker["failures"]), (&"open".into(), &5.into()));
    let metrics = String::from_utf8_lossy(&get(&admin, "/admin/metrics").body).into_owned();
    assert!(metrics.contains("sark_breaker_state{remote=\"127.0.0.1:1\"} 2\n"), "{metrics}");
    assert!(!metrics.contains("hunter2"));
    Ok(())
}

#[test]
fn what_was_not_given_is_null_and_what_was_closed_says_so() -> Result<()> {
    let status = json(&send(&anonymous()?, "GET", "/admin/status", "", b""));
    assert_eq!(status["you"].to_string(), r#"{"name":"anonymous","role":"write"}"#);
    for part in ["policies", "cache", "figures"] {
        assert_eq!(status[part], Value::Null);
    }
    let parts = parts()?;
    parts.engine.as_ref().expect("it is there").close();
    parts.cache.as_ref().expect("it is there").close();
    parts.metrics.as_ref().expect("it is there").close();
    let admin = Admin::new(parts, tokens(), AdminOptions::default())?;
    let status = json(&get(&admin, "/admin/status"));
    assert_eq!(status["policies"].to_string(), r#"{"problem":"the engine was closed; make a new one"}"#);
    assert_eq!(status["cache"].to_string(), r#"{"problem":"the cache was closed; make a new one"}"#);
    assert_eq!(status["figures"], Value::Null);
    problem(&get(&admin, "/admin/metrics"), 503);
    Ok(())
}

#[test]
fn figures_are_those_of_the_metrics() -> Result<()> {
    let parts = parts()?;
    let metrics = Arc::clone(parts.metrics.as_ref().expect("it is there"));
    let admin = Admin::new(parts, tokens(), AdminOptions::default())?;
    for _ in 0..3 {
        metrics.evaluated(Implementation::Rust, Duration::from_micros(3));
    }
    metrics.evaluated(Implementation::Http, Duration::from_millis(30));
    metrics.evaluation_failed(ErrorKind::EvaluationError);
    metrics.evaluation_failed(ErrorKind::LimitExceeded);
    metrics.evaluation_failed(ErrorKind::PolicyNotFound);
    metrics.fell_back();
    let figures = json(&get(&admin, "/admin/status"))["figures"].clone();
    assert_eq!(figures["decisions"].to_string(), r#"{"http":1,"rust":3}"#);
    assert_eq!((&figures["errors"], &figures["fallbacks"], &figures["differing"]), (&2.into(), &1.into(), &Value::Null));
    assert_eq!(figures["cache"].to_string(), r#"{"hits":0,"misses":0}"#);
    let rust = &figures["latency"]["rust"];
    assert_eq!(rust["count"], 3);
    assert!(rust["sum_seconds"].as_f64().is_some_and(|sum| (sum - 9e-6).abs() < 1e-9), "{rust}");
    let between = |value: &Value, low: f64, high: f64| value.as_f64().is_some_and(|v| v > low && v < high);
    assert!(between(&rust["p50_seconds"], 2.5e-6, 5e-6) && between(&rust["p95_seconds"], 2.5e-6, 5e-6), "{rust}");
    assert!(between(&figures["latency"]["http"]["p95_seconds"], 0.025, 0.05), "{figures}");
    let buckets = rust["buckets"].as_array().expect("a list");
    assert_eq!(buckets.len(), 25);
    assert!(buckets.iter().any(|b| b[1] == 0) && buckets.iter().any(|b| b[1] == 3));
    Ok(())
}

#[test]
fn metrics_are_prometheus_text_where_there_are_any() -> Result<()> {
    let admin = Admin::new(parts()?, tokens(), AdminOptions::default())?;
    let metrics = get(&admin, "/admin/metrics");
    assert_eq!(metrics.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(metrics.body.starts_with(b"# HELP "));
    let headers = format!("{}Accept: application/openmetrics-text\r\n", super::bearer(super::EYES));
    let metrics = super::send(&admin, "GET", "/admin/metrics", &headers, b"");
    assert_eq!(metrics.header("Content-Type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert_eq!(metrics.header("Vary"), Some("Accept"));
    assert!(metrics.body.ends_with(b"\n# EOF\n"));
    let admin = Admin::new(flags_alone()?, tokens(), AdminOptions::default())?;
    problem(&get(&admin, "/admin/metrics"), 404);
    Ok(())
}

#[test]
fn it_is_ready_with_a_policy_and_known_flags() -> Result<()> {
    let parts = parts()?;
    let engine = parts.engine.clone().expect("it is there");
    let admin = Admin::new(parts, tokens(), AdminOptions::default())?;
    let ready = || send(&admin, "GET", "/admin/readyz", "", b"");
    problem(&ready(), 503);
    assert_eq!(json(&ready())["reasons"].to_string(), r#"["no policy is loaded"]"#);
    engine.load_policy("p", "package p", None)?;
    assert_eq!(ready().body, br#"{"ready":true}"#);
    engine.close();
    problem(&ready(), 503);
    assert_eq!(send(&anonymous()?, "GET", "/admin/readyz", "", b"").status, 200, "an admin without an engine needs no policy");
    assert_eq!(send(&admin, "GET", "/admin/livez", "", b"").body, br#"{"alive":true}"#);
    assert_eq!(send(&admin, "GET", "/admin/livez", &bearer(EYES), b"").status, 200);
    Ok(())
}
