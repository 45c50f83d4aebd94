//! Calls about texts that cannot fail where what they ask about is a text: they are not seen then, and what they demand may exclude their rule
//! though OPA's index knows nothing of it.

use super::Planner;
use super::lookup::Demand;
use super::requirements::{Builder, Requirements};
use crate::rego::ast::{Expr, ExprKind, Rule, Term, TermKind};
use crate::rego::builtins::is_glob;
use crate::rego::compile::{self, Reading, is_ground};

/// What of a rule's calls is known.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// The references that must be texts, each for a call.
    references: Vec<usize>,
    /// What such calls demand that OPA's index does not know.
    pub(super) demands: Vec<Demand>,
}

/// Whether evaluating a rule could be seen.
pub(super) enum Seen {
    Always,
    UnlessTexts(Vec<usize>),
}

impl Texts {
    /// Takes what an expression of the body says. What the rule requires tells what its variables stand for.
    pub(super) fn take(&mut self, builder: &mut Builder<'_, '_>, rule: &Requirements, args: &[Term], expr: &Expr) {
        if expr.negated || !expr.with.is_empty() {
            return;
        }
        let ExprKind::Call(terms) = &expr.kind else { return };
        let Some((operator, operands)) = terms.split_first() else { return };
        let Some(name) = operator.as_ref_parts().and_then(compile::dotted) else { return };
        match (name.as_str(), operands) {
            ("startswith" | "endswith" | "contains", [value, base]) if base.as_str().is_some() => {
                self.references.extend(builder.text_reference(rule, args, value));
            }
            ("glob.match", [pattern, delimiters, value]) => {
                let Some(reference) = builder.text_reference(rule, args, value) else { return };
                let Some((pattern, delimiters)) = pattern.as_str().zip(characters(delimiters)) else { return };
                if is_glob(pattern.as_bytes(), &delimiters) {
                    self.references.push(reference);
                    let source = super::index(reference);
                    self.demands
                        .extend(leading(pattern, &delimiters).map(|(at, text)| Demand::leading(source, &delimiters, at, text)));
                }
            }
            _ => {}
        }
    }
}

impl Planner<'_> {
    /// Whether evaluating the rule could raise an error: it calls, or refers to other rules.
    pub(super) fn seen(&self, rule: &Rule, texts: &Texts) -> Seen {
        let tree = &self.compiled.tree;
        let mut calls = 0;
        let is_seen = compile::any_reading(rule, &mut |reading| match reading {
            Reading::Call(operator) => {
                let name = compile::dotted(operator);
                let is_text =
                    name.as_deref().is_some_and(|name| matches!(name, "startswith" | "endswith" | "contains" | "glob.match"));
                calls += usize::from(is_text);
                !is_text && !name.is_some_and(|name| is_total(&name))
            }
            Reading::Reference(parts) => {
                let is_data = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
                is_data && (tree.is_virtual(parts) || !parts.iter().skip(1).all(is_ground))
            }
        });
        if is_seen || calls != texts.references.len() { Seen::Always } else { Seen::UnlessTexts(texts.references.clone()) }
    }
}

/// Builtins that cannot fail, whatever they are given.
fn is_total(name: &str) -> bool {
    matches!(name, "eq" | "equal" | "neq" | "lt" | "lte" | "gt" | "gte" | "internal.member_2" | "internal.member_3" | "type_name")
}

/// Delimiters of one byte each; `None` for others, and where there are none: then a `*` matches everything.
fn characters(delimiters: &Term) -> Option<String> {
    let TermKind::Array(parts) = &delimiters.kind else { return None };
    if parts.is_empty() {
        return Some(".".to_owned());
    }
    let each = parts.iter().map(|part| part.as_str().filter(|text| text.len() == 1 && text.is_ascii()));
    each.map(|text| text.map(|text| &**text)).collect()
}

/// The last segment at the beginning of a pattern that is a text, and its place: as long as no part of the pattern can match a delimiter, the
/// segments of a text that matches are the pattern's, one by one.
fn leading<'p>(pattern: &'p str, delimiters: &str) -> Option<(usize, &'p str)> {
    let special = |at: usize, byte: u8| match byte {
        b'*' => pattern.as_bytes().get(at + 1) == Some(&b'*'),
        byte => b"{}[]\\?,!".contains(&byte),
    };
    let end = pattern.bytes().enumerate().find(|(at, byte)| special(*at, *byte)).map_or(pattern.len(), |(at, _)| at);
    let mut segments: Vec<&str> = pattern.get(..end)?.split(|c| delimiters.contains(c)).collect();
    // The rest of it may come after the end.
    segments.pop();
    // Where a text is no UTF-8, it matches U+FFFD.
    segments.into_iter().enumerate().rev().find(|(_, segment)| !segment.is_empty() && !segment.contains(['*', '\u{fffd}']))
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn segments_are_known_up_to_what_may_match_a_delimiter() {
        for (pattern, expected) in [
            ("/api/*/team7/**", Some((3, "team7"))),
            ("/api/*/x*/**", Some((1, "api"))),
            ("/api/{a/b,c}/team7/x", Some((1, "api"))),
            ("**/a/b", None),
            ("a/b", Some((0, "a"))),
            ("a", None),
            ("a***/b", None),
            ("/a?c/b/", None),
            ("x/y\\/z/w/", Some((0, "x"))),
        ] {
            assert_eq!(leading(pattern, "/"), expected, "{pattern}");
        }
    }
}
