//! What OPA does to a document's nodes before go-yaml decodes them, so that documents which go-yaml v2 took keep their meaning.

use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::decode;
use super::tree::{Id, Kind, Node, Tag, Tree};

/// Timestamps that nothing says are any become texts, repeated merge keys one, and of keys that are the same the last one counts.
pub(super) fn normalize(tree: &mut Tree, root: Id) -> Result<(), String> {
    let mut visited = vec![false; tree.nodes.len()];
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        // A node that collapsing made is new, and reached once.
        if let Some(visited) = visited.get_mut(id)
            && std::mem::replace(visited, true)
        {
            continue;
        }
        let kind = tree.node(id)?.kind;
        if kind == Kind::Map {
            collapse_merges(tree, id)?;
            last_wins(tree, id)?;
        }
        let Some(node) = tree.nodes.get_mut(id) else { continue };
        if node.tag == Tag::Timestamp && node.plain {
            node.tag = Tag::Str;
        }
        if let Kind::Alias(target) = kind {
            todo.push(target);
        }
        todo.extend(node.children.iter().rev());
    }
    Ok(())
}

fn is_merge(node: &Node) -> bool {
    node.kind == Kind::Scalar && node.tag == Tag::Merge
}

/// `<<: a` and `<<: [b, c]` in one mapping are `<<: [a, b, c]`.
fn collapse_merges(tree: &mut Tree, id: Id) -> Result<(), String> {
    let map = tree.node(id)?;
    let mut merged = Vec::new();
    for (key, value) in pairs(&map.children) {
        if is_merge(tree.node(key)?) {
            let node = tree.node(value)?;
            match node.kind {
                Kind::Seq => merged.extend_from_slice(&node.children),
                _ => merged.push(value),
            }
        }
    }
    if merged.len() < 2 {
        return Ok(());
    }
    let (mut children, mut found) = (Vec::with_capacity(map.children.len()), false);
    let new = tree.nodes.len();
    for (key, value) in pairs(&map.children) {
        if !is_merge(tree.node(key)?) {
            children.extend([key, value]);
        } else if !std::mem::replace(&mut found, true) {
            children.extend([key, new]);
        }
    }
    tree.nodes.push(Node { kind: Kind::Seq, tag: Tag::Seq, plain: false, value: String::new(), children: merged, line: 0 });
    set_children(tree, id, children);
    Ok(())
}

/// The last value of a key stands where the first one did. Keys are the same where JSON would have them so: `1` and `"1"`.
fn last_wins(tree: &mut Tree, id: Id) -> Result<(), String> {
    let mut seen = HashMap::default();
    let mut children: Vec<Id> = Vec::new();
    let map = tree.node(id)?;
    for (key, value) in pairs(&map.children) {
        let node = tree.node(key)?;
        if node.kind == Kind::Scalar
            && node.tag != Tag::Merge
            && let Ok(typed) = decode::scalar_key(node)
            && let Some(text) = typed.text()
        {
            match seen.entry(text) {
                Entry::Occupied(at) => {
                    if let Some(place) = children.get_mut(*at.get()) {
                        *place = value;
                    }
                    continue;
                }
                Entry::Vacant(at) => at.insert(children.len() + 1),
            };
        }
        children.extend([key, value]);
    }
    if children.len() < map.children.len() {
        set_children(tree, id, children);
    }
    Ok(())
}

/// A mapping's keys and values.
pub(super) fn pairs(children: &[Id]) -> impl Iterator<Item = (Id, Id)> {
    children.as_chunks::<2>().0.iter().map(|[key, value]| (*key, *value))
}

fn set_children(tree: &mut Tree, id: Id, children: Vec<Id>) {
    if let Some(node) = tree.nodes.get_mut(id) {
        node.children = children;
    }
}
