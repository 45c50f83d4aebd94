//! Signing.

use ::rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey, Pss};
use getrandom::SysRng;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use super::digest::Hash;
use super::key::{Curve, Private, Public};
use super::rsa::prefix;
use super::verify::{padded, sized};

/// The signature by a private key and its public one; RSA's with a salt where `pss`. `None` where the keys do not sign.
pub(in super::super) fn sign(public: &Public, private: &Private, hash: Hash, pss: bool, message: &[u8]) -> Option<Vec<u8>> {
    match (public, private) {
        (Public::Rsa { n, e }, Private::Rsa { d, p, q }) => {
            let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
            let key = PrivateKey::from_components(number(n), number(e), number(d), vec![number(p), number(q)]).ok()?;
            let digest = hash.of(&[message]);
            if !pss {
                let prefixed = [prefix(hash), &digest].concat();
                return key.sign_with_rng(&mut SysRng, Pkcs1v15Sign::new_unprefixed(), &prefixed).ok();
            }
            match hash {
                Hash::Sha256 => key.sign_with_rng(&mut SysRng, Pss::<sha2::Sha256>::new(), &digest),
                Hash::Sha384 => key.sign_with_rng(&mut SysRng, Pss::<sha2::Sha384>::new(), &digest),
                Hash::Sha512 => key.sign_with_rng(&mut SysRng, Pss::<sha2::Sha512>::new(), &digest),
            }
            .ok()
        }
        (Public::Ec { curve, .. }, Private::Ec(scalar)) => ecdsa(*curve, scalar, &padded(&hash.of(&[message]), *curve)),
        (Public::Ed25519(_), Private::Ed25519(seed)) => {
            use ed25519_dalek::{Signer, SigningKey};
            let key = SigningKey::from_bytes(seed.as_slice().try_into().ok()?);
            Some(key.sign(message).to_bytes().to_vec())
        }
        _ => None,
    }
}

/// The public key of a seed.
pub(in super::super) fn ed25519_public(seed: &[u8]) -> Option<Vec<u8>> {
    let key = ed25519_dalek::SigningKey::from_bytes(seed.try_into().ok()?);
    Some(key.verifying_key().to_bytes().to_vec())
}

/// The public key of X25519 for a private one.
pub(in super::super) fn x25519_public(private: &[u8]) -> Option<Vec<u8>> {
    use ed25519_dalek::VerifyingKey;
    use ed25519_dalek::hazmat::ExpandedSecretKey;
    // The scalar of an expanded key of Ed25519 is made from its bytes as one of X25519 is; the curve is the same in other coordinates.
    let expanded = ExpandedSecretKey::from_slice(&[private, &[0; 32]].concat()).ok()?;
    Some(VerifyingKey::from(&expanded).to_montgomery().to_bytes().to_vec())
}

/// The point of a scalar, uncompressed: the public key of a private one.
pub(in super::super) fn ec_public(curve: Curve, scalar: &[u8]) -> Option<Vec<u8>> {
    Some(match curve {
        Curve::P224 => super::p224::public(scalar)?,
        Curve::P256 => p256::SecretKey::from_slice(scalar).ok()?.public_key().to_sec1_bytes().to_vec(),
        Curve::P384 => p384::SecretKey::from_slice(scalar).ok()?.public_key().to_sec1_bytes().to_vec(),
        Curve::P521 => p521::SecretKey::from_slice(scalar).ok()?.public_key().to_sec1_bytes().to_vec(),
    })
}

/// By a nonce that depends on the key and the message (RFC 6979).
fn ecdsa(curve: Curve, scalar: &[u8], digest: &[u8]) -> Option<Vec<u8>> {
    let scalar = sized(scalar, curve.size())?;
    Some(match curve {
        // No token has it.
        Curve::P224 => return None,
        Curve::P256 => {
            let signature: p256::ecdsa::Signature =
                p256::ecdsa::SigningKey::from_slice(&scalar).ok()?.sign_prehash(digest).ok()?;
            signature.to_bytes().to_vec()
        }
        Curve::P384 => {
            let signature: p384::ecdsa::Signature =
                p384::ecdsa::SigningKey::from_slice(&scalar).ok()?.sign_prehash(digest).ok()?;
            signature.to_bytes().to_vec()
        }
        Curve::P521 => {
            let signature: p521::ecdsa::Signature =
                p521::ecdsa::SigningKey::from_slice(&scalar).ok()?.sign_prehash(digest).ok()?;
            signature.to_bytes().to_vec()
        }
    })
}
