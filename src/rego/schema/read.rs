//! From a document to its nodes: those keywords that say something about types, and the others checked.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::keywords::{self, list, text};
use super::{MAX_DEPTH, MAX_PARTS};
use crate::rego::builtins::{Document, Draft, normal_url};

/// The types that there are.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "number", "null", "object", "string"];

/// A node, by its place among all.
pub(super) type Id = usize;

/// What a schema, or a part of it, says about types.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The property that it is about.
    pub(super) property: String,
    pub(super) types: Vec<String>,
    pub(super) properties: Vec<Id>,
    pub(super) items: Vec<Id>,
    /// Whether there is one schema for all items.
    pub(super) one_for_all: bool,
    pub(super) any_of: Vec<Id>,
    pub(super) all_of: Vec<Id>,
    /// What it refers to, and by which name.
    pub(super) refers: Option<(Id, String)>,
}

impl Node {
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.types.iter().any(|own| own == name)
    }

    pub(super) fn add_type(&mut self, name: &str) -> Result<(), String> {
        if !TYPES.contains(&name) {
            return Err(format!(
                "has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{}]",
                TYPES.join(" ")
            ));
        }
        if self.has_type(name) {
            return Err(format!("{name} type is duplicated"));
        }
        self.types.push(name.to_owned());
        Ok(())
    }

    /// Its types as messages name them.
    pub(super) fn types_text(&self) -> String {
        match self.types.as_slice() {
            [] => "Undefined".to_owned(),
            [only] => only.clone(),
            several => format!("[{}]", several.join(",")),
        }
    }
}

/// The nodes of a schema, the first of which is its root.
pub(super) fn nodes(schema: &Value) -> Result<Vec<Node>, String> {
    let document = Document::new(schema)?;
    let draft = document.draft.unwrap_or(Draft::Hybrid);
    let mut reader = Reader { document: &document, nodes: vec![Node::default()], referred: HashMap::new(), depth: 0 };
    reader.schema(&document.root, 0, draft)?;
    Ok(reader.nodes)
}

struct Reader<'d> {
    document: &'d Document,
    nodes: Vec<Node>,
    /// What references found.
    referred: HashMap<String, Id>,
    depth: usize,
}

type Fields = Map<String, Value>;

impl<'d> Reader<'d> {
    fn child(&mut self, property: &str, schema: &'d Value, draft: Draft) -> Result<Id, String> {
        let id = self.add(property)?;
        self.schema(schema, id, draft).map(|()| id)
    }

    fn add(&mut self, property: &str) -> Result<Id, String> {
        let id = self.nodes.len();
        if id >= MAX_PARTS {
            return Err(format!("the schema has more than {MAX_PARTS} parts"));
        }
        self.nodes.push(Node { property: property.to_owned(), ..Node::default() });
        Ok(id)
    }

    fn edit(&mut self, at: Id, edit: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(at) {
            edit(node);
        }
    }

