//! What was changed in a value: for each container on a path, its children that were replaced or removed.
//!
//! OPA's edit tree, with two of its ways that show: an array's element that is entered is taken from the array as it was at first, by its
//! present index; and errors print containers as they were at first.

use std::collections::BTreeMap;

use super::super::super::super::value::{ObjectBuilder, SetBuilder, Value, equal, number, text};
use super::super::super::key::Key;
use super::super::super::operand::fail;
use super::super::super::{Context, Failure, utf8};

/// What stands for a child.
#[derive(Clone, Copy)]
enum Child<'a> {
    Removed,
    /// A removed container; OPA's errors tell it from a removed scalar.
    RemovedContainer,
    Scalar(Value<'a>),
    Node(usize),
}

enum Changes<'a> {
    /// By key, with the key as it was given last.
    Keyed(BTreeMap<Key<'a>, (Value<'a>, Child<'a>)>),
    /// In order; `None` is the next element of the original that was not removed, at its place there.
    Listed(Vec<Slot<'a>>),
    Scalar,
}

#[derive(Clone, Copy)]
enum Slot<'a> {
    Original(usize),
    Child(Child<'a>),
}

struct Node<'a> {
    /// As it was at first; `None` after the root was removed.
    value: Option<Value<'a>>,
    changes: Changes<'a>,
}

pub(super) struct Edits<'a> {
    nodes: Vec<Node<'a>>,
}

/// Where a path leads: a container, or a scalar, which has no children.
#[derive(Clone, Copy)]
enum Place<'a> {
    Node(usize),
    Scalar(Value<'a>),
}

fn is_container(value: &Value<'_>) -> bool {
    value.as_object().is_some() || value.as_array().is_some() || value.as_set().is_some()
}

fn node<'a>(value: Value<'a>) -> Node<'a> {
    let changes = match value.as_array() {
        Some(array) => Changes::Listed((0..array.len()).map(Slot::Original).collect()),
        None if is_container(&value) => Changes::Keyed(BTreeMap::new()),
        None => Changes::Scalar,
    };
    Node { value: Some(value), changes }
}

/// Go's type of a scalar.
fn go_type(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "ast.Null",
        Value::Bool(_) => "ast.Boolean",
        Value::String(_) => "ast.String",
        _ => "ast.Number",
    }
}

fn no_container(value: &Value<'_>) -> Failure {
    fail(format!("expected composite type, found value: {} (type: {})", text(value), go_type(value)))
}

/// The index that a key means in an array of `length`.
fn index(length: usize, key: &Value<'_>) -> Result<i64, Failure> {
    match key {
        Value::Int(_) | Value::Number(_) => number::to_i64(key).ok_or_else(|| fail("invalid number type for indexing")),
        Value::String(b"-") => Ok(length as i64),
        Value::String(bytes) => {
            let text = utf8::lossy(bytes);
            let index = number::to_i64(&Value::Number(&text)).ok_or_else(|| fail("invalid string for indexing"))?;
            if text != "0" && text.starts_with('0') {
                return Err(fail("leading zeros are not allowed in JSON paths"));
            }
            Ok(index)
        }
        _ => Err(fail("invalid type for indexing")),
    }
}

impl<'a> Edits<'a> {
    pub(super) fn new(value: Value<'a>) -> Self {
        Self { nodes: vec![node(value)] }
    }

