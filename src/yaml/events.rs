//! A text's events, which libyaml-safer finds. What it reads otherwise than go-yaml is refused.
//!
//! libyaml-safer 0.3.0 panics where a text ends within a block scalar or an escape, and where a comma follows a tag: no such text gets
//! there. It goes over all open brackets for each token and over all `%TAG` directives for each one, so that both need a bound.

use std::collections::HashSet;
use std::io::{BufReader, Chain, Read};

use libyaml_safer::{Encoding, EventData, MappingStyle, Parser, ScalarStyle, Scanner, SequenceStyle, TokenData};

use super::MAX_DEPTH;
use super::tree::{Event, Tag};

/// Line breaks that libyaml-safer leaves as they are, so that they are found again.
const MARKS: [&str; 2] = ["\u{2028}", "\u{2029}"];

/// Tokens that go-yaml's scanner is ahead of its parser.
const LOOKAHEAD: usize = 2;

/// How many `%TAG` directives a text may have.
const MAX_TAG_DIRECTIVES: usize = 1_000;

/// A text and the line break that it lacks.
type Input<'t> = BufReader<Chain<&'t [u8], &'t [u8]>>;

/// Reads by as much as there is: most texts are short.
fn reader<'t>(text: &'t [u8], added: &'static str) -> Input<'t> {
    BufReader::with_capacity((text.len() + added.len()).clamp(64, 8192), text.chain(added.as_bytes()))
}

/// The events of one text.
pub(super) struct Events<'t> {
    text: &'t [u8],
    parser: Parser<Input<'t>>,
    /// The line break that the text lacked at its end.
    added: &'static str,
    /// Whether the grammar refused the text, in go-yaml's words.
    pub(super) is_refused: bool,
    /// Where the last event begins.
    place: u64,
    /// How many collections are open, and how many of them are in brackets.
    depth: usize,
    brackets: usize,
}

impl<'t> Events<'t> {
    /// The events of `text`.
    ///
    /// # Errors
    /// The text is one that libyaml-safer is not asked about.
    pub(super) fn new(text: &'t str) -> Result<Self, String> {
        if i32::try_from(text.len()).is_err() {
            return Err("yaml: text is too long".to_owned());
        }
        // A byte order mark: a character for go-yaml, and nothing for libyaml-safer.
        if text.contains('\u{feff}') && text.split(is_break).any(|line| line.starts_with('\u{feff}')) {
            return Err("yaml: a byte order mark within the text".to_owned());
        }
        if text.contains("%TAG") && text.split(is_break).filter(|line| line.starts_with("%TAG")).count() > MAX_TAG_DIRECTIVES {
            return Err(format!("yaml: more than {MAX_TAG_DIRECTIVES} %TAG directives"));
        }
        let added = if text.ends_with(is_break) {
            ""
        } else {
            let unused = MARKS.into_iter().find(|mark| !text.contains(mark));
            unused.ok_or_else(|| "yaml: no line break at the end of a text with Unicode's line breaks".to_owned())?
        };
        refuse_commas_after_tags(text.as_bytes(), added)?;
        Ok(Self::of(text.as_bytes(), added))
    }

    fn of(text: &'t [u8], added: &'static str) -> Self {
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(reader(text, added));
        Self { text, parser, added, is_refused: false, place: 0, depth: 0, brackets: 0 }
    }

    /// The next event, and the line that it begins in.
    ///
    /// # Errors
    /// The text is no YAML, or go-yaml may read it otherwise.
    pub(super) fn next(&mut self) -> Result<(Event, usize), String> {
        let (event, _, line) = self.next_at()?;
        Ok((event, line))
    }

    /// The next event, where it begins, and in which line.
    fn next_at(&mut self) -> Result<(Event, usize, usize), String> {
        loop {
            let event = self.parser.parse().map_err(|error| {
                self.is_refused = true;
                let problem = self.refusal(&error);
                match error.problem_mark() {
                    Some(mark) if error.kind() != libyaml_safer::ErrorKind::Scanner => {
                        self.overtaken(mark.index).unwrap_or(problem)
                    }
                    _ => problem,
                }
            })?;
            let line = usize::try_from(event.start_mark.line).unwrap_or(usize::MAX).saturating_add(1);
            let place = |index| usize::try_from(index).unwrap_or(usize::MAX);
            let (from, to) = (place(event.start_mark.index), place(event.end_mark.index));
            self.place = event.start_mark.index;
            let event = match event.data {
                EventData::StreamStart { .. } => continue,
                EventData::StreamEnd => Event::StreamEnd,
                EventData::DocumentStart { version_directive: Some(version), .. } if (version.major, version.minor) != (1, 1) => {
                    return Err("yaml: found incompatible YAML document".to_owned());
                }
                EventData::DocumentStart { .. } => Event::DocumentStart,
                EventData::DocumentEnd { .. } => Event::DocumentEnd,
                EventData::Alias { anchor } => Event::Alias(anchor),
                EventData::Scalar { anchor, tag, value, style, .. } => {
                    let value = self.scalar(value, style, self.text.get(from..to).unwrap_or_default())?;
                    Event::Scalar { value, plain: style == ScalarStyle::Plain, tag: tag.as_deref().and_then(Tag::of), anchor }
                }
                EventData::SequenceStart { anchor, tag, style, .. } => {
                    self.open(style == SequenceStyle::Flow)?;
                    Event::Seq { tag: tag.as_deref().and_then(Tag::of), anchor }
                }
                EventData::MappingStart { anchor, tag, style, .. } => {
                    self.open(style == MappingStyle::Flow)?;
                    Event::Map { tag: tag.as_deref().and_then(Tag::of), anchor }
                }
                EventData::SequenceEnd | EventData::MappingEnd => {
                    self.depth = self.depth.saturating_sub(1);
                    self.brackets = self.brackets.saturating_sub(1);
                    Event::CollectionEnd
                }
            };
            return Ok((event, from, line));
        }
    }

