//! `with`: what is replaced while an expression is evaluated, and not while what comes after it is (OPA's `evalWith`).

use std::collections::HashMap;

use super::cache::Cache;
use super::lower::{Literal, Replacement};
use super::machine::{Eval, Halt, Machine, Mocks, Next, Run};
use crate::rego::ast::Span;
use crate::rego::eval::{Stop, replace_at};
use crate::rego::value::{Value, equal};

/// What holds while the expression is evaluated.
struct Replaced<'t> {
    input: Option<Value<'t>>,
    data: Option<Value<'t>>,
    mocks: Mocks<'t>,
    targets: Vec<&'t [Value<'t>]>,
}

impl<'t> Machine<'t> {
    pub(super) fn with(&self, e: &Eval<'t>, expr: &'t Literal<'t>, next: Next<'_>) -> Run {
        let replaced = self.replaced(e, expr)?;
        let before = (e.input.get(), e.data.get());
        self.push(e, &replaced);
        let run = self.step(e, expr, false, &mut || {
            self.pop(e, before);
            let run = self.next(e, next);
            self.push(e, &replaced);
            run
        });
        self.pop(e, before);
        run
    }

    fn replaced(&self, e: &Eval<'t>, expr: &'t Literal<'t>) -> Result<Replaced<'t>, Halt> {
        let mut replaced = Replaced { input: e.input.get(), data: e.data.get(), mocks: Vec::new(), targets: Vec::new() };
        for with in expr.with {
            match *with {
                Replacement::Input(path, value) => {
                    replaced.input = self.replace(replaced.input, path, self.plug(value, e.env).value(), expr.span)?;
                }
                Replacement::Data(path, value) => {
                    replaced.data = self.replace(replaced.data, path, self.plug(value, e.env).value(), expr.span)?;
                    replaced.targets.push(path);
                }
                Replacement::Function(name, path, substitute) => {
                    replaced.mocks.push((name, self.mock_of(substitute, e.env)));
                    replaced.targets.extend(path);
                }
            }
        }
        Ok(replaced)
    }

    fn replace(
        &self,
        document: Option<Value<'t>>,
        path: &[Value<'t>],
        value: Option<Value<'t>>,
        span: Span,
    ) -> Result<Option<Value<'t>>, Halt> {
        let Some(value) = value else { return Ok(document) };
        self.charge(document.and_then(|d| d.as_object()).map_or(1, |entries| entries.len() + 1))?;
        replace_at(self.arena, document, path, value).map(Some).map_err(|stop| match stop {
            Stop::Error { code, message, .. } => Halt::Stop(Stop::Error { code, message, span }),
            stop => Halt::Stop(stop),
        })
    }

    fn push(&self, e: &Eval<'t>, replaced: &Replaced<'t>) {
        e.input.set(replaced.input);
        e.data.set(replaced.data);
        self.comprehensions.borrow_mut().push(HashMap::new());
        self.caches.borrow_mut().push(Cache::default());
        self.targets.borrow_mut().push(replaced.targets.clone());
        if let Some(frames) = self.mocks.borrow_mut().last_mut() {
            frames.push(replaced.mocks.clone());
        }
    }

    fn pop(&self, e: &Eval<'t>, (input, data): (Option<Value<'t>>, Option<Value<'t>>)) {
        if let Some(frames) = self.mocks.borrow_mut().last_mut() {
            frames.pop();
        }
        self.targets.borrow_mut().pop();
        self.caches.borrow_mut().pop();
        self.comprehensions.borrow_mut().pop();
        e.input.set(input);
        e.data.set(data);
    }

    /// Whether a path lies at or below one that is replaced.
    pub(super) fn is_replaced(&self, path: &[Value<'t>]) -> bool {
        self.targets
            .borrow()
            .iter()
            .flatten()
            .any(|target| target.len() <= path.len() && target.iter().zip(path).all(|(a, b)| equal(a, b)))
    }
}
