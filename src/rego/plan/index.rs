//! Which rules can match, told from input, base data and arguments before any is evaluated (OPA's `v1/ast/index.go`).
//!
//! What is excluded is observable: an excluded rule raises no conflict, and whether the first rule that holds is enough is decided over those
//! that are left. So the exclusion is OPA's, constraint by constraint; the tables beside it are for speed alone.

mod check;
mod lookup;
mod requirements;

use super::{Planner, Told, index, key_document, terms};
use crate::rego::ast::{Expr, ExprKind, Rule, Term, TermKind};
use crate::rego::compile::{self, Key, Reading, is_constant, is_ground};
use crate::rego::value::{Document, equal};

pub(in crate::rego) use check::Check;
pub(in crate::rego) use lookup::Lookup;
use lookup::lookup_of;
use requirements::{Builder, Constants, Constrained, Constraint, Path, References, Requirements, paths_of};

/// An index over the rules of a routine.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Index {
    pub(in crate::rego) sources: Vec<Source>,
    /// One for each of the routine's candidates.
    pub(in crate::rego) branches: Vec<Branch>,
    pub(in crate::rego) lookup: Option<Lookup>,
    /// Whether candidates are checked: evaluating one that OPA excludes could be seen.
    pub(in crate::rego) checks: bool,
    /// Whether collections are consulted: not where all rules agree on a value (OPA's `consultsCollections`).
    pub(in crate::rego) consults: bool,
}

/// Where a constrained value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rego) enum Source {
    /// A path below `input`, constants.
    Input(Vec<u32>),
    /// A path below `data`.
    Data(u32),
    /// An argument.
    Argument(u32),
}

/// What a rule needs in order to match.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Branch {
    /// Alternatives, each a list of sources and what their value must be one of.
    pub(in crate::rego) paths: Vec<Vec<(u32, Vec<Check>)>>,
    /// Sources that must be defined.
    pub(in crate::rego) required: Vec<u32>,
    /// A source whose value must be a key of the collection at another.
    pub(in crate::rego) memberships: Vec<(u32, u32)>,
    /// The number of the rule's constant value among those of the routine; `None` where it has none.
    pub(in crate::rego) value: Option<u32>,
}

impl Planner<'_> {
    /// The index over these rules; `None` where it would exclude nothing that could be seen and speed nothing up.
    pub(super) fn index(&mut self, branches: &[&Rule], agree: bool) -> Option<Index> {
        // A rule of a test that fails can be seen, too.
        let checks = self.compiled.options.tests || branches.iter().any(|rule| self.can_be_seen(rule));
        let index = Index { checks, ..self.whole_index(branches, agree) };
        let constrains = index
            .branches
            .iter()
            .any(|b| !b.required.is_empty() || !b.memberships.is_empty() || b.paths.iter().any(|p| !p.is_empty()));
        (constrains && (checks || index.lookup.is_some())).then_some(index)
    }

    /// The index over these rules, whatever it is good for.
    pub(super) fn whole_index(&mut self, branches: &[&Rule], agree: bool) -> Index {
        let mut builder = Builder { planner: self, references: References::default() };
        let mut all: Vec<Requirements> = Vec::with_capacity(branches.len());
        for rule in branches {
            let mut requirements = Requirements::default();
            let mut constants = Constants::new();
            let indexed = if tells(&rule.body) { &[][..] } else { &rule.body };
            for expr in indexed {
                builder.update(&mut requirements, &rule.head.args, expr, &mut constants);
            }
            all.push(requirements);
        }
        let references = std::mem::take(&mut builder.references);
        let built = build(&references, &all, branches);
        let sources: Vec<Source> = references.terms.iter().map(|reference| self.source(reference)).collect();
        let lookup = lookup_of(&built);
        Index { sources, branches: built, lookup, checks: true, consults: !agree }
    }

    fn source(&mut self, reference: &[Term]) -> Source {
        let keys = || reference.iter().skip(1).filter_map(Key::of);
        match reference.first().and_then(Term::as_var).map(|name| &**name) {
            Some("data") => {
                let keys: Vec<Key> = keys().collect();
                Source::Data(self.path(&keys))
            }
            Some("input") => {
                let keys: Vec<Key> = keys().collect();
                Source::Input(keys.iter().map(|key| self.constant(key_document(key))).collect())
            }
            _ => {
                let number = reference.get(1).and_then(|t| if let TermKind::Number(n) = &t.kind { n.parse().ok() } else { None });
                Source::Argument(number.unwrap_or(u32::MAX))
            }
        }
    }

    /// Whether evaluating the rule could raise an error: it calls, or refers to other rules.
    fn can_be_seen(&self, rule: &Rule) -> bool {
        let tree = &self.compiled.tree;
        compile::any_reading(rule, &mut |reading| match reading {
            Reading::Call(operator) => !compile::dotted(operator).is_some_and(|name| is_total(&name)),
            Reading::Reference(parts) => {
                let is_data = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
                is_data && (tree.is_virtual(parts) || !parts.iter().skip(1).all(is_ground))
            }
        })
    }
}

