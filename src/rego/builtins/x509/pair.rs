//! A certificate and its private key, as Go's `crypto/tls` has them.

use super::super::super::value::{Arena, Value};
use super::super::crypto::{Public, pem_decode};
use super::certificate::Certificate;
use super::jwk;
use super::private::{self, Key};
use super::show::{bytes, object};

/// The blocks of a text, one after the other.
fn blocks(mut text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some(block) = pem_decode(text) {
        found.push((String::from_utf8_lossy(block.kind).into_owned(), block.bytes));
        text = block.rest;
    }
    found
}

fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let (found, skipped): (Vec<_>, Vec<_>) = blocks(text).into_iter().partition(|(kind, _)| kind == "CERTIFICATE");
    if !found.is_empty() {
        return Ok(found.into_iter().map(|(_, bytes)| bytes).collect());
    }
    let kinds: Vec<String> = skipped.into_iter().map(|(kind, _)| kind).collect();
    Err(match kinds.as_slice() {
        [] => "tls: failed to find any PEM data in certificate input".to_owned(),
        [only] if only.ends_with("PRIVATE KEY") => {
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"
                .to_owned()
        }
        _ => format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
            kinds.join(" ")
        ),
    })
}

fn key_bytes(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut skipped = Vec::new();
    for (kind, bytes) in blocks(text) {
        if kind == "PRIVATE KEY" || kind.ends_with(" PRIVATE KEY") {
            return Ok(bytes);
        }
        skipped.push(kind);
    }
    Err(match skipped.as_slice() {
        [] => "tls: failed to find any PEM data in key input".to_owned(),
        [only] if only == "CERTIFICATE" => "tls: found a certificate rather than a key in the PEM for the private key".to_owned(),
        _ => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following \
             types: [{}]",
            skipped.join(" ")
        ),
    })
}

/// A key of whichever format.
fn key(der: &[u8]) -> Result<Key, String> {
    if let Ok(key) = private::pkcs1(der) {
        return Ok(key);
    }
    match private::pkcs8(der) {
        Ok(Key::X25519(_)) => Err("tls: found unknown private key type in PKCS#8 wrapping".to_owned()),
        Ok(key) => Ok(key),
        Err(_) => private::ec(der, None).map_err(|_| "tls: failed to parse private key".to_owned()),
    }
}

/// Whether the private key is the public one's.
fn check(public: &Public, private: &Key) -> Result<(), String> {
    let equal = match (public, private) {
        (Public::Rsa { n, e }, Key::Rsa(key)) => {
            let number = num_bigint::BigUint::from_bytes_be;
            number(n) == key.n && number(e) == num_bigint::BigUint::from(key.e.unsigned_abs())
        }
        (Public::Ec { curve, point }, Key::Ec { curve: own, point: also, .. }) => curve == own && point == also,
        (Public::Ed25519(public), Key::Ed25519(_, own)) => public == own,
        (Public::Other, _) => return Err("tls: unknown public key algorithm".to_owned()),
        _ => return Err("tls: private key type does not match public key type".to_owned()),
    };
    if equal { Ok(()) } else { Err("tls: private key does not match public key".to_owned()) }
}

/// A chain, its first certificate, and the key that is its.
type Checked<'a> = (Vec<Vec<u8>>, Certificate<'a, 'a>, Key);

/// Refuses a certificate and a key that do not go together; the texts are PEM.
pub(super) fn checked<'a>(arena: &'a Arena, certificate: &[u8], private: &[u8]) -> Result<Checked<'a>, String> {
    let all = certificates(certificate)?;
    let der = key_bytes(private)?;
    let first: &'a [u8] = arena.alloc_slice_copy(all.first().map(Vec::as_slice).unwrap_or_default());
    let leaf = Certificate::parse(arena, first)?;
    if leaf.raw.len() != first.len() {
        return Err("x509: trailing data".to_owned());
    }
    let key = key(&der)?;
    check(leaf.public(), &key)?;
    Ok((all, leaf, key))
}

/// Both, as Go's struct; the texts are PEM.
pub(super) fn shown<'a>(arena: &'a Arena, certificate: &[u8], private: &[u8]) -> Result<Value<'a>, String> {
    let (all, leaf, key) = checked(arena, certificate, private)?;
    let all: Vec<Value<'a>> = all.iter().map(|one| bytes(arena, one)).collect();
    let fields = [
        ("Certificate", Value::array(arena, &all)),
        ("PrivateKey", jwk::shown(arena, &key)),
        ("SupportedSignatureAlgorithms", Value::Null),
        ("OCSPStaple", Value::Null),
        ("SignedCertificateTimestamps", Value::Null),
        ("Leaf", leaf.shown(arena, false)?),
    ];
    Ok(object(arena, &fields))
}
