//! Where the checker keeps what it knows (OPA's `TypeEnv`, `v1/ast/env.go`).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::super::is_constant;
use super::super::tree::Key;
use super::TypeProblem;
use super::children::Children;
use super::vars::Vars;
use crate::rego::ast::{Name, Term, TermKind};
use crate::rego::types::{Constant, Known, Type, Types, declared};

/// A part of a path: a name, or a scalar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Var(Name),
    Key(Key),
    /// A term that is none, by its address: what is kept there is found there only.
    Other(usize),
}

impl Step {
    pub(super) fn of(term: &Term) -> Self {
        match (&term.kind, Key::of(term)) {
            (TermKind::Var(name), _) => Self::Var(name.clone()),
            (_, Some(key)) => Self::Key(key),
            (_, None) => Self::Other(address(term)),
        }
    }

    /// The key that it is in an object's type.
    fn constant(&self) -> Option<Constant> {
        match self {
            Self::Key(Key::String(text)) => Some(Constant::String(text.clone())),
            Self::Key(Key::Number(text)) => Some(Constant::Number(text.clone())),
            Self::Key(Key::Bool(value)) => Some(Constant::Boolean(*value)),
            _ => None,
        }
    }

    fn of_type(&self) -> Known {
        match self {
            Self::Key(Key::String(_)) => Some(Type::STRING),
            Self::Key(Key::Number(_)) => Some(Type::NUMBER),
            Self::Key(Key::Bool(_)) => Some(Type::BOOLEAN),
            Self::Key(Key::Null) => Some(Type::NULL),
            _ => None,
        }
    }
}

/// A term's place in memory, which names it while the tree is not changed.
pub(super) fn address(term: &Term) -> usize {
    std::ptr::from_ref(term).addr()
}

/// What is known below a path.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) value: Known,
    pub(super) children: Children,
}

impl Node {
    pub(super) fn child(&self, part: &Term) -> Option<&Self> {
        self.children.get(part)
    }

    pub(super) fn put(&mut self, path: &[Term], value: Known) {
        path.iter().fold(self, |node, part| node.children.enter(part)).value = value;
    }

    /// Puts the type of a rule, and merges it into the types of objects on the way.
    pub(super) fn insert(&mut self, types: &mut Types, path: &[Term], value: Type) {
        let mut node = self;
        for (at, part) in path.iter().enumerate() {
            let rest = path.get(at + 1..).unwrap_or_default();
            node = node.children.enter(part);
            if !rest.is_empty() && types.is_object(node.value) {
                let rest: Vec<Step> = rest.iter().map(Step::of).collect();
                node.value = insert_into_object(types, node.value, &rest, Some(value)).or(node.value);
            }
        }
        node.value = types.merge(node.value, Some(value));
        if types.is_object(Some(value)) {
            node.merge_leaves(types);
        }
    }

    /// What is known further down is a part of the object that now stands above it.
    fn merge_leaves(&mut self, types: &mut Types) {
        let mut leaves = Vec::new();
        self.children.in_order().into_iter().for_each(|(step, child)| child.leaves(&mut vec![step], &mut leaves));
        for (path, value) in leaves {
            if let Some(merged) = insert_into_object(types, self.value, &path, value) {
                self.value = Some(merged);
            }
        }
    }

    fn leaves(&self, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Known)>) {
        if self.value.is_some() {
            found.push((path.clone(), self.value));
            return;
        }
        for (step, child) in self.children.in_order() {
            path.push(step);
            child.leaves(path, found);
            path.pop();
        }
    }

    /// The type of the whole document below: what is known of it, and any other strings as keys.
    pub(super) fn extent(&self, types: &mut Types) -> Type {
        if let Some(value) = self.value {
            return value;
        }
        let children = self.children.in_order().into_iter();
        let properties = children.filter_map(|(step, child)| Some((step.constant()?, Some(child.extent(types))))).collect();
        types.object(properties, Some((Some(Type::STRING), Some(Type::ANY))))
    }
}

/// The object with `value` at a path that is not among its properties; `None` where `at` is no object.
fn insert_into_object(types: &mut Types, at: Known, path: &[Step], value: Known) -> Known {
    let (properties, rest) = types.as_object(at)?;
    let (first, deeper) = path.split_first()?;
    let below = if deeper.is_empty() {
        value
    } else {
        let empty = types.object(Vec::new(), None);
        insert_into_object(types, Some(empty), deeper, value)
    };
    let rest = match rest {
        Some((keys, values)) => (types.or(keys, first.of_type()), types.or(values, below)),
        None => (first.of_type(), below),
    };
    Some(types.object(properties, Some(rest)))
}

/// What checking a comprehension came to.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) problems: Rc<[TypeProblem]>,
    pub(super) value: Known,
}

/// A layer of what is known: that of a body lies over that of the rules.
pub(super) struct Env<'e> {
    /// What the layer knows of references; most know of none.
    tree: Option<Arc<Node>>,
    vars: RefCell<Vars>,
    pub(super) next: Option<&'e Env<'e>>,
    /// Where the types of variables are kept, if not here: a layer for `with` holds for one expression, its variables for longer.
    keeper: Option<&'e Env<'e>>,
    /// How often it was changed.
    changes: Cell<u64>,
    /// Comprehensions by their addresses, and how often all layers had been changed then.
    checked: RefCell<HashMap<usize, (u64, Checked), RandomState>>,
}

