//! What lies outside: HTTP and names, for policies whose engine allows it.
//!
//! ```text
//!  http.send ──► Request ──► Network::send ──► hop after hop, each checked: host ──► resolver, which checks addresses ──► connection
//! ```
//!
//! A host is checked by its name as OPA does, and by the addresses it stands for, which OPA does not: a name that somebody else gives out
//! leads into no private network that is not listed.

mod hosts;
mod problem;
mod resolver;
mod responses;
mod secure;
mod send;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::unversioned::transport::{Connector, TcpConnector};

use crate::connection::Noting;
use crate::error::{Error, Result};
use crate::{process, tls};
use hosts::Hosts;
pub(in crate::rego) use problem::Problem;
use resolver::Guarded;
use responses::Responses;
pub(in crate::rego) use responses::{Response, Stored};
use secure::Secure;
pub(in crate::rego) use secure::Trust;
pub(in crate::rego) use send::Request;

/// Idle connections kept for the next requests.
const MAX_IDLE_CONNECTIONS: usize = 32;

/// What bounds the reaching out.
#[derive(Debug, Clone, Copy)]
pub struct NetworkOptions {
    /// The most that one request may take, redirects and its answer included.
    pub timeout: Duration,
    /// The largest answer, as it is after decompressing.
    pub max_response_bytes: u64,
    /// The most that answers may take which one decision leaves to later ones (`cache`, `force_cache`).
    pub max_cache_bytes: u64,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), max_response_bytes: 16 << 20, max_cache_bytes: 64 << 20 }
    }
}

/// Whom policies may reach, and what is kept for that.
pub struct Network {
    hosts: Arc<Hosts>,
    options: NetworkOptions,
    /// Whom requests trust that do not say it themselves.
    roots: Vec<CertificateDer<'static>>,
    tls: Arc<ClientConfig>,
    own: ArcSwap<Own>,
}

/// What is one process generation's own: a forked child must not answer on its parent's connections, nor find a lock that a thread held which
/// is not there.
pub(in crate::rego) struct Own {
    generation: u64,
    agent: Agent,
    responses: Responses,
}

impl Network {
    /// Allows the hosts of a JSON array: names, addresses, networks such as `10.0.0.0/8`, and `*` for every name. Addresses that are not
    /// the internet's are reached where they are listed themselves, whatever name stands for them; `localhost` lists the machine's own.
    /// `ca` holds certificates to trust, in PEM; `None` trusts whom the machine trusts.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is no such list, or no certificate.
    pub fn new(hosts: &[u8], ca: Option<Vec<u8>>, options: NetworkOptions) -> Result<Self> {
        let hosts = Arc::new(Hosts::parse(hosts)?);
        let roots = match ca {
            Some(pem) => tls::certificates("ca_file", "ca_file", &pem)?,
            None => tls::native_roots(),
        };
        let tls = Trust::default().config(&roots).map_err(|problem| Error::invalid("ca_file", problem))?;
        let own = ArcSwap::from_pointee(Own::new(&hosts, &tls, options));
        Ok(Self { hosts, options, roots, tls, own })
    }

    /// Whether a host may be named.
    ///
    /// # Errors
    /// OPA's text.
    pub(in crate::rego) fn verify(&self, host: &str) -> std::result::Result<(), String> {
        if self.hosts.allow(host) { Ok(()) } else { Err(disallowed(host)) }
    }

    /// The addresses of a name, or of an address itself.
    pub(in crate::rego) fn lookup(&self, name: &str, deadline: Option<Instant>) -> std::result::Result<Vec<IpAddr>, Problem> {
        crate::blocking::about_to_block();
        let most = Instant::now() + self.options.timeout;
        let until = deadline.map_or(most, |deadline| deadline.min(most));
        let found = resolver::resolve(name, 0, Some(until.saturating_duration_since(Instant::now())));
        found.map(|found| found.iter().map(std::net::SocketAddr::ip).collect()).map_err(|error| match error {
            resolver::Unresolved::Timeout if deadline.is_some_and(|deadline| Instant::now() >= deadline) => Problem::Deadline,
            error => Problem::Other(error.words(name)),
        })
    }

    /// What is this process generation's own.
    pub(in crate::rego) fn own(&self) -> Arc<Own> {
        let current = self.own.load_full();
        if current.generation == process::generation() {
            return current;
        }
        // A fork came between: what was inherited is closed here, unread, and goes on in the parent.
        let fresh = Arc::new(Own::new(&self.hosts, &self.tls, self.options));
        self.own.store(Arc::clone(&fresh));
        fresh
    }

    /// Connections for one request that trusts, or is, somebody of its own: none is kept, as in OPA.
    fn agent_of(&self, trust: Trust) -> std::result::Result<Agent, String> {
        Ok(agent(&self.hosts, &trust.config(&self.roots)?, 0))
    }
}

/// What policies may see of what lies outside. It can change while decisions are made.
#[derive(Debug, Default)]
pub struct Outside {
    network: ArcSwapOption<Network>,
    runtime: ArcSwapOption<Box<[u8]>>,
}

impl Outside {
    /// Opens the network that far.
    pub fn allow(&self, network: Network) {
        self.network.store(Some(Arc::new(network)));
    }

    /// How far the network is open; `None` where nobody said it.
    #[must_use]
    pub fn network(&self) -> Option<Arc<Network>> {
        self.network.load_full()
    }

    /// Says what `opa.runtime` gives, as the text of a JSON object.
    pub fn set_runtime(&self, json: &[u8]) {
        self.runtime.store(Some(Arc::new(json.into())));
    }

    /// What `opa.runtime` gives; `None` for nothing.
    #[must_use]
    pub fn runtime(&self) -> Option<Arc<Box<[u8]>>> {
        self.runtime.load_full()
    }
}

impl Own {
    fn new(hosts: &Arc<Hosts>, tls: &Arc<ClientConfig>, options: NetworkOptions) -> Self {
        let (agent, responses) = (agent(hosts, tls, MAX_IDLE_CONNECTIONS), Responses::new(options.max_cache_bytes));
        Self { generation: process::generation(), agent, responses }
    }

    /// Answers that outlive a decision.
    pub(in crate::rego) const fn responses(&self) -> &Responses {
        &self.responses
    }
}

fn agent(hosts: &Arc<Hosts>, tls: &Arc<ClientConfig>, idle: usize) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // A proxy would connect where nothing here could see.
        .proxy(None)
        .max_idle_connections(idle)
        .max_idle_connections_per_host(idle)
        .accept("")
        .accept_encoding("")
        .user_agent(concat!("sark/", env!("CARGO_PKG_VERSION")));
    let connector = TcpConnector::default().chain(Secure::new(Arc::clone(tls)));
    Agent::with_parts(config.build(), Noting(connector), Guarded::new(Arc::clone(hosts)))
}

/// OPA's words for a host that is not listed.
pub(in crate::rego) fn disallowed(host: &str) -> String {
    format!("disallowed host: {host}")
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("hosts", &self.hosts).field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]
mod tests;
