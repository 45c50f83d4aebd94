//! Go's syntax of regular expressions (`regexp/syntax` with Perl flags), with its errors, read into a syntax tree without recursion.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, Look, Repetition};

use super::class;
use super::node::{Node, Shape};

/// Go's limits on nesting, on a tree's size and on the product of nested counts.
const MAX_HEIGHT: u32 = 1000;
const MAX_SIZE: u64 = (128 << 20) / 40;
const MAX_REPEAT: i64 = 1000;

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// How deep the tree is.
    pub(super) height: u32,
    /// The names of groups; the first is the whole match.
    pub(super) names: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Flags {
    pub(super) fold: bool,
    /// `^` and `$` match at lines.
    lines: bool,
    /// `.` matches line ends.
    dot_all: bool,
    lazy: bool,
}

/// An open group.
struct Group {
    /// Its number, where it captures.
    capture: Option<u32>,
    /// The flags that hold again after it.
    flags: Flags,
    alternatives: Vec<Node>,
    items: Vec<Node>,
}

impl Group {
    const fn new(capture: Option<u32>, flags: Flags) -> Self {
        Self { capture, flags, alternatives: Vec::new(), items: Vec::new() }
    }

    fn close(mut self) -> Node {
        let last = Node::concat(self.items);
        if self.alternatives.is_empty() {
            return last;
        }
        self.alternatives.push(last);
        Node::alternation(self.alternatives)
    }
}

/// Why a pattern is refused: Go's words, and the part of the pattern that it shows.
pub(super) struct Problem(&'static str, String);

pub(super) type Read<T> = Result<T, Problem>;

const INVALID_UTF8: &str = "invalid UTF-8";
const MISSING_ARGUMENT: &str = "missing argument to repetition operator";
const INVALID_REPEAT: &str = "invalid repeat count";
pub(super) const INVALID_RANGE: &str = "invalid character class range";
pub(super) const INVALID_ESCAPE: &str = "invalid escape sequence";
const INVALID_NAME: &str = "invalid named capture";
const UNEXPECTED_PAREN: &str = "unexpected )";
const INVALID_PERL: &str = "invalid or unsupported Perl syntax";

pub(super) fn problem<T>(what: &'static str, part: &str) -> Read<T> {
    Err(Problem(what, part.to_owned()))
}

/// Reads a pattern.
///
/// # Errors
/// Go's text.
pub(super) fn parse(pattern: &[u8]) -> Result<Parsed, String> {
    let found = match std::str::from_utf8(pattern) {
        Ok(pattern) => Parser::new(pattern).run(),
        Err(error) => {
            // What comes before the bad byte may have an error of its own, which Go finds first.
            let valid = pattern.get(..error.valid_up_to()).and_then(|p| std::str::from_utf8(p).ok()).unwrap_or_default();
            // A rune stands for the bad byte: once it is read, that is the error.
            match Parser::new(&format!("{valid}\u{fffe}")).run_prefix() {
                Err(Problem(what @ UNEXPECTED_PAREN, _)) => problem(what, &String::from_utf8_lossy(pattern)),
                Err(found) => Err(found),
                Ok(()) => problem(INVALID_UTF8, &String::from_utf8_lossy(pattern.get(error.valid_up_to()..).unwrap_or_default())),
            }
        }
    };
    found.map_err(|Problem(what, part)| format!("error parsing regexp: {what}: `{part}`"))
}

pub(super) struct Parser<'p> {
    pattern: &'p str,
    pub(super) rest: &'p str,
    pub(super) flags: Flags,
    groups: Vec<Group>,
    names: Vec<String>,
    nodes: u32,
}

impl<'p> Parser<'p> {
    fn new(pattern: &'p str) -> Self {
        let flags = Flags { fold: false, lines: false, dot_all: false, lazy: false };
        Self { pattern, rest: pattern, flags, groups: vec![Group::new(None, flags)], names: vec![String::new()], nodes: 0 }
    }

