//! The type checker (OPA's `CheckTypes` stage, `v1/ast/check.go`): rules are typed in the order in which they need one another, and what
//! can never be equal, or is never of the type that a function takes, is refused.

mod children;
mod details;
mod env;
mod infer;
mod problem;
mod references;
mod schemas;
mod vars;
mod with;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::globals::Uses;
use super::graph::{Branch, Edges};
use super::problems::MAX_ERRORS;
use super::visit::{self, Node as Visiting};
use super::{Compiler, Contents, Entry, RuleKind, RuleTree, SourceNames, kind_of, names};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Rule, Span, Term, TermKind};
use crate::rego::order;
use crate::rego::parser::Problem;
use crate::rego::types::{Constant, Declaration, Known, Type, Types, declared};
use details::Want;
use env::{Checked, Env, Node};
use problem::{Moved, TypeProblem};
use schemas::Given;

/// Closures inside closures are checked with what is known outside, too, as OPA does: twice as many at each level. After so many for one
/// rule they are checked where they stand only.
const MAX_CLOSURES: usize = 4096;

/// What is known of rules, for the queries that come later.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct Typed {
    types: Arc<Types>,
    tree: Arc<Node>,
}

/// Level by level, as the tree of rules.
impl Drop for Typed {
    fn drop(&mut self) {
        let mut levels: Vec<Node> = Arc::get_mut(&mut self.tree).map(std::mem::take).into_iter().collect();
        while let Some(node) = levels.pop() {
            levels.extend(node.children.into_nodes());
        }
    }
}

pub(super) fn check(compiler: &mut Compiler) {
    let branches = Branches::of(&compiler.rules);
    let base = Types::over(&declared().types);
    let program = Program {
        rules: &compiler.rules,
        tree: &compiler.tree,
        edges: &compiler.graph.edges,
        rewritten: &compiler.rewritten,
        recorded: &compiler.generator.subjects,
    };
    let annotations = compiler.options.schema_annotations.then_some(&compiler.annotations);
    let mut checker = Checker::new(base, Arc::default(), program);
    checker.given = Given::new(&compiler.schemas, annotations);
    checker.know_input();
    for branch in sorted(&branches, &compiler.graph.edges) {
        if let (Some(rule), Some(entry)) = (branches.get(branch), compiler.rules.get(branch.0)) {
            let contents = compiler.contents.get(branch.0);
            checker.has_closures = contents.is_none_or(|contents| contents.has(Contents::COMPREHENSION));
            checker.check_rule(entry, branch, rule);
        }
    }
    let Checker { types, global, problems, .. } = checker;
    let is_cut = compiler.problems.len() + problems.len() >= MAX_ERRORS;
    let moved = if is_cut { moved(&compiler.uses) } else { Moved::new() };
    compiler.problems.extend(problem::in_order(problems, &moved));
    compiler.typed = Typed { types: Arc::new(types), tree: global };
}

/// Checks the body of a query.
/// `rewritten` has the names of its own locals, `recorded` what variables stand for in its references.
pub(super) fn check_query(
    compiled: &super::Compiled,
    rewritten: &SourceNames,
    recorded: &HashMap<Name, Term>,
    body: &Body,
) -> Vec<Problem> {
    let types = Types::over(&compiled.typed.types);
    let program = Program { rules: &compiled.rules, tree: &compiled.tree, edges: &compiled.graph.edges, rewritten, recorded };
    let mut checker = Checker::new(types, Arc::clone(&compiled.typed.tree), program);
    checker.current = Some(body);
    let global = Arc::clone(&checker.global);
    let env = Env::global(&global);
    let (_, problems) = checker.check_body(&env, body);
    problems.into_iter().map(TypeProblem::into_problem).collect()
}

/// The place of the last use of each name, by the places of all.
fn moved(uses: &[Uses]) -> Moved {
    let moved = |uses: &Uses| uses.last().map(|last| uses.iter().map(|place| (*place, *last)).collect::<Vec<_>>());
    uses.iter().filter_map(moved).flatten().collect()
}

/// All branches, in their order.
struct Branches<'r> {
    all: Vec<(Branch, &'r Rule)>,
    /// Where those of each rule begin.
    first: Vec<usize>,
}

