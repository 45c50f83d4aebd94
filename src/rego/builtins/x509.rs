//! `crypto.x509.*` and `crypto.parse_private_keys`: what Go's `crypto/x509` reads, shown as its structs are in JSON.
//!
//! ```text
//!  text ──► DER ──► certificate ──► show       (certificates: crypto::der, as Go's cryptobyte)
//!               └─► request, private ──► show  (asn1, as Go's encoding/asn1, whose words it has)
//!                   certificate ──► verify ◄── host, policies, constraints
//! ```

mod algorithm;
mod alternative;
mod asn1;
mod certificate;
mod constraints;
mod extensions;
mod host;
mod jwk;
mod mailbox;
mod moment;
mod name;
mod oid;
mod pair;
mod policies;
mod private;
mod public;
mod request;
mod rsa;
mod show;
mod strings;
mod verify;

use super::super::value::{Arena, Value};
use super::crypto::der::{Der, SEQUENCE};
use super::crypto::{Public, pem_decode};
use super::encoding::base64_bytes;
use super::operand::{any, charge_digits, fail, object, string, type_error};
use super::{Context, Failure, Outcome};
use certificate::Certificate;
use private::Key;
use verify::Options;

const BEGIN: &[u8] = b"-----BEGIN";

/// A text, and the charge for reading it and for showing what is in it several times.
fn input<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], position: usize) -> Result<&'a [u8], Failure> {
    let text = string(operands, position)?;
    charge(ctx, text)?;
    Ok(text)
}

fn charge(ctx: &mut Context<'_>, text: &[u8]) -> Result<(), Failure> {
    ctx.charge(text.len() + 64)?;
    ctx.reserve(text.len().saturating_mul(16))
}

/// Charges what may be one number, which is shown in digits and checked by arithmetic: the work grows with its square.
fn charge_block(ctx: &mut Context<'_>, der: &[u8]) -> Result<(), Failure> {
    charge_digits(ctx, der.len().saturating_mul(5) / 2)
}

/// Charges certificates that follow one another.
fn charge_certificates(ctx: &mut Context<'_>, der: &[u8]) -> Result<(), Failure> {
    let mut rest = Der(der);
    while let Some((whole, _)) = rest.element(SEQUENCE) {
        charge_block(ctx, whole)?;
    }
    charge_block(ctx, rest.0)
}

/// The certificates of a text, in DER: of PEM, of DER in base64, or of PEM in base64.
fn der_of(text: &[u8]) -> Result<Vec<u8>, String> {
    if text.starts_with(BEGIN) {
        return pem_certificates(text);
    }
    let bytes = base64_bytes(text)?;
    if bytes.starts_with(BEGIN) { pem_certificates(&bytes) } else { Ok(bytes) }
}

fn pem_certificates(mut text: &[u8]) -> Result<Vec<u8>, String> {
    let mut der = Vec::new();
    while let Some(block) = pem_decode(text) {
        if block.kind != b"CERTIFICATE" {
            let kind = String::from_utf8_lossy(block.kind).into_owned();
            return Err(format!("PEM block type is '{kind}', expected CERTIFICATE"));
        }
        der.extend(block.bytes);
        text = block.rest;
    }
    Ok(der)
}

fn shown<'a>(
    ctx: &Context<'a>,
    all: impl Iterator<Item = impl std::ops::Deref<Target = Certificate<'a, 'a>>>,
    with_texts: bool,
) -> Outcome<'a> {
    let values: Result<Vec<Value<'a>>, String> = all.map(|one| one.shown(ctx.arena, with_texts)).collect();
    Ok(Value::array(ctx.arena, &values.map_err(fail)?))
}

/// The key of a certificate in DER, which is all of `der`.
pub(super) fn certificate_key(der: &[u8]) -> Result<Public, String> {
    let arena = Arena::new();
    let certificate = Certificate::parse(&arena, der)?;
    if certificate.raw.len() < der.len() { Err("x509: trailing data".to_owned()) } else { Ok(certificate.key.public) }
}

pub(super) fn parse_certificates<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let der = der_of(input(ctx, operands, 1)?).map_err(fail)?;
    charge_certificates(ctx, &der)?;
    let all = certificate::parse_all(ctx.arena, ctx.arena.alloc_slice_copy(&der)).map_err(fail)?;
    shown(ctx, all.iter(), true)
}

pub(super) fn parse_and_verify_certificates<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands, 1)?;
    verified(ctx, text, None, true)
}

pub(super) fn parse_and_verify_certificates_with_options<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands, 1)?;
    object(operands, 2)?;
    verified(ctx, text, Some(any(operands, 2)), false)
}

/// Whether they verify, and the chain. Those that are none do not; only then are the options looked at.
fn verified<'a>(ctx: &mut Context<'a>, text: &'a [u8], options: Option<Value<'a>>, with_texts: bool) -> Outcome<'a> {
    let refused = Value::array(ctx.arena, &[Value::Bool(false), Value::array(ctx.arena, &[])]);
    let Ok(der) = der_of(text) else { return Ok(refused) };
    charge_certificates(ctx, &der)?;
    let Ok(all) = certificate::parse_all(ctx.arena, ctx.arena.alloc_slice_copy(&der)) else { return Ok(refused) };
    let options = options.map(|options| Options::read(&options)).transpose()?.unwrap_or_default();
    let Some(chain) = verify::verify(ctx, &all, &options)? else { return Ok(refused) };
    let chain = shown(ctx, chain.into_iter(), with_texts)?;
    Ok(Value::array(ctx.arena, &[Value::Bool(true), chain]))
}

