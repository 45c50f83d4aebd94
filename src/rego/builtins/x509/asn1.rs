//! What Go's `encoding/asn1` reads, field by field, and its words for what it does not.
//!
//! Requests and private keys are read by it; certificates by [`Der`](super::super::crypto::der::Der), which says less.

use super::oid::{self, Oid};

pub(super) type Result<T> = std::result::Result<T, String>;

/// What stands before the contents of an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    class: u8,
    tag: u32,
    length: usize,
    compound: bool,
}

/// An element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'d> {
    pub(super) header: Header,
    pub(super) contents: &'d [u8],
    /// The header, too.
    pub(super) full: &'d [u8],
}

impl Element<'_> {
    /// The tag, where it is a plain element of a type that ASN.1 itself has.
    pub(super) const fn universal(&self) -> Option<u32> {
        if self.header.class == 0 && !self.header.compound { Some(self.header.tag) } else { None }
    }
}

/// What a field wants: the name of its type in Go, and its tags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    name: &'static str,
    tag: u32,
    compound: bool,
    any: bool,
    optional: bool,
    explicit: Option<u32>,
    implicit: Option<u32>,
    set: bool,
}

impl Want {
    pub(super) const fn new(name: &'static str, tag: u32, compound: bool) -> Self {
        Self { name, tag, compound, any: false, optional: false, explicit: None, implicit: None, set: false }
    }

    /// A struct.
    pub(super) const fn sequence(name: &'static str) -> Self {
        Self::new(name, 16, true)
    }

    /// Any element, as it is.
    pub(super) const fn any() -> Self {
        Self { any: true, ..Self::new("RawValue", 0, false) }
    }

    pub(super) const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(super) const fn explicit(self, tag: u32) -> Self {
        Self { explicit: Some(tag), ..self }
    }

    pub(super) const fn implicit(self, tag: u32) -> Self {
        Self { implicit: Some(tag), ..self }
    }

    pub(super) const fn set(self) -> Self {
        Self { set: true, ..self }
    }
}

pub(super) const INT: Want = Want::new("int", 2, false);
pub(super) const BIG: Want = Want::new("", 2, false);
pub(super) const BOOL: Want = Want::new("bool", 1, false);
pub(super) const BITS: Want = Want::new("BitString", 3, false);
pub(super) const OCTETS: Want = Want::new("", 4, false);
pub(super) const OID: Want = Want::new("ObjectIdentifier", 6, false);
pub(super) const LIST: Want = Want::sequence("");

fn syntax<T>(problem: &str) -> Result<T> {
    Err(format!("asn1: syntax error: {problem}"))
}

fn structure<T>(problem: &str) -> Result<T> {
    Err(format!("asn1: structure error: {problem}"))
}

/// Contents whose elements are read one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'d> {
    all: &'d [u8],
    at: usize,
}

impl<'d> Fields<'d> {
    pub(super) const fn new(all: &'d [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'d [u8] {
        self.all.get(self.at..).unwrap_or_default()
    }

    fn header(&mut self) -> Result<Header> {
        let mut rest = self.rest();
        let read = header(&mut rest);
        self.at = self.all.len() - rest.len();
        read
    }

    /// The next field; none where it is optional and something else comes, or nothing.
    pub(super) fn field(&mut self, want: Want) -> Result<Option<Element<'d>>> {
        let start = self.at;
        let absent = |fields: &mut Self, problem: &dyn Fn() -> Result<Option<Element<'d>>>| {
            if want.optional {
                fields.at = start;
                Ok(None)
            } else {
                problem()
            }
        };
        if self.rest().is_empty() {
            return absent(self, &|| syntax("sequence truncated"));
        }
        let mut header = self.header()?;
        if let Some(tag) = want.explicit {
            if self.rest().is_empty() {
                return structure("explicit tag has no child");
            }
            if header.class != 2 || header.tag != tag || header.length != 0 && !header.compound {
                return absent(self, &|| structure("explicitly tagged member didn't match"));
            }
            if header.length == 0 {
                return structure("zero length explicit tag was not an asn1.Flag");
            }
            header = self.header()?;
        }
        if !want.meets(&header) {
            let at = self.at;
            return absent(self, &|| structure(&want.mismatch(&header, at)));
        }
        let Some(contents) = self.rest().get(..header.length) else { return syntax("data truncated") };
        self.at += header.length;
        Ok(Some(Element { header, contents, full: self.all.get(start..self.at).unwrap_or_default() }))
    }

    /// The next field, which is not optional.
    pub(super) fn need(&mut self, want: Want) -> Result<Element<'d>> {
        // What is not optional is an error where it is absent.
        self.field(want)?.map_or_else(|| syntax("sequence truncated"), Ok)
    }

    /// The fields of the struct that comes next.
    pub(super) fn fields(&mut self, want: Want) -> Result<Fields<'d>> {
        Ok(Fields::new(self.need(want)?.contents))
    }
}