impl<'e> Env<'e> {
    /// What is known of rules.
    pub(super) fn global(tree: &Arc<Node>) -> Self {
        Self::new(Some(Arc::clone(tree)), None, None)
    }

    fn new(tree: Option<Arc<Node>>, next: Option<&'e Self>, keeper: Option<&'e Self>) -> Self {
        Self { tree, vars: RefCell::default(), next, keeper, changes: Cell::new(0), checked: RefCell::default() }
    }

    /// A layer for a body.
    pub(super) fn wrap<'w>(&'w self) -> Env<'w>
    where
        'e: 'w,
    {
        Env::new(None, Some(self), None)
    }

    /// A layer with what schemas say.
    pub(super) fn wrap_tree<'w>(&'w self, tree: Arc<Node>) -> Env<'w>
    where
        'e: 'w,
    {
        Env::new(Some(tree), Some(self), None)
    }

    /// A layer for one expression, in which `tree` is known instead.
    pub(super) fn wrap_with<'w>(&'w self, tree: Arc<Node>) -> Env<'w>
    where
        'e: 'w,
    {
        Env::new(Some(tree), Some(self), Some(self.keeper.unwrap_or(self)))
    }

    /// Remembers the type of a variable.
    pub(super) fn put_var(&self, name: &Name, value: Known) {
        let layer = self.keeper.unwrap_or(self);
        layer.vars.borrow_mut().insert(name, value);
        layer.changes.set(layer.changes.get() + 1);
    }

    fn version(&self) -> u64 {
        self.changes.get() + self.next.map_or(0, Env::version)
    }

    /// What a comprehension came to, if nothing is known now that was not known then.
    pub(super) fn checked(&self, at: &Term) -> Option<Checked> {
        let checked = self.checked.borrow();
        checked.get(&address(at)).filter(|(version, _)| *version == self.version()).map(|(_, checked)| checked.clone())
    }

    pub(super) fn remember(&self, at: &Term, checked: &Checked) {
        self.checked.borrow_mut().insert(address(at), (self.version(), checked.clone()));
    }

    /// The type of a variable in any layer.
    pub(super) fn var(&self, name: &Name) -> Known {
        match self.own_var(name) {
            Some(known) => known,
            None => self.next.and_then(|next| next.var(name)),
        }
    }

    /// The type of a variable in this layer; `Some(None)` where it is there without one.
    pub(super) fn own_var(&self, name: &Name) -> Option<Known> {
        self.vars.borrow().get(name)
    }

    /// What this layer has at the head of a reference that is no variable's.
    pub(super) fn root(&self, head: &Term) -> Option<&Node> {
        self.tree.as_ref()?.child(head)
    }

    /// The type of what a reference finds.
    pub(super) fn reference(&self, types: &mut Types, parts: &[Term]) -> Known {
        let (head, tail) = parts.split_first()?;
        if let Some(own) = head.as_var().and_then(|name| self.own_var(name)) {
            let node = Node { value: own, children: Children::default() };
            return self.descend(types, &node, parts, tail);
        }
        match self.root(head) {
            None => self.reference_below(types, parts),
            Some(node) => self.descend(types, node, parts, tail),
        }
    }

    fn reference_below(&self, types: &mut Types, parts: &[Term]) -> Known {
        if let Some(next) = self.next {
            return next.reference(types, parts);
        }
        if parts.first().is_some_and(is_root) {
            return Some(Type::ANY);
        }
        super::super::builtin_name(parts).and_then(|name| declared().get(&name)).map(|declaration| declaration.function)
    }

    fn descend(&self, types: &mut Types, node: &Node, whole: &[Term], tail: &[Term]) -> Known {
        let Some((part, rest)) = tail.split_first() else { return Some(node.extent(types)) };
        if node.value.is_some() {
            return match node.child(part) {
                Some(child) => self.descend(types, child, whole, rest),
                None => select(types, node.value, tail),
            };
        }
        if !is_constant(part) {
            let extent = node.extent(types);
            return select(types, Some(extent), tail);
        }
        match node.child(part) {
            Some(child) => self.descend(types, child, whole, rest),
            None => self.reference_below(types, whole),
        }
    }
}

/// `data` and `input`.
pub(super) fn is_root(term: &Term) -> bool {
    term.as_var().is_some_and(|name| matches!(&**name, "data" | "input"))
}

/// What a reference finds in a type (OPA's `selectRef`).
fn select(types: &mut Types, at: Known, tail: &[Term]) -> Known {
    let Some((part, rest)) = tail.split_first() else { return at };
    at?;
    let below = match &part.kind {
        TermKind::Var(_) | TermKind::Ref(_) | TermKind::Array(_) | TermKind::Object(_) | TermKind::Set(_) => {
            if types.is_empty_collection(at) {
                return Some(Type::ANY);
            }
            types.values(at)
        }
        _ => Constant::of(part).and_then(|key| types.select(at, &key)),
    };
    select(types, below, rest)
}
