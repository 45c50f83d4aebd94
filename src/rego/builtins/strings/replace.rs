//! Replacing strings in strings, as Go's `strings.Replacer`: one pass, and of the patterns that fit the first.

use super::super::super::value::Value;
use super::super::operand::{error, object, string};
use super::super::{Context, Failure, Outcome};

struct Pair<'p> {
    old: &'p [u8],
    new: &'p [u8],
}

/// Which pairs may fit at a byte; those with an empty pattern may anywhere.
struct Replacer<'p> {
    pairs: &'p [Pair<'p>],
    /// The pairs by the first bytes of their patterns.
    by_first: Vec<(u8, usize)>,
    /// Where in `by_first` a byte's pairs begin. One that begins no pattern has none, which most bytes of a text are.
    starts: [Option<u32>; 256],
    empty: Option<usize>,
}

impl<'p> Replacer<'p> {
    fn new(pairs: &'p [Pair<'p>]) -> Self {
        let mut by_first: Vec<(u8, usize)> =
            pairs.iter().enumerate().filter_map(|(at, pair)| pair.old.first().map(|first| (*first, at))).collect();
        by_first.sort_unstable();
        let mut starts = [None; 256];
        for (at, (first, _)) in by_first.iter().enumerate().rev() {
            if let Some(start) = starts.get_mut(usize::from(*first)) {
                *start = u32::try_from(at).ok();
            }
        }
        Self { pairs, by_first, starts, empty: pairs.iter().position(|pair| pair.old.is_empty()) }
    }

    /// The first pair that fits the head of `rest`, and how many were tried.
    fn at(&self, rest: &[u8], no_empty: bool) -> (Option<&'p Pair<'p>>, usize) {
        let (mut found, mut tried) = (None, 0);
        for at in self.starting_with(rest.first()) {
            if self.pairs.get(at).is_some_and(|pair| rest.starts_with(pair.old)) {
                found = Some(at);
                break;
            }
            tried += 1;
        }
        let empty = self.empty.filter(|_| !no_empty);
        let first = match (found, empty) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        (first.and_then(|at| self.pairs.get(at)), tried)
    }

    /// The pairs whose patterns begin with that byte, in order.
    fn starting_with(&self, first: Option<&u8>) -> impl Iterator<Item = usize> {
        let start = first.and_then(|first| self.starts.get(usize::from(*first)).copied().flatten());
        let places = start.and_then(|start| self.by_first.get(start as usize..)).unwrap_or_default();
        places.iter().take_while(move |(byte, _)| Some(byte) == first).map(|(_, at)| *at)
    }

    fn run(&self, ctx: &mut Context<'_>, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::with_capacity(text.len());
        let (mut at, mut last, mut after_empty) = (0, 0, false);
        while at <= text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let (pair, tried) = self.at(rest, after_empty);
            if tried > 0 || at % 16 == 0 {
                ctx.charge(tried + 1)?;
            }
            after_empty = pair.is_some_and(|pair| pair.old.is_empty());
            let Some(pair) = pair else {
                at += 1;
                continue;
            };
            out.extend_from_slice(text.get(last..at).unwrap_or_default());
            grow(ctx, &mut out, pair.new)?;
            at += pair.old.len();
            last = at;
        }
        out.extend_from_slice(text.get(last..).unwrap_or_default());
        Ok(out)
    }
}

/// Appends a replacement, which may be much longer than what it replaces.
fn grow(ctx: &mut Context<'_>, out: &mut Vec<u8>, new: &[u8]) -> Result<(), Failure> {
    ctx.charge(new.len() / 32)?;
    if out.capacity() - out.len() < new.len() {
        ctx.reserve((out.len() + new.len()) * 2)?;
    }
    out.extend_from_slice(new);
    Ok(())
}

fn finish<'a>(ctx: &mut Context<'a>, out: &[u8]) -> Outcome<'a> {
    ctx.reserve(out.len())?;
    Ok(Value::string(ctx.arena, out))
}

pub(in super::super) fn replace<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (text, old, new) = (string(operands, 1)?, string(operands, 2)?, string(operands, 3)?);
    ctx.charge((text.len() + old.len()) / 32 + 1)?;
    if old.is_empty() {
        let pairs = [Pair { old, new }];
        let out = Replacer::new(&pairs).run(ctx, text)?;
        return finish(ctx, &out);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for at in memchr::memmem::find_iter(text, old) {
        out.extend_from_slice(text.get(last..at).unwrap_or_default());
        grow(ctx, &mut out, new)?;
        last = at + old.len();
    }
    if last == 0 {
        return Ok(Value::String(text));
    }
    out.extend_from_slice(text.get(last..).unwrap_or_default());
    finish(ctx, &out)
}

/// The patterns are an object's keys, in order.
pub(in super::super) fn replace_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let patterns = object(operands, 1)?;
    let text = string(operands, 2)?;
    let mut pairs = Vec::with_capacity(patterns.len());
    for (key, value) in patterns.iter() {
        ctx.charge(1)?;
        let Some(old) = key.as_bytes() else { return Err(error(1, "non-string key found in pattern object")) };
        let Some(new) = value.as_bytes() else { return Err(error(1, "non-string value found in pattern object")) };
        pairs.push(Pair { old, new });
    }
    let out = Replacer::new(&pairs).run(ctx, text)?;
    finish(ctx, &out)
}
