//! From compiled rules to flat code (as OPA's `internal/planner`, with static slots and unification decided here).
//!
//! A plan answers one query. It holds the routines that the query reaches and no others. Each rule set is a routine; a partial rule has one for
//! its whole and one for each combination of keys that are known where it is asked, since asking by key decides what is evaluated.

mod body;
mod calls;
mod comprehensions;
mod data;
mod derived;
mod index;
mod known;
mod op;
mod projection;
mod rules;
mod ruleset;
mod terms;
mod unify;
mod with;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

pub(super) use comprehensions::Comprehension;
pub(super) use index::{Branch as IndexBranch, Check, Checks, Index, Lookup, Source};
pub(super) use known::known_calls;
pub(super) use op::{
    Callee, Candidate, Iter, Label, Op, Operands, Reg, Replacement, Routine, RoutineKind, Shape, Site, Test, Told, WithSpec,
};

pub(super) use ruleset::{Root, Ruleset};
pub(super) use terms::constant_value;
pub(super) use with::replaced_function;

use super::Path;
use super::ast::{Body, Name, Span, Term, TermKind};
use super::compile::{self, Compiled, Key, TreeNode};
use super::cover::Pass;
use super::parser::Problem;
use super::value::{Document, Projection};

/// Code that answers one query.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) code: Vec<Op>,
    pub(super) constants: Vec<Document>,
    pub(super) operands: Vec<Reg>,
    pub(super) routines: Vec<Routine>,
    /// Paths below `data`, as constants.
    pub(super) paths: Vec<Vec<u32>>,
    /// Parts of the input that are known where the plan is made.
    pub(super) inputs: Vec<InputPart>,
    /// What of the input is read, where that is all that is read of it.
    pub(super) projection: Option<Projection>,
    pub(super) sites: Vec<Site>,
    pub(super) withs: Vec<WithSpec>,
    pub(super) nodes: Vec<Node>,
    pub(super) indexes: Vec<Index>,
    pub(super) comprehensions: Vec<Comprehension>,
    /// The routine whose value is the query's, where nothing waits for what its caller does: without the query's own routine around it the
    /// answer is the same.
    pub(super) direct: Option<u32>,
    /// The variables of a query's rows, sorted; empty for a path.
    pub(super) columns: Vec<String>,
}

/// A part of the input: what a constant key finds in the input, or in another part.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputPart {
    pub(super) below: Option<u32>,
    pub(super) key: u32,
}

/// So many parts of an input are found once for all that asks for them, each so deep at the most; others each time.
const MAX_INPUT_PARTS: usize = 64;
const MAX_INPUT_DEPTH: usize = 16;

/// A node of the rule tree that a reference walks by values.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) path: u32,
    /// The keys of its children, sorted, and the code for each.
    pub(super) children: Vec<(u32, Label)>,
    /// The code for keys that only base data has.
    pub(super) base: Label,
}

/// In place of a path's number: the whole of base data, `system` included.
pub(super) const ALL_DATA: u32 = u32::MAX;

/// The number of the routine where evaluation begins.
pub(super) const QUERY: u32 = 0;

/// Plans the document at a path.
pub(super) fn plan_path(compiled: &Compiled, path: &Path) -> Result<Plan, Vec<Problem>> {
    let span = Span::default();
    let mut parts = vec![Term::var("data", span)];
    parts.extend(path.keys().iter().map(|key| Term::string(key.as_str(), span)));
    plan_reference(compiled, &parts, Pass::Plain)
}

/// Plans the document at a ground reference that begins with `data`, for a test.
pub(super) fn plan_test(compiled: &Compiled, parts: &[Term], pass: Pass) -> Result<Plan, Vec<Problem>> {
    plan_reference(compiled, parts, pass)
}

fn plan_reference(compiled: &Compiled, parts: &[Term], pass: Pass) -> Result<Plan, Vec<Problem>> {
    let mut planner = Planner::new(compiled, BTreeSet::new());
    planner.pass = pass;
    planner.query(|planner| {
        let value = planner.reference(parts);
        planner.emit(Op::ReturnValue { value });
    });
    planner.finish(Vec::new())
}

/// Plans a query; its rows are objects of bindings.
pub(super) fn plan_query(compiled: &Compiled, body: Body) -> Result<Plan, Vec<Problem>> {
    let (body, names) = compile::compile_query(compiled, body)?;
    let mut mocked = BTreeSet::new();
    with::collect_functions(compiled, &body, &mut mocked);
    let mut planner = Planner::new(compiled, mocked);
    let mut columns = Vec::new();
    planner.query(|planner| {
        planner.emit(Op::Begin);
        let end = planner.label();
        planner.fail = end;
        planner.index_comprehensions_in_query(&body);
        planner.body(&body);
        columns = planner.row(&names);
        planner.emit(Op::Jump { to: planner.fail });
        planner.place(end);
        let value = planner.register();
        planner.emit(Op::End { to: value, shape: Shape::Array, span: Span::default() });
        planner.emit(Op::ReturnValue { value });
    });
    planner.finish(columns)
}

