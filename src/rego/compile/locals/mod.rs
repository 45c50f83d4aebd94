//! Locals get names of their own: `x := 1; y = x` becomes `__local0__ = 1; y = __local0__` (OPA's `rewriteLocalVars`).

mod scope;
mod statement;
mod term;
mod unused;

use super::visit::{self, NodeMut, Skip, VarSet, is_scalar};
use super::{Compiler, Contents, Context, Generator, SourceNames, globals};
use crate::rego::ast::{Body, Head, Rule, Term, TermKind};
use crate::rego::builtins;
use crate::rego::parser::Problem;
use scope::{Occurrence, Scope};
use unused::Arguments;

/// Renames the locals of one rule or query.
pub(super) struct Locals<'c> {
    generator: &'c mut Generator,
    /// Whether an assigned variable must be used.
    strict: bool,
    /// Whether `:=` or `some` may declare a name.
    declares: bool,
    /// The scopes around a term, innermost last.
    scopes: Vec<Scope>,
    /// The source's name for each generated one.
    rewritten: SourceNames,
    problems: Vec<Problem>,
    /// What is declared and never used, which does not end compiling.
    unused: Vec<Problem>,
}

pub(super) fn rewrite_local_vars(compiler: &mut Compiler) {
    let mut rules = std::mem::take(&mut compiler.rules);
    for (entry, contents) in rules.iter_mut().zip(&compiler.contents) {
        let mut unused = Arguments::of(if compiler.options.strict { &entry.rule.head.args } else { &[] });
        let mut locals = Locals::new(&mut compiler.generator, compiler.options.strict);
        locals.declares = contents.has(Contents::DECLARATION);
        let mut found = Found::default();
        locals.rename_arguments(&mut entry.rule.head);
        found.take(&mut locals);
        let arguments = if entry.rule.otherwise.is_some() { locals.scopes.clone() } else { Vec::new() };
        let span = entry.rule.head.span;
        let mut next = Some(&mut entry.rule);
        let mut is_first = true;
        while let Some(rule) = next {
            if !is_first {
                locals.scopes.clone_from(&arguments);
                locals.rename_arguments(&mut rule.head);
                locals.scopes.clone_from(&arguments);
            }
            is_first = false;
            locals.in_rule(rule, &mut unused, &mut found);
            unused.used_by_branch(&locals);
            next = rule.otherwise.as_deref_mut();
        }
        compiler.rewritten.extend(locals.rewritten);
        found.problems.extend(unused.problems(span));
        compiler.problems.append(&mut found.problems);
        compiler.failed |= found.failed;
    }
    compiler.rules = rules;
}

/// What was found in the order of the parts of a rule, each of which begins anew.
#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
    failed: bool,
}

impl Found {
    fn take(&mut self, locals: &mut Locals<'_>) {
        self.failed |= !locals.problems.is_empty();
        self.problems.append(&mut locals.problems);
        self.problems.append(&mut locals.unused);
    }
}

impl<'c> Locals<'c> {
    fn new(generator: &'c mut Generator, strict: bool) -> Self {
        Self {
            generator,
            strict,
            declares: true,
            scopes: vec![Scope::default()],
            rewritten: SourceNames::default(),
            problems: Vec::new(),
            unused: Vec::new(),
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
                let local = match self.declared(name).cloned() {
                    Some(local) => {
                        self.seen(name);
                        local
                    }
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

    fn in_rule(&mut self, rule: &mut Rule, unused: &mut Arguments, found: &mut Found) {
        let has_vars = head_may_have_vars(&rule.head);
        let mut used = VarSet::new();
        if has_vars {
            self.in_head_comprehensions(&mut rule.head, found);
            unused.used_by_value(rule.head.value.as_ref());
            let head = &rule.head;
            for term in head.reference.iter().skip(1).chain(&head.key).chain(&head.value).filter(|t| !is_scalar(t)) {
                visit::collect_term(term, Skip::default(), &mut used);
            }
        }
        self.rename_builtin_names(rule);
        self.in_body(&mut rule.body, &used);
        found.take(self);
        if has_vars {
            let scope = self.scopes.last();
            visit::walk_head_mut(&mut rule.head, &mut |node| {
                if let NodeMut::Term(Term { kind: TermKind::Var(name), .. }) = node
                    && let Some(meaning) = scope.and_then(|scope| scope.names.get(name))
                {
                    *name = meaning.local.clone();
                }
                false
            });
        }
    }

    /// What comprehensions and templates in a head declare is theirs alone; the body's locals are applied to them later.
    fn in_head_comprehensions(&mut self, head: &mut Head, found: &mut Found) {
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
        found.take(self);
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
}

/// Whether a head holds anything but scalars beside its name.
pub(super) fn head_may_have_vars(head: &Head) -> bool {
    let terms = head.args.iter().chain(&head.key).chain(&head.value).chain(head.reference.iter().skip(1));
    terms.into_iter().any(|term| !is_scalar(term))
}

/// Renames the locals of a query's body.
pub(super) fn rewrite_query(context: &mut Context<'_>, body: &mut Body) {
    let mut locals = Locals::new(context.generator, false);
    locals.in_body(body, &VarSet::new());
    context.rewritten.extend(locals.rewritten);
    context.problems.append(&mut locals.problems);
    context.problems.append(&mut locals.unused);
}
