//! Which rules may match (OPA's `getRules`).

use std::rc::Rc;

use super::lower::Lowered;
use super::machine::{Eval, Halt, Machine};
use super::term::Node;
use crate::rego::compile::TreeNode;
use crate::rego::plan::{IndexBranch, Root, RoutineKind, Ruleset};
use crate::rego::value::{Document, Value};

/// The rules at a node.
pub(super) struct Rules<'t> {
    pub(super) set: Ruleset<'t>,
    /// Where each of the index' sources begins, and its keys.
    sources: Vec<(Root, &'t [Value<'t>])>,
}

/// Rules that may match, each with its `else` branches.
pub(super) struct Matched<'t> {
    pub(super) kind: RoutineKind,
    pub(super) rules: Vec<Vec<&'t Lowered<'t>>>,
    pub(super) default: Option<&'t Lowered<'t>>,
    /// Whether the first that holds is enough.
    pub(super) early_exit: bool,
}

impl Matched<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.default.is_none()
    }
}

/// The values of an index' sources, each asked for once.
type Known<'t> = Vec<Option<Option<Value<'t>>>>;

impl<'t> Machine<'t> {
    fn rules_at(&self, node: &'t TreeNode, path_length: usize) -> Rc<Rules<'t>> {
        let address = std::ptr::from_ref(node).addr();
        if let Some(known) = self.rules.borrow().get(&address) {
            return Rc::clone(known);
        }
        let set = Ruleset::of(self.compiled, node, path_length);
        let sources = set.index.sources.iter().map(|source| {
            let (root, keys) = set.source(source);
            let keys: Vec<Value<'t>> = keys.into_iter().map(|key| self.key(key)).collect();
            (root, &*self.arena.alloc_slice_copy(&keys))
        });
        let sources = sources.collect();
        let rules = Rc::new(Rules { set, sources });
        self.rules.borrow_mut().insert(address, Rc::clone(&rules));
        rules
    }

    /// A key of a path, which is a scalar.
    fn key(&self, key: &Document) -> Value<'t> {
        match key.view() {
            Value::Bool(b) => Value::Bool(b),
            Value::Int(int) => Value::Int(int),
            Value::Number(text) => Value::Number(self.arena.alloc_str(text)),
            Value::String(bytes) => Value::string(self.arena, bytes),
            _ => Value::Null,
        }
    }

    /// The rules at `path` that may match; `args` are a function's.
    pub(super) fn matched(
        &self,
        e: &Eval<'t>,
        node: &'t TreeNode,
        path: &[Value<'t>],
        args: &[Node<'t>],
    ) -> Result<Matched<'t>, Halt> {
        let rules = self.rules_at(node, path.len());
        let index = &rules.set.index;
        let mut known: Known<'t> = vec![None; index.sources.len()];
        let mut matched: Vec<Vec<&'t Lowered<'t>>> = Vec::new();
        let (mut group, mut values) = (None, Vec::new());
        for (branch, ranked) in index.branches.iter().zip(&rules.set.branches) {
            self.charge(1)?;
            if !self.may_match(e, &rules, branch, args, &mut known) {
                continue;
            }
            values.push(branch.value);
            let lowered = self.lowering.rule(ranked.entry, ranked.rule);
            match matched.last_mut() {
                Some(last) if group == Some(ranked.group) => last.push(lowered),
                _ => matched.push(vec![lowered]),
            }
            group = Some(ranked.group);
        }
        let first = values.first().copied().unwrap_or(Some(0));
        let early_exit = first.is_some() && values.iter().all(|value| *value == first);
        let plural = if matched.len() == 1 { "" } else { "s" };
        let exits = if early_exit { ", early exit" } else { "" };
        self.trace_index(e, &format!("(matched {} rule{plural}{exits})", matched.len()), self.reference(path))?;
        let default = rules.set.default.map(|default| self.lowering.rule(default.entry, default.rule));
        Ok(Matched { kind: rules.set.kind, rules: matched, default, early_exit })
    }

    fn may_match(&self, e: &Eval<'t>, rules: &Rules<'t>, branch: &IndexBranch, args: &[Node<'t>], known: &mut Known<'t>) -> bool {
        // Arguments that are not there, since nobody calls, exclude nothing.
        let is_unknown = |source: u32| {
            let root = rules.sources.get(source as usize).map(|(root, _)| *root);
            matches!(root, Some(Root::Argument(number)) if args.len() <= number as usize)
        };
        let mut value = |source: u32| -> Option<Value<'t>> {
            let place = known.get_mut(source as usize)?;
            *place.get_or_insert_with(|| self.indexed(e, rules.sources.get(source as usize)?, args))
        };
        branch.paths.iter().any(|path| {
            path.iter().all(|(source, checks)| {
                is_unknown(*source) || value(*source).is_some_and(|value| checks.iter().any(|check| check.passes(&value)))
            })
        }) && branch.required.iter().all(|source| is_unknown(*source) || value(*source).is_some())
            && (!rules.set.index.consults
                || branch.memberships.iter().all(|(key, collection)| is_key(value(*key), value(*collection))))
    }

    fn indexed(&self, e: &Eval<'t>, (root, keys): &(Root, &'t [Value<'t>]), args: &[Node<'t>]) -> Option<Value<'t>> {
        match root {
            Root::Input => keys.iter().try_fold(e.input.get()?, |node, key| node.get(key)),
            Root::Data => self.resolve(e, keys),
            Root::Argument(number) => self.plug(*args.get(*number as usize)?, e.env).value(),
        }
    }
}

/// Whether a value is a key of a collection. An array is not asked.
fn is_key<'t>(key: Option<Value<'t>>, collection: Option<Value<'t>>) -> bool {
    let (Some(key), Some(collection)) = (key, collection) else { return false };
    collection.as_object().is_none_or(|object| object.get(&key).is_some())
        && collection.as_set().is_none_or(|set| set.find(&key).is_some())
}
