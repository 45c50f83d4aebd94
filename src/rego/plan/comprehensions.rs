//! Comprehensions: evaluated where they stand, or, where OPA indexes them, once for all values of what they share with the body around them.
//!
//! An indexed one is planned twice: with what is bound where it stands, and with nothing bound, so that one evaluation gives the solutions for
//! all keys. Which of the two runs is decided while it is evaluated (`eval::comprehensions`).

use std::ops::Range;

use super::{Candidate, Op, Plan, Planner, Reg, RoutineKind, Shape, derived, index};
use crate::rego::ast::{Body, Name, Rule, Span, Term, TermKind};
use crate::rego::compile::Indexed;

/// An indexed comprehension where it stands in code.
#[derive(Debug, Clone)]
pub(in crate::rego) struct Comprehension {
    /// One number for all places where the same comprehension was planned: what one has found, all know.
    pub(in crate::rego) number: u32,
    pub(in crate::rego) shape: Shape,
    /// How many values a solution has, its key included.
    pub(in crate::rego) length: u32,
    /// Whether it tells when the index is made: then at the first evaluation, as in OPA.
    pub(in crate::rego) is_eager: bool,
    /// Whether somebody hears how a key that has no solution is looked for, which OPA does without the index.
    pub(in crate::rego) is_heard: bool,
}

/// An indexed comprehension within another one is planned with each, so that its code doubles.
const MAX_NESTED: u32 = 3;

/// What a comprehension is made of.
struct Parts<'t> {
    shape: Shape,
    /// An element, or a key and a value.
    terms: Vec<&'t Term>,
    body: &'t Body,
    span: Span,
}

impl<'t> Parts<'t> {
    fn of(term: &'t Term) -> Option<Self> {
        Some(match &term.kind {
            TermKind::ArrayComprehension(c) => Self { shape: Shape::Array, terms: vec![&c.0], body: &c.1, span: term.span },
            TermKind::SetComprehension(c) => Self { shape: Shape::Set, terms: vec![&c.0], body: &c.1, span: term.span },
            TermKind::ObjectComprehension(c) => {
                Self { shape: Shape::Object, terms: vec![&c.0, &c.1], body: &c.2, span: c.0.span }
            }
            _ => return None,
        })
    }
}

fn address(term: &Term) -> usize {
    std::ptr::from_ref(term).addr()
}

