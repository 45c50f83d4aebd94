//! References: into the tree of rules and data (OPA's `evalTree`), and into values (OPA's `evalTerm`).

use super::lower::{key_of, key_value};
use super::machine::{Deferred, Eval, Halt, Machine, Next, Run};
use super::term::{Env, Node};
use crate::rego::compile::TreeNode;
use crate::rego::eval::{base_get, merge};
use crate::rego::value::{ObjectBuilder, Value, compare};

/// A reference, and what it has to be equal to.
#[derive(Clone, Copy)]
pub(super) struct Asking<'t> {
    /// Its head first.
    pub(super) parts: &'t [Node<'t>],
    pub(super) env: Env<'t>,
    pub(super) result: Node<'t>,
    pub(super) result_env: Env<'t>,
}

impl<'t> Machine<'t> {
    /// A reference to `data` from the node on that `path` leads to.
    pub(super) fn tree(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        node: Option<&'t TreeNode>,
        next: Next<'_>,
    ) -> Run {
        self.guard()?;
        let Some(part) = asking.parts.get(path.len() + 1) else {
            return match self.extent(e, path, node)? {
                Some(value) => self.unify(e, asking.result, Node::Value(value), asking.result_env, asking.env, next),
                None => Ok(()),
            };
        };
        match self.plug(*part, asking.env) {
            Node::Value(key) => self.descend(e, asking, path, node, key, next),
            _ => self.each_key(e, asking, path, node, *part, next),
        }
    }

    fn descend(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        node: Option<&'t TreeNode>,
        key: Value<'t>,
        next: Next<'_>,
    ) -> Run {
        let mut path = path.to_vec();
        path.push(key);
        let child = if self.is_replaced(&path) { None } else { node.and_then(|node| node.child(&key_of(&key)?)) };
        match child {
            Some(child) if !child.rules.is_empty() => self.document(e, asking, &path, child, next),
            child => self.tree(e, asking, &path, child, next),
        }
    }

