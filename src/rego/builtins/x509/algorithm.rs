//! The algorithms of signatures, and whether a signature is one.

use super::super::crypto::der::{self, Der};
use super::super::crypto::{Curve, Hash, Public, verify_ecdsa, verify_ed25519, verify_pkcs1, verify_pss};
use super::asn1::Algorithm;
use super::oid::Oid;

/// What signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Pkcs1(Hash),
    Pss(Hash),
    Ecdsa(Hash),
    Ed25519,
    /// One that Go knows and does not verify certificates by.
    Refused,
}

/// A signature's algorithm: Go's number for it, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) number: i64,
    family: Family,
}

const UNKNOWN: Signature = Signature { number: 0, family: Family::Refused };

const NULL: &[u8] = &[5, 0];

const PSS: &[u32] = &[1, 2, 840, 113_549, 1, 1, 10];

/// By identifier; SHA-1 and MD5 are told, and refused.
const KNOWN: &[(&[u32], i64, Family)] = &[
    (&[1, 2, 840, 113_549, 1, 1, 4], 2, Family::Refused),
    (&[1, 2, 840, 113_549, 1, 1, 5], 3, Family::Refused),
    (&[1, 3, 14, 3, 2, 29], 3, Family::Refused),
    (&[1, 2, 840, 113_549, 1, 1, 11], 4, Family::Pkcs1(Hash::Sha256)),
    (&[1, 2, 840, 113_549, 1, 1, 12], 5, Family::Pkcs1(Hash::Sha384)),
    (&[1, 2, 840, 113_549, 1, 1, 13], 6, Family::Pkcs1(Hash::Sha512)),
    (&[1, 2, 840, 10_040, 4, 3], 7, Family::Refused),
    (&[2, 16, 840, 1, 101, 3, 4, 3, 2], 8, Family::Refused),
    (&[1, 2, 840, 10_045, 4, 1], 9, Family::Refused),
    (&[1, 2, 840, 10_045, 4, 3, 2], 10, Family::Ecdsa(Hash::Sha256)),
    (&[1, 2, 840, 10_045, 4, 3, 3], 11, Family::Ecdsa(Hash::Sha384)),
    (&[1, 2, 840, 10_045, 4, 3, 4], 12, Family::Ecdsa(Hash::Sha512)),
    (&[1, 3, 101, 112], 16, Family::Ed25519),
];

impl Signature {
    /// The algorithm of that identifier and these parameters.
    pub(super) fn of(oid: &Oid, parameters: &[u8]) -> Self {
        if oid.as_slice() == PSS {
            return pss(parameters).unwrap_or(UNKNOWN);
        }
        let known = KNOWN.iter().find(|(known, ..)| *known == oid.as_slice());
        let found = known.map_or(UNKNOWN, |(_, number, family)| Self { number: *number, family: *family });
        if found.family == Family::Ed25519 && !parameters.is_empty() { UNKNOWN } else { found }
    }

    /// Whether the key made the signature.
    pub(super) fn verifies(self, key: &Public, message: &[u8], signature: &[u8]) -> bool {
        match (self.family, key) {
            (Family::Pkcs1(hash), Public::Rsa { .. }) => verify_pkcs1(key, hash, message, signature),
            (Family::Pss(hash), Public::Rsa { .. }) => verify_pss(key, hash, message, signature, Some(hash.len())),
            (Family::Ecdsa(hash), Public::Ec { curve, .. }) => {
                halves(*curve, signature).is_some_and(|halves| verify_ecdsa(key, hash, message, &halves, true))
            }
            (Family::Ed25519, Public::Ed25519(_)) => verify_ed25519(key, message, signature),
            _ => false,
        }
    }
}

/// The two numbers of a signature in DER, each of a coordinate's size.
fn halves(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Der(signature);
    let mut both = outer.sequence()?;
    let (r, s) = (both.unsigned()?, both.unsigned()?);
    let sized = |number: &[u8]| Some([&vec![0; curve.size().checked_sub(number.len())?], number].concat());
    (outer.is_empty() && both.is_empty()).then(|| Some([sized(r)?, sized(s)?].concat()))?
}

/// PSS whose mask has the hash of the message, and whose salt is as long as it: Go knows no other.
fn pss(parameters: &[u8]) -> Option<Signature> {
    let mut all = super::asn1::top(parameters)?;
    let hash = Algorithm::explicit(&mut all, 0).ok()?;
    let mask = Algorithm::explicit(&mut all, 1).ok()?;
    let salt = super::asn1::int(&mut all, super::asn1::INT.explicit(2)).ok()??;
    let trailer = super::asn1::int(&mut all, super::asn1::INT.explicit(3).optional()).ok()?.unwrap_or(1);
    let inner = Algorithm::top(mask.parameters).ok()?;
    let plain = |algorithm: &Algorithm<'_>| algorithm.parameters.is_empty() || algorithm.parameters == NULL;
    let sound =
        plain(&hash) && mask.oid == [1, 2, 840, 113_549, 1, 1, 8] && inner.oid == hash.oid && plain(&inner) && trailer == 1;
    let (prefix, last) = hash.oid.split_at_checked(8)?;
    if !sound || prefix != [2, 16, 840, 1, 101, 3, 4, 2] {
        return None;
    }
    let (number, hash) = match (last, salt) {
        ([1], 32) => (13, Hash::Sha256),
        ([2], 48) => (14, Hash::Sha384),
        ([3], 64) => (15, Hash::Sha512),
        _ => return None,
    };
    Some(Signature { number, family: Family::Pss(hash) })
}

/// The algorithm of a certificate's sequence: identifier and parameters, the whole element.
pub(super) fn identifier(mut sequence: Der<'_>) -> Result<(Oid, &[u8]), &'static str> {
    let oid = super::oid::next(&mut sequence).ok_or("x509: malformed OID")?;
    if sequence.is_empty() {
        return Ok((oid, &[]));
    }
    let before = sequence.0;
    sequence.next().ok_or("x509: malformed parameters")?;
    let parameters = before.get(..before.len() - sequence.0.len()).unwrap_or_default();
    Ok((oid, parameters))
}

/// An element of these contents, without its bytes before.
pub(super) const fn is_null(parameters: &[u8]) -> bool {
    matches!(parameters, [5, 0])
}

/// The tag that the identifier of a curve has.
pub(super) fn curve(parameters: &[u8]) -> Option<Oid> {
    super::oid::parse(Der(parameters).take(der::OID)?).ok()
}
