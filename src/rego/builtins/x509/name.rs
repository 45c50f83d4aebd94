//! Distinguished names.

use super::super::super::value::{Arena, Value};
use super::super::crypto::der::{self, Der};
use super::oid::{self, Oid};
use super::show::{list, object, oid_value, text};
use super::strings::{self, Reader};

/// An attribute's type and its value, shown.
#[derive(Debug, Clone)]
pub(super) struct Attribute<'a> {
    pub(super) kind: Oid,
    pub(super) value: Value<'a>,
}

/// The attributes of a name, one after the other; `raw` is the whole element.
pub(super) fn parse<'a>(arena: &'a Arena, raw: &[u8]) -> Result<Vec<Attribute<'a>>, String> {
    let bad = |what: &str| format!("x509: invalid RDNSequence{what}");
    let mut sets = Der(raw).sequence().ok_or_else(|| bad(""))?;
    let mut attributes = Vec::new();
    while !sets.is_empty() {
        let mut set = Der(sets.take(der::SET).ok_or_else(|| bad(""))?);
        while !set.is_empty() {
            let mut attribute = set.sequence().ok_or_else(|| bad(": invalid attribute"))?;
            let kind = oid::next(&mut attribute).ok_or_else(|| bad(": invalid attribute type"))?;
            let (tag, contents) = attribute.next().ok_or_else(|| bad(": invalid attribute value"))?;
            let unsupported = || Err(format!("unsupported string type: {tag}"));
            let value = strings::read(u32::from(tag), contents, Reader::Certificate).unwrap_or_else(unsupported);
            let value = value.map_err(|problem| bad(&format!(": invalid attribute value: {problem}")))?;
            attributes.push(Attribute { kind, value: text(arena, value.as_bytes()) });
        }
    }
    Ok(attributes)
}

/// The attribute as it is shown.
pub(super) fn shown<'a>(arena: &'a Arena, attribute: &Attribute<'a>) -> Value<'a> {
    object(arena, &[("Type", oid_value(arena, &attribute.kind)), ("Value", attribute.value)])
}

/// A name as Go's struct of one.
pub(super) fn name<'a>(arena: &'a Arena, attributes: &[Attribute<'a>]) -> Value<'a> {
    let all = |id: u32| {
        let strings = attributes.iter().filter(move |one| one.kind == [2, 5, 4, id]).map(|one| one.value);
        strings.filter(|value| value.as_bytes().is_some()).collect::<Vec<_>>()
    };
    let many = |id: u32| list(arena, &all(id));
    let last = |id: u32| all(id).last().copied().unwrap_or(Value::String(b""));
    let names: Vec<Value<'a>> = attributes.iter().map(|one| shown(arena, one)).collect();
    object(
        arena,
        &[
            ("Country", many(6)),
            ("Organization", many(10)),
            ("OrganizationalUnit", many(11)),
            ("Locality", many(7)),
            ("Province", many(8)),
            ("StreetAddress", many(9)),
            ("PostalCode", many(17)),
            ("SerialNumber", last(5)),
            ("CommonName", last(3)),
            ("Names", list(arena, &names)),
            ("ExtraNames", Value::Null),
        ],
    )
}
