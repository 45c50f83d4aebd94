//! Rules and bodies in the form that they are evaluated in, each made when it is first come to.

use std::cell::RefCell;
use std::collections::HashMap;

use super::event::Stand;
use super::term::Node;
use crate::rego::ast::{Every, Expr, ExprKind, Rule, Span, Term, TermKind, With};
use crate::rego::builtins::Builtin;
use crate::rego::compile::{self, Compiled, Entry, Key, RuleKind, is_constant, kind_of};
use crate::rego::order;
use crate::rego::plan::{constant_value, replaced_function};
use crate::rego::value::{Arena, Value};

/// A body.
#[derive(Debug)]
pub(super) struct Query<'t> {
    pub(super) exprs: &'t [Literal<'t>],
    pub(super) stand: Stand<'t>,
}

/// An expression of a body.
#[derive(Debug)]
pub(super) struct Literal<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) negated: bool,
    pub(super) with: &'t [Replacement<'t>],
    pub(super) span: Span,
    pub(super) stand: Stand<'t>,
    pub(super) expr: &'t Expr,
}

#[derive(Debug)]
pub(super) enum Kind<'t> {
    Term(Node<'t>),
    Equality(Node<'t>, Node<'t>),
    Call(Function<'t>, &'t [Node<'t>]),
    Every(EachOf<'t>),
    Not(&'t Query<'t>),
    And(&'t Query<'t>, &'t Query<'t>),
    Or(&'t Query<'t>, &'t Query<'t>),
    /// What the compiler leaves nothing of.
    Nothing,
}

/// `every`: the domain's elements, by an equality, and what must hold for each.
#[derive(Debug)]
pub(super) struct EachOf<'t> {
    pub(super) domain: Node<'t>,
    pub(super) generator: &'t Query<'t>,
    pub(super) body: &'t Query<'t>,
}

/// What a call calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Function<'t> {
    /// A function of the policies, by its reference and its name.
    Rules(&'t [Node<'t>], &'t str),
    Builtin(&'static Builtin),
}

impl<'t> Function<'t> {
    pub(super) const fn name(self) -> &'t str {
        match self {
            Self::Rules(_, name) => name,
            Self::Builtin(builtin) => builtin.name,
        }
    }
}

/// One `with`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replacement<'t> {
    Input(&'t [Value<'t>], Node<'t>),
    Data(&'t [Value<'t>], Node<'t>),
    /// A function by its name, and its path where it is the policies'; by another function, or by a value.
    Function(&'t str, Option<&'t [Value<'t>]>, Substitute<'t>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Substitute<'t> {
    Function(Function<'t>),
    Value(Node<'t>),
}

/// A rule or one of its `else` branches.
#[derive(Debug)]
pub(super) struct Lowered<'t> {
    pub(super) args: &'t [Node<'t>],
    pub(super) key: Option<Node<'t>>,
    pub(super) value: Option<Node<'t>>,
    /// The whole reference, `data` first.
    pub(super) reference: &'t [Node<'t>],
    pub(super) body: &'t Query<'t>,
    pub(super) is_multi: bool,
    pub(super) rule: &'t Rule,
    pub(super) stand: Stand<'t>,
}

pub(super) struct Lowering<'t> {
    compiled: &'t Compiled,
    arena: &'t Arena,
    /// By the address of what they were made from.
    bodies: RefCell<HashMap<usize, &'t Query<'t>>>,
    bare: RefCell<HashMap<usize, &'t Query<'t>>>,
    rules: RefCell<HashMap<usize, &'t Lowered<'t>>>,
    /// The variables that comprehensions are indexed by.
    keys: RefCell<HashMap<usize, Vec<&'t str>>>,
}

impl<'t> Lowering<'t> {
    pub(super) fn new(compiled: &'t Compiled, arena: &'t Arena) -> Self {
        Self {
            compiled,
            arena,
            bodies: RefCell::default(),
            bare: RefCell::default(),
            rules: RefCell::default(),
            keys: RefCell::default(),
        }
    }

    pub(super) fn body(&self, body: &'t [Expr]) -> &'t Query<'t> {
        let address = body.as_ptr().addr();
        if let Some(known) = self.bodies.borrow().get(&address) {
            return known;
        }
        let exprs: Vec<Literal<'t>> =
            body.iter().enumerate().map(|(at, expr)| self.literal(expr, Stand::Expr(expr, at))).collect();
        let query = self.arena.alloc(Query { exprs: self.arena.alloc_slice_fill_iter(exprs), stand: Stand::Body(body) });
        self.bodies.borrow_mut().insert(address, query);
        query
    }

