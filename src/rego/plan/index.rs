//! Which rules can match, told from input, base data and arguments before any is evaluated (OPA's `v1/ast/index.go`).
//!
//! What is excluded is observable: an excluded rule raises no conflict, and whether the first rule that holds is enough is decided over those
//! that are left. So the exclusion is OPA's, constraint by constraint; the tables beside it are for speed alone.

mod check;
mod lookup;
mod requirements;
mod texts;

use super::{Planner, Told, index, key_document, terms};
use crate::rego::ast::{Expr, ExprKind, Rule, Term, TermKind};
use crate::rego::compile::{self, Key, is_constant};
use crate::rego::value::{Document, equal};

pub(in crate::rego) use check::Check;
pub(in crate::rego) use lookup::Lookup;
use lookup::{lookup_of, unseen_lookup};
use requirements::{Builder, Constants, Constrained, Constraint, Path, References, Requirements, paths_of};
use texts::{Seen, Texts};

/// An index over the rules of a routine.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Index {
    pub(in crate::rego) sources: Vec<Source>,
    /// One for each of the routine's candidates.
    pub(in crate::rego) branches: Vec<Branch>,
    pub(in crate::rego) lookup: Option<Lookup>,
    /// The same by more than OPA's index knows, for when nobody sees what is excluded; `None` where there is no more.
    pub(in crate::rego) unseen: Option<Lookup>,
    /// Whether candidates are checked.
    pub(in crate::rego) checks: Checks,
    /// Whether collections are consulted: not where all rules agree on a value (OPA's `consultsCollections`).
    pub(in crate::rego) consults: bool,
}

/// When evaluating a rule that OPA's index excludes could be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rego) enum Checks {
    /// It could: it may raise an error or a conflict.
    #[default]
    Always,
    /// It could not where these sources are strings, or undefined; without any it never could.
    UnlessStrings(Vec<u32>),
}

/// Where a constrained value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rego) enum Source {
    /// A path below `input`: constants, and the number of the part where it has one.
    Input { keys: Vec<u32>, at: Option<u32> },
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
        let (mut index, texts) = self.built(branches, agree);
        let seen = branches.iter().zip(&texts).map(|(rule, texts)| self.seen(rule, texts));
        // A rule of a test that fails can be seen, too.
        let unless = if self.compiled.options.tests { None } else { texts_of(seen) };
        if let Some(strings) = unless {
            index.unseen = unseen_lookup(&index.branches, texts);
            index.checks = Checks::UnlessStrings(strings);
        }
        let constrains = index
            .branches
            .iter()
            .any(|b| !b.required.is_empty() || !b.memberships.is_empty() || b.paths.iter().any(|p| !p.is_empty()));
        let could_be_seen = !matches!(&index.checks, Checks::UnlessStrings(strings) if strings.is_empty());
        let pays = constrains && (could_be_seen || index.lookup.is_some()) || index.unseen.is_some();
        pays.then_some(index)
    }

    /// The index over these rules, whatever it is good for.
    pub(super) fn whole_index(&mut self, branches: &[&Rule], agree: bool) -> Index {
        self.built(branches, agree).0
    }

    fn built(&mut self, branches: &[&Rule], agree: bool) -> (Index, Vec<Texts>) {
        let mut builder = Builder { planner: self, references: References::default() };
        let mut all: Vec<Requirements> = Vec::with_capacity(branches.len());
        let mut texts: Vec<Texts> = Vec::with_capacity(branches.len());
        for rule in branches {
            let mut requirements = Requirements::default();
            let mut constants = Constants::new();
            let mut of_texts = Texts::default();
            let indexed = if tells(&rule.body) { &[][..] } else { &rule.body };
            for expr in indexed {
                builder.update(&mut requirements, &rule.head.args, expr, &mut constants);
                of_texts.take(&mut builder, &requirements, &rule.head.args, expr);
            }
            all.push(requirements);
            texts.push(of_texts);
        }
        let references = std::mem::take(&mut builder.references);
        let built = build(&references, &all, branches);
        let sources: Vec<Source> = references.terms.iter().map(|reference| self.source(reference)).collect();
        let lookup = lookup_of(&built);
        (Index { sources, branches: built, lookup, unseen: None, checks: Checks::Always, consults: !agree }, texts)
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
                let at = self.input_path(&keys);
                Source::Input { keys: keys.iter().map(|key| self.constant(key_document(key))).collect(), at }
            }
            _ => {
                let number = reference.get(1).and_then(|t| if let TermKind::Number(n) = &t.kind { n.parse().ok() } else { None });
                Source::Argument(number.unwrap_or(u32::MAX))
            }
        }
    }
}

/// The references that must be texts so that none of the rules could be seen; `None` where one could.
fn texts_of(all: impl Iterator<Item = Seen>) -> Option<Vec<u32>> {
    let mut strings = Vec::new();
    for seen in all {
        let Seen::UnlessTexts(references) = seen else { return None };
        strings.extend(references.into_iter().map(index));
    }
    strings.sort_unstable();
    strings.dedup();
    Some(strings)
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
