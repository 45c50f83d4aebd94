//! In v1 and in strict mode no rule, parameter or local may be called `data` or `input` (OPA's `checkRootDocumentOverrides`).

use super::visit::{self, Node};
use super::{Compiler, Contents, is_operator};
use crate::rego::ast::{ExprKind, Name, Rule, Span, Term, TermKind};

pub(super) fn check_overrides(compiler: &mut Compiler) {
    let mut problems = Vec::new();
    let rules = compiler.rules.iter().zip(&compiler.contents);
    for (entry, contents) in rules.filter(|(entry, _)| compiler.is_strict(entry.module)) {
        in_head(&entry.rule, &mut problems);
        let mut next = contents.has(Contents::ASSIGN).then_some(&entry.rule);
        while let Some(rule) = next {
            in_assignments(rule, &mut problems);
            next = rule.otherwise.as_deref();
        }
    }
    for (span, message) in problems {
        compiler.report_and_go_on("rego_compile_error", span, message);
    }
}

/// Of `else` branches the head is that of their rule.
fn in_head(rule: &Rule, problems: &mut Vec<(Span, String)>) {
    if let Some(name) = rule.head.reference.first().and_then(Term::as_var)
        && matches!(&**name, "data" | "input")
    {
        problems.push((rule.span, format!("rules must not shadow {name} (use a different rule name)")));
    }
    for arg in &rule.head.args {
        if let Some(name) = root_name(arg) {
            problems.push((arg.span, format!("args must not shadow {name} (use a different variable name)")));
        }
    }
}

fn in_assignments(rule: &Rule, problems: &mut Vec<(Span, String)>) {
    visit::walk_rule(rule, &mut |node| {
        if let Node::Expr(expr) = node
            && let ExprKind::Call(terms) = &expr.kind
            && let [operator, left, ..] = terms.as_slice()
            && is_operator(operator, "assign")
            && let Some(name) = root_name(left)
        {
            problems.push((expr.span, format!("variables must not shadow {name} (use a different variable name)")));
        }
        false
    });
}

/// `data` or `input`, where the term is no more than that.
fn root_name(term: &Term) -> Option<&Name> {
    let name = match &term.kind {
        TermKind::Var(name) => name,
        TermKind::Ref(parts) if parts.len() == 1 => parts.first()?.as_var()?,
        _ => return None,
    };
    matches!(&**name, "data" | "input").then_some(name)
}