/// A routine that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    /// The rules at a node, whole or by those keys whose bits are set. A function's result is its only key.
    Rules { path: Vec<Key>, mask: u64 },
    /// The document of a package.
    Package { path: Vec<Key> },
}

struct Planner<'c> {
    compiled: &'c Compiled,
    plan: Plan,
    /// The place of each label.
    labels: Vec<Label>,
    routines: HashMap<Wanted, u32>,
    /// Routines that are asked for and not planned yet.
    pending: Vec<(u32, Wanted)>,
    /// Functions that some `with` replaces.
    mocked: BTreeSet<String>,
    names: HashMap<String, u32>,
    paths: HashMap<Vec<Key>, u32>,
    /// By the part above, and the key.
    inputs: HashMap<(Option<u32>, Key), u32>,
    problems: Vec<Problem>,
    /// By the address of the term.
    indexed: HashMap<usize, comprehensions::Keys>,
    nested_indexes: u32,
    /// The code that makes each index, by the number of the comprehension among the plan's.
    index_code: Vec<(u32, Range<usize>)>,
    pass: Pass,
    /// The code of each routine.
    ranges: Vec<(u32, Range<usize>)>,
    // The routine that is being planned:
    /// Where its code begins.
    start: usize,
    /// Where a literal goes that fails.
    fail: Label,
    registers: u32,
    iters: u32,
    bound: HashMap<Name, Reg>,
    /// What was bound, and what it was before.
    trail: Vec<(Name, Option<Reg>)>,
}

impl<'c> Planner<'c> {
    fn new(compiled: &'c Compiled, mut mocked: BTreeSet<String>) -> Self {
        mocked.extend(compiled.mocked.get_or_init(|| mocked_by_rules(compiled)).iter().cloned());
        Self {
            compiled,
            plan: Plan::default(),
            labels: Vec::new(),
            routines: HashMap::new(),
            pending: Vec::new(),
            mocked,
            names: HashMap::new(),
            paths: HashMap::new(),
            inputs: HashMap::new(),
            problems: Vec::new(),
            indexed: HashMap::new(),
            nested_indexes: 0,
            index_code: Vec::new(),
            pass: Pass::Plain,
            ranges: Vec::new(),
            start: 0,
            fail: 0,
            registers: 0,
            iters: 0,
            bound: HashMap::new(),
            trail: Vec::new(),
        }
    }

    /// Plans the query's own routine, then all that it needs.
    fn query(&mut self, plan: impl FnOnce(&mut Self)) {
        let path = self.path(&[]);
        self.plan.routines.push(Routine {
            kind: RoutineKind::Query,
            entry: 0,
            registers: 0,
            iters: 0,
            path,
            candidates: Vec::new(),
            early_exit: false,
            index: None,
            is_derived: false,
            name: String::new(),
        });
        self.begin_routine();
        let entry = self.here();
        let undefined = self.label();
        self.fail = undefined;
        plan(self);
        self.place(undefined);
        self.emit(Op::Return);
        self.end_routine(QUERY, entry);
        while let Some((number, wanted)) = self.pending.pop() {
            self.routine(number, &wanted);
        }
    }

