//! A mapping's keys.

use std::borrow::Cow;

use foldhash::{HashMap, HashSet};

use super::super::resolve::{self, Scalar};
use super::super::tree::{Id, Kind, Node, Tag};
use super::super::value::{Key, Place};
use super::Decoder;

/// What a scalar is as a key that may be of any type.
pub(in super::super) fn scalar_key(node: &Node) -> Result<Key<'_>, String> {
    Ok(match resolve::tagged(node.tag, &node.value)? {
        Scalar::Null => Key::Null,
        Scalar::Bool(bool) => Key::Bool(bool),
        Scalar::Int(int) => Key::Int(int),
        Scalar::Uint(int) => Key::Uint(int),
        Scalar::Float(float) => Key::Float(float.to_bits()),
        Scalar::Time(time) => Key::Time(time),
        Scalar::Text => Key::Text(text(node)?),
    })
}

/// The bytes of a scalar that is a text.
pub(in crate::yaml) fn text(node: &Node) -> Result<Cow<'_, [u8]>, String> {
    if node.tag != Tag::Binary {
        return Ok(Cow::Borrowed(node.value.as_bytes()));
    }
    match resolve::base64(&node.value) {
        Some(bytes) => Ok(Cow::Owned(bytes)),
        None => Err("yaml: !!binary value contains invalid base64 data".to_owned()),
    }
}

impl<'t> Decoder<'t> {
    /// Keys that are written alike are an error, where OPA has not made them one before.
    pub(super) fn unique(&self, node: &Node) -> Result<(), String> {
        let mut seen = HashSet::with_capacity_and_hasher(node.children.len() / 2, Default::default());
        for &key in node.children.iter().step_by(2) {
            let key = self.tree.node(key)?;
            if !seen.insert((std::mem::discriminant(&key.kind), key.value.as_str())) {
                return Err(format!("yaml: mapping key {:?} already defined", key.value));
            }
        }
        Ok(())
    }

    /// Whether all keys are texts: then those that are merged in become texts as they are written.
    pub(super) fn has_text_keys(&self, node: &Node) -> Result<bool, String> {
        for &key in node.children.iter().step_by(2) {
            let mut key = self.tree.node(key)?;
            if let Kind::Alias(target) = key.kind {
                key = self.tree.node(target)?;
            }
            if !matches!(key.tag, Tag::Str | Tag::Merge) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A key; none for null where keys are texts, which go-yaml leaves out.
    pub(super) fn key(&mut self, id: Id, texts: bool) -> Result<Option<Key<'t>>, String> {
        self.count.one()?;
        let mut node = self.tree.node(id)?;
        if let Kind::Alias(target) = node.kind {
            self.count.alias_depth += 1;
            self.count.one()?;
            self.count.alias_depth -= 1;
            node = self.tree.node(target)?;
        }
        if node.kind != Kind::Scalar {
            return Err("yaml: invalid map key".to_owned());
        }
        match scalar_key(node)? {
            Key::Null if texts => Ok(None),
            key @ Key::Text(_) => Ok(Some(key)),
            _ if texts => Ok(Some(Key::Text(Cow::Borrowed(node.value.as_bytes())))),
            key => Ok(Some(key)),
        }
    }
}

/// As in a map of Go's, where 0 and -0 are one key and the later one's sign stays.
pub(super) fn insert<'t>(entries: &mut HashMap<Key<'t>, Place>, key: Key<'t>, place: Place) {
    if let Key::Float(bits) = key
        && bits << 1 == 0
    {
        entries.remove(&Key::Float(bits ^ 1 << 63));
    }
    entries.insert(key, place);
}
