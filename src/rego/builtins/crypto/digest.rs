//! `crypto.md5`, `crypto.sha*` and `crypto.hmac.*`.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::Digest;

use super::super::super::value::Value;
use super::super::encoding::hex;
use super::super::operand::string;
use super::super::{Context, Failure, Outcome};

/// The hashes that the algorithms of tokens name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The hash of the parts, one after the other.
    pub(in super::super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha256 => run::<sha2::Sha256>(parts),
            Self::Sha384 => run::<sha2::Sha384>(parts),
            Self::Sha512 => run::<sha2::Sha512>(parts),
        }
    }

    /// The keyed hash of the message.
    pub(in super::super) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => hmac::<sha2::Sha256>(key, message),
            Self::Sha384 => hmac::<sha2::Sha384>(key, message),
            Self::Sha512 => hmac::<sha2::Sha512>(key, message),
        }
    }

    /// How many bytes it has.
    pub(in super::super) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

fn hmac<D: EagerHash>(key: &[u8], message: &[u8]) -> Vec<u8>
where
    Hmac<D>: KeyInit + Mac,
{
    // A key of any length will do; there is no error.
    let Ok(mut mac) = <Hmac<D> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub(in super::super) fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0_u8, |difference, (a, b)| std::hint::black_box(difference | (a ^ b)));
    a.len() == b.len() && difference == 0
}

/// A string to hash, and the charge for it.
fn input<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<&'a [u8], Failure> {
    let bytes = string(operands, position)?;
    ctx.charge(bytes.len() / 16 + 8)?;
    Ok(bytes)
}

fn hashed<'a, D: Digest>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands, 1)?;
    Ok(Value::string(ctx.arena, hex(&D::digest(bytes))))
}

pub(in super::super) fn md5<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    hashed::<md5::Md5>(ctx, operands)
}

pub(in super::super) fn sha1<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    hashed::<sha1::Sha1>(ctx, operands)
}

pub(in super::super) fn sha256<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    hashed::<sha2::Sha256>(ctx, operands)
}

fn keyed<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], mac: fn(&[u8], &[u8]) -> Vec<u8>) -> Outcome<'a> {
    let message = input(ctx, operands, 1)?;
    let key = input(ctx, operands, 2)?;
    Ok(Value::string(ctx.arena, hex(&mac(key, message))))
}

pub(in super::super) fn hmac_md5<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    keyed(ctx, operands, hmac::<md5::Md5>)
}

pub(in super::super) fn hmac_sha1<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    keyed(ctx, operands, hmac::<sha1::Sha1>)
}

pub(in super::super) fn hmac_sha256<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    keyed(ctx, operands, hmac::<sha2::Sha256>)
}

pub(in super::super) fn hmac_sha512<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    keyed(ctx, operands, hmac::<sha2::Sha512>)
}

pub(in super::super) fn hmac_equal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let one = input(ctx, operands, 1)?;
    let other = input(ctx, operands, 2)?;
    Ok(Value::Bool(same(one, other)))
}
