//! The parser: from a module's, a query's or a term's text to the syntax tree, as OPA 1.22.2 reads it.
//!
//! It descends recursively and, where OPA tries one reading and then another, decides by looking ahead at matching brackets, or remembers
//! what it read: its time is linear in the length for each level of nesting. Levels are counted and bounded (`state.rs`).

mod annotations;
mod body;
mod builtin_names;
mod collection;
mod digits;
mod group;
mod imports;
mod infix;
mod lexer;
mod logical;
mod module;
mod operand;
mod quoted;
mod rule;
mod rule_of_body;
mod span;
mod state;
mod statement;
mod template;
mod term;
mod text;
mod token;

#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod tests;

pub(crate) use token::FutureKeywords;

use std::collections::HashMap;

use super::RegoVersion;
use super::ast::{Body, ExprKind, Module, Span, Term};
use state::{Memory, Parser, State};
use statement::Statement;

/// What a source is read by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// The language's version.
    pub(crate) version: RegoVersion,
    /// The module's number, which every place in the tree carries.
    pub(crate) module: u32,
    /// Keywords in force without an import, beyond those of the version.
    pub(crate) keywords: FutureKeywords,
}

impl Options {
    /// For a source of that version, the one of that number.
    pub(crate) fn of(version: RegoVersion, number: usize) -> Self {
        Self { version, module: u32::try_from(number).unwrap_or(u32::MAX), keywords: FutureKeywords::NONE }
    }
}

/// Why a source was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// OPA's code, such as `rego_parse_error`.
    pub(crate) code: &'static str,
    /// OPA's message.
    pub(crate) message: String,
    /// The place; row 0 where there is none.
    pub(crate) span: Span,
    /// What helps to mend it, a line each.
    pub(crate) details: Vec<String>,
    /// Whether it is about a token, whose line OPA shows.
    pub(crate) at_token: bool,
}

impl Problem {
    /// A problem without details.
    pub(super) fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, details: Vec::new(), at_token: false }
    }

    /// The same problem with what helps to mend it.
    pub(super) fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// A `rego_parse_error` about a token.
    pub(super) fn at_token(span: Span, message: impl Into<String>) -> Self {
        Self { at_token: true, ..Self::parse(span, message) }
    }

    /// A `rego_parse_error`.
    pub(super) fn parse(span: Span, message: impl Into<String>) -> Self {
        Self::new("rego_parse_error", span, message)
    }
}

/// Reads a module.
///
/// # Errors
/// What is wrong with it, in OPA's order.
pub(crate) fn parse_module(source: &str, options: &Options) -> Result<Module, Vec<Problem>> {
    let mut parser = Parser::new(source, options)?;
    let statements = parser.statements(true);
    let annotations = annotations::read(parser.comments_so_far());
    module::assemble(parser, statements, annotations)
}

/// Reads a module whose annotations are comments like any others.
///
/// # Errors
/// What is wrong with it, in OPA's order.
pub(crate) fn parse_without_annotations(source: &str, options: &Options) -> Result<Module, Vec<Problem>> {
    let mut parser = Parser::new(source, options)?;
    let statements = parser.statements(true);
    module::assemble(parser, statements, (Vec::new(), Vec::new()))
}

/// Reads a query: expressions, separated by `;` or line breaks.
///
/// # Errors
/// What is wrong with it, in OPA's order.
pub(crate) fn parse_query(source: &str, options: &Options) -> Result<Body, Vec<Problem>> {
    let mut parser = Parser::new(source, options)?;
    let mut body = Body::new();
    for statement in parser.statements(false)? {
        match statement {
            Statement::Body(exprs) => body.extend(exprs),
            Statement::Package(package) => return unexpected("*ast.Package", package.span),
            Statement::Import(import) => return unexpected("*ast.Import", import.span),
            Statement::Rule(rule, _) => return unexpected("*ast.Rule", rule.span),
        }
    }
    Ok(body)
}

fn unexpected<T>(what: &str, span: Span) -> Result<T, Vec<Problem>> {
    Err(vec![Problem::parse(span, format!("expected body but got {what}"))])
}

/// Reads one term.
///
/// # Errors
/// What is wrong with it, in OPA's order.
pub(crate) fn parse_term(source: &str, options: &Options) -> Result<Term, Vec<Problem>> {
    let mut body = parse_query(source, options)?.into_iter();
    match (body.next(), body.next()) {
        (Some(expr), None) => match expr.kind {
            ExprKind::Term(term) => Ok(term),
            _ => Err(vec![Problem::parse(expr.span, "expected term but got an expression")]),
        },
        (first, _) => {
            let span = first.map_or_else(Span::default, |expr| expr.span);
            Err(vec![Problem::parse(span, "expected exactly one term")])
        }
    }
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, options: &Options) -> Result<Self, Vec<Problem>> {
        if u32::try_from(source.len()).is_err() {
            return Err(vec![Problem::parse(Span::default(), "the source is larger than 4 GiB")]);
        }
        let since = match options.version {
            RegoVersion::V0 => FutureKeywords::NONE,
            RegoVersion::V1 => FutureKeywords::SINCE_V1,
            RegoVersion::V2 => FutureKeywords::ALL,
        };
        let keywords = since.and(options.keywords);
        let mut parser = Self {
            source,
            module: options.module,
            version: options.version,
            tokens: lexer::split(source, options.module),
            keywords,
            in_import: false,
            not_bodies: keywords.has(FutureKeywords::NOT),
            probing: false,
            speculating: 0,
            memory: Memory::default(),
            names: HashMap::default(),
            in_odd_body: false,
            depth: 0,
            height: 0,
            fatal: None,
            state: State::default(),
        };
        parser.arrive();
        Ok(parser)
    }
}
