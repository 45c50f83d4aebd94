//! Signatures verified by ring's assembly, where it decides as Go does: RSA in a tenth, P-256 in a quarter of the time of the crates in Rust, to
//! which the rest is left.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::digest::Hash;
use super::key::Curve;

/// RSASSA-PKCS1-v1_5.
pub(super) fn pkcs1(n: &[u8], e: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> Option<bool> {
    let algorithm = match hash {
        Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    };
    rsa(n, e, algorithm, message, signature)
}

/// RSASSA-PSS with a salt as long as the hash.
pub(super) fn pss(n: &[u8], e: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> Option<bool> {
    let algorithm = match hash {
        Hash::Sha256 => &RSA_PSS_2048_8192_SHA256,
        Hash::Sha384 => &RSA_PSS_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PSS_2048_8192_SHA512,
    };
    rsa(n, e, algorithm, message, signature)
}

/// ECDSA over P-256 with SHA-256; the signature as two halves of the curve's size.
pub(super) fn ecdsa(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> Option<bool> {
    let known = (curve, hash) == (Curve::P256, Hash::Sha256) && point.first() == Some(&4) && signature.len() == 2 * curve.size();
    known.then(|| UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok())
}

fn rsa(n: &[u8], e: &[u8], algorithm: &RsaParameters, message: &[u8], signature: &[u8]) -> Option<bool> {
    let (n, e) = (digits(n), digits(e));
    is_shared(n, e).then(|| RsaPublicKeyComponents { n, e }.verify(algorithm, message, signature).is_ok())
}

/// Whether Go and ring both take the key: of 2048 to 8192 bits, in whole bytes, and an odd exponent of at most 31 bits.
fn is_shared(n: &[u8], e: &[u8]) -> bool {
    let whole = n.first().is_some_and(|first| *first >= 0x80) && n.last().is_some_and(|last| last % 2 == 1);
    let exponent = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    whole && (256..=1024).contains(&n.len()) && e.len() <= 4 && (3..=0x7fff_ffff).contains(&exponent) && exponent % 2 == 1
}

/// A number without the zeros before it.
fn digits(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails, fails aloud")]
mod tests {
    use p256::ecdsa::signature::hazmat::PrehashSigner;

    use super::super::super::encoding::base64_bytes;
    use super::super::rsa;
    use super::super::verify::ecdsa_in_rust;
    use super::{Curve, Hash, ecdsa, pkcs1, pss};

    const MESSAGE: &[u8] = b"what is signed";
    /// A modulus of 2048 bits, and what OpenSSL signed by it: RS256, and PS256 with salts of 32 and of 20 bytes.
    const N: &str = "xJimq/1jt1h+SgEbcJMm1QHcv77xD5p62Q4UdVpCdHQJa0BXKVECQspsBAf2q0X/yvdiMjeYA6oISLfcppknmm7nGHNnfhXoepdapGrxraZO73ldc2Rp/ti1I2Jv9EykXXlKdWU1B1zbaJ9nA7jQLfAj4EKUbYCm7zMmYCsOb1sIBZwmIABIhYmjvRj6Zds+5PDRuMPBW2i2vaHVoVI2oBuHZq15pPfCSYt5crQ9ALOkGScxLGD4igC6W7yf05YhxKd1YvyFvEkP87c9VdD2OhtyeDSDJi9hwzEa+llGD5n2q89yrgA/gs2jvehnIDhGTH6lg1iAFpB+0AIs+FhqCw==";
    const RS256: &str = "kqJX1pZ9Sc8woiBKgjP0YzM2kjAIiDamPeYJxvDmENrcMjInMmDi5S585ytRLkbRafJXth20MidWYGcft/WQxjN8QeBDI5nvGaBKTc6EulNGfcoJjqbgx3G9X1zxLSYfRf+71UXhOGL3xLinq4B3/68Yp01P5+eYzGMetysQznVzXEfaxBIv4p8K61PPC52AlP6ZvUbpf0evpeyVpQQ14d1hxy6Aby24k7PFDJsohnAH80AXwC0ClLWILCnrF7ufUrV/Ru0PwkS/ZdIbrDTT/dtUHCwi5Un9AhhO1oPoV93WE6KUTrA3SB4z31idettv7gRVcokhXyw268TlJB7XdQ==";
    const PS256: &str = "wFiPTKR1FMhEPRQ7eDoOqy9zELQje/wMuMkg25n/iWBDmGvUikYmNw+XaylIxbbRARb5GNfGW/bIKrU9d6GtLHPhYrwmH/9bNTDrEF0seXGsJnvqXGfBQNYb8ikCkXIRYx58ho8/r/R/9s2fw4/onZR4YtBiFzTc5LHYWkLfoScwipMQ7Ioc9EKT3E2o26BX+gaK/38y04XyRZLMVVIJQHjMoXJETzX9lZcljNUWrDRHd7yz1yRSh4dhoniEoh/X3/Yg8YokUT+3oQbxByGtYRj8vNPh4uda+EaWVU5bsgf8sUD8VRma0nskTg0jhmfGPbyJAwVOrMny7vxOvQk51A==";
    const PS256_SALT_20: &str = "wgDakiSulVGmWv5V9KlJ0Et4xoFGU8lu3y/OUv6aFB1HTq9ypDMRLtBYCI/RzJurkQM8TJXe8Q8cu5jOd1+c2tAB6vPi6J+MO6ZYCWHJ2B+01BQlKFa/H5RKW1hC41TKFDoLO8P6QgBDf53k2uIBWpZI6ITXDea8jPKF269+ZQYSO+tjCxMqMEomjg6FPG7ygkH181mN32cafLPjkl+/mTagNRmWttVCjrQmwLnNTL8tSX1IN9nTJfmbttRnMzYQ6usV9h3q6jand8xMyyfmKIemy9qOOPUE9t7Nn6KQJLGZ05I1X5kB6CfbY7r7YyNt9vjuswX6tCIuCNgog5RS/w==";

    fn decoded(text: &str) -> Vec<u8> {
        base64_bytes(text.as_bytes()).unwrap()
    }

    /// The signature, and what is nearly one.
    fn near(signature: &[u8], modulus: &[u8]) -> Vec<Vec<u8>> {
        let mut all =
            vec![signature.to_vec(), modulus.to_vec(), vec![0; signature.len()], vec![0xff; signature.len()], Vec::new()];
        let mut one = vec![0; signature.len()];
        *one.last_mut().unwrap() = 1;
        all.extend([one, signature[1..].to_vec(), [&[0], signature].concat(), [signature, &[0]].concat()]);
        for bit in (0..signature.len() * 8).step_by(61) {
            let mut flipped = signature.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            all.push(flipped);
        }
        all
    }

    #[test]
    fn rsa_is_decided_as_in_rust() {
        let (n, digest) = (decoded(N), Hash::Sha256.of(&[MESSAGE]));
        let padded = [&[0, 0], n.as_slice()].concat();
        let mut verified = 0;
        for signature in [RS256, PS256, PS256_SALT_20].iter().flat_map(|text| near(&decoded(text), &n)) {
            for (n, e) in [(&n, &[1, 0, 1][..]), (&padded, &[0, 1, 0, 1]), (&n, &[3]), (&n, &[0x7f, 0xff, 0xff, 0xff])] {
                let by_pkcs1 = rsa::verify_pkcs1(n, e, Hash::Sha256, &digest, &signature);
                let by_pss = rsa::verify_pss(n, e, Hash::Sha256, &digest, &signature, Some(32));
                assert_eq!(pkcs1(n, e, Hash::Sha256, MESSAGE, &signature), Some(by_pkcs1));
                assert_eq!(pss(n, e, Hash::Sha256, MESSAGE, &signature), Some(by_pss));
                verified += usize::from(by_pkcs1) + usize::from(by_pss);
            }
        }
        assert_eq!(verified, 4);
    }

    #[test]
    fn keys_that_only_one_of_both_takes_are_left() {
        let (n, signature) = (decoded(N), decoded(RS256));
        let mut even = n.clone();
        *even.last_mut().unwrap() &= 0xfe;
        for (n, e) in [(&n[..128], &[1, 0, 1][..]), (&n[1..], &[1, 0, 1]), (&even, &[1, 0, 1]), (&n, &[2]), (&n, &[1]), (&n, &[])]
        {
            assert_eq!(pkcs1(n, e, Hash::Sha256, MESSAGE, &signature), None);
        }
        assert_eq!(pkcs1(&n, &[0x80, 0, 0, 1], Hash::Sha256, MESSAGE, &signature), None);
    }

    #[test]
    fn ecdsa_is_decided_as_in_rust() {
        let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        let signature: p256::ecdsa::Signature = key.sign_prehash(&Hash::Sha256.of(&[MESSAGE])).unwrap();
        let high = p256::ecdsa::Signature::from_scalars(*signature.r(), -*signature.s()).unwrap();
        let order = decoded("/////wAAAAD//////////7zm+q2nF56E87nKwvxjJVE=");
        let mut verified = 0;
        for signature in
            [signature.to_bytes(), high.to_bytes()].iter().flat_map(|s| near(s, &[order.as_slice(), &order].concat()))
        {
            let found = ecdsa(Curve::P256, &point, Hash::Sha256, MESSAGE, &signature);
            if signature.len() != 64 {
                assert_eq!(found, None);
                continue;
            }
            let rust = ecdsa_in_rust(Curve::P256, &point, Hash::Sha256, MESSAGE, &signature).unwrap_or(false);
            assert_eq!(found, Some(rust));
            verified += usize::from(rust);
        }
        assert_eq!(verified, 2);
    }
}
