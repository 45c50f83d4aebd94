//! Requests as a remote client sends them, and what comes back.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod access;
mod page;
mod parameters;
mod routes;
mod status;

use std::sync::Arc;

use serde_json::Value;

use super::{Admin, AdminOptions, AdminParts, Request, Response, Role, Token};
use crate::cache::{Cache, CacheOptions};
use crate::client::{Client, ClientOptions, ClientParts};
use crate::error::Result;
use crate::flags::{Flags, FlagsOptions};
use crate::metrics::Metrics;
use crate::policy::{Engine, EngineOptions};

/// The secrets of the tokens `ops` and `eyes`.
const OPS: &str = "write-token-0123456789";
const EYES: &str = "read-token-0123456789";

fn token(name: &str, secret: &str, role: Role) -> Token {
    Token { name: name.into(), secret: secret.into(), role }
}

fn tokens() -> Vec<Token> {
    vec![token("ops", OPS, Role::Write), token("eyes", EYES, Role::Read)]
}

/// The URL of an OPA where nobody listens.
const NOBODY: &str = "http://name:hunter2@127.0.0.1:1";

/// Everything that there is, in memory.
fn parts() -> Result<AdminParts> {
    let metrics = Metrics::new();
    let flags = Flags::open("memory:", FlagsOptions { metrics: Some(Arc::clone(&metrics)), max_age: None })?;
    let engine = Engine::new(EngineOptions::default(), Some(Arc::clone(&metrics)))?;
    let client = ClientParts {
        engine: Arc::clone(&engine),
        cache: None,
        flags: Some(Arc::clone(&flags)),
        opa_url: Some(NOBODY.into()),
        feature: Client::DEFAULT_FEATURE.into(),
        metrics: Some(Arc::clone(&metrics)),
        decision_log: None,
    };
    Ok(AdminParts {
        flags,
        engine: Some(engine),
        cache: Some(Cache::new(CacheOptions::default(), Some(Arc::clone(&metrics)))?),
        client: Some(Arc::new(Client::new(client, ClientOptions::default())?)),
        metrics: Some(metrics),
    })
}

fn flags_alone() -> Result<AdminParts> {
    let flags = Flags::open("memory:", FlagsOptions::default())?;
    Ok(AdminParts { flags, engine: None, cache: None, metrics: None, client: None })
}

fn admin() -> Result<Admin> {
    Admin::new(parts()?, tokens(), AdminOptions::default())
}

fn anonymous() -> Result<Admin> {
    Admin::new(flags_alone()?, Vec::new(), AdminOptions { allow_anonymous: true })
}

fn send(admin: &Admin, method: &str, target: &str, headers: &str, body: &[u8]) -> Response {
    admin.handle(&Request { method: method.as_bytes(), target: target.as_bytes(), headers: headers.as_bytes(), body })
}

fn bearer(secret: &str) -> String {
    format!("Host: here\r\nAuthorization: Bearer {secret}\r\n")
}

fn get(admin: &Admin, target: &str) -> Response {
    send(admin, "GET", target, &bearer(EYES), b"")
}

fn post(admin: &Admin, target: &str) -> Response {
    send(admin, "POST", target, &bearer(OPS), b"")
}

fn post_json(admin: &Admin, target: &str, body: &str) -> Response {
    send(admin, "POST", target, &format!("{}Content-Type: application/json\r\n", bearer(OPS)), body.as_bytes())
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("the body is JSON")
}

/// The status and the body's text.
fn seen(response: &Response) -> (u16, &str) {
    (response.status, std::str::from_utf8(&response.body).expect("the body is text"))
}

/// That an answer is a problem document of this status, and which field it names.
#[track_caller]
fn problem(response: &Response, status: u16) -> String {
    let document = json(response);
    assert_eq!(response.status, status, "{document}");
    assert_eq!(response.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
    assert_eq!(response.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(document["type"], "about:blank");
    assert_eq!(document["status"], status);
    assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()));
    assert!(document["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    document["field"].as_str().unwrap_or_default().to_owned()
}
