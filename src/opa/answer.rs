//! What OPA answered, read as a decision or as an error.

use super::Answer;
use crate::error::{Error, ErrorKind, Result};
use crate::rego::Limits;
use crate::rego::value::{Arena, MAX_DEPTH, Style, Value, read, write};

/// The most of an error's body that is read for its message.
pub(super) const MAX_ERROR_BODY: u64 = 64 << 10;

pub(super) fn answer_of(text: &[u8], max_bytes: u64) -> Result<Answer> {
    let arena = Arena::new();
    let answer = read(&arena, text, Limits { max_bytes, max_depth: MAX_DEPTH })
        .map_err(|e| Error::new(e.kind(), format!("OPA's answer: {}", e.message())))?;
    let Some(object) = answer.as_object() else {
        return Err(Error::new(ErrorKind::SerializationError, "OPA's answer is not an object; is this the URL of an OPA?"));
    };
    let result = object.get_str(b"result").map(|result| {
        let mut text = Vec::new();
        write(&result, Style::PLAIN, &mut text);
        text
    });
    Ok(Answer { result, revision: object.get_str(b"provenance").and_then(|provenance| revision_of(&provenance)) })
}

/// OPA's `v1/server/types`, `ProvenanceV1`: a legacy bundle's `revision`, or `bundles`.
fn revision_of(provenance: &Value<'_>) -> Option<String> {
    let legacy = text_of(provenance, "revision");
    let bundles = provenance.get(&Value::String(b"bundles")).and_then(|bundles| bundles.as_object());
    let named = bundles.map(|bundles| {
        let each = bundles.keys().iter().zip(bundles.values().iter()).map(|(name, bundle)| {
            let name = String::from_utf8_lossy(name.as_bytes().unwrap_or_default()).into_owned();
            format!("{name}={}", text_of(&bundle, "revision"))
        });
        each.collect::<Vec<_>>().join(",")
    });
    named.filter(|text| !text.is_empty()).or_else(|| (!legacy.is_empty()).then_some(legacy))
}

/// What OPA said with a status other than 200 (`v1/server/types`, `ErrorV1`: `code`, `message`, `errors`).
pub(super) fn opa_error(status: u16, body: &[u8]) -> Error {
    let arena = Arena::new();
    let answer = read(&arena, body, Limits { max_bytes: MAX_ERROR_BODY, max_depth: MAX_DEPTH }).unwrap_or(Value::Null);
    let first = answer.get(&Value::String(b"errors")).and_then(|errors| errors.get(&Value::Int(0)));
    let detail = first.map(|e| format!(": {}", text_of(&e, "message"))).unwrap_or_default();
    let code = text_of(&answer, "code");
    let hint = match status {
        401 | 403 => "; does opa_url's token_file or cert_file name someone whom OPA's policy system.authz allows?",
        404 => "; is opa_url the one of an OPA, its path prefix included?",
        _ => "",
    };
    let message = format!("OPA answered {status} {code} {}{detail}{hint}", text_of(&answer, "message"));
    let kind = match (status, code.as_str()) {
        (500, "internal_error") => ErrorKind::EvaluationError,
        // Without OPA's code it is someone else's: an HTTPS server says so to who speaks plain HTTP.
        (400, code) if known_code(code).is_some() => ErrorKind::EvaluationError,
        _ => ErrorKind::Unavailable,
    };
    let error = Error::new(kind, message.trim_end().to_owned());
    // The first finding's says more than `internal_error` does.
    let known = first.and_then(|e| known_code(&text_of(&e, "code"))).or_else(|| known_code(&code));
    known.into_iter().fold(error, Error::with_code)
}

/// OPA's codes: `v1/server/types`, `v1/topdown/errors.go` and `v1/ast/errors.go`.
fn known_code(code: &str) -> Option<&'static str> {
    const CODES: [&str; 20] = [
        "internal_error",
        "evaluation_error",
        "unauthorized",
        "invalid_parameter",
        "invalid_operation",
        "resource_not_found",
        "resource_conflict",
        "undefined_document",
        "eval_internal_error",
        "eval_cancel_error",
        "eval_conflict_error",
        "eval_type_error",
        "eval_builtin_error",
        "eval_with_merge_error",
        "rego_parse_error",
        "rego_compile_error",
        "rego_type_error",
        "rego_unsafe_var_error",
        "rego_recursion_error",
        "rego_input_error",
    ];
    CODES.into_iter().find(|known| *known == code)
}

/// The string under a key, empty where there is none.
fn text_of(value: &Value<'_>, key: &str) -> String {
    let found = value.as_object().and_then(|object| object.get_str(key.as_bytes()));
    found.and_then(|text| text.as_bytes()).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}
