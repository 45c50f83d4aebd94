//! Changing base data.

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::rego::Path;

/// Puts `value` at `path`, making the objects above it, as OPA's `PUT /v1/data/<path>` does.
pub(super) fn put(data: &mut Value, path: &Path, value: Value) -> Result<()> {
    let mut node = data;
    for key in path.keys() {
        let Value::Object(map) = node else {
            return Err(not_an_object(path, key));
        };
        node = map.entry(key.as_str()).or_insert_with(|| Value::Object(Map::new()));
    }
    *node = value;
    Ok(())
}

fn not_an_object(path: &Path, key: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("{path}: what stands above \"{key}\" is not an object; patch the document above it"))
}

/// The size of `value` as compact JSON.
pub(super) fn size(value: &Value) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail: the writer never does, and every key of a `Value` is text.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
