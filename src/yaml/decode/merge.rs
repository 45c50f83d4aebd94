//! Merge keys: mappings whose keys and values become those of another one.

use foldhash::HashSet;

use super::super::tree::{Id, Kind, Node};
use super::super::value::Place;
use super::{Decoder, Frame};

impl<'t> Decoder<'t> {
    /// The keys of a mapping that merges: they win over all that is merged.
    pub(super) fn own_keys(&mut self, node: &'t Node) -> Result<(), String> {
        let mut own = HashSet::default();
        for &key in node.children.iter().step_by(2) {
            own.extend(self.key(key, false)?);
        }
        self.merged.push(own);
        Ok(())
    }

    /// What a merge key's value merges.
    pub(super) fn sources(&self, merge: Id) -> Result<Vec<Id>, String> {
        let node = self.tree.node(merge)?;
        let sources = if node.kind == Kind::Seq { node.children.clone() } else { vec![merge] };
        for &source in &sources {
            let mut node = self.tree.node(source)?;
            if let Kind::Alias(target) = node.kind {
                node = self.tree.node(target)?;
            }
            if node.kind != Kind::Map {
                return Err("yaml: map merge requires map or sequence of maps as the value".to_owned());
            }
        }
        Ok(sources)
    }

    pub(super) fn step_merge(&mut self) -> Result<Option<Place>, String> {
        let Some(Frame::Merge { sources, next, into, owner }) = self.frames.last_mut() else { return Ok(None) };
        let (into, owner) = (*into, *owner);
        if let Some(&source) = sources.get(*next) {
            *next += 1;
            return self.start(source, Some(into));
        }
        self.frames.pop();
        if owner {
            self.merged.pop();
            self.depth -= 1;
        }
        Ok(Some(into.place))
    }
}
