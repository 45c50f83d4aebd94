//! Whether a result allows. Everything but an explicit yes is a no.

use serde_json::Value;

/// Exactly `true`, or an object whose `allow` (or, where it has none, `allowed`) is exactly `true`.
pub(super) fn is_allowed(result: Option<&[u8]>) -> bool {
    let Some(result) = result else { return false };
    match result.first() {
        Some(b'{') => {
            matches!(serde_json::from_slice(result), Ok(Value::Object(object)) if object.get("allow").or_else(|| object.get("allowed")) == Some(&Value::Bool(true)))
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