pub(super) fn parse_certificate_request<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands, 1)?;
    let is_pem = text.starts_with(b"-----BEGIN CERTIFICATE REQUEST-----");
    let bytes = if is_pem { text.to_vec() } else { base64_bytes(text).map_err(fail)? };
    let der = match pem_decode(&bytes) {
        Some(block) if block.kind != b"CERTIFICATE REQUEST" => {
            return Err(fail("invalid PEM-encoded certificate signing request"));
        }
        Some(block) => block.bytes,
        None => bytes,
    };
    charge_block(ctx, &der)?;
    request::shown(ctx.arena, &der).map_err(fail)
}

pub(super) fn parse_keypair<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let certificate = input(ctx, operands, 1)?;
    let key = any(operands, 2);
    // OPA counts both operands as the first.
    let key = key.as_bytes().ok_or_else(|| type_error(1, &key, &["string"]))?;
    charge(ctx, key)?;
    let (certificate, key) = (pem_of(certificate, "CERTIFICATE")?, pem_of(key, "PRIVATE KEY")?);
    charge_block(ctx, &certificate)?;
    charge_block(ctx, &key)?;
    pair::shown(ctx.arena, &certificate, &key).map_err(fail)
}

/// What a certificate says of itself.
pub(in crate::rego) struct Validity {
    /// Seconds since 1970.
    pub(in crate::rego) begins: i64,
    pub(in crate::rego) ends: i64,
    /// Whether a server may show it: it says so, or nothing of what it is for.
    pub(in crate::rego) serves: bool,
}

/// When a certificate is valid, and what for; `None` for what is none.
pub(in crate::rego) fn validity(der: &[u8]) -> Option<Validity> {
    const ANY: usize = 0;
    const SERVER: usize = 1;
    let arena = Arena::new();
    let certificate = Certificate::parse(&arena, der).ok()?;
    let extensions = &certificate.extensions;
    let says_nothing = extensions.usages.is_empty() && extensions.unknown_usages.is_empty();
    let serves = says_nothing || extensions.usages.iter().any(|usage| matches!(*usage, ANY | SERVER));
    Some(Validity { begins: certificate.begins.seconds, ends: certificate.ends.seconds, serves })
}

/// Refuses a certificate and a key that do not go together; the texts are PEM.
pub(super) fn check_pair(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    pair::checked(&Arena::new(), certificate, key).map(|_| ())
}

/// PEM as it is; PEM or DER in base64 as PEM.
fn pem_of(text: &[u8], kind: &str) -> Result<Vec<u8>, Failure> {
    const BEGIN_BLOCK: &[u8] = b"-----BEGIN ";
    if text.starts_with(BEGIN_BLOCK) {
        return Ok(text.to_vec());
    }
    let bytes = base64_bytes(text).map_err(fail)?;
    let begin = if kind == "CERTIFICATE" { BEGIN_BLOCK } else { BEGIN };
    if bytes.starts_with(begin) {
        return Ok(bytes);
    }
    let body = super::encoding::base64_text(&bytes);
    Ok(format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n").into_bytes())
}

/// The private keys of a text: of PEM, or of PEM in base64. Blocks of other kinds are passed over.
fn private_keys(ctx: &mut Context<'_>, text: &[u8]) -> Result<Vec<Key>, Failure> {
    let bytes = base64_bytes(text).ok();
    let mut text = bytes.as_deref().unwrap_or(text);
    let mut keys = Vec::new();
    while let Some(block) = pem_decode(text) {
        charge_block(ctx, &block.bytes)?;
        let key = match block.kind {
            b"RSA PRIVATE KEY" => Some(private::pkcs1(&block.bytes)),
            b"PRIVATE KEY" => Some(private::pkcs8(&block.bytes)),
            b"EC PRIVATE KEY" => Some(private::ec(&block.bytes, None)),
            _ => None,
        };
        keys.extend(key.transpose().map_err(fail)?);
        text = block.rest;
    }
    Ok(keys)
}

pub(super) fn parse_private_keys<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands, 1)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let keys = private_keys(ctx, text)?;
    let shown: Vec<Value<'a>> = keys.iter().map(|key| jwk::shown(ctx.arena, key)).collect();
    Ok(Value::array(ctx.arena, &shown))
}

/// The first private key of a text, of whatever kind it is, as a JSON Web Key.
pub(super) fn parse_rsa_private_key<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands, 1)?;
    if text.is_empty() {
        return Err(fail("input PEM data was empty"));
    }
    let decoded = if text.starts_with(BEGIN) { None } else { Some(base64_bytes(text).map_err(fail)?) };
    let keys = private_keys(ctx, decoded.as_deref().unwrap_or(text))?;
    keys.first().map_or(Ok(Value::Null), |key| jwk::jwk(ctx.arena, key).map_err(fail))
}
