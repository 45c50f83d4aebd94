//! Regular expressions: Go's syntax and semantics on automata that take linear time.

mod class;
mod escape;
mod globs;
mod names;
mod node;
mod parse;
mod program;
mod replace;
mod template;

pub(super) use globs::globs_match;
pub(crate) use program::Pattern;
pub(super) use program::{Haystack, Program};
pub(super) use replace::replace;
pub(super) use template::template_match;

use super::super::value::Value;
use super::operand::{any, fail, int, string};
use super::{Context, Failure, Outcome};

/// The compiled pattern, out of the cache of this context or of the loaded policies. It is put into the cache by [`give_back`].
fn take(ctx: &mut Context<'_>, pattern: &[u8]) -> Result<Program, Failure> {
    if let Some(program) = ctx.caches.kept().regexes.take(pattern) {
        return Ok(program);
    }
    if let Some(program) = ctx.loaded.and_then(|loaded| loaded.regex(pattern)) {
        return Ok(program);
    }
    // Compiling takes about as long as matching a few kilobytes.
    ctx.charge(pattern.len() + 64)?;
    let parsed = parse::parse(pattern).map_err(fail)?;
    Program::new(&parsed.hir, parsed.height, parsed.names)
}

fn give_back(ctx: &mut Context<'_>, pattern: &[u8], program: Program) {
    ctx.caches.kept().regexes.put(pattern, program);
}

/// Calls `run` with the compiled pattern.
fn with<'a, T>(
    ctx: &mut Context<'a>,
    pattern: &[u8],
    run: impl FnOnce(&mut Context<'a>, &mut Program) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut program = take(ctx, pattern)?;
    let result = run(ctx, &mut program);
    give_back(ctx, pattern, program);
    result
}

/// Compiles a pattern into the cache of this context, and gives its size.
pub(super) fn load(ctx: &mut Context<'_>, pattern: &[u8]) -> Result<usize, Failure> {
    with(ctx, pattern, |_, program| Ok(program.size()))
}

/// Whether it is a pattern, for what else has them.
pub(super) fn is_pattern(ctx: &mut Context<'_>, pattern: &[u8]) -> Result<bool, Failure> {
    ctx.charge(pattern.len() + 1)?;
    Ok(parse::parse(pattern).is_ok())
}

/// Whether a pattern matches anywhere.
pub(super) fn is_match(ctx: &mut Context<'_>, pattern: &[u8], text: &[u8]) -> Result<bool, Failure> {
    with(ctx, pattern, |ctx, program| program.is_match(ctx, &Haystack::new(text)))
}

pub(super) fn is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let Some(pattern) = any(operands, 1).as_bytes() else { return Ok(Value::Bool(false)) };
    ctx.charge(pattern.len() + 1)?;
    Ok(Value::Bool(parse::parse(pattern).is_ok()))
}

pub(super) fn matches<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text) = (string(operands, 1)?, string(operands, 2)?);
    with(ctx, pattern, |ctx, program| Ok(Value::Bool(program.is_match(ctx, &Haystack::new(text))?)))
}

/// How many matches a count asks for: all, where it is negative.
fn limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn part<'a>(text: &'a [u8], group: Option<&std::ops::Range<usize>>) -> Value<'a> {
    Value::String(group.and_then(|range| text.get(range.clone())).unwrap_or_default())
}

pub(super) fn find_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text, count) = (string(operands, 1)?, string(operands, 2)?, int(operands, 3)?);
    with(ctx, pattern, |ctx, program| {
        let mut found = Vec::new();
        program.each_match(ctx, &Haystack::new(text), limit(count), |_, groups| {
            found.push(part(text, groups.first().and_then(Option::as_ref)));
            Ok(())
        })?;
        ctx.reserve(found.len() * size_of::<Value<'a>>())?;
        Ok(Value::array(ctx.arena, &found))
    })
}

pub(super) fn find_all_string_submatch_n<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text, count) = (string(operands, 1)?, string(operands, 2)?, int(operands, 3)?);
    with(ctx, pattern, |ctx, program| {
        let mut found = Vec::new();
        program.each_match(ctx, &Haystack::new(text), limit(count), |ctx, groups| {
            ctx.charge(groups.len())?;
            ctx.reserve(groups.len() * size_of::<Value<'a>>())?;
            found.push(Value::Array(ctx.arena.alloc_slice_fill_iter(groups.iter().map(|group| part(text, group.as_ref())))));
            Ok(())
        })?;
        ctx.reserve(found.len() * size_of::<Value<'a>>())?;
        Ok(Value::array(ctx.arena, &found))
    })
}

/// The parts between matches, as Go splits: a match that is empty and at the start parts nothing.
pub(super) fn split<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (pattern, text) = (string(operands, 1)?, string(operands, 2)?);
    with(ctx, pattern, |ctx, program| {
        if text.is_empty() && !pattern.is_empty() {
            return Ok(Value::array(ctx.arena, &[Value::String(b"")]));
        }
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        program.each_match(ctx, &Haystack::new(text), usize::MAX, |_, groups| {
            let Some(Some(range)) = groups.first() else { return Ok(()) };
            end = range.start;
            if range.end != 0 {
                parts.push(Value::String(text.get(start..end).unwrap_or_default()));
            }
            start = range.end;
            Ok(())
        })?;
        if end != text.len() {
            parts.push(Value::String(text.get(start..).unwrap_or_default()));
        }
        ctx.reserve(parts.len() * size_of::<Value<'a>>())?;
        Ok(Value::array(ctx.arena, &parts))
    })
}