impl Planner<'_> {
    /// Notes which comprehensions of a rule are indexed.
    pub(super) fn index_comprehensions(&mut self, rule: &Rule) {
        let found = self.compiled.indexed_comprehensions(rule);
        self.note_indexed(found);
    }

    /// The same for a query.
    pub(super) fn index_comprehensions_in_query(&mut self, body: &Body) {
        let found = self.compiled.indexed_in_body(&[], body);
        self.note_indexed(found);
    }

    fn note_indexed(&mut self, found: Vec<Indexed<'_>>) {
        for indexed in found {
            let address = address(indexed.term);
            if self.compiled.binds_before_use(&indexed) && !self.indexed.contains_key(&address) {
                let number = index(self.indexed.len());
                let is_plain = indexed.has_keys_once() && !indexed.leaves_free;
                self.indexed.insert(address, Keys { number, names: indexed.keys, is_plain });
            }
        }
    }

    /// The register of a comprehension's value.
    pub(super) fn comprehension(&mut self, term: &Term) -> Reg {
        let to = self.register();
        let Some(parts) = Parts::of(term) else { return to };
        let keys = self.indexed.get(&address(term)).filter(|_| self.nested_indexes < MAX_NESTED).cloned();
        match keys {
            Some(keys) => {
                self.nested_indexes += 1;
                self.indexed_comprehension(to, &parts, &keys);
                self.nested_indexes -= 1;
            }
            None => self.collect_into(to, &parts, parts.shape),
        }
        to
    }

    /// Evaluated where it stands, with what is bound there.
    fn collect_into(&mut self, to: Reg, parts: &Parts<'_>, shape: Shape) {
        self.emit(Op::Begin);
        let outside = self.fail;
        let end = self.label();
        self.fail = end;
        self.scope(|planner| {
            planner.body(parts.body);
            let regs: Vec<Reg> = parts.terms.iter().map(|term| planner.value(term)).collect();
            match regs.as_slice() {
                [key, value] => planner.emit(Op::CollectPair { key: *key, value: *value }),
                [value] => planner.emit(Op::Collect { value: *value }),
                _ => {}
            }
            planner.emit(Op::Jump { to: planner.fail });
        });
        self.place(end);
        self.fail = outside;
        self.emit(Op::End { to, shape, span: parts.span });
    }

    fn indexed_comprehension(&mut self, to: Reg, parts: &Parts<'_>, keys: &Keys) {
        let key = self.key(&keys.names);
        let (start, plain, done) = (self.here(), self.label(), self.label());
        // Of two values of a key the last stays in an index, and is no conflict (`buildComprehensionCacheObject`).
        let shape = if parts.shape == Shape::Object { Shape::LastObject } else { parts.shape };
        let (begin, problems) = (self.plan.code.len(), self.problems.len());
        let site = index(self.plan.comprehensions.len());
        self.plan.comprehensions.push(Comprehension {
            number: keys.number,
            shape,
            length: index(parts.terms.len() + 1),
            is_eager: !keys.is_plain,
            is_heard: self.compiled.options.tests || self.compiled.options.print_statements,
        });
        self.emit(Op::Indexed { to, site, key, plain, done });
        self.for_all_keys(parts, keys, site);
        if self.problems.len() > problems {
            // What the order of the body takes for bound is not: as if it were not indexed.
            self.problems.truncate(problems);
            self.plan.code.truncate(begin);
            return self.collect_into(to, parts, parts.shape);
        }
        self.emit(Op::Jump { to: start });
        self.index_code.push((site, begin + 1..self.plan.code.len()));
        self.place(plain);
        self.collect_into(to, parts, shape);
        self.place(done);
    }

    /// All solutions, each with its key.
    fn for_all_keys(&mut self, parts: &Parts<'_>, keys: &Keys, site: u32) {
        let end = self.label();
        let outside = std::mem::replace(&mut self.fail, end);
        let (bound, trail) = (std::mem::take(&mut self.bound), std::mem::take(&mut self.trail));
        self.emit(Op::Begin);
        self.body(parts.body);
        match self.key(&keys.names) {
            Some(key) => {
                let mut regs = vec![key];
                regs.extend(parts.terms.iter().map(|term| self.value(term)));
                let parts = self.operands(&regs);
                self.emit(Op::CollectKeyed { parts });
            }
            None => self.unplannable(parts.span, "an index whose keys are not bound"),
        }
        self.emit(Op::Jump { to: self.fail });
        self.place(end);
        self.emit(Op::EndIndex { site });
        (self.bound, self.trail) = (bound, trail);
        self.fail = outside;
    }

    /// What an index is asked by: the only variable's value, or an array of several; `None` where one is not bound, which OPA finds nothing by.
    fn key(&mut self, names: &[Name]) -> Option<Reg> {
        let regs: Vec<Reg> = names.iter().map(|name| self.bound.get(name).copied()).collect::<Option<_>>()?;
        if let [reg] = regs.as_slice() {
            return Some(*reg);
        }
        let (parts, to) = (self.operands(&regs), self.register());
        self.emit(Op::Array { to, parts });
        Some(to)
    }
}

/// Finds which indexes could be told from evaluating the comprehension where it stands. `ranges` has the code of each routine, `indexes` that of
/// each index.
pub(super) fn mark(plan: &mut Plan, ranges: &[(u32, Range<usize>)], indexes: &[(u32, Range<usize>)]) {
    if indexes.is_empty() {
        return;
    }
    let noticed = derived::those_that(plan, ranges, |number, code| {
        code.iter().any(|op| is_noticed(plan, op)) || may_conflict(plan, number)
    });
    let calls_noticed = |op: &Op| derived::callees(op).iter().any(|callee| noticed.get(*callee as usize) != Some(&false));
    for (site, range) in indexes {
        let code = plan.code.get(range.clone()).unwrap_or_default();
        let is_eager = code.iter().any(|op| is_noticed(plan, op) || calls_noticed(op));
        if let Some(comprehension) = plan.comprehensions.get_mut(*site as usize) {
            comprehension.is_eager |= is_eager;
        }
    }
}

/// Whether it could be told that an instruction ran for keys that nobody asks for: it ends the evaluation, is heard, or reaches outside.
fn is_noticed(plan: &Plan, op: &Op) -> bool {
    match op {
        Op::Mocked { .. } | Op::Tell { .. } | Op::WithPush { .. } | Op::End { shape: Shape::Object, .. } => true,
        // A template string with several outputs is a conflict.
        Op::Builtin { site, .. } => plan
            .sites
            .get(*site as usize)
            .is_none_or(|site| site.builtin.nondeterministic || site.builtin.name == "internal.template_string"),
        _ => false,
    }
}

