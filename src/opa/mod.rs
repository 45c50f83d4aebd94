//! The remote OPA: its data API (`POST /v1/data/<path>`, OPA's `docs/rest-api.md`) over HTTP with kept-alive connections, behind a breaker.

mod breaker;
mod trace;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde::de::IgnoredAny;
use ureq::Agent;

use breaker::Breaker;
pub use breaker::{BreakerState, BreakerStatus};
pub use trace::TraceParent;

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;
use crate::process;
use crate::rego::value::{Arena, MAX_DEPTH, Style, Value, read, write};
use crate::rego::{Limits, Path};

/// Idle connections kept for the next decisions.
const MAX_IDLE_CONNECTIONS: usize = 32;

/// The most of an error's body that is read for its message.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// What goes with one question besides path and input.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// The time, connecting included; `None` for no bound.
    pub timeout: Option<Duration>,
    /// Sent along as `traceparent`.
    pub trace: Option<TraceParent>,
    /// Whether no caller waits for the answer: such a question may find out whether an OPA that was away is back.
    pub nobody_waits: bool,
}

/// What OPA answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Compact JSON with sorted keys; `None` is undefined.
    pub result: Option<Vec<u8>>,
    /// The revisions of OPA's bundles, `name=revision` in order, separated by commas; `None` where it has none.
    pub revision: Option<String>,
}

/// A client of one OPA. Usable from many threads at once.
pub struct Opa {
    /// Without a slash at its end.
    base: String,
    max_answer_bytes: u64,
    agent: ArcSwap<Connections>,
    breaker: Breaker,
}

/// The connections of one process generation: a forked child must not answer on its parent's.
struct Connections {
    generation: u64,
    agent: Agent,
}

impl Connections {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .user_agent(concat!("sark/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { generation: process::generation(), agent: config.into() }
    }
}

impl Opa {
    /// A client of the OPA at `url`, such as `http://127.0.0.1:8181`. Nothing is sent yet.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is not an HTTP URL; `UNSUPPORTED` for `https:`.
    pub fn new(url: &str, max_answer_bytes: u64, metrics: Option<Arc<Metrics>>) -> Result<Self> {
        let bad = |problem: &str| Error::invalid("opa_url", problem);
        let uri: ureq::http::Uri = url.parse().map_err(|_| bad("not a URL; write it like http://127.0.0.1:8181"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(Error::new(ErrorKind::Unsupported, "opa_url: https is not supported by this build; use http"));
            }
            _ => return Err(bad("not an HTTP URL; write it like http://127.0.0.1:8181")),
        }
        if uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(bad("it must name a host and have no query"));
        }
        let base = url.trim_end_matches('/').to_owned();
        // The host and port alone: what stands before them may be a password.
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        let breaker = Breaker::new(format!("{}{port}", uri.host().unwrap_or_default()), metrics);
        Ok(Self { base, max_answer_bytes, agent: ArcSwap::from_pointee(Connections::new()), breaker })
    }

    /// Asks for the document at `path`.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR` for an input that is not JSON (it is not sent) or an answer that is not; `EVALUATION_ERROR` with OPA's
    /// message where OPA failed; `LIMIT_EXCEEDED` after the deadline; `UNAVAILABLE` where OPA did not answer, or, after some such failures
    /// in a row, is not asked for a while.
    pub fn evaluate(&self, path: &Path, input: Option<&[u8]>, context: &Context) -> Result<Answer> {
        let body = request_body(input)?;
        let start = Instant::now();
        self.breaker.pass(start, context.nobody_waits)?;
        let answer = self.ask(path, &body, context, start);
        match &answer {
            Err(error) if is_failure(error, context.timeout, start) => self.breaker.failed(Instant::now()),
            _ => self.breaker.succeeded(),
        }
        answer
    }

    /// How the breaker is.
    pub fn breaker(&self) -> BreakerStatus {
        self.breaker.status(Instant::now())
    }

