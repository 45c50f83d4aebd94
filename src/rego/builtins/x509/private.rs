//! Private keys: of PKCS #1, PKCS #8 and SEC 1.

use super::super::crypto::{Curve, ec_public, ed25519_public};
use super::asn1::{self, Algorithm, Element, Fields, LIST, Result, Want};
use super::oid::{self, Oid};
use super::public::curve;
use super::rsa::Rsa;

/// A private key. Its `Debug` shows no secrets.
pub(super) enum Key {
    Rsa(Box<Rsa>),
    /// The scalar, in a coordinate's bytes, and the point.
    Ec {
        curve: Curve,
        scalar: Vec<u8>,
        point: Vec<u8>,
    },
    /// The seed and the public key.
    Ed25519(Vec<u8>, Vec<u8>),
    X25519(Vec<u8>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "Rsa",
            Self::Ec { .. } => "Ec",
            Self::Ed25519(..) => "Ed25519",
            Self::X25519(_) => "X25519",
        })
    }
}

const INSTEAD: [&str; 3] = ["PKCS1PrivateKey", "PKCS8PrivateKey", "ECPrivateKey"];

/// That another of Go's functions reads the key.
fn instead(function: usize) -> String {
    let name = INSTEAD.get(function).copied().unwrap_or_default();
    format!("x509: failed to parse private key (use Parse{name} instead for this key format)")
}

/// What PKCS #8 says.
struct Wrapped<'d> {
    algorithm: Algorithm<'d>,
    key: &'d [u8],
}

fn wrapped(der: &[u8]) -> Result<Wrapped<'_>> {
    let mut fields = Fields::new(der).fields(Want::sequence("pkcs8"))?;
    asn1::need_int(&mut fields)?;
    Ok(Wrapped { algorithm: Algorithm::next(&mut fields)?, key: fields.need(asn1::OCTETS)?.contents })
}

/// What SEC 1 says.
struct Sec1<'d> {
    version: i64,
    scalar: &'d [u8],
    curve: Oid,
}

fn sec1(der: &[u8]) -> Result<Sec1<'_>> {
    let mut fields = Fields::new(der).fields(Want::sequence("ecPrivateKey"))?;
    let version = asn1::need_int(&mut fields)?;
    let scalar = fields.need(asn1::OCTETS)?.contents;
    let named = fields.field(asn1::OID.optional().explicit(0))?;
    let curve = named.map(|named| oid::parse(named.contents)).transpose()?.unwrap_or_default();
    if let Some(bits) = fields.field(asn1::BITS.optional().explicit(1))? {
        asn1::bits(bits.contents)?;
    }
    Ok(Sec1 { version, scalar, curve })
}

/// What PKCS #1 says, and how much of the text it is.
pub(super) struct Pkcs1<'d> {
    pub(super) version: i64,
    pub(super) e: i64,
    /// N, D, P and Q.
    pub(super) numbers: [&'d [u8]; 4],
    /// D modulo P - 1 and Q - 1, and the inverse of Q.
    pub(super) rest: [Option<&'d [u8]>; 3],
    pub(super) primes: Vec<&'d [u8]>,
    whole: bool,
}

fn pkcs1_of(der: &[u8]) -> Result<Pkcs1<'_>> {
    let mut top = Fields::new(der);
    let mut fields = top.fields(Want::sequence("pkcs1PrivateKey"))?;
    let version = asn1::need_int(&mut fields)?;
    let n = asn1::need_big(&mut fields)?;
    let e = asn1::need_int(&mut fields)?;
    let numbers = [n, asn1::need_big(&mut fields)?, asn1::need_big(&mut fields)?, asn1::need_big(&mut fields)?];
    let mut optional = || asn1::big(&mut fields, asn1::BIG.optional());
    let rest = [optional()?, optional()?, optional()?];
    let more = fields.field(LIST.optional())?.map(|list| primes(&list)).transpose()?;
    Ok(Pkcs1 { version, e, numbers, rest, primes: more.unwrap_or_default(), whole: top.rest().is_empty() })
}

fn primes<'d>(list: &Element<'d>) -> Result<Vec<&'d [u8]>> {
    let want = Want::sequence("pkcs1AdditionalRSAPrime");
    let prime = |mut at: Fields<'d>| {
        let mut fields = at.fields(want)?;
        let prime = asn1::need_big(&mut fields)?;
        asn1::need_big(&mut fields)?;
        asn1::need_big(&mut fields)?;
        Ok(prime)
    };
    asn1::elements(list.contents, want)?.into_iter().map(prime).collect()
}

