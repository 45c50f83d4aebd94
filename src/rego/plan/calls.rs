//! Calls of functions and builtins.

use super::{Op, Operands, Planner, Reg, RoutineKind, Site, Test, Wanted, index};
use crate::rego::ast::{Span, Term};
use crate::rego::compile::{self, Key};

/// What a call's operator names.
enum Callee {
    Builtin(u32),
    Function(u32),
}

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
        let args = self.values(inputs);
        if compile::builtin(reference).is_some_and(|b| b.relation) {
            return self.relation(reference, args, output.first(), span);
        }
        let result = self.result(reference, args, span);
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
    fn result(&mut self, reference: &[Term], args: Operands, span: Span) -> Reg {
        let to = self.register();
        let fail = self.fail;
        let name = compile::dotted(reference).unwrap_or_default();
        let done = self.label();
        if self.mocked.contains(&name) {
            let name = self.function_name(&name);
            self.emit(Op::Mocked { to, name, args, fail, done });
        }
        match self.callee(reference, span) {
            Some(Callee::Builtin(site)) => self.emit(Op::Builtin { to, site, args, fail }),
            Some(Callee::Function(routine)) => self.emit(Op::Call { to, routine, args, fail }),
            None => self.unplannable(span, "a call of an unknown function"),
        }
        self.place(done);
        to
    }

    fn callee(&mut self, reference: &[Term], span: Span) -> Option<Callee> {
        if let Some(builtin) = compile::builtin(reference) {
            return Some(Callee::Builtin(self.site(builtin, span)));
        }
        self.function(reference).map(Callee::Function)
    }

    pub(super) fn site(&mut self, builtin: &'static crate::rego::builtins::Builtin, span: Span) -> u32 {
        self.plan.sites.push(Site { builtin, span });
        index(self.plan.sites.len() - 1)
    }

    /// The routine of the function at a reference.
    pub(super) fn function(&mut self, reference: &[Term]) -> Option<u32> {
        let path: Vec<Key> = reference.iter().skip(1).map(Key::of).collect::<Option<_>>()?;
        self.node_at(&path).filter(|node| !node.rules.is_empty())?;
        Some(self.want(Wanted::Rules { path, mask: 0 }, RoutineKind::Function))
    }

    /// A builtin with several results: what follows runs for each.
    fn relation(&mut self, reference: &[Term], args: Operands, output: Option<&Term>, span: Span) {
        let Some(builtin) = compile::builtin(reference) else { return };
        let site = self.site(builtin, span);
        let (all, key, value) = (self.register(), self.register(), self.register());
        let fail = self.fail;
        self.emit(Op::Builtin { to: all, site, args, fail });
        self.loop_over(all, key, value);
        if let Some(output) = output {
            self.destructure(output, value);
        }
    }
}
