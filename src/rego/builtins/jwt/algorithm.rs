//! The algorithms of tokens.

use super::super::crypto::{Hash, Private, Public, same, sign, verify_ecdsa, verify_ed25519, verify_pkcs1, verify_pss};

/// A family of algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A shared secret.
    Hs,
    /// RSASSA-PKCS1-v1_5.
    Rs,
    /// RSASSA-PSS.
    Ps,
    /// ECDSA.
    Es,
    /// Ed25519.
    Ed,
}

/// An algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) family: Family,
    pub(super) hash: Hash,
}

impl Algorithm {
    /// The algorithm of that name; `none` is not among them.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        if name == b"EdDSA" {
            return Some(Self { family: Family::Ed, hash: Hash::Sha512 });
        }
        let (family, hash) = name.split_at_checked(2)?;
        let family = match family {
            b"HS" => Family::Hs,
            b"RS" => Family::Rs,
            b"PS" => Family::Ps,
            b"ES" => Family::Es,
            _ => return None,
        };
        let hash = match hash {
            b"256" => Hash::Sha256,
            b"384" => Hash::Sha384,
            b"512" => Hash::Sha512,
            _ => return None,
        };
        Some(Self { family, hash })
    }

    /// Whether a public key verifies the signature, as `io.jwt.verify_*` has it: salts and halves of any length.
    pub(super) fn verify(self, key: &Public, message: &[u8], signature: &[u8]) -> bool {
        self.check(key, message, signature, false)
    }

    /// As [`Self::verify`], the way `io.jwt.decode_verify` has it: salts and halves of the right length.
    pub(super) fn verify_strictly(self, key: &Public, message: &[u8], signature: &[u8]) -> bool {
        self.check(key, message, signature, true)
    }

    fn check(self, key: &Public, message: &[u8], signature: &[u8], strict: bool) -> bool {
        match self.family {
            Family::Hs => false,
            Family::Rs => verify_pkcs1(key, self.hash, message, signature),
            Family::Ps => verify_pss(key, self.hash, message, signature, strict.then_some(self.hash.len())),
            Family::Es => verify_ecdsa(key, self.hash, message, signature, strict),
            Family::Ed => verify_ed25519(key, message, signature),
        }
    }

    /// Whether a secret verifies the signature.
    pub(super) fn verify_secret(self, secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.family == Family::Hs && same(&self.hash.hmac(secret, message), signature)
    }

    /// The signature by a private key.
    pub(super) fn sign(self, public: &Public, private: &Private, message: &[u8]) -> Option<Vec<u8>> {
        let fits = match self.family {
            Family::Hs => false,
            Family::Rs | Family::Ps => matches!(private, Private::Rsa { .. }),
            Family::Es => matches!(private, Private::Ec(_)),
            Family::Ed => matches!(private, Private::Ed25519(_)),
        };
        if fits { sign(public, private, self.hash, self.family == Family::Ps, message) } else { None }
    }
}
