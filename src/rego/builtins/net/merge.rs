//! `net.cidr_merge`: the fewest networks that cover the same addresses.

use super::super::super::value::{SetBuilder, Value};
use super::super::operand::{any, elements, fail};
use super::super::{Context, Failure, Outcome};
use super::address::{Address, Network};
use super::invalid;

/// Addresses from the first to the last, and the network that they are as it was given.
struct Range {
    first: Address,
    last: Address,
    network: Option<Network>,
}

/// A network, or an address of IPv4 with the mask of its class.
fn parse(value: &Value<'_>) -> Result<Network, Failure> {
    let Some(text) = value.as_bytes() else { return Err(fail("element must be string")) };
    let Some(address) = Address::parse(text) else { return Network::parse(text).ok_or_else(|| invalid(text)) };
    if !address.is_v4() {
        return Err(fail("IPv6 invalid: needs prefix length"));
    }
    let ones = match address.bits as u32 >> 24 {
        ..0x80 => 8,
        0x80..0xc0 => 16,
        _ => 24,
    };
    Ok(Network { address, ones, size: 32 })
}

pub(in super::super) fn cidr_merge<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let list = any(operands, 1);
    let Some(list) = elements(&list) else { return Err(fail("operand must be an array")) };
    ctx.charge(list.len() * 16)?;
    ctx.reserve(list.len() * size_of::<Range>() * 4)?;
    let mut ranges = Vec::with_capacity(list.len());
    for element in list.iter() {
        let network = parse(&element)?;
        let first = Address { bits: network.address.bits & network.mask() };
        ranges.push(Range { first, last: Address { bits: first.bits | !network.mask() }, network: Some(network) });
    }
    let mut result = SetBuilder::default();
    for range in merged(ranges) {
        match range.network {
            Some(network) => result.insert(Value::string(ctx.arena, network.to_string())),
            None => split(ctx, &range, &mut result)?,
        }
    }
    Ok(result.build(ctx.arena))
}

/// Joins ranges that touch or overlap, from the last to the first.
fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_by_key(|range| (range.last.bits, range.first.bits));
    let mut done: Vec<Range> = Vec::new();
    while let Some(range) = ranges.pop() {
        match done.last_mut() {
            // The lowest address of a family has none before it.
            Some(later) if before(later.first) <= range.last.bits => {
                let first = range.first.bits.min(later.first.bits);
                *later = Range { first: Address { bits: first }, last: later.last, network: None };
            }
            _ => done.push(range),
        }
    }
    done
}

const fn before(address: Address) -> u128 {
    let is_lowest = address.bits == 0 || address.bits == 0xffff << 32;
    if is_lowest { address.bits } else { address.bits - 1 }
}

/// The fewest networks from the first to the last address.
fn split<'a>(ctx: &mut Context<'a>, range: &Range, result: &mut SetBuilder<'a>) -> Result<(), Failure> {
    let size = if range.first.is_v4() { 32 } else { 128 };
    let mut first = range.first.bits;
    loop {
        ctx.charge(2)?;
        // As many low bits as are clear, and as reach no further than the last.
        let mut host = first.trailing_zeros().min(size);
        while host > 0 && first + low_bits(host) > range.last.bits {
            host -= 1;
        }
        let network = Network { address: Address { bits: first }, ones: size - host, size };
        result.insert(Value::string(ctx.arena, network.to_string()));
        let end = first + low_bits(host);
        if end >= range.last.bits {
            return Ok(());
        }
        first = end + 1;
    }
}

const fn low_bits(count: u32) -> u128 {
    if count >= 128 { u128::MAX } else { (1 << count) - 1 }
}
