//! The syntax of globs, read into the syntax tree of a regular expression.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::super::utf8;

const END: &str = "unexpected end of input";

/// An open `{`: the alternatives before the last comma, and what was read since.
#[derive(Default)]
struct Group {
    alternatives: Vec<Hir>,
    items: Vec<Hir>,
    height: u32,
}

struct Parser<'p> {
    pattern: &'p [u8],
    at: usize,
    groups: Vec<Group>,
    any: ClassUnicode,
}

/// Reads a pattern; its tree and how deep that is.
///
/// # Errors
/// The text of gobwas/glob.
pub(super) fn parse(pattern: &[u8], delimiters: &[char]) -> Result<(Hir, u32), String> {
    let mut any = ClassUnicode::new(delimiters.iter().map(|rune| ClassUnicodeRange::new(*rune, *rune)));
    any.negate();
    let mut parser = Parser { pattern, at: 0, groups: vec![Group::default()], any };
    parser.run().map_err(|problem| format!("glob: syntax error at {}: {problem}", parser.at))?;
    let root = parser.groups.pop().unwrap_or_default();
    let mut items = vec![Hir::look(Look::Start)];
    items.extend(root.items);
    items.push(Hir::look(Look::End));
    Ok((Hir::concat(items), root.height + 2))
}

fn class(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}

fn star(of: ClassUnicode) -> Hir {
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(class(of)) })
}

fn everything() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)])
}

impl Parser<'_> {
    /// The next rune; `None` at the end.
    fn peek(&self) -> Result<Option<(char, usize)>, &'static str> {
        let Some(rest) = self.pattern.get(self.at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
        match utf8::decode(rest) {
            (char::REPLACEMENT_CHARACTER, 1) => Err("invalid UTF-8 sequence"),
            found => Ok(Some(found)),
        }
    }

    fn read(&mut self) -> Result<Option<char>, &'static str> {
        let found = self.peek()?;
        self.at += found.map_or(0, |(_, length)| length);
        Ok(found.map(|(rune, _)| rune))
    }

    fn push(&mut self, item: Hir) {
        if let Some(group) = self.groups.last_mut() {
            group.items.push(item);
        }
    }

    fn run(&mut self) -> Result<(), &'static str> {
        while let Some(rune) = self.read()? {
            let in_group = self.groups.len() > 1;
            match rune {
                '{' => self.groups.push(Group::default()),
                ',' if in_group => {
                    if let Some(group) = self.groups.last_mut() {
                        let items = std::mem::take(&mut group.items);
                        group.alternatives.push(Hir::concat(items));
                    }
                }
                '}' if in_group => self.close(),
                '[' => {
                    let class = self.class()?;
                    self.push(class);
                }
                '?' => {
                    let any = class(self.any.clone());
                    self.push(any);
                }
                '*' => {
                    let item = match self.peek()? {
                        Some(('*', length)) => {
                            self.at += length;
                            star(everything())
                        }
                        _ => star(self.any.clone()),
                    };
                    self.push(item);
                }
                first => {
                    self.at -= first.len_utf8();
                    let breakers: &[char] = if in_group { &['?', '*', '[', '{', '}', ','] } else { &['?', '*', '[', '{'] };
                    let text = self.text(breakers)?;
                    self.push(Hir::literal(text.into_bytes()));
                }
            }
        }
        if self.groups.len() > 1 { Err("unclosed `{`") } else { Ok(()) }
    }

    fn close(&mut self) {
        let Some(mut group) = self.groups.pop() else { return };
        group.alternatives.push(Hir::concat(group.items));
        let hir = Hir::alternation(group.alternatives);
        if let Some(outer) = self.groups.last_mut() {
            outer.height = outer.height.max(group.height + 2);
            outer.items.push(hir);
        }
    }

    /// Literal runes up to a breaker.
    fn text(&mut self, breakers: &[char]) -> Result<String, &'static str> {
        let (mut text, mut escaped) = (String::new(), false);
        loop {
            let (rune, length) = match self.peek() {
                // That there is nothing to escape is found before why.
                Ok(None) | Err(_) if escaped => return Err("trailing backslash"),
                Ok(None) => return Ok(text),
                other => other?.unwrap_or(('\0', 0)),
            };
            if !escaped && rune == '\\' {
                escaped = true;
            } else if !escaped && breakers.contains(&rune) {
                return Ok(text);
            } else {
                escaped = false;
                text.push(rune);
            }
            self.at += length;
        }
    }

    /// `[abc]`, `[a-c]`, or either after `!`. Its `[` was read.
    fn class(&mut self) -> Result<Hir, &'static str> {
        let mut first = self.class_rune()?;
        let is_negated = first == '!';
        if is_negated {
            first = self.class_rune()?;
        }
        // A bad byte here is reported after the class.
        let next = self.peek();
        let mut set = if let Ok(Some(('-', length))) = next {
            self.at += length;
            let high = self.class_rune()?;
            if high < first {
                // Found when the class is complete.
                self.expect_close()?;
                return Err("range hi character is less than lo");
            }
            ClassUnicode::new([ClassUnicodeRange::new(first, high)])
        } else {
            self.at -= first.len_utf8();
            let text = self.text(&[']']).map_err(|_| END)?;
            if text.is_empty() {
                self.expect_close()?;
                next?;
                return Err("could not parse range");
            }
            ClassUnicode::new(text.chars().map(|rune| ClassUnicodeRange::new(rune, rune)))
        };
        self.expect_close()?;
        if is_negated {
            set.negate();
        }
        Ok(class(set))
    }

    /// A rune within brackets: whatever ends it, the end is unexpected.
    fn class_rune(&mut self) -> Result<char, &'static str> {
        self.read().ok().flatten().ok_or(END)
    }

    fn expect_close(&mut self) -> Result<(), &'static str> {
        match self.class_rune()? {
            ']' => Ok(()),
            _ => Err("expected close range character"),
        }
    }
}
