//! A schema's document: the parts of it that have names, and what references in it find.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::uri::normal_url;
use super::url;

/// How deep a schema's text may nest.
const MAX_DEPTH: usize = 1000;

/// The versions of JSON Schema that differ here. Without `$schema` all keywords are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Draft {
    Four,
    Six,
    Seven,
    Hybrid,
}

/// A document whose references are absolute, and where its named parts are.
pub(crate) struct Document {
    pub(crate) root: Value,
    pub(crate) draft: Option<Draft>,
    /// Pointers into the root, by name.
    named: HashMap<String, Vec<String>>,
}

/// What `$schema` names.
fn draft(root: &Value) -> Result<Option<Draft>, String> {
    match root {
        Value::Bool(_) => Ok(None),
        Value::Object(fields) => match fields.get("$schema") {
            None => Ok(None),
            Some(Value::String(name)) => Ok(match normal_url(name.as_bytes())?.as_str() {
                "http://json-schema.org/draft-04/schema" => Some(Draft::Four),
                "http://json-schema.org/draft-06/schema" => Some(Draft::Six),
                "http://json-schema.org/draft-07/schema" => Some(Draft::Seven),
                _ => None,
            }),
            Some(_) => Err("$schema must be of type string".to_owned()),
        },
        _ => Err("schema is invalid".to_owned()),
    }
}

impl Document {
    pub(crate) fn new(schema: &Value) -> Result<Self, String> {
        Self::at("", schema)
    }

    /// The document that is found at that URL, which has no fragment.
    pub(crate) fn at(url: &str, schema: &Value) -> Result<Self, String> {
        let mut root = schema.clone();
        let draft = draft(&root)?;
        let mut named = HashMap::new();
        resolve(&mut root, url, &mut Vec::new(), &mut named)?;
        named.insert(url.to_owned(), Vec::new());
        Ok(Self { root, draft, named })
    }

    /// Whether something has that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    /// The part that an absolute reference finds.
    pub(crate) fn find(&self, reference: &str) -> Result<&Value, String> {
        if let Some(pointer) = self.named.get(reference) {
            return pointed(&self.root, pointer);
        }
        let (base, fragment) = url::without_fragment(reference);
        if let Some(pointer) = self.named.get(base) {
            let part = pointed(&self.root, pointer)?;
            let tokens: Vec<String> =
                fragment.strip_prefix('/').map(|rest| rest.split('/').map(unescaped).collect()).unwrap_or_default();
            return pointed(part, &tokens);
        }
        if !url::is_canonical(reference) {
            return Err(format!("Reference {reference} must be canonical"));
        }
        Err(format!("remote reference loading disabled: {base}"))
    }
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn pointed<'v>(root: &'v Value, pointer: &[String]) -> Result<&'v Value, String> {
    pointer.iter().try_fold(root, |node, token| match node {
        Value::Object(fields) => fields.get(token).ok_or_else(|| format!("Object has no key '{token}'")),
        Value::Array(items) => {
            let at: i64 = token.parse().map_err(|_| format!("Invalid array index '{token}'"))?;
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found.ok_or_else(|| format!("Out of bound array[0,{}] index '{at}'", items.len()))
        }
        _ => Err(format!("Invalid token reference '{token}'")),
    })
}

/// Makes references absolute, and notes what has a name. What is wrong with one is told when it is read.
fn resolve(node: &mut Value, base: &str, path: &mut Vec<String>, named: &mut HashMap<String, Vec<String>>) -> Result<(), String> {
    if path.len() > MAX_DEPTH {
        return Err("the schema nests too deep".to_owned());
    }
    match node {
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                below(item, &at.to_string(), base, path, named)?;
            }
            Ok(())
        }
        Value::Object(fields) => resolve_fields(fields, base, path, named),
        _ => Ok(()),
    }
}

fn below(
    node: &mut Value,
    key: &str,
    base: &str,
    path: &mut Vec<String>,
    named: &mut HashMap<String, Vec<String>>,
) -> Result<(), String> {
    path.push(key.to_owned());
    resolve(node, base, path, named)?;
    path.pop();
    Ok(())
}

fn resolve_fields(
    fields: &mut Map<String, Value>,
    base: &str,
    path: &mut Vec<String>,
    named: &mut HashMap<String, Vec<String>>,
) -> Result<(), String> {
    let id = fields.get("id").or_else(|| fields.get("$id")).and_then(Value::as_str);
    let own = id.and_then(|id| url::resolve(base, id));
    if let Some(name) = &own
        && named.insert(name.clone(), path.clone()).is_some()
    {
        return Err(format!("Reference already exists: \"{name}\""));
    }
    let base = own.as_deref().unwrap_or(base);
    if let Some(Value::String(reference)) = fields.get_mut("$ref")
        && let Some(absolute) = url::resolve(base, reference)
    {
        *reference = absolute;
    }
    for (key, value) in fields {
        match (key.as_str(), value) {
            // Any value may stand there, and means itself.
            ("const" | "enum", _) => {}
            // What stands there has names of the author's.
            ("properties" | "dependencies" | "patternProperties", Value::Object(children)) => {
                path.push(key.clone());
                for (name, child) in children {
                    below(child, name, base, path, named)?;
                }
                path.pop();
            }
            ("properties" | "dependencies" | "patternProperties", _) => {}
            (_, value) => below(value, key, base, path, named)?,
        }
    }
    Ok(())
}
