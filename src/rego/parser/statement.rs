//! A source's statements, one after the other.

use super::super::ast::{Body, Import, Package, Rule};
use super::Problem;
use super::rule::Written;
use super::state::Parser;
use super::token::Kind;

/// One statement.
pub(super) enum Statement {
    Package(Package),
    Import(Import),
    /// A rule, and how it and its `else` branches were written.
    Rule(Rule, Vec<Written>),
    /// Expressions. In a module they may still be a rule: `p := 1`.
    Body(Body),
}

impl Parser<'_> {
    /// All statements; rules among them if `rules`.
    pub(super) fn statements(&mut self, rules: bool) -> Result<Vec<Statement>, Vec<Problem>> {
        let mut statements = Vec::new();
        while self.kind() != Kind::Eof && self.fatal.is_none() {
            if !self.statement(rules, &mut statements) {
                break;
            }
        }
        if let Some(fatal) = self.fatal.take() {
            return Err(vec![fatal]);
        }
        let problems = std::mem::take(&mut self.state.problems);
        if problems.is_empty() { Ok(statements) } else { Err(problems) }
    }

    /// Reads the next statement; whether it could.
    fn statement(&mut self, rules: bool, statements: &mut Vec<Statement>) -> bool {
        if rules && self.refuse_keyword_as_name(false) {
            return false;
        }
        let saved = self.save();
        if let Some(done) = self.package_or_import(statements) {
            return done;
        }
        self.restore(saved);
        if rules {
            let saved = self.save();
            match self.rules() {
                Some(found) => {
                    statements.extend(found.into_iter().map(|(rule, written)| Statement::Rule(rule, written)));
                    return true;
                }
                None if !self.state.problems.is_empty() || self.fatal.is_some() => return false,
                None => self.restore(saved),
            }
        }
        let Some(body) = self.query(true, Kind::Eof, false) else { return false };
        statements.push(Statement::Body(body));
        true
    }

    /// Reads a package or an import: whether it could, or nothing if it is neither.
    fn package_or_import(&mut self, statements: &mut Vec<Statement>) -> Option<bool> {
        match self.kind() {
            Kind::Package => match self.package() {
                Some(package) => statements.push(Statement::Package(package)),
                None => return (!self.state.problems.is_empty()).then_some(false),
            },
            Kind::Import => match self.import() {
                Some((import, place)) => {
                    if self.kind() != Kind::Sub {
                        self.apply_import(&import, place);
                    }
                    statements.push(Statement::Import(import));
                }
                None => return (!self.state.problems.is_empty()).then_some(false),
            },
            _ => return None,
        }
        // A minus is not part of a path, and would be read as that of the next statement.
        if self.kind() == Kind::Sub {
            self.illegal("");
            return Some(false);
        }
        Some(true)
    }

    /// Reports a keyword that is used as a rule's name; whether it did. After `default` no look ahead is needed.
    pub(super) fn refuse_keyword_as_name(&mut self, after_default: bool) -> bool {
        let keyword = self.kind();
        let assigns = |kind| matches!(kind, Kind::Assign | Kind::Unify);
        let heads = |kind| matches!(kind, Kind::If | Kind::Contains);
        let next = self.peek();
        let is_rule = match keyword {
            Kind::Every | Kind::If | Kind::In | Kind::Some | Kind::As => assigns(next) || heads(next) || next == Kind::LParen,
            // `not (x)` is a negated group, `or(x, y)` a call.
            Kind::Not | Kind::LogicalAnd | Kind::LogicalOr => assigns(next) || heads(next),
            // Their paths may be named after keywords: `package contains`.
            Kind::Package | Kind::Import => assigns(next) || next == Kind::LParen,
            Kind::Contains => heads(next),
            _ => return false,
        };
        if is_rule || after_default {
            self.error(self.here(), format!("{} keyword cannot be used for rule name", keyword.name()));
        }
        is_rule || after_default
    }
}
