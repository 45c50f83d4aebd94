//! What a client puts into its decision log.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::request::Request;
use super::{Client, Decision, Phases};
use crate::decision_log::{DecisionLog, Logged};
use crate::error::{ErrorKind, Result};
use crate::metrics::Implementation;

impl Client {
    /// Logs a decision, or the error that a question got instead of one.
    pub(super) fn log(&self, log: &Arc<DecisionLog>, request: &Request<'_>, decided: &Result<Decision>) {
        // A closed client or engine decides nothing.
        if decided.as_ref().is_err_and(|error| error.kind() == ErrorKind::Closed) {
            return;
        }
        let Ok(path) = self.remote_path(&request.target) else { return };
        let is_local = decided.as_ref().is_ok_and(|decision| decision.implementation == Implementation::Rust);
        let bundles = match decided {
            Ok(decision) if !is_local => decision.remote_revision.clone(),
            _ => self.engine.source_revision(),
        };
        log.record(Logged {
            id: request.id.to_string(),
            when: Timestamp::now(),
            path,
            input: request.input,
            result: decided.as_ref().map(|decision| decision.result.as_deref()),
            trace: request.trace,
            bundles,
            custom: custom(decided),
            metrics: decided.as_ref().map(|decision| timers(&decision.phases)).unwrap_or_default(),
            mask: self.mask.load_full(),
        });
    }
}

/// What OPA's format has no field for.
fn custom(decided: &Result<Decision>) -> Value {
    let Ok(decision) = decided else { return json!({}) };
    json!({
        "implementation": decision.implementation.label(), "fallback": decision.fallback.map(|reason| reason.name()),
        "cached": decision.cached, "revision": decision.revision.as_str(),
    })
}

/// OPA's names where it has them (`v1/metrics/metrics.go`).
fn timers(phases: &Phases) -> Value {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "timer_rego_input_parse_ns": nanoseconds(phases.read), "timer_rego_query_eval_ns": nanoseconds(phases.evaluate),
        "timer_server_handler_ns": nanoseconds(phases.total), "timer_sark_flag_ns": nanoseconds(phases.flag),
        "timer_sark_cache_ns": nanoseconds(phases.cache), "timer_sark_remote_ns": nanoseconds(phases.remote),
    })
}
