//! What happens in an evaluation, and which of it is wanted (OPA's `v1/topdown/trace.go`, `v1/topdown/lineage`).

use std::collections::HashMap;

use super::term::Node;
use crate::rego::ast::{Every, Expr, Rule, Span};
use crate::rego::compile::Entry;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Enter,
    Exit,
    Eval,
    Redo,
    Fail,
    Duplicate,
    Note,
    Index,
    Unify,
}

impl Op {
    /// OPA's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Enter => "Enter",
            Self::Exit => "Exit",
            Self::Eval => "Eval",
            Self::Redo => "Redo",
            Self::Fail => "Fail",
            Self::Duplicate => "Duplicate",
            Self::Note => "Note",
            Self::Index => "Index",
            Self::Unify => "Unify",
        }
    }
}

/// What it happened to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stand<'t> {
    Nothing,
    Body(&'t [Expr]),
    Rule(&'t Entry, &'t Rule),
    /// An expression, and its number in its body.
    Expr(&'t Expr, usize),
    /// An expression without its `not` and `with`, and the body that it alone is.
    Bare(&'t Expr),
    BareBody(&'t Expr),
    /// The equality that `every` takes its elements by.
    Generator(&'t Every),
    /// Two terms that are made equal.
    Pair(Node<'t>, Node<'t>),
}

impl Stand<'_> {
    /// Its place; `None` for what has none of its own.
    pub(super) fn span(&self) -> Option<Span> {
        let span = match self {
            Self::Nothing | Self::Pair(..) => return None,
            Self::Body(body) => body.first()?.span,
            Self::Rule(_, rule) => rule.span,
            Self::Expr(expr, _) | Self::Bare(expr) | Self::BareBody(expr) => expr.span,
            Self::Generator(every) => every.domain.span,
        };
        (span.row > 0).then_some(span)
    }

    const fn is_query(&self) -> bool {
        matches!(self, Self::Body(_) | Self::BareBody(_) | Self::Rule(..))
    }
}

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'t> {
    pub(super) op: Op,
    pub(super) query: u64,
    pub(super) parent: u64,
    pub(super) stand: Stand<'t>,
    pub(super) span: Option<Span>,
    /// The query's variables and their values.
    pub(super) locals: &'t [(&'t str, Node<'t>)],
    pub(super) message: &'t str,
    /// Whose rules were looked up.
    pub(super) reference: Option<&'t [Node<'t>]>,
}

/// How much of an evaluation is told: OPA's `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// The calls of `trace`, and what led there.
    Notes,
    /// The expressions without a solution, and what led there.
    Fails,
    /// Everything but which terms were made equal.
    Full,
    /// Everything.
    Debug,
}

impl Explain {
    /// Whether an event can be among what is told, or lead there.
    pub(super) const fn wants(self, op: Op, stand: &Stand<'_>) -> bool {
        let leads = matches!(op, Op::Enter | Op::Redo) && stand.is_query();
        match self {
            Self::Notes => leads || matches!(op, Op::Note),
            Self::Fails => leads || matches!(op, Op::Fail),
            Self::Full => !matches!(op, Op::Unify),
            Self::Debug => true,
        }
    }

    /// What is told of these events.
    pub(super) fn of<'t>(self, events: Vec<Event<'t>>) -> Vec<Event<'t>> {
        match self {
            Self::Notes => lineage(&events, Op::Note),
            Self::Fails => lineage(&events, Op::Fail),
            Self::Full | Self::Debug => events,
        }
    }
}

/// The events of one kind, each after the queries in which it happened, as far as they were not told before (OPA's `lineage.Filter`).
fn lineage<'t>(events: &[Event<'t>], wanted: Op) -> Vec<Event<'t>> {
    let mut told = Vec::new();
    let mut queries: HashMap<u64, usize> = HashMap::new();
    for (number, event) in events.iter().enumerate() {
        if event.op == wanted {
            let mut path = Vec::new();
            let mut at = queries.get(&event.query).copied();
            while let Some(number) = at {
                let Some(query) = events.get(number) else { break };
                path.push(*query);
                at = queries.get(&query.parent).copied().filter(|parent| *parent != number);
            }
            told.extend(path.into_iter().rev());
            told.push(*event);
            queries.clear();
        }
        if matches!(event.op, Op::Enter | Op::Redo) && event.stand.is_query() {
            queries.insert(event.query, number);
        }
    }
    told
}
