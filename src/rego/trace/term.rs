//! Terms whose variables may have no value yet, and what variables are bound to (OPA's `v1/topdown/bindings.go`).

use std::cell::Cell;

use crate::rego::ast::Term;
use crate::rego::value::{Arena, ObjectBuilder, SetBuilder, Value};

/// A term. What has no variables, references and comprehensions in it is a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'t> {
    Value(Value<'t>),
    Var(&'t str),
    /// Its head first: `data`, `input` or a variable.
    Ref(&'t [Node<'t>]),
    Array(&'t [Node<'t>]),
    Set(&'t [Node<'t>]),
    Object(&'t [(Node<'t>, Node<'t>)]),
    Comprehension(&'t Term),
}

/// What the variables of one query are bound to.
#[derive(Debug, Default)]
pub(super) struct Bindings<'t> {
    last: Cell<Option<&'t Bound<'t>>>,
}

pub(super) type Env<'t> = &'t Bindings<'t>;

#[derive(Debug)]
struct Bound<'t> {
    name: &'t str,
    node: Node<'t>,
    env: Env<'t>,
    before: Option<&'t Bound<'t>>,
}

impl<'t> Bindings<'t> {
    fn iter(&self) -> impl Iterator<Item = &'t Bound<'t>> + use<'t> {
        std::iter::successors(self.last.get(), |bound| bound.before)
    }

    /// The variables that are bound, and to what; the last first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'t str, Node<'t>, Env<'t>)> + use<'t> {
        self.iter().map(|bound| (bound.name, bound.node, bound.env))
    }

    pub(super) fn bind(&self, arena: &'t Arena, name: &'t str, node: Node<'t>, env: Env<'t>) {
        self.last.set(Some(arena.alloc(Bound { name, node, env, before: self.last.get() })));
    }

    /// Unbinds the variable that was bound last.
    pub(super) fn undo(&self) {
        self.last.set(self.last.get().and_then(|bound| bound.before));
    }
}

impl<'t> Node<'t> {
    pub(super) const fn value(self) -> Option<Value<'t>> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) const fn is_false(self) -> bool {
        matches!(self, Self::Value(Value::Bool(false)))
    }

    /// What it stands for, where it is a variable that is bound.
    pub(super) fn apply(self, env: Env<'t>) -> (Self, Env<'t>) {
        let (mut node, mut env) = (self, env);
        while let Self::Var(name) = node
            && let Some(bound) = env.iter().find(|bound| bound.name == name)
        {
            (node, env) = (bound.node, bound.env);
        }
        (node, env)
    }

    /// The same with its variables' values in their places; those without one stay.
    pub(super) fn plug(self, arena: &'t Arena, env: Env<'t>) -> Self {
        match self {
            Self::Value(_) | Self::Comprehension(_) => self,
            Self::Var(_) => match self.apply(env) {
                (node @ Self::Var(_), _) => node,
                (node, env) => node.plug(arena, env),
            },
            Self::Ref(parts) => Self::Ref(plug_all(arena, env, parts)),
            Self::Array(parts) => {
                let parts = plug_all(arena, env, parts);
                values(parts).map_or(Self::Array(parts), |values| Self::Value(Value::array(arena, &values)))
            }
            Self::Set(parts) => {
                let parts = plug_all(arena, env, parts);
                let Some(values) = values(parts) else { return Self::Set(parts) };
                let mut set = SetBuilder::with_capacity(values.len());
                values.into_iter().for_each(|value| set.insert(value));
                Self::Value(set.build(arena))
            }
            Self::Object(entries) => plug_object(arena, env, entries),
        }
    }
}

fn plug_all<'t>(arena: &'t Arena, env: Env<'t>, nodes: &[Node<'t>]) -> &'t [Node<'t>] {
    arena.alloc_slice_fill_iter(nodes.iter().map(|node| node.plug(arena, env)))
}

fn plug_object<'t>(arena: &'t Arena, env: Env<'t>, entries: &[(Node<'t>, Node<'t>)]) -> Node<'t> {
    let each = entries.iter().map(|(key, value)| (key.plug(arena, env), value.plug(arena, env)));
    let entries: &'t [_] = arena.alloc_slice_fill_iter(each);
    let mut object = ObjectBuilder::with_capacity(entries.len());
    for (key, value) in entries {
        let (Node::Value(key), Node::Value(value)) = (key, value) else { return Node::Object(entries) };
        object.insert(*key, *value);
    }
    Node::Value(object.build(arena))
}

/// The nodes' values, where all are values.
pub(super) fn values<'t>(nodes: &[Node<'t>]) -> Option<Vec<Value<'t>>> {
    nodes.iter().map(|node| node.value()).collect()
}
