//! JSON Web Keys (RFC 7517), and sets of them.

use super::super::super::value::{Arena, Entries, Value, unmarshal};
use super::super::crypto::{Curve, Private, Public, is_point};
use super::super::encoding::base64url_bytes;

/// So many keys a set may have.
const MAX_KEYS: usize = 1000;

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
}

/// Secrets are not shown.
impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public(_) => "Public",
            Self::Private(..) => "Private",
            Self::Secret(_) => "Secret",
        })
    }
}

/// The keys of a text: one, or the set under `keys`.
pub(super) fn parse<'a>(arena: &'a Arena, text: &'a [u8]) -> Result<Vec<Jwk>, String> {
    let value = unmarshal(arena, text).map_err(|problem| format!("failed to unmarshal JWK set: {problem}"))?;
    let Some(object) = value.as_object() else { return Err("failed to unmarshal JWK set: expected an object".to_owned()) };
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

/// Bytes in base64, of either alphabet, padded or not.
fn bytes(object: &Entries<'_>, name: &str) -> Result<Option<Vec<u8>>, String> {
    let text = match object.get_str(name.as_bytes()) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(format!("failed to decode value for key {name}: expected a string")),
    };
    let mapped = text.iter().map(|b| match b {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    let mut text: Vec<u8> = mapped.collect();
    while text.last() == Some(&b'=') {
        text.pop();
    }
    base64url_bytes(&text).map(Some).map_err(|problem| format!("failed to decode value for key {name}: {problem}"))
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
    match bytes(object, "d")? {
        None => Ok(Material::Public(public)),
        Some(d) => Ok(Material::Private(public, Private::Rsa { d, p: required(object, "p")?, q: required(object, "q")? })),
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
        let zeros = number.iter().take_while(|b| **b == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let missing = curve.size().checked_sub(digits.len()).ok_or("invalid ECDSA public key")?;
        Ok::<_, String>([&vec![0; missing], digits].concat())
    };
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    if !is_point(curve, &point) {
        return Err("invalid ECDSA public key: point is not on the curve".to_owned());
    }
    let public = Public::Ec { curve, point };
    match bytes(object, "d")? {
        None => Ok(Material::Public(public)),
        Some(d) => Ok(Material::Private(public, Private::Ec(d))),
    }
}

fn okp(object: &Entries<'_>) -> Result<Material, String> {
    let (curve, x) = (text(object, "crv")?, required(object, "x")?);
    let public = match curve.as_slice() {
        b"Ed25519" if x.len() != 32 => return Err("ed25519: wrong public key size".to_owned()),
        b"Ed25519" => Public::Ed25519(x),
        b"X25519" if x.len() != 32 => return Err("x25519: wrong public key size".to_owned()),
        b"X25519" => Public::Other,
        other => return Err(format!("invalid curve algorithm {}", String::from_utf8_lossy(other))),
    };
    match bytes(object, "d")? {
        None => Ok(Material::Public(public)),
        Some(d) if d.len() == 32 => Ok(Material::Private(public, Private::Ed25519(d))),
        Some(_) => Err("ed25519: wrong private key size".to_owned()),
    }
}
