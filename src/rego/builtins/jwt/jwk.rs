//! JSON Web Keys (RFC 7517), and sets of them.

use super::super::super::value::{Arena, Entries, Value, is_json, unmarshal};
use super::super::crypto::{Curve, Private, Public, certificate_key, ed25519_public, is_point};
use super::super::encoding::{base64_bytes, base64url_bytes};

/// So many keys a set may have.
const MAX_KEYS: usize = 1000;

/// The algorithms that keys may be for; of these, tokens have some.
const ALGORITHMS: &[&str] = &[
    "A128CBC-HS256",
    "A128GCM",
    "A128GCMKW",
    "A128KW",
    "A192CBC-HS384",
    "A192GCM",
    "A192GCMKW",
    "A192KW",
    "A256CBC-HS512",
    "A256GCM",
    "A256GCMKW",
    "A256KW",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "Ed25519",
    "Ed448",
    "EdDSA",
    "HS256",
    "HS384",
    "HS512",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-384",
    "RSA-OAEP-512",
    "RSA1_5",
    "dir",
    "none",
];

/// A key: what verifies, what signs, or a secret; and what it says about itself.
#[derive(Debug, Clone)]
pub(super) struct Jwk {
    pub(super) kid: Vec<u8>,
    pub(super) alg: Vec<u8>,
    pub(super) material: Material,
}

/// What a key is made of.
#[derive(Clone)]
pub(super) enum Material {
    Public(Public),
    Private(Public, Private),
    Secret(Vec<u8>),
    /// It is well formed, and no key; what is wrong.
    Unusable(String),
}

/// Secrets are not shown.
impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public(_) => "Public",
            Self::Private(..) => "Private",
            Self::Secret(_) => "Secret",
            Self::Unusable(_) => "Unusable",
        })
    }
}

