//! What one traced evaluation holds, and how its queries go on (OPA's `v1/topdown/eval.go`).
//!
//! Each solution calls what comes after it, as in OPA: the order of events is that of these calls.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::cache::Cache;
use super::comprehension::Solved;
use super::event::{Event, Explain, Op, Stand};
use super::lookup::Rules;
use super::lower::{Kind, Literal, Lowering, Query, Substitute};
use super::term::{Bindings, Env, Node};
use crate::rego::ast::Span;
use crate::rego::budget::Exceeded;
use crate::rego::builtins::{Context, Failure};
use crate::rego::compile::Compiled;
use crate::rego::eval::{Data, Stop};
use crate::rego::stack::COMPILER_STACK;
use crate::rego::value::{Arena, Value};

/// The most events that are kept.
const MAX_EVENTS: usize = 500_000;

/// Why a query does not go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// One solution was enough, for the query itself or for one further out (`deferred`); what asked for it may have been asked likewise.
    Early {
        deferred: bool,
        before: Option<Box<Halt>>,
    },
    Stop(Stop),
    /// There is more to tell than is kept.
    TooMuch,
}

pub(super) type Run = Result<(), Halt>;

/// What comes after a solution.
pub(super) type Next<'i> = &'i mut dyn FnMut() -> Run;

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Stop(Stop::Exceeded(if let Failure::Exceeded(exceeded) = failure { exceeded } else { Exceeded::Deadline }))
    }
}

/// What a rule's early exit ends, and no more (OPA's `suppressEarlyExit`).
pub(super) fn suppress_early_exit(run: Run) -> Run {
    match run {
        Err(Halt::Early { before, .. }) => before.map_or(Ok(()), |before| Err(*before)),
        run => run,
    }
}

/// Keeps the first deferred early exit, so that a loop goes on.
#[derive(Default)]
pub(super) struct Deferred(Option<Halt>);

impl Deferred {
    pub(super) fn keep(&mut self, run: Run) -> Run {
        match run {
            Err(halt @ Halt::Early { deferred: true, .. }) => {
                self.0.get_or_insert(halt);
                Ok(())
            }
            run => run,
        }
    }

    pub(super) fn end(self) -> Run {
        self.0.map_or(Ok(()), Err)
    }
}

/// Comprehensions by their addresses, for each `with` around.
pub(super) type Comprehensions<'t> = Rc<RefCell<Vec<HashMap<usize, Rc<Solved<'t>>>>>>;

/// A query under way.
pub(super) struct Eval<'t> {
    pub(super) query: &'t Query<'t>,
    pub(super) at: Cell<usize>,
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) env: Env<'t>,
    /// Whether one solution is enough.
    pub(super) find_one: bool,
    pub(super) input: Cell<Option<Value<'t>>>,
    /// What stands over base data.
    pub(super) data: Cell<Option<Value<'t>>>,
    /// The place of the last event that had one.
    pub(super) last: Cell<Option<Span>>,
    pub(super) defined: Cell<bool>,
    /// What indexed comprehensions came to. It is made where it is first needed, and shared with the queries within from then on.
    pub(super) comprehensions: RefCell<Option<Comprehensions<'t>>>,
}

impl<'t> Eval<'t> {
    pub(super) fn expr(&self) -> Option<&'t Literal<'t>> {
        self.query.exprs.get(self.at.get())
    }

    pub(super) fn span(&self) -> Span {
        self.expr().map_or_else(Span::default, |expr| expr.span)
    }

    pub(super) fn comprehensions(&self) -> Comprehensions<'t> {
        let mut shared = self.comprehensions.borrow_mut();
        Rc::clone(shared.get_or_insert_with(|| Rc::new(RefCell::new(vec![HashMap::new()]))))
    }

    fn stand(&self) -> Stand<'t> {
        self.expr().map_or(Stand::Nothing, |expr| expr.stand)
    }
}

