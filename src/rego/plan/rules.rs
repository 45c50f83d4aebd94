//! Routines: rule sets, whole or by key, and packages.

use super::{Candidate, Label, Op, Planner, Reg, RoutineKind, Shape, Wanted, index, key_document};
use crate::rego::ast::{Head, Rule, Span, Term};
use crate::rego::compile::{self, Entry, Key, RuleKind, TreeNode, is_constant, kind_of};
use crate::rego::cover::Pass;
use crate::rego::value::{Document, equal};

/// The rules that are evaluated together.
pub(super) struct RuleSet<'c> {
    pub(super) kind: RoutineKind,
    pub(super) is_function: bool,
    /// How many parts the longest reference has below the set's path, a set's member included.
    pub(super) depth: usize,
    entries: Vec<&'c Entry>,
}

impl<'c> RuleSet<'c> {
    pub(super) fn entries(&self) -> &[&'c Entry] {
        &self.entries
    }

    /// The rules and their `else` branches, in the order of the candidates.
    fn branches(&self) -> impl Iterator<Item = &'c Rule> {
        self.entries
            .iter()
            .filter(|entry| !entry.rule.is_default)
            .flat_map(|entry| std::iter::successors(Some(&entry.rule), |rule| rule.otherwise.as_deref()))
    }
}

