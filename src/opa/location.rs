//! The URL of a remote OPA: where it is, and what of its query is ours.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::tls::TlsConfig;
use url::form_urlencoded;

use crate::error::{Error, Result};
use crate::tls;

/// Long enough for one lost packet of the handshake, which is sent again after a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

const PARAMETERS: &str = "ca_file, cert_file, key_file, token_file and connect_timeout_ms";

/// Where an OPA is, and how it is asked.
pub(crate) struct Location {
    /// Without query and without a slash at its end.
    pub(crate) base: String,
    /// Host and port alone: what stands before them may be a password.
    pub(crate) name: String,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
}

impl Location {
    /// `http[s]://host[:port][/prefix][?ca_file=PATH&cert_file=PATH&key_file=PATH&token_file=PATH&connect_timeout_ms=2000]`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        // The HTTP client would take a port that is none for no port.
        url::Url::parse(base).map_err(|e| bad(format_args!("not a URL: {e}; write it like http://127.0.0.1:8181")))?;
        let uri: ureq::http::Uri = base.parse().map_err(|_| bad("not a URL; write it like http://127.0.0.1:8181"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("not an HTTP URL; write it like http://127.0.0.1:8181")),
        };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return Err(bad("it must name a host")) };
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        let mut location = Self {
            base: base.trim_end_matches('/').to_owned(),
            name: format!("{host}{port}"),
            tls: None,
            token_file: None,
            connect_timeout: CONNECT_TIMEOUT,
        };
        let files = location.take_parameters(query)?;
        match (is_tls, files.is_empty()) {
            (true, _) => location.tls = Some(files.config(&NAMES)?),
            (false, false) => return Err(bad("ca_file, cert_file and key_file are for https://")),
            (false, true) => {}
        }
        Ok(location)
    }

    fn take_parameters(&mut self, query: &str) -> Result<tls::Files> {
        let mut files = tls::Files::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "ca_file" => files.ca = Some(tls::pem("opa_url", "ca_file", &value)?),
                "cert_file" => files.cert = Some(tls::pem("opa_url", "cert_file", &value)?),
                "key_file" => files.key = Some(tls::pem("opa_url", "key_file", &value)?),
                "token_file" => self.token_file = Some(token_path(&value)?),
                "connect_timeout_ms" => self.connect_timeout = connect_timeout(&value)?,
                _ => return Err(bad(format!("it has a parameter that is none of {PARAMETERS}"))),
            }
        }
        Ok(files)
    }
}

const NAMES: tls::Names = tls::Names { argument: "opa_url", ca: "ca_file", cert: "cert_file", key: "key_file" };

fn bad(problem: impl std::fmt::Display) -> Error {
    Error::invalid("opa_url", problem)
}

fn token_path(value: &str) -> Result<PathBuf> {
    // A program that changes its directory later means the same file.
    std::path::absolute(Path::new(value)).map_err(|e| bad(format_args!("token_file: {e}")))
}

fn connect_timeout(value: &str) -> Result<Duration> {
    let milliseconds = value.parse().ok().filter(|ms| (1..=600_000).contains(ms));
    milliseconds.map(Duration::from_millis).ok_or_else(|| bad("connect_timeout_ms is a number of milliseconds from 1 to 600,000"))
}
