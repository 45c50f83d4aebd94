//! Reading of a text only the parts that somebody wants: objects above them are not made, and what nobody wants is checked and left.

use std::cell::OnceCell;

use super::super::index::same;
use super::super::{Arena, Value};
use super::build::{Nothing, Values};
use super::scan::Reader;
use super::{Fault, Limits, read_with};
use crate::error::Result;

/// Parts of a document, each found or not, by their numbers.
pub type Parts<'a> = &'a [OnceCell<Option<Value<'a>>>];

/// What is wanted of a document: a tree of keys. No deeper than who makes it lets it be: reading recurses as deep.
#[derive(Debug, Default)]
pub struct Projection {
    children: Vec<(Box<[u8]>, Wanted)>,
}

/// What is wanted of a value.
#[derive(Debug)]
pub enum Wanted {
    /// All of it: the part of this number.
    Whole(usize),
    /// Of an object, what is below some keys.
    Below(Projection),
}

impl Projection {
    /// Wants something of the value at a key.
    pub fn want(&mut self, key: &[u8], wanted: Wanted) {
        self.children.push((key.into(), wanted));
    }

    fn each(&self, visit: &mut dyn FnMut(usize)) {
        self.children.iter().for_each(|(_, wanted)| wanted.each(visit));
    }
}

impl Wanted {
    /// The parts that are found while reading.
    fn each(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Whole(part) => visit(*part),
            Self::Below(below) => below.each(visit),
        }
    }
}

/// Reads one JSON text as [`read`](super::read) does, so many parts of it, into `arena`. What is wanted and not there is known to be not there; parts that the projection
/// does not have are left open.
///
/// # Errors
/// As [`read`](super::read).
pub fn read_parts<'a>(
    arena: &'a Arena,
    json: &'a [u8],
    limits: Limits,
    projection: &Projection,
    parts: usize,
) -> Result<Parts<'a>> {
    let found = arena.alloc_slice_fill_with(parts, |_| OnceCell::new());
    read_with(Values(arena), json, limits, |reader| reader.parts(projection, found))?;
    projection.each(&mut |part| {
        if let Some(place) = found.get(part) {
            // One that was found stays.
            let _ = place.set(None);
        }
    });
    Ok(found)
}

type Found<'a> = [OnceCell<Option<Value<'a>>>];

impl<'a> Reader<'a, Values<'a>> {
    /// A value, of which only parts are wanted.
    fn parts(&mut self, wanted: &Projection, found: &mut Found<'a>) -> std::result::Result<(), Fault> {
        if self.next_byte()? != b'{' || wanted.children.is_empty() {
            return self.pass();
        }
        self.descend()?;
        if self.next_byte()? == b'}' {
            self.ascend();
            return Ok(());
        }
        loop {
            let child = self.wanted(wanted)?;
            match child {
                None => self.pass()?,
                Some(child) => self.part(child, found)?,
            }
            if !self.is_more()? {
                self.ascend();
                return Ok(());
            }
        }
    }

    fn part(&mut self, wanted: &Wanted, found: &mut Found<'a>) -> std::result::Result<(), Fault> {
        match wanted {
            Wanted::Whole(part) => {
                let value = self.value()?;
                if let Some(place) = found.get_mut(*part) {
                    *place = OnceCell::from(Some(value));
                }
                Ok(())
            }
            Wanted::Below(below) => {
                // Of equal keys the last one counts, with nothing of what was below one before.
                below.each(&mut |part| {
                    if let Some(place) = found.get_mut(part) {
                        place.take();
                    }
                });
                self.parts(below, found)
            }
        }
    }

    /// A key and its colon; what is wanted of its value.
    fn wanted<'w>(&mut self, wanted: &'w Projection) -> std::result::Result<Option<&'w Wanted>, Fault> {
        let text = self.key_bytes()?;
        let key = text.unwrap_or(&self.unescaped);
        let child = wanted.children.iter().find(|(own, _)| same(own, key)).map(|(_, child)| child);
        self.colon()?;
        Ok(child)
    }

    /// Passes over a value that nobody wants.
    fn pass(&mut self) -> std::result::Result<(), Fault> {
        if self.next_byte()? == b'"' {
            self.at += 1;
            return self.string_bytes().map(drop);
        }
        let mut rest = Reader::new(Nothing, self.json, self.max_depth);
        rest.at = self.at;
        rest.value()?;
        self.at = rest.at;
        self.bad_number = self.bad_number.or(rest.bad_number);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]
