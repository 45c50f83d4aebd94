//! From nodes to a type (OPA's `schemaParser`). Merging changes nodes in place, as there, and so what refers to them later.

use std::collections::HashMap;

use super::read::{Id, Node};
use super::{MAX_DEPTH, MAX_WORK};
use crate::rego::types::{Constant, Known, Type, Types};

/// The type of the first node.
pub(super) fn root(types: &mut Types, nodes: Vec<Node>) -> Result<Known, String> {
    Typer { types, nodes, defined: HashMap::new(), depth: 0, work: 0 }.node(0, None)
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Definition {
    /// It is being read, and so refers to itself.
    Open,
    Done(Known),
}

struct Typer<'t> {
    types: &'t mut Types,
    nodes: Vec<Node>,
    defined: HashMap<String, Definition>,
    depth: usize,
    work: usize,
}

impl Typer<'_> {
    fn at(&self, at: Id) -> Result<&Node, String> {
        self.nodes.get(at).ok_or_else(|| "no such node".to_owned())
    }

    fn count(&mut self, work: usize) -> Result<(), String> {
        self.work = self.work.saturating_add(work);
        if self.work > MAX_WORK {
            return Err("the schema is too complex".to_owned());
        }
        Ok(())
    }

    /// The type of a node, which a reference calls `name`. Recurses as deep as the schema nests.
    fn node(&mut self, at: Id, name: Option<String>) -> Result<Known, String> {
        self.count(1)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the schema nests too deep".to_owned());
        }
        let found = self.named(at, name);
        self.depth -= 1;
        found
    }

    fn named(&mut self, at: Id, name: Option<String>) -> Result<Known, String> {
        if let Some((target, reference)) = self.at(at)?.refers.clone() {
            return match self.defined.get(&reference) {
                Some(Definition::Done(known)) => Ok(*known),
                // Of a document that has one of its own kind in it, that one may be anything.
                Some(Definition::Open) => Ok(Some(Type::ANY)),
                None => self.node(target, Some(reference)),
            };
        }
        if let Some(name) = &name {
            self.defined.insert(name.clone(), Definition::Open);
        }
        let found = self.own(at)?;
        if let Some(name) = name {
            self.defined.insert(name, Definition::Done(found));
        }
        Ok(found)
    }

    fn own(&mut self, at: Id) -> Result<Known, String> {
        let node = self.at(at)?;
        if !node.any_of.is_empty() {
            return self.any_of(at);
        }
        if !node.all_of.is_empty() {
            return self.all_of(at);
        }
        let has = |name| node.has_type(name);
        if has("boolean") {
            return Ok(Some(Type::BOOLEAN));
        }
        if has("string") {
            return Ok(Some(Type::STRING));
        }
        if has("integer") || has("number") {
            return Ok(Some(Type::NUMBER));
        }
        if has("object") {
            return self.object(at);
        }
        if has("array") {
            return self.array(at);
        }
        // What has properties is an object, though nobody says so.
        let implied = match (node.properties.is_empty(), node.items.is_empty()) {
            (false, _) => "object",
            (true, false) => "array",
            (true, true) => return Ok(Some(Type::ANY)),
        };
        if let Some(node) = self.nodes.get_mut(at) {
            node.add_type(implied)?;
        }
        self.node(at, None)
    }

    fn object(&mut self, at: Id) -> Result<Known, String> {
        let mut properties = Vec::new();
        for child in self.at(at)?.properties.clone() {
            let value = self.node(child, None).map_err(unexpected)?;
            properties.push((Constant::String(self.at(child)?.property.as_str().into()), value));
        }
        let rest = properties.is_empty().then_some((Some(Type::ANY), Some(Type::ANY)));
        Ok(Some(self.types.object(properties, rest)))
    }

    fn array(&mut self, at: Id) -> Result<Known, String> {
        let node = self.at(at)?;
        let (items, one_for_all) = (node.items.clone(), node.one_for_all);
        let mut found = Vec::new();
        for item in items.iter().take(if one_for_all { 1 } else { usize::MAX }) {
            found.push(self.node(*item, None).map_err(unexpected)?);
        }
        let array = match found.as_slice() {
            [] => self.types.array(Vec::new(), Some(Type::ANY)),
            [only] if one_for_all => self.types.array(Vec::new(), *only),
            _ => self.types.array(found, None),
        };
        Ok(Some(array))
    }

    fn any_of(&mut self, at: Id) -> Result<Known, String> {
        let node = self.at(at)?.clone();
        self.count(node.properties.len() + node.items.len() + node.any_of.len())?;
        let mut found = None;
        if !node.types.is_empty() {
            let core = self.nodes.len();
            self.nodes.push(Node { any_of: Vec::new(), ..node.clone() });
            let core = self.node(core, None).map_err(unexpected)?;
            // Of what stands beside the choices, an object with known properties counts as one of them.
            let is_choice = self.types.as_object(core).is_some_and(|(properties, rest)| !properties.is_empty() && rest.is_none());
            if is_choice {
                found = core;
            }
        }
        for (before, choice) in node.any_of.into_iter().enumerate() {
            // Each choice makes a type of all those before it.
            self.count(before / 8)?;
            let choice = self.node(choice, None).map_err(unexpected)?;
            found = self.types.or(choice, found);
        }
        Ok(found)
    }

    fn all_of(&mut self, at: Id) -> Result<Known, String> {
        let mut parts = Vec::new();
        let all = self.at(at)?.all_of.clone();
        self.count(all.len())?;
        for part in all {
            let part = self.behind_references(part)?;
            let node = self.at(part)?;
            let is_choice_only =
                node.types.is_empty() && !node.any_of.is_empty() && node.properties.is_empty() && node.items.is_empty();
            if !is_choice_only {
                parts.push(part);
            }
        }
        let Some(merged) = self.merge(&parts)? else { return Ok(Some(Type::ANY)) };
        let (own, all) = (self.at(at)?, self.at(merged)?);
        if !own.types.is_empty() {
            let both = |name| own.has_type(name) && all.has_type(name);
            if both("object") || both("array") {
                let with_own = self.merge(&[merged, at])?.unwrap_or(merged);
                return self.node(with_own, None);
            }
            if own.types_text() != all.types_text() {
                return Err("unable to merge these schemas".to_owned());
            }
        }
        self.node(merged, None)
    }

    fn behind_references(&mut self, mut at: Id) -> Result<Id, String> {
        for _ in 0..=self.nodes.len() {
            self.count(1)?;
            match &self.at(at)?.refers {
                Some((target, _)) => at = *target,
                None => return Ok(at),
            }
        }
        Err("a reference refers to itself".to_owned())
    }

    /// The first of some nodes, with what the others have.
    fn merge(&mut self, parts: &[Id]) -> Result<Option<Id>, String> {
        let Some((&first, others)) = parts.split_first() else { return Ok(None) };
        for part in parts {
            let Some(node) = self.nodes.get_mut(*part) else { continue };
            let implied = match (node.properties.is_empty(), node.items.is_empty()) {
                (false, _) => "object",
                (true, false) => "array",
                (true, true) => continue,
            };
            if !node.has_type(implied) {
                node.add_type(implied)?;
            }
        }
        for &other in others {
            self.merge_into(first, other)?;
        }
        Ok(Some(first))
    }

    fn merge_into(&mut self, first: Id, other: Id) -> Result<(), String> {
        let added = self.at(other)?.clone();
        self.count(added.properties.len() + added.items.len())?;
        let own = self.at(first)?;
        if own.types_text() != added.types_text() {
            let (own, added) = (own.types_text(), added.types_text());
            return Err(format!("unable to merge these schemas: type mismatch: {own} and {added}"));
        }
        if own.has_type("object") && !own.properties.is_empty() && !added.properties.is_empty() {
            if let Some(node) = self.nodes.get_mut(first) {
                node.properties.extend(added.properties);
            }
            return Ok(());
        }
        if !own.has_type("array") || own.items.is_empty() {
            return Ok(());
        }
        for (place, item) in added.items.iter().enumerate() {
            let Some(known) = self.at(first)?.items.get(place) else {
                if let Some(node) = self.nodes.get_mut(first) {
                    node.items.push(*item);
                }
                continue;
            };
            if self.at(*known)?.types_text() != self.at(*item)?.types_text() {
                return Err("unable to merge these schemas".to_owned());
            }
        }
        Ok(())
    }
}

fn unexpected(problem: String) -> String {
    format!("unexpected schema type: {problem}")
}