    fn ask(&self, path: &Path, body: &[u8], context: &Context, start: Instant) -> Result<Answer> {
        let agent = self.agent();
        let request = agent.agent.post(self.url(path)).content_type("application/json");
        let request = match &context.trace {
            Some(trace) => request.header("traceparent", trace.to_string()),
            None => request,
        };
        let request = request.config().timeout_global(context.timeout).build();
        let mut response = request.send(body).map_err(|e| transport_error(&e, start))?;
        let status = response.status().as_u16();
        if status != 200 {
            let mut text = Vec::new();
            let read = response.body_mut().as_reader().take(MAX_ERROR_BODY).read_to_end(&mut text);
            return Err(opa_error(status, if read.is_ok() { &text } else { b"" }));
        }
        let text = self.read_answer(&mut response, start)?;
        answer_of(&text, self.max_answer_bytes)
    }

    fn read_answer(&self, response: &mut ureq::http::Response<ureq::Body>, start: Instant) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let limit = self.max_answer_bytes.saturating_add(1);
        response
            .body_mut()
            .as_reader()
            .take(limit)
            .read_to_end(&mut text)
            .map_err(|e| transport_error(&ureq::Error::from(e), start))?;
        if text.len() as u64 > self.max_answer_bytes {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("OPA's answer is larger than {} bytes", self.max_answer_bytes),
            ));
        }
        Ok(text)
    }

    /// The connections of this process generation.
    fn agent(&self) -> Arc<Connections> {
        let current = self.agent.load_full();
        if current.generation == process::generation() {
            return current;
        }
        // A fork came between: what was inherited is closed here, unread, and goes on in the parent.
        let fresh = Arc::new(Connections::new());
        self.agent.store(Arc::clone(&fresh));
        fresh
    }

    fn url(&self, path: &Path) -> String {
        let mut url = format!("{}/v1/data", self.base);
        for key in path.keys() {
            url.push('/');
            push_percent_encoded(&mut url, key);
        }
        url.push_str("?provenance=true");
        url
    }
}

