//! What is left out of whatever keeps inputs and results: the places that a caller names (OPA's `v1/plugins/logs/mask.go`, its removals).

use serde_json::Value;

use crate::error::{Error, Result};

/// Places in an event, as JSON pointers (RFC 6901) that start with `/input` or `/result`.
#[derive(Debug, Clone, Default)]
pub struct Mask(Vec<Pointer>);

#[derive(Debug, Clone)]
struct Pointer {
    text: String,
    keys: Vec<String>,
}

impl Mask {
    /// Reads an array of pointers, such as `["/input/password", "/result/token"]`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let bad = |problem: &str| Error::invalid("mask", problem);
        let texts: Vec<String> = serde_json::from_slice(json)
            .map_err(|_| bad("not a JSON array of strings; write it like [\"/input/password\", \"/result/token\"]"))?;
        texts.into_iter().map(Pointer::parse).collect::<Option<_>>().map(Self).ok_or_else(|| {
            bad("a place is written like /input/password: it starts with /input or /result, and ~ is written ~0, / inside a key ~1")
        })
    }

    /// Removes the places from `{"input": …, "result": …}`, and says which were there.
    pub(crate) fn erase(&self, event: &mut Value) -> Vec<&str> {
        self.0.iter().filter(|pointer| pointer.erase(event)).map(|pointer| pointer.text.as_str()).collect()
    }
}

impl Pointer {
    fn parse(text: String) -> Option<Self> {
        let keys: Option<Vec<String>> = text.strip_prefix('/')?.split('/').map(unescaped).collect();
        let keys = keys?;
        matches!(keys.first().map(String::as_str), Some("input" | "result")).then_some(Self { text, keys })
    }

    fn erase(&self, event: &mut Value) -> bool {
        let Some((last, path)) = self.keys.split_last() else { return false };
        let parent = path.iter().try_fold(event, |value, key| match value {
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
            value => value.get_mut(key),
        });
        match parent {
            Some(Value::Object(entries)) => entries.remove(last).is_some(),
            Some(Value::Array(items)) => {
                let place = last.parse::<usize>().ok().filter(|at| *at < items.len());
                place.map(|at| items.remove(at)).is_some()
            }
            _ => false,
        }
    }
}

/// `None` for a `~` that is neither `~0` nor `~1`.
fn unescaped(key: &str) -> Option<String> {
    let mut parts = key.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match part.as_bytes().first() {
            Some(b'0') => ('~', part.get(1..)),
            Some(b'1') => ('/', part.get(1..)),
            _ => return None,
        };
        text.push(sign);
        text.push_str(rest.unwrap_or_default());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use serde_json::json;

    #[test]
    fn places_are_removed_and_named() {
        let mask =
            Mask::parse(br#"["/input/a~1b/1", "/result", "/input/absent/x", "/input/list/9", "/input/n/x"]"#).unwrap_or_default();
        let mut event = json!({"input": {"a/b": [1, 2, 3], "list": [1], "n": 5, "kept": true}, "result": {"x": 1}});
        assert_eq!(mask.erase(&mut event), ["/input/a~1b/1", "/result"]);
        assert_eq!(event, json!({"input": {"a/b": [1, 3], "list": [1], "n": 5, "kept": true}}));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "{}", "[1]", r#"["input"]"#, r#"["/data/x"]"#, r#"["/"]"#, r#"["/input/~2"]"#, r#"["/input/~"]"#] {
            assert!(Mask::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Mask::parse(b"[]").is_ok());
    }
}
