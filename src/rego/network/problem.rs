//! Why a request got no answer, in Go's words.

use std::io::ErrorKind;
use std::net::SocketAddr;

use rustls::CertificateError;
use ureq::Error;

use super::super::value::quote;
use crate::rego::builtins::Target;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Problem {
    /// Go's `url.Error`: what was done, to what, and what went wrong.
    Url { operation: String, url: String, problem: String, is_timeout: bool },
    /// The answer's body cannot be read.
    Body(String),
    /// Anything else.
    Other(String),
    /// The evaluation's own time is over.
    Deadline,
}

impl Problem {
    /// Of a request to `target`.
    pub(super) fn at(method: &str, target: &Target, problem: impl Into<String>) -> Self {
        Self::at_url(method, target.shown(), problem)
    }

    pub(super) fn at_url(method: &str, url: String, problem: impl Into<String>) -> Self {
        Self::Url { operation: operation(method), url, problem: problem.into(), is_timeout: false }
    }

    /// A request that took too long.
    pub(super) fn timeout(method: &str, target: &Target) -> Self {
        let problem = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_owned();
        Self::Url { operation: operation(method), url: target.shown(), problem, is_timeout: true }
    }

    /// The text, as Go's `Error()`.
    pub(in crate::rego) fn text(&self) -> String {
        match self {
            Self::Url { operation, url, problem, .. } => format!("{operation} {}: {problem}", quote(url.as_bytes())),
            Self::Body(problem) | Self::Other(problem) => problem.clone(),
            Self::Deadline => "context deadline exceeded".to_owned(),
        }
    }
}

/// `Get` for `GET`.
fn operation(method: &str) -> String {
    let method = if method.is_empty() { "GET" } else { method };
    let (first, rest) = method.split_at_checked(1).unwrap_or((method, ""));
    format!("{first}{}", rest.to_lowercase())
}

/// The words for what the HTTP client says.
pub(super) fn words(error: &Error, host: &str, address: Option<SocketAddr>) -> String {
    let dial = || format!("dial tcp {}", address.map(|address| address.to_string()).unwrap_or_default());
    match error {
        Error::HostNotFound => format!("dial tcp: lookup {host}: no such host"),
        Error::Rustls(error) => tls(error, host),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => tls(error, host),
            None => match error.kind() {
                ErrorKind::ConnectionRefused => format!("{}: connect: connection refused", dial()),
                ErrorKind::HostUnreachable => format!("{}: connect: no route to host", dial()),
                ErrorKind::NetworkUnreachable => format!("{}: connect: network is unreachable", dial()),
                ErrorKind::ConnectionReset => "read: connection reset by peer".to_owned(),
                ErrorKind::UnexpectedEof => "EOF".to_owned(),
                _ => error.to_string(),
            },
        },
        Error::Other(error) => error.to_string(),
        error => format!("net/http: HTTP/1.x transport connection broken: {error}"),
    }
}

/// What is wrong with a server's certificate.
fn tls(error: &rustls::Error, host: &str) -> String {
    let rustls::Error::InvalidCertificate(problem) = error else {
        return match error {
            rustls::Error::AlertReceived(alert) => format!("remote error: tls: {alert:?}"),
            rustls::Error::InvalidMessage(_) => "http: server gave HTTP response to HTTPS client".to_owned(),
            error => format!("tls: {error}"),
        };
    };
    let problem = match problem {
        CertificateError::UnknownIssuer | CertificateError::Other(_) => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate has expired or is not yet valid: it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid: it is not yet valid".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("certificate is not valid for {host}")
        }
        problem => problem.to_string(),
    };
    format!("tls: failed to verify certificate: x509: {problem}")
}
