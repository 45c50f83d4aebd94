//! The syntax tree, in the shape of OPA's (`v1/ast/policy.go`, `v1/ast/term.go`), since the compiler's stages are OPA's.
//!
//! Nodes own their children: the compiler rewrites them in place. Names are counted text, so that copying a tree copies no text.

use std::sync::Arc;

use super::RegoVersion;
pub use super::annotation::{Annotation, Scope};

/// A name: of a variable, a rule, a key.
pub type Name = Arc<str>;

/// A place in a module's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The module's number among those compiled together.
    pub module: u32,
    /// The row, from 1; 0 where a node was made by the compiler and has no place.
    pub row: u32,
    /// The column, from 1, in characters as OPA counts them.
    pub col: u32,
    /// The offset of the first byte of the node's text.
    pub offset: u32,
    /// The length of the node's text in bytes.
    pub length: u32,
}

/// A module: its package, imports and rules.
#[derive(Debug, Clone)]
pub struct Module {
    /// The package's path.
    pub package: Package,
    /// The imports, in order.
    pub imports: Vec<Import>,
    /// The rules, in order. Several rules may come from one text: `p := 1 if a { … } { … }`.
    pub rules: Vec<Rule>,
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// The annotations, in order.
    pub annotations: Vec<Annotation>,
    /// The language's version after `import rego.v1` and `import rego.v2`.
    pub version: RegoVersion,
    /// Whether `not` hoists nothing out of the negation: `future.keywords.not`, or v2.
    pub not_bodies: bool,
    /// Whether some of its rules were left out, which nobody needs: nothing is said of what the others leave unused.
    pub is_part: bool,
}

/// `package a.b`: a reference that begins with `data`.
#[derive(Debug, Clone)]
pub struct Package {
    /// The reference, `data` first.
    pub path: Vec<Term>,
    /// Its place.
    pub span: Span,
}

/// `import data.a.b as c`.
#[derive(Debug, Clone)]
pub struct Import {
    /// The reference (or variable) that is imported.
    pub path: Term,
    /// The name after `as`.
    pub alias: Option<Name>,
    /// Its place.
    pub span: Span,
}

/// A comment, without its `#`.
#[derive(Debug, Clone)]
pub struct Comment {
    /// The text after `#`.
    pub text: Arc<str>,
    /// Its place.
    pub span: Span,
}

/// A rule, a function, or a default.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it defines.
    pub head: Head,
    /// Under which conditions; `true` where the text has none.
    pub body: Body,
    /// The `else` branch.
    pub otherwise: Option<Box<Rule>>,
    /// Whether it is a `default` rule.
    pub is_default: bool,
    /// Its place.
    pub span: Span,
}

/// A rule's head.
#[derive(Debug, Clone)]
pub struct Head {
    /// The name of a rule whose reference is one name; empty where it is longer.
    pub name: Name,
    /// The whole reference, its name (a variable) first; `p.q.r` and `p[x].q` alike.
    pub reference: Vec<Term>,
    /// The parameters; empty also for a rule that is no function.
    pub args: Vec<Term>,
    /// The member of a partial set, or the key of a partial object.
    pub key: Option<Term>,
    /// The value of a complete rule, a function or a partial object.
    pub value: Option<Term>,
    /// Whether the text has `:=`.
    pub assign: bool,
    /// Whether the value `true` was not written.
    pub generated_value: bool,
    /// Its place.
    pub span: Span,
}

/// Expressions that must all hold.
pub type Body = Vec<Expr>;

/// One expression of a body.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Whether `not` stands before it: the negation of OPA v1, out of which operands are hoisted.
    pub negated: bool,
    /// Its `with` modifiers, in order.
    pub with: Vec<With>,
    /// Whether the compiler made it.
    pub generated: bool,
    /// Whether `:=` was rewritten to this equality: what stands right is not bound by what stands left.
    pub from_assignment: bool,
    /// Its place.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A term that must be defined and not false.
    Term(Term),
    /// A call: the operator (a reference), then its operands. `a == b` is `equal(a, b)`, `a = b` is `eq(a, b)`, `a := b` is `assign(a, b)`.
    Call(Vec<Term>),
    /// `some x, y`, or `some k, v in xs`: then one call of `internal.member_2` or `internal.member_3`.
    Some(Vec<Term>),
    /// `every k, v in xs { … }`.
    Every(Box<Every>),
    /// `not { … }`, and `not x` where `future.keywords.not` is in force: nothing is hoisted out of it.
    Not(Box<Not>),
    /// `a and b`.
    And(Box<Logical>),
    /// `a or b`.
    Or(Box<Logical>),
}

