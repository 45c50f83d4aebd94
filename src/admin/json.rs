//! JSON as the admin takes it: flat, and told apart from what only looks like it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// An object's names and values in their order, nothing nested; what is wrong, where it is not that.
pub(super) fn flat_object(text: &[u8]) -> Result<Vec<(String, Value)>, String> {
    if nests_deeper(text, 1) {
        return Err("it must be a JSON object of texts and numbers".into());
    }
    serde_json::from_slice(text).map(|Fields(fields)| fields).map_err(|e| e.to_string())
}

/// Whether anything lies in more than `levels` objects and arrays. The reader of JSON takes the caller's stack for each level.
pub(super) fn nests_deeper(text: &[u8], levels: u32) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels {
            return true;
        }
    }
    false
}

/// The members as they stand there: a map would keep the last of several silently.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}
