//! Where a variable gets its value, for who is told that a rule may be recursive (OPA's `varOrigins`).

use std::collections::BTreeMap;

use crate::rego::ast::{Body, ExprKind, Name, Rule, Term, TermKind};
use crate::rego::compile::{as_equality, builtin, is_constant};

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(in crate::rego::compile) enum Origin {
    /// A part of the input.
    Input(Vec<Term>),
    /// A rule's value, or data.
    Rule(Vec<Term>),
    /// A member of a constant collection.
    Collection(Term),
    /// What a builtin gives.
    Builtin(&'static str),
    /// A key of the rule that reads it.
    Key,
    /// A parameter of the function that reads it.
    Argument,
}

/// The origins of the variables in a reference, by name.
pub(in crate::rego::compile) type Origins = BTreeMap<Name, Origin>;

/// The origins of what a reference in the expression `at` of a rule names.
pub(super) fn of(rule: &Rule, at: usize, reference: &[Term]) -> Origins {
    let sources = Sources::before(rule, at);
    let names = reference.iter().skip(1).filter_map(Term::as_var);
    names.filter_map(|name| Some((name.clone(), sources.resolve(name)?))).collect()
}

/// What gives the variables of a rule their values.
struct Sources<'r> {
    bindings: BTreeMap<&'r Name, &'r Term>,
    outputs: BTreeMap<&'r Name, &'static str>,
    head: BTreeMap<&'r Name, Origin>,
    /// A chain of bindings that is longer goes in a circle.
    longest: usize,
}

impl<'r> Sources<'r> {
    fn before(rule: &'r Rule, at: usize) -> Self {
        let mut sources =
            Self { bindings: BTreeMap::new(), outputs: BTreeMap::new(), head: in_head(rule), longest: rule.body.len() };
        sources.read(&rule.body, at);
        sources
    }

    fn read(&mut self, body: &'r Body, at: usize) {
        for expr in body.iter().take(at).filter(|expr| !expr.negated && expr.with.is_empty()) {
            if let Some((left, right)) = as_equality(expr) {
                for (variable, value) in [(left, right), (right, left)] {
                    if let Some(name) = variable.as_var() {
                        self.bindings.entry(name).or_insert(value);
                    }
                }
            } else if let ExprKind::Call(terms) = &expr.kind
                && let Some((name, builtin)) = output(terms)
            {
                self.outputs.insert(name, builtin);
            }
        }
    }

    fn resolve(&self, name: &Name) -> Option<Origin> {
        let mut name = name;
        for _ in 0..=self.longest {
            if let Some(builtin) = self.outputs.get(name) {
                return Some(Origin::Builtin(builtin));
            }
            match self.bindings.get(name).map(|term| &term.kind) {
                Some(TermKind::Var(next)) => name = next,
                Some(TermKind::Ref(parts)) => return self.of_reference(parts).or_else(|| self.head.get(name).cloned()),
                _ => return self.head.get(name).cloned(),
            }
        }
        None
    }

    fn of_reference(&self, parts: &[Term]) -> Option<Origin> {
        let root = parts.first()?.as_var().map(|name| &**name);
        match (root, parts) {
            (Some("input"), _) => Some(Origin::Input(constant_prefix(parts))),
            (Some("data"), _) => Some(Origin::Rule(constant_prefix(parts))),
            (_, [base, key]) if !is_constant(key) => self.collection(base).map(Origin::Collection),
            _ => None,
        }
    }

    /// The constant collection that a term is, or that its variable is bound to.
    fn collection(&self, term: &Term) -> Option<Term> {
        let mut term = term;
        for _ in 0..=self.bindings.len() {
            let Some(name) = term.as_var() else { break };
            term = self.bindings.get(name)?;
        }
        let is_collection = matches!(term.kind, TermKind::Array(_) | TermKind::Set(_) | TermKind::Object(_));
        (is_collection && is_constant(term)).then(|| term.clone())
    }
}

fn in_head(rule: &Rule) -> BTreeMap<&Name, Origin> {
    let keys = rule.head.reference.iter().skip(1).chain(&rule.head.key).filter_map(Term::as_var);
    let arguments = rule.head.args.iter().filter_map(Term::as_var);
    keys.map(|name| (name, Origin::Key)).chain(arguments.map(|name| (name, Origin::Argument))).collect()
}

/// The variable that takes what a builtin gives: its last operand, one more than the builtin has.
fn output(terms: &[Term]) -> Option<(&Name, &'static str)> {
    let (operator, operands) = terms.split_first()?;
    let builtin = builtin(operator.as_ref_parts()?)?;
    let name = operands.get(builtin.arity)?.as_var()?;
    (operands.len() == builtin.arity + 1).then_some((name, builtin.name))
}

fn constant_prefix(parts: &[Term]) -> Vec<Term> {
    let end = parts.iter().skip(1).position(|part| !is_constant(part)).map_or(parts.len(), |at| at + 1);
    parts.iter().take(end).cloned().collect()
}
