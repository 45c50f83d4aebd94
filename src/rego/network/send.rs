//! A request, sent hop after hop as Go's `http.Client` sends it.

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::http::{self, HeaderName, HeaderValue, Method, Uri};
use ureq::{Agent, Body};

use super::problem::{Problem, words};
use super::resolver::{self, Destination};
use super::{Network, Response, Trust};
use crate::connection;
use crate::rego::builtins::{Target, base64_text};
use crate::rego::value::quote;

/// What is to be sent.
#[derive(Debug)]
pub(in crate::rego) struct Request {
    /// In capitals; empty for GET.
    pub(in crate::rego) method: String,
    pub(in crate::rego) target: Target,
    /// Names as Go writes them (`Content-Type`), each once.
    pub(in crate::rego) headers: Vec<(String, Vec<u8>)>,
    pub(in crate::rego) body: Vec<u8>,
    pub(in crate::rego) follows_redirects: bool,
    /// `None` for no time of its own.
    pub(in crate::rego) timeout: Option<Duration>,
    /// Whom it trusts and who it is, where it says so; such a request has connections of its own.
    pub(in crate::rego) trust: Option<Trust>,
    /// The name that the server's certificate is of, where it is not the host's.
    pub(in crate::rego) server_name: String,
    /// How often it is sent again.
    pub(in crate::rego) retries: usize,
}

/// Headers of a body, which go where the body goes.
const OF_BODY: [&str; 4] = ["Content-Encoding", "Content-Language", "Content-Location", "Content-Type"];

/// Headers that no other site may see.
const SENSITIVE: [&str; 6] =
    ["Authorization", "Www-Authenticate", "Cookie", "Cookie2", "Proxy-Authorization", "Proxy-Authenticate"];

/// Headers that the client writes itself.
const OWN: [&str; 4] = ["Host", "Content-Length", "Transfer-Encoding", "Trailer"];

/// The first pause before a request is sent again; each further one is longer by a factor, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const PAUSE_GROWS: f64 = 1.6;

/// One hop on the way of a request.
struct Hop<'r> {
    request: &'r Request,
    method: String,
    target: Target,
    headers: Vec<(String, Vec<u8>)>,
    has_body: bool,
    /// Whether it came to another site.
    is_elsewhere: bool,
}

impl Network {
    /// Sends a request, and again where that fails and it wants so; waits until `deadline` at most.
    pub(in crate::rego) fn send(&self, mut request: Request, deadline: Option<Instant>) -> Result<Response, Problem> {
        crate::blocking::about_to_block();
        let agent = match request.trust.take() {
            Some(trust) => {
                request.headers.push(("Connection".to_owned(), b"close".to_vec()));
                self.agent_of(trust).map_err(Problem::Other)?
            }
            None => self.own().agent.clone(),
        };
        let request = &request;
        let mut pause = FIRST_PAUSE;
        for attempt in 0_usize.. {
            let problem = match self.follow(&agent, request, deadline) {
                Ok(response) => return Ok(response),
                Err(problem) => problem,
            };
            if attempt >= request.retries || matches!(problem, Problem::Deadline) {
                return Err(problem);
            }
            // The second attempt comes at once, as in OPA.
            if attempt > 0 {
                pause = pause.mul_f64(PAUSE_GROWS).min(LONGEST_PAUSE);
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                std::thread::sleep(left.map_or(pause, |left| left.min(pause)));
            }
        }
        Err(Problem::Deadline)
    }

    /// One attempt, redirects included.
    fn follow(&self, agent: &Agent, request: &Request, deadline: Option<Instant>) -> Result<Response, Problem> {
        let time = request.timeout.map_or(self.options.timeout, |own| own.min(self.options.timeout));
        let until = Instant::now() + time;
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let over = |problem| match (deadline, problem) {
            (Some(deadline), Problem::Url { is_timeout: true, .. }) if Instant::now() >= deadline => Problem::Deadline,
            (_, problem) => problem,
        };
        let mut hop = Hop::first(request);
        loop {
            let mut answer = self.exchange(agent, &hop, until).map_err(over)?;
            match hop.next(&answer)? {
                None => return self.read(&mut answer, hop.unzips(), until, deadline),
                Some((next, location)) => {
                    self.verify(&next.target.host).map_err(|problem| Problem::at_url(&hop.method, location, problem))?;
                    hop = next;
                }
            }
        }
    }

