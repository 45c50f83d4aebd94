//! `net.lookup_ip_addr`: the addresses that the machine knows for a name (OPA's `v1/topdown/net.go`).

use std::net::{IpAddr, Ipv6Addr};

use super::super::super::budget::Exceeded;
use super::super::super::network::{Problem, disallowed};
use super::super::super::value::{SetBuilder, Value};
use super::super::operand::{fail, string};
use super::super::{Context, Failure, Outcome, Reach};

pub(in super::super) fn lookup_ip_addr<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let name = string(operands, 1)?;
    let name = String::from_utf8_lossy(name).into_owned();
    let network = match ctx.reach() {
        Reach::Elsewhere => return Err(Failure::Elsewhere),
        Reach::Closed => return Err(fail(disallowed(&name))),
        Reach::Open(network) => network,
    };
    network.verify(&name).map_err(fail)?;
    if let Some((_, addresses)) = ctx.remembered().looked_up.iter().find(|(own, _)| *own == name) {
        return Ok(*addresses);
    }
    let mut set = SetBuilder::default();
    if let Some(literal) = with_zone(&name) {
        set.insert(Value::string(ctx.arena, literal));
    } else {
        let found = network.lookup(&name, ctx.budget.deadline()).map_err(|problem| match problem {
            Problem::Deadline => Exceeded::Deadline.into(),
            problem => fail(problem.text()),
        })?;
        for address in found {
            set.insert(Value::string(ctx.arena, address.to_canonical().to_string()));
        }
    }
    let addresses = set.build(ctx.arena);
    ctx.remembered().looked_up.push((name, addresses));
    Ok(addresses)
}

/// An address of IPv6 that names the interface it is of: it stands for itself.
fn with_zone(name: &str) -> Option<String> {
    let (address, zone) = name.split_once('%')?;
    let address: Ipv6Addr = address.parse().ok()?;
    (!zone.is_empty()).then(|| format!("{}%{zone}", IpAddr::V6(address).to_canonical()))
}
