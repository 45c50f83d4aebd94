//! How everything is: for a person, for Prometheus, and for whoever restarts processes.

use serde_json::{Value, json};

use super::figures;
use super::problem::{Answer, Problem};
use super::response::Response;
use super::routes::Call;
use super::{ABI_VERSION, Admin};
use crate::cache::Cache;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::policy::Engine;

/// `GET /admin/status`.
pub(super) fn status(admin: &Admin, call: &Call<'_>) -> Answer {
    let parts = &admin.parts;
    Ok(Response::json(&json!({
        "you": {"name": call.caller.name, "role": call.caller.role.name()},
        // A forked child has the same admin, and counts by itself.
        "instance": format!("{}-{}", admin.instance, std::process::id()),
        "versions": {"sark": env!("CARGO_PKG_VERSION"), "abi": ABI_VERSION},
        "policies": parts.engine.as_deref().map(|engine| or_problem(policies(engine))),
        "sources": parts.engine.as_deref().map(Engine::sources),
        "cache": parts.cache.as_deref().map(|cache| or_problem(cache_stats(cache))),
        "flags": parts.flags.status()?.to_json(),
        "breaker": parts.client.as_deref().and_then(Client::breaker).map(|breaker| breaker.to_json()),
        "shadow": parts.client.as_deref().and_then(Client::shadow),
        "figures": parts.metrics.as_deref().and_then(|metrics| figures::of(metrics, parts.cache.as_deref(), parts.client.as_deref())),
    })))
}

/// A part that was closed does not take the whole status along.
fn or_problem(part: Result<Value>) -> Value {
    part.unwrap_or_else(|error: Error| json!({"problem": error.message()}))
}

fn policies(engine: &Engine) -> Result<Value> {
    let (names, revision) = (engine.policy_names()?, engine.revision()?);
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    Ok(json!({"count": names.len(), "names": names, "revision": revision.as_str()}))
}

fn cache_stats(cache: &Cache) -> Result<Value> {
    let stats = cache.stats()?;
    Ok(json!({
        "hits": stats.hits, "misses": stats.misses, "sets": stats.sets, "removals": stats.removals,
        "evictions": stats.evictions, "expirations": stats.expirations, "entries": stats.entries, "bytes": stats.bytes,
    }))
}

/// `GET /admin/metrics`.
pub(super) fn metrics(admin: &Admin, call: &Call<'_>) -> Answer {
    let metrics = admin.parts.metrics.as_ref().ok_or_else(|| Problem::not_given("metrics"))?;
    let mut text = Vec::new();
    metrics.render(call.format, &mut text)?;
    Ok(Response::new(200, call.format.content_type(), text).with("Vary", "Accept"))
}

/// `GET /admin/livez`: whoever answers is alive.
pub(super) fn livez(_: &Admin, _: &Call<'_>) -> Answer {
    Ok(Response::json(&json!({"alive": true})))
}

/// `GET /admin/readyz`. Anyone may ask, so that it says what is missing and nothing more.
pub(super) fn readyz(admin: &Admin, _: &Call<'_>) -> Answer {
    let parts = &admin.parts;
    let has_policies = parts.engine.as_ref().is_none_or(|engine| engine.policy_names().is_ok_and(|names| !names.is_empty()));
    let has_flags = parts.flags.status().is_ok_and(|status| status.is_known);
    // Not which: their names are for those who may read the status.
    let has_sources = parts.engine.as_ref().is_none_or(|engine| engine.problems().is_empty());
    let reasons = [
        (has_policies, "no policy is loaded"),
        (has_sources, "a source of policies was not activated yet, or is too old"),
        (has_flags, "the flags are not known yet"),
    ];
    let reasons: Vec<&str> = reasons.into_iter().filter(|(is_fine, _)| !is_fine).map(|(_, reason)| reason).collect();
    if reasons.is_empty() {
        return Ok(Response::json(&json!({"ready": true})));
    }
    Err(Problem::unavailable(reasons.join("; ")).with("reasons", reasons))
}
