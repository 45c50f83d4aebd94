#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what is wrong by failing")]

use super::super::super::budget::Budget;
use super::super::super::value::{Arena, Value, text, unmarshal};
use super::super::{Caches, Clock, Context, Failure, lookup};

fn call(name: &str, operands: &[&str]) -> String {
    let arena = Arena::new();
    let operands: Vec<Value<'_>> = operands.iter().map(|json| unmarshal(&arena, json.as_bytes()).expect("JSON")).collect();
    let mut ctx = Context::new(&arena, Budget::new(None, 1 << 28), Clock::fixed(1_700_000_000_000_000_000), Caches::default());
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

/// What OPA signed: algorithm, token, key.
const SIGNED: &[(&str, &str, &str)] = &[
    (
        "ES384",
        "eyJhbGciOiJFUzM4NCJ9.eyJhIjoxfQ.0PDTt379LiQJQ5AcqfjobsVF8rn6sI1LV-f2dVZXxPVMNXPKbh2SNEKjvk4b3urDi_53QE8iI3iZxeUHFWQZaf1sJqVsiR068Jeg2oFlEcbO8NXfxA_jmh5kbPM6H7qg",
        "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEZreTRhgTGwHdQF7iTsMEna3SV6BkBG8Z\nHZfbfCDAiRDh79EYsd0hwA9kgVGVAYLcZTHrYZ54k/kFonVYTIjFenXyB5ZgBp1K\nc3FMta2OCg8PQ/FR6M07m24lTJngRi91\n-----END PUBLIC KEY-----\n",
    ),
    (
        "ES512",
        "eyJhbGciOiJFUzUxMiJ9.eyJhIjoxfQ.AWYadOjhdMD9iQHqqcuBbdtBtehuEMJAfp2i8ndjn_2S3aAcViYlMEVCvntY3XaEYS_mkY9tZzJo0DXrA6QzMC4IAFAwlIT5wWB-xpIhgOW1lDexk6orB6SE19c08VCnbE4yWYZQ1N20pRDF3f78ynxvTJa7HWuzjJJqVEq0iyxZYmXK",
        "-----BEGIN PUBLIC KEY-----\nMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBGrsnPL6r0zUayZFwe/3KRgtD5+l4\nDmeDKQjIOSIHwCXXZHceLauQt3j6uz7+y53HV2DHwt61aP5nLAXHq6/hj1IAPtSL\nEOT2waeabqFDrw7+J6TlFBKnnX3daZwd5GRhzE2oyv2D/oext4L/PRlzPLs7kEb0\nGFoTPBGicXfJGe/euTY=\n-----END PUBLIC KEY-----\n",
    ),
    (
        "PS384",
        "eyJhbGciOiJQUzM4NCJ9.eyJhIjoxfQ.XTYcIpxsCQqGKAP8ieRbsQPoV0PRlucfcD-BIatMvN7_9VhmUewxI7qteLThWC_LRhJfOPO2V2drbKzXW5onnKyfMAdYFjBmy47FBfVaDZ8zwdpWEAH8Tv4RlqY9_kL0TyWuVcloRm70G7nZ2yUcWHNgKSxnaVKkE8yRswnlBBO0jo8MQgbqqlC_K6AksXRZ8xkF-3L3jngJM0k3HJnmer4OFL_0DcflFZt2TCEQFqD7Mz9mBaw8-j7FBP2ofEVitKmJ-4eWMrOHvhROXsP2Htq2d1Q82UolxvX8nIrnaItNQhZtMa_8HHGc07kD5uevox0Xd9xyo2I5-dwl-Tvkbg",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAp7DW9cu2+sEUrxHMGfCJ\nRsgKyogySTJIGEWBI5PEMLoj1zOnXD3Fbkg8+Js4h+a8gGKImSwG986oNVSGp9WQ\naORm7uWWRpgqZSV6+4ztd/qQKQjgbobl1pOVYEvvJcaFIj5ge+xBaGozBL7R3aiH\nk9aBtoYSGXZRwXlETy7K16YsKjAv0iWswzMlza92xo5TPivBDM+ox+61gnoZuImB\nkD8/Ub7yzyfKOTCZWyr8gzzPDjCZyc06a05LMa2C3yWkI5w7Kq0AM5DRgLvm4LNF\nwbERWv5QVr+GwN45Pv/NSjlIgXDKYJs3czBmbCTvQSwPaMcMVFnrWNEDpG/3cY0b\n9wIDAQAB\n-----END PUBLIC KEY-----\n",
    ),
    (
        "RS512",
        "eyJhbGciOiJSUzUxMiJ9.eyJhIjoxfQ.f2k-9mHMMX94EtfgJ3qNpKE-bsJFlZbRt6jNpsOqGt0oP8Gtkx0Q_ECyKRHXJ-B1KamVuNSdRmCX5mWEGGlLqwBOzXMdR1O7JBUnNIgrZRTlVUzgFUcsWFMxGvZLJO2t6-8n6XY9kigdhn5KieGXzK_8IAGxXQVHjNNe8VLNH0CL-gcrh371lwj5UG1p2u06la9D8m0Msw8aEK9TcnVVW_wS84m3Oi8Ej51nNP-DdhaLsSODgEIGGviA8zFatQWNq5JGyhIL6REp6QuvAVauUJAocnsrgTSR1OkkA9UrAQk7e74CxgfcxLJLMF_Pg7EXSzsB1Bf52koEk25AZpGpLg",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAp7DW9cu2+sEUrxHMGfCJ\nRsgKyogySTJIGEWBI5PEMLoj1zOnXD3Fbkg8+Js4h+a8gGKImSwG986oNVSGp9WQ\naORm7uWWRpgqZSV6+4ztd/qQKQjgbobl1pOVYEvvJcaFIj5ge+xBaGozBL7R3aiH\nk9aBtoYSGXZRwXlETy7K16YsKjAv0iWswzMlza92xo5TPivBDM+ox+61gnoZuImB\nkD8/Ub7yzyfKOTCZWyr8gzzPDjCZyc06a05LMa2C3yWkI5w7Kq0AM5DRgLvm4LNF\nwbERWv5QVr+GwN45Pv/NSjlIgXDKYJs3czBmbCTvQSwPaMcMVFnrWNEDpG/3cY0b\n9wIDAQAB\n-----END PUBLIC KEY-----\n",
    ),
    (
        "EdDSA",
        "eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ._X8h6ZSNW2jUpwatsoYkecUyNY0fcrF-jiPjaaTbSBWaDigoTCoO10GPy4RSGAtbj_Z21TaShVrL8o1UC53kCg",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEALhTofu3y2MA07avLc0OWRLNV1vmPPAo6Mik/2xCV2J4=\n-----END PUBLIC KEY-----\n",
    ),
];

#[test]
fn what_opa_signed_verifies() {
    for (alg, token, key) in SIGNED {
        let (quoted, key) = (format!("\"{token}\""), serde_json::Value::String((*key).to_owned()).to_string());
        let name = format!("io.jwt.verify_{}", alg.to_lowercase());
        assert_eq!(call(&name, &[&quoted, &key]), "true", "{alg}");
        // One byte of the signature differs.
        let forged = quoted.replacen(&token[token.len() - 9..token.len() - 5], "AAAA", 1);
        assert_eq!(call(&name, &[&forged, &key]), "false", "{alg}");
        let constraints = format!(r#"{{"cert":{key}}}"#);
        assert!(call("io.jwt.decode_verify", &[&quoted, &constraints]).starts_with("[true"), "{alg}");
        assert_eq!(call("io.jwt.decode_verify", &[&forged, &constraints]), "[false, {}, {}]", "{alg}");
        // The hash is the builtin's, whatever the token says.
        let other = if alg.ends_with("512") { alg.replace("512", "256") } else { alg.replace("384", "256") };
        let other = format!("io.jwt.verify_{}", other.to_lowercase());
        assert_eq!(call(&other, &[&quoted, &key]), (*alg == "EdDSA").to_string(), "{alg}");
    }
}
