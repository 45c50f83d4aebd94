//! What is said of variables that nothing binds.

use std::collections::HashMap;

use crate::rego::ast::{Expr, Name, Span};
use crate::rego::compile::nearest::suggestion;
use crate::rego::compile::visit::{self, Skip, VarSet, is_generated};
use crate::rego::compile::{Context, as_equality};
use crate::rego::parser::Problem;
use crate::rego::print;

/// An expression and the variables that nothing binds for it.
pub(super) struct Unsafe {
    pub(super) span: Span,
    pub(super) vars: VarSet,
    /// What its `:=` assigns.
    pub(super) assigned: VarSet,
}

impl Unsafe {
    pub(super) fn new(expr: &Expr, vars: VarSet) -> Self {
        let assigned = match as_equality(expr) {
            Some((left, _)) if expr.from_assignment => visit::term_vars(left, Skip::default()),
            _ => VarSet::new(),
        };
        Self { span: expr.span, vars, assigned }
    }
}

/// OPA's `safetyErrorSlice`: each variable once, at its first place; where only generated ones are unsafe, the expressions. `bound` has the
/// names that may have been meant.
pub(super) fn problems(context: &Context<'_>, found: &[Unsafe], bound: &[Name], scope: &str) -> Vec<Problem> {
    let mut places: HashMap<Name, Span> = HashMap::new();
    let mut assigned = VarSet::new();
    for item in found {
        for name in &item.vars {
            let place = places.entry(name.clone()).or_insert(item.span);
            *place = (*place).min(item.span);
        }
        assigned.extend(item.assigned.iter().flat_map(|name| [name.clone(), context.source_name(name)]));
    }
    let mut pairs: Vec<(Span, Name, Name)> =
        places.into_iter().map(|(name, span)| (span, context.source_name(&name), name)).collect();
    pairs.sort();
    pairs.retain(|(_, shown, _)| !is_generated(shown));
    let is_assigned = |pair: &(Span, Name, Name)| assigned.contains(&pair.1) || assigned.contains(&pair.2);
    if pairs.iter().any(|pair| !is_assigned(pair)) {
        pairs.retain(|pair| !is_assigned(pair));
    }
    let problem = |span, message| Problem::new("rego_unsafe_var_error", span, message);
    let explained = |(span, shown, _): (Span, Name, Name)| {
        let meant = suggestion(&shown, bound.iter().map(|name| &**name).filter(|name| !is_generated(name)));
        problem(span, unsafe_message(print::name(&shown), scope)).with(meant)
    };
    let mut problems: Vec<_> = pairs.into_iter().map(explained).collect();
    if problems.is_empty() {
        let mut seen = VarSet::new();
        let mut in_order: Vec<&Unsafe> = found.iter().collect();
        in_order.sort_by_key(|item| item.span);
        for item in in_order {
            let before = seen.len();
            seen.extend(item.vars.iter().filter(|name| is_generated(name)).cloned());
            if seen.len() > before {
                problems.push(problem(item.span, format!("expression is unsafe{scope}")));
            }
        }
    }
    problems
}

fn unsafe_message(name: &str, scope: &str) -> String {
    if matches!(name, "in" | "every" | "contains" | "if" | "not" | "and" | "or") {
        return format!("var {name} is unsafe{scope} (hint: `import future.keywords.{name}` to import a future keyword)");
    }
    format!("var {name} is unsafe{scope}")
}