/// Everything but RFC 3986's unreserved characters is escaped, slashes included.
fn push_percent_encoded(url: &mut String, key: &str) {
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// `{"input": …}`. The input is checked to be one JSON text first, since anything else could close the object and add to it.
fn request_body(input: Option<&[u8]>) -> Result<Vec<u8>> {
    let Some(input) = input else { return Ok(b"{}".to_vec()) };
    serde_json::from_slice::<IgnoredAny>(input).map_err(|e| {
        Error::new(ErrorKind::SerializationError, format!("the input is not JSON, so it was not sent to OPA: {e}"))
    })?;
    Ok([b"{\"input\":".as_slice(), input, b"}"].concat())
}

fn answer_of(text: &[u8], max_bytes: u64) -> Result<Answer> {
    let arena = Arena::new();
    let answer = read(&arena, text, Limits { max_bytes, max_depth: MAX_DEPTH })
        .map_err(|e| Error::new(e.kind(), format!("OPA's answer: {}", e.message())))?;
    let Some(object) = answer.as_object() else {
        return Err(Error::new(ErrorKind::SerializationError, "OPA's answer is not an object; is this the URL of an OPA?"));
    };
    let result = object.get_str(b"result").map(|result| {
        let mut text = Vec::new();
        write(&result, Style::PLAIN, &mut text);
        text
    });
    Ok(Answer { result, revision: object.get_str(b"provenance").and_then(|provenance| revision_of(&provenance)) })
}

/// OPA's `v1/server/types`, `ProvenanceV1`: a legacy bundle's `revision`, or `bundles`.
fn revision_of(provenance: &Value<'_>) -> Option<String> {
    let legacy = text_of(provenance, "revision");
    let bundles = provenance.get(&Value::String(b"bundles")).and_then(|bundles| bundles.as_object());
    let named = bundles.map(|bundles| {
        let each = bundles.keys().iter().zip(bundles.values().iter()).map(|(name, bundle)| {
            let name = String::from_utf8_lossy(name.as_bytes().unwrap_or_default()).into_owned();
            format!("{name}={}", text_of(&bundle, "revision"))
        });
        each.collect::<Vec<_>>().join(",")
    });
    named.filter(|text| !text.is_empty()).or_else(|| (!legacy.is_empty()).then_some(legacy))
}

/// What OPA said with a status other than 200 (`v1/server/types`, `ErrorV1`: `code`, `message`, `errors`).
fn opa_error(status: u16, body: &[u8]) -> Error {
    let arena = Arena::new();
    let answer = read(&arena, body, Limits { max_bytes: MAX_ERROR_BODY, max_depth: MAX_DEPTH }).unwrap_or(Value::Null);
    let first = answer.get(&Value::String(b"errors")).and_then(|errors| errors.get(&Value::Int(0)));
    let detail = first.map(|e| format!(": {}", text_of(&e, "message"))).unwrap_or_default();
    let code = text_of(&answer, "code");
    let message = format!("OPA answered {status} {code} {}{detail}", text_of(&answer, "message"));
    let kind = match (status, code.as_str()) {
        (400, _) | (500, "internal_error") => ErrorKind::EvaluationError,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, message.trim_end().to_owned())
}

/// The string under a key, empty where there is none.
fn text_of(value: &Value<'_>, key: &str) -> String {
    let found = value.as_object().and_then(|object| object.get_str(key.as_bytes()));
    found.and_then(|text| text.as_bytes()).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// Whether OPA gave no answer, none that is one, or none in time. That a policy fails, or an answer is larger than is wanted, is an answer.
fn is_failure(error: &Error, timeout: Option<Duration>, start: Instant) -> bool {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::SerializationError => true,
        ErrorKind::LimitExceeded => timeout.is_some_and(|timeout| start.elapsed() >= timeout),
        _ => false,
    }
}

fn transport_error(error: &ureq::Error, start: Instant) -> Error {
    match error {
        ureq::Error::Timeout(_) => {
            Error::new(ErrorKind::LimitExceeded, format!("OPA did not answer within {} ms", start.elapsed().as_millis()))
        }
        _ => Error::new(ErrorKind::Unavailable, format!("OPA did not answer: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Opa, request_body};
    use crate::error::ErrorKind;
    use crate::rego::Path;

    #[test]
    fn urls_are_checked_and_paths_are_escaped() {
        for (url, kind) in [
            ("", ErrorKind::InvalidArgument),
            ("ftp://x", ErrorKind::InvalidArgument),
            ("http://", ErrorKind::InvalidArgument),
            ("http://x?y", ErrorKind::InvalidArgument),
            ("https://x", ErrorKind::Unsupported),
        ] {
            assert_eq!(Opa::new(url, 1, None).err().map(|e| e.kind()), Some(kind), "{url}");
        }
        let path = Path::new(vec!["a b".into(), "c/d".into(), "é".into()]);
        assert_eq!(
            Opa::new("http://h:1/p/", 1, None).map(|opa| opa.url(&path)).as_deref(),
            Ok("http://h:1/p/v1/data/a%20b/c%2Fd/%C3%A9?provenance=true")
        );
    }

    #[test]
    fn an_input_cannot_add_to_the_request() {
        for input in ["1},\"x\":{\"y\":1", "", "{", "1 2"] {
            assert_eq!(
                request_body(Some(input.as_bytes())).err().map(|e| e.kind()),
                Some(ErrorKind::SerializationError),
                "{input}"
            );
        }
        assert_eq!(request_body(Some(b"{\"a\": 1}")).as_deref(), Ok(b"{\"input\":{\"a\": 1}}".as_slice()));
        assert_eq!(request_body(None).as_deref(), Ok(b"{}".as_slice()));
    }
}
