//! Which rules can match, told from input, base data and arguments before any is evaluated (OPA's `v1/ast/index.go`).
//!
//! What is excluded is observable: an excluded rule raises no conflict, and whether the first rule that holds is enough is decided over those
//! that are left. So the exclusion is OPA's, constraint by constraint; the hash over one reference beside it is for speed alone.

use std::collections::HashMap;

use super::{Planner, index, key_document, terms};
use crate::rego::ast::{Expr, ExprKind, Logical, Name, Rule, Span, Term, TermKind};
use crate::rego::compile::{self, Key, Reading, is_constant, is_ground, is_scalar};
use crate::rego::value::{Document, Value, equal};

/// Past so many ways to reach a rule its `or`s are left out (OPA's `maxIndexPaths`).
const MAX_PATHS: usize = 32;
/// A hash pays from so many rules on.
const MIN_HASHED: usize = 4;

/// An index over the rules of a routine.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Index {
    pub(in crate::rego) sources: Vec<Source>,
    /// One for each of the routine's candidates.
    pub(in crate::rego) branches: Vec<Branch>,
    pub(in crate::rego) hash: Option<Hash>,
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

/// What a value must be.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Check {
    Any,
    Equal(Document),
    /// An array of these elements; `None` is any.
    Array(Vec<Option<Document>>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    /// A collection that holds this.
    Member(Document),
    /// A string whose segments between the delimiter's characters are these.
    Segments(String, Vec<Option<Document>>),
}

/// Rules by the value of one source.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Hash {
    pub(in crate::rego) source: u32,
    pub(in crate::rego) strings: HashMap<Vec<u8>, Vec<u32>>,
    pub(in crate::rego) ints: HashMap<i64, Vec<u32>>,
    /// Rules that no value of the source excludes.
    pub(in crate::rego) others: Vec<u32>,
}

/// A constraint on a reference.
#[derive(Debug, Clone)]
struct Constraint {
    reference: usize,
    value: Constrained,
}

#[derive(Debug, Clone)]
enum Constrained {
    /// Anything; the variable that it is bound to, if there is one.
    Any(Option<Name>),
    Is(Check),
}

impl Constrained {
    const fn is_any(&self) -> bool {
        matches!(self, Self::Any(_))
    }

    const fn is_affix(&self) -> bool {
        matches!(self, Self::Is(Check::Prefix(_) | Check::Suffix(_)))
    }

