//! The schemas of schemas, as json-schema.org publishes them: a schema may refer to them.

use super::document::Document;

const META: [(&str, &str); 3] = [
    ("http://json-schema.org/draft-04/schema", include_str!("meta/draft-04.json")),
    ("http://json-schema.org/draft-06/schema", include_str!("meta/draft-06.json")),
    ("http://json-schema.org/draft-07/schema", include_str!("meta/draft-07.json")),
];

/// The document at a URL without fragment, if it is one of them: which, and what it holds.
pub(super) fn load(url: &str) -> Option<(usize, Document)> {
    let at = META.iter().position(|(own, _)| *own == url)?;
    let (own, text) = META.get(at)?;
    let root = serde_json::from_str(text).ok()?;
    Some((at, Document::at(own, &root).ok()?))
}
