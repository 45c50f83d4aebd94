//! `with`: what is replaced while an expression is evaluated.

use std::collections::BTreeSet;

use super::{Op, Planner, Replacement, WithSpec, index};
use crate::rego::ast::{Expr, Rule, Term, With};
use crate::rego::compile::{self, Compiled, Key};

impl Planner<'_> {
    /// Evaluates `inner` under the replacements; what follows runs without them, for each solution.
    pub(super) fn with(&mut self, withs: &[With], inner: impl FnOnce(&mut Self)) {
        let spec = self.with_spec(withs);
        self.plan.withs.push(spec);
        let spec = index(self.plan.withs.len() - 1);
        let outside = self.fail;
        let (failed, again, after) = (self.label(), self.label(), self.label());
        self.emit(Op::WithPush { spec });
        self.fail = failed;
        inner(self);
        let inside = self.fail;
        self.emit(Op::WithPop);
        self.emit(Op::Jump { to: after });
        self.place(again);
        // The same replacement again, to look for another solution; OPA, too, begins with empty caches then.
        self.emit(Op::WithPush { spec });
        self.emit(Op::Jump { to: inside });
        self.place(failed);
        self.emit(Op::WithPop);
        self.emit(Op::Jump { to: outside });
        self.place(after);
        // Where lines are heard, the rest of a rule that was called in there has its turn in there.
        self.fail = if inside == failed && !self.compiled.options.print_statements { outside } else { again };
    }

    fn with_spec(&mut self, withs: &[With]) -> WithSpec {
        let mut spec = WithSpec::default();
        for with in withs {
            self.replacement(&mut spec, with);
        }
        spec
    }

    fn replacement(&mut self, spec: &mut WithSpec, with: &With) {
        let parts = with.target.as_ref_parts().unwrap_or_default();
        if let Some(name) = replaced_function(self.compiled, &with.target) {
            let replacement = self.function_replacement(&with.value);
            let name = self.function_name(&name);
            spec.functions.push((name, replacement));
            return;
        }
        let Some(path) = parts.iter().skip(1).map(Key::of).collect::<Option<Vec<Key>>>() else {
            return self.unplannable(with.span, "a with target whose path is not constant");
        };
        let value = self.value(&with.value);
        match parts.first().and_then(Term::as_var).map(|name| &**name) {
            Some("input") => {
                let keys = path.iter().map(|key| self.constant(super::key_document(key))).collect();
                spec.inputs.push((keys, value));
            }
            Some("data") => {
                let path = self.path(&path);
                spec.data.push((path, value));
            }
            _ => self.unplannable(with.span, "a with target"),
        }
    }

    fn function_replacement(&mut self, value: &Term) -> Replacement {
        if let Some(parts) = value.as_ref_parts() {
            if let Some(builtin) = compile::builtin(parts) {
                return Replacement::Builtin(self.site(builtin, value.span));
            }
            if self.compiled.tree.function_arity(parts).is_some_and(|arity| arity > 0)
                && let Some(callee) = self.function(parts)
            {
                return Replacement::Routine(callee);
            }
        }
        Replacement::Value(self.value(value))
    }
}

/// The name of the function or builtin that a target is.
pub(in crate::rego) fn replaced_function(compiled: &Compiled, target: &Term) -> Option<String> {
    let parts = target.as_ref_parts()?;
    let is_function = compiled.tree.function_arity(parts).is_some_and(|arity| arity > 0);
    let is_builtin = parts.first().and_then(Term::as_var).is_some_and(|head| !matches!(&**head, "data" | "input"))
        && compile::builtin(parts).is_some();
    (is_function || is_builtin).then(|| compile::dotted(parts)).flatten()
}

/// The functions that some `with` in a body replaces.
pub(super) fn collect_functions(compiled: &Compiled, body: &[Expr], names: &mut BTreeSet<String>) {
    compile::each_with_in_body(body, &mut |with| names.extend(replaced_function(compiled, &with.target)));
}

/// The functions that some `with` in a rule replaces, `else` branches apart.
pub(super) fn collect_functions_in_rule(compiled: &Compiled, rule: &Rule, names: &mut BTreeSet<String>) {
    compile::each_with_in_rule(rule, &mut |with| names.extend(replaced_function(compiled, &with.target)));
}