    fn is_composite(&self) -> bool {
        match self {
            Self::Is(Check::Array(_) | Check::Segments(..)) => true,
            Self::Is(Check::Equal(value)) => matches!(value, Document::Array(_) | Document::Object(_) | Document::Set(_)),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Alternation {
    #[default]
    None,
    Converging,
    Terminal,
}

#[derive(Debug, Clone, Copy, Default)]
struct Stats {
    count: usize,
    alternated: Alternation,
}

type Constants = HashMap<Name, Term>;
type Path = Vec<Constraint>;

/// References that are constrained, numbered, and what their order follows from.
#[derive(Debug, Default)]
struct References {
    terms: Vec<Vec<Term>>,
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
    fn sorted(&self) -> Vec<usize> {
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
struct Requirements {
    constraints: Path,
    disjunctions: Vec<Vec<Path>>,
    memberships: Vec<(usize, usize)>,
    /// Of the scopes around an operand: resolvable, not its own.
    outer: Path,
}

struct Builder<'p, 'c> {
    planner: &'p Planner<'c>,
    references: References,
}

impl Planner<'_> {
    /// The index over these rules; `None` where it would exclude nothing that could be seen and speed nothing up.
    pub(super) fn index(&mut self, branches: &[&Rule], agree: bool) -> Option<Index> {
        let mut builder = Builder { planner: self, references: References::default() };
        let mut all: Vec<Requirements> = Vec::with_capacity(branches.len());
        for rule in branches {
            let mut requirements = Requirements::default();
            let mut constants = Constants::new();
            for expr in &rule.body {
                builder.update(&mut requirements, &rule.head.args, expr, &mut constants);
            }
            all.push(requirements);
        }
        let references = std::mem::take(&mut builder.references);
        let checks = branches.iter().any(|rule| self.can_be_seen(rule));
        let built = build(&references, &all, branches);
        let sources: Vec<Source> = references.terms.iter().map(|reference| self.source(reference)).collect();
        let hash = hash_of(&built);
        let constrains =
            built.iter().any(|b| !b.required.is_empty() || !b.memberships.is_empty() || b.paths.iter().any(|p| !p.is_empty()));
        if !constrains || (!checks && hash.is_none()) {
            return None;
        }
        Some(Index { sources, branches: built, hash, checks, consults: !agree })
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

impl Builder<'_, '_> {
    fn update(&mut self, rule: &mut Requirements, args: &[Term], expr: &Expr, constants: &mut Constants) {
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
                    Some(constant) => Some(Constrained::Is(Check::Equal(terms::document(constant)))),
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
        let checks = members.into_iter().map(member_check).collect();
        self.add_all(rule, reference, checks, Alternation::Converging);
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

fn array_check(parts: &[Term]) -> Check {
    Check::Array(parts.iter().map(|part| is_scalar(part).then(|| terms::document(part))).collect())
}

/// An object or a set among members admits anything.
fn member_check(term: &Term) -> Check {
    match &term.kind {
        TermKind::Array(parts) => array_check(parts),
        _ if is_scalar(term) => Check::Equal(terms::document(term)),
        _ => Check::Any,
    }
}

fn affix_check(text: &str, prefix: bool) -> Check {
    let bytes = text.as_bytes().to_vec();
    if prefix { Check::Prefix(bytes) } else { Check::Suffix(bytes) }
}

fn delimiter_of(term: &Term) -> Option<String> {
    let TermKind::Array(parts) = &term.kind else { return None };
    if parts.is_empty() {
        return Some(".".to_owned());
    }
    parts.iter().map(|part| part.as_str().map(|s| &**s)).collect()
}

/// A glob's segments, `*` as any; `None` where it has more than that.
fn segments_of(pattern: &str, delimiter: &str) -> Option<Vec<Option<Document>>> {
    split_escaped(pattern.as_bytes(), delimiter)
        .into_iter()
        .map(|part| {
            if part == b"*" {
                return Some(None);
            }
            let mut escaped = false;
            for byte in part {
                if *byte == b'\\' {
                    escaped = !escaped;
                    continue;
                }
                if !escaped && matches!(byte, b'[' | b'?' | b'{' | b'*') {
                    return None;
                }
                escaped = false;
            }
            Some(Some(Document::String(part.into())))
        })
        .collect()
}

/// Splits at the delimiter's characters where they are not escaped.
pub(in crate::rego) fn split_escaped<'t>(text: &'t [u8], delimiter: &str) -> Vec<&'t [u8]> {
    let (mut last, mut escaped) = (0, false);
    let mut parts = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\\' || escaped {
            escaped = !escaped;
        } else if delimiter.chars().any(|c| c == char::from(*byte)) {
            parts.extend(text.get(last..at));
            last = at + 1;
        }
    }
    parts.extend(text.get(last..));
    parts
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

fn same_check(a: &Check, b: &Check) -> bool {
    match (a, b) {
        (Check::Any, Check::Any) => true,
        (Check::Equal(x), Check::Equal(y)) | (Check::Member(x), Check::Member(y)) => equal(&x.view(), &y.view()),
        (Check::Prefix(x), Check::Prefix(y)) | (Check::Suffix(x), Check::Suffix(y)) => x == y,
        _ => false,
    }
}

/// Every way to reach a rule: what always holds, with one alternative of each `or`.
fn paths_of(rule: &Requirements) -> Vec<Path> {
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
    let value = rule.head.value.as_ref().filter(|value| is_constant(value) && rule.head.key.is_none())?;
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

/// A hash over the source that the most rules compare with scalars.
fn hash_of(branches: &[Branch]) -> Option<Hash> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for branch in branches {
        if let [path] = branch.paths.as_slice() {
            for (source, _) in path.iter().filter(|(_, checks)| hashable(checks).is_some()) {
                *counts.entry(*source).or_default() += 1;
            }
        }
    }
    let (source, count) = counts.into_iter().max_by_key(|(source, count)| (*count, std::cmp::Reverse(*source)))?;
    if count < MIN_HASHED {
        return None;
    }
    let mut hash = Hash { source, ..Hash::default() };
    for (number, branch) in branches.iter().enumerate() {
        let number = index(number);
        let checks = match branch.paths.as_slice() {
            [path] => path.iter().find(|(s, _)| *s == source).and_then(|(_, checks)| hashable(checks)),
            _ => None,
        };
        let Some(values) = checks else {
            hash.others.push(number);
            continue;
        };
        for value in values {
            let bucket = match value {
                Document::String(text) => hash.strings.entry(text.to_vec()).or_default(),
                Document::Int(int) => hash.ints.entry(*int).or_default(),
                _ => continue,
            };
            if bucket.last() != Some(&number) {
                bucket.push(number);
            }
        }
    }
    Some(hash)
}

/// Strings and integers that a value must be one of.
fn hashable(checks: &[Check]) -> Option<Vec<&Document>> {
    checks
        .iter()
        .map(|check| match check {
            Check::Equal(value @ (Document::String(_) | Document::Int(_))) => Some(value),
            _ => None,
        })
        .collect()
}

impl Check {
    /// Whether a value passes.
    pub(in crate::rego) fn passes(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => equal(&wanted.view(), value),
            Self::Array(wanted) => value.as_array().is_some_and(|elements| {
                elements.len() == wanted.len() && wanted.iter().zip(elements.iter()).all(|(w, v)| matches_element(w.as_ref(), &v))
            }),
            Self::Prefix(base) => any_string(value, &|text| text.starts_with(base)),
            Self::Suffix(base) => any_string(value, &|text| text.ends_with(base)),
            Self::Member(wanted) => holds(value, &|member| equal(&wanted.view(), member)),
            Self::Segments(delimiter, wanted) => {
                let Some(text) = value.as_bytes() else { return false };
                let parts = split_escaped(text, delimiter);
                parts.len() == wanted.len()
                    && wanted.iter().zip(parts).all(|(w, part)| matches_element(w.as_ref(), &Value::String(part)))
            }
        }
    }
}

fn matches_element(wanted: Option<&Document>, value: &Value<'_>) -> bool {
    wanted.is_none_or(|wanted| equal(&wanted.view(), value))
}

fn any_string(value: &Value<'_>, test: &dyn Fn(&[u8]) -> bool) -> bool {
    value.as_bytes().map_or_else(|| holds(value, &|member| member.as_bytes().is_some_and(test)), test)
}

/// Whether a collection holds a value that passes.
fn holds(collection: &Value<'_>, test: &dyn Fn(&Value<'_>) -> bool) -> bool {
    if let Some(entries) = collection.as_object() {
        return entries.values().iter().any(|value| test(&value));
    }
    collection.as_array().or_else(|| collection.as_set()).is_some_and(|elements| elements.iter().any(|value| test(&value)))
}
