//! `package`, and `import` with what imports of `future` and `rego` switch on.

use super::super::RegoVersion;
use super::super::ast::{Import, Name, Package, Span, Term, TermKind};
use super::super::print;
use super::state::Parser;
use super::token::{FutureKeywords, Kind};

impl Parser<'_> {
    /// `package a.b`. Nothing, without an error, if `package` begins a reference.
    pub(super) fn package(&mut self) -> Option<Package> {
        let span = self.here();
        if !self.begin_path() {
            return None;
        }
        let term = self.term()?;
        let root = |span| Term::var("data", span);
        let path = match term.kind {
            TermKind::Var(name) => vec![root(term.span), Term::string(name, term.span)],
            TermKind::Ref(parts) => self.package_path(parts)?,
            _ => {
                self.illegal("");
                return None;
            }
        };
        Some(Package { path, span })
    }

    fn package_path(&mut self, parts: Vec<Term>) -> Option<Vec<Term>> {
        let mut path = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            if path.is_empty() {
                let TermKind::Var(name) = part.kind else {
                    self.error(part.span, format!("unexpected {} token: expecting var", part.kind.name()));
                    return None;
                };
                path.extend([Term::var("data", part.span), Term::string(name, part.span)]);
            } else if part.as_str().is_some() {
                path.push(part);
            } else {
                self.error(part.span, format!("unexpected {} token: expecting string", part.kind.name()));
                return None;
            }
        }
        Some(path)
    }

    /// Goes from `package` or `import` to the path that follows, whose first name may be a keyword.
    fn begin_path(&mut self) -> bool {
        self.scan_space();
        if matches!(self.kind(), Kind::Dot | Kind::LBrack) {
            return false;
        }
        if self.kind() == Kind::Whitespace {
            self.scan();
        }
        if self.kind() != Kind::Ident {
            if !self.is_name_in_ref(self.kind()) {
                self.illegal("");
                return false;
            }
            self.state.ident = true;
        }
        true
    }

    /// `import data.a.b as c`. Nothing, without an error, if `import` begins a reference.
    pub(super) fn import(&mut self) -> Option<(Import, Span)> {
        let span = self.here();
        if !self.begin_path() {
            return None;
        }
        let path = self.import_path()?;
        let parts = path.as_ref_parts().unwrap_or_default();
        let root = parts.first().and_then(Term::as_var).cloned();
        if !root.as_deref().is_some_and(|name| matches!(name, "data" | "input" | "future" | "rego")) {
            self.hint("if this is unexpected, try updating OPA");
            let got = parts.first().map(print::term).unwrap_or_default();
            let message = format!("unexpected import path, must begin with one of: {{data, future, input, rego}}, got: {got}");
            self.error(path.span, message);
            return None;
        }
        if self.kind() == Kind::As {
            let (alias, place) = self.alias()?;
            return Some((Import { path, alias: Some(alias), span }, place));
        }
        self.check_import_name(parts);
        Some((Import { path, alias: None, span }, span))
    }

    fn import_path(&mut self) -> Option<Term> {
        let memory = std::mem::take(&mut self.memory);
        self.in_import = true;
        let term = self.term();
        self.in_import = false;
        self.memory = memory;
        // What follows was read while no such keyword was in force, and stays a name.
        let is_word = self.token(self.state.at).is_some_and(|token| token.word != FutureKeywords::NONE);
        self.state.ident = is_word;
        let place = self.here();
        let Some(term) = term else {
            self.error(place, "expected path");
            return None;
        };
        match term.kind {
            TermKind::Var(_) => {
                let span = term.span;
                Some(Term::new(TermKind::Ref(vec![term]), span))
            }
            TermKind::Ref(ref parts) => {
                let Some(part) = parts.iter().skip(1).find(|part| part.as_str().is_none()) else { return Some(term) };
                self.error(part.span, format!("unexpected {} token: expecting string", part.kind.name()));
                None
            }
            _ => {
                self.error(place, "expected path");
                None
            }
        }
    }

    /// The name after `as`, and its place.
    fn alias(&mut self) -> Option<(Name, Span)> {
        self.scan();
        if self.kind() == Kind::Ident
            && let Some(term) = self.term()
        {
            match &term.kind {
                TermKind::Var(name) => return Some((name.clone(), term.span)),
                TermKind::Ref(parts) if parts.len() == 1 => {
                    let message = format!("unexpected import alias, must not be a reserved name, got: {}", print::term(&term));
                    self.error(term.span, message);
                    return None;
                }
                _ => {}
            }
        }
        self.illegal("expected var");
        None
    }

    /// An import without an alias must not be named like a keyword.
    fn check_import_name(&mut self, parts: &[Term]) {
        let is_future = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "future");
        let Some(last) = parts.last().filter(|_| parts.len() == 1 || !is_future) else { return };
        let Some(name) = last.as_var().or_else(|| last.as_str()) else { return };
        if is_keyword(name, self.version) {
            self.hint("import a different path or use an alias");
            self.error(last.span, format!("unexpected import path, must not end with a keyword, got: {name}"));
        }
    }

    /// What an import of `future` or `rego` switches on. `place`: the alias's, if there is one.
    pub(super) fn apply_import(&mut self, import: &Import, place: Span) {
        let Some(parts) = import.path.as_ref_parts() else { return };
        match parts.first().and_then(Term::as_var).map(|name| &**name) {
            Some("rego") => self.apply_rego(import, parts, place),
            Some("future") => self.apply_future(import, parts, place),
            _ => return,
        }
        // The word after the import was read before its keywords were known.
        if self.state.ident && self.kind_at(self.state.at) != Kind::Ident {
            self.state.ident = false;
        }
    }

    fn apply_rego(&mut self, import: &Import, parts: &[Term], place: Span) {
        let keywords = match parts {
            [_, version] if is_string(version, "v1") => FutureKeywords::SINCE_V1,
            [_, version] if is_string(version, "v2") => FutureKeywords::ALL,
            _ => {
                let path = print::term(&import.path);
                self.error(import.path.span, format!("invalid import `{path}`, must be one of: `rego.v1`, `rego.v2`"));
                return;
            }
        };
        if import.alias.is_some() {
            self.error(place, "`rego` imports cannot be aliased");
            return;
        }
        self.keywords = self.keywords.and(keywords);
        self.not_bodies |= keywords.has(FutureKeywords::NOT);
    }

    fn apply_future(&mut self, import: &Import, parts: &[Term], place: Span) {
        if !parts.get(1).is_some_and(|part| is_string(part, "keywords")) {
            self.error(import.path.span, "invalid import, must be `future.keywords`");
            return;
        }
        if import.alias.is_some() {
            self.error(place, "`future` imports cannot be aliased");
            return;
        }
        let keywords = match parts {
            [_, _, keyword] => {
                let Some(keyword) = keyword.as_str().and_then(|name| FutureKeywords::named(name)) else {
                    let message = "unexpected keyword, must be one of [and contains every if in not or]";
                    self.error(import.path.span, message);
                    return;
                };
                keyword
            }
            _ => FutureKeywords::ALL,
        };
        self.keywords = self.keywords.and(keywords);
        self.not_bodies |= keywords.has(FutureKeywords::NOT);
    }
}

fn is_string(term: &Term, text: &str) -> bool {
    term.as_str().is_some_and(|string| &**string == text)
}

/// Whether `name` is a keyword in a version, imports aside.
pub(super) fn is_keyword(name: &str, version: RegoVersion) -> bool {
    let future = FutureKeywords::of_word(name);
    super::token::base_keyword(name).is_some()
        || match version {
            RegoVersion::V0 => false,
            RegoVersion::V1 => FutureKeywords::SINCE_V1.has(future),
            RegoVersion::V2 => future != FutureKeywords::NONE,
        }
}
