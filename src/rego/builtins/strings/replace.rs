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
    by_first: Vec<Vec<usize>>,
    empty: Option<usize>,
}

impl<'p> Replacer<'p> {
    fn new(pairs: &'p [Pair<'p>]) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for (at, pair) in pairs.iter().enumerate() {
            if let Some(places) = pair.old.first().and_then(|first| by_first.get_mut(usize::from(*first))) {
                places.push(at);
            }
        }
        Self { pairs, by_first, empty: pairs.iter().position(|pair| pair.old.is_empty()) }
    }

    /// The first pair that fits the head of `rest`, and how many were tried.
    fn at(&self, rest: &[u8], no_empty: bool) -> (Option<&'p Pair<'p>>, usize) {
        let places = rest.first().and_then(|first| self.by_first.get(usize::from(*first))).map(Vec::as_slice).unwrap_or_default();
        let fits = places.iter().position(|at| self.pairs.get(*at).is_some_and(|pair| rest.starts_with(pair.old)));
        let tried = fits.unwrap_or(places.len());
        let found = fits.and_then(|at| places.get(at)).copied();
        let empty = self.empty.filter(|_| !no_empty);
        let first = match (found, empty) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        (first.and_then(|at| self.pairs.get(at)), tried)
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
