//! The admin API and its page: a function from a request to a response, without sockets. Whoever has a server mounts it there.
//!
//! What a remote client sends never becomes an `Err`, let alone a panic: every answer is a [`Response`], errors as problem documents
//! (RFC 9457). Routes stand in one table, `routes`; what each answers in `rollout` and `status`; who may ask, in `access`.

mod accept;
mod access;
mod figures;
mod json;
mod page;
mod parameters;
mod problem;
mod request;
mod response;
mod rollout;
mod routes;
mod status;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use request::Request;
pub use response::Response;
pub use token::{Role, Token};

use crate::cache::Cache;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::flags::Flags;
use crate::metrics::Metrics;
use crate::policy::Engine;
use access::Access;
use problem::{Answer, Problem};
use routes::{Call, Method, Route};
use token::Tokens;

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 << 10;

/// The version of the ABI that this library has. Told here, so that a status can be had without the C ABI; `ffi` holds the two together.
pub(crate) const ABI_VERSION: u32 = 1;

/// What is administered.
pub struct AdminParts {
    /// The dial.
    pub flags: Arc<Flags>,
    /// Decides locally.
    pub engine: Option<Arc<Engine>>,
    /// Remembers decisions.
    pub cache: Option<Arc<Cache>>,
    /// Where was counted.
    pub metrics: Option<Arc<Metrics>>,
    /// Decides, and asks the remote.
    pub client: Option<Arc<Client>>,
}

/// How an admin is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdminOptions {
    /// Whether everyone who reaches it may read and write. Only without tokens.
    pub allow_anonymous: bool,
}

/// Answers requests to administer. Usable from many threads at once.
pub struct Admin {
    parts: AdminParts,
    access: Access,
    closed: AtomicBool,
    /// Tells this process's figures from another's behind the same address.
    instance: String,
}

impl Admin {
    /// An admin of these parts for the bearers of these tokens.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for no tokens unless anonymous requests are allowed, for both, and for a token whose name or secret is
    /// missing, unfit, or another's; the message never has the secret.
    pub fn new(parts: AdminParts, tokens: Vec<Token>, options: AdminOptions) -> Result<Self> {
        let access = match (tokens.is_empty(), options.allow_anonymous) {
            (true, true) => Access::Anonymous,
            (true, false) => {
                return Err(Error::invalid(
                    "tokens",
                    "there are none, so that everyone could turn the dial; give some, or say allow_anonymous where another guard stands before it",
                ));
            }
            (false, true) => {
                return Err(Error::invalid("allow_anonymous", "with it, tokens would protect nothing; leave one of the two out"));
            }
            (false, false) => Access::Bearers(Tokens::new(tokens)?),
        };
        Ok(Self { parts, access, closed: AtomicBool::new(false), instance: crate::process::unique_id() })
    }

    /// Ends the admin: it answers 503 from now on. Its flags, engine, cache and metrics go on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Answers a request. Blocks as long as the flags' store takes to confirm a change, or to read the history.
    #[must_use]
    pub fn handle(&self, request: &Request<'_>) -> Response {
        let mut response = self.answer(request).unwrap_or_else(Problem::into_response);
        response.guard();
        if request.method == b"HEAD" {
            response.body.clear();
        }
        response
    }

    fn answer(&self, request: &Request<'_>) -> Answer {
        if self.is_closed() {
            return Err(Problem::unavailable("the admin was closed"));
        }
        let (path, query) = request.path_and_query();
        let route = Route::at(path).ok_or_else(Problem::no_such_path)?;
        match route.method.accepts(request.method) {
            Some(Method::Options) => return Ok(Response::options(route.method.allowed())),
            Some(_) => {}
            None => return Err(Problem::wrong_method(route.method.allowed())),
        }
        let caller = self.access.admit(route.needs, request)?;
        let parameters = parameters::read(route, query, request)?;
        (route.answer)(self, &Call { caller, parameters, format: accept::format(request) })
    }
}

#[cfg(test)]
mod tests;
