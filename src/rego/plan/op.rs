//! The instructions of a plan: flat code over registers. A literal that fails jumps to the next turn of the innermost loop.

use crate::rego::ast::Span;
use crate::rego::builtins;

/// A register, counted from the base of its routine's frame.
pub(in crate::rego) type Reg = u32;
/// An iterator, counted likewise.
pub(in crate::rego) type Iter = u32;
/// A place in the code. While planning it is the number of a label.
pub(in crate::rego) type Label = u32;

/// A run of registers in [`super::Plan::operands`].
#[derive(Debug, Clone, Copy)]
pub(in crate::rego) struct Operands {
    pub(in crate::rego) start: u32,
    pub(in crate::rego) length: u32,
}

/// What a comprehension or a partial rule collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) enum Shape {
    Array,
    Set,
    Object,
    /// An object where the last of a key's values stays, and is no conflict.
    LastObject,
}

/// What an order must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) enum Test {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    NotEqual,
}

impl Test {
    /// The test that a builtin makes.
    pub(in crate::rego) fn named(name: &str) -> Option<Self> {
        match name {
            "lt" => Some(Self::Less),
            "lte" => Some(Self::LessOrEqual),
            "gt" => Some(Self::Greater),
            "gte" => Some(Self::GreaterOrEqual),
            "neq" => Some(Self::NotEqual),
            _ => None,
        }
    }

    #[inline]
    pub(in crate::rego) const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::NotEqual => order.is_ne(),
        }
    }
}

/// What is told of an evaluation on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) enum Told {
    /// `print`: an array of sets of values.
    Print,
    /// A test comes to a case: an array of its names.
    TestCase,
    /// The expression has no solution.
    Failed,
    /// The expression is evaluated, or the rule has a value.
    Covered,
}

impl Told {
    /// What a call of a builtin tells.
    pub(in crate::rego) fn named(name: &str) -> Option<Self> {
        match name {
            "internal.print" => Some(Self::Print),
            "internal.test_case" => Some(Self::TestCase),
            _ => None,
        }
    }
}

/// One instruction. `fail` is where to go when it has no value or does not hold.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Op {
    /// A constant.
    Const { to: Reg, constant: u32 },
    /// A copy of a register.
    Copy { to: Reg, from: Reg },
    /// The whole input.
    Input { to: Reg, fail: Label },
    /// A part of the input, by its number among the plan's.
    InputAt { to: Reg, at: u32, fail: Label },
    /// Base data at a path.
    Base { to: Reg, path: u32, fail: Label },
    /// What a reference finds under a constant.
    Get { to: Reg, from: Reg, key: u32, fail: Label },
    /// What a reference finds under a value.
    GetAt { to: Reg, from: Reg, key: Reg, fail: Label },
    /// The same in base data, whose keys are texts: `data.a[2]` finds `"2"`.
    BaseAt { to: Reg, from: Reg, key: Reg, fail: Label },
    /// Two values are equal.
    Equal { a: Reg, b: Reg, fail: Label },
    /// A value is equal to a constant.
    EqualConst { a: Reg, constant: u32, fail: Label },
    /// Two values stand in an order.
    Ordered { a: Reg, b: Reg, test: Test, fail: Label },
    /// A value is in a collection.
    Member { value: Reg, collection: Reg, fail: Label },
    /// A value is not `false`.
    NotFalse { value: Reg, fail: Label },
    /// Begins to walk a collection.
    Scan { iter: Iter, from: Reg, fail: Label },
    /// The next element; `fail` after the last.
    Next { iter: Iter, key: Reg, value: Reg, fail: Label },
    /// Begins to walk the outputs of a builtin that has several.
    ScanOutputs { iter: Iter, from: Reg },
    /// The next output; `fail` after the last.
    NextOutput { iter: Iter, to: Reg, fail: Label },
    /// The next solution of a reference, an array whose last part is its section; `fail` after the last.
    NextSolution { iter: Iter, to: Reg, fail: Label },
    /// The section of the solution that is being collected.
    Section { to: Reg },
    /// A value that could be equal to a comprehension of this shape.
    MayBe { value: Reg, shape: Shape, fail: Label },
    /// A collection, as `every` needs one.
    IsCollection { value: Reg, fail: Label },
    /// An array of this length.
    IsArray { value: Reg, length: u32, fail: Label },
    /// An object of this many entries.
    IsObject { value: Reg, length: u32, fail: Label },
    /// A new array.
    Array { to: Reg, parts: Operands },
    /// A new set.
    Set { to: Reg, parts: Operands },
    /// A new object of keys and values in turn.
    Object { to: Reg, parts: Operands },
    /// Begins to collect.
    Begin,
    /// Begins to collect the solutions of a reference, until `end`; the code at `next` takes one after another by `iter`.
    BeginSolutions { end: Label, next: Label, iter: Iter },
    /// Adds an element.
    Collect { value: Reg },
    /// Adds an entry.
    CollectPair { key: Reg, value: Reg },
    /// Adds a solution of an indexed comprehension: its key, then what it collects.
    CollectKeyed { parts: Operands },
    /// Ends collecting.
    End { to: Reg, shape: Shape, span: Span },
    /// A comprehension that is indexed, by its key: goes to `done` with its value, to `plain` where it is evaluated where it stands, or on to
    /// where it is evaluated for all keys.
    Indexed { to: Reg, site: u32, key: Option<Reg>, plain: Label, done: Label },
    /// Ends collecting for all keys.
    EndIndex { site: u32 },
    /// Goes on elsewhere.
    Jump { to: Label },
    /// One solution of the code between was enough: what waits there has no turn any more. Goes on at `done`.
    Enough { from: Label, to: Label, done: Label },
    /// Goes on elsewhere if a flag (a boolean) is set.
    JumpIf { flag: Reg, to: Label },
    /// Sets a flag.
    Flag { to: Reg, value: bool },
    /// Tells whoever observes the evaluation, and goes on.
    Tell { told: Told, value: Reg, span: Span },
    /// Calls a builtin.
    Builtin { to: Reg, site: u32, args: Operands, fail: Label },
    /// Calls what replaces a function by `with`, where something does, and then goes to `done`. The last argument may be the known result.
    Mocked { to: Reg, name: u32, args: Operands, is_known: bool, fail: Label, done: Label },
    /// Calls a function.
    Call { to: Reg, routine: u32, args: Operands, fail: Label },
    /// Calls a function whose result is known: it is the last argument, and the rules are asked for it alone.
    CallKnown { to: Reg, callee: Callee, args: Operands, fail: Label },
    /// The document of a rule or a package.
    Document { to: Reg, routine: u32, args: Operands, fail: Label },
    /// Begins to walk the keys of a node in the rule tree, base data's first.
    Keys { iter: Iter, node: u32, fail: Label },
    /// The next key, and where to go for it.
    NextKey { iter: Iter, key: Reg, node: u32, fail: Label },
    /// Where to go for a key.
    Child { key: Reg, node: u32 },
    /// Replaces documents and functions.
    WithPush { spec: u32 },
    /// Ends the replacement.
    WithPop,
    /// Takes the rules that may match.
    Candidates { done: Label },
    /// Goes to the next rule to try; `done` after the last.
    NextCandidate { done: Label },
    /// A complete rule or function has a value; `done` if the first is enough.
    Produce { value: Reg, span: Span, fail: Label, done: Label },
    /// A partial rule has an entry: the keys of nested objects, then a value, or a member of a set.
    Emit { parts: Operands, is_member: bool, span: Span },
    /// Goes on elsewhere if the routine has a value.
    JumpIfProduced { to: Label },
    /// Merges the virtual document in a register with base data.
    MergeBase { value: Reg, path: u32 },
    /// Ends a routine with the value that was produced, if any.
    Return,
    /// Ends a routine with what was emitted.
    ReturnEmitted,
    /// Ends a routine with a register's value.
    ReturnValue { value: Reg },
}

