//! Hashes of a bundle's files, as its signature has them (OPA's `v1/bundle/hash.go`).

use sha2::Digest;

use crate::rego::Document;
use crate::rego::value::{Style, write};

/// The hash of a file's bytes by the algorithm of that name; `None` where there is no such algorithm.
pub(super) fn of_bytes(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    fn run<D: Digest>(bytes: &[u8]) -> Vec<u8> {
        D::digest(bytes).to_vec()
    }
    Some(match algorithm {
        "MD5" => run::<md5::Md5>(bytes),
        "SHA-1" => run::<sha1::Sha1>(bytes),
        "SHA-224" => run::<sha2::Sha224>(bytes),
        "SHA-256" => run::<sha2::Sha256>(bytes),
        "SHA-384" => run::<sha2::Sha384>(bytes),
        "SHA-512" => run::<sha2::Sha512>(bytes),
        "SHA-512-224" => run::<sha2::Sha512_224>(bytes),
        "SHA-512-256" => run::<sha2::Sha512_256>(bytes),
        _ => return None,
    })
}

/// The hash of a document: of its JSON with sorted keys, so that blanks and the order of keys do not matter.
pub(super) fn of_document(algorithm: &str, document: &Document) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    write(&document.view(), Style::PLAIN, &mut text);
    of_bytes(algorithm, &text)
}
