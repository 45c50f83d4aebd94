//! The public keys of certificates and requests.

use super::super::super::value::{Arena, Value};
use super::super::crypto::der::Der;
use super::super::crypto::{Curve, Public, is_point};
use super::algorithm;
use super::oid::Oid;
use super::show::{bytes, object, signed, unsigned};

/// A public key: Go's number of its algorithm, how it is shown, and the key where it may verify.
#[derive(Debug, Clone)]
pub(super) struct Key<'a> {
    pub(super) algorithm: i64,
    pub(super) shown: Value<'a>,
    pub(super) public: Public,
}

/// Go's number of a key's algorithm.
fn number(oid: &Oid) -> i64 {
    match oid.as_slice() {
        [1, 2, 840, 113_549, 1, 1, 1] => 1,
        [1, 2, 840, 10_040, 4, 1] => 2,
        [1, 2, 840, 10_045, 2, 1] => 3,
        [1, 3, 101, 112] => 4,
        _ => 0,
    }
}

/// The curve that an identifier names.
pub(super) fn curve(oid: &[u32]) -> Option<Curve> {
    match oid {
        [1, 3, 132, 0, 33] => Some(Curve::P224),
        [1, 2, 840, 10_045, 3, 1, 7] => Some(Curve::P256),
        [1, 3, 132, 0, 34] => Some(Curve::P384),
        [1, 3, 132, 0, 35] => Some(Curve::P521),
        _ => None,
    }
}

/// Bits as bytes, those that are no bits first.
pub(super) fn aligned((padding, bytes): (u8, &[u8])) -> Vec<u8> {
    if padding == 0 {
        return bytes.to_vec();
    }
    let before = std::iter::once(0).chain(bytes.iter().copied());
    before.zip(bytes).map(|(before, byte)| before << (8 - padding) | byte >> padding).collect()
}

impl<'a> Key<'a> {
    /// The key of that algorithm in these bits. One that Go does not know is shown as `null`.
    pub(super) fn of(arena: &'a Arena, oid: &Oid, parameters: &[u8], bits: (u8, &[u8])) -> Result<Self, String> {
        let (algorithm, data) = (number(oid), aligned(bits));
        let (shown, public) = match algorithm {
            1 => rsa(arena, parameters, &data)?,
            2 => (dsa(arena, parameters, &data)?, Public::Other),
            3 => ec(arena, parameters, data)?,
            4 => {
                if !parameters.is_empty() {
                    return Err("x509: Ed25519 key encoded with illegal parameters".to_owned());
                }
                if data.len() != 32 {
                    return Err("x509: wrong Ed25519 public key size".to_owned());
                }
                (bytes(arena, &data), Public::Ed25519(data))
            }
            _ => (Value::Null, Public::Other),
        };
        Ok(Self { algorithm, shown, public })
    }
}

fn is_positive(number: &[u8]) -> bool {
    number.first().is_some_and(|first| *first < 0x80) && number != [0]
}

fn rsa<'a>(arena: &'a Arena, parameters: &[u8], data: &[u8]) -> Result<(Value<'a>, Public), String> {
    if !algorithm::is_null(parameters) {
        return Err("x509: RSA key missing NULL parameters".to_owned());
    }
    let mut der = Der(data).sequence().ok_or("x509: invalid RSA public key")?;
    let n = der.integer().ok_or("x509: invalid RSA modulus")?;
    let e = der.integer().filter(|e| e.len() <= 8).ok_or("x509: invalid RSA public exponent")?;
    if !is_positive(n) {
        return Err("x509: RSA modulus is not a positive number".to_owned());
    }
    if !is_positive(e) {
        return Err("x509: RSA public exponent is not a positive number".to_owned());
    }
    let shown = object(arena, &[("N", signed(arena, n)), ("E", signed(arena, e))]);
    Ok((shown, Public::Rsa { n: n.to_vec(), e: e.to_vec() }))
}

fn dsa<'a>(arena: &'a Arena, parameters: &[u8], data: &[u8]) -> Result<Value<'a>, String> {
    let y = Der(data).integer().ok_or("x509: invalid DSA public key")?;
    let read = || {
        let mut der = Der(parameters).sequence()?;
        Some([der.integer()?, der.integer()?, der.integer()?])
    };
    let [p, q, g] = read().ok_or("x509: invalid DSA parameters")?;
    if ![y, p, q, g].into_iter().all(is_positive) {
        return Err("x509: zero or negative DSA parameter".to_owned());
    }
    let number = |bytes: &[u8]| signed(arena, bytes);
    Ok(object(arena, &[("P", number(p)), ("Q", number(q)), ("G", number(g)), ("Y", number(y))]))
}

fn ec<'a>(arena: &'a Arena, parameters: &[u8], point: Vec<u8>) -> Result<(Value<'a>, Public), String> {
    let named = algorithm::curve(parameters).ok_or("x509: invalid ECDSA parameters")?;
    let curve = curve(&named).ok_or("x509: unsupported elliptic curve")?;
    check_point(curve, &point)?;
    Ok((shown_point(arena, curve, &point, None), Public::Ec { curve, point }))
}

fn check_point(curve: Curve, point: &[u8]) -> Result<(), String> {
    if point.first() != Some(&4) {
        return Err("ecdsa: invalid uncompressed public key".to_owned());
    }
    let name = match curve {
        Curve::P224 => "P224",
        Curve::P256 => "P256",
        Curve::P384 => "P384",
        Curve::P521 => "P521",
    };
    if point.len() != 1 + 2 * curve.size() {
        return Err(format!("invalid {name} point encoding"));
    }
    if is_point(curve, point) {
        return Ok(());
    }
    if !in_field(curve, point) {
        let gap = if curve == Curve::P256 { " element" } else { "Element" };
        return Err(format!("invalid {name}{gap} encoding"));
    }
    Err(format!("{name} point not on curve"))
}

/// Whether both coordinates are less than the field's prime.
fn in_field(curve: Curve, point: &[u8]) -> bool {
    let prime: Vec<u8> = match curve {
        Curve::P224 => [&[0xff; 16][..], &[0; 11], &[1]].concat(),
        Curve::P256 => [&[0xff; 4][..], &[0, 0, 0, 1], &[0; 12], &[0xff; 12]].concat(),
        Curve::P384 => [&[0xff; 31][..], &[0xfe], &[0xff; 4], &[0; 8], &[0xff; 4]].concat(),
        Curve::P521 => [&[1][..], &[0xff; 65]].concat(),
    };
    point.get(1..).unwrap_or_default().chunks(curve.size()).all(|coordinate| coordinate < prime.as_slice())
}

/// A point as Go shows it, with the scalar of a private key.
pub(super) fn shown_point<'a>(arena: &'a Arena, curve: Curve, point: &[u8], scalar: Option<&[u8]>) -> Value<'a> {
    let (x, y) = point.get(1..).and_then(|both| both.split_at_checked(curve.size())).unwrap_or_default();
    let mut fields = vec![("Curve", object(arena, &[])), ("X", unsigned(arena, x)), ("Y", unsigned(arena, y))];
    fields.extend(scalar.map(|scalar| ("D", unsigned(arena, scalar))));
    object(arena, &fields)
}
