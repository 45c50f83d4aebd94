//! Template strings: `$"a {x} b"`, and raw ones in backticks.

use std::borrow::Cow;

use super::super::RegoVersion;
use super::super::ast::{Expr, ExprKind, TemplatePart, Term, TermKind};
use super::super::print;
use super::state::{Parser, covering};
use super::text::{unescape, unescape_braces};
use super::token::Kind;

impl Parser<'_> {
    pub(super) fn template(&mut self, raw: bool) -> Option<Term> {
        let place = self.here();
        if self.version == RegoVersion::V0 {
            self.error(place, "template strings are not supported by current capabilities");
            return None;
        }
        let mut parts = Vec::new();
        loop {
            let text = self.template_text(raw)?;
            if !text.is_empty() {
                parts.push(TemplatePart::Constant(Term::string(text, self.here())));
            }
            if matches!(self.kind(), Kind::TemplateEnd | Kind::RawTemplateEnd) {
                break;
            }
            parts.push(self.template_expr()?);
            if self.kind() != Kind::RBrace {
                self.error(self.here(), "expected } to end template string expression");
                return None;
            }
            self.scan_space();
        }
        Some(Term::new(TermKind::Template(parts), covering(place, place.offset, self.end())))
    }

    /// The text of the current part.
    fn template_text(&mut self, raw: bool) -> Option<String> {
        let is_part =
            matches!(self.kind(), Kind::TemplatePart | Kind::TemplateEnd | Kind::RawTemplatePart | Kind::RawTemplateEnd);
        if !is_part {
            self.error(self.here(), "expected template-string part");
            return None;
        }
        let part = self.text();
        let inner = part.get(1..part.len().saturating_sub(1)).unwrap_or_default();
        let text = unescape_braces(inner, raw);
        let unescaped = if raw { Some(text) } else { unescape(&text).map(Cow::into_owned) };
        if unescaped.is_none() {
            let message = format!("illegal template-string part: {}", unescape_braces(part, raw));
            self.error(self.here(), message);
        }
        unescaped
    }

    fn template_expr(&mut self) -> Option<TemplatePart> {
        self.scan();
        let has_comments = self.token(self.state.at).is_some_and(|token| token.comments);
        let Some(expr) = self.literal() else {
            self.error(self.here(), "invalid template-string expression");
            return None;
        };
        if let Some(message) = refused(&expr) {
            self.error(expr.span, message);
            return None;
        }
        Some(match expr.kind {
            // A constant is what text is, whatever stands beside it: its `with` is dropped.
            ExprKind::Term(term) if !has_comments && is_scalar(&term) => TemplatePart::Constant(term),
            _ => TemplatePart::Expr(Box::new(expr)),
        })
    }
}

fn is_scalar(term: &Term) -> bool {
    matches!(term.kind, TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_))
}

/// Why an expression may not stand in a template string.
fn refused(expr: &Expr) -> Option<&'static str> {
    if expr.negated {
        return Some("unexpected negation ('not') in template-string expression");
    }
    match &expr.kind {
        ExprKind::Call(terms) if print::is_global(terms, "eq") => {
            Some("unexpected unification ('=') in template-string expression")
        }
        ExprKind::Call(terms) if print::is_global(terms, "assign") => {
            Some("unexpected assignment (':=') in template-string expression")
        }
        ExprKind::Every(_) => Some("unexpected 'every' in template-string expression"),
        ExprKind::Some(_) => Some("unexpected 'some' in template-string expression"),
        _ => None,
    }
}
