//! Locals get names of their own: `x := 1; y = x` becomes `__local0__ = 1; y = __local0__` (OPA's `rewriteLocalVars`).

use std::collections::HashMap;

use super::visit::{self, NodeMut, Skip, VarSet, is_generated, is_scalar, is_wildcard};
use super::{Compiler, Context, Generator, globals, is_operator, operator};
use crate::rego::ast::{Body, Expr, ExprKind, Head, Name, Rule, Span, TemplatePart, Term, TermKind, With};
use crate::rego::builtins;
use crate::rego::parser::Problem;

const ASSIGN_IN_NEGATED: &str = "cannot assign vars inside negated expression";
const ASSIGN_IN_AND: &str = "cannot assign vars inside implicit and operand";
const ASSIGN_IN_OR: &str = "cannot assign vars inside implicit or operand";

/// How a name first occurred in its scope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    Argument,
    Seen,
    Assigned,
    Declared,
}

#[derive(Clone, Default)]
struct Scope {
    names: HashMap<Name, Name>,
    occurrences: HashMap<Name, Occurrence>,
}

/// Renames the locals of one rule or query.
pub(super) struct Locals<'c> {
    generator: &'c mut Generator,
    /// The scopes around a term, innermost last.
    scopes: Vec<Scope>,
    /// The source's name for each generated one.
    pub(super) rewritten: HashMap<Name, Name>,
    pub(super) problems: Vec<Problem>,
    /// Declared and never used.
    pub(super) unused: Vec<Problem>,
}

pub(super) fn rewrite_local_vars(compiler: &mut Compiler) {
    let mut arguments: Option<Vec<Scope>> = None;
    let mut rules = std::mem::take(&mut compiler.rules);
    for entry in &mut rules {
        let mut locals = Locals::new(&mut compiler.generator);
        locals.rename_arguments(&mut entry.rule.head);
        arguments.replace(locals.scopes.clone());
        let mut next = Some(&mut entry.rule);
        let mut is_first = true;
        while let Some(rule) = next {
            locals.scopes = arguments.clone().unwrap_or_default();
            if !is_first {
                locals.apply_arguments(&mut rule.head);
            }
            is_first = false;
            locals.in_rule(rule);
            next = rule.otherwise.as_deref_mut();
        }
        compiler.rewritten.extend(locals.rewritten);
        compiler.problems.append(&mut locals.problems);
        compiler.problems.append(&mut locals.unused);
    }
    compiler.rules = rules;
}

impl<'c> Locals<'c> {
    pub(super) fn new(generator: &'c mut Generator) -> Self {
        Self { generator, scopes: vec![Scope::default()], rewritten: HashMap::new(), problems: Vec::new(), unused: Vec::new() }
    }

