//! One question to OPA, as it is sent, perhaps twice.

use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

use super::trace::TraceParent;
use crate::error::{Error, ErrorKind, Result};

/// A `POST`, and when it began.
pub struct Question {
    pub(super) url: String,
    pub(super) body: Vec<u8>,
    /// The value of `Authorization`.
    pub(super) token: Option<String>,
    pub(super) trace: Option<TraceParent>,
    pub(super) timeout: Option<Duration>,
    pub(super) start: Instant,
}

/// Why there was no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// There was no connection, or it broke.
    Connection,
    /// It took too long.
    Timeout,
}

impl Question {
    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The header's fields: a bearer token may be among them.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let trace = self.trace.map(|trace| ("traceparent", trace.to_string()));
        let token = self.token.clone().map(|token| ("authorization", token));
        std::iter::once(("content-type", "application/json".to_owned())).chain(trace).chain(token)
    }

    /// The body, JSON.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The time that is left for the response; `None` for no bound.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.timeout.map(|timeout| timeout.saturating_sub(self.start.elapsed()))
    }

    /// Whether OPA gave no answer, none that is one, or none in time. That a policy fails, or an answer is larger than is wanted, is an answer.
    pub(super) fn is_failure(&self, error: &Error) -> bool {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::SerializationError => true,
            ErrorKind::LimitExceeded => self.remaining().is_some_and(|left| left.is_zero()),
            _ => false,
        }
    }
}

/// `{"input": …}`. The input is checked to be one JSON text first, since anything else could close the object and add to it.
pub(super) fn request_body(input: Option<&[u8]>) -> Result<Vec<u8>> {
    let Some(input) = input else { return Ok(b"{}".to_vec()) };
    serde_json::from_slice::<IgnoredAny>(input).map_err(|e| {
        Error::new(ErrorKind::SerializationError, format!("the input is not JSON, so it was not sent to OPA: {e}"))
    })?;
    Ok([b"{\"input\":".as_slice(), input, b"}"].concat())
}