    /// The body of an expression alone, without its `not` and `with`.
    pub(super) fn bare(&self, expr: &'t Expr) -> &'t Query<'t> {
        let address = std::ptr::from_ref(expr).addr();
        if let Some(known) = self.bare.borrow().get(&address) {
            return known;
        }
        let literal = Literal { negated: false, with: &[], ..self.literal(expr, Stand::Bare(expr)) };
        let query = self.arena.alloc(Query { exprs: self.arena.alloc_slice_fill_iter([literal]), stand: Stand::BareBody(expr) });
        self.bare.borrow_mut().insert(address, query);
        query
    }

    pub(super) fn rule(&self, entry: &'t Entry, rule: &'t Rule) -> &'t Lowered<'t> {
        let address = std::ptr::from_ref(rule).addr();
        if let Some(known) = self.rules.borrow().get(&address) {
            return known;
        }
        for indexed in self.compiled.indexed_comprehensions(rule) {
            let keys = indexed.keys.iter().map(|key| &*self.arena.alloc_str(key)).collect();
            self.keys.borrow_mut().insert(std::ptr::from_ref(indexed.term).addr(), keys);
        }
        let head = &rule.head;
        let own = head.reference.iter().enumerate().map(|(at, part)| match &part.kind {
            TermKind::Var(name) if at == 0 => Node::Value(Value::String(name.as_bytes())),
            _ => self.node(part),
        });
        let reference: Vec<Node<'t>> = entry.package.iter().map(|part| self.node(part)).chain(own).collect();
        let lowered = self.arena.alloc(Lowered {
            args: self.nodes(&head.args),
            key: head.key.as_ref().map(|key| self.node(key)),
            value: head.value.as_ref().map(|value| self.node(value)),
            reference: self.arena.alloc_slice_copy(&reference),
            body: self.body(&rule.body),
            is_multi: kind_of(rule) == RuleKind::Multi,
            rule,
            stand: Stand::Rule(entry, rule),
        });
        self.rules.borrow_mut().insert(address, lowered);
        lowered
    }