/// A call of a builtin.
#[derive(Debug, Clone)]
pub(in crate::rego) struct Site {
    pub(in crate::rego) builtin: &'static builtins::Builtin,
    pub(in crate::rego) span: Span,
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub(in crate::rego) struct Callee {
    pub(in crate::rego) routine: u32,
    /// The same where the result is known.
    pub(in crate::rego) known: u32,
}

/// What takes the place of a function.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Replacement {
    /// A value, whatever the arguments.
    Value(Reg),
    /// Another function.
    Routine(Callee),
    /// A builtin.
    Builtin(u32),
}

/// The `with` modifiers of one expression.
#[derive(Debug, Clone, Default)]
pub(in crate::rego) struct WithSpec {
    /// Paths below `input`, constants each, and the values there.
    pub(in crate::rego) inputs: Vec<(Vec<u32>, Reg)>,
    /// Paths below `data`.
    pub(in crate::rego) data: Vec<(u32, Reg)>,
    /// Functions by their name.
    pub(in crate::rego) functions: Vec<(u32, Replacement)>,
}

/// A rule that may match: its group (a rule and its `else` branches share one) and its code.
#[derive(Debug, Clone, Copy)]
pub(in crate::rego) struct Candidate {
    pub(in crate::rego) group: u32,
    pub(in crate::rego) label: Label,
}

/// What a routine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rego) enum RoutineKind {
    /// A complete rule.
    Complete,
    /// A function.
    Function,
    /// A partial rule: an object, or a set where the flag is set.
    Partial { is_set: bool },
    /// The document of a package.
    Package,
    /// The query itself.
    Query,
}

/// Code with a frame of its own.
#[derive(Debug, Clone)]
pub(in crate::rego) struct Routine {
    pub(in crate::rego) kind: RoutineKind,
    pub(in crate::rego) entry: Label,
    pub(in crate::rego) registers: u32,
    pub(in crate::rego) iters: u32,
    /// The path below `data`.
    pub(in crate::rego) path: u32,
    pub(in crate::rego) candidates: Vec<Candidate>,
    /// Whether the first value is enough, whichever rules match.
    pub(in crate::rego) early_exit: bool,
    /// The number of the index over the candidates.
    pub(in crate::rego) index: Option<u32>,
    /// Whether its value follows from data alone, if nothing is replaced and no builtin asks for the time.
    pub(in crate::rego) is_derived: bool,
    /// For messages: `data.a.p`.
    pub(in crate::rego) name: String,
}