    /// Reads a schema into the node at `at`. Recurses as deep as it nests.
    fn schema(&mut self, schema: &'d Value, at: Id, draft: Draft) -> Result<(), String> {
        if draft >= Draft::Six && schema.is_boolean() {
            return Ok(());
        }
        let fields = schema.as_object().ok_or("Expected: Valid Schema, given: Invalid JSON")?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the schema nests too deep".to_owned());
        }
        keywords::check_id(fields, draft)?;
        self.definitions(fields, draft)?;
        text(fields, "title")?;
        text(fields, "description")?;
        if !self.reference(fields, at, draft)? {
            self.types(fields, at)?;
            self.properties(fields, at, draft)?;
            self.objects(fields, draft)?;
            self.items(fields, at, draft)?;
            keywords::check(fields, draft)?;
            self.choices(fields, at, draft)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn definitions(&mut self, fields: &'d Fields, draft: Draft) -> Result<(), String> {
        let wrong = || keywords::invalid("Array Of Schemas", "definitions");
        let Some(definitions) = fields.get("definitions") else { return Ok(()) };
        for definition in definitions.as_object().ok_or_else(wrong)?.values() {
            if !is_schema(definition) {
                return Err(wrong());
            }
            self.child("definitions", definition, draft)?;
        }
        Ok(())
    }

    /// Follows a reference. Whether there was one that nobody had followed: then nothing else counts.
    fn reference(&mut self, fields: &Fields, at: Id, draft: Draft) -> Result<bool, String> {
        let Some(reference) = text(fields, "$ref")? else { return Ok(false) };
        let reference = normal_url(reference.as_bytes())?;
        if let Some(known) = self.referred.get(&reference) {
            let refers = Some((*known, reference));
            self.edit(at, |node| node.refers = refers);
            return Ok(false);
        }
        let id = self.add("$ref")?;
        self.referred.insert(reference.clone(), id);
        let document: &'d Document = self.document;
        let found = document.find(&reference)?;
        if !is_schema(found) {
            return Err("Valid Schema must be of type object".to_owned());
        }
        self.schema(found, id, document.draft.unwrap_or(draft))?;
        self.edit(at, |node| node.refers = Some((id, reference)));
        Ok(true)
    }

    fn types(&mut self, fields: &Fields, at: Id) -> Result<(), String> {
        let wrong = || keywords::invalid("type", "string/Array Of Strings");
        let Some(node) = self.nodes.get_mut(at) else { return Ok(()) };
        match fields.get("type") {
            None => Ok(()),
            Some(Value::String(name)) => node.add_type(name),
            Some(Value::Array(names)) => names.iter().try_for_each(|name| node.add_type(name.as_str().ok_or_else(wrong)?)),
            Some(_) => Err(wrong()),
        }
    }

    fn properties(&mut self, fields: &'d Fields, at: Id, draft: Draft) -> Result<(), String> {
        let Some(properties) = fields.get("properties") else { return Ok(()) };
        for (name, schema) in properties.as_object().ok_or("Properties must be of type object")? {
            let child = self.child(name, schema, draft)?;
            self.edit(at, |node| node.properties.push(child));
        }
        Ok(())
    }

    /// What else is said about objects says nothing about types, but must be right.
    fn objects(&mut self, fields: &'d Fields, draft: Draft) -> Result<(), String> {
        self.additional(fields, "additionalProperties", draft)?;
        if let Some(patterns) = fields.get("patternProperties") {
            let patterns = patterns.as_object().ok_or_else(|| keywords::invalid("Valid Schema", "patternProperties"))?;
            for (pattern, schema) in patterns {
                self.child(pattern, schema, draft)?;
            }
        }
        if let Some(names) = fields.get("propertyNames").filter(|_| draft >= Draft::Six) {
            if !is_schema(names) {
                return Err(keywords::invalid("Valid Schema", "patternProperties"));
            }
            self.child("propertyNames", names, draft)?;
        }
        let Some(dependencies) = fields.get("dependencies") else { return Ok(()) };
        for (name, needed) in dependencies.as_object().ok_or("dependencies must be of type object")? {
            match needed {
                Value::Array(names) if names.iter().all(Value::is_string) => {}
                needed if is_schema(needed) => drop(self.child(name, needed, draft)?),
                _ => return Err("Dependency must be of type Schema Or Array Of Strings".to_owned()),
            }
        }
        Ok(())
    }

    fn additional(&mut self, fields: &'d Fields, name: &str, draft: Draft) -> Result<(), String> {
        match fields.get(name) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(schema) if schema.is_object() => self.child(name, schema, draft).map(drop),
            Some(_) => Err(keywords::invalid("boolean/Valid Schema", name)),
        }
    }

    fn items(&mut self, fields: &'d Fields, at: Id, draft: Draft) -> Result<(), String> {
        match fields.get("items") {
            None => {}
            Some(Value::Array(items)) => {
                for item in items {
                    if !is_schema(item) {
                        return Err(keywords::invalid("Valid Schema/Array Of Schemas", "items"));
                    }
                    let child = self.child("items", item, draft)?;
                    self.edit(at, |node| node.items.push(child));
                }
            }
            Some(item) if is_schema(item) => {
                let child = self.child("items", item, draft)?;
                self.edit(at, |node| {
                    node.items.push(child);
                    node.one_for_all = true;
                });
            }
            Some(_) => return Err(keywords::invalid("Valid Schema/Array Of Schemas", "items")),
        }
        self.additional(fields, "additionalItems", draft)
    }

    fn choices(&mut self, fields: &'d Fields, at: Id, draft: Draft) -> Result<(), String> {
        for name in ["oneOf", "anyOf", "allOf"] {
            for schema in list(fields, name)? {
                let child = self.child(name, schema, draft)?;
                self.edit(at, |node| match name {
                    "anyOf" => node.any_of.push(child),
                    "allOf" => node.all_of.push(child),
                    // OPA's checker takes no account of it.
                    _ => {}
                });
            }
        }
        let conditions = if draft >= Draft::Seven { &["not", "if", "then", "else"][..] } else { &["not"] };
        for name in conditions {
            let Some(schema) = fields.get(*name) else { continue };
            if !is_schema(schema) {
                return Err(format!("{name} must be of an object"));
            }
            self.child(name, schema, draft)?;
        }
        match fields.get("contains").filter(|_| draft >= Draft::Six) {
            Some(schema) => self.child("contains", schema, draft).map(drop),
            None => Ok(()),
        }
    }
}

fn is_schema(value: &Value) -> bool {
    value.is_object() || value.is_boolean()
}
