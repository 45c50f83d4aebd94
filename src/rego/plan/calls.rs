//! Calls of functions and builtins.

use super::op::Callee;
use super::{Op, Operands, Planner, Reg, RoutineKind, Site, Test, Told, Wanted, index};
use crate::rego::ast::{Span, Term, TermKind};
use crate::rego::compile::{self, Key, is_constant};

impl Planner<'_> {
    /// A call whose result must not be false, or is unified with its last operand.
    pub(super) fn call(&mut self, terms: &[Term], span: Span) {
        let Some((operator, operands)) = terms.split_first() else { return };
        let reference = operator.as_ref_parts().unwrap_or_default();
        let Some(arity) = self.arity(reference) else {
            return self.unplannable(span, "a call of an unknown function");
        };
        let (inputs, output) = operands.split_at_checked(arity).unwrap_or((operands, &[]));
        if output.is_empty() && self.comparison(reference, inputs) {
            return;
        }
        if let (Some(told), [value]) = (compile::builtin(reference).and_then(|b| Told::named(b.name)), inputs) {
            let value = self.value(value);
            return self.emit(Op::Tell { told, value, span });
        }
        if compile::builtin(reference).is_some_and(|b| b.relation) {
            let args = self.values(inputs);
            return self.relation(reference, args, output.first(), span);
        }
        let result = self.result(reference, inputs, output.first(), span);
        match output.first() {
            Some(output) => self.destructure(output, result),
            None => {
                let fail = self.fail;
                self.emit(Op::NotFalse { value: result, fail });
            }
        }
    }

    /// A comparison or a membership whose result is only tested needs no call, unless some `with` replaces it.
    fn comparison(&mut self, reference: &[Term], inputs: &[Term]) -> bool {
        let name = compile::dotted(reference).unwrap_or_default();
        let [a, b] = inputs else { return false };
        let test = Test::named(&name);
        if (test.is_none() && name != "internal.member_2") || self.mocked.contains(&name) {
            return false;
        }
        let (a, b) = (self.value(a), self.value(b));
        let fail = self.fail;
        self.emit(match test {
            Some(test) => Op::Ordered { a, b, test, fail },
            None => Op::Member { value: a, collection: b, fail },
        });
        true
    }

    fn arity(&self, reference: &[Term]) -> Option<usize> {
        compile::builtin(reference).map(|b| b.arity).or_else(|| self.compiled.tree.function_arity(reference))
    }

    /// The register of a call's result.
    fn result(&mut self, reference: &[Term], inputs: &[Term], output: Option<&Term>, span: Span) -> Reg {
        let builtin = compile::builtin(reference);
        let known = output.filter(|output| builtin.is_none() && self.is_known(output));
        let mut regs: Vec<Reg> = inputs.iter().map(|term| self.value(term)).collect();
        regs.extend(known.map(|output| self.value(output)));
        let args = self.operands(&regs);
        let to = self.register();
        let fail = self.fail;
        let name = compile::dotted(reference).unwrap_or_default();
        let done = self.label();
        if self.mocked.contains(&name) {
            let name = self.function_name(&name);
            self.emit(Op::Mocked { to, name, args, is_known: known.is_some(), fail, done });
        }
        match (builtin, self.function_path(reference)) {
            (Some(builtin), _) => {
                let site = self.site(builtin, span);
                self.emit(Op::Builtin { to, site, args, fail });
            }
            (None, Some(path)) if known.is_some() => {
                let callee = self.callee(path);
                self.emit(Op::CallKnown { to, callee, args, fail });
            }
            (None, Some(path)) => {
                let routine = self.want(Wanted::Rules { path, mask: 0 }, RoutineKind::Function);
                self.emit(Op::Call { to, routine, args, fail });
            }
            (None, None) => self.unplannable(span, "a call of an unknown function"),
        }
        self.place(done);
        to
    }

    /// Whether a call's output is a value before the call: OPA unifies it with each definition's value before the definition's body, so that
    /// what gives another value is not evaluated (`evalFunc.evalOneRule`).
    fn is_known(&self, output: &Term) -> bool {
        is_constant(output) || (matches!(output.kind, TermKind::Var(_)) && self.is_bound(output))
    }

    /// A function, whatever its result and where that is known.
    fn callee(&mut self, path: Vec<Key>) -> Callee {
        let routine = self.want(Wanted::Rules { path: path.clone(), mask: 0 }, RoutineKind::Function);
        let known = self.want(Wanted::Rules { path, mask: 1 }, RoutineKind::Function);
        Callee { routine, known }
    }

    pub(super) fn site(&mut self, builtin: &'static crate::rego::builtins::Builtin, span: Span) -> u32 {
        self.plan.sites.push(Site { builtin, span });
        index(self.plan.sites.len() - 1)
    }

    /// The function at a reference.
    pub(super) fn function(&mut self, reference: &[Term]) -> Option<Callee> {
        let path = self.function_path(reference)?;
        Some(self.callee(path))
    }

    fn function_path(&self, reference: &[Term]) -> Option<Vec<Key>> {
        let path: Vec<Key> = reference.iter().skip(1).map(Key::of).collect::<Option<_>>()?;
        self.node_at(&path).filter(|node| !node.rules.is_empty())?;
        Some(path)
    }

    /// A builtin with several results: what follows runs for each.
    fn relation(&mut self, reference: &[Term], args: Operands, output: Option<&Term>, span: Span) {
        let Some(builtin) = compile::builtin(reference) else { return };
        let site = self.site(builtin, span);
        let (all, value) = (self.register(), self.register());
        let (fail, iter) = (self.fail, self.iterator());
        self.emit(Op::Builtin { to: all, site, args, fail });
        self.emit(Op::ScanOutputs { iter, from: all });
        let next = self.here();
        self.emit(Op::NextOutput { iter, to: value, fail });
        self.fail = next;
        if let Some(output) = output {
            self.destructure(output, value);
        }
    }
}