    /// The variables that a comprehension is indexed by; `None` where it is not.
    pub(super) fn comprehension_keys(&self, term: &Term) -> Option<Vec<&'t str>> {
        self.keys.borrow().get(&std::ptr::from_ref(term).addr()).cloned()
    }

    fn literal(&self, expr: &'t Expr, stand: Stand<'t>) -> Literal<'t> {
        let kind = match &expr.kind {
            ExprKind::Term(term) => Kind::Term(self.node(term)),
            ExprKind::Call(terms) => self.call(terms),
            ExprKind::Every(every) => self.every(every),
            ExprKind::Not(not) => Kind::Not(self.body(&not.body)),
            ExprKind::And(logical) => Kind::And(self.body(&logical.left), self.body(&logical.right)),
            ExprKind::Or(logical) => Kind::Or(self.body(&logical.left), self.body(&logical.right)),
            ExprKind::Some(_) => Kind::Nothing,
        };
        let with: Vec<Replacement<'t>> = expr.with.iter().filter_map(|with| self.replacement(with)).collect();
        let with = self.arena.alloc_slice_copy(&with);
        Literal { kind, negated: expr.negated, with, span: expr.span, stand, expr }
    }

    fn call(&self, terms: &'t [Term]) -> Kind<'t> {
        match terms {
            [operator, left, right] if compile::is_operator(operator, "eq") => Kind::Equality(self.node(left), self.node(right)),
            [operator, operands @ ..] => match self.function(operator) {
                Some(function) => Kind::Call(function, self.nodes(operands)),
                None => Kind::Nothing,
            },
            [] => Kind::Nothing,
        }
    }

    fn function(&self, operator: &'t Term) -> Option<Function<'t>> {
        let parts = operator.as_ref_parts()?;
        let is_data = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
        if is_data {
            let name = self.arena.alloc_str(&compile::dotted(parts)?);
            return Some(Function::Rules(self.nodes(parts), name));
        }
        compile::builtin(parts).map(Function::Builtin)
    }

    fn every(&self, every: &'t Every) -> Kind<'t> {
        let domain = self.node(&every.domain);
        let key = every.key.as_ref().map_or(Node::Var("$every"), |key| self.node(key));
        let element = Node::Ref(self.arena.alloc_slice_copy(&[domain, key]));
        let generator = Literal {
            kind: Kind::Equality(element, self.node(&every.value)),
            negated: false,
            with: &[],
            span: every.domain.span,
            stand: Stand::Generator(every),
            expr: every.body.first().unwrap_or(&NO_EXPR),
        };
        let exprs = self.arena.alloc_slice_fill_iter([generator]);
        let generator = self.arena.alloc(Query { exprs, stand: Stand::Nothing });
        Kind::Every(EachOf { domain, generator, body: self.body(&every.body) })
    }

    fn replacement(&self, with: &'t With) -> Option<Replacement<'t>> {
        let parts = with.target.as_ref_parts()?;
        let is_data = parts.first().and_then(Term::as_var).is_some_and(|name| &**name == "data");
        let path = || -> Option<&'t [Value<'t>]> {
            let keys: Vec<Value<'t>> = parts.iter().skip(1).map(|part| self.node(part).value()).collect::<Option<_>>()?;
            Some(self.arena.alloc_slice_copy(&keys))
        };
        if let Some(name) = replaced_function(self.compiled, &with.target) {
            let substitute = match self.substitute(&with.value) {
                Some(function) => Substitute::Function(function),
                None => Substitute::Value(self.node(&with.value)),
            };
            let path = if is_data { path() } else { None };
            return Some(Replacement::Function(self.arena.alloc_str(&name), path, substitute));
        }
        let value = self.node(&with.value);
        Some(if is_data { Replacement::Data(path()?, value) } else { Replacement::Input(path()?, value) })
    }

    /// The function that a value names.
    fn substitute(&self, value: &'t Term) -> Option<Function<'t>> {
        replaced_function(self.compiled, value)?;
        self.function(value)
    }

    pub(super) fn nodes(&self, terms: &'t [Term]) -> &'t [Node<'t>] {
        let nodes: Vec<Node<'t>> = terms.iter().map(|term| self.node(term)).collect();
        self.arena.alloc_slice_copy(&nodes)
    }

    /// Recurses as deep as the parser lets terms nest.
    pub(super) fn node(&self, term: &'t Term) -> Node<'t> {
        if is_constant(term) {
            return Node::Value(constant_value(self.arena, term));
        }
        match &term.kind {
            TermKind::Var(name) => Node::Var(name),
            TermKind::Ref(parts) => Node::Ref(self.nodes(parts)),
            TermKind::Array(parts) => Node::Array(self.nodes(parts)),
            TermKind::Set(members) => {
                let mut members: Vec<&'t Term> = members.iter().collect();
                members.sort_by(|a, b| order::compare(a, b));
                let nodes: Vec<Node<'t>> = members.into_iter().map(|member| self.node(member)).collect();
                Node::Set(self.arena.alloc_slice_copy(&nodes))
            }
            TermKind::Object(entries) => {
                let mut entries: Vec<&'t (Term, Term)> = entries.iter().collect();
                entries.sort_by(|a, b| order::compare(&a.0, &b.0));
                let nodes: Vec<(Node<'t>, Node<'t>)> =
                    entries.into_iter().map(|(key, value)| (self.node(key), self.node(value))).collect();
                Node::Object(self.arena.alloc_slice_copy(&nodes))
            }
            _ => Node::Comprehension(term),
        }
    }
}

/// In place of an expression that there is none of.
static NO_EXPR: Expr = Expr {
    kind: ExprKind::Some(Vec::new()),
    negated: false,
    with: Vec::new(),
    generated: false,
    from_assignment: false,
    span: Span { module: 0, row: 0, col: 0, offset: 0, length: 0 },
};

/// The part of a path that a value is; `None` for a composite one.
pub(super) fn key_of(value: &Value<'_>) -> Option<Key> {
    Some(match value {
        Value::Null => Key::Null,
        Value::Bool(b) => Key::Bool(*b),
        Value::Int(int) => Key::Number(int.to_string().into()),
        Value::Number(text) => Key::Number((*text).into()),
        Value::String(bytes) => Key::String(String::from_utf8_lossy(bytes).into()),
        _ => return None,
    })
}

/// The value of a part of a path. The arena frees its memory and drops nothing: what owns memory of its own must not lie in it.
pub(super) fn key_value<'t>(arena: &'t Arena, key: &Key) -> Value<'t> {
    match key {
        Key::Null => Value::Null,
        Key::Bool(b) => Value::Bool(*b),
        Key::Number(text) => Value::number(arena, text),
        Key::String(text) => Value::string(arena, &**text),
    }
}