impl Want {
    const fn universal(&self) -> u32 {
        if self.set { 17 } else { self.tag }
    }

    fn meets(&self, header: &Header) -> bool {
        let (class, tag, any) = match self.implicit {
            Some(tag) => (2, tag, false),
            None => (0, self.universal(), self.any),
        };
        (any || header.class == class && header.tag == tag) && (self.any || header.compound == self.compound)
    }

    /// Go's words for another tag than the wanted. Where the wanted one is not ASN.1's own, it tells an address of its memory.
    fn mismatch(&self, header: &Header, at: usize) -> String {
        let Header { class, tag, length, compound } = header;
        let wanted = self.implicit.unwrap_or_else(|| self.universal());
        let pointer = if self.implicit.or(self.explicit).is_some() { "0xc000000000" } else { "<nil>" };
        let (optional, explicit, set, name) = (self.optional, self.explicit.is_some(), self.set, self.name);
        format!(
            "tags don't match ({wanted} vs {{class:{class} tag:{tag} length:{length} isCompound:{compound}}}) \
             {{optional:{optional} explicit:{explicit} application:false private:false defaultValue:<nil> tag:{pointer} \
             stringType:0 timeType:0 set:{set} omitEmpty:false}} {name} @{at}"
        )
    }
}

fn header(rest: &mut &[u8]) -> Result<Header> {
    let mut next = || {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        Some(*byte)
    };
    let Some(first) = next() else { return syntax("truncated tag or length") };
    let mut tag = u32::from(first & 0x1f);
    if tag == 0x1f {
        tag = oid::number(rest)?;
        if tag < 0x1f {
            return syntax("non-minimal tag");
        }
    }
    Ok(Header { class: first >> 6, tag, compound: first & 0x20 != 0, length: length(rest)? })
}

fn length(rest: &mut &[u8]) -> Result<usize> {
    let mut next = || {
        let Some((byte, after)) = rest.split_first() else { return syntax("truncated tag or length") };
        *rest = after;
        Ok(*byte)
    };
    let first = next()?;
    if first < 0x80 {
        return Ok(usize::from(first));
    }
    if first == 0x80 {
        return syntax("indefinite length found (not DER)");
    }
    let mut length = 0_usize;
    for _ in 0..first & 0x7f {
        let byte = next()?;
        if length >= 1 << 23 {
            return structure("length too large");
        }
        length = length << 8 | usize::from(byte);
        if length == 0 {
            return structure("superfluous leading zeros in length");
        }
    }
    if length < 0x80 { structure("non-minimal length") } else { Ok(length) }
}

/// The fields of the struct that these bytes are, for what tells no errors.
pub(super) fn top(bytes: &[u8]) -> Option<Fields<'_>> {
    Fields::new(bytes).fields(Want::sequence("")).ok()
}