/// `every`.
#[derive(Debug, Clone)]
pub struct Every {
    /// The variable of the key, if there is one.
    pub key: Option<Term>,
    /// The variable of the value.
    pub value: Term,
    /// What is walked.
    pub domain: Term,
    /// What must hold for each element.
    pub body: Body,
    /// Its place.
    pub span: Span,
}

/// A negated body.
#[derive(Debug, Clone)]
pub struct Not {
    /// What must not hold.
    pub body: Body,
    /// Whether it was written in braces.
    pub explicit_body: bool,
    /// Its place.
    pub span: Span,
}

/// Two bodies joined by `and` or `or`.
#[derive(Debug, Clone)]
pub struct Logical {
    /// The left one.
    pub left: Body,
    /// Whether it was written in braces.
    pub explicit_left: bool,
    /// The right one.
    pub right: Body,
    /// Whether it was written in braces.
    pub explicit_right: bool,
    /// Its place.
    pub span: Span,
}

/// `with input.x as y`.
#[derive(Debug, Clone)]
pub struct With {
    /// What is replaced: a reference.
    pub target: Term,
    /// By what.
    pub value: Term,
    /// Its place.
    pub span: Span,
}

/// A term and its place.
#[derive(Debug, Clone)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of terms.
#[derive(Debug, Clone)]
pub enum TermKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, by its text.
    Number(Arc<str>),
    /// A string, unescaped.
    String(Arc<str>),
    /// `$"a {x} b"`.
    Template(Vec<TemplatePart>),
    /// A variable. The parser names each `_` anew: `$0`, `$1`, …
    Var(Name),
    /// A reference: its head, then what selects. Keys after a dot are strings.
    Ref(Vec<Term>),
    /// `[a, b]`.
    Array(Vec<Term>),
    /// `{a: b}`, as written.
    Object(Vec<(Term, Term)>),
    /// `{a, b}`, as written; `set()` is empty.
    Set(Vec<Term>),
    /// `[x | …]`.
    ArrayComprehension(Box<(Term, Body)>),
    /// `{x | …}`.
    SetComprehension(Box<(Term, Body)>),
    /// `{k: v | …}`.
    ObjectComprehension(Box<(Term, Term, Body)>),
    /// A call inside a term: the operator (a reference), then its operands.
    Call(Vec<Term>),
}

/// A part of a template string.
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Text, unescaped, or another scalar in braces.
    Constant(Term),
    /// `{expression}`: one expression, as in a body, `with` allowed.
    Expr(Box<Expr>),
}

impl TermKind {
    /// What OPA calls it in messages (`ValueName`).
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Template(_) => "templatestring",
            Self::Var(_) => "var",
            Self::Ref(_) => "ref",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Set(_) => "set",
            Self::ArrayComprehension(_) => "arraycomprehension",
            Self::SetComprehension(_) => "setcomprehension",
            Self::ObjectComprehension(_) => "objectcomprehension",
            Self::Call(_) => "call",
        }
    }
}

impl Term {
    /// A term at a place.
    #[must_use]
    pub const fn new(kind: TermKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// A variable.
    #[must_use]
    pub fn var(name: impl Into<Name>, span: Span) -> Self {
        Self::new(TermKind::Var(name.into()), span)
    }

    /// A string.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self::new(TermKind::String(text.into()), span)
    }

    /// The variable's name, where it is one.
    #[must_use]
    pub const fn as_var(&self) -> Option<&Name> {
        match &self.kind {
            TermKind::Var(name) => Some(name),
            _ => None,
        }
    }

    /// The reference's parts, where it is one.
    #[must_use]
    pub fn as_ref_parts(&self) -> Option<&[Self]> {
        match &self.kind {
            TermKind::Ref(parts) => Some(parts),
            _ => None,
        }
    }

    /// The string, where it is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&Arc<str>> {
        match &self.kind {
            TermKind::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Expr {
    /// An expression without `not` and `with`.
    #[must_use]
    pub const fn new(kind: ExprKind, span: Span) -> Self {
        Self { kind, negated: false, with: Vec::new(), generated: false, from_assignment: false, span }
    }
}
