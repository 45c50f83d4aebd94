//! From a document to a schema: keywords in OPA's order, since of several mistakes the first one is told.
//!
//! Where OPA goes through a map, whose order is another one each time, names are taken in alphabetical order.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::super::budget::Exceeded;
use super::super::super::value::number::with_text;
use super::super::super::value::{Arena, any_json};
use super::super::deep;
use super::super::uri::normal_url;
use super::super::{Context, Failure, regex};
use super::bounds::Bound;
use super::document::{Document, Draft};
use super::keywords::{Done, Fields, Problem, check_id, in_order, invalid, is_schema, list, objects, size, string, types};
use super::node::{Additional, Dependency, Id, Node, Schema};
use super::{meta, text};

/// How deep a schema may nest, its references followed.
const MAX_DEPTH: usize = 2000;

/// How deep a schema's text may nest.
const MAX_NESTING: usize = 900;

/// How many parts a schema may have.
const MAX_PARTS: usize = 200_000;

/// Compiles a schema's text, or says what is wrong with it.
pub(super) fn compile(ctx: &mut Context<'_>, json: &[u8]) -> Result<Result<Schema, String>, Failure> {
    // Its nodes take more room than its text.
    ctx.charge(json.len() / 4 + 1)?;
    ctx.reserve(json.len().saturating_mul(32))?;
    deep::run(ctx, |ctx| {
        let arena = Arena::new();
        let read = any_json(&arena, json).ok_or(Exceeded::Memory)?;
        let root = owned(&read, 0)?;
        match schema(ctx, &root) {
            Ok(schema) => Ok(Ok(schema)),
            Err(Problem::Words(words)) => Ok(Err(words)),
            Err(Problem::Failure(failure)) => Err(failure),
        }
    })
}

/// A value that is changed where references are made absolute. What nests too deep is no schema that anybody wrote.
fn owned(value: &super::super::super::value::Value<'_>, depth: usize) -> Result<Value, Exceeded> {
    use super::super::super::value::Value as Read;
    if depth > MAX_NESTING {
        return Err(Exceeded::Memory);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match value {
        Read::Null => Value::Null,
        Read::Bool(flag) => Value::Bool(*flag),
        value if value.is_number() => with_text(value, |text| text.parse().map_or(Value::Null, Value::Number)),
        value => match (value.as_bytes(), value.as_array(), value.as_object()) {
            (Some(bytes), ..) => Value::String(text(bytes)),
            (_, Some(elements), _) => elements.iter().map(|one| owned(&one, depth + 1)).collect::<Result<Value, _>>()?,
            (.., Some(entries)) => {
                let field = |(key, value): (Read<'_>, Read<'_>)| {
                    Ok((text(key.as_bytes().unwrap_or_default()), owned(&value, depth + 1)?))
                };
                Value::Object(entries.iter().map(field).collect::<Result<Fields, Exceeded>>()?)
            }
            _ => Value::Null,
        },
    })
}

fn schema(ctx: &mut Context<'_>, root: &Value) -> Done<Schema> {
    let document = Arc::new(Document::new(root)?);
    let draft = document.draft.unwrap_or(Draft::Hybrid);
    let mut compiler = Compiler {
        ctx,
        documents: vec![None, None, None],
        own: Arc::clone(&document),
        nodes: vec![Node::default()],
        referred: HashMap::new(),
        depth: 0,
    };
    compiler.schema(&document.root, 0, draft)?;
    Ok(Schema { nodes: compiler.nodes })
}

struct Compiler<'c, 'a> {
    ctx: &'c mut Context<'a>,
    own: Arc<Document>,
    /// The drafts' own schemas, where they are referred to.
    documents: Vec<Option<Arc<Document>>>,
    nodes: Vec<Node>,
    /// What references found.
    referred: HashMap<String, Id>,
    depth: usize,
}

impl Compiler<'_, '_> {
    fn add(&mut self) -> Done<Id> {
        let id = self.nodes.len();
        if id >= MAX_PARTS {
            return Err(Failure::from(Exceeded::Memory).into());
        }
        self.ctx.charge(16)?;
        self.nodes.push(Node::default());
        Ok(id)
    }

