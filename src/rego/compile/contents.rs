//! Which constructs a rule holds: a stage that is about one of them leaves out the rules without it, and so most.

use super::deprecated::is_deprecated;
use super::visit::{self, Node, is_generated};
use crate::rego::ast::{Expr, ExprKind, Rule, Term, TermKind};
use crate::rego::builtins::{Builtin, Loading};

/// A set of constructs. What is in it may have gone since; what came in since is what stages say that they bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Contents(u16);

impl Contents {
    pub(super) const TEMPLATE: Self = Self(1);
    pub(super) const COMPREHENSION: Self = Self(1 << 1);
    pub(super) const WITH: Self = Self(1 << 2);
    /// A name that a local of the compiler's may have.
    pub(super) const GENERATED_NAME: Self = Self(1 << 3);
    /// The name that the operator of `:=` has.
    pub(super) const ASSIGN: Self = Self(1 << 4);
    pub(super) const PRINT: Self = Self(1 << 5);
    /// What the names of `rego.metadata.chain` and `rego.metadata.rule` begin with.
    pub(super) const REGO: Self = Self(1 << 6);
    /// What the name of a deprecated builtin is, or begins with.
    pub(super) const DEPRECATED: Self = Self(1 << 7);
    /// A call that reaches outside.
    pub(super) const OUTSIDE: Self = Self(1 << 8);
    /// A call that compiles an operand.
    pub(super) const LOADING: Self = Self(1 << 9);
    pub(super) const SOME: Self = Self(1 << 10);
    /// An expression with a body: `every`, `not { … }`, `and`, `or`.
    pub(super) const BODY: Self = Self(1 << 11);
    /// What declares a name in a body.
    pub(super) const DECLARATION: Self = Self::ASSIGN.and(Self::SOME);
    /// What sees the variables of the body around it.
    pub(super) const CLOSURE: Self = Self::COMPREHENSION.and(Self::BODY);
    /// Where nobody has looked.
    pub(super) const ANYTHING: Self = Self(u16::MAX);

    /// What a rule and its `else` branches hold as they are parsed.
    pub(super) fn of(rule: &Rule) -> Self {
        let mut contents = Self::default();
        for branch in std::iter::successors(Some(rule), |rule| rule.otherwise.as_deref()) {
            visit::walk_rule(branch, &mut |node| {
                match node {
                    Node::With(_) => contents.add(Self::WITH),
                    Node::Term(term) => contents.add(Self::of_term(term)),
                    Node::Expr(expr) => contents.add(Self::of_expr(expr)),
                    Node::Body(_) => {}
                }
                false
            });
        }
        contents
    }

    const fn of_expr(expr: &Expr) -> Self {
        match expr.kind {
            ExprKind::Some(_) => Self::SOME,
            ExprKind::Every(_) | ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) => Self::BODY,
            ExprKind::Term(_) | ExprKind::Call(_) => Self(0),
        }
    }

    fn of_term(term: &Term) -> Self {
        match &term.kind {
            TermKind::Template(_) => Self::TEMPLATE,
            TermKind::Var(name) => Self::of_name(name),
            _ if visit::is_comprehension(term) => Self::COMPREHENSION,
            _ => Self::default(),
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "assign" => Self::ASSIGN,
            "print" => Self::PRINT,
            "rego" => Self::REGO,
            "net" => Self::DEPRECATED,
            _ if is_generated(name) => Self::GENERATED_NAME,
            _ if is_deprecated(name) => Self::DEPRECATED,
            _ => Self::default(),
        }
    }

    /// What a call of a builtin is.
    pub(super) fn of_call(builtin: &Builtin) -> Self {
        let mut contents = Self::default();
        if builtin.reaches_out {
            contents.add(Self::OUTSIDE);
        }
        if Loading::of(builtin).is_some() {
            contents.add(Self::LOADING);
        }
        contents
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Both sets together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of `other` is in the set.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rego::builtins;

    #[test]
    fn the_first_name_of_each_deprecated_builtin_is_noted() {
        let deprecated: Vec<&str> =
            builtins::all().iter().map(|builtin| builtin.name).filter(|name| is_deprecated(name)).collect();
        assert!(deprecated.len() > 5, "{deprecated:?}");
        for name in deprecated {
            let first = name.split('.').next().unwrap_or(name);
            assert!(Contents::of_name(first).has(Contents::DEPRECATED), "a rule that calls {name} would not be looked at");
        }
    }
}
