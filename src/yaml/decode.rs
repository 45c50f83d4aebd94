//! Nodes to values, as go-yaml decodes into an `any`: aliases followed, merge keys merged, all by a stack of its own.

mod count;
mod keys;
mod merge;

use std::borrow::Cow;

use foldhash::{HashMap, HashSet};

use super::MAX_DEPTH;
use super::resolve::{self, Scalar};
use super::time;
use super::tree::{Id, Kind, Node, Tag, Tree};
use super::value::{Key, Place, Value};
use count::Count;
use keys::insert;
pub(super) use keys::scalar_key;
pub(super) use keys::text;

/// The values of the document at `root`, and which of them is the document.
///
/// # Errors
/// go-yaml's, where tags, keys, merges or aliases are wrong.
pub(super) fn decode(tree: &Tree, root: Id) -> Result<(Vec<Value<'_>>, Place), String> {
    let expanding = vec![false; tree.nodes.len()];
    let mut decoder =
        Decoder { tree, values: Vec::new(), frames: Vec::new(), merged: Vec::new(), expanding, count: Count::new(), depth: 0 };
    let mut done = decoder.start(root, None)?;
    loop {
        if let Some(place) = done.take()
            && decoder.deliver(place)?
        {
            return Ok((decoder.values, place));
        }
        done = decoder.step()?;
    }
}

/// A node that is being decoded.
#[derive(Debug)]
enum Frame<'t> {
    Seq {
        node: &'t Node,
        next: usize,
        items: Vec<Place>,
    },
    Map(MapFrame<'t>),
    Alias(Id),
    /// The mappings that are merged into the one at `into`; `owner` where the set of keys is this merge's own.
    Merge {
        sources: Vec<Id>,
        next: usize,
        into: Target,
        owner: bool,
    },
}

/// The mapping that another one is merged into.
#[derive(Clone, Copy, Debug)]
struct Target {
    place: Place,
    texts: bool,
}

#[derive(Debug)]
struct MapFrame<'t> {
    node: &'t Node,
    next: usize,
    out: Target,
    /// Whether this mapping is merged into one that is there already.
    merging: bool,
    /// The key whose value is being decoded.
    key: Option<Key<'t>>,
    merge: Option<Id>,
}

struct Decoder<'t> {
    tree: &'t Tree,
    values: Vec<Value<'t>>,
    frames: Vec<Frame<'t>>,
    /// The keys that merges may not set (any more), innermost last.
    merged: Vec<HashSet<Key<'t>>>,
    expanding: Vec<bool>,
    count: Count,
    depth: usize,
}

impl<'t> Decoder<'t> {
    /// Begins a node: a scalar is done at once.
    fn start(&mut self, id: Id, into: Option<Target>) -> Result<Option<Place>, String> {
        self.count.one()?;
        let mut node = self.tree.node(id)?;
        if let Kind::Alias(target) = node.kind {
            if self.expanding.get(id).copied().unwrap_or(true) {
                return Err(format!("yaml: anchor '{}' value contains itself", node.value));
            }
            self.expand(id, true);
            self.frames.push(Frame::Alias(id));
            self.count.one()?;
            node = self.tree.node(target)?;
        }
        match node.kind {
            Kind::Scalar => Ok(Some(self.scalar(node)?)),
            Kind::Seq => {
                self.deeper()?;
                self.frames.push(Frame::Seq { node, next: 0, items: Vec::with_capacity(node.children.len()) });
                Ok(None)
            }
            Kind::Map => self.start_map(node, into).map(|()| None),
            Kind::Alias(_) => Err("yaml: internal error: an alias of an alias".to_owned()),
        }
    }

    fn expand(&mut self, alias: Id, begin: bool) {
        if let Some(expanding) = self.expanding.get_mut(alias) {
            *expanding = begin;
        }
        if begin { self.count.alias_depth += 1 } else { self.count.alias_depth -= 1 }
    }

