//! Verifying signatures.

use p256::ecdsa::signature::hazmat::PrehashVerifier;

use super::digest::Hash;
use super::key::{Curve, Public};
use super::{assembly, rsa};

/// Whether the bytes are a point of the curve, uncompressed.
pub(in super::super) fn is_point(curve: Curve, point: &[u8]) -> bool {
    point.first() == Some(&4)
        && match curve {
            Curve::P224 => super::p224::is_point(point),
            Curve::P256 => p256::PublicKey::from_sec1_bytes(point).is_ok(),
            Curve::P384 => p384::PublicKey::from_sec1_bytes(point).is_ok(),
            Curve::P521 => p521::PublicKey::from_sec1_bytes(point).is_ok(),
        }
}

/// The number in so many bytes, if it has no more.
pub(super) fn sized(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    let digits = number.get(zeros..)?;
    Some([&vec![0; size.checked_sub(digits.len())?], digits].concat())
}

/// RSASSA-PKCS1-v1_5.
pub(in super::super) fn verify_pkcs1(key: &Public, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let Public::Rsa { n, e } = key else { return false };
    assembly::pkcs1(n, e, hash, message, signature)
        .unwrap_or_else(|| rsa::verify_pkcs1(n, e, hash, &hash.of(&[message]), signature))
}

/// RSASSA-PSS with a salt of `salt` bytes, or of any length.
pub(in super::super) fn verify_pss(key: &Public, hash: Hash, message: &[u8], signature: &[u8], salt: Option<usize>) -> bool {
    let Public::Rsa { n, e } = key else { return false };
    let by_hash = if salt == Some(hash.len()) { assembly::pss(n, e, hash, message, signature) } else { None };
    by_hash.unwrap_or_else(|| rsa::verify_pss(n, e, hash, &hash.of(&[message]), signature, salt))
}

/// ECDSA over any curve with any hash. The signature is two halves of any length, or of the curve's where `exact`.
pub(in super::super) fn verify_ecdsa(key: &Public, hash: Hash, message: &[u8], signature: &[u8], exact: bool) -> bool {
    let Public::Ec { curve, point } = key else { return false };
    if exact && signature.len() != 2 * curve.size() {
        return false;
    }
    ecdsa(*curve, point, hash, message, signature).unwrap_or(false)
}

/// A hash shorter than the curve's numbers is the number that it is.
pub(super) fn padded(digest: &[u8], curve: Curve) -> Vec<u8> {
    [&vec![0; curve.size().saturating_sub(digest.len())], digest].concat()
}

fn ecdsa(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> Option<bool> {
    let (r, s) = signature.split_at_checked(signature.len() / 2)?;
    let signature = [sized(r, curve.size())?, sized(s, curve.size())?].concat();
    match assembly::ecdsa(curve, point, hash, message, &signature) {
        Some(verified) => Some(verified),
        None => ecdsa_in_rust(curve, point, hash, message, &signature),
    }
}

/// As [`ecdsa`], of halves that have the curve's size.
pub(super) fn ecdsa_in_rust(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> Option<bool> {
    let digest = padded(&hash.of(&[message]), curve);
    Some(match curve {
        Curve::P224 => super::p224::verify(point, &digest, signature)?,
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(&digest, &p256::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(&digest, &p384::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(&digest, &p521::ecdsa::Signature::from_slice(signature).ok()?).is_ok()
        }
    })
}

/// Ed25519.
pub(in super::super) fn verify_ed25519(key: &Public, message: &[u8], signature: &[u8]) -> bool {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    let Public::Ed25519(key) = key else { return false };
    let key = key.as_slice().try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
}
