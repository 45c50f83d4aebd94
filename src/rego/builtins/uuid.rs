//! `uuid.parse`.

use super::super::value::{ObjectBuilder, Value};
use super::operand::string;
use super::{Context, Failure, Outcome};

/// 100 nanoseconds each, from the start of the Gregorian calendar to 1970.
const EPOCH: i64 = 122_192_928_000_000_000;

/// The bytes of a UUID in any of the forms that Go's package reads.
fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let plain = match text.len() {
        36 => text,
        45 if text.get(..9)?.eq_ignore_ascii_case(b"urn:uuid:") => text.get(9..)?,
        // What stands at the ends is not looked at.
        38 => text.get(1..37)?,
        32 => return bytes(text.iter().copied()),
        _ => return None,
    };
    if [8, 13, 18, 23].iter().any(|at| plain.get(*at) != Some(&b'-')) {
        return None;
    }
    let digits = plain.iter().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23)).map(|(_, b)| *b);
    bytes(digits)
}

fn bytes(digits: impl Iterator<Item = u8>) -> Option<[u8; 16]> {
    let mut out = [0_u8; 16];
    let mut digits = digits.map(|b| char::from(b).to_digit(16));
    for place in &mut out {
        *place = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    Some(out)
}

/// Version and variant; of versions 1 and 2 what they were made of.
pub(super) fn uuid_parse<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    ctx.charge(4)?;
    let bytes = parse(text).ok_or(Failure::Undefined)?;
    let number = u128::from_be_bytes(bytes);
    let part = |from: u32, bits: u32| ((number >> (128 - from - bits)) & ((1 << bits) - 1)) as i64;
    let version = part(48, 4);
    let variant = match part(64, 3) {
        4 | 5 => "RFC4122",
        6 => "Microsoft",
        7 => "Future",
        _ => "Reserved",
    };
    let mut object = ObjectBuilder::default();
    let mut set = |name: &'static str, value: Value<'a>| object.insert(Value::String(name.as_bytes()), value);
    set("version", Value::Int(version));
    set("variant", Value::String(variant.as_bytes()));
    if matches!(version, 1 | 2) {
        let time = part(0, 32) | part(32, 16) << 32 | part(52, 12) << 48;
        let ticks = time - EPOCH;
        let nanos = (ticks / 10_000_000).wrapping_mul(1_000_000_000).wrapping_add(ticks % 10_000_000 * 100);
        set("time", Value::Int(nanos));
        let node: Vec<String> = bytes.iter().skip(10).map(|b| format!("{b:02x}")).collect();
        set("nodeid", Value::string(ctx.arena, node.join("-")));
        let cast = match part(80, 8) & 3 {
            3 => "local:multicast",
            1 => "global:multicast",
            2 => "local:unicast",
            _ => "global:unicast",
        };
        set("macvariables", Value::String(cast.as_bytes()));
        set("clocksequence", Value::Int(part(66, 14)));
    }
    if version == 2 {
        set("id", Value::Int(part(0, 32)));
        let domain = match part(72, 8) {
            0 => "Person".to_owned(),
            1 => "Group".to_owned(),
            2 => "Org".to_owned(),
            other => format!("Domain{other}"),
        };
        set("domain", Value::string(ctx.arena, domain));
    }
    Ok(object.build(ctx.arena))
}