    /// Sends one hop's request and waits for the head of its answer.
    fn exchange(&self, agent: &Agent, hop: &Hop<'_>, until: Instant) -> Result<http::Response<Body>, Problem> {
        hop.check_headers()?;
        let (destination, uri) = hop.uri()?;
        let send = |kept: bool| -> Result<_, Problem> {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Problem::timeout(&hop.method, &hop.target));
            }
            let ask = || connection::connects(|| hop.send(agent, uri.clone(), left, kept));
            let ((sent, connected), address) = resolver::heading_for(destination.clone(), ask);
            Ok((sent, connected, address))
        };
        let (sent, connected, address) = send(true)?;
        // A kept connection may have been closed while the request was on its way. Once, on a new one, and within the same time.
        let (sent, address) = match sent {
            Err(error) if !connected && connection::is_dead(&error) => {
                let (sent, _, address) = send(false)?;
                (sent, address)
            }
            sent => (sent, address),
        };
        sent.map_err(|error| match error {
            ureq::Error::Timeout(_) => Problem::timeout(&hop.method, &hop.target),
            error => Problem::at(&hop.method, &hop.target, words(&error, &hop.target.host, address)),
        })
    }
}

impl<'r> Hop<'r> {
    fn first(request: &'r Request) -> Self {
        Self {
            request,
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            has_body: true,
            is_elsewhere: false,
        }
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice())
    }

    /// Where it goes, and the same as the HTTP client reads it.
    fn uri(&self) -> Result<(Destination, Uri), Problem> {
        let target = &self.target;
        let fail = |problem: String| Problem::at(&self.method, target, problem);
        let standard = match target.scheme.as_str() {
            "http" => 80,
            "https" => 443,
            other => return Err(fail(format!("unsupported protocol scheme {}", quote(other.as_bytes())))),
        };
        if target.authority.is_empty() {
            return Err(fail("http: no Host in request URL".to_owned()));
        }
        let port =
            if target.port.is_empty() { standard } else { target.port.parse().map_err(|_| fail("invalid port".to_owned()))? };
        let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
        let path = if target.path.is_empty() { "/" } else { &target.path };
        let query = target.query.as_ref().map(|query| format!("?{}", sendable(query))).unwrap_or_default();
        let text = format!("{}://{host}:{port}{path}{query}", target.scheme);
        let uri: Uri = text.parse().map_err(|_| fail("invalid URL: it has characters that cannot be sent".to_owned()))?;
        // The client reads the text once more: it has to find the same there.
        if uri.host() != Some(host.as_str()) || uri.port_u16() != Some(port) {
            return Err(fail(super::disallowed(&target.host)));
        }
        let named = &self.request.server_name;
        let server_name = if named.is_empty() { target.host.clone() } else { named.clone() };
        Ok((Destination { host: target.host.clone(), port, server_name }, uri))
    }

    /// Refuses what is no header, in Go's words.
    fn check_headers(&self) -> Result<(), Problem> {
        let fail = |problem: String| Err(Problem::at(&self.method, &self.target, problem));
        for (name, value) in &self.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                return fail(format!("net/http: invalid header field name {}", quote(name.as_bytes())));
            }
            if HeaderValue::from_bytes(value).is_err() {
                return fail(format!("net/http: invalid header field value for {}", quote(name.as_bytes())));
            }
        }
        Ok(())
    }

    fn send(&self, agent: &Agent, uri: Uri, time: Duration, kept: bool) -> Result<http::Response<Body>, ureq::Error> {
        let method = if self.method.is_empty() { "GET" } else { &self.method };
        let method = Method::from_bytes(method.as_bytes()).map_err(http::Error::from)?;
        let has_body = self.has_body && !self.request.body.is_empty();
        let always = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in self.sent_headers() {
            request = request.header(HeaderName::from_bytes(name.as_bytes()).map_err(http::Error::from)?, value?);
        }
        if has_body || always {
            let body: &[u8] = if has_body { &self.request.body } else { b"" };
            let mut request = request.body(body)?;
            if let Some(forced) = agent.get("http://localhost").force_send_body().extensions_mut() {
                request.extensions_mut().extend(std::mem::take(forced));
            }
            self.run(agent, request, time, kept)
        } else {
            self.run(agent, request.body(())?, time, kept)
        }
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        agent: &Agent,
        request: http::Request<S>,
        time: Duration,
        kept: bool,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let mut config = agent.configure_request(request).timeout_global(Some(time));
        if !kept {
            config = config.max_idle_age(Duration::ZERO);
        }
        if self.unzips() {
            config = config.accept_encoding("gzip");
        }
        agent.run(config.build())
    }

    /// Whether an answer may come compressed that the policy sees as it was before, as Go's transport does it.
    fn unzips(&self) -> bool {
        self.method != "HEAD" && self.header("Range").is_none() && self.header("Accept-Encoding").is_none()
    }

    /// What is sent beside what the client writes itself.
    fn sent_headers(&self) -> impl Iterator<Item = (&str, Result<HeaderValue, http::Error>)> {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes.trim_ascii()).map_err(http::Error::from);
        let host = self.header("Host").unwrap_or(self.target.authority.as_bytes());
        let own = self.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        let user = self.target.user.as_ref().filter(|_| self.header("Authorization").is_none()).map(|(name, password)| {
            let pair = format!("{name}:{}", password.as_deref().unwrap_or_default());
            ("Authorization", value(format!("Basic {}", base64_text(pair.as_bytes())).as_bytes()))
        });
        std::iter::once(("Host", value(host))).chain(own.map(move |(name, bytes)| (name.as_str(), value(bytes)))).chain(user)
    }

    /// Where an answer leads, if it does and that is wanted, and the text that says so.
    fn next(&self, answer: &http::Response<Body>) -> Result<Option<(Self, String)>, Problem> {
        let code = answer.status().as_u16();
        let location = answer.headers().get("location").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let Some(location) = location.filter(|_| self.request.follows_redirects && matches!(code, 301..=303 | 307 | 308)) else {
            return Ok(None);
        };
        if location.is_empty() {
            return Ok(None);
        }
        let target = self.target.join(&location).map_err(|problem| Problem::at(&self.method, &self.target, problem))?;
        let keeps_method = matches!(code, 307 | 308) || matches!(self.method.as_str(), "GET" | "HEAD");
        let has_body = self.has_body && matches!(code, 307 | 308);
        let first = &self.request.target;
        let is_elsewhere = self.is_elsewhere || first.authority != target.authority && !is_within(&target.host, &first.host);
        let is_relative = Target::parse(&location).is_ok_and(|target| target.scheme.is_empty());
        let mut headers = self.request.headers.clone();
        headers.retain(|(name, _)| match name.as_str() {
            "Host" => is_relative,
            name if SENSITIVE.contains(&name) => !is_elsewhere,
            name if OF_BODY.contains(&name) => has_body,
            _ => true,
        });
        let is_secret = self.target.scheme == "https" && target.scheme == "http";
        if !is_secret && !headers.iter().any(|(name, _)| name == "Referer") {
            headers.push(("Referer".to_owned(), self.target.without_user().into_bytes()));
        }
        let method = if keeps_method { self.method.clone() } else { "GET".to_owned() };
        Ok(Some((Self { request: self.request, method, target, headers, has_body, is_elsewhere }, location)))
    }
}

