//! The documents' nodes, as go-yaml's `Node` has them: what the text says, with tags resolved and aliases not yet followed.

use super::resolve;

/// Where a node is in its [`Tree`].
pub(super) type Id = usize;

/// The tag of a node; of those that mean nothing to go-yaml it matters only that there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    Null,
    Bool,
    Str,
    Int,
    Float,
    Timestamp,
    Seq,
    Map,
    Binary,
    Merge,
    Other,
}

impl Tag {
    /// The tag that is written so in full; none for `!`, which says no more than nothing.
    pub(super) fn of(full: &str) -> Option<Self> {
        if full.is_empty() || full == "!" {
            return None;
        }
        let short = full.strip_prefix("tag:yaml.org,2002:").or_else(|| full.strip_prefix("!!"));
        Some(match short {
            Some("null") => Self::Null,
            Some("bool") => Self::Bool,
            Some("str") => Self::Str,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("timestamp") => Self::Timestamp,
            Some("seq") => Self::Seq,
            Some("map") => Self::Map,
            Some("binary") => Self::Binary,
            Some("merge") => Self::Merge,
            _ => Self::Other,
        })
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Scalar,
    Seq,
    Map,
    Alias(Id),
}

/// A node: a mapping's children are its keys and values in turn.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) tag: Tag,
    /// Neither quoted nor tagged: the value says alone what it is.
    pub(super) plain: bool,
    /// A scalar's text, and an alias' name.
    pub(super) value: String,
    pub(super) children: Vec<Id>,
    /// The line that it begins in, from 1.
    pub(super) line: usize,
}

/// What a parser finds in a text, in order.
#[derive(Debug)]
pub(super) enum Event {
    DocumentStart,
    Scalar { value: String, plain: bool, tag: Option<Tag>, anchor: Option<String> },
    Seq { tag: Option<Tag>, anchor: Option<String> },
    Map { tag: Option<Tag>, anchor: Option<String> },
    CollectionEnd,
    Alias(String),
    DocumentEnd,
    StreamEnd,
}

/// The nodes of the first document; the others' are let go as soon as they are known to be well-formed.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<Id>,
    open: Vec<Id>,
    /// The line of the event that is being taken.
    line: usize,
    anchors: std::collections::HashMap<String, Id>,
    documents: usize,
}

impl Tree {
    /// The node at `id`.
    pub(super) fn node(&self, id: Id) -> Result<&Node, String> {
        self.nodes.get(id).ok_or_else(|| "yaml: internal error: no such node".to_owned())
    }

    /// Takes the next event of the text, and the line that it begins in.
    pub(super) fn take(&mut self, event: Event, line: usize) -> Result<(), String> {
        self.line = line;
        match event {
            Event::DocumentStart => self.documents += 1,
            Event::Scalar { value, plain, tag, anchor } => {
                let (tag, plain) = (tag.unwrap_or_else(|| untagged(&value, plain)), plain && tag.is_none());
                let line = self.line;
                let id = self.add(Node { kind: Kind::Scalar, tag, plain, value, children: Vec::new(), line })?;
                self.anchor(id, anchor);
            }
            Event::Seq { tag, anchor } => self.open(Kind::Seq, tag.unwrap_or(Tag::Seq), anchor)?,
            Event::Map { tag, anchor } => self.open(Kind::Map, tag.unwrap_or(Tag::Map), anchor)?,
            Event::CollectionEnd => drop(self.open.pop()),
            Event::Alias(name) => self.alias(name)?,
            Event::DocumentEnd | Event::StreamEnd => {}
        }
        Ok(())
    }

    fn alias(&mut self, name: String) -> Result<(), String> {
        let Some(&target) = self.anchors.get(&name) else {
            return Err(format!("yaml: unknown anchor '{name}' referenced"));
        };
        let (kind, tag) = (Kind::Alias(target), Tag::Other);
        self.add(Node { kind, tag, plain: false, value: name, children: Vec::new(), line: self.line })?;
        Ok(())
    }

    fn open(&mut self, kind: Kind, tag: Tag, anchor: Option<String>) -> Result<(), String> {
        let line = self.line;
        let id = self.add(Node { kind, tag, plain: false, value: String::new(), children: Vec::new(), line })?;
        self.anchor(id, anchor);
        self.open.push(id);
        Ok(())
    }

    /// Anchors hold from the node itself on (so that a node may contain itself) and, in go-yaml, over documents.
    fn anchor(&mut self, id: Id, anchor: Option<String>) {
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
    }

    fn add(&mut self, node: Node) -> Result<Id, String> {
        let id = self.nodes.len();
        if self.documents > 1 {
            // Only its place is wanted, for anchors: nothing will be read of it.
            return Ok(id);
        }
        match self.open.last().copied() {
            None => self.root = Some(id),
            Some(parent) => match self.nodes.get_mut(parent) {
                Some(parent) => parent.children.push(id),
                None => return Err("yaml: internal error: no such parent".to_owned()),
            },
        }
        self.nodes.push(node);
        Ok(id)
    }
}

/// The tag of a scalar that has none.
fn untagged(value: &str, plain: bool) -> Tag {
    match (plain, value) {
        (false, _) => Tag::Str,
        (true, "<<") => Tag::Merge,
        (true, _) => resolve::plain(value, true).tag(),
    }
}
