//! Certificates.

use std::collections::HashSet;

use super::super::super::value::{Arena, Value};
use super::super::crypto::Public;
use super::super::crypto::der::{self, Der};
use super::algorithm::{Signature, identifier};
use super::constraints::Constraints;
use super::extensions::{Extension, Extensions};
use super::moment::Moment;
use super::name::{self, Attribute};
use super::oid;
use super::public::{Key, aligned};
use super::show::{bytes, list, object, oid_value, optional_bytes, signed, text, texts};

/// A certificate, and what of it is asked when it is verified.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'a, 'd> {
    pub(super) raw: &'d [u8],
    pub(super) signed: &'d [u8],
    pub(super) key_info: &'d [u8],
    pub(super) subject: &'d [u8],
    pub(super) issuer: &'d [u8],
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Signature,
    pub(super) key: Key<'a>,
    pub(super) version: i64,
    pub(super) begins: Moment,
    pub(super) ends: Moment,
    pub(super) extensions: Extensions<'a, 'd>,
    serial: &'d [u8],
    issuer_names: Vec<Attribute<'a>>,
    subject_names: Vec<Attribute<'a>>,
}

/// All certificates of a text in DER, which follow one another.
pub(super) fn parse_all<'a, 'd>(arena: &'a Arena, mut der: &'d [u8]) -> Result<Vec<Certificate<'a, 'd>>, String> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let certificate = Certificate::parse(arena, der)?;
        der = der.get(certificate.raw.len()..).unwrap_or_default();
        found.push(certificate);
    }
    Ok(found)
}

impl<'a, 'd> Certificate<'a, 'd> {
    /// The first certificate of a text in DER.
    pub(super) fn parse(arena: &'a Arena, text: &'d [u8]) -> Result<Self, String> {
        let (raw, contents) = Der(text).element(der::SEQUENCE).ok_or("x509: malformed certificate")?;
        let mut outer = Der(contents);
        let (signed, body) = outer.element(der::SEQUENCE).ok_or("x509: malformed tbs certificate")?;
        let mut body = Der(body);
        let version = version(&mut body)?;
        let serial = body.integer().ok_or("x509: malformed serial number")?;
        if serial.first().is_some_and(|first| *first >= 0x80) {
            return Err("x509: negative serial number".to_owned());
        }
        let algorithm = algorithm(&mut body, &mut outer)?;
        let (issuer, _) = body.element(der::SEQUENCE).ok_or("x509: malformed issuer")?;
        let issuer_names = name::parse(arena, issuer)?;
        let mut validity = body.sequence().ok_or("x509: malformed validity")?;
        let (begins, ends) = (Moment::next(&mut validity)?, Moment::next(&mut validity)?);
        // Go says "issuer" of the subject, too.
        let (subject, _) = body.element(der::SEQUENCE).ok_or("x509: malformed issuer")?;
        let subject_names = name::parse(arena, subject)?;
        let (key_info, key) = key(arena, &mut body)?;
        let extensions = extensions(arena, version, &mut body)?;
        let signature = aligned(outer.bit_string().ok_or("x509: malformed signature")?);
        Ok(Self {
            raw,
            signed,
            key_info,
            subject,
            issuer,
            signature,
            algorithm,
            key,
            version,
            begins,
            ends,
            extensions,
            serial,
            issuer_names,
            subject_names,
        })
    }

