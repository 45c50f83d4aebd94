//! One decision, as the log keeps it and as it is written: OPA's `EventV1`.

use std::result;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::mask::Mask;
use crate::opa::TraceParent;
use crate::rego::Path;

/// A decision to be logged.
pub(crate) struct Logged<'a> {
    pub(crate) id: String,
    pub(crate) when: Timestamp,
    pub(crate) path: Path,
    pub(crate) input: Option<&'a [u8]>,
    /// JSON; `None` is undefined.
    pub(crate) result: result::Result<Option<&'a [u8]>, &'a Error>,
    pub(crate) trace: Option<TraceParent>,
    /// The bundles of the side that decided, `name=revision` separated by commas, or one revision without a name.
    pub(crate) bundles: Option<String>,
    /// sark's own part of the event: implementation, fallback, cached, revision.
    pub(crate) custom: Value,
    /// Nanoseconds by name.
    pub(crate) metrics: Value,
    pub(crate) mask: Arc<Mask>,
}

/// The same, owned, without what is too large.
pub(crate) struct Entry {
    id: String,
    when: Timestamp,
    path: Path,
    input: Option<Box<[u8]>>,
    answer: Answer,
    trace: Option<TraceParent>,
    bundles: Option<String>,
    custom: Value,
    metrics: Value,
    mask: Arc<Mask>,
    /// `/input`, `/result`: what was left out for its size.
    too_large: Vec<&'static str>,
}

enum Answer {
    Defined(Box<[u8]>),
    Undefined,
    Error(Value),
}

impl Entry {
    pub(super) fn new(logged: Logged<'_>, max_bytes: u64) -> Self {
        let mut too_large = Vec::new();
        let mut fitting = |name, bytes: &[u8]| {
            let fits = bytes.len() as u64 <= max_bytes;
            if !fits {
                too_large.push(name);
            }
            fits.then(|| Box::from(bytes))
        };
        let input = logged.input.and_then(|input| fitting("/input", input));
        let answer = match logged.result {
            Ok(Some(result)) => fitting("/result", result).map_or(Answer::Undefined, Answer::Defined),
            Ok(None) => Answer::Undefined,
            Err(error) => Answer::Error(error_of(error)),
        };
        let Logged { id, when, path, trace, bundles, custom, metrics, mask, .. } = logged;
        Self { id, when, path, input, answer, trace, bundles, custom, metrics, mask, too_large }
    }

    /// What it holds of inputs and results.
    pub(super) fn bytes(&self) -> u64 {
        let result = if let Answer::Defined(result) = &self.answer { result.len() } else { 0 };
        (self.input.as_ref().map_or(0, |input| input.len()) + result) as u64
    }

    /// One line, without its end. `instance` names the process that decided.
    pub(super) fn to_json(&self, instance: &str) -> Vec<u8> {
        self.event(instance).to_string().into_bytes()
    }

    fn event(&self, instance: &str) -> Value {
        let mut event = json!({
            "labels": {"id": instance, "version": concat!("sark ", env!("CARGO_PKG_VERSION"))},
            "decision_id": self.id, "path": self.path.to_slashes(), "timestamp": self.when.to_string(), "metrics": self.metrics,
            "custom": self.custom,
        });
        let mut erased: Vec<String> = self.too_large.iter().map(|&place| place.to_owned()).collect();
        if let Some(event) = event.as_object_mut() {
            self.add_trace(event);
            self.add_bundles(event);
            self.add("input", self.input.as_deref(), event, &mut erased);
            match &self.answer {
                Answer::Defined(result) => self.add("result", Some(result), event, &mut erased),
                Answer::Undefined => {}
                Answer::Error(error) => {
                    event.insert("error".into(), error.clone());
                }
            }
        }
        erased.extend(self.mask.erase(&mut event).into_iter().map(str::to_owned));
        if let Some(event) = event.as_object_mut().filter(|_| !erased.is_empty()) {
            event.insert("erased".into(), erased.into());
        }
        event
    }

    /// What cannot be read (it is no JSON, or too deep for this reader) could not be masked either: it stays out.
    fn add(&self, name: &str, text: Option<&[u8]>, event: &mut Map<String, Value>, erased: &mut Vec<String>) {
        match text.map(serde_json::from_slice::<Value>) {
            Some(Ok(value)) => {
                event.insert(name.into(), value);
            }
            Some(Err(_)) => erased.push(format!("/{name}")),
            None => {}
        }
    }

    fn add_trace(&self, event: &mut Map<String, Value>) {
        if let Some(trace) = &self.trace {
            event.insert("trace_id".into(), format!("{:032x}", trace.trace_id()).into());
            event.insert("span_id".into(), format!("{:016x}", trace.parent_id()).into());
        }
    }

    fn add_bundles(&self, event: &mut Map<String, Value>) {
        let Some(bundles) = &self.bundles else { return };
        let named: Option<Map<String, Value>> = bundles
            .split(',')
            .map(|bundle| bundle.split_once('=').map(|(name, revision)| (name.to_owned(), json!({"revision": revision}))))
            .collect();
        match named {
            Some(named) => event.insert("bundles".into(), named.into()),
            None => event.insert("revision".into(), bundles.as_str().into()),
        };
    }
}

/// An error's text may quote the input, past the mask: its code and kind say enough.
fn error_of(error: &Error) -> Value {
    json!({"code": error.code().unwrap_or("internal_error"), "message": error.kind().name()})
}