    /// Go's JSON has a bound, too; merges go no deeper, aliases do.
    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(format!("yaml: exceeded max depth of {MAX_DEPTH}")) } else { Ok(()) }
    }

    fn push(&mut self, value: Value<'t>) -> Place {
        self.values.push(value);
        self.values.len() - 1
    }

    fn scalar(&mut self, node: &'t Node) -> Result<Place, String> {
        let value = match resolve::tagged(node.tag, &node.value)? {
            Scalar::Null => Value::Null,
            Scalar::Bool(bool) => Value::Bool(bool),
            Scalar::Int(int) => Value::Int(int),
            Scalar::Uint(int) => Value::Uint(int),
            Scalar::Float(float) => Value::Float(float),
            Scalar::Time(time) if !time::has_json(&time) => {
                return Err("yaml: timezone hour outside of range [0,23]".to_owned());
            }
            Scalar::Time(time) => Value::Text(Cow::Owned(time.into_bytes())),
            Scalar::Text => Value::Text(text(node)?),
        };
        Ok(self.push(value))
    }

    fn start_map(&mut self, node: &'t Node, into: Option<Target>) -> Result<(), String> {
        self.unique(node)?;
        let out = match into {
            Some(out) => out,
            None => {
                self.deeper()?;
                let texts = self.has_text_keys(node)?;
                Target { place: self.push(Value::Map(HashMap::default())), texts }
            }
        };
        self.frames.push(Frame::Map(MapFrame { node, next: 0, out, merging: into.is_some(), key: None, merge: None }));
        Ok(())
    }

    /// Goes on with the innermost node.
    fn step(&mut self) -> Result<Option<Place>, String> {
        match self.frames.last_mut() {
            Some(Frame::Seq { node, next, items }) => {
                if let Some(&child) = node.children.get(*next) {
                    *next += 1;
                    return self.start(child, None);
                }
                let items = std::mem::take(items);
                self.frames.pop();
                self.depth -= 1;
                Ok(Some(self.push(Value::Seq(items))))
            }
            Some(Frame::Map(_)) => self.step_map(),
            Some(Frame::Merge { .. }) => self.step_merge(),
            Some(Frame::Alias(_)) | None => Err("yaml: internal error: nothing to go on with".to_owned()),
        }
    }

    fn step_map(&mut self) -> Result<Option<Place>, String> {
        let Some(Frame::Map(map)) = self.frames.last_mut() else { return Ok(None) };
        let (node, out, merging) = (map.node, map.out, map.merging);
        let (Some(&key), Some(&value)) = (node.children.get(map.next), node.children.get(map.next + 1)) else {
            return self.end_map();
        };
        map.next += 2;
        let written = self.tree.node(key)?;
        if written.kind == Kind::Scalar && written.tag == Tag::Merge && written.value == "<<" {
            map.merge = Some(value);
            return Ok(None);
        }
        let Some(key) = self.key(key, out.texts)? else { return Ok(None) };
        if merging
            && let Some(merged) = self.merged.last_mut()
            && !merged.insert(key.clone())
        {
            return Ok(None);
        }
        if let Some(Frame::Map(map)) = self.frames.last_mut() {
            map.key = Some(key);
        }
        self.start(value, None)
    }

    /// A mapping's own keys are there: now what it merges.
    fn end_map(&mut self) -> Result<Option<Place>, String> {
        let Some(Frame::Map(map)) = self.frames.pop() else { return Ok(None) };
        if let Some(merge) = map.merge {
            if !map.merging {
                self.own_keys(map.node)?;
            }
            let sources = self.sources(merge)?;
            self.frames.push(Frame::Merge { sources, next: 0, into: map.out, owner: !map.merging });
            return Ok(None);
        }
        if !map.merging {
            self.depth -= 1;
        }
        Ok(Some(map.out.place))
    }

    /// Hands a finished value to the node it belongs to; whether it is the document.
    fn deliver(&mut self, place: Place) -> Result<bool, String> {
        while let Some(Frame::Alias(alias)) = self.frames.last() {
            let alias = *alias;
            self.expand(alias, false);
            self.frames.pop();
        }
        match self.frames.last_mut() {
            None => return Ok(true),
            Some(Frame::Seq { items, .. }) => items.push(place),
            Some(Frame::Map(map)) => {
                let (key, out) = (map.key.take(), map.out);
                if let (Some(key), Some(Value::Map(entries))) = (key, self.values.get_mut(out.place)) {
                    insert(entries, key, place);
                }
            }
            // It has been merged already.
            Some(Frame::Merge { .. } | Frame::Alias(_)) => {}
        }
        Ok(false)
    }
}
