//! JSON out of values and back.

use super::super::super::value::{Style, Value, quote, text, unmarshal, unwritable, write};
use super::super::operand::{any, error, fail, object};
use super::super::{Context, Failure, Outcome};
use super::input;

/// The JSON of a value. Its size is charged after the fact: it is at most six times the value's.
fn marshal<'a>(ctx: &mut Context<'a>, value: &Value<'a>, style: Style<'_>, prefix: &[u8]) -> Outcome<'a> {
    if let Some(number) = unwritable(value) {
        let quoted = quote(number.as_bytes());
        return Err(fail(format!("json: invalid number literal, trying to marshal {quoted}")));
    }
    let mut out = prefix.to_vec();
    write(value, style, &mut out);
    ctx.charge(out.len() / 8 + 1)?;
    ctx.reserve(out.len())?;
    Ok(Value::string(ctx.arena, &out))
}

pub(in super::super) fn json_marshal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    marshal(ctx, &any(operands, 1), Style::HTML, b"")
}

/// The options `prefix`, `indent` and `pretty`; either of the first two asks for lines, unless `pretty` says no.
pub(in super::super) fn json_marshal_with_options<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (mut prefix, mut indent): (&[u8], &[u8]) = (b"", b"\t");
    let (mut implied, mut asked) = (false, None);
    for (at, (key, value)) in object(operands, 2)?.iter().enumerate() {
        let Some(name) = key.as_bytes() else {
            let (shown, got) = (text(&key), key.type_name());
            return Err(error(
                2,
                format_args!("failed to stringify key {shown} at index {at}: operand {at} must be string but got {got}"),
            ));
        };
        let string = || {
            let got = value.type_name();
            let problem = format!("key {} failed cast to string: operand {at} must be string but got {got}", quote(name));
            value.as_bytes().ok_or_else(|| error(2, problem))
        };
        match (name, value) {
            (b"prefix", _) => (prefix, implied) = (string()?, true),
            (b"indent", _) => (indent, implied) = (string()?, true),
            (b"pretty", Value::Bool(pretty)) => asked = Some(pretty),
            (b"pretty", _) => return Err(error(2, r#"key "pretty" failed cast to bool"#)),
            _ => return Err(error(2, format_args!("object contained unknown key {}", quote(name)))),
        }
    }
    let value = any(operands, 1);
    if !asked.unwrap_or(implied) {
        return marshal(ctx, &value, Style::HTML, b"");
    }
    charge_lines(ctx, &value, prefix.len(), indent.len())?;
    marshal(ctx, &value, Style { escape_html: true, pretty: Some((prefix, indent)) }, prefix)
}

/// Charges the prefixes and indents of all lines, which grow with the depth.
fn charge_lines<'a>(ctx: &mut Context<'a>, value: &Value<'a>, prefix: usize, indent: usize) -> Result<(), Failure> {
    let mut rest = vec![(*value, 1_usize)];
    let mut total = 0_usize;
    while let Some((value, depth)) = rest.pop() {
        let elements = value.as_array().or_else(|| value.as_set()).or_else(|| value.as_object().map(|entries| entries.values()));
        let Some(elements) = elements else { continue };
        let line = prefix.saturating_add(indent.saturating_mul(depth));
        total = total.saturating_add(line.saturating_mul(elements.len() + 1));
        ctx.charge(elements.len())?;
        rest.extend(elements.iter().map(|element| (element, depth + 1)));
    }
    ctx.charge(total / 32)?;
    ctx.reserve(total.saturating_mul(2))
}

pub(in super::super) fn json_unmarshal<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let json = input(ctx, operands)?;
    // A value takes more room than its text: an element of two bytes becomes one of 24.
    ctx.reserve(json.len().saturating_mul(12))?;
    unmarshal(ctx.arena, json).map_err(fail)
}

pub(in super::super) fn json_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    if any(operands, 1).as_bytes().is_none() {
        return Ok(Value::Bool(false));
    }
    let json = input(ctx, operands)?;
    Ok(Value::Bool(super::super::super::value::is_json(json)))
}
