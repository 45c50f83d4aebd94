//! Writing values: as JSON, the way OPA's server and Go's `encoding/json` do, and as Rego literals, the way OPA prints terms.

mod json;
mod keys;
mod quote;
mod text;
mod unprintable;

use super::Value;

pub use json::write;
pub use keys::unwritable;
pub use quote::{is_printable, push_escaped, push_quoted, push_quoted_as, quote};
pub use text::write_text;

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style<'s> {
    /// Whether `<`, `>` and `&` are escaped, as Go does unless told not to: `json.marshal` does, results do not.
    pub escape_html: bool,
    /// What begins each line, and each level of nesting on it; `None` for all on one line.
    pub pretty: Option<(&'s [u8], &'s [u8])>,
}

impl Style<'static> {
    /// Compact, as results are.
    pub const PLAIN: Self = Self { escape_html: false, pretty: None };
    /// Compact, as `json.marshal` writes.
    pub const HTML: Self = Self { escape_html: true, pretty: None };
}

/// The Rego literal of a value.
#[must_use]
pub fn text(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    write_text(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
