//! What the bodies of rules require of references, collected as OPA's `refindices` collects it.

use std::collections::HashMap;

use super::check::{Check, affix_check, array_check, constant_check, delimiter_of, same_check, segments_of};
use crate::rego::ast::{Expr, ExprKind, Logical, Name, Span, Term, TermKind};
use crate::rego::compile::{self, is_constant, is_ground, is_scalar};
use crate::rego::plan::{Planner, terms};
use crate::rego::value::{Document, equal};

/// Past so many ways to reach a rule its `or`s are left out (OPA's `maxIndexPaths`).
const MAX_PATHS: usize = 32;

/// A constraint on a reference.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub(super) reference: usize,
    pub(super) value: Constrained,
}

#[derive(Debug, Clone)]
pub(super) enum Constrained {
    /// Anything; the variable that it is bound to, if there is one.
    Any(Option<Name>),
    Is(Check),
}

impl Constrained {
    pub(super) const fn is_any(&self) -> bool {
        matches!(self, Self::Any(_))
    }

    pub(super) const fn is_affix(&self) -> bool {
        matches!(self, Self::Is(Check::Prefix(_) | Check::Suffix(_)))
    }

    pub(super) fn is_composite(&self) -> bool {
        match self {
            Self::Is(Check::Any | Check::Array(_) | Check::Segments(..)) => true,
            Self::Is(Check::Equal(value)) => matches!(value, Document::Array(_) | Document::Object(_) | Document::Set(_)),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Alternation {
    #[default]
    None,
    Converging,
    Terminal,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stats {
    count: usize,
    alternated: Alternation,
}

pub(super) type Constants = HashMap<Name, Term>;

pub(super) type Path = Vec<Constraint>;

/// References that are constrained, numbered, and what their order follows from.
#[derive(Debug, Default)]
pub(super) struct References {
    pub(super) terms: Vec<Vec<Term>>,
    stats: Vec<Stats>,
}

impl References {
    fn number(&mut self, reference: &[Term]) -> usize {
        if let Some(found) = self.terms.iter().position(|known| same_reference(known, reference)) {
            return found;
        }
        self.terms.push(reference.to_vec());
        self.stats.push(Stats::default());
        self.terms.len() - 1
    }

    fn count(&mut self, reference: usize, by: usize) {
        if let Some(stats) = self.stats.get_mut(reference) {
            stats.count += by;
        }
    }

    fn alternate(&mut self, reference: usize, kind: Alternation) {
        if let Some(stats) = self.stats.get_mut(reference) {
            stats.alternated = stats.alternated.max(kind);
        }
    }

    /// OPA's `Sorted`.
    pub(super) fn sorted(&self) -> Vec<usize> {
        let mut counted: Vec<(usize, &Stats)> = self.stats.iter().enumerate().filter(|(_, s)| s.count > 0).collect();
        let place =
            |number: usize| self.terms.get(number).and_then(|t| t.first()).map(|t| (t.span.module, t.span.row, t.span.col));
        counted.sort_by(|(a, x), (b, y)| {
            x.alternated.cmp(&y.alternated).then(y.count.cmp(&x.count)).then(place(*a).cmp(&place(*b))).then(a.cmp(b))
        });
        counted.into_iter().map(|(number, _)| number).collect()
    }
}

/// What one rule, or one operand of `and` or `or`, requires.
#[derive(Debug, Default, Clone)]
pub(super) struct Requirements {
    pub(super) constraints: Path,
    pub(super) disjunctions: Vec<Vec<Path>>,
    pub(super) memberships: Vec<(usize, usize)>,
    /// Of the scopes around an operand: resolvable, not its own.
    outer: Path,
}

pub(super) struct Builder<'p, 'c> {
    pub(super) planner: &'p Planner<'c>,
    pub(super) references: References,
}

impl Builder<'_, '_> {
    pub(super) fn update(&mut self, rule: &mut Requirements, args: &[Term], expr: &Expr, constants: &mut Constants) {
        if !expr.with.is_empty() || expr.negated {
            return;
        }
        match &expr.kind {
            ExprKind::And(logical) => {
                let left = self.operand(rule, args, &logical.left, constants);
                let right = self.operand(rule, args, &logical.right, constants);
                self.require(rule, left);
                self.require(rule, right);
            }
            ExprKind::Or(logical) => self.or(rule, args, logical, constants),
            ExprKind::Term(term) => {
                let term = plug(term, constants);
                if let TermKind::Ref(parts) = &term.kind
                    && !self.collection_key(rule, args, parts)
                {
                    let any = Term::var("__any__", term.span);
                    self.equality(rule, args, &term, &any, constants);
                }
            }
            ExprKind::Call(terms) => {
                let terms: Vec<Term> =
                    terms.iter().enumerate().map(|(at, t)| if at == 0 { t.clone() } else { plug(t, constants) }).collect();
                self.call(rule, args, &terms, constants);
            }
            ExprKind::Not(_) | ExprKind::Every(_) | ExprKind::Some(_) => {}
        }
    }

    fn call(&mut self, rule: &mut Requirements, args: &[Term], terms: &[Term], constants: &mut Constants) {
        let Some((operator, operands)) = terms.split_first() else { return };
        let name = operator.as_ref_parts().and_then(compile::dotted).unwrap_or_default();
        match (name.as_str(), operands) {
            ("eq" | "equal", [a, b]) => {
                let found = self.wildcard(rule, args, a, b, constants) || self.wildcard(rule, args, b, a, constants);
                if !found {
                    self.equality(rule, args, a, b, constants);
                }
            }
            ("glob.match", [pattern, delimiters, value]) => self.glob(rule, args, pattern, delimiters, value),
            ("internal.member_2", [member, collection]) => self.member(rule, args, member, collection, constants),
            ("startswith", [value, base]) => self.affix(rule, args, value, base, constants, true),
            ("endswith", [value, base]) => self.affix(rule, args, value, base, constants, false),
            ("strings.any_prefix_match", [value, bases]) => self.affixes(rule, args, value, bases, constants, true),
            ("strings.any_suffix_match", [value, bases]) => self.affixes(rule, args, value, bases, constants, false),
            _ => {}
        }
    }

    fn or(&mut self, rule: &mut Requirements, args: &[Term], logical: &Logical, constants: &Constants) {
        let mut left = self.operand(rule, args, &logical.left, constants);
        if left.is_empty() {
            return;
        }
        let mut right = self.operand(rule, args, &logical.right, constants);
        if right.is_empty() {
            return;
        }
        left.append(&mut right);
        self.require(rule, left);
    }

    /// The ways in which an operand's body can hold; none where nothing about it is known.
    fn operand(&mut self, rule: &Requirements, args: &[Term], body: &[Expr], constants: &Constants) -> Vec<Path> {
        let outer = rule.constraints.iter().chain(&rule.outer).cloned().collect();
        let mut scratch = Requirements { outer, ..Requirements::default() };
        let mut scoped = constants.clone();
        for expr in body {
            self.update(&mut scratch, args, expr, &mut scoped);
        }
        let mut paths = paths_of(&scratch);
        if matches!(paths.as_slice(), [only] if only.is_empty()) {
            return Vec::new();
        }
        for constraint in paths.iter_mut().flatten() {
            if constraint.value.is_any() {
                constraint.value = Constrained::Any(None);
            }
        }
        paths
    }

    fn require(&mut self, rule: &mut Requirements, mut alternatives: Vec<Path>) {
        match alternatives.len() {
            0 => {}
            1 => alternatives.remove(0).into_iter().for_each(|constraint| self.insert(rule, constraint)),
            _ => {
                for constraint in alternatives.iter().flatten() {
                    self.references.count(constraint.reference, 1);
                }
                rule.disjunctions.push(alternatives);
            }
        }
    }

    fn insert(&mut self, rule: &mut Requirements, constraint: Constraint) {
        let mut seen = false;
        let is_any = constraint.value.is_any();
        for other in rule.constraints.iter_mut().filter(|other| other.reference == constraint.reference) {
            seen = true;
            if same_constrained(&other.value, &constraint.value) {
                return;
            }
            if !is_any && !constraint.value.is_affix() && other.value.is_any() {
                *other = constraint;
                return;
            }
            if !is_any && !other.value.is_any() {
                let terminal = constraint.value.is_affix() || other.value.is_affix();
                let kind = if terminal { Alternation::Terminal } else { Alternation::Converging };
                self.references.alternate(constraint.reference, kind);
            }
        }
        if !seen {
            self.references.count(constraint.reference, 1);
        }
        rule.constraints.push(constraint);
    }

    fn add(&mut self, rule: &mut Requirements, reference: &[Term], value: Constrained) {
        let reference = self.references.number(reference);
        self.insert(rule, Constraint { reference, value });
    }

    /// Several values of which the reference may have any.
    fn add_all(&mut self, rule: &mut Requirements, reference: &[Term], values: Vec<Check>, kind: Alternation) {
        let many = values.len() > 1;
        let number = self.references.number(reference);
        for value in values {
            let constraint = Constraint { reference: number, value: Constrained::Is(value) };
            let known = rule.constraints.iter().any(|other| other.reference == number);
            if known && !rule.constraints.iter().any(|o| o.reference == number && same_constrained(&o.value, &constraint.value)) {
                self.references.count(number, 1);
            }
            self.insert(rule, constraint);
        }
        if many {
            self.references.alternate(number, kind);
        }
    }

    /// The reference that a variable stands for: what it was bound to, or an argument.
    fn resolve(&self, rule: &Requirements, args: &[Term], name: &Name) -> Option<Vec<Term>> {
        let bound =
            rule.constraints.iter().chain(&rule.outer).find(|c| matches!(&c.value, Constrained::Any(Some(n)) if n == name));
        if let Some(constraint) = bound {
            return self.references.terms.get(constraint.reference).cloned();
        }
        let at = args.iter().position(|arg| arg.as_var() == Some(name))?;
        let span = Span::default();
        Some(vec![Term::var("args", span), Term::new(TermKind::Number(at.to_string().into()), span)])
    }

    /// A reference rooted at a local becomes the one that the local stands for.
    fn resolve_head(&self, rule: &Requirements, args: &[Term], parts: &[Term]) -> Option<Vec<Term>> {
        let (head, rest) = parts.split_first()?;
        let name = head.as_var()?;
        if matches!(&**name, "data" | "input") {
            return Some(parts.to_vec());
        }
        let mut resolved = self.resolve(rule, args, name)?;
        resolved.extend_from_slice(rest);
        Some(resolved)
    }

    fn is_valid(&self, reference: &[Term]) -> bool {
        let head = reference.first().and_then(Term::as_var).map(|name| &**name);
        let is_plain = reference.iter().skip(1).all(is_scalar);
        match head {
            Some("input") => is_plain,
            Some("data") => is_plain && !self.planner.compiled.tree.is_virtual(reference),
            _ => false,
        }
    }

    fn equality(&mut self, rule: &mut Requirements, args: &[Term], a: &Term, b: &Term, constants: &mut Constants) {
        if !self.one_way(rule, args, a, b, constants) {
            self.one_way(rule, args, b, a, constants);
        }
    }

    fn one_way(&mut self, rule: &mut Requirements, args: &[Term], a: &Term, b: &Term, constants: &mut Constants) -> bool {
        match &a.kind {
            TermKind::Var(name) => {
                if is_constant(b) {
                    constants.insert(name.clone(), b.clone());
                } else if let Some(known) = b.as_var().and_then(|other| constants.get(other)).cloned() {
                    constants.insert(name.clone(), known);
                }
                let Some(value) = indexed(b) else { return false };
                let Some(reference) = self.resolve(rule, args, name) else { return false };
                self.add(rule, &reference, value);
                true
            }
            TermKind::Ref(parts) => {
                let Some(reference) = self.resolve_head(rule, args, parts).filter(|r| self.is_valid(r)) else { return false };
                let known = b.as_var().and_then(|name| constants.get(name));
                let value = match known {
                    Some(constant) => Some(Constrained::Is(constant_check(constant))),
                    None => indexed(b),
                };
                let Some(value) = value else { return false };
                self.add(rule, &reference, value);
                true
            }
            _ => false,
        }
    }

    /// `input.x[_] == "v"`.
    fn wildcard(&mut self, rule: &mut Requirements, args: &[Term], a: &Term, b: &Term, constants: &Constants) -> bool {
        let Some(parts) = a.as_ref_parts() else { return false };
        let Some(reference) = self.resolve_head(rule, args, parts) else { return false };
        let prefix = compile::ground_prefix(&reference);
        if prefix.len() + 1 != reference.len() || !self.is_valid(prefix) {
            return false;
        }
        let value = match b.as_var() {
            Some(name) => constants.get(name),
            None => Some(b),
        };
        let Some(value) = value.filter(|value| is_scalar(value)) else { return false };
        let member = Constrained::Is(Check::Member(terms::document(value)));
        let prefix = prefix.to_vec();
        self.add(rule, &prefix, member);
        true
    }

    fn glob(&mut self, rule: &mut Requirements, args: &[Term], pattern: &Term, delimiters: &Term, value: &Term) {
        let Some(delimiter) = delimiter_of(delimiters) else { return };
        let Some(segments) = pattern.as_str().and_then(|text| segments_of(text, &delimiter)) else { return };
        if let Some(reference) = value.as_var().and_then(|name| self.resolve(rule, args, name)) {
            self.add(rule, &reference, Constrained::Is(Check::Segments(delimiter, segments)));
        }
    }

    fn member(&mut self, rule: &mut Requirements, args: &[Term], member: &Term, collection: &Term, constants: &Constants) {
        if let Some(reference) = member.as_var().and_then(|name| self.resolve(rule, args, name)) {
            return self.member_of_constant(rule, &reference, collection, constants);
        }
        let value = member.as_var().and_then(|name| constants.get(name)).unwrap_or(member);
        if value.as_var().is_none() && !is_scalar(value) {
            return;
        }
        let Some(reference) = self.valid_reference(rule, args, collection) else { return };
        let value = match value.as_var() {
            Some(name) => Constrained::Any(Some(name.clone())),
            None => Constrained::Is(Check::Member(terms::document(value))),
        };
        self.add(rule, &reference, value);
    }

    fn member_of_constant(&mut self, rule: &mut Requirements, reference: &[Term], collection: &Term, constants: &Constants) {
        let collection = collection.as_var().and_then(|name| constants.get(name)).unwrap_or(collection);
        let members: Vec<&Term> = match &collection.kind {
            TermKind::Array(parts) | TermKind::Set(parts) => parts.iter().collect(),
            TermKind::Object(entries) => entries.iter().map(|(_, value)| value).collect(),
            _ => return,
        };
        if members.iter().any(|member| member.as_var().is_some()) {
            return;
        }
        let checks = members.into_iter().map(constant_check).collect();
        self.add_all(rule, reference, checks, Alternation::Converging);
    }

    /// The number of what a call asks about, where an index can ask for it.
    pub(super) fn text_reference(&mut self, rule: &Requirements, args: &[Term], term: &Term) -> Option<usize> {
        let reference = match &term.kind {
            TermKind::Ref(parts) => Some(parts.clone()).filter(|parts| self.is_valid(parts)),
            TermKind::Var(name) => self.resolve(rule, args, name),
            _ => None,
        };
        reference.map(|reference| self.references.number(&reference))
    }

    fn valid_reference(&self, rule: &Requirements, args: &[Term], term: &Term) -> Option<Vec<Term>> {
        let reference = match &term.kind {
            TermKind::Ref(parts) => parts.clone(),
            TermKind::Var(name) => self.resolve(rule, args, name)?,
            _ => return None,
        };
        self.is_valid(&reference).then_some(reference)
    }

    fn affix(&mut self, rule: &mut Requirements, args: &[Term], value: &Term, base: &Term, constants: &Constants, prefix: bool) {
        let Some(reference) = self.valid_reference(rule, args, value) else { return };
        let base = base.as_var().and_then(|name| constants.get(name)).unwrap_or(base);
        if let Some(text) = base.as_str() {
            self.add(rule, &reference, Constrained::Is(affix_check(text, prefix)));
        }
    }

    fn affixes(
        &mut self,
        rule: &mut Requirements,
        args: &[Term],
        value: &Term,
        bases: &Term,
        constants: &Constants,
        prefix: bool,
    ) {
        let Some(reference) = self.valid_reference(rule, args, value) else { return };
        let bases = match bases.as_var() {
            Some(name) => match constants.get(name) {
                Some(constant) => constant,
                None => return,
            },
            None => bases,
        };
        let texts: Option<Vec<_>> = match &bases.kind {
            TermKind::String(text) => Some(vec![text]),
            TermKind::Array(parts) | TermKind::Set(parts) => parts.iter().map(Term::as_str).collect(),
            _ => None,
        };
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else { return };
        let checks = texts.into_iter().map(|text| affix_check(text, prefix)).collect();
        self.add_all(rule, &reference, checks, Alternation::Terminal);
    }

    /// `data.groups.g1.members[input.subject]`.
    fn collection_key(&mut self, rule: &mut Requirements, args: &[Term], parts: &[Term]) -> bool {
        let Some((last, prefix)) = parts.split_last() else { return false };
        let is_data = prefix.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
        if !is_data || !prefix.iter().skip(1).all(is_scalar) || self.planner.compiled.tree.is_virtual(prefix) {
            return false;
        }
        let key = match &last.kind {
            TermKind::Ref(key) if key.iter().skip(1).all(is_ground) && self.is_valid(key) => Some(key.clone()),
            TermKind::Var(name) => self.resolve(rule, args, name),
            _ => None,
        };
        let Some(key) = key else { return false };
        let (key, collection) = (self.references.number(&key), self.references.number(prefix));
        if !rule.memberships.contains(&(key, collection)) {
            rule.memberships.push((key, collection));
            self.references.count(key, 1);
        }
        true
    }
}

/// `term` with each local in its reference that is bound to a scalar plugged.
fn plug(term: &Term, constants: &Constants) -> Term {
    let mut term = term.clone();
    if let TermKind::Ref(parts) = &mut term.kind {
        for part in parts.iter_mut().skip(1) {
            if let Some(constant) = part.as_var().and_then(|name| constants.get(name)).filter(|c| is_scalar(c)) {
                part.kind = constant.kind.clone();
            }
        }
    }
    term
}

/// The value that an equality's other side gives a reference (OPA's `indexValue`).
fn indexed(term: &Term) -> Option<Constrained> {
    match &term.kind {
        TermKind::Var(name) => Some(Constrained::Any(Some(name.clone()))),
        TermKind::Array(parts) => {
            let is_flat = parts.iter().all(|part| is_scalar(part) || part.as_var().is_some());
            is_flat.then(|| Constrained::Is(array_check(parts)))
        }
        _ if is_scalar(term) => Some(Constrained::Is(Check::Equal(terms::document(term)))),
        _ => None,
    }
}

fn same_reference(a: &[Term], b: &[Term]) -> bool {
    let same = |x: &Term, y: &Term| match (x.as_var(), y.as_var()) {
        (Some(x), Some(y)) => x == y,
        (None, None) => is_constant(x) && is_constant(y) && equal(&terms::document(x).view(), &terms::document(y).view()),
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
}

fn same_constrained(a: &Constrained, b: &Constrained) -> bool {
    match (a, b) {
        (Constrained::Any(x), Constrained::Any(y)) => x == y,
        (Constrained::Is(x), Constrained::Is(y)) => same_check(x, y),
        _ => false,
    }
}

/// Every way to reach a rule: what always holds, with one alternative of each `or`.
pub(super) fn paths_of(rule: &Requirements) -> Vec<Path> {
    let mut paths = vec![rule.constraints.clone()];
    for alternatives in &rule.disjunctions {
        if paths.len() * alternatives.len() > MAX_PATHS {
            return vec![rule.constraints.clone()];
        }
        paths = paths
            .iter()
            .flat_map(|path| alternatives.iter().map(move |alternative| path.iter().chain(alternative).cloned().collect()))
            .collect();
    }
    paths
}
