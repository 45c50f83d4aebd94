//! The keys that verify: of a certificate, of a public key in PEM, or of JSON Web Keys.

use std::sync::Arc;

use super::super::super::value::Arena;
use super::super::crypto::{Block, Public, pem_decode, public_key};
use super::super::operand::{charge_digits, fail};
use super::super::{Context, Failure, x509};
use super::algorithm::Algorithm;
use super::jwk::{self, Material};

/// A key, and what it says about itself.
#[derive(Debug, Clone)]
pub(in super::super) struct Key {
    pub(super) kid: Vec<u8>,
    pub(super) alg: Vec<u8>,
    pub(super) material: Material,
}

impl Key {
    const fn plain(key: Public) -> Self {
        Self { kid: Vec::new(), alg: Vec::new(), material: Material::Public(key) }
    }

    /// The key for `io.jwt.verify_*`, which takes no private ones.
    pub(super) const fn public(&self) -> &Public {
        match &self.material {
            Material::Public(key) => key,
            Material::Private(..) | Material::Secret(_) | Material::Unusable(_) => &Public::Other,
        }
    }

    /// Whether it verifies the signature by `alg`, for `io.jwt.decode_verify`.
    pub(super) fn verify(&self, alg: &[u8], message: &[u8], signature: &[u8]) -> bool {
        // `Ed25519` is another name of `EdDSA` (RFC 9864) that signs nothing here.
        let Some(algorithm) = Algorithm::of(if alg == b"Ed25519" { b"EdDSA" } else { alg }) else { return false };
        match &self.material {
            Material::Public(key) | Material::Private(key, _) => algorithm.verify_strictly(key, message, signature),
            Material::Secret(secret) => algorithm.verify_secret(secret, message, signature),
            Material::Unusable(_) => false,
        }
    }
}

/// The key of that name.
pub(super) fn by_kid<'k>(keys: &'k [Key], kid: &[u8]) -> Option<&'k Key> {
    if kid.is_empty() { None } else { keys.iter().find(|key| key.kid == kid) }
}

/// Keys of longer texts are read each time.
const MAX_KEPT: usize = 1 << 16;

/// The keys of a text, as they were read before or now.
pub(in super::super) fn read<'a>(ctx: &mut Context<'a>, text: &'a [u8]) -> Result<Arc<[Key]>, Failure> {
    ctx.charge(text.len() / 64 + 1)?;
    if let Some(keys) = ctx.caches.kept().jwt_keys.get(text) {
        return Ok(keys);
    }
    let keys = match ctx.loaded.and_then(|loaded| loaded.jwt_keys(text)) {
        Some(keys) => keys,
        None => parse(ctx, text)?.into(),
    };
    if text.len() <= MAX_KEPT {
        ctx.caches.kept().jwt_keys.put(text, Arc::clone(&keys));
    }
    Ok(keys)
}

/// Those for other algorithms than tokens have are left out.
fn parse<'a>(ctx: &mut Context<'a>, text: &'a [u8]) -> Result<Vec<Key>, Failure> {
    ctx.charge(text.len() / 4 + 64)?;
    ctx.reserve(text.len().saturating_mul(16))?;
    let block = pem_decode(text);
    if block.is_some() {
        // All of it may be one number, whose digits a certificate's reader makes.
        charge_digits(ctx, text.len().saturating_mul(2))?;
    }
    parse_block(ctx.arena, text, block).map_err(fail)
}

fn parse_block<'a>(arena: &'a Arena, text: &'a [u8], block: Option<Block<'a>>) -> Result<Vec<Key>, String> {
    if let Some(block) = block {
        if !block.rest.is_empty() {
            return Err("extra data after a PEM certificate block".to_owned());
        }
        return match block.kind {
            b"CERTIFICATE" => match x509::certificate_key(&block.bytes) {
                Ok(key) => Ok(vec![Key::plain(key)]),
                Err(problem) => Err(format!("failed to parse a PEM certificate: {problem}")),
            },
            b"PUBLIC KEY" => match public_key(&block.bytes) {
                Some(key) => Ok(vec![Key::plain(key)]),
                None => Err("failed to parse a PEM public key: asn1: structure error".to_owned()),
            },
            _ => Err("failed to extract a Key from the PEM certificate".to_owned()),
        };
    }
    let keys = jwk::parse(arena, text)
        .map_err(|problem| format!("failed to parse a JWK key (set): jwk.ParseString: failed to parse string: {problem}"))?;
    for key in &keys {
        if let Material::Unusable(problem) = &key.material {
            return Err(format!("jwk.Export: failed to export jwk.Key to raw format: {problem}"));
        }
    }
    let known = keys.into_iter().filter(|key| key.alg.is_empty() || Algorithm::of(&key.alg).is_some());
    Ok(known.map(|key| Key { kid: key.kid, alg: key.alg, material: key.material }).collect())
}