impl<'c> Planner<'c> {
    /// The rules at a node; those below as well where a reference has variables, since they share a document.
    pub(super) fn rule_set(&self, node: &TreeNode, path_length: usize) -> RuleSet<'c> {
        let compiled = self.compiled;
        let at = |numbers: &[usize]| -> Vec<&'c Entry> { numbers.iter().filter_map(|n| compiled.rules.get(*n)).collect() };
        let mut entries = at(&node.rules);
        let is_ground = |entry: &&Entry| entry.rule.head.reference.iter().skip(1).all(compile::is_scalar);
        if !entries.iter().all(is_ground) {
            entries.clear();
            node.depth_first(&mut |node| {
                entries.extend(at(&node.rules));
                false
            });
        }
        let is_function = entries.first().is_some_and(|entry| !entry.rule.head.args.is_empty());
        let all_ground = entries.iter().filter(|entry| !entry.rule.is_default).all(is_ground);
        let kind = match entries.first().map_or(RuleKind::Single, |entry| kind_of(&entry.rule)) {
            RuleKind::Single if is_function => RoutineKind::Function,
            RuleKind::Single if all_ground => RoutineKind::Complete,
            RuleKind::Multi if all_ground => RoutineKind::Partial { is_set: true },
            RuleKind::Single | RuleKind::Multi => RoutineKind::Partial { is_set: false },
        };
        let depth = entries.iter().map(|entry| depth_of(entry, path_length)).max().unwrap_or(0);
        RuleSet { kind, is_function, depth, entries }
    }

    pub(super) fn routine(&mut self, number: u32, wanted: &Wanted) {
        self.begin_routine();
        let entry = self.here();
        match wanted {
            Wanted::Package { path } => self.package_routine(path),
            Wanted::Rules { path, mask } => self.rules_routine(number, path, *mask),
        }
        self.end_routine(number, entry);
    }

    fn rules_routine(&mut self, number: u32, path: &[Key], mask: u64) {
        let Some(node) = self.node_at(path) else { return };
        let set = self.rule_set(node, path.len());
        let is_partial = matches!(set.kind, RoutineKind::Partial { .. });
        // A function's result, where it is known, is one more argument.
        let args = mask.count_ones() as usize + if is_partial { 0 } else { arity(&set) };
        let known = (!is_partial && mask != 0).then(|| index(arity(&set)));
        for _ in 0..args {
            self.register();
        }
        let (finish, done, next) = (self.label(), self.label(), self.label());
        self.emit(Op::Candidates { done });
        self.place(next);
        self.emit(Op::NextCandidate { done });
        let mut candidates = Vec::new();
        // Branches run one at a time: they share what lies above the arguments.
        let (registers, iters) = (self.registers, self.iters);
        let (mut most_registers, mut most_iters) = (registers, iters);
        for (group, entry) in set.entries.iter().enumerate().filter(|(_, entry)| !entry.rule.is_default) {
            let mut branch = Some(&entry.rule);
            while let Some(rule) = branch {
                let label = self.here();
                candidates.push(Candidate { group: index(group), label });
                self.fail = next;
                self.scope(|planner| {
                    if is_partial {
                        planner.partial_branch(entry, rule, path.len(), mask);
                    } else {
                        planner.complete_branch(rule, known, finish);
                    }
                });
                most_registers = most_registers.max(std::mem::replace(&mut self.registers, registers));
                most_iters = most_iters.max(std::mem::replace(&mut self.iters, iters));
                branch = rule.otherwise.as_deref();
            }
        }
        self.place(done);
        if !is_partial {
            self.default_rule(&set, known, finish);
        }
        self.registers = self.registers.max(most_registers);
        self.iters = self.iters.max(most_iters);
        self.place(finish);
        self.emit(if is_partial { Op::ReturnEmitted } else { Op::Return });
        let agree = agree_on_value(&set);
        let early_exit = !is_partial && agree && self.pass != Pass::WithoutEarlyExit;
        let branches: Vec<&Rule> = set.branches().collect();
        let mut found = if self.pass == Pass::WithoutIndex { None } else { self.index(&branches, agree) };
        if let (Pass::WithoutEarlyExit, Some(index)) = (self.pass, &mut found) {
            index.branches.iter_mut().for_each(|branch| branch.value = None);
        }
        let number_of_index = found.map(|found| {
            self.plan.indexes.push(found);
            index(self.plan.indexes.len() - 1)
        });
        if let Some(routine) = self.plan.routines.get_mut(number as usize) {
            routine.kind = set.kind;
            routine.candidates = candidates;
            routine.early_exit = early_exit;
            routine.index = number_of_index;
        }
    }

    fn default_rule(&mut self, set: &RuleSet<'c>, known: Option<Reg>, finish: Label) {
        let Some(default) = set.entries.iter().find(|entry| entry.rule.is_default) else { return };
        self.emit(Op::JumpIfProduced { to: finish });
        self.fail = finish;
        self.scope(|planner| planner.complete_branch(&default.rule, known, finish));
    }

    /// Arguments, the value where it is known, body, value.
    fn complete_branch(&mut self, rule: &'c Rule, known: Option<Reg>, done: Label) {
        for (reg, arg) in rule.head.args.iter().enumerate() {
            self.destructure(arg, index(reg));
        }
        match (known, &rule.head.value) {
            (Some(reg), Some(value)) => self.destructure(value, reg),
            (Some(reg), None) => {
                let (constant, fail) = (self.constant(Document::Bool(true)), self.fail);
                self.emit(Op::EqualConst { a: reg, constant, fail });
            }
            (None, _) => {}
        }
        self.index_comprehensions(rule);
        self.body(&rule.body);
        let value = match &rule.head.value {
            Some(value) => self.value(value),
            None => self.constant_register(Document::Bool(true)),
        };
        self.covered(rule.head.span);
        let fail = self.fail;
        self.emit(Op::Produce { value, span: rule.span, fail, done });
    }

    /// The keys that are known, body, then the entry.
    fn partial_branch(&mut self, entry: &'c Entry, rule: &'c Rule, path_length: usize, mask: u64) {
        let own = entry_reference(entry, rule);
        let parts: Vec<Term> = own.into_iter().skip(path_length + 1).collect();
        let is_multi = kind_of(rule) == RuleKind::Multi;
        let mut reg: Reg = 0;
        for at in 0..64_usize {
            if mask & (1_u64 << at) == 0 {
                continue;
            }
            let pattern = match parts.get(at) {
                Some(part) => Some(part),
                // A set's member is one step below the set.
                None if at == parts.len() && is_multi => rule.head.key.as_ref(),
                None => None,
            };
            if let Some(pattern) = pattern {
                self.destructure(pattern, reg);
            }
            reg += 1;
        }
        self.index_comprehensions(rule);
        self.body(&rule.body);
        let mut regs: Vec<Reg> = parts.iter().map(|part| self.value(part)).collect();
        if let Some(last) = if is_multi { &rule.head.key } else { &rule.head.value } {
            regs.push(self.value(last));
        }
        self.covered(rule.head.span);
        let parts = self.operands(&regs);
        self.emit(Op::Emit { parts, is_member: is_multi, span: rule.head.span });
        self.emit(Op::Jump { to: self.fail });
    }

    /// What rules define below a node, merged with base data.
    fn package_routine(&mut self, path: &[Key]) {
        let Some(node) = self.node_at(path) else { return };
        let undefined = self.label();
        self.fail = undefined;
        let value = self.virtual_document(node, path);
        let path = self.path(path);
        self.emit(Op::MergeBase { value, path });
        self.emit(Op::ReturnValue { value });
        self.place(undefined);
        self.emit(Op::Return);
    }

    /// An object of the children that are defined; functions are left out.
    fn virtual_document(&mut self, node: &TreeNode, path: &[Key]) -> Reg {
        self.emit(Op::Begin);
        for (key, child) in node.children.iter().filter(|(_, child)| !child.is_hidden) {
            let mut path = path.to_vec();
            path.push(key.clone());
            let (outside, next) = (self.fail, self.label());
            self.fail = next;
            let value =
                if child.rules.is_empty() { Some(self.virtual_document(child, &path)) } else { self.rules_document(child, path) };
            if let Some(value) = value {
                let key = self.constant_register(key_document(key));
                self.emit(Op::CollectPair { key, value });
            }
            self.place(next);
            self.fail = outside;
        }
        let to = self.register();
        self.emit(Op::End { to, shape: Shape::Object, span: Span::default() });
        to
    }

    fn rules_document(&mut self, node: &TreeNode, path: Vec<Key>) -> Option<Reg> {
        let set = self.rule_set(node, path.len());
        if set.is_function {
            return None;
        }
        let routine = self.want(Wanted::Rules { path, mask: 0 }, set.kind);
        let (args, to, fail) = (self.operands(&[]), self.register(), self.fail);
        self.emit(Op::Document { to, routine, args, fail });
        Some(to)
    }
}

