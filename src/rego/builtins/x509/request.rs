//! Requests for certificates, which Go reads with `encoding/asn1`.

use std::collections::HashSet;

use super::super::super::value::{Arena, Value};
use super::algorithm::Signature;
use super::alternative::Names;
use super::asn1::{self, Algorithm, Element, Fields, LIST, Result, Want};
use super::certificate::shown_extensions;
use super::extensions::Extension;
use super::moment;
use super::name::{self, Attribute};
use super::oid;
use super::public::{Key, aligned};
use super::show::{bytes, list, object, oid_value};
use super::strings::{self, Reader};

const SET: Want = Want::new("RelativeDistinguishedNameSET", 17, true);
const PAIR: Want = Want::sequence("AttributeTypeAndValue");

/// A request as Go's struct.
pub(super) fn shown<'a>(arena: &'a Arena, text: &[u8]) -> Result<Value<'a>> {
    let mut top = Fields::new(text);
    let whole = top.need(Want::sequence("certificateRequest"))?;
    let mut outer = Fields::new(whole.contents);
    let signed = outer.need(Want::sequence("tbsCertificateRequest"))?;
    let mut body = Fields::new(signed.contents);
    let version = asn1::need_int(&mut body)?;
    let subject = body.need(Want::any())?.full;
    let key_info = body.need(Want::sequence("publicKeyInfo"))?;
    let mut key_fields = Fields::new(key_info.contents);
    let key_algorithm = Algorithm::next(&mut key_fields)?;
    let key_bits = asn1::bits(key_fields.need(asn1::BITS)?.contents)?;
    let attributes = raw_list(body.need(LIST.implicit(0))?.contents)?;
    let algorithm = Algorithm::next(&mut outer)?;
    let signature = asn1::bits(outer.need(asn1::BITS)?.contents)?;
    if !top.rest().is_empty() {
        return Err("asn1: syntax error: trailing data".to_owned());
    }
    let key = Key::of(arena, &key_algorithm.oid, key_algorithm.parameters, key_bits)?;
    let subject_names = names(arena, subject)?;
    let extensions = requested(&attributes)?;
    let mut alternative = Names::default();
    for one in extensions.iter().filter(|one| one.oid == [2, 5, 29, 17]) {
        alternative = Names::parse(arena, one.value)?;
    }
    let sets: Vec<Value<'a>> = attributes.iter().filter_map(|one| attribute_set(arena, one.full).ok().flatten()).collect();
    let mut fields = vec![
        ("Raw", bytes(arena, whole.full)),
        ("RawTBSCertificateRequest", bytes(arena, signed.full)),
        ("RawSubjectPublicKeyInfo", bytes(arena, key_info.full)),
        ("RawSubject", bytes(arena, subject)),
        ("Version", Value::Int(version)),
        ("Signature", bytes(arena, &aligned(signature))),
        ("SignatureAlgorithm", Value::Int(Signature::of(&algorithm.oid, algorithm.parameters).number)),
        ("PublicKeyAlgorithm", Value::Int(key.algorithm)),
        ("PublicKey", key.shown),
        ("Subject", name::name(arena, &subject_names)),
        ("Attributes", list(arena, &sets)),
        ("Extensions", shown_extensions(arena, &extensions)),
        ("ExtraExtensions", Value::Null),
    ];
    fields.extend(alternative.shown(arena));
    Ok(object(arena, &fields))
}

fn raw_list(contents: &[u8]) -> Result<Vec<Element<'_>>> {
    asn1::elements(contents, Want::any())?.into_iter().map(|mut at| at.need(Want::any())).collect()
}

/// The subject's attributes.
fn names<'a>(arena: &'a Arena, raw: &[u8]) -> Result<Vec<Attribute<'a>>> {
    let mut top = Fields::new(raw);
    let sets = top.need(Want::sequence("RDNSequence"))?.contents;
    let mut found = Vec::new();
    for mut at in asn1::elements(sets, SET)? {
        for pair in asn1::elements(at.need(SET)?.contents, PAIR)? {
            found.push(pair_of(arena, pair)?);
        }
    }
    if top.rest().is_empty() { Ok(found) } else { Err("x509: trailing data after X.509 Subject".to_owned()) }
}