    /// As Go's struct, with OPA's list of the URLs' texts where `with_texts`.
    pub(super) fn shown(&self, arena: &'a Arena, with_texts: bool) -> Result<Value<'a>, String> {
        let found = &self.extensions;
        let mut fields = vec![
            ("Raw", bytes(arena, self.raw)),
            ("RawTBSCertificate", bytes(arena, self.signed)),
            ("RawSubjectPublicKeyInfo", bytes(arena, self.key_info)),
            ("RawSubject", bytes(arena, self.subject)),
            ("RawIssuer", bytes(arena, self.issuer)),
            ("Signature", bytes(arena, &self.signature)),
            ("SignatureAlgorithm", Value::Int(self.algorithm.number)),
            ("PublicKeyAlgorithm", Value::Int(self.key.algorithm)),
            ("PublicKey", self.key.shown),
            ("Version", Value::Int(self.version)),
            ("SerialNumber", signed(arena, self.serial)),
            ("Issuer", name::name(arena, &self.issuer_names)),
            ("Subject", name::name(arena, &self.subject_names)),
            ("NotBefore", text(arena, self.begins.json()?.as_bytes())),
            ("NotAfter", text(arena, self.ends.json()?.as_bytes())),
        ];
        fields.extend(found.shown(arena));
        fields.extend(found.names.shown(arena));
        fields.extend(shown_constraints(arena, &found.constraints));
        if with_texts {
            let urls: Vec<Vec<u8>> = found.names.urls.iter().map(|url| url.text.clone().into_bytes()).collect();
            fields.push(("URIStrings", texts(arena, &urls)));
        }
        Ok(object(arena, &fields))
    }
}

/// The version, from 1.
fn version(body: &mut Der<'_>) -> Result<i64, &'static str> {
    const MALFORMED: &str = "x509: malformed version";
    let Some(tagged) = body.optional(0xa0).ok_or(MALFORMED)? else { return Ok(1) };
    let mut tagged = Der(tagged);
    let number = tagged.integer().filter(|number| number.len() <= 8 && tagged.is_empty()).ok_or(MALFORMED)?;
    match number {
        [first, ..] if *first >= 0x80 => Err(MALFORMED),
        // Go adds 1, and wraps around.
        [0x7f, rest @ ..] if rest.len() == 7 && rest.iter().all(|byte| *byte == 0xff) => Ok(i64::MIN),
        [only] if *only <= 2 => Ok(i64::from(*only) + 1),
        _ => Err("x509: invalid version"),
    }
}

/// The algorithm, which must be the same inside and outside.
fn algorithm(body: &mut Der<'_>, outer: &mut Der<'_>) -> Result<Signature, &'static str> {
    let inside = body.sequence().ok_or("x509: malformed signature algorithm identifier")?;
    let outside = outer.sequence().ok_or("x509: malformed algorithm identifier")?;
    if inside.0 != outside.0 {
        return Err("x509: inner and outer signature algorithm identifiers don't match");
    }
    let (oid, parameters) = identifier(inside)?;
    Ok(Signature::of(&oid, parameters))
}

fn key<'a, 'd>(arena: &'a Arena, body: &mut Der<'d>) -> Result<(&'d [u8], Key<'a>), String> {
    let (raw, contents) = body.element(der::SEQUENCE).ok_or("x509: malformed spki")?;
    let mut info = Der(contents);
    let algorithm = info.sequence().ok_or("x509: malformed public key algorithm identifier")?;
    let (oid, parameters) = identifier(algorithm)?;
    let bits = info.bit_string().ok_or("x509: malformed subjectPublicKey")?;
    Ok((raw, Key::of(arena, &oid, parameters, bits)?))
}

fn extensions<'a, 'd>(arena: &'a Arena, version: i64, body: &mut Der<'d>) -> Result<Extensions<'a, 'd>, String> {
    if version > 1 {
        body.optional(0x81).ok_or("x509: malformed issuerUniqueID")?;
        body.optional(0x82).ok_or("x509: malformed subjectUniqueID")?;
    }
    let tagged = if version == 3 { body.optional(0xa3).ok_or("x509: malformed extensions")? } else { None };
    let Some(tagged) = tagged else { return Ok(Extensions::default()) };
    let mut rest = Der(tagged).sequence().ok_or("x509: malformed extensions")?;
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    while !rest.is_empty() {
        let extension = Extension::parse(rest.sequence().ok_or("x509: malformed extension")?)?;
        if !seen.insert(extension.oid.clone()) {
            let id = oid::text(&extension.oid);
            return Err(format!("x509: certificate contains duplicate extension with OID \"{id}\""));
        }
        all.push(extension);
    }
    Extensions::of(arena, all)
}

fn shown_constraints<'a>(arena: &'a Arena, found: &Constraints) -> Vec<(&'static str, Value<'a>)> {
    let networks = |all: &[super::constraints::Network]| {
        let shown = |network: &super::constraints::Network| {
            let address = text(arena, super::alternative::address(&network.address).as_bytes());
            object(arena, &[("IP", address), ("Mask", bytes(arena, &network.mask))])
        };
        list(arena, &all.iter().map(shown).collect::<Vec<_>>())
    };
    let (permitted, excluded) = (&found.permitted, &found.excluded);
    vec![
        ("PermittedDNSDomainsCritical", Value::Bool(found.critical)),
        ("PermittedDNSDomains", texts(arena, &permitted.dns)),
        ("ExcludedDNSDomains", texts(arena, &excluded.dns)),
        ("PermittedIPRanges", networks(&permitted.networks)),
        ("ExcludedIPRanges", networks(&excluded.networks)),
        ("PermittedEmailAddresses", texts(arena, &permitted.emails)),
        ("ExcludedEmailAddresses", texts(arena, &excluded.emails)),
        ("PermittedURIDomains", texts(arena, &permitted.urls)),
        ("ExcludedURIDomains", texts(arena, &excluded.urls)),
    ]
}

impl Certificate<'_, '_> {
    /// Whether it has a key that may verify.
    pub(super) const fn has_key(&self) -> bool {
        self.key.algorithm != 0
    }

    /// Its alternative names' extension, as it is.
    pub(super) fn names_value(&self) -> Option<&[u8]> {
        self.extensions.value_of(&[2, 5, 29, 17])
    }

    /// The public key.
    pub(super) const fn public(&self) -> &Public {
        &self.key.public
    }
}

/// The extensions as they are, for certificates and requests.
pub(super) fn shown_extensions<'a>(arena: &'a Arena, all: &[Extension<'_>]) -> Value<'a> {
    let shown = |one: &Extension<'_>| {
        let id = oid_value(arena, &one.oid);
        object(arena, &[("Id", id), ("Critical", Value::Bool(one.critical)), ("Value", optional_bytes(arena, Some(one.value)))])
    };
    list(arena, &all.iter().map(shown).collect::<Vec<_>>())
}