impl<'r> Branches<'r> {
    fn of(rules: &'r [Entry]) -> Self {
        let (mut all, mut first) = (Vec::with_capacity(rules.len()), Vec::with_capacity(rules.len()));
        for (number, entry) in rules.iter().enumerate() {
            first.push(all.len());
            let chain = std::iter::successors(Some(&entry.rule), |rule| rule.otherwise.as_deref());
            all.extend(chain.enumerate().map(|(branch, rule)| ((number, branch), rule)));
        }
        Self { all, first }
    }

    /// The place of a branch among all.
    fn at(&self, branch: Branch) -> Option<usize> {
        let at = self.first.get(branch.0)? + branch.1;
        self.all.get(at).filter(|(own, _)| *own == branch).map(|_| at)
    }

    fn get(&self, branch: Branch) -> Option<&'r Rule> {
        self.all.get(self.at(branch)?).map(|(_, rule)| *rule)
    }
}

/// What a call of a builtin with the wrong number of arguments gives, and what is wanted.
pub(super) fn arity_details(declaration: &Declaration, operands: &[Term]) -> Vec<String> {
    let (graph, rewritten, recorded, tree) = (Edges::new(), SourceNames::default(), HashMap::new(), RuleTree::default());
    let program = Program { rules: &[], tree: &tree, edges: &graph, rewritten: &rewritten, recorded: &recorded };
    let mut checker = Checker::new(Types::over(&declared().types), Arc::default(), program);
    let env = Env::global(&Arc::default());
    let have: Vec<Known> = operands.iter().map(|operand| checker.type_of(&env, operand)).collect();
    details::arguments(&checker.types, &have, Want::Builtin(declaration))
}

/// Rules after those that they refer to (OPA's `graphSort`).
fn sorted(branches: &Branches<'_>, edges: &Edges) -> Vec<Branch> {
    let place = |branch: &Branch| branches.get(*branch).map(|rule| (rule.span.module, rule.span.row, rule.span.col));
    let by_place = |list: &mut Vec<Branch>| {
        if list.len() > 1 {
            list.sort_by_cached_key(|branch| (place(branch), *branch));
        }
    };
    let mut roots: Vec<Branch> = branches.all.iter().map(|(branch, _)| *branch).collect();
    by_place(&mut roots);
    let mut done = vec![false; roots.len()];
    // Whether nobody has come to the branch before.
    let mut reach = |branch: Branch| {
        let known = branches.at(branch).and_then(|at| done.get_mut(at));
        known.is_some_and(|done| !std::mem::replace(done, true))
    };
    let mut order = Vec::with_capacity(roots.len());
    // Each with the dependencies that are left, the first one last.
    let mut open: Vec<(Branch, Vec<Branch>)> = Vec::new();
    let enter = |branch: Branch| {
        let mut needed: Vec<Branch> = edges.get(&branch).into_iter().flatten().copied().collect();
        by_place(&mut needed);
        needed.reverse();
        (branch, needed)
    };
    for root in roots {
        if reach(root) {
            open.push(enter(root));
        }
        while let Some((branch, left)) = open.last_mut() {
            match left.pop() {
                Some(next) => {
                    if reach(next) {
                        open.push(enter(next));
                    }
                }
                None => {
                    order.push(*branch);
                    open.pop();
                }
            }
        }
    }
    order
}

/// A reference up to its first part that is not ground.
fn ground_part(reference: &[Term]) -> &[Term] {
    let end = reference.iter().skip(1).position(|part| !visit::is_ground(part)).map_or(reference.len(), |at| at + 1);
    reference.get(..end).unwrap_or_default()
}

/// What is checked.
#[derive(Clone, Copy)]
struct Program<'p> {
    rules: &'p [Entry],
    tree: &'p RuleTree,
    edges: &'p Edges,
    rewritten: &'p SourceNames,
    recorded: &'p HashMap<Name, Term>,
}

struct Checker<'p> {
    types: Types,
    global: Arc<Node>,
    program: Program<'p>,
    problems: Vec<TypeProblem>,
    /// The body of the rule that is being checked.
    current: Option<&'p Body>,
    /// Whether it may hold comprehensions.
    has_closures: bool,
    /// Closures that were checked in it.
    closures: usize,
    /// For what `with` replaces: the rules that depend on it, as any document.
    relaxed: HashMap<(String, bool), Option<Arc<Node>>>,
    dependents: Option<Edges>,
    given: Given<'p>,
}

impl<'p> Checker<'p> {
    fn new(types: Types, global: Arc<Node>, program: Program<'p>) -> Self {
        Self {
            types,
            global,
            program,
            problems: Vec::new(),
            current: None,
            has_closures: true,
            closures: 0,
            relaxed: HashMap::new(),
            dependents: None,
            given: Given::default(),
        }
    }

