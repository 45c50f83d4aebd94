//! Keywords that say nothing about types: what is wrong with one refuses the schema, as in OPA.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::rego::builtins::{Draft, normal_url};

type Fields = Map<String, Value>;

pub(super) fn invalid(expected: &str, given: &str) -> String {
    format!("Invalid type. Expected: {expected}, given: {given}")
}

/// The text of a keyword.
pub(super) fn text<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f str>, String> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid("string", name)),
    }
}

/// The list of a keyword; an empty one where it is absent.
pub(super) fn list<'f>(fields: &'f Fields, name: &str) -> Result<&'f [Value], String> {
    match fields.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("{name} must be of an array")),
    }
}

pub(super) fn check_id(fields: &Fields, draft: Draft) -> Result<(), String> {
    let name = match draft {
        Draft::Four => "id",
        Draft::Hybrid if fields.contains_key("id") => "id",
        _ => "$id",
    };
    text(fields, name)?.map_or(Ok(()), |id| normal_url(id.as_bytes()).map(drop))
}

/// The keywords about values, in OPA's order.
pub(super) fn check(fields: &Fields, draft: Draft) -> Result<(), String> {
    match fields.get("multipleOf") {
        Some(Value::Number(number)) if number.as_f64().is_some_and(|number| number <= 0.0) => {
            return Err("multipleOf must be strictly greater than 0".to_owned());
        }
        None | Some(Value::Number(_)) => {}
        Some(_) => return Err(invalid("Number", "multipleOf")),
    }
    bound(fields, "minimum", "exclusiveMinimum", draft)?;
    bound(fields, "maximum", "exclusiveMaximum", draft)?;
    sizes(fields, "minLength", "maxLength")?;
    text(fields, "pattern")?;
    text(fields, "format")?;
    sizes(fields, "minProperties", "maxProperties")?;
    required(fields)?;
    sizes(fields, "minItems", "maxItems")?;
    if fields.get("uniqueItems").is_some_and(|value| !value.is_boolean()) {
        return Err("uniqueItems must be of a boolean".to_owned());
    }
    unique(list(fields, "enum")?, "enum")
}

/// A bound, and whether it is itself allowed: a flag beside it in draft 4, a bound of its own later.
fn bound(fields: &Fields, name: &str, exclusive: &str, draft: Draft) -> Result<(), String> {
    if fields.get(name).is_some_and(|value| !value.is_number()) {
        return Err(format!("{name} must be of a Number"));
    }
    let Some(value) = fields.get(exclusive) else { return Ok(()) };
    let (flag, number) = match draft {
        Draft::Four => (true, false),
        Draft::Hybrid => (true, true),
        Draft::Six | Draft::Seven => (false, true),
    };
    match value {
        Value::Bool(_) if flag && !fields.contains_key(name) => Err(format!("{exclusive} cannot be used without {name}")),
        Value::Bool(_) if flag => Ok(()),
        Value::Number(_) if number => Ok(()),
        _ if flag && number => Err(invalid("boolean/number", exclusive)),
        _ if flag => Err(invalid("boolean", exclusive)),
        _ => Err(invalid("number", exclusive)),
    }
}

fn sizes(fields: &Fields, least: &str, most: &str) -> Result<(), String> {
    let (low, high) = (size(fields, least)?, size(fields, most)?);
    match (low, high) {
        (Some(low), Some(high)) if low > high && least != "minItems" => Err(format!("{least} cannot be greater than {most}")),
        _ => Ok(()),
    }
}

fn size(fields: &Fields, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    let number = value.as_number().and_then(|number| number.to_string().parse::<i64>().ok());
    match number {
        None => Err(format!("{name} must be of an integer")),
        Some(number) if number < 0 => Err(format!("{name} must be greater than or equal to 0")),
        number => Ok(number),
    }
}

fn required(fields: &Fields) -> Result<(), String> {
    let names = list(fields, "required")?;
    if names.iter().any(|name| !name.is_string()) {
        return Err(invalid("string", "required"));
    }
    unique(names, "required")
}

fn unique(values: &[Value], name: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    if values.iter().all(|value| seen.insert(rounded(value).to_string())) {
        return Ok(());
    }
    Err(format!("{name} items must be unique"))
}

/// A value with its numbers as floats: 1 and 1.0 are one.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number),
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), rounded(value))).collect(),
        other => other.clone(),
    }
}
