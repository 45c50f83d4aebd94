//! Names become addresses, and only those that may be reached are left.

use std::cell::RefCell;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::hosts::Hosts;

thread_local! {
    /// Where the request under way on this thread goes.
    static DESTINATION: RefCell<Option<Destination>> = const { RefCell::new(None) };
    /// Where it was connected to, or tried to be.
    static ADDRESS: RefCell<Option<SocketAddr>> = const { RefCell::new(None) };
}

/// Where a request goes. Of a URL the HTTP client gives a connector the text alone; this is what was checked.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whom its certificate has to be of.
    pub(super) server_name: String,
}

/// The most addresses of a name.
const MAX_ADDRESSES: usize = 16;

/// Why a name has no address.
#[derive(Debug)]
pub(super) enum Unresolved {
    Timeout,
    Unknown,
}

impl Unresolved {
    /// Go's words, without the name of the server that was asked.
    pub(super) fn words(&self, name: &str) -> String {
        match self {
            Self::Timeout => format!("lookup {name}: i/o timeout"),
            Self::Unknown => format!("lookup {name}: no such host"),
        }
    }
}

/// The addresses that the machine knows for a name.
pub(super) fn resolve(host: &str, port: u16, timeout: Option<Duration>) -> Result<Vec<SocketAddr>, Unresolved> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if host.is_empty() || host.contains('\0') {
        return Err(Unresolved::Unknown);
    }
    let name = host.to_owned();
    let look = move || (name.as_str(), port).to_socket_addrs().map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>());
    let found = match timeout {
        None => look().ok(),
        Some(timeout) => {
            // The system's resolver cannot be told to stop: it is left to itself.
            let (tell, told) = mpsc::sync_channel(1);
            let thread = std::thread::Builder::new().name("sark-resolve".to_owned()).spawn(move || tell.send(look()).ok());
            if thread.is_err() {
                return Err(Unresolved::Timeout);
            }
            told.recv_timeout(timeout).map_err(|_| Unresolved::Timeout)?.ok()
        }
    };
    found.filter(|found| !found.is_empty()).ok_or(Unresolved::Unknown)
}

/// Runs `ask`, a request that goes there; gives the address, too.
pub(super) fn heading_for<T>(destination: Destination, ask: impl FnOnce() -> T) -> (T, Option<SocketAddr>) {
    DESTINATION.set(Some(destination));
    ADDRESS.set(None);
    let result = ask();
    DESTINATION.set(None);
    (result, ADDRESS.take())
}

/// Whom the certificate of the server has to be of that this thread is heading for.
pub(super) fn server_name() -> Option<String> {
    DESTINATION.with_borrow(|destination| destination.as_ref().map(|destination| destination.server_name.clone()))
}

/// Resolves where this thread is heading, and refuses addresses that may not be reached.
pub(super) struct Guarded(Arc<Hosts>);

impl Guarded {
    pub(super) const fn new(hosts: Arc<Hosts>) -> Self {
        Self(hosts)
    }
}

impl Resolver for Guarded {
    fn resolve(&self, _: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let Some(Destination { host, port, .. }) = DESTINATION.with_borrow(Clone::clone) else {
            return Err(Error::HostNotFound);
        };
        let after = (!timeout.after.is_not_happening()).then(|| *timeout.after);
        let found = resolve(&host, port, after).map_err(|unresolved| match unresolved {
            Unresolved::Timeout => Error::Timeout(timeout.reason),
            Unresolved::Unknown => Error::HostNotFound,
        })?;
        let mut allowed = self.empty();
        for address in &found {
            if self.0.allow_address(&host, address.ip()) {
                allowed.push(*address);
            }
        }
        match (allowed.first(), found.first()) {
            (Some(first), _) => {
                ADDRESS.set(Some(*first));
                Ok(allowed)
            }
            (None, first) => Err(Error::Other(Box::new(Hidden { host, address: first.copied() }))),
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

/// A host all of whose addresses may not be reached.
#[derive(Debug)]
struct Hidden {
    host: String,
    address: Option<SocketAddr>,
}

impl std::error::Error for Hidden {}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.map(|address| address.ip().to_string()).unwrap_or_default();
        write!(f, "{}", super::disallowed(&self.host))?;
        if address == self.host { Ok(()) } else { write!(f, " (it stands for {address}, which is not listed)") }
    }
}
