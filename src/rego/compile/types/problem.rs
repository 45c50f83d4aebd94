//! What is wrong, in OPA's words.

use std::collections::HashMap;

use super::super::visit::{self, Node as Visiting};
use super::super::{as_equality, dotted};
use super::details::{self, Want};
use super::env::Env;
use super::{Checker, Known, Type, Types};
use crate::rego::ast::{Body, Name, Span, Term, TermKind};
use crate::rego::parser::Problem;
use crate::rego::print;
use crate::rego::types::declared;

/// A type error, and whether it may be there only because something was not inferred (OPA's `causedByNilType`).
#[derive(Debug, Clone)]
pub(super) struct TypeProblem {
    span: Span,
    message: String,
    details: Vec<String>,
    pub(super) by_unknown: bool,
    /// Whether it is at the head of a reference.
    at_reference: bool,
}

/// Where OPA thinks that references stand, by where they stand: all uses of a name share a term, which is where the last of them is.
pub(super) type Moved = HashMap<Span, Span>;

impl TypeProblem {
    pub(super) fn no_match(types: &Types, span: Span, left: Known, right: Known) -> Self {
        let by_unknown = types.is_unknown(left) || types.is_unknown(right);
        Self {
            span,
            message: "match error".to_owned(),
            details: details::sides(types, left, right),
            by_unknown,
            at_reference: false,
        }
    }

    pub(super) fn undefined_function(span: Span, operator: &[Term]) -> Self {
        Self {
            span,
            message: format!("undefined function {}", print::reference(operator)),
            details: Vec::new(),
            by_unknown: false,
            at_reference: false,
        }
    }

    pub(super) fn argument(
        types: &Types,
        span: Span,
        operator: &[Term],
        problem: &str,
        (have, want): (&[Known], &[Known]),
    ) -> Self {
        let by_unknown = have.iter().any(|known| types.is_unknown(*known));
        let builtin = dotted(operator).and_then(|name| declared().get(&name));
        let details = details::arguments(types, have, builtin.map_or(Want::Function(want), Want::Builtin));
        Self { span, message: format!("{}: {problem}", print::reference(operator)), details, by_unknown, at_reference: false }
    }

    /// What is wrong with a schema, at the rule that it is about.
    pub(super) fn schema(span: Span, message: String) -> Self {
        Self { span, message, details: Vec::new(), by_unknown: false, at_reference: false }
    }

    pub(super) fn into_problem(self) -> Problem {
        Problem::new("rego_type_error", self.span, self.message).with(self.details)
    }
}

/// By place, then by text; what has no place comes last. The places are those of OPA, since only the first problems are shown.
pub(super) fn in_order(mut problems: Vec<TypeProblem>, moved: &Moved) -> Vec<Problem> {
    let place = |problem: &TypeProblem| {
        let span = moved.get(&problem.span).filter(|_| problem.at_reference).unwrap_or(&problem.span);
        (span.row == 0, span.module, span.row, span.col)
    };
    problems.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message)));
    problems.into_iter().map(TypeProblem::into_problem).collect()
}

impl Checker<'_> {
    /// What stands before `index` is nothing that has parts.
    pub(super) fn not_selectable(&self, parts: &[Term], have: Known) -> TypeProblem {
        let written = self.as_written(parts);
        let details = details::no_parts(&self.types, have);
        if !self.types.is_function(have) {
            return undefined_reference(parts, &written, details);
        }
        // A place for a result that nobody named is no part of the name.
        let named = match written.split_last() {
            Some((last, before)) if visit::is_generated(&print::term(last)) => before,
            _ => written.as_slice(),
        };
        let message = format!("function {} used as reference, not called", print::reference(named));
        TypeProblem { message, ..undefined_reference(parts, &written, details) }
    }

    /// The part at `index` selects nothing: its type is `have`, unless it is a constant, and those of keys are `keys`.
    pub(super) fn not_there(&self, parts: &[Term], index: usize, have: Known, keys: Known, at: Known) -> TypeProblem {
        let written = self.as_written(parts);
        let details = written.get(index).map(|part| details::no_such_part(&self.types, part, have, keys, at)).unwrap_or_default();
        undefined_reference(parts, &written, details)
    }

    /// The reference with the names that its policy has.
    fn as_written(&self, parts: &[Term]) -> Vec<Term> {
        let subjects = self.current.map(|body| subjects(body)).unwrap_or_default();
        parts.iter().map(|part| self.term_as_written(&subjects, part)).collect()
    }

    fn term_as_written(&self, subjects: &HashMap<&Name, &Term>, term: &Term) -> Term {
        let mut written = term.clone();
        match &mut written.kind {
            TermKind::Var(name) => {
                if let Some(recorded) = self.program.recorded.get(name) {
                    return self.term_as_written(&HashMap::new(), recorded);
                }
                if let Some(subject) = subjects.get(name) {
                    return self.term_as_written(subjects, subject);
                }
                if let Some(own) = self.program.rewritten.get(name) {
                    *name = own.clone();
                }
            }
            TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => {
                self.restore_within(&mut written);
            }
            TermKind::Ref(parts) | TermKind::Array(parts) | TermKind::Set(parts) | TermKind::Call(parts) => {
                parts.iter_mut().for_each(|part| *part = self.term_as_written(subjects, part));
            }
            TermKind::Object(entries) => {
                for (key, value) in entries {
                    (*key, *value) = (self.term_as_written(subjects, key), self.term_as_written(subjects, value));
                }
            }
            _ => {}
        }
        written
    }

    /// In a comprehension, only what references begin with is put back: OPA remembers nothing else that was lifted out there.
    fn restore_within(&self, comprehension: &mut Term) {
        visit::walk_term_mut(comprehension, &mut |node| {
            if let visit::NodeMut::Term(term) = node
                && term.as_var().is_some()
            {
                *term = self.term_as_written(&HashMap::new(), term);
                return true;
            }
            false
        });
    }

    /// Whether a variable was made for a scalar.
    pub(super) fn stands_for_scalar(&self, env: &Env<'_>, head: &Term) -> bool {
        let Some(name) = head.as_var().filter(|name| visit::is_generated(name)) else { return false };
        let is_scalar = matches!(env.var(name), Some(Type::NULL | Type::BOOLEAN | Type::NUMBER | Type::STRING));
        let subjects = self.current.filter(|_| is_scalar).map(|body| subjects(body)).unwrap_or_default();
        subjects.get(name).is_some_and(|subject| visit::is_scalar(subject))
    }
}

/// What the variables that the compiler made stand for (OPA's `localVarGenerator.subjects`), but for what was recorded as it was.
fn subjects(body: &Body) -> HashMap<&Name, &Term> {
    let mut found = HashMap::new();
    visit::walk(Visiting::Body(body), &mut |node| {
        if let Visiting::Expr(expr) = node
            && expr.generated
            && let Some((left, right)) = as_equality(expr)
            && let Some(name) = left.as_var()
        {
            found.insert(name, right);
        }
        false
    });
    found
}

fn undefined_reference(parts: &[Term], written: &[Term], details: Vec<String>) -> TypeProblem {
    let span = parts.first().map_or_else(Span::default, |head| head.span);
    TypeProblem {
        span,
        message: format!("undefined ref: {}", print::reference(written)),
        details,
        by_unknown: false,
        at_reference: true,
    }
}