    fn report(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem { code: "rego_compile_error", message: message.into(), span });
    }

    fn insert(&mut self, name: &Name, local: Name, occurrence: Occurrence) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name.clone(), local.clone());
            scope.occurrences.insert(name.clone(), occurrence);
        }
        if *name != local {
            self.rewritten.insert(local, name.clone());
        }
    }

    fn declared(&self, name: &str) -> Option<&Name> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name))
    }

    fn occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.last()?.occurrences.get(name).copied()
    }

    fn global_occurrence(&self, name: &str) -> Option<Occurrence> {
        self.scopes.iter().rev().find_map(|scope| scope.occurrences.get(name).copied())
    }

    /// A new local for a name that its scope has not seen.
    fn declare(&mut self, name: &Name, occurrence: Occurrence) -> Result<Name, String> {
        match self.occurrence(name) {
            Some(Occurrence::Seen) => Err(format!("var {name} referenced above")),
            Some(Occurrence::Assigned) => Err(format!("var {name} assigned above")),
            Some(Occurrence::Declared) => Err(format!("var {name} declared above")),
            Some(Occurrence::Argument) => Err(format!("arg {name} redeclared")),
            None => {
                let local = self.generator.generate();
                self.insert(name, local.clone(), occurrence);
                Ok(local)
            }
        }
    }

    fn rename_arguments(&mut self, head: &mut Head) {
        for arg in &mut head.args {
            self.rename_argument(arg);
        }
    }

    fn rename_argument(&mut self, arg: &mut Term) {
        match &mut arg.kind {
            TermKind::Var(name) => {
                let local = match self.declared(name) {
                    Some(local) => local.clone(),
                    None => {
                        let local = self.generator.generate();
                        let name = name.clone();
                        self.insert(&name, local.clone(), Occurrence::Argument);
                        local
                    }
                };
                arg.kind = TermKind::Var(local);
            }
            TermKind::Object(entries) => entries.iter_mut().for_each(|(_, value)| self.rename_argument(value)),
            TermKind::Array(parts) | TermKind::Ref(parts) => parts.iter_mut().for_each(|part| self.rename_argument(part)),
            TermKind::Call(_) => self.report(arg.span, "rule arguments cannot contain calls"),
            _ => {}
        }
    }

    /// The parameters of an `else` branch are those of its rule.
    fn apply_arguments(&mut self, head: &mut Head) {
        self.rename_arguments(head);
    }

    fn in_rule(&mut self, rule: &mut Rule) {
        let has_vars = head_may_have_vars(&rule.head);
        let mut used = VarSet::new();
        if has_vars {
            self.in_head_comprehensions(&mut rule.head);
            let head = &rule.head;
            for term in head.reference.iter().skip(1).chain(&head.key).chain(&head.value).filter(|t| !is_scalar(t)) {
                visit::collect_term(term, Skip::default(), &mut used);
            }
        }
        self.rename_builtin_names(rule);
        self.in_body(&mut rule.body, &used);
        if has_vars {
            let names = self.scopes.last().map(|scope| scope.names.clone()).unwrap_or_default();
            visit::walk_head_mut(&mut rule.head, &mut |node| {
                if let NodeMut::Term(Term { kind: TermKind::Var(name), .. }) = node
                    && let Some(local) = names.get(name)
                {
                    *name = local.clone();
                }
                false
            });
        }
    }

    /// What comprehensions and templates in a head declare is theirs alone; the body's locals are applied to them later.
    fn in_head_comprehensions(&mut self, head: &mut Head) {
        let outer = std::mem::replace(&mut self.scopes, vec![Scope::default()]);
        visit::walk_head_mut(head, &mut |node| {
            let NodeMut::Term(term) = node else { return false };
            self.scopes = vec![Scope::default()];
            match &mut term.kind {
                TermKind::ArrayComprehension(_)
                | TermKind::SetComprehension(_)
                | TermKind::ObjectComprehension(_)
                | TermKind::Template(_) => {
                    self.in_closure(term);
                    true
                }
                _ => false,
            }
        });
        self.scopes = outer;
    }

    /// A variable that is called like a builtin could be taken for it in later stages.
    fn rename_builtin_names(&mut self, rule: &Rule) {
        let skip = Skip { ref_call_head: true, closures: true, ..Skip::default() };
        let vars = visit::body_vars(&rule.body, skip);
        let named: Vec<_> = vars.into_iter().filter(|name| builtins::lookup(name).is_some()).collect();
        if named.is_empty() {
            return;
        }
        let declared = globals::declared_in_body(&rule.body);
        let mut in_with = VarSet::new();
        visit::walk_rule(rule, &mut |node| {
            if let visit::Node::With(with) = node {
                let skip = Skip { ref_call_head: true, ..Skip::default() };
                visit::collect_term(&with.target, skip, &mut in_with);
                visit::collect_term(&with.value, skip, &mut in_with);
            }
            false
        });
        for name in named {
            if !declared.contains(&name) && !in_with.contains(&name) && self.declared(&name).is_none() {
                let local = self.generator.generate();
                self.insert(&name, local, Occurrence::Seen);
            }
        }
    }

    /// `used` names what outside the body uses its variables.
    pub(super) fn in_body(&mut self, body: &mut Body, used: &VarSet) {
        let original = body.clone();
        let mut rewritten = Vec::with_capacity(body.len());
        for expr in std::mem::take(body) {
            rewritten.extend(self.in_expr(expr));
        }
        if rewritten.is_empty() {
            let span = original.first().map(|e| e.span).unwrap_or_default();
            rewritten.push(Expr::new(ExprKind::Term(Term::new(TermKind::Bool(true), span)), span));
        }
        *body = rewritten;
        self.check_unused(&original, used, body);
    }

    fn in_expr(&mut self, mut expr: Expr) -> Option<Expr> {
        match &expr.kind {
            ExprKind::Call(terms) if terms.first().is_some_and(|op| is_operator(op, "assign")) => self.in_assignment(&mut expr),
            ExprKind::Some(_) => return self.in_some(expr),
            ExprKind::Every(_) => self.in_every(&mut expr),
            ExprKind::Not(_) => self.in_not(&mut expr),
            ExprKind::And(_) | ExprKind::Or(_) => self.in_logical(&mut expr),
            ExprKind::Term(_) | ExprKind::Call(_) => self.in_terms_of(&mut expr),
        }
        Some(expr)
    }

    /// Declared by `some` or `every` and never used is an error.
    fn check_unused(&mut self, original: &[Expr], used: &VarSet, body: &[Expr]) {
        if !self.problems.is_empty() || !self.unused.is_empty() {
            return;
        }
        let Some(scope) = self.scopes.last() else { return };
        let declared = |name: &Name| scope.occurrences.get(name) == Some(&Occurrence::Declared);
        let mut locals: Vec<(Name, Name)> =
            scope.names.iter().filter(|(name, _)| declared(name)).map(|(name, local)| (local.clone(), name.clone())).collect();
        if locals.is_empty() {
            return;
        }
        locals.sort();
        let mut in_use = visit::body_vars(body, Skip::default());
        in_use.extend(used.iter().map(|name| self.declared(name).unwrap_or(name).clone()));
        for (local, name) in locals {
            if in_use.contains(&local) || used.contains(&local) || is_generated(&name) {
                continue;
            }
            let place = original.iter().find(|expr| globals::declared_in_body(std::slice::from_ref(*expr)).contains(&name));
            let span = place.or(original.first()).map(|e| e.span).unwrap_or_default();
            self.unused.push(Problem { code: "rego_compile_error", message: format!("declared var {name} unused"), span });
        }
    }

    fn in_assignment(&mut self, expr: &mut Expr) {
        if expr.negated {
            self.report(expr.span, ASSIGN_IN_NEGATED);
            return;
        }
        let ExprKind::Call(terms) = &mut expr.kind else { return };
        let [head, left, right] = terms.as_mut_slice() else { return };
        let before = self.problems.len();
        self.in_term(right);
        for with in &mut expr.with {
            self.in_term(&mut with.value);
        }
        self.assign(left);
        if self.problems.len() == before {
            *head = operator("eq", head.span);
            expr.from_assignment = true;
        }
    }

    /// The pattern on the left of `:=`.
    fn assign(&mut self, term: &mut Term) {
        let name = match &mut term.kind {
            TermKind::Var(name) => name.clone(),
            TermKind::Array(parts) => return parts.iter_mut().for_each(|part| self.assign(part)),
            TermKind::Object(entries) => return entries.iter_mut().for_each(|(_, value)| self.assign(value)),
            TermKind::Ref(parts) => match parts.as_slice() {
                [Term { kind: TermKind::Var(name), .. }] if matches!(&**name, "data" | "input") => name.clone(),
                _ => return self.report(term.span, "cannot assign to ref"),
            },
            kind => {
                let message = format!("cannot assign to {}", kind.name());
                return self.report(term.span, message);
            }
        };
        match self.declare(&name, Occurrence::Assigned) {
            Ok(local) => term.kind = TermKind::Var(local),
            Err(message) => self.report(term.span, message),
        }
    }

    fn in_some(&mut self, mut expr: Expr) -> Option<Expr> {
        let ExprKind::Some(symbols) = &mut expr.kind else { return None };
        let mut membership = None;
        for symbol in std::mem::take(symbols) {
            match symbol.kind {
                TermKind::Var(name) => {
                    if let Err(message) = self.declare(&name, Occurrence::Declared) {
                        self.report(expr.span, message);
                        return None;
                    }
                }
                TermKind::Call(terms) => membership = Some(terms),
                _ => {}
            }
        }
        let mut terms = membership?.into_iter().skip(1);
        let (key, value, container) = match (terms.next(), terms.next(), terms.next()) {
            (Some(key), Some(value), Some(container)) => (key, value, container),
            (Some(value), Some(container), None) => (Term::var(self.generator.generate(), expr.span), value, container),
            _ => return None,
        };
        self.declare_membership(&mut expr, key, value, container)
    }

    /// `some k, v in xs` is `v = xs[k]`, in which what is not bound by `xs` is declared.
    fn declare_membership(&mut self, expr: &mut Expr, key: Term, value: Term, container: Term) -> Option<Expr> {
        let skip = Skip { ref_head: true, object_keys: true, closures: true, ..Skip::default() };
        let mut bound = visit::term_vars(&key, skip);
        visit::collect_term(&value, skip, &mut bound);
        let domain = visit::term_vars(&container, Skip { closures: true, ..Skip::default() });
        let twice: Vec<_> = bound.intersection(&domain).filter(|name| !is_wildcard(name)).cloned().collect();
        if !twice.is_empty() {
            for name in twice {
                self.report(expr.span, format!("var {name} assigned before"));
            }
            return None;
        }
        let container_vars = visit::term_vars(&container, Skip::default());
        let span = container.span;
        let parts = match container.kind {
            TermKind::Ref(mut parts) => {
                parts.push(key);
                parts
            }
            _ => vec![container, key],
        };
        let reference = Term::new(TermKind::Ref(parts), span);
        let mut result = expr.clone();
        result.kind = ExprKind::Call(vec![operator("eq", expr.span), value, reference]);
        for name in super::safety::output_of_equality(&result, &container_vars) {
            if let Err(message) = self.declare(&name, Occurrence::Declared) {
                self.report(expr.span, message);
                return None;
            }
        }
        self.in_terms_of(&mut result);
        Some(result)
    }

    fn in_every(&mut self, expr: &mut Expr) {
        let ExprKind::Every(every) = &mut expr.kind else { return };
        self.in_term(&mut every.domain);
        self.scopes.push(Scope::default());
        let span = every.span;
        match &mut every.key {
            Some(key) => self.declare_every(key, span),
            None => every.key = Some(Term::var(self.generator.generate(), span)),
        }
        self.declare_every(&mut every.value, span);
        self.in_body(&mut every.body, &VarSet::new());
        for with in &mut expr.with {
            self.in_with(with);
        }
        self.scopes.pop();
    }

    fn declare_every(&mut self, term: &mut Term, span: Span) {
        let Some(name) = term.as_var().cloned().filter(|name| !is_wildcard(name)) else { return };
        match self.declare(&name, Occurrence::Declared) {
            Ok(local) => term.kind = TermKind::Var(local),
            Err(message) => self.report(span, message),
        }
    }

    fn in_not(&mut self, expr: &mut Expr) {
        let ExprKind::Not(not) = &mut expr.kind else { return };
        if not.explicit_body {
            self.scopes.push(Scope::default());
            self.in_body(&mut not.body, &VarSet::new());
            self.scopes.pop();
        } else {
            self.in_implicit_body(&mut not.body, ASSIGN_IN_NEGATED);
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    fn in_logical(&mut self, expr: &mut Expr) {
        let message = if matches!(expr.kind, ExprKind::And(_)) { ASSIGN_IN_AND } else { ASSIGN_IN_OR };
        let (ExprKind::And(logical) | ExprKind::Or(logical)) = &mut expr.kind else { return };
        for (body, explicit) in [(&mut logical.left, logical.explicit_left), (&mut logical.right, logical.explicit_right)] {
            if explicit {
                self.scopes.push(Scope::default());
                self.in_body(body, &VarSet::new());
                self.scopes.pop();
            } else {
                self.in_implicit_body(body, message);
            }
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    /// A body without braces declares nothing.
    fn in_implicit_body(&mut self, body: &mut Body, message: &str) {
        for expr in body {
            match &expr.kind {
                ExprKind::Call(terms) if terms.first().is_some_and(|op| is_operator(op, "assign")) => {
                    self.report(expr.span, message);
                }
                ExprKind::Not(_) => self.in_not(expr),
                ExprKind::And(_) | ExprKind::Or(_) => self.in_logical(expr),
                _ => self.in_terms_of(expr),
            }
        }
    }

    /// Applies the scopes to an expression that declares nothing.
    fn in_terms_of(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.in_term(term),
            ExprKind::Call(terms) => {
                if let Some((_, operands)) = terms.split_first_mut() {
                    operands.iter_mut().for_each(|term| self.in_term(term));
                }
            }
            _ => {}
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    fn in_term(&mut self, term: &mut Term) {
        match &mut term.kind {
            TermKind::Var(name) => {
                if let Some(local) = self.declared(name) {
                    *name = local.clone();
                } else if self.occurrence(name).is_none() {
                    let name = name.clone();
                    self.insert(&name, name.clone(), Occurrence::Seen);
                }
            }
            TermKind::Ref(parts) => {
                if let [Term { kind: TermKind::Var(name), .. }] = parts.as_slice()
                    && matches!(&**name, "data" | "input")
                {
                    if self.global_occurrence(name).is_some_and(|o| o != Occurrence::Seen)
                        && let Some(local) = self.declared(name)
                    {
                        term.kind = TermKind::Var(local.clone());
                    }
                    return;
                }
                parts.iter_mut().for_each(|part| self.in_term(part));
            }
            TermKind::Call(terms) => {
                if let Some((head, operands)) = terms.split_first_mut() {
                    self.check_operator(head, term.span);
                    operands.iter_mut().for_each(|operand| self.in_term(operand));
                }
            }
            TermKind::Array(parts) | TermKind::Set(parts) => parts.iter_mut().for_each(|part| self.in_term(part)),
            TermKind::Object(entries) => {
                for (key, value) in entries {
                    self.in_term(key);
                    self.in_term(value);
                }
            }
            TermKind::ArrayComprehension(_)
            | TermKind::SetComprehension(_)
            | TermKind::ObjectComprehension(_)
            | TermKind::Template(_) => self.in_closure(term),
            _ => {}
        }
    }

    /// A function whose name is that of a local cannot be called: functions are no values.
    fn check_operator(&mut self, head: &Term, span: Span) {
        for name in visit::term_vars(head, Skip::default()) {
            if self.declared(&name).is_some_and(|local| *local != name) {
                let called = head.as_ref_parts().and_then(super::dotted).unwrap_or_default();
                self.report(span, format!("called function {called} shadowed"));
                return;
            }
        }
    }

    fn in_closure(&mut self, term: &mut Term) {
        self.scopes.push(Scope::default());
        match &mut term.kind {
            TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
                let used = visit::term_vars(&c.0, Skip::default());
                self.in_body(&mut c.1, &used);
                self.in_term(&mut c.0);
            }
            TermKind::ObjectComprehension(c) => {
                let mut used = visit::term_vars(&c.0, Skip::default());
                visit::collect_term(&c.1, Skip::default(), &mut used);
                self.in_body(&mut c.2, &used);
                self.in_term(&mut c.0);
                self.in_term(&mut c.1);
            }
            TermKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Expr(expr) = part {
                        self.scopes.push(Scope::default());
                        self.in_terms_of(expr);
                        self.scopes.pop();
                    }
                }
            }
            _ => {}
        }
        self.scopes.pop();
    }

    /// `input` in a target is the document, even where a local is called so.
    fn in_with(&mut self, with: &mut With) {
        let shadow = self.declared("input").cloned();
        self.in_term(&mut with.target);
        if let Some(local) = shadow {
            match &mut with.target.kind {
                TermKind::Var(name) if *name == local => {
                    let head = Term::var("input", with.target.span);
                    with.target.kind = TermKind::Ref(vec![head]);
                }
                TermKind::Ref(parts) => {
                    if let Some(Term { kind: TermKind::Var(name), .. }) = parts.first_mut()
                        && *name == local
                    {
                        *name = "input".into();
                    }
                }
                _ => {}
            }
        }
        self.in_term(&mut with.value);
    }
}

/// Whether a head holds anything but scalars beside its name.
pub(super) fn head_may_have_vars(head: &Head) -> bool {
    let terms = head.args.iter().chain(&head.key).chain(&head.value).chain(head.reference.iter().skip(1));
    terms.into_iter().any(|term| !is_scalar(term))
}

/// Renames the locals of a query's body.
pub(super) fn rewrite_query(context: &mut Context<'_>, body: &mut Body) {
    let mut locals = Locals::new(context.generator);
    locals.in_body(body, &VarSet::new());
    context.rewritten.extend(locals.rewritten);
    context.problems.append(&mut locals.problems);
    context.problems.append(&mut locals.unused);
}