/// The elements of a list: of all the same tag, before the first one is read.
pub(super) fn elements(contents: &[u8], want: Want) -> Result<Vec<Fields<'_>>> {
    let mut found = Vec::new();
    let mut rest = Fields::new(contents);
    while !rest.rest().is_empty() {
        let start = rest;
        let header = rest.header()?;
        if !want.meets(&header) {
            return structure("sequence tag mismatch");
        }
        if rest.rest().len() < header.length {
            return syntax("truncated sequence");
        }
        rest.at += header.length;
        found.push(start);
    }
    Ok(found)
}

fn check_integer(bytes: &[u8]) -> Result<()> {
    match bytes {
        [] => structure("empty integer"),
        [0, second, ..] if *second < 0x80 => structure("integer not minimally-encoded"),
        [0xff, second, ..] if *second >= 0x80 => structure("integer not minimally-encoded"),
        _ => Ok(()),
    }
}

/// The whole number of these contents.
pub(super) fn int_of(bytes: &[u8]) -> Result<i64> {
    check_integer(bytes)?;
    if bytes.len() > 8 {
        return structure("integer too large");
    }
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    Ok(bytes.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
}

/// A whole number.
pub(super) fn int(fields: &mut Fields<'_>, want: Want) -> Result<Option<i64>> {
    fields.field(want)?.map(|element| int_of(element.contents)).transpose()
}

/// A whole number that is there.
pub(super) fn need_int(fields: &mut Fields<'_>) -> Result<i64> {
    int_of(fields.need(INT)?.contents)
}

/// The bytes of a whole number of any size, in two's complement.
pub(super) fn big<'d>(fields: &mut Fields<'d>, want: Want) -> Result<Option<&'d [u8]>> {
    let found = fields.field(want)?;
    found.map(|element| check_integer(element.contents).map(|()| element.contents)).transpose()
}

pub(super) fn need_big<'d>(fields: &mut Fields<'d>) -> Result<&'d [u8]> {
    big(fields, BIG)?.map_or_else(|| syntax("sequence truncated"), Ok)
}

pub(super) fn boolean(bytes: &[u8]) -> Result<bool> {
    match bytes {
        [0] => Ok(false),
        [0xff] => Ok(true),
        _ => syntax("invalid boolean"),
    }
}

/// The bytes of a bit string, and how many bits of the last one are not its own.
pub(super) fn bits(contents: &[u8]) -> Result<(u8, &[u8])> {
    let Some((padding, bytes)) = contents.split_first() else { return syntax("zero length BIT STRING") };
    let sound = *padding <= 7 && bytes.last().map_or(*padding == 0, |last| u32::from(*last) & ((1 << padding) - 1) == 0);
    if sound { Ok((*padding, bytes)) } else { syntax("invalid padding bits in BIT STRING") }
}

/// An algorithm and its parameters, the whole element of them.
#[derive(Debug, Clone)]
pub(super) struct Algorithm<'d> {
    pub(super) oid: Oid,
    pub(super) parameters: &'d [u8],
}

impl<'d> Algorithm<'d> {
    const WANT: Want = Want::sequence("AlgorithmIdentifier");

    fn of(mut fields: Fields<'d>) -> Result<Self> {
        let oid = oid::parse(fields.need(OID)?.contents)?;
        let parameters = fields.field(Want::any().optional())?.map_or(&[][..], |element| element.full);
        Ok(Self { oid, parameters })
    }

    /// The algorithm that comes next.
    pub(super) fn next(fields: &mut Fields<'d>) -> Result<Self> {
        Self::of(fields.fields(Self::WANT)?)
    }

    /// The algorithm in a tag that comes next.
    pub(super) fn explicit(fields: &mut Fields<'d>, tag: u32) -> Result<Self> {
        Self::of(fields.fields(Self::WANT.explicit(tag))?)
    }

    /// The algorithm that these bytes are.
    pub(super) fn top(bytes: &'d [u8]) -> Result<Self> {
        Self::next(&mut Fields::new(bytes))
    }
}
