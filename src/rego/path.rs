//! A ground reference into `data`, such as `data.authz["a-b"].allow`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::quality::FixedState;

use crate::error::{Error, Result};

/// The keys below `data`, outermost first. No key at all is the whole of `data`.
///
/// Cheap to clone: the same question is asked again and again.
#[derive(Debug, Clone)]
pub struct Path {
    keys: Arc<[String]>,
    /// Of the keys: a prepared question is looked up by the same path each time.
    hash: u64,
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys) || (self.hash == other.hash && self.keys == other.keys)
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> Ordering {
        self.keys.cmp(&other.keys)
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Path {
    /// A path of these keys.
    #[must_use]
    pub fn new(keys: Vec<String>) -> Self {
        let hash = FixedState::default().hash_one(&keys);
        Self { keys: keys.into(), hash }
    }

    /// A number that spreads paths over a table: equal paths have the same.
    #[inline]
    pub(super) const fn number(&self) -> usize {
        #[allow(clippy::cast_possible_truncation, reason = "any bits will do")]
        let number = self.hash as usize;
        number
    }

    /// The keys, outermost first.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether `text` is a path rather than a policy's name: `data`, or `data` followed by a dot or a bracket.
    #[must_use]
    pub fn is_path(text: &str) -> bool {
        text.strip_prefix("data").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Whether `key` has the form of a Rego variable.
    #[must_use]
    pub fn is_identifier(key: &str) -> bool {
        split_name(key).is_some_and(|(_, rest)| rest.is_empty())
    }

    /// Reads `data.a.b` and `data["a"].b`; the keys in brackets are JSON strings.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with the offset of what is not part of a path.
    pub fn parse(text: &str) -> Result<Self> {
        let mut rest = text.strip_prefix("data").ok_or_else(|| bad_path(text, text))?;
        let mut keys = Vec::new();
        while !rest.is_empty() {
            let (key, after) = if let Some(after) = rest.strip_prefix('.') {
                split_name(after).ok_or_else(|| bad_path(text, after))?
            } else {
                split_bracket(rest).ok_or_else(|| bad_path(text, rest))?
            };
            keys.push(key);
            rest = after;
        }
        Ok(Self::new(keys))
    }

    /// The path of OPA's data API without a slash before it, as its decision log has it. A slash inside a key is written `%2F`, a percent sign `%25`.
    #[must_use]
    pub fn to_slashes(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| key.replace('%', "%25").replace('/', "%2F")).collect();
        keys.join("/")
    }

    /// Reads the path of OPA's data API: `/a/b`, or `a/b`; `/` alone is the whole of `data`. A key is any text without a slash.
    #[must_use]
    pub fn from_slashes(text: &str) -> Self {
        let text = text.strip_prefix('/').unwrap_or(text);
        if text.is_empty() {
            return Self::new(Vec::new());
        }
        Self::new(text.split('/').map(str::to_owned).collect())
    }
}

fn bad_path(text: &str, rest: &str) -> Error {
    let offset = text.len() - rest.len();
    Error::invalid(
        "policy_or_path",
        format_args!("not a path at offset {offset}; write it like data.package.rule or data[\"key\"]"),
    )
    .at_offset(offset)
}

/// The identifier at the start of `text`, and what follows it.
fn split_name(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well.then(|| (name.to_owned(), rest))
}

/// The string in `["…"]` at the start of `text`, and what follows the bracket.
fn split_bracket(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut strings = serde_json::Deserializer::from_str(inner).into_iter::<String>();
    let key = strings.next()?.ok()?;
    let rest = inner.get(strings.byte_offset()..)?.strip_prefix(']')?;
    Some((key, rest))
}

/// The path as Rego writes it, with each key in brackets that is not an identifier.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data")?;
        for key in self.keys() {
            if Self::is_identifier(key) && !is_keyword(key) {
                write!(f, ".{key}")?;
            } else {
                write!(f, "[{}]", serde_json::Value::from(key.as_str()))?;
            }
        }
        Ok(())
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 16] = [
        "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some", "true",
        "with", "set",
    ];
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn reads_and_writes_every_form() {
        for (text, keys) in [
            ("data", vec![]),
            ("data.a", vec!["a"]),
            ("data.a_1.b2", vec!["a_1", "b2"]),
            (r#"data["a-b"].c"#, vec!["a-b", "c"]),
            (r#"data["é\"]"]["x"]"#, vec!["é\"]", "x"]),
            (r#"data["if"]"#, vec!["if"]),
        ] {
            let path = Path::parse(text).map_err(|e| e.to_string());
            assert_eq!(path.as_ref().map(|p| p.keys().iter().map(String::as_str).collect()), Ok(keys), "{text}");
            assert_eq!(
                path.and_then(|p| Path::parse(&p.to_string()).map_err(|e| e.to_string())).map(|p| p.to_string()),
                Path::parse(text).map(|p| p.to_string()).map_err(|e| e.to_string())
            );
        }
    }

    #[test]
    fn refuses_what_is_no_path_and_says_where() {
        for (text, offset) in
            [("data.", 5), ("data.1", 5), ("data[1]", 4), ("data[\"a\"", 4), ("data.a b", 6), ("data..a", 5), ("database", 4)]
        {
            assert_eq!(Path::parse(text).err().and_then(|e| e.offset()), Some(offset), "{text}");
        }
    }

    #[test]
    fn a_policy_may_be_called_database() {
        assert!(!Path::is_path("database"));
        assert!(Path::is_path("data") && Path::is_path("data.x") && Path::is_path("data[x"));
    }
}
