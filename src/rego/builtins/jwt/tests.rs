use super::super::super::budget::Budget;
use super::super::super::value::{Arena, Value, text, unmarshal};
use super::super::{Caches, Context, Failure, lookup};

fn call(name: &str, operands: &[&str]) -> String {
    let arena = Arena::new();
    let operands: Vec<Value<'_>> = operands.iter().map(|json| unmarshal(&arena, json.as_bytes()).expect("JSON")).collect();
    let mut ctx = Context::new(&arena, Budget::new(None, 1 << 28), 1_700_000_000_000_000_000, Caches::default());
    match (lookup(name).expect("a builtin").function)(&mut ctx, &operands) {
        Ok(value) => text(&value),
        Err(Failure::Operand(problem)) => format!("type: {problem}"),
        Err(Failure::Builtin(problem)) => format!("error: {problem}"),
        Err(other) => format!("{other:?}"),
    }
}

/// RFC 7515, A.1.
const SECRET: &str =
    r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
/// RFC 7515, A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// RFC 8037, A.1.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURo"}"#;

#[test]
fn what_is_signed_verifies() {
    for (alg, key) in [("HS256", SECRET), ("HS512", SECRET), ("ES256", EC)] {
        let token = call("io.jwt.encode_sign", &[&format!(r#"{{"alg":"{alg}"}}"#), r#"{"a":1}"#, key]);
        let constraints = format!(r#"{{"cert":{}}}"#, serde_json::Value::String(key.to_owned()));
        let verified = call("io.jwt.decode_verify", &[&token, &constraints]);
        assert_eq!(verified, format!(r#"[true, {{"alg": "{alg}"}}, {{"a": 1}}]"#));
        let other = token.replacen("\"e", "\"f", 1);
        assert!(!call("io.jwt.decode_verify", &[&other, &constraints]).starts_with("[true"));
    }
    assert!(call("io.jwt.encode_sign", &[r#"{"alg":"ES256"}"#, "{}", SECRET]).starts_with("error: jwsbb.Sign"));
    assert!(call("io.jwt.encode_sign", &[r#"{"alg":"EdDSA"}"#, "{}", ED]).starts_with("error: jwk.Parse"));
}

#[test]
fn the_rfcs_tokens() {
    let token = r#""eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk""#;
    let constraints = format!(r#"{{"cert":{},"time":1300819379000000000}}"#, serde_json::Value::String(SECRET.to_owned()));
    assert!(call("io.jwt.decode_verify", &[token, &constraints]).starts_with("[true"));
    let late = constraints.replace("79000000000", "80000000000");
    assert_eq!(call("io.jwt.decode_verify", &[token, &late]), "[false, {}, {}]");
    assert!(call("io.jwt.decode", &[token]).starts_with(r#"[{"alg": "HS256", "typ": "JWT"}, "#));
}

#[test]
fn an_unsigned_token_does_not_verify() {
    // {"alg":"none"} and {}.
    let token = r#""eyJhbGciOiJub25lIn0.e30.""#;
    assert_eq!(call("io.jwt.decode_verify", &[token, r#"{"secret":"s"}"#]), "[false, {}, {}]");
    assert_eq!(call("io.jwt.verify_hs256", &[token, r#""s""#]), "false");
    assert_eq!(call("io.jwt.decode", &[token]), r#"[{"alg": "none"}, {}, ""]"#);
    // An asymmetric key is no secret.
    let constraints = format!(r#"{{"cert":{}}}"#, serde_json::Value::String(EC.to_owned()));
    assert_eq!(call("io.jwt.decode_verify", &[r#""eyJhbGciOiJIUzI1NiJ9.e30.AAAA""#, &constraints]), "[false, {}, {}]");
}

#[test]
fn errors_are_opas() {
    assert_eq!(call("io.jwt.decode", &["1"]), "type: operand 1 must be string but got number");
    assert_eq!(call("io.jwt.decode", &[r#""a""#]), "error: encoded JWT had no period separators");
    assert_eq!(call("io.jwt.decode", &[r#""a.b""#]), "error: encoded JWT must have 3 sections, found 2");
    let token = r#""e30.e30.""#;
    assert_eq!(call("io.jwt.decode_verify", &[token, "{}"]), "error: no key constraint");
    assert_eq!(call("io.jwt.decode_verify", &[token, r#"{"x":1}"#]), "error: unknown token validation constraint: x");
    assert_eq!(call("io.jwt.decode_verify", &[token, r#"{"secret":1}"#]), "error: secret constraint: must be a string");
    let negative = call("io.jwt.decode_verify", &[token, r#"{"secret":"s","time":-1}"#]);
    assert_eq!(negative, "error: token time constraint: must not be negative");
}