/// An `RSA PRIVATE KEY`.
pub(super) fn pkcs1(der: &[u8]) -> Result<Key> {
    let read = pkcs1_of(der).map_err(|problem| match (sec1(der), wrapped(der)) {
        (Ok(_), _) => instead(2),
        (_, Ok(_)) => instead(1),
        _ => problem,
    })?;
    if !read.whole {
        return Err("asn1: syntax error: trailing data".to_owned());
    }
    Rsa::of(&read).map(|key| Key::Rsa(Box::new(key)))
}

/// A `PRIVATE KEY`.
pub(super) fn pkcs8(der: &[u8]) -> Result<Key> {
    let read = wrapped(der).map_err(|problem| match (sec1(der), pkcs1_of(der)) {
        (Ok(_), _) => instead(2),
        (_, Ok(_)) => instead(0),
        _ => problem,
    })?;
    let Wrapped { algorithm, key } = read;
    let embedded =
        |kind: &str, problem: String| format!("x509: failed to parse {kind} private key embedded in PKCS#8: {problem}");
    match algorithm.oid.as_slice() {
        [1, 2, 840, 113_549, 1, 1, 1] => pkcs1(key).map_err(|problem| embedded("RSA", problem)),
        [1, 2, 840, 10_045, 2, 1] => {
            let named = Fields::new(algorithm.parameters).need(asn1::OID).and_then(|named| Ok(oid::parse(named.contents)?)).ok();
            ec(key, named).map_err(|problem| embedded("EC", problem))
        }
        [1, 3, 101, 112] => {
            let seed = octets(&algorithm, key, "Ed25519")?;
            let public =
                ed25519_public(&seed).ok_or_else(|| format!("x509: invalid Ed25519 private key length: {}", seed.len()))?;
            Ok(Key::Ed25519(seed, public))
        }
        [1, 3, 101, 110] => {
            let seed = octets(&algorithm, key, "X25519")?;
            if seed.len() == 32 { Ok(Key::X25519(seed)) } else { Err("crypto/ecdh: invalid private key size".to_owned()) }
        }
        other => {
            let id = oid::text(other);
            Err(format!("x509: PKCS#8 wrapping contained private key with unknown algorithm: {id}"))
        }
    }
}

/// The bytes in a key without parameters.
fn octets(algorithm: &Algorithm<'_>, key: &[u8], name: &str) -> Result<Vec<u8>> {
    if !algorithm.parameters.is_empty() {
        return Err(format!("x509: invalid {name} private key parameters"));
    }
    let read = Fields::new(key).need(asn1::OCTETS);
    read.map(|element| element.contents.to_vec()).map_err(|problem| format!("x509: invalid {name} private key: {problem}"))
}

/// An `EC PRIVATE KEY`, of the curve that is named outside, or inside.
pub(super) fn ec(der: &[u8], named: Option<Oid>) -> Result<Key> {
    let read = sec1(der).map_err(|problem| match (wrapped(der), pkcs1_of(der)) {
        (Ok(_), _) => instead(1),
        (_, Ok(_)) => instead(0),
        _ => format!("x509: failed to parse EC private key: {problem}"),
    })?;
    if read.version != 1 {
        return Err(format!("x509: unknown EC private key version {}", read.version));
    }
    let curve = curve(&named.unwrap_or(read.curve)).ok_or("x509: unknown elliptic curve")?;
    let zeros = read.scalar.len().saturating_sub(curve.size());
    let (lead, digits) = read.scalar.split_at_checked(zeros).unwrap_or_default();
    if lead.iter().any(|byte| *byte != 0) {
        return Err("x509: invalid private key length".to_owned());
    }
    let scalar = [&vec![0; curve.size() - digits.len()], digits].concat();
    let point = ec_public(curve, &scalar).ok_or_else(|| refused(curve, &scalar))?;
    Ok(Key::Ec { curve, scalar, point })
}

/// Why a scalar is no key: it is none of the group's numbers.
fn refused(curve: Curve, scalar: &[u8]) -> String {
    let order: &str = match curve {
        Curve::P224 => "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
        Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Curve::P384 => "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        Curve::P521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138\
             6409"
        }
    };
    let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    let infinity = hex == order || scalar.iter().all(|byte| *byte == 0);
    let problem = if infinity { "ecdsa: invalid public key encoding" } else { "input overflows the modulus" };
    problem.to_owned()
}
