//! Asking a server, from the source's own thread. Connections live for one round of questions: none is left for a forked child.

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Response;
use ureq::tls::TlsConfig;

use super::config::Config;
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::opa::{Location as OpaLocation, TokenFile};
use crate::tls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_REDIRECTS: u32 = 10;
/// A server that was told to wait may take so much longer.
const WAIT_MARGIN: Duration = Duration::from_secs(30);
/// What becomes of an error's body is read so far.
const MAX_ERROR_BODY: u64 = 64 << 10;

const NAMES: tls::Names = tls::Names {
    argument: "config",
    ca: "tls.ca_cert",
    cert: "credentials.client_tls.cert",
    key: "credentials.client_tls.private_key",
};

/// A server, and who asks it.
pub(super) struct Server {
    tls: Option<TlsConfig>,
    token: Option<String>,
    token_file: Option<TokenFile>,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    response_timeout: Duration,
    download_timeout: Duration,
    /// The largest answer.
    limit: u64,
}

/// What a server answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) etag: String,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

impl Server {
    /// The server of a bundle.
    pub(super) fn of_bundle(url: &str, config: &Config) -> Result<Self> {
        let service = &config.service;
        let read = |name: &str, path: &Option<String>| path.as_ref().map(|path| tls::pem("config", name, path)).transpose();
        let files = tls::Files {
            ca: read(NAMES.ca, &service.ca_file)?,
            cert: read(NAMES.cert, &service.cert_file)?,
            key: read(NAMES.key, &service.key_file)?,
        };
        let tls = match (url.starts_with("https://"), files.is_empty()) {
            (true, _) => Some(files.config(&NAMES)?),
            (false, true) => None,
            (false, false) => return Err(Error::invalid("config", "tls and credentials.client_tls are for https://")),
        };
        for (name, value) in &service.headers {
            let fits =
                ureq::http::HeaderName::from_bytes(name.as_bytes()).is_ok() && ureq::http::HeaderValue::from_str(value).is_ok();
            if !fits {
                return Err(Error::invalid("config.headers", format_args!("{name} is no header, or its value is none")));
            }
        }
        if service.token.is_some() && service.token_file.is_some() {
            return Err(Error::invalid("config.credentials.bearer", "token and token_path: give one of them"));
        }
        if service.token.as_ref().is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(Error::invalid("config.credentials.bearer.token", "it is not one token"));
        }
        Ok(Self {
            tls,
            token: service.token.as_ref().map(|token| format!("Bearer {token}")),
            token_file: service.token_file.clone().map(TokenFile::new),
            headers: service.headers.clone(),
            connect_timeout: CONNECT_TIMEOUT,
            response_timeout: config.response_timeout,
            download_timeout: config.download_timeout,
            limit: config.size_limit_bytes,
        })
    }

    /// An OPA, asked as clients ask it.
    pub(super) fn of_opa(location: &OpaLocation, config: &Config) -> Self {
        Self {
            tls: location.tls.clone(),
            token: None,
            token_file: location.token_file.clone().map(TokenFile::new),
            headers: Vec::new(),
            connect_timeout: location.connect_timeout,
            response_timeout: config.response_timeout,
            download_timeout: config.download_timeout,
            limit: config.size_limit_bytes,
        }
    }

    /// A round of questions.
    pub(super) fn session(&self, wait: Option<Duration>) -> Session<'_> {
        let response = self.response_timeout.max(wait.map_or(Duration::ZERO, |wait| wait + WAIT_MARGIN));
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .timeout_connect(Some(self.connect_timeout))
            .timeout_recv_response(Some(response))
            .timeout_global(Some(self.connect_timeout + response + self.download_timeout))
            .accept_encoding("gzip")
            .user_agent(concat!("sark/", env!("CARGO_PKG_VERSION")));
        if let Some(tls) = &self.tls {
            config = config.tls_config(tls.clone());
        }
        Session { server: self, agent: config.build().new_agent() }
    }
}

/// A round of questions.
pub(super) struct Session<'a> {
    server: &'a Server,
    agent: Agent,
}

impl Session<'_> {
    /// `GET url`, with headers of its own.
    pub(super) fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request = self.agent.get(url);
        for (name, value) in &self.server.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let from_file = self.server.token_file.as_ref().map(|file| file.authorization(Instant::now())).transpose()?;
        if let Some(token) = from_file.as_ref().or(self.server.token.as_ref()) {
            request = request.header("Authorization", token.as_str());
        }
        let mut response = request.call().map_err(|e| no_answer(&e.to_string()))?;
        let status = response.status().as_u16();
        if let (401, Some(file)) = (status, &self.server.token_file) {
            file.forget();
        }
        let text = |name: &str| header(&response, name);
        let (etag, content_type) = (text("etag"), text("content-type"));
        let limit = if status == 200 { self.server.limit } else { MAX_ERROR_BODY };
        let mut body = Vec::new();
        let read = connection::unzipped(&mut response).take(limit.saturating_add(1)).read_to_end(&mut body);
        read.map_err(|e| no_answer(&format!("the answer broke off after {} bytes: {e}", body.len())))?;
        if status == 200 && body.len() as u64 > limit {
            let problem = format!("the server's answer is larger than size_limit_bytes, {limit}");
            return Err(Error::new(ErrorKind::TooLarge, problem));
        }
        Ok(Answer { status, etag, content_type, body })
    }
}

fn header(response: &Response<ureq::Body>, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn no_answer(problem: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("request failed: {problem}"))
}

/// The error of an answer that is none.
pub(super) fn refusal(status: u16) -> Error {
    let meaning = ureq::http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    Error::new(ErrorKind::Unavailable, format!("server replied with {status} {}", meaning.unwrap_or_default()))
}