    fn run(mut self) -> Read<Parsed> {
        self.read_all()?;
        let (Some(root), None) = (self.groups.pop(), self.groups.pop()) else {
            return problem("missing closing )", self.pattern);
        };
        let root = self.check(root.close())?;
        Ok(Parsed { hir: root.hir, height: root.height, names: self.names })
    }

    /// Reads a pattern up to its last rune, and what is wrong before that.
    fn run_prefix(mut self) -> Read<()> {
        match self.read_all() {
            Err(Problem(what, _)) if self.rest.is_empty() && what != UNEXPECTED_PAREN => Ok(()),
            other => other,
        }
    }

    fn read_all(&mut self) -> Read<()> {
        let mut last_repeat = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let repeat = match c {
                '*' | '+' | '?' => {
                    self.advance(1);
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(min, max, false, before, last_repeat)?;
                    Some(before)
                }
                '{' => self.counted(before, last_repeat)?,
                _ => {
                    self.item(c)?;
                    None
                }
            };
            last_repeat = repeat;
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// What was read since `before`.
    pub(super) fn since(&self, before: &'p str) -> &'p str {
        before.get(..before.len() - self.rest.len()).unwrap_or_default()
    }

    fn check(&mut self, node: Node) -> Read<Node> {
        self.nodes = self.nodes.saturating_add(1);
        if node.size > MAX_SIZE {
            return problem("expression too large", self.pattern);
        }
        if self.nodes >= MAX_HEIGHT && node.height > MAX_HEIGHT {
            return problem("expression nests too deeply", self.pattern);
        }
        Ok(node)
    }

    fn push(&mut self, node: Node) -> Read<()> {
        let node = self.check(node)?;
        if let Some(group) = self.groups.last_mut() {
            group.items.push(node);
        }
        Ok(())
    }

    pub(super) fn push_class(&mut self, class: ClassUnicode) -> Read<()> {
        self.push(Node::leaf(Hir::class(Class::Unicode(class))))
    }

    pub(super) fn literal(&mut self, code: u32) -> Read<()> {
        match char::from_u32(code) {
            Some(c) if !self.flags.fold => self.push(Node::leaf(Hir::literal(c.to_string().into_bytes()))),
            _ => {
                let class = class::range(code, code);
                self.push_class(if self.flags.fold { class::folded(class) } else { class })
            }
        }
    }

    pub(super) fn look(&mut self, look: Look) -> Read<()> {
        self.push(Node::leaf(Hir::look(look)))
    }

    fn item(&mut self, c: char) -> Read<()> {
        match c {
            '(' if self.rest.starts_with("(?") => return self.perl_group(),
            '[' => return self.class(),
            '\\' => return self.escape(),
            _ => self.advance(c.len_utf8()),
        }
        match c {
            '(' => {
                self.open_capture(String::new());
                Ok(())
            }
            '|' => {
                if let Some(group) = self.groups.last_mut() {
                    let items = std::mem::take(&mut group.items);
                    group.alternatives.push(Node::concat(items));
                }
                Ok(())
            }
            ')' => self.close_group(),
            '^' if self.flags.lines => self.look(Look::StartLF),
            '^' => self.look(Look::Start),
            '$' if self.flags.lines => self.look(Look::EndLF),
            '$' => self.look(Look::End),
            '.' if self.flags.dot_all => self.push_class(class::range(0, 0x10ffff)),
            '.' => self.push_class(class::negated(class::range(10, 10))),
            _ => self.literal(c.into()),
        }
    }

    fn open_capture(&mut self, name: String) {
        let number = self.names.len() as u32;
        self.names.push(name);
        self.groups.push(Group::new(Some(number), self.flags));
    }

    fn close_group(&mut self) -> Read<()> {
        let group = self.groups.pop().filter(|_| !self.groups.is_empty());
        let Some(group) = group else { return problem(UNEXPECTED_PAREN, self.pattern) };
        self.flags = group.flags;
        let capture = group.capture;
        let inner = group.close();
        let inner = self.check(inner)?;
        let node = match capture {
            None => inner,
            Some(index) => {
                let (height, size, need) = (inner.height + 1, inner.size + 2, inner.need);
                let hir = Hir::capture(Capture { index, name: None, sub: Box::new(inner.hir) });
                Node { hir, height, size, need, shape: Shape::Other }
            }
        };
        self.push(node)
    }

    /// `{n}`, `{n,}` or `{n,m}`; any other brace is a literal.
    fn counted(&mut self, before: &'p str, last_repeat: Option<&'p str>) -> Read<Option<&'p str>> {
        let Some((min, max, after)) = counts(before) else {
            self.advance(1);
            self.literal('{'.into())?;
            return Ok(None);
        };
        self.rest = after;
        let too_large = !(0..=MAX_REPEAT).contains(&min) || max.is_some_and(|max| max > MAX_REPEAT || max < min);
        if too_large {
            return problem(INVALID_REPEAT, self.since(before));
        }
        self.repeat(min as u32, max.map(|max| max as u32), true, before, last_repeat)?;
        Ok(Some(before))
    }

    /// Repeats the last item. What repeats may not be repeated itself.
    fn repeat(&mut self, min: u32, max: Option<u32>, counted: bool, before: &'p str, last_repeat: Option<&'p str>) -> Read<()> {
        let mut greedy = !self.flags.lazy;
        if self.rest.starts_with('?') {
            self.advance(1);
            greedy = !greedy;
        }
        if let Some(last) = last_repeat {
            return problem("invalid nested repetition operator", self.since(last));
        }
        let Some(item) = self.groups.last_mut().and_then(|group| group.items.pop()) else {
            return problem(MISSING_ARGUMENT, self.since(before));
        };
        let node = item.repeated(min, max, counted, |sub| Hir::repetition(Repetition { min, max, greedy, sub }));
        let node = self.check(node)?;
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && node.need > MAX_REPEAT as u64 {
            return problem(INVALID_REPEAT, self.since(before));
        }
        if let Some(group) = self.groups.last_mut() {
            group.items.push(node);
        }
        Ok(())
    }

    /// `(?flags)`, `(?flags:…`, `(?P<name>…` or `(?<name>…`.
    fn perl_group(&mut self) -> Read<()> {
        let start = self.rest;
        let named = match start.strip_prefix("(?P<").filter(|rest| !rest.is_empty()) {
            Some(rest) => Some(rest),
            None => start.strip_prefix("(?<").filter(|rest| !rest.is_empty() || start.len() > 3),
        };
        if let Some(named) = named {
            let Some((name, after)) = named.split_once('>') else {
                self.rest = "";
                return problem(INVALID_NAME, start);
            };
            self.rest = after;
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return problem(INVALID_NAME, self.since(start));
            }
            self.open_capture(name.to_owned());
            return Ok(());
        }
        self.advance(2);
        let (mut flags, mut on, mut seen) = (self.flags, true, false);
        while let Some(c) = self.rest.chars().next() {
            self.advance(c.len_utf8());
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                'U' => flags.lazy = on,
                '-' if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                ':' | ')' if on || seen => {
                    if c == ':' {
                        self.groups.push(Group::new(None, self.flags));
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        problem(INVALID_PERL, self.since(start))
    }
}

/// The counts of `{n}`, `{n,}` or `{n,m}` at the head of `text`, and what follows; too large ones as -1 or `i64::MAX`.
fn counts(text: &str) -> Option<(i64, Option<i64>, &str)> {
    let (min, rest) = count(text.strip_prefix('{')?)?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((min, Some(min), after));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((min, None, after));
    }
    let (max, rest) = count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

/// Digits without leading zeros.
fn count(text: &str) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(i64::MAX), rest))
}
