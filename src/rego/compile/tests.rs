//! Tests get names of their own, and say which cases they come to (the stages that OPA's `v1/tester` adds to its compiler).
//!
//! Nothing here changes a module that is compiled for decisions.

use std::collections::{HashMap, HashSet};

use super::visit::{self, Node, Skip, VarSet, is_generated};
use super::{Compiler, Entry, ground_prefix, is_operator};
use crate::rego::ast::{Body, Expr, ExprKind, Head, Name, Rule, Span, Term, TermKind};

const TEST_CASE: &str = "internal.test_case";

/// Which rules are tests, by how a part of their reference begins.
pub(in crate::rego) const PREFIX: &str = "test_";
/// Which are tests that are not run.
pub(in crate::rego) const SKIPPED_PREFIX: &str = "todo_test_";

/// The part of a head's reference that makes it a test, and how many parts there are up to it; the last ground one where none does.
pub(in crate::rego) fn test_name(head: &Head) -> (&str, usize) {
    let mut found = ("", 0);
    for (at, part) in ground_prefix(&head.reference).iter().enumerate() {
        let name = match &part.kind {
            TermKind::Var(name) | TermKind::String(name) => &**name,
            _ => "",
        };
        found = (name, at + 1);
        if name.starts_with(PREFIX) || name.starts_with(SKIPPED_PREFIX) {
            break;
        }
    }
    found
}

/// The second test of a name becomes `name#01`, and so on: otherwise they would be one rule.
pub(super) fn rewrite_duplicate_names(compiler: &mut Compiler) {
    if !compiler.options.tests {
        return;
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for entry in &mut compiler.rules {
        let (name, length) = test_name(&entry.rule.head);
        if !name.starts_with(PREFIX) {
            continue;
        }
        let before = counts.entry(path_up_to(entry, length)).or_default();
        if *before > 0 {
            let name: Name = format!("{name}#{before:02}").into();
            rename(&mut entry.rule, length, &name);
        }
        *before += 1;
    }
}

fn path_up_to(entry: &Entry, length: usize) -> String {
    let mut reference = entry.reference();
    reference.truncate(entry.package.len() + length);
    super::display_reference(&reference)
}

fn rename(rule: &mut Rule, length: usize, name: &Name) {
    let mut next = Some(rule);
    while let Some(rule) = next {
        if let Some(part) = rule.head.reference.get_mut(length.saturating_sub(1)) {
            part.kind = if length == 1 { TermKind::Var(name.clone()) } else { TermKind::String(name.clone()) };
        }
        if length == 1 && !rule.head.name.is_empty() {
            rule.head.name = name.clone();
        }
        next = rule.otherwise.as_deref_mut();
    }
}

/// A test with parts below its name, `test_x[case]`, says `internal.test_case([case])` as early as it can, so that cases that fail are known.
pub(super) fn inject_test_case(compiler: &mut Compiler) {
    if !compiler.options.tests {
        return;
    }
    for entry in &mut compiler.rules {
        let rule = &mut entry.rule;
        let (name, length) = test_name(&rule.head);
        let cases = rule.head.reference.get(length..).unwrap_or_default().to_vec();
        if !name.starts_with(PREFIX) || cases.is_empty() || says_test_case(&rule.body) {
            continue;
        }
        for case in cases.iter().filter_map(Term::as_var) {
            move_up(&mut rule.body, case);
        }
        let below = cases.iter().filter_map(Term::as_var).filter_map(|case| first_use(&rule.body, case)).max();
        rule.body.insert(below.map_or(0, |at| at + 1), test_case(cases));
    }
}

fn says_test_case(body: &Body) -> bool {
    let mut found = false;
    visit::walk(Node::Body(body), &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Call(terms), .. }) = node {
            found |= terms.first().is_some_and(|operator| is_operator(operator, TEST_CASE));
        }
        found
    });
    found
}

fn test_case(cases: Vec<Term>) -> Expr {
    let span = Span::default();
    let name = TEST_CASE.split('.').enumerate();
    let parts = name.map(|(at, part)| if at == 0 { Term::var(part, span) } else { Term::string(part, span) }).collect();
    let operator = Term::new(TermKind::Ref(parts), span);
    Expr::new(ExprKind::Call(vec![operator, Term::new(TermKind::Array(cases), span)]), span)
}

/// The first expression that has the variable.
fn first_use(body: &[Expr], name: &Name) -> Option<usize> {
    body.iter().position(|expr| visit::expr_vars(expr, Skip::default()).contains(name))
}

/// Moves what the compiler generated for a part of the head, `case = tc.note`, to just below what it needs. What the author wrote stays.
fn move_up(body: &mut Body, case: &Name) {
    let mut at = body.len();
    let mut moved: HashSet<usize> = HashSet::new();
    while let Some(next) = at.checked_sub(1) {
        at = next;
        let Some(needed) = body.get(at).and_then(|expr| needs_of_binding(expr, case)) else { continue };
        let to = if needed.is_empty() {
            0
        } else {
            let first = |name: &Name| body.get(..at).and_then(|before| first_use(before, name));
            needed.iter().filter_map(first).max().unwrap_or(0) + 1
        };
        if to < at && moved.insert(at) {
            let expr = body.remove(at);
            body.insert(to, expr);
            // Another expression stands here now.
            at += 1;
        }
    }
}

/// The locals that a generated `case = term` needs; `None` for another expression.
fn needs_of_binding(expr: &Expr, case: &Name) -> Option<VarSet> {
    let (left, right) = super::as_equality(expr).filter(|_| expr.generated)?;
    left.as_var().filter(|name| *name == case)?;
    Some(visit::term_vars(right, Skip::default()).into_iter().filter(|name| is_generated(name)).collect())
}