/// The keys of a text: one, or the set under `keys`.
pub(super) fn parse<'a>(arena: &'a Arena, text: &'a [u8]) -> Result<Vec<Jwk>, String> {
    let problem = |problem: String| format!("failed to unmarshal JWK set: {problem}");
    let (value, whole) = match unmarshal(arena, text) {
        Ok(value) => (value, is_json(text)),
        // Something after it is passed over where it is one key.
        Err(_) => (unmarshal(arena, first_value(text)).map_err(problem)?, false),
    };
    let Some(object) = value.as_object() else { return Err(problem("expected an object".to_owned())) };
    if !whole {
        return Ok(vec![key(&object)?]);
    }
    let Some(keys) = object.get_str(b"keys") else { return Ok(vec![key(&object)?]) };
    let Some(keys) = keys.as_array() else { return Err(r#"failed to decode "keys": expected '['"#.to_owned()) };
    if keys.len() > MAX_KEYS {
        return Err(format!(r#"too many keys in "keys" array: max {MAX_KEYS}"#));
    }
    let parsed = keys.iter().enumerate().map(|(at, entry)| match entry.as_object() {
        Some(entry) => key(&entry).map_err(|problem| format!(r#"failed to decode key #{at} in "keys": {problem}"#)),
        None => Err(format!(r#"failed to decode key #{at} in "keys": expected an object"#)),
    });
    parsed.collect()
}

/// The text up to the end of the object that it begins with; what comes after is not looked at.
fn first_value(text: &[u8]) -> &[u8] {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(..=at).unwrap_or(text);
                }
            }
            _ => {}
        }
    }
    text
}

/// What a key says about its use, which has to be well formed and is not looked at.
fn check_fields(object: &Entries<'_>) -> Result<(), String> {
    for name in ["use", "x5t", "x5t#S256", "x5u"] {
        text(object, name)?;
    }
    let certificate = |text: &[u8]| base64_bytes(text.trim_ascii()).is_ok_and(|der| certificate_key(&der).is_some());
    for name in ["key_ops", "x5c"] {
        let good = |text: &[u8]| name == "key_ops" || certificate(text);
        let all =
            |list: &Value<'_>| list.as_array().is_some_and(|list| list.iter().all(|entry| entry.as_bytes().is_some_and(good)));
        match object.get_str(name.as_bytes()) {
            None => {}
            Some(Value::Null) if name == "key_ops" => {}
            Some(list) if all(&list) => {}
            Some(_) => return Err(format!("failed to decode value for key {name}")),
        }
    }
    Ok(())
}

/// Bytes in base64, of either alphabet, padded or not.
fn bytes(object: &Entries<'_>, name: &str) -> Result<Option<Vec<u8>>, String> {
    let text = match object.get_str(name.as_bytes()) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(format!("failed to decode value for key {name}: expected a string")),
    };
    let has = |digits: &[u8]| text.iter().any(|b| digits.contains(b));
    if has(b"+/") && has(b"-_") {
        return Err(format!("failed to decode value for key {name}: expected base64 encoded []byte (string)"));
    }
    let mapped = text.iter().map(|b| match b {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    let text: Vec<u8> = mapped.collect();
    base64url_bytes(&text).map(Some).map_err(|problem| format!("failed to decode value for key {name}: {problem}"))
}

/// The private part: a key that has one is private, whatever it is.
fn private(object: &Entries<'_>) -> Result<Option<Vec<u8>>, String> {
    if object.get_str(b"d").is_none() { Ok(None) } else { bytes(object, "d").map(|d| Some(d.unwrap_or_default())) }
}

fn required(object: &Entries<'_>, name: &str) -> Result<Vec<u8>, String> {
    bytes(object, name)?.filter(|value| !value.is_empty()).ok_or_else(|| format!("required field {name} is missing"))
}

fn text(object: &Entries<'_>, name: &str) -> Result<Vec<u8>, String> {
    match object.get_str(name.as_bytes()) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.to_vec()),
        Some(_) => Err(format!("failed to decode value for key {name}: expected a string")),
    }
}

fn key(object: &Entries<'_>) -> Result<Jwk, String> {
    let (kid, alg) = (text(object, "kid")?, text(object, "alg")?);
    if object.get_str(b"alg").is_some() && !ALGORITHMS.iter().any(|known| known.as_bytes() == alg) {
        return Err(format!("invalid key value: {}: invalid key algorithm", String::from_utf8_lossy(&alg)));
    }
    check_fields(object)?;
    let material = match text(object, "kty")?.as_slice() {
        b"RSA" => rsa(object)?,
        b"EC" => ec(object)?,
        b"OKP" => okp(object)?,
        b"oct" => Material::Secret(required(object, "k")?),
        b"" => return Err("failed to get JWK key type: missing \"kty\"".to_owned()),
        other => return Err(format!("invalid key type from JSON ({})", String::from_utf8_lossy(other))),
    };
    Ok(Jwk { kid, alg, material })
}

fn rsa(object: &Entries<'_>) -> Result<Material, String> {
    let (n, e) = (required(object, "n")?, required(object, "e")?);
    let digits = e.iter().skip_while(|b| **b == 0).count();
    if digits > 8 || e.last().is_none_or(|b| b % 2 == 0) {
        return Err("invalid rsa public exponent: must be a positive odd integer".to_owned());
    }
    let public = Public::Rsa { n, e };
    match private(object)? {
        None => Ok(Material::Public(public)),
        Some(d) if d.is_empty() => Err(r#"jwk.RSAPrivateKey: missing "d" value"#.to_owned()),
        Some(d) => {
            let (p, q) = (bytes(object, "p")?, bytes(object, "q")?);
            Ok(match (p, q) {
                (_, None) => Material::Unusable(r#"missing "q" value"#.to_owned()),
                (None, _) => Material::Unusable(r#"missing "p" value"#.to_owned()),
                (Some(p), Some(q)) => Material::Private(public, Private::Rsa { d, p, q }),
            })
        }
    }
}

fn ec(object: &Entries<'_>) -> Result<Material, String> {
    let curve = match text(object, "crv")?.as_slice() {
        b"P-256" => Curve::P256,
        b"P-384" => Curve::P384,
        b"P-521" => Curve::P521,
        other => return Err(format!("invalid elliptic curve {}", String::from_utf8_lossy(other))),
    };
    let coordinate = |name: &str| {
        let number = required(object, name)?;
        if number.len() == curve.size() { Ok(number) } else { Err(format!("invalid {name:?} length ({})", number.len())) }
    };
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    if !is_point(curve, &point) {
        return Err("invalid ECDSA public key: point is not on the curve".to_owned());
    }
    let public = Public::Ec { curve, point };
    match private(object)? {
        None => Ok(Material::Public(public)),
        Some(d) if d.len() == curve.size() => Ok(Material::Private(public, Private::Ec(d))),
        Some(d) => Err(format!(r#"jwk.ECDSAPrivateKey: invalid "d" length ({})"#, d.len())),
    }
}

fn okp(object: &Entries<'_>) -> Result<Material, String> {
    let (curve, x) = (text(object, "crv")?, required(object, "x")?);
    let public = match curve.as_slice() {
        b"Ed25519" if x.len() != 32 => return Err("ed25519: wrong public key size".to_owned()),
        b"Ed25519" => Public::Ed25519(x),
        b"X25519" if x.len() != 32 => return Err("x25519: wrong public key size".to_owned()),
        b"X25519" => Public::Other,
        b"Ed448" => {
            let problem = "jwk.OKPPublicKey: failed to build public key: invalid curve algorithm Ed448";
            return Ok(Material::Unusable(problem.to_owned()));
        }
        other => return Err(format!("invalid curve algorithm {}", String::from_utf8_lossy(other))),
    };
    let Some(seed) = private(object)? else { return Ok(Material::Public(public)) };
    if seed.len() != 32 {
        return Err("ed25519: wrong private key size".to_owned());
    }
    match &public {
        Public::Ed25519(x) if ed25519_public(&seed).as_ref() != Some(x) => {
            let problem = "jwk.OKPPrivateKey: failed to build private key: ed25519: invalid x value given d value";
            Ok(Material::Unusable(problem.to_owned()))
        }
        _ => Ok(Material::Private(public, Private::Ed25519(seed))),
    }
}
