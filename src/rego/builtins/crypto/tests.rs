use super::super::encoding::hex;
use super::{Hash, pem_decode, same};

#[test]
fn hashes_are_those_of_the_rfcs() {
    // RFC 4231, case 2.
    let mac = Hash::Sha256.hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(hex(&mac), b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let mac = Hash::Sha384.hmac(b"Jefe", b"what do ya want for nothing?");
    assert!(hex(&mac).starts_with(b"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"));
    // FIPS 180.
    assert!(hex(&Hash::Sha512.of(&[b"a", b"bc"])).starts_with(b"ddaf35a193617abacc417349ae204131"));
    assert!(same(b"abc", b"abc") && !same(b"abc", b"abd") && !same(b"abc", b"ab"));
}

#[test]
fn pem_is_read_as_go_does() {
    let block = |text: &'static str| pem_decode(text.as_bytes()).map(|block| (block.kind, block.bytes, block.rest));
    assert_eq!(block("-----BEGIN A-----\naGk=\n-----END A-----\nx"), Some((&b"A"[..], b"hi".to_vec(), &b"x"[..])));
    assert_eq!(
        block("\n-----BEGIN A-----\r\nK: v\r\n\r\na G k=\r\n-----END A-----"),
        Some((&b"A"[..], b"hi".to_vec(), &b""[..]))
    );
    assert_eq!(block("-----BEGIN A-----\n-----BEGIN B-----\naGk=\n-----END B-----"), Some((&b"B"[..], b"hi".to_vec(), &b""[..])));
    assert_eq!(block("-----BEGIN A-----\naGk=\n-----END B-----\n"), None);
    assert_eq!(block("x-----BEGIN A-----\naGk=\n-----END A-----\n"), None);
    assert_eq!(block("-----BEGIN A-----\naGk=\n-----END A-----x\n"), None);
    assert_eq!(block("-----BEGIN A-----\n-----END A-----\n"), Some((&b"A"[..], Vec::new(), &b""[..])));
}
