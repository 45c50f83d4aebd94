//! The remote OPA: its data API (`POST /v1/data/<path>`, OPA's `docs/rest-api.md`) over HTTP with kept-alive connections, behind a breaker.

mod answer;
mod breaker;
mod fresh;
mod location;
mod token;
mod trace;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde::de::IgnoredAny;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Timeout};

use answer::{MAX_ERROR_BODY, answer_of, opa_error};
use breaker::Breaker;
pub use breaker::{BreakerState, BreakerStatus};
use fresh::Noting;
use location::Location;
use token::TokenFile;
pub use trace::TraceParent;

use crate::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::Metrics;
use crate::process;
use crate::rego::Path;

/// Idle connections kept for the next decisions.
const MAX_IDLE_CONNECTIONS: usize = 32;

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
    location: Location,
    token: Option<TokenFile>,
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
    fn new(location: &Location) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .timeout_connect(Some(location.connect_timeout))
            .user_agent(concat!("sark/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = &location.tls {
            config = config.tls_config(tls.clone());
        }
        let agent = Agent::with_parts(config.build(), Noting::default(), DefaultResolver::default());
        Self { generation: process::generation(), agent }
    }
}

/// One question, as it is sent, perhaps twice.
struct Question<'a> {
    url: String,
    body: Vec<u8>,
    /// The value of `Authorization`.
    token: Option<String>,
    context: &'a Context,
    start: Instant,
}

impl Opa {
    /// A client of the OPA at `url`, such as `http://127.0.0.1:8181`. Nothing is sent yet.
    ///
    /// `https://` trusts whom the machine trusts, or `?ca_file=PATH` alone; `cert_file` and `key_file` say who we are, all in PEM, read once.
    /// `token_file` holds a bearer token and is read again at most every second: over plain `http://`, anyone between reads it too.
    /// `connect_timeout_ms` bounds a connection's making, TLS included; default 2,000.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is not an HTTP URL, a parameter of another name, or a file of certificates that is none.
    pub fn new(url: &str, max_answer_bytes: u64, metrics: Option<Arc<Metrics>>) -> Result<Self> {
        let location = Location::parse(url)?;
        let breaker = Breaker::new(location.name.clone(), metrics);
        let agent = ArcSwap::from_pointee(Connections::new(&location));
        let token = location.token_file.clone().map(TokenFile::new);
        Ok(Self { location, token, max_answer_bytes, agent, breaker })
    }

    /// Asks for the document at `path`.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR` for an input that is not JSON (it is not sent) or an answer that is not; `EVALUATION_ERROR` with OPA's
    /// message where OPA failed; `LIMIT_EXCEEDED` after the deadline; `UNAVAILABLE` where OPA did not answer, or, after some such failures
    /// in a row, is not asked for a while.
    pub fn evaluate(&self, path: &Path, input: Option<&[u8]>, context: &Context) -> Result<Answer> {
        blocking::about_to_block();
        let body = request_body(input)?;
        let start = Instant::now();
        // Before the breaker: a file that cannot be read is no failure of OPA's.
        let token = self.token.as_ref().map(|token| token.authorization(start)).transpose()?;
        self.breaker.pass(start, context.nobody_waits)?;
        let answer = self.ask(&Question { url: self.url(path), body, token, context, start });
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

    fn ask(&self, question: &Question<'_>) -> Result<Answer> {
        let (sent, connected) = fresh::connects(|| self.send(question, true));
        // A kept connection may have been closed while the request was on its way. Once, on a new one, and within the same time.
        let sent = match sent {
            Err(error) if !connected && is_dead_connection(&error) => self.send(question, false),
            other => other,
        };
        let mut response = sent.map_err(|e| self.transport_error(&e, question.start))?;
        let status = response.status().as_u16();
        if status != 200 {
            let mut text = Vec::new();
            let read = response.body_mut().as_reader().take(MAX_ERROR_BODY).read_to_end(&mut text);
            if let (401, Some(token)) = (status, &self.token) {
                token.forget();
            }
            return Err(opa_error(status, if read.is_ok() { &text } else { b"" }));
        }
        let text = self.read_answer(&mut response, question.start)?;
        answer_of(&text, self.max_answer_bytes)
    }

    /// Sends and waits for the answer's head; on a connection that was `kept`, where there is one and that is wanted.
    fn send(&self, question: &Question<'_>, kept: bool) -> std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let mut request = self.agent().agent.post(&question.url).content_type("application/json");
        if let Some(trace) = &question.context.trace {
            request = request.header("traceparent", trace.to_string());
        }
        if let Some(token) = &question.token {
            request = request.header("authorization", token);
        }
        let left = question.context.timeout.map(|timeout| timeout.saturating_sub(question.start.elapsed()));
        let mut config = request.config().timeout_global(left);
        if !kept {
            config = config.max_idle_age(Duration::ZERO);
        }
        config.build().send(question.body.as_slice())
    }

    fn read_answer(&self, response: &mut ureq::http::Response<ureq::Body>, start: Instant) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let limit = self.max_answer_bytes.saturating_add(1);
        response
            .body_mut()
            .as_reader()
            .take(limit)
            .read_to_end(&mut text)
            .map_err(|e| self.transport_error(&ureq::Error::from(e), start))?;
        if text.len() as u64 > self.max_answer_bytes {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("OPA's answer is larger than {} bytes", self.max_answer_bytes),
            ));
        }
        Ok(text)
    }

    fn transport_error(&self, error: &ureq::Error, start: Instant) -> Error {
        match error {
            ureq::Error::Timeout(Timeout::Connect) => {
                let waited = self.location.connect_timeout.as_millis();
                Error::new(
                    ErrorKind::Unavailable,
                    format!("OPA did not answer: no connection within {waited} ms (connect_timeout_ms)"),
                )
            }
            ureq::Error::Timeout(_) => {
                Error::new(ErrorKind::LimitExceeded, format!("OPA did not answer within {} ms", start.elapsed().as_millis()))
            }
            _ => Error::new(ErrorKind::Unavailable, format!("OPA did not answer: {error}")),
        }
    }

    /// The connections of this process generation.
    fn agent(&self) -> Arc<Connections> {
        let current = self.agent.load_full();
        if current.generation == process::generation() {
            return current;
        }
        // A fork came between: what was inherited is closed here, unread, and goes on in the parent.
        let fresh = Arc::new(Connections::new(&self.location));
        self.agent.store(Arc::clone(&fresh));
        fresh
    }

    fn url(&self, path: &Path) -> String {
        let mut url = format!("{}/v1/data", self.location.base);
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

/// Whether OPA gave no answer, none that is one, or none in time. That a policy fails, or an answer is larger than is wanted, is an answer.
fn is_failure(error: &Error, timeout: Option<Duration>, start: Instant) -> bool {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::SerializationError => true,
        ErrorKind::LimitExceeded => timeout.is_some_and(|timeout| start.elapsed() >= timeout),
        _ => false,
    }
}

/// Whether the connection ended before an answer began.
fn is_dead_connection(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    let ureq::Error::Io(error) = error else { return false };
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

#[cfg(test)]
mod tests;