/// A type and its value.
fn pair_of<'a>(arena: &'a Arena, mut at: Fields<'_>) -> Result<Attribute<'a>> {
    let mut fields = at.fields(PAIR)?;
    let kind = oid::parse(fields.need(asn1::OID)?.contents)?;
    let value = fields.need(Want::any())?;
    Ok(Attribute { kind, value: any(arena, &value)? })
}

/// Any value, as Go shows it; `null` for what it does not know.
fn any<'a>(arena: &'a Arena, element: &Element<'_>) -> Result<Value<'a>> {
    let Some(tag) = element.universal() else { return Ok(Value::Null) };
    let contents = element.contents;
    Ok(match tag {
        1 => Value::Bool(asn1::boolean(contents)?),
        2 => Value::Int(asn1::int_of(contents)?),
        3 => {
            let (padding, bits) = asn1::bits(contents)?;
            let length = bits.len() as i64 * 8 - i64::from(padding);
            object(arena, &[("Bytes", bytes(arena, bits)), ("BitLength", Value::Int(length))])
        }
        4 => bytes(arena, contents),
        6 => oid_value(arena, &oid::parse(contents)?),
        23 | 24 => Value::string(arena, moment::any(tag, contents)?),
        _ => match strings::read(tag, contents, Reader::Asn1) {
            Some(text) => Value::string(arena, text?),
            None => Value::Null,
        },
    })
}

/// An attribute as a set of lists of types and values, which few are: none where bytes follow it.
fn attribute_set<'a>(arena: &'a Arena, raw: &[u8]) -> Result<Option<Value<'a>>> {
    let mut top = Fields::new(raw);
    let mut fields = top.fields(Want::sequence("AttributeTypeAndValueSET"))?;
    let kind = oid::parse(fields.need(asn1::OID)?.contents)?;
    let mut lists = Vec::new();
    for mut at in asn1::elements(fields.need(LIST.set())?.contents, LIST)? {
        let mut pairs = Vec::new();
        for pair in asn1::elements(at.need(LIST)?.contents, PAIR)? {
            pairs.push(name::shown(arena, &pair_of(arena, pair)?));
        }
        // Lists are made as long as they are, so that an empty one is no `null`.
        lists.push(Value::array(arena, &pairs));
    }
    let shown = object(arena, &[("Type", oid_value(arena, &kind)), ("Value", Value::array(arena, &lists))]);
    Ok(top.rest().is_empty().then_some(shown))
}

/// The extensions that are asked for.
fn requested<'d>(attributes: &[Element<'d>]) -> Result<Vec<Extension<'d>>> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for attribute in attributes {
        let Ok(Some(value)) = extension_request(attribute.full) else { continue };
        let mut top = Fields::new(value);
        let all = top.need(LIST)?.contents;
        let mut own = Vec::new();
        for at in asn1::elements(all, Want::sequence("Extension"))? {
            own.push(extension(at)?);
        }
        if !own.iter().all(|one: &Extension<'_>| seen.insert(one.oid.clone())) {
            return Err("x509: certificate request contains duplicate requested extensions".to_owned());
        }
        found.extend(own);
    }
    Ok(found)
}

/// The first value of an attribute that asks for extensions.
fn extension_request(raw: &[u8]) -> Result<Option<&[u8]>> {
    let mut top = Fields::new(raw);
    let mut fields = top.fields(Want::sequence("pkcs10Attribute"))?;
    let kind = oid::parse(fields.need(asn1::OID)?.contents)?;
    let values = raw_list(fields.need(LIST.set())?.contents)?;
    let asks = top.rest().is_empty() && kind == [1, 2, 840, 113_549, 1, 9, 14];
    Ok(values.first().filter(|_| asks).map(|value| value.full))
}

fn extension<'d>(mut at: Fields<'d>) -> Result<Extension<'d>> {
    let mut fields = at.fields(Want::sequence("Extension"))?;
    let oid = oid::parse(fields.need(asn1::OID)?.contents)?;
    let critical = fields.field(asn1::BOOL.optional())?.map(|flag| asn1::boolean(flag.contents)).transpose()?.unwrap_or(false);
    let value = fields.need(asn1::OCTETS)?.contents;
    Ok(Extension { oid, critical, value })
}