/// Builtins that cannot fail, whatever they are given.
fn is_total(name: &str) -> bool {
    matches!(name, "eq" | "equal" | "neq" | "lt" | "lte" | "gt" | "gte" | "internal.member_2" | "internal.member_3" | "type_name")
}

fn build(references: &References, all: &[Requirements], rules: &[&Rule]) -> Vec<Branch> {
    let sorted = references.sorted();
    let is_valued = |reference: usize| {
        let valued = |constraint: &Constraint| constraint.reference == reference && !constraint.value.is_any();
        all.iter().any(|r| r.constraints.iter().any(valued) || r.disjunctions.iter().flatten().flatten().any(valued))
    };
    let (levels, unvalued): (Vec<usize>, Vec<usize>) = sorted.into_iter().partition(|reference| is_valued(*reference));
    let mut values: Vec<Document> = Vec::new();
    all.iter()
        .zip(rules)
        .map(|(requirements, rule)| {
            let paths = paths_of(requirements);
            let reads = |reference: usize| paths.iter().all(|path| path.iter().any(|c| c.reference == reference));
            Branch {
                required: unvalued.iter().filter(|r| reads(**r)).map(|r| index(*r)).collect(),
                memberships: requirements.memberships.iter().map(|(k, c)| (index(*k), index(*c))).collect(),
                value: constant_number(rule, &mut values),
                paths: paths.iter().map(|path| checks_of(path, &levels)).collect(),
            }
        })
        .collect()
}

/// The number of a rule's constant value; equal values share one.
fn constant_number(rule: &Rule, values: &mut Vec<Document>) -> Option<u32> {
    let is_complete = rule.head.key.is_none() && rule.head.reference.iter().skip(1).all(is_constant);
    let value = rule.head.value.as_ref().filter(|value| is_complete && is_constant(value))?;
    let value = terms::document(value);
    let found = values.iter().position(|known| equal(&known.view(), &value.view()));
    Some(index(found.unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    })))
}

/// A path's checks, level by level (OPA's `insertPath`): where several values cannot meet again, what comes after goes unchecked.
fn checks_of(path: &Path, levels: &[usize]) -> Vec<(u32, Vec<Check>)> {
    let mut checks = Vec::new();
    let mut remaining = path.len();
    for level in levels {
        let mut values: Vec<&Constrained> = path.iter().filter(|c| c.reference == *level).map(|c| &c.value).collect();
        remaining = remaining.saturating_sub(values.len());
        if values.is_empty() {
            continue;
        }
        if values.len() > 1 && values.iter().any(|v| !v.is_any()) {
            values.retain(|v| !v.is_any());
        }
        if values.iter().any(|v| v.is_any()) {
            checks.push((index(*level), vec![Check::Any]));
            continue;
        }
        let many = values.len() > 1;
        let ends = many && (remaining == 0 || values.iter().any(|v| v.is_affix() || v.is_composite()));
        let found: Vec<Check> =
            values.into_iter().filter_map(|v| if let Constrained::Is(check) = v { Some(check.clone()) } else { None }).collect();
        checks.push((index(*level), one_affix_end(found)));
        if ends {
            break;
        }
    }
    checks
}

/// Prefixes or suffixes of one value, not both: those whose shortest is longer (OPA's `oneAffixEnd`).
fn one_affix_end(mut checks: Vec<Check>) -> Vec<Check> {
    let shortest = |prefix: bool| {
        let lengths = checks.iter().filter_map(|check| match check {
            Check::Prefix(text) if prefix => Some(text.len()),
            Check::Suffix(text) if !prefix => Some(text.len()),
            _ => None,
        });
        lengths.min()
    };
    if let (Some(prefix), Some(suffix)) = (shortest(true), shortest(false)) {
        let drop_prefix = suffix > prefix;
        checks.retain(|check| !matches!((check, drop_prefix), (Check::Prefix(_), true) | (Check::Suffix(_), false)));
    }
    checks
}

/// Whether a body says something on its way, itself or in a body of its own expressions: then no index may keep it from that (OPA's
/// `bodySkipsIndexing`, which looks into no term).
fn tells(body: &[Expr]) -> bool {
    body.iter().any(|expr| match &expr.kind {
        ExprKind::Call(terms) => {
            terms.first().and_then(Term::as_ref_parts).and_then(compile::dotted).is_some_and(|name| Told::named(&name).is_some())
        }
        ExprKind::Every(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) => compile::any_body(expr, &tells),
        ExprKind::Term(_) | ExprKind::Some(_) => false,
    })
}
