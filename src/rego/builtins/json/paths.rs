//! Paths: JSON pointers, or arrays of keys; and the tree that a list of them makes.

use std::collections::BTreeMap;

use super::super::super::value::Value;
use super::super::key::Key;
use super::super::operand::{self, type_error};
use super::super::{Context, Failure};

/// The keys of a path: of `a/b` with `~1` for `/` and `~0` for `~`, or the elements of an array.
pub(super) fn parse<'a>(ctx: &mut Context<'a>, path: &Value<'a>) -> Result<Vec<Value<'a>>, Failure> {
    if let Some(keys) = path.as_array() {
        ctx.charge(keys.len())?;
        ctx.reserve(keys.len() * size_of::<Value<'a>>())?;
        return Ok(keys.iter().collect());
    }
    let Some(mut text) = path.as_bytes() else {
        let got = path.type_name();
        return Err(operand::error(
            2,
            format_args!("must be one of {{set, array}} containing string paths or array of path segments but got {got}"),
        ));
    };
    ctx.charge(text.len() / 8 + 1)?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    while let Some(rest) = text.strip_prefix(b"/") {
        text = rest;
    }
    Ok(text.split(|b| *b == b'/').map(|part| unescape(ctx, part)).collect())
}

fn unescape<'a>(ctx: &Context<'a>, part: &'a [u8]) -> Value<'a> {
    if !part.contains(&b'~') {
        return Value::String(part);
    }
    let replaced = replace(&replace(part, b"~1", b'/'), b"~0", b'~');
    Value::string(ctx.arena, &replaced)
}

fn replace(text: &[u8], old: &[u8; 2], new: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(old) {
            Some(after) => {
                out.push(new);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out
}

/// What paths select: at each key, all that is under it (`None`) or a part.
#[derive(Default)]
pub(super) struct Tree<'a> {
    nodes: Vec<BTreeMap<Key<'a>, Option<usize>>>,
}

impl<'a> Tree<'a> {
    /// The tree of the paths that an array or a set lists.
    pub(super) fn of(ctx: &mut Context<'a>, list: &Value<'a>) -> Result<Self, Failure> {
        let Some(paths) = operand::elements(list) else { return Err(type_error(2, list, &["set", "array"])) };
        let mut parsed = Vec::new();
        for path in paths.iter() {
            parsed.push(parse(ctx, &path)?);
        }
        let mut tree = Self { nodes: vec![BTreeMap::new()] };
        for path in parsed {
            ctx.charge(path.len() * 4)?;
            tree.insert(&path);
        }
        Ok(tree)
    }

    /// What is selected whole stays whole, whatever a longer path says.
    fn insert(&mut self, path: &[Value<'a>]) {
        let Some((last, keys)) = path.split_last() else { return };
        let mut node = 0;
        for key in keys {
            let next = self.nodes.len();
            let Some(entries) = self.nodes.get_mut(node) else { return };
            match *entries.entry(Key(*key)).or_insert(Some(next)) {
                None => return,
                Some(child) => {
                    if child == next {
                        self.nodes.push(BTreeMap::new());
                    }
                    node = child;
                }
            }
        }
        if let Some(entries) = self.nodes.get_mut(node) {
            entries.insert(Key(*last), None);
        }
    }

    /// What is selected at a node.
    pub(super) fn len(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, BTreeMap::len)
    }

    pub(super) fn get(&self, node: usize, key: &Value<'a>) -> Option<Option<usize>> {
        self.nodes.get(node)?.get(&Key(*key)).copied()
    }

    /// All keys at a node, in order.
    pub(super) fn keys(&self, node: usize) -> impl Iterator<Item = Value<'a>> + '_ {
        self.nodes.get(node).into_iter().flat_map(|entries| entries.keys().map(|key| key.0))
    }
}
