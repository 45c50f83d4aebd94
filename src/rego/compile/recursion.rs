//! No rule may depend on itself (OPA's `checkRecursion`).

use super::Compiler;
use super::graph::Branch;
use super::problems::MAX_ERRORS;
use crate::rego::ast::{Rule, Span};

pub(super) fn check(compiler: &mut Compiler) {
    let cyclic = compiler.graph.cyclic();
    if cyclic.is_empty() {
        return;
    }
    let mut found = Vec::new();
    compiler.tree.root().depth_first(&mut |node| {
        for number in &node.rules {
            let mut next = compiler.rules.get(*number).map(|entry| &entry.rule);
            let mut branch = 0;
            while let Some(rule) = next {
                if cyclic.contains(&(*number, branch)) && found.len() < MAX_ERRORS {
                    found.extend(recursion(compiler, (*number, branch), rule));
                }
                branch += 1;
                next = rule.otherwise.as_deref();
            }
        }
        false
    });
    for (span, message) in found {
        compiler.report("rego_recursion_error", span, message);
    }
}

/// What is wrong with a branch that leads back to itself. A way through a variable may never be gone; one that certainly is goes first.
fn recursion(compiler: &Compiler, start: Branch, rule: &Rule) -> Option<(Span, String)> {
    let graph = &compiler.graph;
    let any = graph.cycle(start, &|_, _| true)?;
    let sure = graph.cycle(start, &|from, to| graph.dynamic_cause(from, to).is_none());
    let may = sure.is_none();
    let path = sure.unwrap_or(any);
    let cause = if may { cause(compiler, &path) } else { String::new() };
    let verb = if may { "may be" } else { "is" };
    let names: Vec<String> = path.iter().map(|branch| name(compiler, *branch)).collect();
    Some((rule.span, format!("rule {} {verb} recursive: {}{cause}", name(compiler, start), names.join(" -> "))))
}

fn name(compiler: &Compiler, branch: Branch) -> String {
    compiler.rules.get(branch.0).map(|entry| compiler.display_reference(&entry.reference())).unwrap_or_default()
}

/// The first step of a way that is taken only if a variable holds the right value.
fn cause(compiler: &Compiler, path: &[Branch]) -> String {
    let steps = path.iter().zip(path.iter().skip(1)).enumerate();
    let explained = steps.filter_map(|(at, (from, to))| {
        let dynamic = compiler.graph.dynamic_cause(*from, *to)?;
        let (reader, target) = (compiler.rules.get(from.0)?, compiler.rules.get(to.0)?);
        Some(dynamic.explain(compiler, reader, target, at == 0))
    });
    explained.into_iter().next().unwrap_or_default()
}