pub(super) struct Machine<'t> {
    pub(super) compiled: &'t Compiled,
    pub(super) arena: &'t Arena,
    pub(super) data: Data<'t>,
    pub(super) context: RefCell<Context<'t>>,
    pub(super) lowering: Lowering<'t>,
    explain: Explain,
    events: RefCell<Vec<Event<'t>>>,
    queries: Cell<u64>,
    pub(super) caches: RefCell<Vec<Cache<'t>>>,
    /// Functions that are replaced: what a replacement calls sees no more than its own.
    pub(super) mocks: RefCell<Vec<Vec<Mocks<'t>>>>,
    pub(super) targets: RefCell<Vec<Vec<&'t [Value<'t>]>>>,
    /// By the address of the node that the rules stand at.
    pub(super) rules: RefCell<HashMap<usize, Rc<Rules<'t>>>>,
    pub(super) failed: RefCell<Option<Stop>>,
    stack: usize,
}

/// Functions by their names, and what one `with` put in their places.
pub(super) type Mocks<'t> = Vec<(&'t str, Mock<'t>)>;

#[derive(Debug, Clone, Copy)]
pub(super) enum Mock<'t> {
    Function(super::lower::Function<'t>),
    Value(Node<'t>),
}

impl<'t> Machine<'t> {
    pub(super) fn new(compiled: &'t Compiled, data: Data<'t>, context: Context<'t>, explain: Explain) -> Self {
        let here = 0_u8;
        Self {
            compiled,
            arena: context.arena,
            data,
            lowering: Lowering::new(compiled, context.arena),
            context: RefCell::new(context),
            explain,
            events: RefCell::default(),
            queries: Cell::new(0),
            caches: RefCell::new(vec![Cache::default()]),
            mocks: RefCell::new(vec![Vec::new()]),
            targets: RefCell::default(),
            rules: RefCell::default(),
            failed: RefCell::default(),
            stack: std::ptr::from_ref(&here).addr(),
        }
    }

    /// What happened, and the first error of a builtin.
    pub(super) fn finish(self) -> (Vec<Event<'t>>, Option<Stop>) {
        (self.explain.of(self.events.into_inner()), self.failed.into_inner())
    }

    fn next_id(&self) -> u64 {
        let id = self.queries.get();
        self.queries.set(id + 1);
        id
    }

    /// The query that was asked.
    pub(super) fn root(&self, query: &'t Query<'t>, input: Option<Value<'t>>) -> Eval<'t> {
        Eval {
            query,
            at: Cell::new(0),
            id: self.next_id(),
            parent: 0,
            env: self.arena.alloc(Bindings::default()),
            find_one: false,
            input: Cell::new(input),
            data: Cell::new(None),
            last: Cell::new(None),
            defined: Cell::new(false),
            comprehensions: RefCell::default(),
        }
    }

    /// A query within another, which sees its variables.
    pub(super) fn closure(&self, e: &Eval<'t>, query: &'t Query<'t>) -> Eval<'t> {
        Eval {
            query,
            at: Cell::new(0),
            id: self.next_id(),
            parent: e.id,
            env: e.env,
            find_one: false,
            input: Cell::new(e.input.get()),
            data: Cell::new(e.data.get()),
            last: Cell::new(e.last.get()),
            defined: Cell::new(false),
            comprehensions: RefCell::new(e.comprehensions.borrow().clone()),
        }
    }

    /// A query with variables of its own.
    pub(super) fn child(&self, e: &Eval<'t>, query: &'t Query<'t>) -> Eval<'t> {
        Eval { env: self.arena.alloc(Bindings::default()), ..self.closure(e, query) }
    }

    pub(super) fn charge(&self, units: usize) -> Run {
        Ok(self.context.borrow_mut().charge(units)?)
    }

    /// What would go deeper than the stack bears ends here.
    pub(super) fn guard(&self) -> Run {
        let here = 0_u8;
        if self.stack.saturating_sub(std::ptr::from_ref(&here).addr()) > COMPILER_STACK / 4 * 3 {
            return Err(Halt::Stop(Stop::Exceeded(Exceeded::Memory)));
        }
        self.charge(1)
    }

    pub(super) fn plug(&self, node: Node<'t>, env: Env<'t>) -> Node<'t> {
        node.plug(self.arena, env)
    }

    pub(super) fn trace(&self, e: &Eval<'t>, op: Op, stand: Stand<'t>) -> Run {
        let message = if op == Op::Exit && e.find_one { "early" } else { "" };
        self.event(e, op, stand, message, None)
    }

    pub(super) fn trace_index(&self, e: &Eval<'t>, message: &str, reference: &'t [Node<'t>]) -> Run {
        self.event(e, Op::Index, e.stand(), self.arena.alloc_str(message), Some(reference))
    }

    /// A call of `trace`.
    pub(super) fn note(&self, e: &Eval<'t>, message: &[u8]) -> Run {
        let message = self.arena.alloc_str(&String::from_utf8_lossy(message));
        let span = Some(e.span()).filter(|span| span.row > 0);
        let note = Event {
            op: Op::Note,
            query: e.id,
            parent: e.parent,
            stand: Stand::Nothing,
            span,
            locals: &[],
            message,
            reference: None,
        };
        self.keep(note)
    }

    /// Whether the equality of terms is told.
    pub(super) const fn tells_unify(&self) -> bool {
        matches!(self.explain, Explain::Debug)
    }

    fn event(&self, e: &Eval<'t>, op: Op, stand: Stand<'t>, message: &'t str, reference: Option<&'t [Node<'t>]>) -> Run {
        let span = stand.span().or(e.last.get());
        e.last.set(span);
        if !self.explain.wants(op, &stand) {
            return Ok(());
        }
        let mut locals: Vec<(&'t str, Node<'t>)> =
            e.env.all().map(|(name, node, env)| (name, node.plug(self.arena, env))).collect();
        locals.reverse();
        let locals = self.arena.alloc_slice_copy(&locals);
        self.keep(Event { op, query: e.id, parent: e.parent, stand, span, locals, message, reference })
    }

    fn keep(&self, event: Event<'t>) -> Run {
        self.charge(1 + event.locals.len())?;
        let mut events = self.events.borrow_mut();
        if !self.explain.wants(event.op, &event.stand) {
            return Ok(());
        }
        if events.len() >= MAX_EVENTS {
            return Err(Halt::TooMuch);
        }
        events.push(event);
        Ok(())
    }

    /// Evaluates a query from its first expression, with the events around it (OPA's `Run`).
    pub(super) fn run(&self, e: &Eval<'t>, next: Next<'_>) -> Run {
        let stand = e.query.stand;
        self.trace(e, Op::Enter, stand)?;
        self.eval(e, &mut || {
            self.trace(e, Op::Exit, stand)?;
            let run = next();
            self.trace(e, Op::Redo, stand)?;
            run
        })
    }

    /// Evaluates from the expression at hand on (OPA's `evalExpr`).
    pub(super) fn eval(&self, e: &Eval<'t>, next: Next<'_>) -> Run {
        self.guard()?;
        let Some(expr) = e.expr() else { return self.solved(e, next) };
        self.trace(e, Op::Eval, expr.stand)?;
        if expr.with.is_empty() { self.step(e, expr, true, next) } else { self.with(e, expr, next) }
    }

    /// All expressions hold.
    fn solved(&self, e: &Eval<'t>, next: Next<'_>) -> Run {
        match next() {
            Err(halt @ Halt::Early { .. }) => Err(Halt::Early { deferred: !e.find_one, before: Some(Box::new(halt)) }),
            Ok(()) if e.find_one => Err(Halt::Early { deferred: false, before: None }),
            run => run,
        }
    }

    /// Goes on with the next expression.
    pub(super) fn next(&self, e: &Eval<'t>, next: Next<'_>) -> Run {
        e.at.set(e.at.get() + 1);
        let run = self.eval(e, next);
        e.at.set(e.at.get().saturating_sub(1));
        run
    }

    fn go_on(&self, e: &Eval<'t>, advance: bool, next: Next<'_>) -> Run {
        if advance { self.next(e, next) } else { next() }
    }

    /// One expression, and what comes after it (OPA's `evalStep`).
    pub(super) fn step(&self, e: &Eval<'t>, expr: &'t Literal<'t>, advance: bool, next: Next<'_>) -> Run {
        if expr.negated {
            return self.negated(e, expr, &mut || self.go_on(e, advance, next));
        }
        let defined = Cell::new(false);
        let mut after = || {
            defined.set(true);
            let run = self.go_on(e, advance, next);
            self.trace(e, Op::Redo, expr.stand)?;
            run
        };
        match &expr.kind {
            Kind::Equality(left, right) => self.unify(e, *left, *right, e.env, e.env, &mut after)?,
            Kind::Call(function, args) => self.call(e, *function, args, &mut after)?,
            Kind::Term(term) => {
                let result = Node::Var(self.arena.alloc_str(&format!("$_term_{}_{}", e.id, e.at.get())));
                self.unify(e, *term, result, e.env, e.env, &mut || {
                    if self.plug(result, e.env).is_false() { Ok(()) } else { after() }
                })?;
            }
            Kind::Every(every) => self.every(e, expr, every, &mut after)?,
            Kind::Not(body) => self.not(e, body, &mut after)?,
            Kind::And(left, right) => {
                if self.holds(e, left)? && self.holds(e, right)? {
                    after()?;
                }
            }
            Kind::Or(left, right) => {
                if self.holds(e, left)? || self.holds(e, right)? {
                    after()?;
                }
            }
            Kind::Nothing => after()?,
        }
        if defined.get() { Ok(()) } else { self.trace(e, Op::Fail, expr.stand) }
    }

    /// `not` before an expression.
    fn negated(&self, e: &Eval<'t>, expr: &'t Literal<'t>, next: Next<'_>) -> Run {
        if self.is_defined(e, self.lowering.bare(expr.expr), false)? {
            return self.trace(e, Op::Fail, expr.stand);
        }
        next()
    }

    /// A `not` that closes over its body.
    fn not(&self, e: &Eval<'t>, body: &'t Query<'t>, next: Next<'_>) -> Run {
        if self.is_defined(e, body, false)? { Ok(()) } else { next() }
    }

    /// Whether an operand of `and` and `or` has a solution.
    fn holds(&self, e: &Eval<'t>, body: &'t Query<'t>) -> Result<bool, Halt> {
        self.is_defined(e, body, true)
    }

    fn is_defined(&self, e: &Eval<'t>, body: &'t Query<'t>, find_one: bool) -> Result<bool, Halt> {
        let child = Eval { find_one, ..self.closure(e, body) };
        self.trace(&child, Op::Enter, body.stand)?;
        let run = self.eval(&child, &mut || {
            self.trace(&child, Op::Exit, body.stand)?;
            self.trace(&child, Op::Redo, body.stand)?;
            child.defined.set(true);
            Ok(())
        });
        if find_one {
            suppress_early_exit(run)?
        } else {
            run?
        }
        Ok(child.defined.get())
    }

    fn every(&self, e: &Eval<'t>, expr: &'t Literal<'t>, every: &'t super::lower::EachOf<'t>, next: Next<'_>) -> Run {
        let domain = self.plug(every.domain, e.env);
        let is_collection = match domain {
            Node::Value(value) => value.as_array().is_some() || value.as_object().is_some() || value.as_set().is_some(),
            Node::Array(_) | Node::Object(_) | Node::Set(_) => true,
            _ => false,
        };
        if !is_collection {
            return self.trace(e, Op::Fail, expr.stand);
        }
        let domain = self.closure(e, every.generator);
        let all = Cell::new(true);
        self.trace(&domain, Op::Enter, expr.stand)?;
        self.eval(&domain, &mut || {
            if !all.get() {
                return Ok(());
            }
            let body = Eval { find_one: true, ..self.closure(&domain, every.body) };
            self.trace(&body, Op::Enter, every.body.stand)?;
            let run = self.eval(&body, &mut || {
                self.trace(&body, Op::Exit, every.body.stand)?;
                self.trace(&body, Op::Redo, every.body.stand)?;
                body.defined.set(true);
                Ok(())
            });
            all.set(body.defined.get());
            self.trace(&domain, Op::Redo, expr.stand)?;
            suppress_early_exit(run)
        })?;
        if !all.get() {
            return self.trace(&domain, Op::Fail, expr.stand);
        }
        let run = next();
        self.trace(&domain, Op::Exit, expr.stand)?;
        run
    }

    /// The functions that `with` replaces where the query stands.
    pub(super) fn mock(&self, name: &str) -> Option<Mock<'t>> {
        let mocks = self.mocks.borrow();
        let frames = mocks.last()?.iter().rev();
        frames.flat_map(|frame| frame.iter().rev()).find(|(mocked, _)| *mocked == name).map(|(_, mock)| *mock)
    }

    pub(super) fn mock_of(&self, substitute: Substitute<'t>, env: Env<'t>) -> Mock<'t> {
        match substitute {
            Substitute::Function(function) => Mock::Function(function),
            Substitute::Value(node) => Mock::Value(self.plug(node, env)),
        }
    }
}