mod tests {
    use super::super::{Limits, read};
    use super::{Projection, Wanted, read_parts};
    use crate::rego::value::{Arena, Style, Value, write};

    const PATHS: [&[&str]; 5] = [&["a"], &["b", "c"], &["b", "d", "e"], &["b", "d", "f"], &["", "long key of many letters"]];

    /// Each of the paths is a part, of its number.
    fn projection() -> Projection {
        let mut d = Projection::default();
        d.want(b"e", Wanted::Whole(2));
        d.want(b"f", Wanted::Whole(3));
        let mut b = Projection::default();
        b.want(b"c", Wanted::Whole(1));
        b.want(b"d", Wanted::Below(d));
        let mut empty = Projection::default();
        empty.want(b"long key of many letters", Wanted::Whole(4));
        let mut all = Projection::default();
        all.want(b"a", Wanted::Whole(0));
        all.want(b"b", Wanted::Below(b));
        all.want(b"", Wanted::Below(empty));
        all
    }

    fn text(value: Option<Value<'_>>) -> String {
        let mut text = Vec::new();
        value.inspect(|value| write(value, Style::PLAIN, &mut text));
        String::from_utf8(text).unwrap()
    }

    /// The parts, or the error, as reading all of it gives them.
    fn expected(json: &[u8], limits: Limits) -> Result<Vec<String>, String> {
        let arena = Arena::new();
        let value = read(&arena, json, limits).map_err(|error| format!("{error} {:?}", error.offset()))?;
        let at = |path: &[&'static str]| path.iter().try_fold(value, |value, key| value.get(&Value::String(key.as_bytes())));
        Ok(PATHS.iter().map(|path| text(at(path))).collect())
    }

    fn found(json: &[u8], limits: Limits) -> Result<Vec<String>, String> {
        let arena = Arena::new();
        let parts = read_parts(&arena, json, limits, &projection(), PATHS.len());
        let parts = parts.map_err(|error| format!("{error} {:?}", error.offset()))?;
        Ok(parts.iter().map(|part| text(*part.get().unwrap())).collect())
    }

    #[test]
    fn parts_are_what_the_whole_has_at_their_paths_and_errors_are_its_errors() {
        let texts = [
            r#"{"a": 1, "b": {"c": [1, {"x": 2}], "d": {"e": "text", "f": null}}, "": {"long key of many letters": true}}"#,
            r#"{"b": {"d": {"e": 1, "f": 2}}, "b": {"d": {"f": 3}}, "a": 1, "a": {"z": 1e400}, "q": [[[[1]]]]}"#,
            r#"{"b": {"c": 1, "d": {"e": 1}, "d": 5}, "\u0061": "es\u0063aped", "x": "y\n\ud800", "n": -0.5e+3}"#,
            r#" [ {"a": 1} , "b" ] "#,
            r#"{"b": [], "": {}, "a": {}, "c": {"a": 1, "b": [true, false, null]}} "#,
            "7",
            "{ }",
        ];
        let mut state = 7_u64;
        let mut random = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        };
        let (mut good, mut bad) = (0, 0);
        for round in 0..40_000 {
            let mut json = texts[round % texts.len()].as_bytes().to_vec();
            for _ in 0..random(3) {
                let at = random(json.len());
                match random(3) {
                    0 => drop(json.remove(at)),
                    1 => json.insert(at, br#"{}[]",:\19-. etx"#[random(16)]),
                    _ => json.truncate(at + 1),
                }
                if json.is_empty() {
                    json.push(b'{');
                }
            }
            let limits = Limits { max_bytes: 1 << 20, max_depth: 1 + random(6) };
            let expected = expected(&json, limits);
            assert_eq!(found(&json, limits), expected, "{} to {}", String::from_utf8_lossy(&json), limits.max_depth);
            *(if expected.is_ok() { &mut good } else { &mut bad }) += 1;
        }
        assert!(good > 5_000 && bad > 5_000, "{good} {bad}");
    }
}