/// The whole reference of a rule or one of its `else` branches.
fn entry_reference(entry: &Entry, rule: &Rule) -> Vec<Term> {
    Entry { module: entry.module, package: entry.package.clone(), rule: bare(rule) }.reference()
}

/// The rule's head alone: its reference needs no more.
fn bare(rule: &Rule) -> Rule {
    let head = Head { args: Vec::new(), ..rule.head.clone() };
    Rule { head, body: Vec::new(), otherwise: None, is_default: rule.is_default, span: rule.span }
}

fn depth_of(entry: &Entry, path_length: usize) -> usize {
    let own = (entry.package.len() + entry.rule.head.reference.len()).saturating_sub(path_length + 1);
    own + usize::from(kind_of(&entry.rule) == RuleKind::Multi)
}

fn arity(set: &RuleSet<'_>) -> usize {
    set.entries.first().map_or(0, |entry| entry.rule.head.args.len())
}

/// Whether the first rule that holds decides: all rules are complete and have the same constant value (OPA's `mayEarlyExit`).
pub(super) fn agree_on_value(set: &RuleSet<'_>) -> bool {
    let mut agreed: Option<Document> = None;
    for rule in set.branches() {
        let Some(value) = rule.head.value.as_ref().filter(|value| is_constant(value) && rule.head.key.is_none()) else {
            return false;
        };
        let value = super::terms::document(value);
        match &agreed {
            None => agreed = Some(value),
            Some(first) if equal(&first.view(), &value.view()) => {}
            Some(_) => return false,
        }
    }
    true
}
