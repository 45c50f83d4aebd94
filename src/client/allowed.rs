//! Whether a result allows. Everything but an explicit yes is a no.

use crate::rego::Limits;
use crate::rego::value::{Arena, MAX_DEPTH, Value, read};

/// Exactly `true`, or an object whose `allow` (or, where it has none, `allowed`) is exactly `true`.
pub(super) fn is_allowed(result: Option<&[u8]>) -> bool {
    let Some(result) = result else { return false };
    match result.first() {
        Some(b'{') => {
            let arena = Arena::new();
            let Ok(object) = read(&arena, result, Limits { max_bytes: u64::MAX, max_depth: MAX_DEPTH }) else { return false };
            let key = |name: &[u8]| object.as_object().and_then(|object| object.get_str(name));
            matches!(key(b"allow").or_else(|| key(b"allowed")), Some(Value::Bool(true)))
        }
        _ => result == b"true",
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn only_an_explicit_true_allows() {
        for yes in ["true", r#"{"allow":true}"#, r#"{"allowed":true}"#, r#"{"allow":true,"allowed":false}"#] {
            assert!(is_allowed(Some(yes.as_bytes())), "{yes}");
        }
        for no in [
            "",
            "{}",
            "1",
            "\"true\"",
            "null",
            "[true]",
            "false",
            r#"{"allow":1}"#,
            r#"{"allow":"true"}"#,
            r#"{"allow":false,"allowed":true}"#,
            r#"{"allow":null,"allowed":true}"#,
            r#"{"ALLOW":true}"#,
            r#"{"a":{"allow":true}}"#,
        ] {
            assert!(!is_allowed(Some(no.as_bytes())), "{no}");
        }
        assert!(!is_allowed(None));
    }
}