    /// The keys of base data, then those that only rules have.
    fn each_key(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        path: &[Value<'t>],
        node: Option<&'t TreeNode>,
        part: Node<'t>,
        next: Next<'_>,
    ) -> Run {
        let base = self.resolve(e, path);
        let mut deferred = Deferred::default();
        for key in base.iter().flat_map(keys) {
            let run = self
                .unify(e, Node::Value(key), part, asking.env, asking.env, &mut || self.descend(e, asking, path, node, key, next));
            deferred.keep(run)?;
        }
        deferred.end()?;
        for (key, _) in node.map(|node| self.children(node)).unwrap_or_default() {
            if base.is_some_and(|base| base.get(&key).is_some()) {
                continue;
            }
            self.unify(e, Node::Value(key), part, asking.env, asking.env, &mut || {
                self.descend(e, asking, path, node, key, next)
            })?;
        }
        Ok(())
    }

    /// The nodes below, in the order of their keys.
    fn children(&self, node: &'t TreeNode) -> Vec<(Value<'t>, &'t TreeNode)> {
        let mut children: Vec<(Value<'t>, &'t TreeNode)> =
            node.children.iter().map(|(key, child)| (key_value(self.arena, key), child)).collect();
        children.sort_by(|(a, _), (b, _)| compare(a, b));
        children
    }

    /// Data and the documents of all rules at a path.
    fn extent(&self, e: &Eval<'t>, path: &[Value<'t>], node: Option<&'t TreeNode>) -> Result<Option<Value<'t>>, Halt> {
        let base = self.resolve(e, path);
        let Some(node) = node else { return Ok(base) };
        let rules = self.leaves(e, &mut path.to_vec(), node)?;
        Ok(Some(base.map_or(rules, |base| merge(self.arena, base, rules))))
    }

    /// Recurses as deep as packages and heads are long.
    fn leaves(&self, e: &Eval<'t>, path: &mut Vec<Value<'t>>, node: &'t TreeNode) -> Result<Value<'t>, Halt> {
        self.guard()?;
        let mut object = ObjectBuilder::with_capacity(node.children.len());
        for (key, child) in self.children(node) {
            if child.is_hidden {
                continue;
            }
            path.push(key);
            let value = if child.rules.is_empty() { Some(self.leaves(e, path, child)?) } else { self.leaf(e, path)? };
            if let Some(value) = value {
                object.insert(key, value);
            }
            path.pop();
        }
        Ok(object.build(self.arena))
    }

    /// The document of the rules at a path, asked for by its reference.
    fn leaf(&self, e: &Eval<'t>, path: &[Value<'t>]) -> Result<Option<Value<'t>>, Halt> {
        let mut found = None;
        let reference = self.reference(path);
        let result = Node::Var("$_leaf");
        self.unify(e, Node::Ref(reference), result, e.env, e.env, &mut || {
            found = self.plug(result, e.env).value();
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn reference(&self, path: &[Value<'t>]) -> &'t [Node<'t>] {
        let parts: Vec<Node<'t>> = std::iter::once(Node::Var("data")).chain(path.iter().copied().map(Node::Value)).collect();
        self.arena.alloc_slice_copy(&parts)
    }

    /// Base data at a path, under what `with` replaced (OPA's `evalResolver.Resolve`).
    pub(super) fn resolve(&self, e: &Eval<'t>, path: &[Value<'t>]) -> Option<Value<'t>> {
        let replaced = e.data.get().and_then(|data| find(data, path));
        if self.is_replaced(path) || path.iter().any(|key| key_of(key).is_none()) {
            return replaced;
        }
        let root = if path.is_empty() { self.data.public } else { self.data.all };
        let real = path.iter().try_fold(root.view(), |node, key| base_get(&node, key));
        match (replaced, real) {
            (Some(replaced), Some(real)) => Some(merge(self.arena, replaced, real)),
            (replaced, real) => replaced.or(real),
        }
    }

    /// A reference from its part `at` on, below a term.
    pub(super) fn term(&self, e: &Eval<'t>, asking: Asking<'t>, at: usize, term: Node<'t>, env: Env<'t>, next: Next<'_>) -> Run {
        self.guard()?;
        let Some(part) = asking.parts.get(at).copied() else {
            return self.unify(e, term, asking.result, env, asking.result_env, next);
        };
        match self.plug(part, asking.env) {
            Node::Value(key) => match self.get(term, env, key) {
                Some((term, env)) => self.term(e, asking, at + 1, term, env, next),
                None => Ok(()),
            },
            _ => self.each_part(e, asking, at, part, term, env, next),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a reference, where it stands, and the term below which it goes on")]
    fn each_part(
        &self,
        e: &Eval<'t>,
        asking: Asking<'t>,
        at: usize,
        part: Node<'t>,
        term: Node<'t>,
        env: Env<'t>,
        next: Next<'_>,
    ) -> Run {
        let mut deferred = Deferred::default();
        let is_array = matches!(term, Node::Array(_)) || term.value().is_some_and(|value| value.as_array().is_some());
        // A pattern finds no position of an array.
        if is_array && !matches!(part, Node::Var(_)) {
            return Ok(());
        }
        for key in self.keys_of(asking, at, term) {
            let run = self.unify(e, key, part, env, asking.env, &mut || {
                let found = self.plug(key, env).value().and_then(|key| self.get(term, env, key));
                match found {
                    Some((below, below_env)) => self.term(e, asking, at + 1, below, below_env, next),
                    None => Ok(()),
                }
            });
            deferred.keep(run)?;
        }
        deferred.end()
    }

    /// The keys of a term; of a set whose member is known by what it has to be equal to, that one alone.
    fn keys_of(&self, asking: Asking<'t>, at: usize, term: Node<'t>) -> Vec<Node<'t>> {
        if let Some(set) = term.value().and_then(|value| value.as_set())
            && at + 1 == asking.parts.len()
            && let Node::Value(wanted) = self.plug(asking.result, asking.result_env)
        {
            return set.find(&wanted).map(|_| Node::Value(wanted)).into_iter().collect();
        }
        match term {
            Node::Value(value) => keys(&value).into_iter().map(Node::Value).collect(),
            Node::Array(parts) => positions(parts.len()).map(Node::Value).collect(),
            Node::Set(members) => members.to_vec(),
            Node::Object(entries) => entries.iter().map(|(key, _)| *key).collect(),
            _ => Vec::new(),
        }
    }

    /// What a key finds in a term.
    fn get(&self, term: Node<'t>, env: Env<'t>, key: Value<'t>) -> Option<(Node<'t>, Env<'t>)> {
        let is_key = |node: &Node<'t>| self.plug(*node, env).value().is_some_and(|value| compare(&value, &key).is_eq());
        match term {
            Node::Value(value) => value.get(&key).map(|found| (Node::Value(found), env)),
            Node::Array(parts) => {
                let at = crate::rego::value::number::to_i64(&key)?;
                Some(parts.get(usize::try_from(at).ok()?)?.apply(env))
            }
            Node::Set(members) => members.iter().find(|member| is_key(member)).map(|_| (Node::Value(key), env)),
            Node::Object(entries) => entries.iter().find(|(k, _)| is_key(k)).map(|(_, value)| value.apply(env)),
            _ => None,
        }
    }
}

/// An array's positions, an object's keys, a set's members.
fn keys<'t>(value: &Value<'t>) -> Vec<Value<'t>> {
    if let Some(elements) = value.as_array() {
        return positions(elements.len()).collect();
    }
    if let Some(entries) = value.as_object() {
        return entries.keys().iter().collect();
    }
    value.as_set().map(|set| set.iter().collect()).unwrap_or_default()
}

/// The positions in an array.
fn positions<'t>(length: usize) -> impl Iterator<Item = Value<'t>> {
    (0..length).filter_map(|at| i64::try_from(at).ok()).map(Value::Int)
}

fn find<'t>(document: Value<'t>, path: &[Value<'t>]) -> Option<Value<'t>> {
    path.iter().try_fold(document, |node, key| node.get(key))
}
