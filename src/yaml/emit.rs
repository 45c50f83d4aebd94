//! Values to YAML, as go-yaml v3 emits them with an indentation of two: block style, keys in natural order, no line folded.
//! The rules are those of its `encode.go` and `emitterc.go`, for what JSON can hold.

mod order;
mod scalar;

use super::number;
use super::value::{Key, Place, Value};
use scalar::{Analysis, Style};

/// A key that is longer stands behind a `?`.
const MAX_SIMPLE_KEY: usize = 128;

/// What is still to be written.
enum Todo<'v> {
    Item(Place),
    Entry(&'v [u8], Place),
    /// The indentation outside the collection that ends here.
    End(usize),
}

/// Where a scalar or a collection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Root,
    Sequence,
    Mapping,
    SimpleKey,
}

/// The text so far, and what the emitter knows of its end.
#[derive(Default)]
struct Emitter {
    out: Vec<u8>,
    /// Columns of the innermost block.
    indent: usize,
    column: usize,
    /// Whether the last character was a space, or none.
    whitespace: bool,
    /// Whether nothing but indentation and indicators stands in the line.
    indention: bool,
}

/// The YAML of the value at `root`.
pub(super) fn write(values: &[Value<'_>], root: Place) -> Vec<u8> {
    let mut emitter = Emitter { whitespace: true, indention: true, ..Emitter::default() };
    let mut todo = Vec::new();
    emitter.node(values, root, Within::Root, &mut todo);
    while let Some(next) = todo.pop() {
        match next {
            Todo::Item(place) => {
                emitter.start_line();
                emitter.indicator(b"-", true, true);
                emitter.node(values, place, Within::Sequence, &mut todo);
            }
            Todo::Entry(key, place) => {
                emitter.key(key);
                emitter.node(values, place, Within::Mapping, &mut todo);
            }
            Todo::End(indent) => emitter.indent = indent,
        }
    }
    emitter.indent = 0;
    emitter.start_line();
    emitter.out
}

impl Emitter {
    /// A scalar, or the start of a collection whose parts are put on `todo`, the last first.
    fn node<'v>(&mut self, values: &'v [Value<'_>], place: Place, within: Within, todo: &mut Vec<Todo<'v>>) {
        match values.get(place) {
            Some(Value::Seq(items)) if items.is_empty() => self.indicator(b"[]", true, false),
            Some(Value::Map(entries)) if entries.is_empty() => self.indicator(b"{}", true, false),
            Some(Value::Seq(items)) => {
                self.open(within, todo);
                todo.extend(items.iter().rev().map(|item| Todo::Item(*item)));
            }
            Some(Value::Map(entries)) => {
                self.open(within, todo);
                let texts = entries.iter().filter_map(|(key, place)| match key {
                    Key::Text(text) => Some((text.as_ref(), *place)),
                    _ => None,
                });
                let sorted = order::sorted(texts.collect());
                todo.extend(sorted.into_iter().rev().map(|(key, place)| Todo::Entry(key, place)));
            }
            Some(Value::Text(text)) => self.text(text, within),
            Some(Value::Bool(bool)) => self.plain(bool.to_string().as_bytes()),
            Some(Value::Int(int)) => self.plain(int.to_string().as_bytes()),
            Some(Value::Uint(int)) => self.plain(int.to_string().as_bytes()),
            Some(Value::Float(float)) => self.plain(number::general(*float).as_bytes()),
            Some(Value::Null) | None => self.plain(b"null"),
        }
    }

    /// The root's parts stand at the margin; all others two further in.
    fn open(&mut self, within: Within, todo: &mut Vec<Todo<'_>>) {
        todo.push(Todo::End(self.indent));
        if within != Within::Root {
            self.indent += 2;
        }
    }

    /// A key and its colon.
    fn key(&mut self, key: &[u8]) {
        self.start_line();
        if key.len() <= MAX_SIMPLE_KEY && !Analysis::of(key).is_multiline() {
            self.text(key, Within::SimpleKey);
            return self.indicator(b":", false, false);
        }
        self.indicator(b"?", true, true);
        self.text(key, Within::Mapping);
        self.start_line();
        self.indicator(b":", true, true);
    }

    fn text(&mut self, text: &[u8], within: Within) {
        match scalar::style(text, within == Within::SimpleKey) {
            Style::Plain => self.plain(text),
            Style::SingleQuoted => self.single_quoted(text),
            Style::DoubleQuoted => {
                self.indicator(b"\"", true, false);
                let escaped = scalar::escaped(text);
                self.write(&escaped);
                self.indicator(b"\"", false, false);
            }
            Style::Literal => self.literal(text),
        }
    }

    fn plain(&mut self, text: &[u8]) {
        if !self.whitespace && !text.is_empty() {
            self.write(b" ");
        }
        self.write(text);
        self.whitespace = false;
        self.indention = false;
    }

    /// Breaks other than `\n` alone come here: a text with a `\n` is literal or double-quoted.
    fn single_quoted(&mut self, text: &[u8]) {
        self.indicator(b"'", true, false);
        self.deeper(|emitter| {
            emitter.lines(text, |emitter, char| {
                if char == b"'" {
                    emitter.write(b"'");
                }
            });
        });
        self.indicator(b"'", false, false);
    }

    fn literal(&mut self, text: &[u8]) {
        self.indicator(b"|", true, false);
        let hints = scalar::hints(text);
        self.indicator(hints.as_bytes(), false, false);
        self.line_end(b"\n");
        self.whitespace = true;
        self.deeper(|emitter| {
            // The first line is indented like one after a break.
            let mut breaks = true;
            for char in scalar::chars(text) {
                emitter.character(char, &mut breaks);
            }
        });
    }

    /// The characters of a text, each line after the first at the indentation.
    fn lines(&mut self, text: &[u8], before: impl Fn(&mut Self, &[u8])) {
        let mut breaks = false;
        for char in scalar::chars(text) {
            if !scalar::is_break(char) {
                if breaks {
                    self.start_line();
                    breaks = false;
                }
                before(self, char);
            }
            self.character(char, &mut breaks);
        }
    }

    fn character(&mut self, char: &[u8], breaks: &mut bool) {
        if scalar::is_break(char) {
            self.line_end(char);
            *breaks = true;
            return;
        }
        if std::mem::take(breaks) {
            self.start_line();
        }
        self.write(char);
        self.indention = false;
    }

    /// What is written two columns further in.
    fn deeper(&mut self, write: impl FnOnce(&mut Self)) {
        self.indent += 2;
        write(self);
        self.indent -= 2;
    }

    /// A new line, unless this one is still empty, and its indentation.
    fn start_line(&mut self) {
        if !self.indention || self.column > self.indent || (self.column == self.indent && !self.whitespace) {
            self.line_end(b"\n");
        }
        while self.column < self.indent {
            self.write(b" ");
        }
        self.whitespace = true;
    }

    /// Characters of YAML's own; `nests` says whether a block may begin behind them in the same line.
    fn indicator(&mut self, indicator: &[u8], spaced: bool, nests: bool) {
        if spaced && !self.whitespace {
            self.write(b" ");
        }
        self.write(indicator);
        self.whitespace = false;
        self.indention &= nests;
    }

    fn line_end(&mut self, end: &[u8]) {
        self.out.extend_from_slice(end);
        self.column = 0;
        self.indention = true;
    }

    /// Counts characters, as the emitter's columns do.
    fn write(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.column += text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    }
}
