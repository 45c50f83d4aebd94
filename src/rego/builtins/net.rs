//! Networks in CIDR notation.

mod address;
mod lookup;
mod merge;

use super::super::value::{Elements, SetBuilder, Value};
use super::operand::{any, fail, string};
use super::{Context, Failure, Outcome, utf8};
use address::{Address, Network};

pub(super) use lookup::lookup_ip_addr;
pub(super) use merge::cidr_merge;

/// A network. Errors are about operand 1, whichever it is.
fn network<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Network, Failure> {
    let text = string(&[*value], 1)?;
    ctx.charge(text.len() / 8 + 1)?;
    Network::parse(text).ok_or_else(|| invalid(text))
}

fn invalid(text: &[u8]) -> Failure {
    fail(format!("invalid CIDR address: {}", utf8::lossy(text)))
}

pub(super) fn cidr_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    ctx.charge(1)?;
    let text = any(operands, 1).as_bytes();
    Ok(Value::Bool(text.is_some_and(|text| Network::parse(text).is_some())))
}

pub(super) fn cidr_intersects<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let a = network(ctx, &any(operands, 1))?;
    let b = network(ctx, &any(operands, 2))?;
    Ok(Value::Bool(a.contains(&b.address) || b.contains(&a.address)))
}

/// Whether the first network contains the second network or address.
fn contains<'a>(ctx: &mut Context<'a>, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Failure> {
    let outer = network(ctx, a)?;
    let text = string(&[*b], 1)?;
    if let Some(address) = Address::parse(text) {
        return Ok(outer.contains(&address));
    }
    let Some(inner) = Network::parse(text) else {
        let text = utf8::lossy(text);
        return Err(fail(format!("not a valid textual representation of an IP address or CIDR: {text}")));
    };
    if outer.is_plain_v6() && inner.is_plain_v6() {
        return Ok(outer.ones <= inner.ones && outer.contains_bits(&inner.address));
    }
    Ok(outer.contains(&inner.address) && outer.contains(&inner.last()))
}

pub(super) fn cidr_contains<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    contains(ctx, &any(operands, 1), &any(operands, 2)).map(Value::Bool)
}

/// A list of networks, with what stands for each in the result; nothing of a value that is no list.
fn entries<'a>(value: &Value<'a>) -> Vec<(Value<'a>, Value<'a>)> {
    if value.as_bytes().is_some() {
        return vec![(*value, *value)];
    }
    if let Some(entries) = value.as_object() {
        return entries.iter().map(|(key, value)| (value, key)).collect();
    }
    if let Some(array) = value.as_array() {
        return array.iter().enumerate().map(|(at, value)| (value, Value::Int(at as i64))).collect();
    }
    value.as_set().unwrap_or(Elements::Values(&[])).iter().map(|member| (member, member)).collect()
}

/// The network of an entry, which may be the first of an array.
fn entry<'a>(list: &Value<'a>, value: &Value<'a>, position: usize) -> Result<Value<'a>, Failure> {
    if list.as_bytes().is_some() || value.as_bytes().is_some() {
        return Ok(*value);
    }
    let first = value.as_array().and_then(|array| array.get(0));
    first.ok_or_else(|| fail(format!("operand {position}: element must be string or non-empty array")))
}

pub(super) fn cidr_contains_matches<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (any(operands, 1), any(operands, 2));
    let (outers, inners) = (entries(&a), entries(&b));
    ctx.charge(outers.len() + inners.len())?;
    let mut pairs = SetBuilder::default();
    for (outer, outer_key) in &outers {
        let outer = entry(&a, outer, 1)?;
        for (inner, inner_key) in &inners {
            let inner = entry(&b, inner, 2)?;
            if contains(ctx, &outer, &inner)? {
                ctx.reserve(128)?;
                pairs.insert(Value::array(ctx.arena, &[*outer_key, *inner_key]));
            }
        }
    }
    Ok(pairs.build(ctx.arena))
}

pub(super) fn cidr_expand<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    let network = Network::parse(text).ok_or_else(|| invalid(text))?;
    let count = 1_usize.checked_shl(network.host_bits()).unwrap_or(usize::MAX);
    // A text and two values for each.
    ctx.reserve(count.saturating_mul(64))?;
    ctx.charge(count.saturating_mul(4))?;
    let mut addresses = SetBuilder::with_capacity(count);
    let mut address = network.address;
    for _ in 0..count {
        if !network.contains(&address) {
            break;
        }
        addresses.insert(Value::string(ctx.arena, address.to_string()));
        address.bits = address.bits.wrapping_add(1);
    }
    Ok(addresses.build(ctx.arena))
}
