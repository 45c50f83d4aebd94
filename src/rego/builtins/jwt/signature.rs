//! Signatures in JWS' compact form (RFC 7515), for what is signed beside tokens: bundles.

use super::super::crypto::{Public, pem_decode, public_key, rsa_public_key};
use super::super::encoding::base64url_bytes;
use super::super::x509;
use super::algorithm::{Algorithm, Family};

/// What was signed: header and payload, decoded, and the signature over their text.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    text: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    /// Splits `HEADER.PAYLOAD.SIGNATURE`.
    pub(crate) fn parse(token: &str) -> Result<Self, String> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("it does not have three parts with periods between them".to_owned());
        };
        let text = token.as_bytes().get(..=header.len() + payload.len()).unwrap_or_default().to_vec();
        let decode = |part: &str| base64url_bytes(part.as_bytes());
        Ok(Self { header: decode(header)?, payload: decode(payload)?, text, signature: decode(signature)? })
    }
}

/// A key for one algorithm.
#[derive(Debug)]
pub(crate) struct Verifier {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Secret(Vec<u8>),
    Public(Public),
}

/// Secrets are not shown.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Public(_) => "Public",
        })
    }
}

impl Verifier {
    /// The key in `text`: a secret for `HS…`, else a public key or a certificate in PEM, of the algorithm's kind.
    pub(crate) fn new(algorithm: &str, text: &str) -> Result<Self, String> {
        let known = Algorithm::of(algorithm.as_bytes()).ok_or_else(|| format!("unsupported algorithm '{algorithm}'"))?;
        if known.family == Family::Hs {
            return Ok(Self { algorithm: known, key: Key::Secret(text.as_bytes().to_vec()) });
        }
        let key = read_public(text.as_bytes())?;
        let fits = match known.family {
            Family::Hs => false,
            Family::Rs | Family::Ps => matches!(key, Public::Rsa { .. }),
            Family::Es => matches!(key, Public::Ec { .. }),
            Family::Ed => matches!(key, Public::Ed25519(_)),
        };
        if fits {
            Ok(Self { algorithm: known, key: Key::Public(key) })
        } else {
            Err(format!("the key is not one for {algorithm}"))
        }
    }

    /// Whether this key made the signature.
    pub(crate) fn verifies(&self, signed: &Signed) -> bool {
        match &self.key {
            Key::Secret(secret) => self.algorithm.verify_secret(secret, &signed.text, &signed.signature),
            Key::Public(key) => self.algorithm.verify_strictly(key, &signed.text, &signed.signature),
        }
    }
}

fn read_public(text: &[u8]) -> Result<Public, String> {
    let block = pem_decode(text).ok_or("failed to parse PEM block containing the key")?;
    let key = match block.kind {
        b"PUBLIC KEY" => public_key(&block.bytes),
        b"RSA PUBLIC KEY" => rsa_public_key(&block.bytes),
        b"CERTIFICATE" => return x509::certificate_key(&block.bytes),
        kind if kind.ends_with(b"PRIVATE KEY") => {
            return Err("it is a private key; give the public one, which verifies".to_owned());
        }
        _ => None,
    };
    key.ok_or_else(|| "it holds no public key".to_owned())
}
