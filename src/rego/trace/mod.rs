//! Explaining a decision: it is evaluated once more as OPA evaluates it, expression by expression and solution by solution, and each step is
//! an event, as OPA's tracer has it (`v1/topdown/eval.go`, `v1/topdown/trace.go`).
//!
//! Plans do not keep OPA's order of evaluation, and need not: nobody sees it but here. So this is an evaluator of its own over the compiled
//! rules. It decides nothing that is not explained, and what it answers is compared with what plans answer (`make differential`).

mod cache;
mod call;
mod comprehension;
mod document;
mod event;
mod lookup;
mod lower;
mod machine;
mod partial;
mod report;
mod term;
mod tree;
mod unify;
mod with;

pub use event::Explain;

use std::cell::Cell;

use super::ast::{Body, Expr, ExprKind, Span, Term, TermKind};
use super::builtins::Context;
use super::compile::Compiled;
use super::eval::{Data, Stop};
use super::value::Value;
use super::{Module, Path};
use event::Event;
use machine::{Halt, Machine};
use term::Node;

/// What is explained, and how much of it is told.
pub(super) struct Explained<'t> {
    pub(super) compiled: &'t Compiled,
    pub(super) modules: &'t [Module],
    pub(super) data: Data<'t>,
    pub(super) input: Option<Value<'t>>,
    pub(super) strict: bool,
    pub(super) explain: Explain,
}

/// Why a decision is not explained.
pub(super) enum Unexplained {
    Stop(Stop),
    /// There is more to tell than is kept, or written.
    TooMuch,
}

/// What happened on the way to a document.
pub(super) struct Explanation<'t> {
    pub(super) value: Option<Value<'t>>,
    events: Vec<Event<'t>>,
}

/// The query that OPA's server makes of a path: `data.a.b = _`.
pub(super) fn query(path: &Path, modules: &[Module]) -> Body {
    let module = u32::try_from(modules.len()).unwrap_or(u32::MAX);
    let span = Span { module, row: 1, col: 1, offset: 0, length: 0 };
    let mut parts = vec![Term::var("data", span)];
    parts.extend(path.keys().iter().map(|key| Term::string(key.as_str(), span)));
    let operator = Term::new(TermKind::Ref(vec![Term::var("eq", span)]), span);
    let terms = vec![operator, Term::new(TermKind::Ref(parts), span), Term::var(RESULT, span)];
    vec![Expr::new(ExprKind::Call(terms), span)]
}

/// The variable that OPA gives to the result of such a query.
const RESULT: &str = "$term1";

/// Evaluates a query of [`query`]. Recurses as deep as the policies are: on the compiler's stack.
pub(super) fn explain<'t>(
    explained: &Explained<'t>,
    query: &'t Body,
    context: Context<'t>,
) -> Result<Explanation<'t>, Unexplained> {
    let machine = Machine::new(explained.compiled, explained.data, context, explained.explain);
    let root = machine.root(machine.lowering.body(query), explained.input);
    let value = Cell::new(None);
    let run = machine.run(&root, &mut || {
        value.set(machine.plug(Node::Var(RESULT), root.env).value());
        Ok(())
    });
    let (events, failed) = machine.finish();
    match (run, failed) {
        (Err(Halt::TooMuch), _) => Err(Unexplained::TooMuch),
        (Err(Halt::Stop(stop @ (Stop::Exceeded(_) | Stop::Elsewhere { .. }))), _) => Err(Unexplained::Stop(stop)),
        (_, Some(failed)) if explained.strict => Err(Unexplained::Stop(failed)),
        (Err(Halt::Stop(stop)), _) => Err(Unexplained::Stop(stop)),
        _ => Ok(Explanation { value: value.get(), events }),
    }
}

impl Explanation<'_> {
    /// OPA's JSON: an array of events, or with `pretty` one of lines.
    ///
    /// # Errors
    /// `TooMuch`.
    pub(super) fn write(&self, explained: &Explained<'_>, pretty: bool, output: &mut Vec<u8>) -> Result<(), Unexplained> {
        let report = report::Report { compiled: explained.compiled, modules: explained.modules };
        let written = if pretty { report.lines(&self.events, output) } else { report.events(&self.events, output) };
        written.map_err(|report::TooMuch| Unexplained::TooMuch)
    }
}
