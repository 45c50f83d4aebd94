//! Calls of functions and builtins (OPA's `evalCall`, `evalFunc`, `evalBuiltin`).

use std::cell::Cell;

use super::cache::Asked;
use super::document::{rule_conflict, unsafe_head};
use super::event::Op;
use super::lookup::Matched;
use super::lower::{Function, Lowered, key_of};
use super::machine::{Deferred, Eval, Halt, Machine, Mock, Next, Run, suppress_early_exit};
use super::term::{Node, values};
use crate::rego::builtins::{Builtin, Failure};
use crate::rego::compile::TreeNode;
use crate::rego::eval::{Stop, conflict};
use crate::rego::plan::RoutineKind;
use crate::rego::value::{Value, equal};

/// A call of a function: its operands, the last of which may be its result.
struct Calling<'t> {
    operands: &'t [Node<'t>],
    arity: usize,
    /// What it is remembered by; `None` where an argument has no value.
    asked: Option<Asked<'t>>,
}

impl Calling<'_> {
    /// Whether the last operand is the result.
    const fn captures(&self) -> bool {
        self.operands.len() > self.arity
    }
}

impl<'t> Machine<'t> {
    pub(super) fn call(&self, e: &Eval<'t>, function: Function<'t>, operands: &'t [Node<'t>], next: Next<'_>) -> Run {
        self.guard()?;
        match (self.mock(function.name()), function) {
            (Some(Mock::Function(other)), _) => self.call_instead(e, other, operands, next),
            (Some(Mock::Value(value)), Function::Rules(reference, _)) => {
                let arity = self.node_of(reference).and_then(|(_, node)| node.arity).unwrap_or(0);
                self.mocked(e, arity, operands, value, next)
            }
            (Some(Mock::Value(value)), Function::Builtin(builtin)) => self.mocked(e, builtin.arity, operands, value, next),
            (None, Function::Rules(reference, name)) => self.function(e, reference, name, operands, next),
            (None, Function::Builtin(builtin)) => self.builtin(e, builtin, operands, next),
        }
    }

    /// Calls what stands in for a function: there it is not replaced.
    fn call_instead(&self, e: &Eval<'t>, other: Function<'t>, operands: &'t [Node<'t>], next: Next<'_>) -> Run {
        self.mocks.borrow_mut().push(Vec::new());
        let run = self.call(e, other, operands, &mut || {
            self.mocks.borrow_mut().pop();
            let run = next();
            self.mocks.borrow_mut().push(Vec::new());
            run
        });
        self.mocks.borrow_mut().pop();
        run
    }

    fn mocked(&self, e: &Eval<'t>, arity: usize, operands: &[Node<'t>], value: Node<'t>, next: Next<'_>) -> Run {
        match operands.get(arity) {
            Some(result) => self.unify(e, *result, value, e.env, e.env, next),
            None if value.is_false() => Ok(()),
            None => next(),
        }
    }

    /// The path and the node of a reference to a function.
    fn node_of(&self, reference: &[Node<'t>]) -> Option<(Vec<Value<'t>>, &'t TreeNode)> {
        let path = values(reference.get(1..)?)?;
        let node = path.iter().try_fold(self.compiled.tree.root(), |node, key| node.child(&key_of(key)?))?;
        Some((path, node))
    }

    fn function(&self, e: &Eval<'t>, reference: &[Node<'t>], name: &'t str, operands: &'t [Node<'t>], next: Next<'_>) -> Run {
        let Some((path, node)) = self.node_of(reference) else { return Ok(()) };
        let matched = self.matched(e, node, &path, operands)?;
        if matched.is_empty() {
            return Ok(());
        }
        let first = matched.rules.first().and_then(|branches| branches.first()).copied();
        let arity = first.or(matched.default).map_or(0, |rule| rule.args.len());
        let args: Vec<Node<'t>> = operands.iter().take(arity).map(|operand| self.plug(*operand, e.env)).collect();
        let asked = values(&args).map(|args| Asked::call(name, args));
        let calling = Calling { operands, arity, asked };
        match calling.asked.as_ref().and_then(|asked| self.known(asked)).flatten() {
            Some(value) => self.mocked(e, arity, operands, Node::Value(value), next),
            None => suppress_early_exit(self.function_rules(e, &calling, &matched, next)),
        }
    }

    fn function_rules(&self, e: &Eval<'t>, calling: &Calling<'t>, matched: &Matched<'t>, next: Next<'_>) -> Run {
        let mut before: Option<Value<'t>> = None;
        let mut deferred = Deferred::default();
        for branches in &matched.rules {
            for rule in branches {
                let (value, run) = self.function_rule(e, calling, rule, before, matched.early_exit, next);
                deferred.keep(run)?;
                if value.is_some() {
                    before = value;
                    break;
                }
            }
        }
        match matched.default {
            Some(default) if before.is_none() => self.function_rule(e, calling, default, before, matched.early_exit, next).1,
            _ => deferred.end(),
        }
    }

    fn function_rule(
        &self,
        e: &Eval<'t>,
        calling: &Calling<'t>,
        rule: &'t Lowered<'t>,
        before: Option<Value<'t>>,
        find_one: bool,
        next: Next<'_>,
    ) -> (Option<Value<'t>>, Run) {
        let child = Eval { find_one, ..self.child(e, rule.body) };
        let (found, before) = (Cell::new(None), Cell::new(before));
        let head = rule.value.unwrap_or(Node::Value(Value::Bool(true)));
        let mut solve = || {
            self.trace(&child, Op::Exit, rule.stand)?;
            let Node::Value(value) = self.plug(head, child.env) else { return Err(unsafe_head(rule)) };
            found.set(Some(value));
            if let Some(asked) = &calling.asked {
                self.remember(asked.clone(), Some(value));
            }
            let conflicts = before.get().is_some_and(|before| !equal(&before, &value));
            if conflicts {
                return Err(rule_conflict(rule, RoutineKind::Function));
            }
            if !calling.captures() && matches!(value, Value::Bool(false)) {
                before.set(Some(value));
                return Ok(());
            }
            if before.replace(Some(value)).is_some() {
                return self.trace(&child, Op::Redo, rule.stand);
            }
            next()?;
            self.trace(&child, Op::Redo, rule.stand)
        };
        let mut args = rule.args.to_vec();
        args.extend(calling.captures().then_some(head));
        let run = self.trace(&child, Op::Enter, rule.stand).and_then(|()| {
            self.unify_all(&child, calling.operands, &args, e.env, child.env, &mut || self.eval(&child, &mut solve))
        });
        (found.get(), run)
    }

    fn builtin(&self, e: &Eval<'t>, builtin: &'static Builtin, operands: &'t [Node<'t>], next: Next<'_>) -> Run {
        if matches!(builtin.name, "internal.print" | "internal.test_case") {
            return next();
        }
        let plugged: Vec<Node<'t>> = operands.iter().take(builtin.arity).map(|operand| self.plug(*operand, e.env)).collect();
        let Some(args) = values(&plugged) else {
            let message = format!("{}: operand is not evaluated", builtin.name);
            return Err(Halt::Stop(Stop::Error { code: "eval_internal_error", message, span: e.span() }));
        };
        let outcome = (builtin.function)(&mut self.context.borrow_mut(), &args);
        let value = match outcome {
            Ok(value) => value,
            Err(Failure::Placed(failure)) => self.context.borrow().placed(&failure, e.span()),
            Err(failure) => return self.failure(e, builtin, failure),
        };
        if builtin.name == "trace" {
            self.note(e, args.first().and_then(Value::as_bytes).unwrap_or_default())?;
        }
        if !builtin.relation {
            return self.output(e, builtin, operands, value, next);
        }
        for value in value.as_array().into_iter().flat_map(|outputs| outputs.iter()) {
            self.output(e, builtin, operands, value, next)?;
        }
        Ok(())
    }

    fn output(&self, e: &Eval<'t>, builtin: &Builtin, operands: &[Node<'t>], value: Value<'t>, next: Next<'_>) -> Run {
        self.mocked(e, builtin.arity, operands, Node::Value(value), next)
    }

    /// An error makes the expression undefined; the first is kept, for whom errors are strict.
    fn failure(&self, e: &Eval<'t>, builtin: &Builtin, failure: Failure) -> Run {
        let (code, message) = match failure {
            Failure::Undefined | Failure::Placed(_) => return Ok(()),
            Failure::Exceeded(exceeded) => return Err(Halt::Stop(exceeded.into())),
            Failure::Conflict(message) => return Err(Halt::Stop(conflict(message, e.span()))),
            Failure::Elsewhere => return Err(Halt::Stop(Stop::Elsewhere { builtin: builtin.name, span: e.span() })),
            Failure::Operand(message) => ("eval_type_error", message),
            Failure::Builtin(message) => ("eval_builtin_error", message),
        };
        let message = format!("{}: {message}", builtin.name);
        self.failed.borrow_mut().get_or_insert(Stop::Error { code, message, span: e.span() });
        Ok(())
    }
}