    fn finish(mut self, columns: Vec<String>) -> Result<Plan, Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        derived::mark(&mut self.plan, &self.ranges);
        comprehensions::mark(&mut self.plan, &self.ranges, &self.index_code);
        self.resolve_labels();
        self.plan.projection = projection::of(&self.plan);
        self.plan.columns = columns;
        self.plan.direct = self.direct();
        Ok(self.plan)
    }

    /// The routine that the query's own does nothing but ask, unless errors may wait for a turn: those know how many frames there are.
    fn direct(&self) -> Option<u32> {
        let (_, range) = self.ranges.iter().find(|(number, _)| *number == QUERY)?;
        let [Op::Document { to, routine, args, .. }, Op::ReturnValue { value }, ..] = self.plan.code.get(range.clone())? else {
            return None;
        };
        let waits = |op: &Op| matches!(op, Op::NextOutput { .. } | Op::NextSolution { .. });
        (to == value && args.length == 0 && !self.plan.code.iter().any(waits)).then_some(*routine)
    }

    /// The object of a query's bindings: what the query's text names, and neither `_` nor what the compiler made.
    fn row(&mut self, names: &compile::SourceNames) -> Vec<String> {
        let mut columns: Vec<(String, Reg)> = Vec::new();
        for (local, reg) in &self.bound {
            let name = names.get(local).unwrap_or(local);
            if !name.starts_with('$') && !name.starts_with("__local") {
                columns.push((name.to_string(), *reg));
            }
        }
        columns.sort();
        let mut parts = Vec::new();
        for (name, reg) in &columns {
            let key = self.constant_register(Document::string(name));
            parts.extend([key, *reg]);
        }
        let parts = self.operands(&parts);
        let row = self.register();
        self.emit(Op::Object { to: row, parts });
        self.emit(Op::Collect { value: row });
        columns.into_iter().map(|(name, _)| name).collect()
    }

    fn begin_routine(&mut self) {
        self.start = self.plan.code.len();
        self.registers = 0;
        self.iters = 0;
        self.bound.clear();
        self.trail.clear();
    }

    fn end_routine(&mut self, number: u32, entry: Label) {
        let (registers, iters) = (self.registers, self.iters);
        self.ranges.push((number, self.start..self.plan.code.len()));
        if let Some(routine) = self.plan.routines.get_mut(number as usize) {
            routine.entry = entry;
            routine.registers = registers;
            routine.iters = iters;
        }
    }

    fn emit(&mut self, op: Op) {
        self.plan.code.push(op);
    }

    fn register(&mut self) -> Reg {
        self.registers += 1;
        self.registers - 1
    }

    fn iterator(&mut self) -> Iter {
        self.iters += 1;
        self.iters - 1
    }

    /// A label that is placed later.
    fn label(&mut self) -> Label {
        self.labels.push(Label::MAX);
        index(self.labels.len() - 1)
    }

    /// Puts a label here.
    fn place(&mut self, label: Label) {
        let here = index(self.plan.code.len());
        if let Some(place) = self.labels.get_mut(label as usize) {
            *place = here;
        }
    }

    /// A label for this place.
    fn here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    fn bind(&mut self, name: &Name, reg: Reg) {
        let before = self.bound.insert(name.clone(), reg);
        self.trail.push((name.clone(), before));
    }

    /// Plans what binds nothing for the outside.
    fn scope<T>(&mut self, plan: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.trail.len();
        let result = plan(self);
        while self.trail.len() > mark {
            match self.trail.pop() {
                Some((name, Some(reg))) => drop(self.bound.insert(name, reg)),
                Some((name, None)) => drop(self.bound.remove(&name)),
                None => {}
            }
        }
        result
    }

    fn operands(&mut self, regs: &[Reg]) -> Operands {
        let start = index(self.plan.operands.len());
        self.plan.operands.extend_from_slice(regs);
        Operands { start, length: index(regs.len()) }
    }

    fn constant(&mut self, value: Document) -> u32 {
        self.plan.constants.push(value);
        index(self.plan.constants.len() - 1)
    }

    fn constant_register(&mut self, value: Document) -> Reg {
        let (to, constant) = (self.register(), self.constant(value));
        self.emit(Op::Const { to, constant });
        to
    }

    /// The number of a path below `data`.
    fn path(&mut self, keys: &[Key]) -> u32 {
        if let Some(number) = self.paths.get(keys) {
            return *number;
        }
        let constants = keys.iter().map(|key| self.constant(key_document(key))).collect();
        self.plan.paths.push(constants);
        let number = index(self.plan.paths.len() - 1);
        self.paths.insert(keys.to_vec(), number);
        number
    }

    /// The number of a part of the input; none where it is the whole, or one too many.
    fn input_path(&mut self, keys: &[Key]) -> Option<u32> {
        if keys.len() > MAX_INPUT_DEPTH {
            return None;
        }
        let mut found = None;
        for key in keys {
            let wanted = (found, key.clone());
            found = Some(match self.inputs.get(&wanted) {
                Some(number) => *number,
                None if self.plan.inputs.len() >= MAX_INPUT_PARTS => return None,
                None => {
                    let part = InputPart { below: found, key: self.constant(key_document(key)) };
                    self.plan.inputs.push(part);
                    let number = index(self.plan.inputs.len() - 1);
                    self.inputs.insert(wanted, number);
                    number
                }
            });
        }
        found
    }

    /// The number of a function's name among those that `with` replaces.
    fn function_name(&mut self, name: &str) -> u32 {
        let next = index(self.names.len());
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    /// The routine that is wanted, planned later if it is new.
    fn want(&mut self, wanted: Wanted, kind: RoutineKind) -> u32 {
        if let Some(number) = self.routines.get(&wanted) {
            return *number;
        }
        let keys = match &wanted {
            Wanted::Rules { path, .. } | Wanted::Package { path } => path.clone(),
        };
        let path = self.path(&keys);
        let number = index(self.plan.routines.len());
        self.plan.routines.push(Routine {
            kind,
            entry: 0,
            registers: 0,
            iters: 0,
            path,
            candidates: Vec::new(),
            early_exit: false,
            index: None,
            is_derived: false,
            name: display_path(&keys),
        });
        self.routines.insert(wanted.clone(), number);
        self.pending.push((number, wanted));
        number
    }

    /// A defect of the compiler, or something it let pass: refused rather than decided wrongly.
    fn unplannable(&mut self, span: Span, what: &str) {
        self.problems.push(Problem::new("rego_compile_error", span, format!("cannot plan {what}")));
    }

    fn node_at(&self, path: &[Key]) -> Option<&'c TreeNode> {
        path.iter().try_fold(self.compiled.tree.root(), |node, key| node.child(key))
    }

    fn resolve_labels(&mut self) {
        let labels = std::mem::take(&mut self.labels);
        let place = |label: &mut Label| *label = labels.get(*label as usize).copied().unwrap_or(Label::MAX);
        for op in &mut self.plan.code {
            each_label(op, &place);
        }
        for node in &mut self.plan.nodes {
            place(&mut node.base);
            node.children.iter_mut().for_each(|(_, label)| place(label));
        }
        for routine in &mut self.plan.routines {
            place(&mut routine.entry);
            routine.candidates.iter_mut().for_each(|candidate| place(&mut candidate.label));
        }
    }
}

