//! Compiled patterns: where they match, in Go's way.

use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use super::super::super::budget::Exceeded;
use super::super::{Context, Failure, utf8};

/// The largest automaton of one pattern.
const MAX_BYTES: usize = 24 << 20;
/// Trees deeper than this are compiled on a stack of their own, since that recurses.
const MAX_HEIGHT: u32 = 12;
const STACK: usize = 64 << 20;

/// A compiled pattern and what matching it needs.
pub(in super::super) struct Program {
    regex: meta::Regex,
    /// What searching writes; made when it is first searched.
    cache: Option<meta::Cache>,
    /// The groups of the last match; made when they are first asked for.
    captures: Option<Captures>,
    pub(super) names: Arc<[String]>,
    /// Whether the first sign of a match is enough. It is not for a pattern that matches nothing at all: within a rune that would be no match.
    earliest: bool,
}

/// Text that is valid UTF-8, and where its bytes were in the original.
pub(in super::super) struct Haystack<'t> {
    text: std::borrow::Cow<'t, [u8]>,
    places: Option<Vec<usize>>,
}

impl<'t> Haystack<'t> {
    /// Each bad byte of `bytes` matches as U+FFFD.
    pub(in super::super) fn new(bytes: &'t [u8]) -> Self {
        if std::str::from_utf8(bytes).is_ok() {
            return Self { text: bytes.into(), places: None };
        }
        let (mut text, mut places) = (Vec::new(), Vec::new());
        for (at, rune, length) in utf8::runes(bytes) {
            let before = text.len();
            utf8::push(&mut text, rune);
            places.extend((before..text.len()).map(|place| at + (place - before).min(length)));
        }
        places.push(bytes.len());
        Self { text: text.into(), places: Some(places) }
    }

    fn place(&self, at: usize) -> usize {
        self.places.as_ref().map_or(at, |places| places.get(at).copied().unwrap_or(at))
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

fn build(hir: &Hir) -> Result<meta::Regex, Failure> {
    let config =
        meta::Config::new().nfa_size_limit(Some(MAX_BYTES)).onepass_size_limit(Some(1 << 20)).hybrid_cache_capacity(2 << 20);
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(|_| Exceeded::Memory.into())
}

/// A pattern in Go's syntax, for what is no policy's.
pub(crate) struct Pattern(Program);

impl Pattern {
    /// Reads a pattern; or says why it is none, in Go's words.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let parsed = super::parse::parse(pattern.as_bytes())?;
        let program = Program::new(&parsed.hir, parsed.height, parsed.names);
        program.map(Self).map_err(|_| "the regular expression takes too much memory".to_owned())
    }

    /// Whether it matches anywhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.regex.is_match(text)
    }
}

impl Program {
    /// Compiles a tree.
    pub(in super::super) fn new(hir: &Hir, height: u32, names: Vec<String>) -> Result<Self, Failure> {
        let regex = if height <= MAX_HEIGHT {
            build(hir)?
        } else {
            std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || build(hir));
                thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(Exceeded::Memory.into()))
            })?
        };
        let earliest = hir.properties().minimum_len().is_some_and(|length| length > 0);
        Ok(Self { regex, cache: None, captures: None, names: names.into(), earliest })
    }

    /// The same automaton, for another thread.
    pub(in super::super) fn twin(&self) -> Self {
        let (regex, names) = (self.regex.clone(), Arc::clone(&self.names));
        Self { regex, cache: None, captures: None, names, earliest: self.earliest }
    }

    /// The bytes of the automaton.
    pub(in super::super) fn size(&self) -> usize {
        self.regex.memory_usage()
    }

    /// Whether it matches anywhere.
    pub(in super::super) fn is_match(&mut self, ctx: &mut Context<'_>, haystack: &Haystack<'_>) -> Result<bool, Failure> {
        ctx.charge(haystack.len() / 16 + 1)?;
        let input = Input::new(&haystack.text).earliest(self.earliest);
        let cache = self.cache.get_or_insert_with(|| self.regex.create_cache());
        Ok(self.regex.search_half_with(cache, &input).is_some())
    }

    /// Calls `found` with the groups of up to `limit` matches that do not overlap. An empty match does not touch the one before it.
    pub(in super::super) fn each_match<'a>(
        &mut self,
        ctx: &mut Context<'a>,
        haystack: &Haystack<'_>,
        limit: usize,
        mut found: impl FnMut(&mut Context<'a>, &[Option<Range<usize>>]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cache = self.cache.get_or_insert_with(|| self.regex.create_cache());
        let captures = self.captures.get_or_insert_with(|| self.regex.create_captures());
        let (mut at, mut last_end) = (0, None);
        let mut groups = Vec::new();
        for _ in 0..limit {
            loop {
                if at > haystack.len() {
                    return Ok(());
                }
                ctx.charge((haystack.len() - at) / 64 + 1)?;
                let input = Input::new(&haystack.text).range(at..).anchored(Anchored::No);
                self.regex.search_captures_with(cache, &input, captures);
                let Some(range) = captures.get_match().map(|m| m.range()) else { return Ok(()) };
                // An empty match lets the search go on one rune later.
                at = if range.is_empty() { range.end + rune_at(haystack, range.end) } else { range.end };
                let touches = range.is_empty() && last_end == Some(range.start);
                last_end = Some(range.end);
                if !touches {
                    break;
                }
            }
            groups.clear();
            let place = |span: regex_automata::Span| haystack.place(span.start)..haystack.place(span.end);
            groups.extend(captures.iter().map(|span| span.map(place)));
            found(ctx, &groups)?;
        }
        Ok(())
    }
}

fn rune_at(haystack: &Haystack<'_>, at: usize) -> usize {
    haystack.text.get(at..).filter(|rest| !rest.is_empty()).map_or(1, |rest| utf8::decode(rest).1)
}
