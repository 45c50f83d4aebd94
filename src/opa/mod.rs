//! The remote OPA: its data API (`POST /v1/data/<path>`, OPA's `docs/rest-api.md`) over HTTP with kept-alive connections, behind a breaker.

mod answer;
mod breaker;
mod location;
mod question;
mod token;
mod trace;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Timeout};

use answer::{MAX_ERROR_BODY, answer_of, opa_error};
use breaker::Breaker;
pub use breaker::{BreakerState, BreakerStatus};
pub(crate) use location::Location;
use question::request_body;
pub use question::{NoAnswer, Question};
pub(crate) use token::TokenFile;
pub use trace::TraceParent;

use crate::blocking;
use crate::connection::{self, Noting};
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
            .accept_encoding("gzip")
            .user_agent(concat!("sark/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = &location.tls {
            config = config.tls_config(tls.clone());
        }
        let agent = Agent::with_parts(config.build(), <Noting>::default(), DefaultResolver::default());
        Self { generation: process::generation(), agent }
    }
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
        let question = self.question(path, input, context)?;
        self.ask(&question)
    }

    /// Sends a question, and waits for the answer.
    ///
    /// # Errors
    /// As [`Opa::evaluate`].
    pub fn ask(&self, question: &Question) -> Result<Answer> {
        blocking::about_to_block();
        self.judged(question, self.exchange(question))
    }

    /// What to send for the document at `path`, for one who sends it himself and gives back what came of it, to [`Opa::answered`] or
    /// [`Opa::not_answered`].
    ///
    /// # Errors
    /// Those of [`Opa::evaluate`] that come before anything is sent.
    pub fn question(&self, path: &Path, input: Option<&[u8]>, context: &Context) -> Result<Question> {
        let body = request_body(input)?;
        let start = Instant::now();
        // Before the breaker: a file that cannot be read is no failure of OPA's.
        let token = self.token.as_ref().map(|token| token.authorization(start)).transpose()?;
        self.breaker.pass(start, context.nobody_waits)?;
        Ok(Question { url: self.url(path), body, token, trace: context.trace, timeout: context.timeout, start })
    }

    /// The answer in an HTTP response's status and body.
    ///
    /// # Errors
    /// As [`Opa::evaluate`].
    pub fn answered(&self, question: &Question, status: u16, body: &[u8]) -> Result<Answer> {
        let answer = match status {
            200 if body.len() as u64 > self.max_answer_bytes => Err(self.too_large()),
            200 => answer_of(body, self.max_answer_bytes),
            _ => Err(self.refusal(status, body)),
        };
        self.judged(question, answer)
    }

    /// The error of a question that got no response.
    #[must_use]
    pub fn not_answered(&self, question: &Question, why: NoAnswer) -> Error {
        let error = match why {
            NoAnswer::Connection => Error::new(ErrorKind::Unavailable, "OPA did not answer: the connection failed"),
            NoAnswer::Timeout => timed_out(question.start),
        };
        self.breaker.failed(Instant::now());
        error
    }

    /// Tells the breaker how it went.
    fn judged(&self, question: &Question, answer: Result<Answer>) -> Result<Answer> {
        match &answer {
            Err(error) if question.is_failure(error) => self.breaker.failed(Instant::now()),
            _ => self.breaker.succeeded(),
        }
        answer
    }

    /// How the breaker is.
    pub fn breaker(&self) -> BreakerStatus {
        self.breaker.status(Instant::now())
    }

    fn exchange(&self, question: &Question) -> Result<Answer> {
        let (sent, connected) = connection::connects(|| self.send(question, true));
        // A kept connection may have been closed while the request was on its way. Once, on a new one, and within the same time.
        let sent = match sent {
            Err(error) if !connected && connection::is_dead(&error) => self.send(question, false),
            other => other,
        };
        let mut response = sent.map_err(|e| self.transport_error(&e, question.start))?;
        let status = response.status().as_u16();
        if status != 200 {
            let mut text = Vec::new();
            let read = connection::unzipped(&mut response).take(MAX_ERROR_BODY).read_to_end(&mut text);
            return Err(self.refusal(status, if read.is_ok() { &text } else { b"" }));
        }
        let text = self.read_answer(&mut response, question.start)?;
        answer_of(&text, self.max_answer_bytes)
    }

    /// Sends and waits for the answer's head; on a connection that was `kept`, where there is one and that is wanted.
    fn send(&self, question: &Question, kept: bool) -> std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let mut request = self.agent().agent.post(&question.url);
        for (name, value) in question.headers() {
            request = request.header(name, value);
        }
        let mut config = request.config().timeout_global(question.remaining());
        if !kept {
            config = config.max_idle_age(Duration::ZERO);
        }
        config.build().send(question.body.as_slice())
    }

    fn read_answer(&self, response: &mut ureq::http::Response<ureq::Body>, start: Instant) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let limit = self.max_answer_bytes.saturating_add(1);
        connection::unzipped(response)
            .take(limit)
            .read_to_end(&mut text)
            .map_err(|e| self.transport_error(&ureq::Error::from(e), start))?;
        if text.len() as u64 > self.max_answer_bytes {
            return Err(self.too_large());
        }
        Ok(text)
    }

    fn too_large(&self) -> Error {
        Error::new(ErrorKind::LimitExceeded, format!("OPA's answer is larger than {} bytes", self.max_answer_bytes))
    }

    fn refusal(&self, status: u16, body: &[u8]) -> Error {
        if let (401, Some(token)) = (status, &self.token) {
            token.forget();
        }
        opa_error(status, body)
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
            ureq::Error::Timeout(_) => timed_out(start),
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

fn timed_out(start: Instant) -> Error {
    Error::new(ErrorKind::LimitExceeded, format!("OPA did not answer within {} ms", start.elapsed().as_millis()))
}

#[cfg(test)]
mod tests;
