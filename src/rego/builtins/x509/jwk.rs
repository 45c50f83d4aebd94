//! Private keys as JSON Web Keys and as Go's structs.

use num_bigint::BigUint;

use super::super::super::value::{Arena, Value};
use super::super::crypto::{Curve, x25519_public};
use super::super::encoding::base64url_text;
use super::private::Key;
use super::public::shown_point;
use super::rsa::Rsa;
use super::show::{bytes, object, unsigned};

/// The key as a JSON Web Key, or the words for why it is none.
pub(super) fn jwk<'a>(arena: &'a Arena, key: &Key) -> Result<Value<'a>, String> {
    let text = |bytes: &[u8]| Value::string(arena, base64url_text(bytes));
    let word = |word: &'static str| Value::String(word.as_bytes());
    Ok(match key {
        Key::Rsa(key) => return rsa(arena, key),
        Key::Ec { curve, scalar, point } => {
            let Some(name) = curve_name(*curve) else {
                // The library shows the curve's addresses in memory after it.
                return Err(
                    "failed to initialize *jwk.ecdsaPrivateKey from *ecdsa.PrivateKey: jwk: failed to get algorithm for \
                            converting ECDSA private key to JWK: unknown elliptic curve: P-224"
                        .to_owned(),
                );
            };
            let (x, y) = point.get(1..).and_then(|both| both.split_at_checked(curve.size())).unwrap_or_default();
            object(arena, &[("kty", word("EC")), ("crv", word(name)), ("x", text(x)), ("y", text(y)), ("d", text(scalar))])
        }
        Key::Ed25519(seed, public) => {
            object(arena, &[("kty", word("OKP")), ("crv", word("Ed25519")), ("x", text(public)), ("d", text(seed))])
        }
        Key::X25519(seed) => {
            let public = x25519_public(seed).unwrap_or_default();
            object(arena, &[("kty", word("OKP")), ("crv", word("X25519")), ("x", text(&public)), ("d", text(seed))])
        }
    })
}

const fn curve_name(curve: Curve) -> Option<&'static str> {
    match curve {
        Curve::P224 => None,
        Curve::P256 => Some("P-256"),
        Curve::P384 => Some("P-384"),
        Curve::P521 => Some("P-521"),
    }
}

fn rsa<'a>(arena: &'a Arena, key: &Rsa) -> Result<Value<'a>, String> {
    if key.primes.len() > 2 {
        return Err(format!(
            "failed to initialize *jwk.rsaPrivateKey from *rsa.PrivateKey: invalid number of primes in rsa.PrivateKey: need 0 to 2, \
             but got {}",
            key.primes.len()
        ));
    }
    let text = |number: &BigUint| Value::string(arena, base64url_text(&number.to_bytes_be()));
    let prime = |at: usize| key.primes.get(at).map_or(Value::Null, text);
    let e = BigUint::from(key.e.unsigned_abs());
    let fields = [
        ("kty", Value::String(b"RSA")),
        ("n", text(&key.n)),
        ("e", text(&e)),
        ("d", text(&key.d)),
        ("p", prime(0)),
        ("q", prime(1)),
        ("dp", text(&key.dp)),
        ("dq", text(&key.dq)),
        ("qi", text(&key.inverse)),
    ];
    Ok(object(arena, &fields))
}

/// The key as Go's `encoding/json` shows its struct.
pub(super) fn shown<'a>(arena: &'a Arena, key: &Key) -> Value<'a> {
    match key {
        Key::Rsa(key) => shown_rsa(arena, key),
        Key::Ec { curve, scalar, point } => shown_point(arena, *curve, point, Some(scalar)),
        Key::Ed25519(seed, public) => bytes(arena, &[seed.as_slice(), public].concat()),
        // Its fields are nobody's business.
        Key::X25519(_) => object(arena, &[]),
    }
}

fn shown_rsa<'a>(arena: &'a Arena, key: &Rsa) -> Value<'a> {
    let number = |number: &BigUint| unsigned(arena, &number.to_bytes_be());
    let primes: Vec<Value<'a>> = key.primes.iter().map(number).collect();
    let more = |[exponent, coefficient, product]: &[BigUint; 3]| {
        object(arena, &[("Exp", number(exponent)), ("Coeff", number(coefficient)), ("R", number(product))])
    };
    let more: Vec<Value<'a>> = key.more.iter().map(more).collect();
    let computed = object(
        arena,
        &[
            ("Dp", number(&key.dp)),
            ("Dq", number(&key.dq)),
            ("Qinv", number(&key.inverse)),
            ("CRTValues", Value::array(arena, &more)),
        ],
    );
    let fields = [
        ("N", number(&key.n)),
        ("E", Value::Int(key.e)),
        ("D", number(&key.d)),
        ("Primes", Value::array(arena, &primes)),
        ("Precomputed", computed),
    ];
    object(arena, &fields)
}