    /// What a schema says of the whole input.
    fn know_input(&mut self) {
        match self.given.input(&mut self.types) {
            Ok(None) => {}
            Ok(known) => Arc::make_mut(&mut self.global).put(&[Term::var("input", Span::default())], known),
            Err(problem) => self.problems.push(TypeProblem::schema(Span::default(), problem)),
        }
    }

    fn check_rule(&mut self, entry: &Entry, branch: Branch, rule: &'p Rule) {
        (self.current, self.closures) = (Some(&rule.body), 0);
        let path = entry.reference_of(rule);
        let global = Arc::clone(&self.global);
        let (found, problems) = {
            let env = Env::global(&global);
            let layer = self.schema_layer(&env, entry, branch, rule);
            let given = layer.map(|layer| env.wrap_tree(layer));
            let (body, problems) = self.check_body(given.as_ref().unwrap_or(&env), &rule.body);
            let found = problems.is_empty().then(|| self.rule_type(&body, rule, &path));
            (found, problems)
        };
        drop(global);
        self.problems.extend(problems);
        let tree = Arc::make_mut(&mut self.global);
        match found {
            // Who refers to a rule that is wrong is not told so again.
            None => tree.put(&path, Some(Type::ANY)),
            Some((ground, Some(value))) => tree.insert(&mut self.types, path.get(..ground).unwrap_or_default(), value),
            Some((_, None)) => {}
        }
    }

    /// The type of what a rule makes, and how much of its path it stands at.
    fn rule_type(&mut self, env: &Env<'_>, rule: &Rule, path: &[Term]) -> (usize, Known) {
        let value = rule.head.value.as_ref();
        if !rule.head.args.is_empty() {
            for arg in &rule.head.args {
                self.type_unused_args(env, arg);
            }
            let args = rule.head.args.iter().map(|arg| self.type_of(env, arg)).collect();
            let result = value.and_then(|value| self.type_of(env, value));
            return (path.len(), Some(self.types.function(args, None, result)));
        }
        let made = match kind_of(rule) {
            RuleKind::Single => value.and_then(|value| self.type_of(env, value)),
            RuleKind::Multi => {
                let member = rule.head.key.as_ref().and_then(|key| self.type_of(env, key));
                member.map(|member| self.types.set(Some(member)))
            }
        };
        let ground = ground_part(path).len();
        let dynamic = path.get(ground..).unwrap_or_default();
        let nested = made.and_then(|made| {
            dynamic.iter().rev().try_fold(made, |inner, part| {
                let key = self.type_of(env, part)?;
                Some(self.types.object(Vec::new(), Some((Some(key), Some(inner)))))
            })
        });
        (ground, nested)
    }

    /// An argument that the body does not use can be anything.
    fn type_unused_args(&mut self, env: &Env<'_>, arg: &Term) {
        visit::walk(Visiting::Term(arg), &mut |node| {
            if let Visiting::Term(Term { kind: TermKind::Var(name), .. }) = node
                && env.var(name).is_none()
            {
                env.put_var(name, Some(Type::ANY));
            }
            false
        });
    }