    fn child(&mut self, schema: &Value, draft: Draft) -> Done<Id> {
        let id = self.add()?;
        self.schema(schema, id, draft)?;
        Ok(id)
    }

    /// Compiles a schema into the node at `at`. Recurses as deep as it nests.
    fn schema(&mut self, schema: &Value, at: Id, draft: Draft) -> Done<()> {
        if let Value::Bool(pass) = schema
            && draft >= Draft::Six
        {
            self.set(at, Node { pass: Some(*pass), ..Node::default() });
            return Ok(());
        }
        let fields = schema.as_object().ok_or("Expected: Valid Schema, given: Invalid JSON")?;
        if self.depth >= MAX_DEPTH {
            return Err(Failure::from(Exceeded::Memory).into());
        }
        self.depth += 1;
        let node = self.node(fields, draft)?;
        self.depth -= 1;
        self.set(at, node);
        Ok(())
    }

    fn set(&mut self, at: Id, node: Node) {
        if let Some(place) = self.nodes.get_mut(at) {
            *place = node;
        }
    }

    fn node(&mut self, fields: &Fields, draft: Draft) -> Done<Node> {
        let mut node = Node::default();
        check_id(fields, draft)?;
        self.definitions(fields, draft)?;
        string(fields, "title")?;
        string(fields, "description")?;
        if self.reference(fields, &mut node, draft)? {
            return Ok(node);
        }
        types(fields, &mut node)?;
        self.properties(fields, &mut node, draft)?;
        self.dependencies(fields, &mut node, draft)?;
        self.items(fields, &mut node, draft)?;
        self.numbers(fields, &mut node, draft)?;
        self.strings(fields, &mut node)?;
        objects(fields, &mut node)?;
        self.arrays(fields, &mut node, draft)?;
        self.values(fields, &mut node, draft)?;
        self.choices(fields, &mut node, draft)?;
        Ok(node)
    }

    fn definitions(&mut self, fields: &Fields, draft: Draft) -> Done<()> {
        const WANTED: &str = "Array Of Schemas";
        let Some(definitions) = fields.get("definitions") else { return Ok(()) };
        let Some(definitions) = definitions.as_object() else { return invalid(WANTED, "definitions") };
        for definition in definitions.values() {
            if !is_schema(definition) {
                return invalid(WANTED, "definitions");
            }
            self.child(definition, draft)?;
        }
        Ok(())
    }

