//! A Redis URL: where the server is, and what of its query is ours.

use std::path::PathBuf;
use std::time::Duration;

use redis::{Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use url::Url;

use crate::error::{Error, Result};
use crate::tls;

/// How often a server that pushes nothing is asked.
const POLL: Duration = Duration::from_secs(1);

/// Where a server is, and how it is used.
pub(super) struct Location {
    pub(super) client: Client,
    /// The URL without user, password and query.
    pub(super) name: String,
    /// Where the last known percentages are kept for a start without the server (`?state_file=PATH`).
    pub(super) state_file: Option<PathBuf>,
    /// How often it is asked where it pushes nothing (`?poll_ms=1000`).
    pub(super) poll: Duration,
}

impl Location {
    /// `redis://[user:password@]host[:port][/db]`, `rediss://…[?ca_file=PATH&cert_file=PATH&key_file=PATH]`,
    /// `unix:PATH[?db=…&user=…&pass=…]`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        // What these parsers say of a malformed URL does not repeat it; it may hold a password.
        let mut url = Url::parse(text).map_err(|e| Error::invalid("url", format_args!("not a Redis URL: {e}")))?;
        let (mut state_file, mut poll, mut own_tls, mut others) = (None, POLL, Tls::default(), Vec::new());
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "state_file" => state_file = Some(state_path(&value)?),
                "poll_ms" => poll = poll_interval(&value)?,
                "ca_file" => own_tls.root_cert = Some(tls::pem("url", "ca_file", &value)?),
                "cert_file" => own_tls.cert = Some(tls::pem("url", "cert_file", &value)?),
                "key_file" => own_tls.key = Some(tls::pem("url", "key_file", &value)?),
                _ => others.push((name.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        let info =
            url.into_connection_info().map_err(|e| Error::invalid("url", format_args!("not a Redis URL: {}", e.category())))?;
        let name = name(&info);
        let client = own_tls.client(info)?;
        Ok(Self { client, name, state_file, poll })
    }
}

/// Whom to trust, and who we are, in PEM: `?ca_file=PATH&cert_file=PATH&key_file=PATH`.
#[derive(Default)]
struct Tls {
    root_cert: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Tls {
    fn client(self, info: ConnectionInfo) -> Result<Client> {
        let bad = |e: redis::RedisError| Error::invalid("url", format_args!("not a Redis URL, or not its certificates: {e}"));
        let client_tls = match (self.cert, self.key) {
            (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig { client_cert, client_key }),
            (None, None) => None,
            _ => return Err(Error::invalid("url", "cert_file and key_file go together")),
        };
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if !is_tls && (client_tls.is_some() || self.root_cert.is_some()) {
            return Err(Error::invalid("url", "ca_file, cert_file and key_file are for rediss://"));
        }
        if !is_tls {
            return Client::open(info).map_err(bad);
        }
        // Where the program has chosen one already, that one holds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: self.root_cert }).map_err(bad)
    }
}

fn state_path(value: &str) -> Result<PathBuf> {
    std::path::absolute(value).map_err(|e| Error::invalid("url", format_args!("state_file: {e}")))
}

fn poll_interval(value: &str) -> Result<Duration> {
    let milliseconds = value.parse().ok().filter(|ms| (10..=3_600_000).contains(ms));
    milliseconds
        .map(Duration::from_millis)
        .ok_or_else(|| Error::invalid("url", "poll_ms is a number of milliseconds from 10 to 3,600,000"))
}

fn name(info: &ConnectionInfo) -> String {
    let db = info.redis_settings().db();
    match info.addr() {
        ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}/{db}"),
        ConnectionAddr::TcpTls { host, port, .. } => format!("rediss://{host}:{port}/{db}"),
        ConnectionAddr::Unix(path) => format!("unix:{}?db={db}", path.display()),
        _ => "redis".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn names_hold_no_secret() {
        for (url, name) in [
            ("redis://user:hunter2@example.org", "redis://example.org:6379/0"),
            ("redis://:hunter2@[::1]:7000/3?state_file=/tmp/x", "redis://::1:7000/3"),
            ("unix:/run/redis.sock?db=2&pass=hunter2", "unix:/run/redis.sock?db=2"),
        ] {
            assert_eq!(Location::parse(url).map(|l| l.name).ok().as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_the_url() {
        for url in [
            "redis://:hunter2@",
            "redis://:hunter2@host:99999",
            "redis://:hunter2@host/x",
            "redis://h?poll_ms=hunter2",
            "redis:hunter2",
        ] {
            let message = Location::parse(url).err().map(|e| e.message().to_owned());
            assert!(message.as_ref().is_some_and(|m| !m.contains("hunter2")), "{url}: {message:?}");
        }
    }
}
