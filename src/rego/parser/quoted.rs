//! The lexer's strings, raw strings and template strings. Escapes are only checked here; `text.rs` reads them.

use super::lexer::Lexer;
use super::token::Kind;

impl Lexer<'_> {
    pub(super) fn string(&mut self) -> Kind {
        loop {
            match self.current {
                None | Some('\n') => {
                    self.errors.push("non-terminated string");
                    return Kind::String;
                }
                Some(c) => {
                    self.next();
                    match c {
                        '"' => return Kind::String,
                        '\\' => self.escape(false),
                        _ => {}
                    }
                }
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, template: bool) {
        match self.current {
            Some('\\' | '"' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.next(),
            Some('{') if template => self.next(),
            Some('u') => (0..4).for_each(|_| self.next()),
            _ => self.errors.push("illegal escape sequence"),
        }
    }

    pub(super) fn raw_string(&mut self) -> Kind {
        loop {
            let c = self.current;
            self.next();
            match c {
                Some('`') => return Kind::String,
                None => {
                    self.errors.push("non-terminated string");
                    return Kind::String;
                }
                Some(_) => {}
            }
        }
    }

    /// A part of a template string, up to its end or its next expression.
    pub(super) fn template(&mut self, raw: bool) -> Kind {
        let (part, end) =
            if raw { (Kind::RawTemplatePart, Kind::RawTemplateEnd) } else { (Kind::TemplatePart, Kind::TemplateEnd) };
        loop {
            let Some(c) = self.current.filter(|c| raw || *c != '\n') else {
                self.errors.push("non-terminated string");
                return part;
            };
            self.next();
            match c {
                '`' if raw => return end,
                '"' if !raw => return end,
                '{' => return part,
                '\\' if !raw => self.escape(true),
                '\\' if self.current == Some('{') => self.next(),
                _ => {}
            }
        }
    }
}
