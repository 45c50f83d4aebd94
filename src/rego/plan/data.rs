//! References: into input, base data, rules and packages.

use super::{ALL_DATA, Iter, Label, Node, Op, Planner, Reg, RoutineKind, Shape, Wanted, index, key_document};
use crate::rego::ast::{Name, Span, Term};
use crate::rego::compile::{Key, TreeNode, is_constant, is_scalar};
use crate::rego::value::Document;

impl Planner<'_> {
    /// The register of a reference's value. What follows runs for each value that its unbound variables give it.
    pub(super) fn reference(&mut self, parts: &[Term]) -> Reg {
        let Some((head, rest)) = parts.split_first() else { return 0 };
        match head.as_var().map(|name| &**name) {
            Some("data") if !self.is_bound(head) => self.data(rest),
            Some("input") if !self.is_bound(head) => {
                let (to, fail) = (self.register(), self.fail);
                let keys: Vec<Key> = rest.iter().map_while(Key::of).collect();
                let below = match self.input_path(&keys) {
                    Some(at) => {
                        self.emit(Op::InputAt { to, at, fail });
                        rest.get(keys.len()..).unwrap_or_default()
                    }
                    None => {
                        self.emit(Op::Input { to, fail });
                        rest
                    }
                };
                self.walk(to, below)
            }
            _ => {
                let from = self.value(head);
                self.walk(from, rest)
            }
        }
    }

    fn data(&mut self, parts: &[Term]) -> Reg {
        match self.node_at(&[]) {
            Some(root) => self.below(root, Vec::new(), parts),
            None => 0,
        }
    }

    /// A reference whose parts so far led to `node`.
    fn below(&mut self, node: &TreeNode, mut path: Vec<Key>, parts: &[Term]) -> Reg {
        let Some((part, rest)) = parts.split_first() else {
            return self.package(path);
        };
        if is_scalar(part) {
            let Some(key) = Key::of(part) else { return 0 };
            let child = node.child(&key);
            path.push(key);
            return match child {
                Some(child) if !child.rules.is_empty() => self.rules(child, path, rest),
                Some(child) => self.below(child, path, rest),
                None => self.base(path, rest),
            };
        }
        if node.children.is_empty() || (is_constant(part) && Key::of(part).is_none()) {
            return self.base(path, parts);
        }
        self.dynamic(node, path, parts)
    }

    /// Base data: the constant parts in one step.
    fn base(&mut self, mut path: Vec<Key>, mut parts: &[Term]) -> Reg {
        while let Some((part, rest)) = parts.split_first()
            && let Some(key) = Key::of(part)
        {
            path.push(key);
            parts = rest;
        }
        // A key that is known finds `system`, too; one that goes through all keys does not meet it.
        let by_key = path.is_empty() && parts.first().is_some_and(|part| self.is_bound(part));
        let path = if by_key { ALL_DATA } else { self.path(&path) };
        let (to, fail) = (self.register(), self.fail);
        self.emit(Op::Base { to, path, fail });
        parts.iter().fold(to, |from, part| self.base_step(from, part))
    }

    /// What a key that is known is looked up in.
    fn base_above(&mut self, path: &[Key]) -> Reg {
        let path = if path.is_empty() { ALL_DATA } else { self.path(path) };
        let (to, fail) = (self.register(), self.fail);
        self.emit(Op::Base { to, path, fail });
        to
    }

    /// One part of a reference into base data.
    fn base_step(&mut self, from: Reg, part: &Term) -> Reg {
        if !self.is_bound(part) {
            return self.walk(from, std::slice::from_ref(part));
        }
        let key = self.value(part);
        let (to, fail) = (self.register(), self.fail);
        self.emit(Op::BaseAt { to, from, key, fail });
        to
    }

    /// The document of a package, rules and base data merged.
    fn package(&mut self, path: Vec<Key>) -> Reg {
        let routine = self.want(Wanted::Package { path }, RoutineKind::Package);
        self.document(routine, &[])
    }

    fn document(&mut self, routine: u32, args: &[Reg]) -> Reg {
        let args = self.operands(args);
        let (to, fail) = (self.register(), self.fail);
        self.emit(Op::Document { to, routine, args, fail });
        to
    }

    /// The document that the rules at a node define, then what lies below it.
    fn rules(&mut self, node: &TreeNode, path: Vec<Key>, rest: &[Term]) -> Reg {
        let set = self.rule_set(node, path.len());
        if set.is_function {
            self.never();
            return self.register();
        }
        if let RoutineKind::Complete = set.kind {
            let routine = self.want(Wanted::Rules { path, mask: 0 }, set.kind);
            let value = self.document(routine, &[]);
            return self.walk(value, rest);
        }
        let (mask, known) = self.known_keys(rest, set.depth);
        let regs: Vec<Reg> = known.iter().map(|part| self.value(part)).collect();
        let routine = self.want(Wanted::Rules { path, mask }, set.kind);
        let value = self.document(routine, &regs);
        self.walk(value, rest)
    }

    /// Which keys of a partial rule are known where it is asked. An unbound first one asks for the whole (OPA's `evalCache`).
    fn known_keys(&self, rest: &[Term], depth: usize) -> (u64, Vec<Term>) {
        let mut mask = 0;
        let mut known = Vec::new();
        for (at, part) in rest.iter().take(depth.min(63)).enumerate() {
            if is_constant(part) || self.is_bound(part) {
                mask |= 1_u64 << at;
                known.push(part.clone());
            } else if at == 0 {
                break;
            }
        }
        (mask, known)
    }

    /// A part that is no constant, where rules lie below: each child has code of its own, and the solutions are collected first, so that
    /// what follows is planned once.
    fn dynamic(&mut self, node: &TreeNode, path: Vec<Key>, parts: &[Term]) -> Reg {
        let Some((part, rest)) = parts.split_first() else { return 0 };
        let names = self.unbound_names(parts);
        let outside = self.fail;
        let (end, next, iter) = (self.label(), self.label(), self.iterator());
        self.emit(Op::BeginSolutions { end, next, iter });
        self.fail = end;
        let key = self.register();
        let number = self.enter(part, key, &path);
        let again = self.fail;
        let mut children = Vec::new();
        for (child_key, child) in &node.children {
            let label = self.branch(again, part, key, &names, |planner| {
                let mut path = path.clone();
                path.push(child_key.clone());
                if child.rules.is_empty() { planner.below(child, path, rest) } else { planner.rules(child, path, rest) }
            });
            let constant = self.constant(key_document(child_key));
            children.push((constant, label));
        }
        let base_path = path.clone();
        let base = self.branch(again, part, key, &names, |planner| {
            let from = planner.base_above(&base_path);
            let (to, fail) = (planner.register(), planner.fail);
            planner.emit(Op::BaseAt { to, from, key, fail });
            rest.iter().fold(to, |from, part| planner.base_step(from, part))
        });
        if let Some(entry) = self.plan.nodes.get_mut(number as usize) {
            entry.children = children;
            entry.base = base;
        }
        self.place(end);
        self.fail = outside;
        self.solutions(&names, next, iter)
    }

    /// Goes to the code for the part's key: the one that is known, or each in turn.
    fn enter(&mut self, part: &Term, key: Reg, path: &[Key]) -> u32 {
        let path = self.path(path);
        self.plan.nodes.push(Node { path, children: Vec::new(), base: Label::MAX });
        let node = index(self.plan.nodes.len() - 1);
        let fail = self.fail;
        if self.is_bound(part) {
            let from = self.value(part);
            self.emit(Op::Copy { to: key, from });
            self.emit(Op::Child { key, node });
            return node;
        }
        let iter = self.iterator();
        self.emit(Op::Keys { iter, node, fail });
        let next = self.here();
        self.emit(Op::NextKey { iter, key, node, fail });
        self.fail = next;
        node
    }

    /// The code for one child: what its reference binds and its value become a solution.
    fn branch(&mut self, again: Label, part: &Term, key: Reg, names: &[Name], plan: impl FnOnce(&mut Self) -> Reg) -> Label {
        let label = self.here();
        self.fail = again;
        self.scope(|planner| {
            planner.destructure(part, key);
            let value = plan(planner);
            let mut regs: Vec<Reg> = names.iter().filter_map(|name| planner.bound.get(name).copied()).collect();
            regs.push(value);
            let section = planner.register();
            planner.emit(Op::Section { to: section });
            regs.push(section);
            let parts = planner.operands(&regs);
            let solution = planner.register();
            planner.emit(Op::Array { to: solution, parts });
            planner.emit(Op::Collect { value: solution });
            planner.emit(Op::Jump { to: planner.fail });
        });
        label
    }

    /// What follows runs for each collected solution.
    fn solutions(&mut self, names: &[Name], next: Label, iter: Iter) -> Reg {
        let (all, solution) = (self.register(), self.register());
        self.emit(Op::End { to: all, shape: Shape::Array, span: Span::default() });
        let fail = self.fail;
        self.emit(Op::ScanOutputs { iter, from: all });
        self.place(next);
        self.emit(Op::NextSolution { iter, to: solution, fail });
        self.fail = next;
        let mut at = 0;
        let mut take = |planner: &mut Self| {
            let key = planner.constant(Document::Int(at));
            at += 1;
            let (to, fail) = (planner.register(), planner.fail);
            planner.emit(Op::Get { to, from: solution, key, fail });
            to
        };
        for name in names {
            let reg = take(self);
            self.bind(name, reg);
        }
        take(self)
    }

    /// The unbound variables of a reference, each once, in order.
    fn unbound_names(&self, parts: &[Term]) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        let mut work: Vec<&Term> = parts.iter().rev().collect();
        while let Some(term) = work.pop() {
            match &term.kind {
                crate::rego::ast::TermKind::Var(name) if !self.bound.contains_key(name) && !names.contains(name) => {
                    names.push(name.clone());
                }
                crate::rego::ast::TermKind::Array(parts) => work.extend(parts.iter().rev()),
                crate::rego::ast::TermKind::Object(entries) => work.extend(entries.iter().rev().map(|(_, value)| value)),
                _ => {}
            }
        }
        names
    }
}