    /// Follows a reference. Whether there was one that nobody had followed: then nothing else is looked at.
    fn reference(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<bool> {
        let Some(reference) = string(fields, "$ref")? else { return Ok(false) };
        let reference = normal_url(reference.as_bytes())?;
        if let Some(known) = self.referred.get(&reference) {
            node.refers = Some(*known);
            return Ok(false);
        }
        let id = self.add()?;
        self.referred.insert(reference.clone(), id);
        node.refers = Some(id);
        let document = self.document(&reference)?;
        let found = document.find(&reference)?;
        if !is_schema(found) {
            return Err("Valid Schema must be of type object".into());
        }
        self.schema(found, id, document.draft.unwrap_or(draft))?;
        Ok(true)
    }

    /// The document in which a reference is looked up: this one, but for what only a draft's own schema has.
    fn document(&mut self, reference: &str) -> Done<Arc<Document>> {
        let (base, _) = reference.split_once('#').unwrap_or((reference, ""));
        if self.own.has(reference) || self.own.has(base) {
            return Ok(Arc::clone(&self.own));
        }
        let Some((at, loaded)) = meta::load(base) else { return Ok(Arc::clone(&self.own)) };
        let Some(place) = self.documents.get_mut(at) else { return Ok(Arc::clone(&self.own)) };
        Ok(Arc::clone(place.get_or_insert_with(|| Arc::new(loaded))))
    }

    fn properties(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        if let Some(properties) = fields.get("properties") {
            for (name, schema) in properties.as_object().ok_or("Properties must be of type object")? {
                node.properties.push((name.clone(), self.child(schema, draft)?));
            }
        }
        node.additional_properties = self.additional(fields, "additionalProperties", draft)?;
        if let Some(patterns) = fields.get("patternProperties") {
            let Some(patterns) = patterns.as_object() else { return invalid("Valid Schema", "patternProperties") };
            for (pattern, schema) in patterns {
                if !regex::is_pattern(self.ctx, pattern.as_bytes())? {
                    return Err(format!("Invalid regex pattern '{pattern}'").into());
                }
                node.patterns.push((pattern.clone(), self.child(schema, draft)?));
            }
        }
        if let Some(names) = fields.get("propertyNames").filter(|_| draft >= Draft::Six) {
            if !is_schema(names) {
                return invalid("Valid Schema", "patternProperties");
            }
            node.property_names = Some(self.child(names, draft)?);
        }
        Ok(())
    }

    fn additional(&mut self, fields: &Fields, name: &str, draft: Draft) -> Done<Additional> {
        match fields.get(name) {
            None | Some(Value::Bool(true)) => Ok(Additional::Any),
            Some(Value::Bool(false)) => Ok(Additional::None),
            Some(schema) if schema.is_object() => self.child(schema, draft).map(Additional::Schema),
            Some(_) => invalid("boolean/Valid Schema", name),
        }
    }

    fn dependencies(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        const WRONG: &str = "Dependency must be of type Schema Or Array Of Strings";
        let Some(dependencies) = fields.get("dependencies") else { return Ok(()) };
        for (name, needed) in dependencies.as_object().ok_or("dependencies must be of type object")? {
            let dependency = match needed {
                Value::Array(names) => {
                    let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                    Dependency::Names(names.ok_or(WRONG)?)
                }
                needed if is_schema(needed) => Dependency::Schema(self.child(needed, draft)?),
                _ => return Err(WRONG.into()),
            };
            node.dependencies.push((name.clone(), dependency));
        }
        Ok(())
    }

    fn items(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        const WANTED: &str = "Valid Schema/Array Of Schemas";
        match fields.get("items") {
            None => {}
            Some(Value::Array(items)) => {
                for item in items {
                    if !is_schema(item) {
                        return invalid(WANTED, "items");
                    }
                    node.items.push(self.child(item, draft)?);
                }
            }
            Some(item) if is_schema(item) => {
                node.items.push(self.child(item, draft)?);
                node.one_for_all = true;
            }
            Some(_) => return invalid(WANTED, "items"),
        }
        node.additional_items = self.additional(fields, "additionalItems", draft)?;
        Ok(())
    }

    /// A bound; none for what is no number.
    fn bound(&mut self, value: &Value) -> Done<Option<Bound>> {
        let Some(number) = value.as_number() else { return Ok(None) };
        let text = number.to_string();
        super::super::operand::charge_number(self.ctx, &text)?;
        Ok(Bound::of(&text))
    }

    fn numbers(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        if let Some(value) = fields.get("multipleOf") {
            let Some(bound) = self.bound(value)? else { return invalid("Number", "multipleOf") };
            if !bound.ratio.is_positive() {
                return Err("multipleOf must be strictly greater than 0".into());
            }
            node.multiple_of = Some(bound);
        }
        (node.minimum, node.exclusive_minimum) = self.limit(fields, "minimum", "exclusiveMinimum", draft)?;
        (node.maximum, node.exclusive_maximum) = self.limit(fields, "maximum", "exclusiveMaximum", draft)?;
        Ok(())
    }

    /// A bound and one that is itself not allowed: a flag beside the first in draft 4, a bound of its own later.
    fn limit(&mut self, fields: &Fields, name: &str, exclusive: &str, draft: Draft) -> Done<(Option<Bound>, Option<Bound>)> {
        let mut bound = None;
        if let Some(value) = fields.get(name) {
            bound = self.bound(value)?;
            if bound.is_none() {
                return Err(format!("{name} must be of a Number").into());
            }
        }
        let Some(value) = fields.get(exclusive) else { return Ok((bound, None)) };
        let (flag, number) = match draft {
            Draft::Four => (true, false),
            Draft::Hybrid => (true, true),
            Draft::Six | Draft::Seven => (false, true),
        };
        match value {
            Value::Bool(_) if flag && bound.is_none() => Err(format!("{exclusive} cannot be used without {name}").into()),
            Value::Bool(true) if flag => Ok((None, bound)),
            Value::Bool(false) if flag => Ok((bound, None)),
            Value::Number(_) if number => {
                let own = self.bound(value)?;
                Ok((bound, own))
            }
            _ if flag && number => invalid("boolean/number", exclusive),
            _ if flag => invalid("boolean", exclusive),
            _ => invalid("number", exclusive),
        }
    }

    fn strings(&mut self, fields: &Fields, node: &mut Node) -> Done<()> {
        node.min_length = size(fields, "minLength")?;
        node.max_length = size(fields, "maxLength")?;
        in_order(node.min_length, node.max_length, ["minLength", "maxLength"])?;
        if let Some(pattern) = string(fields, "pattern")? {
            if !regex::is_pattern(self.ctx, pattern.as_bytes())? {
                return Err("pattern must be a valid regex".into());
            }
            node.pattern = Some(pattern.to_owned());
        }
        string(fields, "format")?.unwrap_or_default().clone_into(&mut node.format);
        Ok(())
    }

    fn arrays(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        node.min_items = size(fields, "minItems")?;
        node.max_items = size(fields, "maxItems")?;
        if let Some(unique) = fields.get("uniqueItems") {
            node.unique_items = unique.as_bool().ok_or("uniqueItems must be of a boolean")?;
        }
        if let Some(contains) = fields.get("contains").filter(|_| draft >= Draft::Six) {
            node.contains = Some(self.child(contains, draft)?);
        }
        Ok(())
    }

    /// A value in the form in which values are compared.
    fn comparable(&mut self, value: &Value) -> Done<String> {
        let arena = Arena::new();
        let text = value.to_string();
        let read = any_json(&arena, text.as_bytes()).ok_or(Failure::from(Exceeded::Memory))?;
        self.ctx.charge(text.len() / 8 + 1)?;
        match text::written(&read) {
            Ok(text) => Ok(text),
            // What is wrong with a number of a schema is said of the schema.
            Err(Failure::Builtin(words)) => Err(words.into()),
            Err(failure) => Err(failure.into()),
        }
    }

    fn values(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        if let Some(constant) = fields.get("const").filter(|_| draft >= Draft::Six) {
            node.constant = Some(self.comparable(constant)?);
        }
        let Some(options) = list(fields, "enum")? else { return Ok(()) };
        let (mut texts, mut seen) = (Vec::new(), std::collections::HashSet::new());
        for option in options {
            let text = self.comparable(option)?;
            if !seen.insert(text.clone()) {
                return Err("enum items must be unique".into());
            }
            texts.push(text);
        }
        node.options = Some(texts);
        Ok(())
    }

    fn choices(&mut self, fields: &Fields, node: &mut Node, draft: Draft) -> Done<()> {
        for (name, choices) in [("oneOf", &mut node.one_of), ("anyOf", &mut node.any_of), ("allOf", &mut node.all_of)] {
            for schema in list(fields, name)?.unwrap_or_default() {
                choices.push(self.child(schema, draft)?);
            }
        }
        node.not = self.condition(fields, "not", draft)?;
        if draft >= Draft::Seven {
            node.condition = self.condition(fields, "if", draft)?;
            node.then = self.condition(fields, "then", draft)?;
            node.otherwise = self.condition(fields, "else", draft)?;
        }
        Ok(())
    }

    fn condition(&mut self, fields: &Fields, name: &str, draft: Draft) -> Done<Option<Id>> {
        match fields.get(name) {
            None => Ok(None),
            Some(schema) if is_schema(schema) => self.child(schema, draft).map(Some),
            Some(_) => Err(format!("{name} must be of an object").into()),
        }
    }
}
