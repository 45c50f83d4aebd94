//! What is wrong with a request, or with what it asked for: a problem document (RFC 9457).

use serde_json::{Map, Value};

use super::response::Response;
use crate::error::{Error, ErrorKind};

/// What a route gives.
pub(super) type Answer = Result<Response, Problem>;

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    detail: String,
    /// The parameter or header field that is to be mended.
    field: Option<String>,
    /// Further members of the document.
    more: Vec<(&'static str, Value)>,
    header: Option<(&'static str, &'static str)>,
}

impl Problem {
    fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), field: None, more: Vec::new(), header: None }
    }

    /// 400: a field that is missing, unknown or unfit.
    pub(super) fn field(field: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(400, detail) }
    }

    /// 401: no token, or one that nobody has. The same for both: an answer is no oracle.
    pub(super) fn no_token() -> Self {
        let detail = "a token is needed that is known here; send it as Authorization: Bearer TOKEN";
        Self { header: Some(("WWW-Authenticate", "Bearer")), ..Self::new(401, detail) }
    }

    /// 403.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, detail)
    }

    /// 404: no such route.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "there is nothing at this path; openapi.json beside the page lists what there is")
    }

    /// 404: a route whose object was not given.
    pub(super) fn not_given(noun: &str) -> Self {
        Self::new(404, format!("this admin was made without {noun}"))
    }

    /// 405.
    pub(super) fn wrong_method(allowed: &'static str) -> Self {
        Self { header: Some(("Allow", allowed)), ..Self::new(405, format!("this path takes {allowed}")) }
    }

    /// 413.
    pub(super) fn body_too_large() -> Self {
        Self::new(413, format!("the body has more than {} bytes", super::MAX_BODY))
    }

    /// 415.
    pub(super) fn wrong_content_type() -> Self {
        let detail = "the body must be JSON in UTF-8, sent as Content-Type: application/json";
        Self { field: Some("Content-Type".into()), ..Self::new(415, detail) }
    }

    /// 503.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(503, detail)
    }

    /// The same with a further member.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut document = Map::new();
        // "about:blank" says that the status says it all; the title is then the status's own.
        document.insert("type".into(), "about:blank".into());
        document.insert("title".into(), title(self.status).into());
        document.insert("status".into(), self.status.into());
        document.insert("detail".into(), self.detail.into());
        if let Some(field) = self.field {
            document.insert("field".into(), field.into());
        }
        document.extend(self.more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let response = Response::new(self.status, "application/problem+json", Value::Object(document).to_string());
        self.header.into_iter().fold(response, |response, (name, value)| response.with(name, value))
    }
}

/// What the flags say of a change or a question. Parameters are checked before, so that what is left is theirs.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.message();
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Closed => Self::unavailable(message),
            ErrorKind::TooLarge | ErrorKind::Conflict => Self::new(409, message),
            ErrorKind::InvalidArgument => match message.split_once(": ") {
                Some((field, _)) => Self::field(field, message),
                None => Self::new(400, message),
            },
            _ => Self::new(500, message),
        }
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