    /// A child for `value`; a container gets a node.
    fn child(&mut self, ctx: &mut Context<'a>, value: Value<'a>) -> Result<(Child<'a>, Place<'a>), Failure> {
        if !is_container(&value) {
            return Ok((Child::Scalar(value), Place::Scalar(value)));
        }
        let length = value.as_array().map_or(1, |array| array.len());
        ctx.charge(length)?;
        ctx.reserve(length * size_of::<Slot<'a>>())?;
        let at = self.nodes.len();
        self.nodes.push(node(value));
        Ok((Child::Node(at), Place::Node(at)))
    }

    /// The container or the scalar at `path`.
    fn unfold(&mut self, ctx: &mut Context<'a>, path: &[Value<'a>]) -> Result<Place<'a>, Failure> {
        let mut place = Place::Node(0);
        for key in path {
            ctx.charge(2)?;
            place = match place {
                Place::Node(at) => self.enter(ctx, at, *key)?,
                Place::Scalar(value) => return Err(no_path(key, &value)),
            };
        }
        Ok(place)
    }

    fn enter(&mut self, ctx: &mut Context<'a>, at: usize, key: Value<'a>) -> Result<Place<'a>, Failure> {
        let Some(value) = self.nodes.get(at).and_then(|node| node.value) else {
            return Err(fail("nil value encountered where composite value was expected"));
        };
        if value.as_array().is_some() {
            return self.enter_array(ctx, at, value, key);
        }
        let is_set = value.as_set().is_some();
        if !is_set && value.as_object().is_none() {
            return Err(no_path(&key, &value));
        }
        let value = if is_set && is_container(&key) { self.collapse(ctx, at)? } else { value };
        // Made for errors alone.
        let shown = || text(&key);
        match self.keyed(at, &key) {
            Some(Child::Scalar(value)) => return Ok(Place::Scalar(value)),
            Some(Child::Node(inner)) => return Ok(Place::Node(inner)),
            Some(Child::RemovedContainer) => {
                return Err(fail(format!("cannot unfold the already deleted composite node for key {}", shown())));
            }
            Some(Child::Removed) => {
                return Err(fail(format!("cannot unfold the already deleted scalar node for key {}", shown())));
            }
            None => {}
        }
        let found = if is_set { value.as_set().and_then(|set| set.find(&key)).map(|_| key) } else { value.get(&key) };
        match found {
            Some(found) => self.insert_keyed(ctx, at, key, found),
            // A reference of one string prints without quotes.
            None if is_set => {
                let shown = key.as_bytes().map_or_else(shown, |bytes| utf8::lossy(bytes).into_owned());
                Err(fail(format!("path {shown} does not exist in set term {}", text(&value))))
            }
            None => Err(fail(format!("path {} does not exist in object term {}", shown(), text(&value)))),
        }
    }

    fn enter_array(&mut self, ctx: &mut Context<'a>, at: usize, value: Value<'a>, key: Value<'a>) -> Result<Place<'a>, Failure> {
        let place = index(self.listed(at).len(), &key)?;
        let slot = usize::try_from(place).ok();
        if let Some(Slot::Child(child)) = slot.and_then(|slot| self.listed(at).get(slot)) {
            return match *child {
                Child::Node(inner) => Ok(Place::Node(inner)),
                Child::Scalar(value) => Ok(Place::Scalar(value)),
                _ => Err(fail("invalid index")),
            };
        }
        let original = slot.and_then(|slot| value.as_array()?.get(slot));
        let Some(original) = original else {
            return Err(fail(format!("path {place} does not exist in array term {}", text(&value))));
        };
        let key = Value::Int(place);
        self.delete_listed(ctx, at, &key)?;
        self.insert_listed(ctx, at, &key, original)
    }

    fn keyed(&self, at: usize, key: &Value<'a>) -> Option<Child<'a>> {
        match &self.nodes.get(at)?.changes {
            Changes::Keyed(children) => children.get(&Key(*key)).map(|(_, child)| *child),
            _ => None,
        }
    }

    fn set_keyed(&mut self, at: usize, key: Value<'a>, child: Child<'a>) {
        if let Some(Changes::Keyed(children)) = self.nodes.get_mut(at).map(|node| &mut node.changes) {
            children.insert(Key(key), (key, child));
        }
    }

    fn listed(&self, at: usize) -> &[Slot<'a>] {
        match self.nodes.get(at).map(|node| &node.changes) {
            Some(Changes::Listed(slots)) => slots,
            _ => &[],
        }
    }

    fn insert_keyed(&mut self, ctx: &mut Context<'a>, at: usize, key: Value<'a>, value: Value<'a>) -> Result<Place<'a>, Failure> {
        let (child, place) = self.child(ctx, value)?;
        self.set_keyed(at, key, child);
        Ok(place)
    }

    fn insert_listed(
        &mut self,
        ctx: &mut Context<'a>,
        at: usize,
        key: &Value<'a>,
        value: Value<'a>,
    ) -> Result<Place<'a>, Failure> {
        let place = index(self.listed(at).len(), key)?;
        let slot = usize::try_from(place).ok().filter(|slot| *slot <= self.listed(at).len());
        let Some(slot) = slot else { return Err(fail("index for array insertion out of bounds")) };
        ctx.charge(self.listed(at).len() / 16)?;
        let (child, place) = self.child(ctx, value)?;
        if let Some(Changes::Listed(slots)) = self.nodes.get_mut(at).map(|node| &mut node.changes) {
            slots.insert(slot, Slot::Child(child));
        }
        Ok(place)
    }

    fn delete_listed(&mut self, ctx: &mut Context<'a>, at: usize, key: &Value<'a>) -> Result<(), Failure> {
        let place = index(self.listed(at).len(), key)?;
        let slot = usize::try_from(place).ok().filter(|slot| *slot < self.listed(at).len());
        let Some(slot) = slot else { return Err(fail("index for array delete out of bounds")) };
        ctx.charge(self.listed(at).len() / 16)?;
        if let Some(Changes::Listed(slots)) = self.nodes.get_mut(at).map(|node| &mut node.changes) {
            slots.remove(slot);
        }
        Ok(())
    }

    /// Makes the set as it is now the one that it was at first.
    fn collapse(&mut self, ctx: &mut Context<'a>, at: usize) -> Result<Value<'a>, Failure> {
        let value = self.render(ctx, at)?.unwrap_or(Value::Null);
        if let Some(place) = self.nodes.get_mut(at) {
            *place = node(value);
        }
        Ok(value)
    }

    pub(super) fn insert_at(&mut self, ctx: &mut Context<'a>, path: &[Value<'a>], value: Value<'a>) -> Result<(), Failure> {
        let Some((key, path)) = path.split_last() else {
            ctx.charge(value.as_array().map_or(1, |array| array.len()))?;
            self.nodes = vec![node(value)];
            return Ok(());
        };
        let at = match self.unfold(ctx, path)? {
            Place::Node(at) => at,
            Place::Scalar(scalar) => return Err(no_container(&scalar)),
        };
        let Some(container) = self.nodes.get(at).and_then(|node| node.value) else {
            return Err(fail("deleted node encountered during insert operation"));
        };
        if container.as_array().is_some() {
            return self.insert_listed(ctx, at, key, value).map(drop);
        }
        if container.as_set().is_some() {
            if !equal(key, &value) {
                return Err(fail(format!("set key {} does not equal value to be inserted {}", text(key), text(&value))));
            }
            if is_container(key) {
                self.collapse(ctx, at)?;
            }
        } else if container.as_object().is_none() {
            return Err(no_container(&container));
        }
        self.insert_keyed(ctx, at, *key, value).map(drop)
    }

    pub(super) fn delete_at(&mut self, ctx: &mut Context<'a>, path: &[Value<'a>]) -> Result<(), Failure> {
        let Some((key, path)) = path.split_last() else {
            let Some(root) = self.nodes.first_mut().filter(|root| root.value.is_some()) else {
                return Err(fail("deleted node encountered during delete operation"));
            };
            *root = Node { value: None, changes: Changes::Scalar };
            return Ok(());
        };
        let at = match self.unfold(ctx, path)? {
            Place::Node(at) => at,
            Place::Scalar(scalar) => return Err(no_container(&scalar)),
        };
        let Some(container) = self.nodes.get(at).and_then(|node| node.value) else {
            return Err(fail("deleted node encountered during delete operation"));
        };
        if container.as_array().is_some() {
            return self.delete_listed(ctx, at, key);
        }
        self.delete_keyed(ctx, at, container, *key)
    }

    fn delete_keyed(&mut self, ctx: &mut Context<'a>, at: usize, container: Value<'a>, key: Value<'a>) -> Result<(), Failure> {
        let is_set = container.as_set().is_some();
        if !is_set && container.as_object().is_none() {
            return Err(no_container(&container));
        }
        let container = if is_set && is_container(&key) { self.collapse(ctx, at)? } else { container };
        match self.keyed(at, &key) {
            Some(Child::Removed) => {
                return Err(fail(format!("cannot delete the already deleted scalar node for key {}", text(&key))));
            }
            Some(Child::RemovedContainer) => {
                return Err(fail(format!("cannot delete the already deleted composite node for key {}", text(&key))));
            }
            Some(Child::Scalar(_)) => {
                self.set_keyed(at, key, Child::Removed);
                return Ok(());
            }
            Some(Child::Node(_)) if !is_set => {
                self.set_keyed(at, key, Child::RemovedContainer);
                return Ok(());
            }
            _ => {}
        }
        let found = if is_set { container.as_set().and_then(|set| set.find(&key)).map(|_| key) } else { container.get(&key) };
        let Some(found) = found else {
            return Err(fail(format!("cannot delete child key {} that does not exist", text(&key))));
        };
        self.set_keyed(at, key, if is_container(&found) { Child::RemovedContainer } else { Child::Removed });
        Ok(())
    }

    pub(super) fn render_at(&mut self, ctx: &mut Context<'a>, path: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        match self.unfold(ctx, path)? {
            Place::Scalar(value) => Ok(Some(value)),
            Place::Node(at) => self.render(ctx, at),
        }
    }

    /// The value of a node with all changes; children first.
    pub(super) fn render(&self, ctx: &mut Context<'a>, root: usize) -> Result<Option<Value<'a>>, Failure> {
        let mut order = vec![root];
        let mut next = 0;
        while let Some(at) = order.get(next).copied() {
            next += 1;
            ctx.charge(1)?;
            let inner = |child: &Child<'a>| if let Child::Node(inner) = child { Some(*inner) } else { None };
            match self.nodes.get(at).map(|node| &node.changes) {
                Some(Changes::Keyed(children)) => order.extend(children.values().filter_map(|(_, child)| inner(child))),
                Some(Changes::Listed(slots)) => {
                    ctx.charge(slots.len() / 4)?;
                    order.extend(slots.iter().filter_map(|slot| if let Slot::Child(child) = slot { inner(child) } else { None }));
                }
                _ => {}
            }
        }
        let mut done: BTreeMap<usize, Option<Value<'a>>> = BTreeMap::new();
        for at in order.into_iter().rev() {
            let value = self.render_node(ctx, at, &done)?;
            done.insert(at, value);
        }
        Ok(done.get(&root).copied().flatten())
    }

    fn render_node(
        &self,
        ctx: &mut Context<'a>,
        at: usize,
        done: &BTreeMap<usize, Option<Value<'a>>>,
    ) -> Result<Option<Value<'a>>, Failure> {
        let Some(Node { value: Some(value), changes }) = self.nodes.get(at) else { return Ok(None) };
        let shown = |child: &Child<'a>| match child {
            Child::Scalar(value) => Some(*value),
            Child::Node(inner) => done.get(inner).copied().flatten(),
            _ => None,
        };
        let size = |count: usize| count * size_of::<Value<'a>>() * 4;
        match changes {
            Changes::Keyed(children) if children.is_empty() => Ok(Some(*value)),
            Changes::Keyed(children) => {
                let is_changed = |key: &Value<'a>| children.contains_key(&Key(*key));
                if let Some(entries) = value.as_object() {
                    ctx.charge(entries.len() * 2)?;
                    ctx.reserve(size(entries.len() + children.len()))?;
                    let mut object = ObjectBuilder::with_capacity(entries.len());
                    let changed = children.values().filter_map(|(key, child)| Some((*key, shown(child)?)));
                    changed
                        .chain(entries.iter().filter(|(key, _)| !is_changed(key)))
                        .for_each(|(key, value)| object.insert(key, value));
                    return Ok(Some(object.build(ctx.arena)));
                }
                let members = value.as_set().unwrap_or(super::super::super::super::value::Elements::Values(&[]));
                ctx.charge(members.len() * 2)?;
                ctx.reserve(size(members.len() + children.len()))?;
                let mut set = SetBuilder::with_capacity(members.len());
                let changed = children.values().filter_map(|(_, child)| shown(child));
                changed.chain(members.iter().filter(|member| !is_changed(member))).for_each(|member| set.insert(member));
                Ok(Some(set.build(ctx.arena)))
            }
            Changes::Listed(slots) => {
                ctx.charge(slots.len())?;
                ctx.reserve(size(slots.len()))?;
                let original = |at: &usize| value.as_array().and_then(|array| array.get(*at));
                let elements: Vec<Value<'a>> = slots
                    .iter()
                    .filter_map(|slot| match slot {
                        Slot::Original(at) => original(at),
                        Slot::Child(child) => shown(child),
                    })
                    .collect();
                Ok(Some(Value::array(ctx.arena, &elements)))
            }
            Changes::Scalar => Ok(Some(*value)),
        }
    }
}

fn no_path(key: &Value<'_>, value: &Value<'_>) -> Failure {
    fail(format!("expected composite type for path {}, found value: {} (type: {})", text(key), text(value), go_type(value)))
}
