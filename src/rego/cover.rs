//! What tests covered, in the shape of OPA's `v1/cover`: ranges of files that were evaluated, and those that were not.
//!
//! Nothing of it is in a program that was compiled for anything else: only then does the plan say where it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value as Json, json};

use super::ast::{ExprKind, Module as Tree, Rule, Span};
use super::compile::each_expr;
use super::{Module, parser};
use crate::error::Result;

/// How a test is evaluated: as it is decided, and again with one thing left out, which tells why something was not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Plain,
    /// Without indexes over rules.
    WithoutIndex,
    /// Without ending a rule at its first value.
    WithoutEarlyExit,
}

/// Why a range that is not covered was not: what OPA calls each further pass.
const KINDS: [&str; 2] = ["index_excluded", "early_exit"];

/// The places that tests came to.
#[derive(Debug, Default)]
pub struct Covered {
    passes: [HashSet<Span>; 3],
}

impl Covered {
    pub(super) fn add(&mut self, pass: Pass, spans: impl IntoIterator<Item = Span>) {
        let at = match pass {
            Pass::Plain => 0,
            Pass::WithoutIndex => 1,
            Pass::WithoutEarlyExit => 2,
        };
        if let Some(covered) = self.passes.get_mut(at) {
            covered.extend(spans);
        }
    }

    /// The report.
    pub(super) fn report(&self, modules: &[Module]) -> Result<Json> {
        let mut files = BTreeMap::new();
        let (mut covered, mut not_covered) = (0, 0);
        for (number, module) in modules.iter().enumerate() {
            let (file, lines) = self.file(number, module);
            covered += lines.0;
            not_covered += lines.1;
            files.insert(module.name.to_string(), file);
        }
        let coverage = percentage(covered, not_covered);
        Ok(json!({"files": files, "covered_lines": covered, "not_covered_lines": not_covered, "coverage": coverage}))
    }

    /// One file's report, and how many of its lines are covered and not.
    fn file(&self, number: usize, module: &Module) -> (Json, (usize, usize)) {
        let ranges = |pass: &HashSet<Span>| -> BTreeSet<Range> {
            pass.iter().filter(|span| span.module as usize == number).map(|span| Range::of(*span, module)).collect()
        };
        let [plain, others @ ..] = &self.passes;
        let covered = ranges(plain);
        let others: Vec<BTreeSet<Range>> = others.iter().map(ranges).collect();
        let is_in = |range: &Range, covered: &BTreeSet<Range>| covered.iter().any(|other| other.contains(range));
        let not_covered: BTreeSet<Range> = places(number, module)
            .into_iter()
            .map(|span| Range::of(span, module))
            .filter(|range| !is_in(range, &covered))
            .collect();
        let lines = (rows(&covered), rows(&not_covered));
        let kinds = |range: &Range| -> Vec<&str> {
            KINDS.iter().zip(&others).filter(|(_, covered)| is_in(range, covered)).map(|(kind, _)| *kind).collect()
        };
        let covered: Vec<Json> = covered.iter().map(|range| range.to_json(&[])).collect();
        let not_covered: Vec<Json> = not_covered.iter().map(|range| range.to_json(&kinds(range))).collect();
        let mut file = json!({
            "covered": covered, "not_covered": not_covered,
            "covered_lines": lines.0, "not_covered_lines": lines.1, "coverage": percentage(lines.0, lines.1),
        });
        if let Some(file) = file.as_object_mut() {
            // What is empty or zero is left out, as in OPA.
            file.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty) && value.as_f64() != Some(0.0));
        }
        (file, lines)
    }
}

/// What could be covered in a module as it was written: the heads of rules, and all expressions but declarations.
fn places(number: usize, module: &Module) -> Vec<Span> {
    // It was compiled before.
    let Ok(tree) = parser::parse_module(&module.source, &parser::Options::of(module.version, number)) else { return Vec::new() };
    let mut spans = Vec::new();
    each_rule(&tree, &mut |rule| {
        spans.push(rule.head.span);
        each_expr(rule, &mut |expr| {
            if !matches!(expr.kind, ExprKind::Some(_)) {
                spans.push(expr.span);
            }
        });
    });
    spans.retain(|span| span.row > 0);
    spans
}

fn each_rule(tree: &Tree, visit: &mut dyn FnMut(&Rule)) {
    for rule in &tree.rules {
        let mut next = Some(rule);
        while let Some(rule) = next {
            visit(rule);
            next = rule.otherwise.as_deref();
        }
    }
}

/// From a row and column to another, which is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    start: (u32, u32),
    end: (u32, u32),
}

impl Range {
    fn of(span: Span, module: &Module) -> Self {
        let begin = span.offset as usize;
        let text = module.source.get(begin..begin + span.length as usize).unwrap_or_default();
        let start = (span.row, span.col);
        let end = match text.rsplit_once('\n') {
            None => (span.row, span.col + count(text.chars().count())),
            Some((before, last)) => (span.row + 1 + count(before.matches('\n').count()), 1 + count(last.chars().count())),
        };
        Self { start, end }
    }

    fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && self.end >= other.end
    }

    fn to_json(self, kinds: &[&str]) -> Json {
        let place = |(row, col): (u32, u32)| json!({"row": row, "col": col});
        let mut range = json!({"start": place(self.start), "end": place(self.end)});
        if let (false, Some(range)) = (kinds.is_empty(), range.as_object_mut()) {
            range.insert("kinds".to_owned(), kinds.into());
        }
        range
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How many rows the ranges touch.
fn rows(ranges: &BTreeSet<Range>) -> usize {
    ranges.iter().flat_map(|range| range.start.0..=range.end.0).collect::<BTreeSet<u32>>().len()
}

fn percentage(covered: usize, not_covered: usize) -> f64 {
    let all = covered + not_covered;
    #[allow(clippy::cast_precision_loss, reason = "lines are few")]
    if all == 0 { 0.0 } else { 100.0 * covered as f64 / all as f64 }
}
