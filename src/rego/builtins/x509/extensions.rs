//! What Go makes of the extensions of certificates.

use super::super::super::value::{Arena, Value};
use super::super::crypto::der::{self, Der};
use super::alternative::Names;
use super::certificate::shown_extensions;
use super::constraints::Constraints;
use super::oid::{self, Oid};
use super::show::{list, object, oid_value, optional_bytes, text, texts};

/// An extension as it is.
#[derive(Debug, Clone)]
pub(super) struct Extension<'d> {
    pub(super) oid: Oid,
    pub(super) critical: bool,
    pub(super) value: &'d [u8],
}

impl<'d> Extension<'d> {
    pub(super) fn parse(mut der: Der<'d>) -> Result<Self, &'static str> {
        let oid = oid::next(&mut der).ok_or("x509: malformed extension OID field")?;
        let flag = der.at(der::BOOLEAN).then(|| der.boolean().ok_or("x509: malformed extension critical field"));
        let critical = flag.transpose()?.unwrap_or(false);
        let value = der.take(der::OCTETS).ok_or("x509: malformed extension value field")?;
        Ok(Self { oid, critical, value })
    }
}

/// Extended usages that Go has numbers for; the place is the number.
const USAGES: [&[u32]; 14] = [
    &[2, 5, 29, 37, 0],
    &[1, 3, 6, 1, 5, 5, 7, 3, 1],
    &[1, 3, 6, 1, 5, 5, 7, 3, 2],
    &[1, 3, 6, 1, 5, 5, 7, 3, 3],
    &[1, 3, 6, 1, 5, 5, 7, 3, 4],
    &[1, 3, 6, 1, 5, 5, 7, 3, 5],
    &[1, 3, 6, 1, 5, 5, 7, 3, 6],
    &[1, 3, 6, 1, 5, 5, 7, 3, 7],
    &[1, 3, 6, 1, 5, 5, 7, 3, 8],
    &[1, 3, 6, 1, 5, 5, 7, 3, 9],
    &[1, 3, 6, 1, 4, 1, 311, 10, 3, 3],
    &[2, 16, 840, 1, 113_730, 4, 1],
    &[1, 3, 6, 1, 4, 1, 311, 2, 1, 22],
    &[1, 3, 6, 1, 4, 1, 311, 61, 1, 1],
];

/// The extensions, and what they say.
#[derive(Debug, Clone, Default)]
pub(super) struct Extensions<'a, 'd> {
    pub(super) all: Vec<Extension<'d>>,
    /// Critical ones that are not known, or not wholly.
    pub(super) unhandled: Vec<Oid>,
    pub(super) names: Names<'a>,
    pub(super) constraints: Constraints,
    pub(super) usage: u16,
    pub(super) usages: Vec<usize>,
    pub(super) unknown_usages: Vec<Oid>,
    /// Basic constraints: whether it may sign, and how many may stand between; -1 for any number.
    pub(super) basic: Option<(bool, i64)>,
    pub(super) subject_key: Option<&'d [u8]>,
    pub(super) authority_key: Option<&'d [u8]>,
    pub(super) policies: Option<Vec<&'d [u8]>>,
    pub(super) mappings: Vec<(&'d [u8], &'d [u8])>,
    pub(super) inhibit_any: Option<i64>,
    pub(super) inhibit_mapping: Option<i64>,
    pub(super) require_explicit: Option<i64>,
    ocsp: Vec<Vec<u8>>,
    issuers: Vec<Vec<u8>>,
    crl: Vec<Vec<u8>>,
}

impl<'a, 'd> Extensions<'a, 'd> {
    pub(super) fn of(arena: &'a Arena, all: Vec<Extension<'d>>) -> Result<Self, String> {
        let mut found = Self::default();
        for extension in &all {
            let handled = match extension.oid.as_slice() {
                [2, 5, 29, id] => found.take(arena, *id, extension)?,
                [1, 3, 6, 1, 5, 5, 7, 1, 1] => {
                    found.access(extension)?;
                    true
                }
                _ => false,
            };
            if extension.critical && !handled {
                found.unhandled.push(extension.oid.clone());
            }
        }
        found.all = all;
        Ok(found)
    }

    /// The value of an extension.
    pub(super) fn value_of(&self, oid: &[u32]) -> Option<&'d [u8]> {
        self.all.iter().find(|one| one.oid == oid).map(|one| one.value)
    }

