//! `glob.match` (the syntax of gobwas/glob) and `glob.quote_meta`.

mod parse;

use super::super::value::Value;
use super::operand::{any, element_error, string, type_error};
use super::regex::{Haystack, Program};
use super::{Context, Failure, Outcome, utf8};

/// What the automaton of one pattern may take.
const MAX_GLOB_BYTES: usize = 1 << 20;

/// A pattern without delimiters, for names of files.
pub(crate) struct Glob(regex_automata::meta::Regex);

impl Glob {
    /// Reads a pattern; or why it is none.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let (hir, _) = parse::parse(pattern.as_bytes(), &[])?;
        let mut config = regex_automata::meta::Config::new();
        config = config.nfa_size_limit(Some(MAX_GLOB_BYTES)).hybrid(true);
        let built = regex_automata::meta::Builder::new().configure(config).build_from_hir(&hir);
        built.map(Self).map_err(|e| e.to_string())
    }

    /// Whether the pattern is the whole of `name`.
    pub(crate) fn is_match(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

/// Whether a pattern is one, and what matches it is found without failing.
pub(in crate::rego) fn is_glob(pattern: &[u8], delimiters: &str) -> bool {
    let delimiters: Vec<char> = delimiters.chars().collect();
    parse::parse(pattern, &delimiters).is_ok_and(|(hir, height)| Program::new(&hir, height, Vec::new()).is_ok())
}

/// The delimiters, which neither `*` nor `?` match; a dot where the array is empty, none for `null`.
fn delimiters<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<Vec<char>, Failure> {
    let value = any(operands, 2);
    let Some(elements) = value.as_array() else {
        return if matches!(value, Value::Null) { Ok(Vec::new()) } else { Err(type_error(2, &value, &["array", "null"])) };
    };
    ctx.charge(elements.len())?;
    let mut delimiters = Vec::with_capacity(elements.len());
    for element in elements.iter() {
        let Some(bytes) = element.as_bytes() else { return Err(element_error(2, &value, &element, "string")) };
        let mut runes = utf8::runes(bytes);
        match (runes.next(), runes.next()) {
            (Some((_, rune, _)), None) => delimiters.push(rune),
            _ => return Err(element_error(2, &value, &element, "rune")),
        }
    }
    if delimiters.is_empty() {
        delimiters.push('.');
    }
    Ok(delimiters)
}

/// The compiled pattern, out of the cache of this context or of the loaded policies, and its key there.
fn take(ctx: &mut Context<'_>, pattern: &[u8], delimiters: &[char]) -> Result<(Vec<u8>, Program), Failure> {
    // A pattern ends where a byte stands that is in no UTF-8.
    let mut key = [pattern, b"\xff"].concat();
    delimiters.iter().for_each(|rune| utf8::push(&mut key, *rune));
    let known = ctx.caches.kept().globs.take(&key);
    if let Some(program) = known.or_else(|| ctx.loaded?.glob(&key)) {
        return Ok((key, program));
    }
    ctx.charge(pattern.len() + 64)?;
    let (hir, height) = parse::parse(pattern, delimiters).map_err(super::operand::fail)?;
    Ok((key, Program::new(&hir, height, Vec::new())?))
}

pub(super) fn matches<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let pattern = string(operands, 1)?;
    let delimiters = delimiters(ctx, operands)?;
    let text = string(operands, 3)?;
    let (key, mut program) = take(ctx, pattern, &delimiters)?;
    let found = program.is_match(ctx, &Haystack::new(text));
    ctx.caches.kept().globs.put(&key, program);
    found.map(Value::Bool)
}

/// Compiles the pattern of a call of `glob.match` into the cache of this context, and gives its size.
pub(super) fn load<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<usize, Failure> {
    let pattern = string(operands, 1)?;
    let delimiters = delimiters(ctx, operands)?;
    let (key, program) = take(ctx, pattern, &delimiters)?;
    let size = program.size();
    ctx.caches.kept().globs.put(&key, program);
    Ok(size)
}

pub(super) fn quote_meta<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = string(operands, 1)?;
    ctx.charge(text.len() / 16 + 1)?;
    ctx.reserve(text.len() * 3)?;
    let mut out = Vec::with_capacity(text.len() * 2);
    for byte in text {
        if b"*?\\[]{}".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Ok(Value::string(ctx.arena, &out))
}
