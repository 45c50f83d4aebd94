//! Base documents beside rules: no rule's path is taken by data.

use std::sync::Arc;

use super::Path;
use super::compile::{Key, RuleTree, TreeNode};
use super::rules::Rules;
use super::stack::{SHALLOW, deep};
use super::value::{Document, Value};
use crate::error::{Error, ErrorKind, Result};

/// Data must not stand at a rule's path, nor anything but an object above it (OPA's `CheckPathConflicts`, `storage.NonEmpty`).
pub(super) fn refuse_data_over_rules(rules: &Rules, data: &Document) -> Result<()> {
    let tree = &rules.compiled.tree;
    on_stack_for(tree, || check_node(rules, tree.root(), data.view(), &mut Vec::new()))
}

/// Runs what recurses as deep as packages and heads are long.
fn on_stack_for<T: Send>(tree: &RuleTree, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if tree.depth() > SHALLOW { deep(work) } else { work() }
}

fn check_node(rules: &Rules, node: &TreeNode, data: Value<'_>, path: &mut Vec<String>) -> Result<()> {
    for (key, child) in &node.children {
        let Key::String(name) = key else { continue };
        let Some(entries) = data.as_object() else {
            return Ok(());
        };
        let Some(below) = entries.get_str(name.as_bytes()) else { continue };
        path.push(name.to_string());
        let is_in_the_way = !child.rules.is_empty() || (below.as_object().is_none() && has_rules(child));
        if is_in_the_way {
            return Err(data_conflict(rules, child, path));
        }
        check_node(rules, child, below, path)?;
        path.pop();
    }
    Ok(())
}

/// What of `data` is no rule's value.
pub(super) fn base_documents(tree: &RuleTree, data: &Document) -> Document {
    let base = on_stack_for(tree, || Ok(without_rules(tree.root(), data)));
    // Without a thread there is this stack.
    let base = base.unwrap_or_else(|_| without_rules(tree.root(), data));
    base.unwrap_or_else(Document::empty_object)
}

/// What of `data` is no rule's value; `None` for nothing. Recurses as deep as packages nest.
fn without_rules(node: &TreeNode, data: &Document) -> Option<Document> {
    if !node.rules.is_empty() {
        return None;
    }
    let Document::Object(object) = data else { return Some(data.clone()) };
    if node.children.is_empty() {
        return Some(data.clone());
    }
    let mut base = Arc::clone(object);
    for (key, child) in &node.children {
        let Key::String(name) = key else { continue };
        let Some(below) = base.get_str(name.as_bytes()) else { continue };
        base = Arc::new(match without_rules(child, below) {
            Some(left) => base.with(name.as_bytes(), left),
            None => base.without(name.as_bytes())?,
        });
    }
    (!base.keys().is_empty()).then_some(Document::Object(base))
}

fn has_rules(node: &TreeNode) -> bool {
    let mut found = false;
    node.depth_first(&mut |node| {
        found |= !node.rules.is_empty();
        found
    });
    found
}

fn data_conflict(rules: &Rules, node: &TreeNode, path: &[String]) -> Error {
    let mut first = None;
    node.depth_first(&mut |node| {
        first = first.or(node.rules.first().copied());
        first.is_some()
    });
    let entry = first.and_then(|number| rules.compiled.rules.get(number));
    let file = entry.and_then(|e| rules.modules.get(e.module)).map(|m| m.name.to_string()).unwrap_or_default();
    let path = Path::new(path.to_vec());
    let message = format!("conflicting rule for data path {path} found in {file}; rename the rule or the data");
    Error::new(ErrorKind::Conflict, message).with_code("rego_compile_error")
}