    /// One of RFC 5280's; whether it is known.
    fn take(&mut self, arena: &'a Arena, id: u32, extension: &Extension<'d>) -> Result<bool, String> {
        let der = Der(extension.value);
        match id {
            14 => self.subject_key = Some(subject_key(extension)?),
            15 => self.usage = usage(der).ok_or("x509: invalid key usage")?,
            17 => {
                self.names = Names::parse(arena, extension.value)?;
                return Ok(!self.names.is_empty());
            }
            19 => self.basic = Some(basic(der).ok_or("x509: invalid basic constraints")?),
            30 => {
                let (constraints, whole) = Constraints::parse(extension)?;
                self.constraints = constraints;
                return Ok(whole);
            }
            31 => self.crl = distribution_points(der)?,
            32 => self.policies = Some(policies(der).ok_or("x509: invalid certificate policies")?),
            33 => self.mappings = mappings(der).ok_or("x509: invalid policy mappings extension")?,
            35 => self.authority_key = authority_key(extension)?,
            36 => {
                let limits = policy_limits(der).ok_or("x509: invalid policy constraints extension")?;
                (self.require_explicit, self.inhibit_mapping) = limits;
            }
            37 => (self.usages, self.unknown_usages) = usages(der).ok_or("x509: invalid extended key usages")?,
            54 => self.inhibit_any = Some(inhibit(der).ok_or("x509: invalid inhibit any policy extension")?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where the issuer's certificate and its state are.
    fn access(&mut self, extension: &Extension<'d>) -> Result<(), String> {
        if extension.critical {
            return Err("x509: authority info access incorrectly marked critical".to_owned());
        }
        self.locations(Der(extension.value)).ok_or_else(|| "x509: invalid authority info access".to_owned())
    }

    fn locations(&mut self, mut der: Der<'d>) -> Option<()> {
        let mut rest = der.sequence()?;
        while !rest.is_empty() {
            let mut one = rest.sequence()?;
            let method = oid::next(&mut one)?;
            let Some(location) = one.optional(0x86)? else { continue };
            match method.as_slice() {
                [1, 3, 6, 1, 5, 5, 7, 48, 1] => self.ocsp.push(location.to_vec()),
                [1, 3, 6, 1, 5, 5, 7, 48, 2] => self.issuers.push(location.to_vec()),
                _ => {}
            }
        }
        Some(())
    }

    /// As fields of Go's struct.
    pub(super) fn shown(&self, arena: &'a Arena) -> Vec<(&'static str, Value<'a>)> {
        let oids = |all: &[Oid]| list(arena, &all.iter().map(|oid| oid_value(arena, oid)).collect::<Vec<_>>());
        let usages: Vec<Value<'a>> = self.usages.iter().map(|usage| Value::Int(*usage as i64)).collect();
        let (may_sign, length) = self.basic.unwrap_or((false, 0));
        let mut fields = vec![
            ("KeyUsage", Value::Int(i64::from(self.usage))),
            ("Extensions", shown_extensions(arena, &self.all)),
            ("ExtraExtensions", Value::Null),
            ("UnhandledCriticalExtensions", oids(&self.unhandled)),
            ("ExtKeyUsage", list(arena, &usages)),
            ("UnknownExtKeyUsage", oids(&self.unknown_usages)),
            ("BasicConstraintsValid", Value::Bool(self.basic.is_some())),
            ("IsCA", Value::Bool(may_sign)),
            ("MaxPathLen", Value::Int(length)),
            ("MaxPathLenZero", Value::Bool(self.basic.is_some() && length == 0)),
            ("SubjectKeyId", optional_bytes(arena, self.subject_key)),
            ("AuthorityKeyId", optional_bytes(arena, self.authority_key)),
            ("OCSPServer", texts(arena, &self.ocsp)),
            ("IssuingCertificateURL", texts(arena, &self.issuers)),
            ("CRLDistributionPoints", texts(arena, &self.crl)),
        ];
        fields.extend(self.shown_policies(arena));
        fields
    }

    fn shown_policies(&self, arena: &'a Arena) -> Vec<(&'static str, Value<'a>)> {
        let long = |contents: &[u8]| text(arena, oid::long_text(contents).as_bytes());
        let policies: Vec<Value<'a>> = self.policies.iter().flatten().map(|one| long(one)).collect();
        let short = |one: &&[u8]| oid::parse(one).ok().map(|oid| oid_value(arena, &oid));
        let identifiers = self.policies.as_ref().map_or(Value::Null, |all| {
            // Where there are policies, there is a list of those whose numbers are small enough, though it may be empty.
            Value::array(arena, &all.iter().filter_map(short).collect::<Vec<_>>())
        });
        let mapping = |(issuer, subject): &(&[u8], &[u8])| {
            object(arena, &[("IssuerDomainPolicy", long(issuer)), ("SubjectDomainPolicy", long(subject))])
        };
        let number = |limit: Option<i64>| Value::Int(limit.unwrap_or(0));
        let zero = |limit: Option<i64>| Value::Bool(limit == Some(0));
        vec![
            ("PolicyIdentifiers", identifiers),
            ("Policies", list(arena, &policies)),
            ("InhibitAnyPolicy", number(self.inhibit_any)),
            ("InhibitAnyPolicyZero", zero(self.inhibit_any)),
            ("InhibitPolicyMapping", number(self.inhibit_mapping)),
            ("InhibitPolicyMappingZero", zero(self.inhibit_mapping)),
            ("RequireExplicitPolicy", number(self.require_explicit)),
            ("RequireExplicitPolicyZero", zero(self.require_explicit)),
            ("PolicyMappings", list(arena, &self.mappings.iter().map(mapping).collect::<Vec<_>>())),
        ]
    }
}

fn subject_key<'d>(extension: &Extension<'d>) -> Result<&'d [u8], &'static str> {
    if extension.critical {
        return Err("x509: subject key identifier incorrectly marked critical");
    }
    Der(extension.value).take(der::OCTETS).ok_or("x509: invalid subject key identifier")
}

fn authority_key<'d>(extension: &Extension<'d>) -> Result<Option<&'d [u8]>, &'static str> {
    if extension.critical {
        return Err("x509: authority key identifier incorrectly marked critical");
    }
    let key = Der(extension.value).sequence().and_then(|mut rest| rest.optional(0x80));
    key.ok_or("x509: invalid authority key identifier")
}

/// Nine bits, the first of them the lowest.
fn usage(mut der: Der<'_>) -> Option<u16> {
    let (padding, bytes) = der.bit_string()?;
    let count = bytes.len() * 8 - usize::from(padding);
    let set = |bit: usize| bit < count && bytes.get(bit / 8).is_some_and(|byte| byte >> (7 - bit % 8) & 1 == 1);
    Some((0..9).filter(|bit| set(*bit)).fold(0, |usage, bit| usage | 1 << bit))
}

fn basic(mut der: Der<'_>) -> Option<(bool, i64)> {
    let mut rest = der.sequence()?;
    let may_sign = if rest.at(der::BOOLEAN) { rest.boolean()? } else { false };
    let length = if rest.at(der::INTEGER) { small(rest.integer()?).filter(|length| *length >= 0)? } else { -1 };
    Some((may_sign, length))
}

/// A number of at most eight bytes.
fn small(bytes: &[u8]) -> Option<i64> {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    (bytes.len() <= 8).then(|| bytes.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
}

fn inhibit(mut der: Der<'_>) -> Option<i64> {
    small(der.integer()?)
}

fn policy_limits(mut der: Der<'_>) -> Option<(Option<i64>, Option<i64>)> {
    let mut rest = der.sequence()?;
    let mut limit = |tag: u8| {
        if rest.at(tag) { rest.integer_tagged(tag).and_then(small).map(Some) } else { Some(None) }
    };
    Some((limit(0x80)?, limit(0x81)?))
}

fn usages(mut der: Der<'_>) -> Option<(Vec<usize>, Vec<Oid>)> {
    let mut rest = der.sequence()?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let oid = oid::next(&mut rest)?;
        match USAGES.iter().position(|usage| *usage == oid.as_slice()) {
            Some(usage) => known.push(usage),
            None => unknown.push(oid),
        }
    }
    Some((known, unknown))
}

fn policies<'d>(mut der: Der<'d>) -> Option<Vec<&'d [u8]>> {
    let mut rest = der.sequence()?;
    let (mut found, mut seen) = (Vec::new(), std::collections::HashSet::new());
    while !rest.is_empty() {
        let policy = rest.sequence()?.take(der::OID).filter(|oid| oid::is_long(oid))?;
        if !seen.insert(policy) {
            return None;
        }
        found.push(policy);
    }
    Some(found)
}

fn mappings<'d>(mut der: Der<'d>) -> Option<Vec<(&'d [u8], &'d [u8])>> {
    let mut rest = der.sequence()?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let mut pair = rest.sequence()?;
        found.push((pair.take(der::OID)?, pair.take(der::OID)?));
    }
    Some(found)
}

/// The URLs of lists of what is revoked.
fn distribution_points(mut der: Der<'_>) -> Result<Vec<Vec<u8>>, &'static str> {
    const INVALID: &str = "x509: invalid CRL distribution point";
    let mut rest = der.sequence().ok_or("x509: invalid CRL distribution points")?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let mut point = rest.sequence().ok_or(INVALID)?;
        let Some(name) = point.optional(0xa0).ok_or(INVALID)? else { continue };
        let mut names = Der(Der(name).take(0xa0).ok_or(INVALID)?);
        while names.at(0x86) {
            found.push(names.take(0x86).ok_or(INVALID)?.to_vec());
        }
    }
    Ok(found)
}
