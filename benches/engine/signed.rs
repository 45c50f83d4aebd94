//! The bare verification of a token's signature, its key read beforehand: what cryptography alone takes, here and in Go.

use std::ffi::c_int;

use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

use crate::peers::{library, time_each};
use crate::tokens;

/// A token that is signed, and who verifies it.
#[derive(Clone, Copy)]
pub(crate) struct Signed {
    token: &'static str,
    pem: &'static str,
    jwks: &'static str,
}

type Measure = unsafe extern "C" fn(*const u8, u64, *const u8, u64, *mut u64, u64) -> c_int;

impl Signed {
    pub(crate) const RS256: Self = Self { token: tokens::RS256, pem: tokens::RSA_PEM, jwks: tokens::RSA_JWKS };
    pub(crate) const ES256: Self = Self { token: tokens::ES256, pem: tokens::EC_PEM, jwks: tokens::EC_JWKS };

    /// By the crate that sark verifies with.
    pub(crate) fn measure(self, count: u64, times: &mut Vec<u64>) {
        let keys: Value = serde_json::from_str(self.jwks).unwrap();
        let field = |name: &str| keys["keys"][0][name].as_str().map(base64url);
        let (message, signature) = self.token.rsplit_once('.').unwrap();
        let (message, signature) = (message.as_bytes(), base64url(signature));
        if let (Some(n), Some(e)) = (field("n"), field("e")) {
            let key = RsaPublicKeyComponents { n, e };
            time_each(count, times, || key.verify(&RSA_PKCS1_2048_8192_SHA256, message, &signature).expect("it verifies"));
        } else {
            let point = [vec![4], field("x").unwrap(), field("y").unwrap()].concat();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            time_each(count, times, || key.verify(message, &signature).expect("it verifies"));
        }
    }

    /// By Go's standard library, measured within Go.
    pub(crate) fn measure_in_go(self, count: u64, times: &mut Vec<u64>) {
        let start = times.len();
        times.resize(start + usize::try_from(count).unwrap(), 0);
        let verified = unsafe {
            let measure: libloading::Symbol<'_, Measure> = library().get(b"opa_measure_bare").expect("opa_measure_bare");
            let (token, pem) = (self.token, self.pem);
            measure(token.as_ptr(), token.len() as u64, pem.as_ptr(), pem.len() as u64, times[start..].as_mut_ptr(), count)
        };
        assert_eq!(verified, 1, "Go verifies the token");
    }
}

fn base64url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|b| *b == byte).expect("base64url")).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