    /// Checks each expression, and learns the types of the variables in it.
    fn check_body<'w>(&mut self, env: &'w Env<'_>, body: &Body) -> (Env<'w>, Vec<TypeProblem>) {
        let env = env.wrap();
        let mut problems = Vec::new();
        for expr in body {
            self.in_env_of(&env, expr, |checker, env| {
                let closures = checker.has_closures.then(|| checker.check_closures(env, expr));
                let closures = closures.as_deref().unwrap_or_default();
                let references = checker.check_references(env, expr);
                let is_explained = !closures.is_empty() || !references.is_empty();
                problems.extend(closures.iter().cloned());
                problems.extend(references);
                // What is unknown because of what was found inside is no news.
                problems.extend(checker.check_expr(env, expr).err().filter(|problem| !(is_explained && problem.by_unknown)));
            });
        }
        (env, problems)
    }

    fn check_closures(&mut self, env: &Env<'_>, expr: &Expr) -> Rc<[TypeProblem]> {
        let mut result: Rc<[TypeProblem]> = Rc::default();
        visit::walk(Visiting::Expr(expr), &mut |node| {
            let Visiting::Term(term) = node else { return false };
            if !visit::is_comprehension(term) {
                return false;
            }
            let problems = self.comprehension(env, term).problems;
            let has_problems = !problems.is_empty();
            if has_problems {
                result = problems;
            }
            has_problems || self.closures > MAX_CLOSURES
        });
        result
    }

    /// The type of a comprehension, and what is wrong inside.
    fn comprehension(&mut self, env: &Env<'_>, term: &Term) -> Checked {
        if let Some(checked) = env.checked(term) {
            return checked;
        }
        self.closures += 1;
        let body = match &term.kind {
            TermKind::ArrayComprehension(inner) | TermKind::SetComprehension(inner) => &inner.1,
            TermKind::ObjectComprehension(inner) => &inner.2,
            _ => return Checked { problems: Rc::default(), value: None },
        };
        let (inside, problems) = self.check_body(env, body);
        let value = if problems.is_empty() { Some(self.collected(&inside, term)) } else { None };
        drop(inside);
        let checked = Checked { problems: problems.into(), value };
        env.remember(term, &checked);
        checked
    }

    fn collected(&mut self, env: &Env<'_>, term: &Term) -> Type {
        match &term.kind {
            TermKind::ArrayComprehension(inner) => {
                let item = self.type_of(env, &inner.0);
                self.types.array(Vec::new(), item)
            }
            TermKind::ObjectComprehension(inner) => {
                let rest = (self.type_of(env, &inner.0), self.type_of(env, &inner.1));
                self.types.object(Vec::new(), Some(rest))
            }
            TermKind::SetComprehension(inner) => {
                let member = self.type_of(env, &inner.0);
                self.types.set(member)
            }
            _ => Type::ANY,
        }
    }

    /// The type of a term (OPA's `GetByValue`).
    fn type_of(&mut self, env: &Env<'_>, term: &Term) -> Known {
        match &term.kind {
            TermKind::Null => Some(Type::NULL),
            TermKind::Bool(_) => Some(Type::BOOLEAN),
            TermKind::Number(_) => Some(Type::NUMBER),
            TermKind::String(_) | TermKind::Template(_) => Some(Type::STRING),
            TermKind::Var(name) => env.var(name),
            TermKind::Ref(parts) => env.reference(&mut self.types, parts),
            TermKind::Array(items) => {
                let items = items.iter().map(|item| self.type_of(env, item)).collect();
                Some(self.types.array(items, None))
            }
            TermKind::Set(members) => {
                let of = members.iter().fold(None, |found, member| {
                    let member = self.type_of(env, member);
                    self.types.or(found, member)
                });
                Some(self.types.set(of))
            }
            TermKind::Object(entries) => Some(self.object_type(env, entries)),
            TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => {
                self.comprehension(env, term).value
            }
            TermKind::Call(_) => None,
        }
    }

    /// Where several keys are known only later, the type is that of the last one.
    fn object_type(&mut self, env: &Env<'_>, entries: &[(Term, Term)]) -> Type {
        let mut properties = Vec::new();
        let mut last: Option<&(Term, Term)> = None;
        for entry in entries {
            match Constant::of(&entry.0) {
                Some(key) => properties.push((key, self.type_of(env, &entry.1))),
                None if last.is_some_and(|last| order::compare(&last.0, &entry.0).is_gt()) => {}
                None => last = Some(entry),
            }
        }
        // Of two equal keys the later one counts.
        properties.reverse();
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        properties.dedup_by(|later, earlier| later.0 == earlier.0);
        let rest = last.map(|(key, value)| (self.type_of(env, key), self.type_of(env, value)));
        self.types.object(properties, rest)
    }

    fn check_expr(&mut self, env: &Env<'_>, expr: &Expr) -> Result<(), TypeProblem> {
        self.check_with(env, expr)?;
        let ExprKind::Call(terms) = &expr.kind else { return Ok(()) };
        let Some((operator, operands)) = terms.split_first() else { return Ok(()) };
        let Some(parts) = operator.as_ref_parts() else { return Ok(()) };
        match operands {
            [a, b] if names(parts, "eq") => return self.check_equality(env, expr, a, b),
            [value, collection, ..] if names(parts, "internal.member_2") => {
                self.check_member(env, expr, None, value, collection)?;
            }
            [key, value, collection, ..] if names(parts, "internal.member_3") => {
                self.check_member(env, expr, Some(key), value, collection)?;
            }
            _ => {}
        }
        self.check_call(env, expr, parts, operands)
    }
}