/// A query with what no URL may have in it written as RFC 3986 wants it; Go sends it as it is.
fn sendable(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'"' | b'<' | b'>' | ..=b' ' | 0x7f.. => text.push_str(&format!("%{byte:02X}")),
            byte => text.push(char::from(byte)),
        }
    }
    text
}

/// Whether `host` is `site`, or a part of it.
fn is_within(host: &str, site: &str) -> bool {
    if host == site {
        return true;
    }
    !host.contains([':', '%']) && host.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a list of tokens has this one.
fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|own| own.trim_ascii().eq_ignore_ascii_case(token))
}

impl Network {
    /// An answer with its body.
    fn read(
        &self,
        answer: &mut http::Response<Body>,
        unzips: bool,
        until: Instant,
        deadline: Option<Instant>,
    ) -> Result<Response, Problem> {
        let max_bytes = self.options.max_response_bytes;
        let unzips = unzips && connection::is_zipped(answer);
        let code = answer.status().as_u16();
        let status = String::from_utf8_lossy(&connection::last_status()).into_owned();
        // What was about the connection alone is no answer, as for Go.
        let closes = answer.headers().get_all("connection").iter().any(|value| has_token(value.as_bytes(), b"close"));
        let kept = |name: &str| match name {
            "transfer-encoding" | "trailer" => false,
            "connection" => !closes,
            "content-encoding" | "content-length" => !unzips,
            _ => true,
        };
        let headers = answer.headers().iter().filter(|(name, _)| kept(name.as_str()));
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
        let mut body = Vec::new();
        let limit = max_bytes.saturating_add(1);
        let mut reader: Box<dyn Read + '_> =
            if unzips { connection::unzipped(answer) } else { Box::new(answer.body_mut().as_reader()) };
        reader.by_ref().take(limit).read_to_end(&mut body).map_err(|error| {
            let now = Instant::now();
            match deadline {
                Some(deadline) if now >= deadline => Problem::Deadline,
                _ if now >= until => Problem::Body(
                    "context deadline exceeded (Client.Timeout or context cancellation while reading body)".to_owned(),
                ),
                _ if error.kind() == std::io::ErrorKind::UnexpectedEof => Problem::Body("unexpected EOF".to_owned()),
                _ => Problem::Body(error.to_string()),
            }
        })?;
        if body.len() as u64 > max_bytes {
            return Err(Problem::Body(format!("http: the response is larger than {max_bytes} bytes (max_response_bytes)")));
        }
        Ok(Response { status, code, headers, body })
    }
}
