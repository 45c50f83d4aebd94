//! A response, ready for any server.

use serde_json::Value;

/// A response. The server adds what concerns the connection, such as the length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields, each name once.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.into())], body: body.into() }
    }

    /// 200 with JSON.
    pub(super) fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    /// What a resource allows.
    pub(super) fn options(allowed: &str) -> Self {
        Self { status: 204, headers: vec![("Allow", allowed.into())], body: Vec::new() }
    }

    /// 308: elsewhere, with the same method.
    pub(super) fn moved(to: &str) -> Self {
        Self { status: 308, headers: vec![("Location", to.into())], body: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What every answer says: it is of this moment, and of the type that it names.
    pub(super) fn guard(&mut self) {
        self.headers.push(("Cache-Control", "no-store".into()));
        self.headers.push(("X-Content-Type-Options", "nosniff".into()));
    }

    /// The header field `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