    fn open(&mut self, brackets: bool) -> Result<(), String> {
        self.depth += 1;
        self.brackets += usize::from(brackets);
        if self.depth > MAX_DEPTH { Err(format!("yaml: exceeded max depth of {MAX_DEPTH}")) } else { Ok(()) }
    }

    /// The value of a scalar that is `written` so.
    fn scalar(&self, mut value: String, style: ScalarStyle, written: &[u8]) -> Result<String, String> {
        match style {
            // Where go-yaml's scalar ends, and a key may not begin.
            ScalarStyle::Plain if self.brackets > 0 && value.contains('?') => {
                return Err("yaml: a question mark within a plain scalar in brackets".to_owned());
            }
            ScalarStyle::DoubleQuoted if escapes_slash(written) => {
                return Err("yaml: found unknown escape character".to_owned());
            }
            ScalarStyle::Literal | ScalarStyle::Folded if !self.added.is_empty() && value.ends_with(self.added) => {
                value.truncate(value.len() - self.added.len());
            }
            _ => {}
        }
        Ok(value)
    }

    /// What is wrong with the last event, as [`Events::next`] has it.
    pub(super) fn wrong(&self, problem: String) -> String {
        self.overtaken(self.place).unwrap_or(problem)
    }

    /// The scanner's error in one of the two tokens after the one at `place`: go-yaml's scanner is so far ahead of its parser, and is heard first.
    fn overtaken(&self, place: u64) -> Option<String> {
        let mut scanner = Scanner::new();
        scanner.set_encoding(Encoding::Utf8);
        scanner.set_input(reader(self.text, self.added));
        let mut ahead = LOOKAHEAD;
        while ahead > 0 {
            match Scanner::scan(&mut scanner) {
                Ok(token) if matches!(token.data, TokenData::StreamEnd) => return None,
                Ok(token) => ahead -= usize::from(token.start_mark.index > place),
                Err(error) => return Some(self.refusal(&error)),
            }
        }
        None
    }

    /// What go-yaml says of such an error, and in which line; not in the first one.
    fn refusal(&self, error: &libyaml_safer::Error) -> String {
        let scanner = error.kind() == libyaml_safer::ErrorKind::Scanner;
        let line = |mark: Option<libyaml_safer::Mark>| mark.map(|mark| self.line(mark, scanner)).filter(|line| *line > 0);
        match line(error.context_mark()).or_else(|| line(error.problem_mark())) {
            Some(line) => format!("yaml: line {}: {}", line + u64::from(scanner), error.problem()),
            None => format!("yaml: {}", error.problem()),
        }
    }

    /// The line of a mark, from 0. The line break that was added begins one for the parser alone, whom go-yaml's scanner tells of a last line.
    fn line(&self, mark: libyaml_safer::Mark, scanner: bool) -> u64 {
        let behind = scanner && !self.added.is_empty() && mark.index > self.text.len() as u64;
        mark.line - u64::from(behind).min(mark.line)
    }
}

fn is_break(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// JSON's `\/`, which YAML 1.1 lacks.
fn escapes_slash(written: &[u8]) -> bool {
    let mut bytes = written.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' && bytes.next() == Some(&b'/') {
            return true;
        }
    }
    false
}

/// Refuses tags that a comma follows: for go-yaml, it is part of the tag.
///
/// Whether a `!` begins a tag is seen from a copy that has letters in the place of those in doubt: a plain scalar begins there if so,
/// and nothing changes if not.
fn refuse_commas_after_tags(text: &[u8], added: &'static str) -> Result<(), String> {
    let doubtful = marks_before_commas(text);
    if doubtful.is_empty() {
        return Ok(());
    }
    let mut copy = text.to_vec();
    for &place in &doubtful {
        if let Some(byte) = copy.get_mut(place) {
            *byte = b'x';
        }
    }
    let mut events = Events::of(&copy, added);
    loop {
        match events.next_at()? {
            (Event::StreamEnd, ..) => return Ok(()),
            (Event::Scalar { plain: true, .. }, place, _) if doubtful.contains(&place) => {
                return Err("yaml: did not find expected whitespace or line break after a tag".to_owned());
            }
            _ => {}
        }
    }
}

/// The places of each `!` that may begin a tag with a comma after it: `!a,` or `!<a>,`.
fn marks_before_commas(text: &[u8]) -> HashSet<usize> {
    let mut places = HashSet::new();
    if memchr::memchr(b'!', text).is_none() {
        return places;
    }
    let (mut comma, mut bracket_comma, mut after) = (false, false, b' ');
    for (place, &byte) in text.iter().enumerate().rev() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => (comma, bracket_comma) = (false, false),
            b',' => comma = true,
            b'>' => bracket_comma = after == b',',
            b'!' if if after == b'<' { bracket_comma } else { comma } => {
                places.insert(place);
            }
            _ => {}
        }
        after = byte;
    }
    places
}
