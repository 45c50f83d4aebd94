//! What RSA verifies, as Go does: any modulus from 1024 bits up, and exponents that fit 31 bits.

use num_bigint::BigUint;

use super::digest::{Hash, same};

/// Go verifies with no smaller key.
const MIN_BITS: u64 = 1024;

/// A larger modulus is nobody's key; the work grows with its cube.
const MAX_BITS: u64 = 16_384;

/// The beginning of what is signed, up to the hash (RFC 8017, 9.2).
pub(super) const fn prefix(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Sha256 => &[0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20],
        Hash::Sha384 => &[0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30],
        Hash::Sha512 => &[0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40],
    }
}

/// What was signed, as many bytes as the modulus has, and the modulus' bits.
fn recover(n: &[u8], e: &[u8], signature: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (n, e, s) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e), BigUint::from_bytes_be(signature));
    let bits = n.bits();
    let size = bits.div_ceil(8) as usize;
    let exponent = u64::try_from(&e).ok()?;
    let sound = (MIN_BITS..=MAX_BITS).contains(&bits) && n.bit(0) && (2..=0x7fff_ffff).contains(&exponent) && exponent % 2 == 1;
    if !sound || signature.len() != size || s >= n {
        return None;
    }
    let bytes = s.modpow(&e, &n).to_bytes_be();
    let mut out = vec![0; size.checked_sub(bytes.len())?];
    out.extend(bytes);
    Some((out, bits))
}

/// RSASSA-PKCS1-v1_5.
pub(super) fn verify_pkcs1(n: &[u8], e: &[u8], hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
    let Some((message, _)) = recover(n, e, signature) else { return false };
    let prefix = prefix(hash);
    let Some(padding) = message.len().checked_sub(prefix.len() + digest.len() + 3).filter(|padding| *padding >= 8) else {
        return false;
    };
    let expected = [&[0, 1], &vec![0xff; padding][..], &[0], prefix, digest].concat();
    same(&message, &expected)
}

/// RSASSA-PSS with a salt of `salt` bytes, or of any length.
pub(super) fn verify_pss(n: &[u8], e: &[u8], hash: Hash, digest: &[u8], signature: &[u8], salt: Option<usize>) -> bool {
    recover(n, e, signature).is_some_and(|(message, bits)| is_pss(&message, bits, hash, digest, salt).unwrap_or(false))
}

fn is_pss(message: &[u8], bits: u64, hash: Hash, digest: &[u8], salt: Option<usize>) -> Option<bool> {
    let bits = (bits - 1) as usize;
    let size = bits.div_ceil(8);
    let (lead, message) = message.split_at_checked(message.len().checked_sub(size)?)?;
    let (message, last) = message.split_at_checked(size.checked_sub(1)?)?;
    let (masked, digest_of_salted) = message.split_at_checked(message.len().checked_sub(hash.len())?)?;
    let unused = 8 * size - bits;
    let mask = 0xff_u8 >> unused;
    if lead.iter().any(|b| *b != 0) || last != [0xbc] || masked.first()? & !mask != 0 {
        return None;
    }
    let mut block: Vec<u8> = mask_of(hash, digest_of_salted, masked.len()).iter().zip(masked).map(|(a, b)| a ^ b).collect();
    *block.first_mut()? &= mask;
    // Zeros, a one, and the salt.
    let at = match salt {
        Some(len) => block.len().checked_sub(len + 1)?,
        None => memchr::memchr(1, &block)?,
    };
    let (zeros, rest) = block.split_at_checked(at)?;
    let (one, salt) = rest.split_first()?;
    if zeros.iter().any(|b| *b != 0) || *one != 1 {
        return None;
    }
    Some(same(&hash.of(&[&[0; 8], digest, salt]), digest_of_salted))
}

/// MGF1.
fn mask_of(hash: Hash, seed: &[u8], len: usize) -> Vec<u8> {
    let blocks = (0..len.div_ceil(hash.len()) as u32).flat_map(|counter| hash.of(&[seed, &counter.to_be_bytes()]));
    blocks.take(len).collect()
}
