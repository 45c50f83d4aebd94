//! `internal.template_string`: what `$"…{x}…"` compiles to (OPA's `v1/topdown/template_string.go`).

use super::{Context, Failure, Outcome};
use crate::rego::value::{Value, write_text};

/// Joins the parts of a template. A part that is evaluated comes as a set, which is empty where it is undefined.
pub(super) fn string<'a>(context: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let Some(parts) = operands.first().and_then(Value::as_array) else {
        let given = operands.first().map_or("undefined", Value::type_name);
        return Err(Failure::Operand(format!("operand 1 must be array but got {given}")));
    };
    context.charge(parts.len())?;
    let mut text = Vec::new();
    for part in parts.iter() {
        match part.as_set() {
            Some(set) if set.is_empty() => text.extend_from_slice(b"<undefined>"),
            Some(set) if set.len() > 1 => {
                return Err(Failure::Conflict("template-strings must not produce multiple outputs".to_owned()));
            }
            Some(set) => set.iter().for_each(|value| push(&value, &mut text)),
            None => push(&part, &mut text),
        }
    }
    context.reserve(text.len())?;
    Ok(Value::string(context.arena, text))
}

/// Strings as they are, anything else as Rego writes it.
fn push(value: &Value<'_>, text: &mut Vec<u8>) {
    match value.as_bytes() {
        Some(bytes) => text.extend_from_slice(bytes),
        None => write_text(value, text),
    }
}
