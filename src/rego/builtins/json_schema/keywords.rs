//! Keywords whose values hold no schemas, and OPA's words for what is wrong with one.

use serde_json::{Map, Value};

use super::super::Failure;
use super::super::uri::normal_url;
use super::document::Draft;
use super::node::{Node, Type};

/// Why there is no schema: OPA's words, or a bound of this evaluation.
pub(super) enum Problem {
    Words(String),
    Failure(Failure),
}

impl From<String> for Problem {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Problem {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

pub(super) type Done<T> = Result<T, Problem>;
pub(super) type Fields = Map<String, Value>;

pub(super) fn invalid<T>(expected: &str, given: &str) -> Done<T> {
    Err(format!("Invalid type. Expected: {expected}, given: {given}").into())
}

pub(super) fn is_schema(value: &Value) -> bool {
    value.is_object() || value.is_boolean()
}

pub(super) fn string<'f>(fields: &'f Fields, name: &str) -> Done<Option<&'f str>> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => invalid("string", name),
    }
}

pub(super) fn list<'f>(fields: &'f Fields, name: &str) -> Done<Option<&'f [Value]>> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => Err(format!("{name} must be of an array").into()),
    }
}

/// A size: a whole number that is not negative and written without point and exponent.
pub(super) fn size(fields: &Fields, name: &str) -> Done<Option<usize>> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    match value.as_number().and_then(|number| number.to_string().parse::<i64>().ok()) {
        None => Err(format!("{name} must be of an integer").into()),
        Some(number) if number < 0 => Err(format!("{name} must be greater than or equal to 0").into()),
        Some(number) => Ok(Some(usize::try_from(number).unwrap_or(usize::MAX))),
    }
}

pub(super) fn in_order(least: Option<usize>, most: Option<usize>, names: [&str; 2]) -> Done<()> {
    let [low, high] = names;
    match least.zip(most) {
        Some((least, most)) if least > most => Err(format!("{low} cannot be greater than {high}").into()),
        _ => Ok(()),
    }
}

pub(super) fn check_id(fields: &Fields, draft: Draft) -> Done<()> {
    let name = match draft {
        Draft::Four => "id",
        Draft::Hybrid if fields.contains_key("id") => "id",
        _ => "$id",
    };
    if let Some(id) = string(fields, name)? {
        normal_url(id.as_bytes())?;
    }
    Ok(())
}

pub(super) fn types(fields: &Fields, node: &mut Node) -> Done<()> {
    const WANTED: [&str; 2] = ["type", "string/Array Of Strings"];
    let [key, wanted] = WANTED;
    match fields.get("type") {
        None => Ok(()),
        Some(Value::String(name)) => add_type(node, name),
        Some(Value::Array(names)) => names.iter().try_for_each(|name| match name.as_str() {
            Some(name) => add_type(node, name),
            None => invalid(key, wanted),
        }),
        Some(_) => invalid(key, wanted),
    }
}

fn add_type(node: &mut Node, name: &str) -> Done<()> {
    let Some(found) = Type::ALL.into_iter().find(|one| one.name() == name) else {
        let all = Type::ALL.map(Type::name).join(" ");
        return Err(format!("has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{all}]").into());
    };
    if node.types.contains(&found) {
        return Err(format!("{name} type is duplicated").into());
    }
    node.types.push(found);
    Ok(())
}

pub(super) fn objects(fields: &Fields, node: &mut Node) -> Done<()> {
    node.min_properties = size(fields, "minProperties")?;
    node.max_properties = size(fields, "maxProperties")?;
    in_order(node.min_properties, node.max_properties, ["minProperties", "maxProperties"])?;
    let mut seen = std::collections::HashSet::new();
    for name in list(fields, "required")?.unwrap_or_default() {
        let Some(name) = name.as_str() else { return invalid("string", "required") };
        if !seen.insert(name) {
            return Err("required items must be unique".into());
        }
        node.required.push(name.to_owned());
    }
    Ok(())
}