/// Whether a routine's own rules could give two values.
fn may_conflict(plan: &Plan, number: u32) -> bool {
    let Some(routine) = plan.routines.get(number as usize) else { return true };
    match routine.kind {
        RoutineKind::Complete | RoutineKind::Function => {
            let group = |candidate: Option<&Candidate>| candidate.map(|candidate| candidate.group);
            let is_one = group(routine.candidates.first()) == group(routine.candidates.last());
            // One rule gives two values where its body loops.
            !(routine.early_exit || is_one && routine.iters == 0)
        }
        RoutineKind::Partial { is_set } => !is_set,
        RoutineKind::Package | RoutineKind::Query => true,
    }
}

/// What a comprehension is indexed by.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    number: u32,
    names: Vec<Name>,
    /// Whether what it collects is the same, text for text, whether it takes a key's value from outside or from its own body: `1` or `1.0`.
    /// What leaves a variable free collects for all of its values.
    is_plain: bool,
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::super::{Plan, plan_path};
    use crate::rego::{Path, RegoVersion, compile, parser};

    const HELPERS: &str = "f(x) := x\none(x) := y if some y in x\ntwo(x) := 1 if x\ntwo(x) := 2 if x == 3\ntrue_for(x) if x > 1\ntrue_for(x) if x < 0\n\
        set contains data.a[_]\nobject[k] := v if some k, v in data.a";

    fn plan(body: &str, print_statements: bool) -> Plan {
        let source = format!("package p\nr contains x if {{\n\tsome s in data.servers\n\t{body}\n}}\n{HELPERS}");
        let options = parser::Options { version: RegoVersion::V1, module: 0, keywords: parser::FutureKeywords::NONE };
        let module = parser::parse_module(&source, &options).expect("it parses");
        let options = compile::Options { print_statements, ..compile::Options::default() };
        let compiled = compile::compile(vec![module], vec!["p".into()], options, &Default::default()).expect("it compiles");
        plan_path(&compiled, &Path::parse("data.p.r").expect("a path")).expect("it is planned")
    }

    /// Whether each indexed comprehension of the body is indexed at its first evaluation.
    fn indexed(body: &str) -> Vec<bool> {
        plan(body, false).comprehensions.iter().map(|comprehension| comprehension.is_eager).collect()
    }

    #[test]
    fn an_index_is_made_at_once_where_that_could_be_told() {
        for quiet in [
            "x := [p | some e in data.exposed; e.server == s; p := e.port]",
            "x := {p: e | some e in data.exposed; s == e.server; p := e.port + 1}",
            "x := [p | some e in data.exposed; e.server == s; p := f(e.port); true_for(p); set[p]]",
        ] {
            assert_eq!(indexed(quiet), [false], "{quiet}");
        }
        for noticed in [
            "x := [s | some e in data.exposed; e.server == s]",
            "x := [p | some e in data.exposed; e.server == s; p := one(e.port)]",
            "x := [p | some e in data.exposed; e.server == s; p := two(e.port)]",
            "x := [p | some e in data.exposed; e.server == s; p := f(one(e.port))]",
            "x := [p | some e in data.exposed; e.server == s; p := object[e.port]]",
            "x := [p | some e in data.exposed; e.server == s; p := {k: v | some k, v in e}]",
            "x := [p | some e in data.exposed; e.server == s; p := time.now_ns()]",
            "x := [p | some e in data.exposed; e.server == s; p := e.port with input as e]",
        ] {
            assert_eq!(indexed(noticed), [true], "{noticed}");
        }
    }

    #[test]
    fn what_is_not_bound_in_its_order_is_not_indexed() {
        for body in [
            "x := [p | s != \"\"; some e in data.exposed; e.server == s; p := e.port]",
            "x := [p | some e in data.exposed; e.server == concat(\"\", [s]); p := e.port]",
            "x := [p | some p in data.exposed]",
        ] {
            assert!(indexed(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn code_does_not_double_with_each_comprehension_within() {
        let nested = |depth: usize| {
            let body = (0..depth).fold("true".to_owned(), |inner, n| {
                format!("data.d[i{n}] = v{n}; k{n} := data.e[_]; x{n} := [i | some i; data.f[i] = k{n}; {inner}]")
            });
            plan(&format!("x := s; {body}"), false).code.len()
        };
        let (few, many) = (nested(6), nested(12));
        assert!(many < few * 4, "{few}, {many}");
    }

    #[test]
    fn who_hears_what_is_evaluated_hears_it_at_once() {
        let heard = plan("x := [p | some e in data.exposed; e.server == s; p := e.port; print(p)]", true);
        assert!(heard.comprehensions.iter().all(|comprehension| comprehension.is_eager && comprehension.is_heard));
        assert_eq!(heard.comprehensions.len(), 1);
    }
}
