//! Keys, and where they are found: in certificates and in what `PUBLIC KEY` blocks hold.

use super::der::{Der, OID};

/// The curves of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Curve {
    /// NIST's P-224, which certificates may have and JWKs may not.
    P224,
    /// NIST's P-256.
    P256,
    /// NIST's P-384.
    P384,
    /// NIST's P-521.
    P521,
}

impl Curve {
    /// How many bytes a coordinate has.
    pub(in super::super) const fn size(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Public {
    /// RSA's modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point of a curve, uncompressed: 4, x and y.
    Ec { curve: Curve, point: Vec<u8> },
    /// Ed25519.
    Ed25519(Vec<u8>),
    /// One that verifies no token.
    Other,
}

/// A key that signs.
#[derive(Clone)]
pub(in super::super) enum Private {
    /// RSA's private exponent and two primes.
    Rsa { d: Vec<u8>, p: Vec<u8>, q: Vec<u8> },
    /// The scalar.
    Ec(Vec<u8>),
    /// The seed.
    Ed25519(Vec<u8>),
}

/// Secrets are not shown.
impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rsa { .. } => "Rsa",
            Self::Ec(_) => "Ec",
            Self::Ed25519(_) => "Ed25519",
        })
    }
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const P224: &[u8] = &[0x2b, 0x81, 4, 0, 33];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];

/// The key of a `SubjectPublicKeyInfo`, the whole of `der`.
pub(in super::super) fn public_key(der: &[u8]) -> Option<Public> {
    let mut der = Der(der);
    let info = der.sequence()?;
    if !der.is_empty() {
        return None;
    }
    key_info(info)
}

fn key_info(mut info: Der<'_>) -> Option<Public> {
    let mut algorithm = info.sequence()?;
    let bits = info.bits()?;
    match algorithm.take(OID)? {
        RSA => rsa_public_key(bits),
        EC => {
            let curve = match algorithm.take(OID)? {
                P224 => Curve::P224,
                P256 => Curve::P256,
                P384 => Curve::P384,
                P521 => Curve::P521,
                _ => return Some(Public::Other),
            };
            super::verify::is_point(curve, bits).then(|| Public::Ec { curve, point: bits.to_vec() })
        }
        ED25519 => (bits.len() == 32).then(|| Public::Ed25519(bits.to_vec())),
        _ => Some(Public::Other),
    }
}

/// The key of an `RSA PUBLIC KEY` block (PKCS #1), the whole of `der`.
pub(in super::super) fn rsa_public_key(der: &[u8]) -> Option<Public> {
    let mut outer = Der(der);
    let mut key = outer.sequence()?;
    let (n, e) = (key.unsigned()?, key.unsigned()?);
    // Go keeps exponents in an `int`.
    let sound = outer.is_empty() && key.is_empty() && n.iter().any(|b| *b != 0) && e.iter().any(|b| *b != 0) && e.len() <= 8;
    sound.then(|| Public::Rsa { n: n.to_vec(), e: e.to_vec() })
}

/// The key of a certificate, the whole of `der`.
pub(in super::super) fn certificate_key(der: &[u8]) -> Option<Public> {
    let mut outer = Der(der);
    let mut certificate = outer.sequence()?;
    let mut body = certificate.sequence()?;
    let (_, _) = (certificate.sequence()?, certificate.bits()?);
    if !outer.is_empty() || !certificate.is_empty() {
        return None;
    }
    // Version, serial number, algorithm, issuer, validity, subject.
    body.take(0xa0);
    body.take(super::der::INTEGER)?;
    for _ in 0..4 {
        body.sequence()?;
    }
    key_info(body.sequence()?)
}
