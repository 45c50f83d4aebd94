//! Hashes, and the keys and signatures that tokens use.

mod assembly;
pub(super) mod der;
mod digest;
mod key;
mod p224;
mod pem;
mod rsa;
mod sign;
mod verify;

pub(super) use digest::{Hash, hmac_equal, hmac_md5, hmac_sha1, hmac_sha256, hmac_sha512, md5, same, sha1, sha256};
pub(super) use key::{Curve, Private, Public, certificate_key, public_key, rsa_public_key};
pub(super) use pem::Block;
pub(super) use pem::decode as pem_decode;
pub(super) use sign::{ec_public, ed25519_public, sign, x25519_public};
pub(super) use verify::{is_point, verify_ecdsa, verify_ed25519, verify_pkcs1, verify_pss};

#[cfg(test)]
mod tests;
