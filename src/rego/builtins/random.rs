//! `rand.intn` and `uuid.rfc4122`: the same key gives the same value throughout a query.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::super::value::{Value, write_text};
use super::operand::{any, fail, int, string};
use super::{Context, Failure, Outcome};

/// What was drawn in a query, by its key.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    numbers: BTreeMap<(Vec<u8>, u64), i64>,
    uuids: BTreeMap<Vec<u8>, u128>,
}

/// So many random bits; those of a key, where there is a seed.
fn bits(seed: Option<u64>, kind: &str, key: &[u8]) -> Result<u128, Failure> {
    if let Some(seed) = seed {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(kind).chain_update(key).finalize();
        return Ok(digest.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)));
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| fail(error.to_string()))?;
    Ok(u128::from_ne_bytes(bytes))
}

/// A number from 0 up to the operand's size, which it does not reach.
pub(super) fn intn<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let key = string(operands, 1)?;
    let bound = int(operands, 2)?.unsigned_abs();
    if bound == 0 {
        return Ok(Value::Int(0));
    }
    ctx.charge(key.len() / 32 + 1)?;
    let key = (key.to_vec(), bound);
    if let Some(number) = ctx.remembered().drawn.numbers.get(&key) {
        return Ok(Value::Int(*number));
    }
    // Of 128 bits, what is left over for a bound of 63 favours no number that anybody could tell.
    let drawn = bits(ctx.seed, "rand.intn", &key.0)?;
    let number = i64::try_from(drawn % u128::from(bound)).unwrap_or_default();
    ctx.reserve(key.0.len() + 96)?;
    ctx.remembered().drawn.numbers.insert(key, number);
    Ok(Value::Int(number))
}

/// A UUID of version 4.
pub(super) fn rfc4122<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let mut key = Vec::new();
    write_text(&any(operands, 1), &mut key);
    ctx.charge(key.len() / 32 + 1)?;
    let number = match ctx.remembered().drawn.uuids.get(&key) {
        Some(number) => *number,
        None => {
            let number = bits(ctx.seed, "uuid.rfc4122", &key)? & !(0xf << 76) & !(0xc0 << 56) | 4 << 76 | 0x80 << 56;
            ctx.reserve(key.len() + 96)?;
            ctx.remembered().drawn.uuids.insert(key, number);
            number
        }
    };
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(Value::string(ctx.arena, [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")))
}