fn each_label(op: &mut Op, place: &impl Fn(&mut Label)) {
    match op {
        Op::Input { fail, .. }
        | Op::InputAt { fail, .. }
        | Op::Base { fail, .. }
        | Op::Get { fail, .. }
        | Op::GetAt { fail, .. }
        | Op::BaseAt { fail, .. }
        | Op::Equal { fail, .. }
        | Op::EqualConst { fail, .. }
        | Op::Ordered { fail, .. }
        | Op::Member { fail, .. }
        | Op::NotFalse { fail, .. }
        | Op::Scan { fail, .. }
        | Op::Next { fail, .. }
        | Op::NextOutput { fail, .. }
        | Op::NextSolution { fail, .. }
        | Op::MayBe { fail, .. }
        | Op::IsCollection { fail, .. }
        | Op::IsArray { fail, .. }
        | Op::IsObject { fail, .. }
        | Op::Builtin { fail, .. }
        | Op::Call { fail, .. }
        | Op::CallKnown { fail, .. }
        | Op::Document { fail, .. }
        | Op::Keys { fail, .. }
        | Op::NextKey { fail, .. } => place(fail),
        Op::Indexed { plain: fail, done, .. } | Op::Mocked { fail, done, .. } | Op::Produce { fail, done, .. } => {
            place(fail);
            place(done);
        }
        Op::BeginSolutions { end, next, .. } => {
            place(end);
            place(next);
        }
        Op::Enough { from, to, done } => {
            place(from);
            place(to);
            place(done);
        }
        Op::Jump { to } | Op::JumpIf { to, .. } | Op::JumpIfProduced { to } => place(to),
        Op::Candidates { done } | Op::NextCandidate { done } => place(done),
        Op::Const { .. }
        | Op::Copy { .. }
        | Op::Array { .. }
        | Op::Set { .. }
        | Op::ScanOutputs { .. }
        | Op::Section { .. }
        | Op::Object { .. }
        | Op::Begin
        | Op::Collect { .. }
        | Op::CollectPair { .. }
        | Op::CollectKeyed { .. }
        | Op::EndIndex { .. }
        | Op::End { .. }
        | Op::Flag { .. }
        | Op::Child { .. }
        | Op::WithPush { .. }
        | Op::WithPop
        | Op::Tell { .. }
        | Op::Emit { .. }
        | Op::MergeBase { .. }
        | Op::Return
        | Op::ReturnEmitted
        | Op::ReturnValue { .. } => {}
    }
}

/// The functions that some `with` of the rules replaces.
fn mocked_by_rules(compiled: &Compiled) -> BTreeSet<String> {
    let mut mocked = BTreeSet::new();
    for entry in &compiled.rules {
        let mut next = Some(&entry.rule);
        while let Some(rule) = next {
            with::collect_functions_in_rule(compiled, rule, &mut mocked);
            next = rule.otherwise.as_deref();
        }
    }
    mocked
}

/// A count as it stands in code.
fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn key_document(key: &Key) -> Document {
    match key {
        Key::Null => Document::Null,
        Key::Bool(b) => Document::Bool(*b),
        Key::Number(text) => terms::number(text),
        Key::String(text) => Document::string(text),
    }
}

fn display_path(keys: &[Key]) -> String {
    let span = Span::default();
    let mut parts = vec![Term::var("data", span)];
    parts.extend(keys.iter().map(|key| {
        let kind = match key {
            Key::Null => TermKind::Null,
            Key::Bool(b) => TermKind::Bool(*b),
            Key::Number(text) => TermKind::Number(text.clone()),
            Key::String(text) => TermKind::String(text.clone()),
        };
        Term::new(kind, span)
    }));
    compile::display_reference(&parts)
}
