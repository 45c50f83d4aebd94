//! The encoding of URLs' queries.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::super::value::{ObjectBuilder, Value, quote};
use super::super::operand::{any, elements, error, fail, type_error};
use super::super::{Context, Failure, Outcome};
use super::input;

/// Go reads no query with more parameters.
const MAX_PARAMETERS: usize = 10_000;

pub(in super::super) fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(*byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// The byte that the two hexadecimal digits at the head of `rest` stand for.
pub(in super::super) fn percent(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

/// Go's error about the escape that begins at the head of `rest`.
pub(in super::super) fn bad_escape(rest: &[u8]) -> Failure {
    fail(format!("invalid URL escape {}", quote(rest.get(..3).unwrap_or(rest))))
}

/// Decodes; a plus is a space in queries.
pub(in super::super) fn unescape(text: &[u8], plus: u8) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let tail = rest.get(1..).unwrap_or_default();
        let (byte, length) = match first {
            b'%' => (percent(tail).ok_or_else(|| bad_escape(rest))?, 3),
            b'+' => (plus, 1),
            other => (*other, 1),
        };
        out.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(out)
}

pub(in super::super) fn query_encode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands)?;
    let mut out = String::with_capacity(bytes.len());
    escape(bytes, &mut out);
    Ok(Value::string(ctx.arena, out))
}

pub(in super::super) fn query_decode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands)?;
    let decoded = unescape(text, b' ')?;
    Ok(Value::string(ctx.arena, decoded))
}

/// By sorted keys; a key's values in the order of the array or the set.
pub(in super::super) fn query_encode_object<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let value = any(operands, 1);
    let Some(entries) = value.as_object() else { return Err(type_error(1, &value, &["object"])) };
    let mut parameters: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for (key, value) in entries.iter() {
        ctx.charge(1)?;
        let mut name = Vec::new();
        match key.as_bytes() {
            Some(bytes) => name.extend_from_slice(bytes),
            None => super::super::super::value::write(&key, super::super::super::value::Style::HTML, &mut name),
        }
        let wrong = || error(1, "values must be string, array[string], or set[string]");
        let values = match (value.as_bytes(), elements(&value)) {
            (Some(bytes), _) => vec![bytes],
            (_, Some(list)) => {
                ctx.charge(list.len())?;
                list.iter().map(|v| v.as_bytes().ok_or_else(wrong)).collect::<Result<_, _>>()?
            }
            _ => return Err(wrong()),
        };
        parameters.insert(name, values);
    }
    let mut out = String::new();
    for (name, values) in &parameters {
        for value in values {
            ctx.charge((name.len() + value.len()) / 16 + 1)?;
            ctx.reserve(out.len() + (name.len() + value.len()) * 3)?;
            if !out.is_empty() {
                out.push('&');
            }
            escape(name, &mut out);
            out.push('=');
            escape(value, &mut out);
        }
    }
    Ok(Value::string(ctx.arena, out))
}

/// An error does not end the reading in Go; of errors the first is reported, but that of a semicolon wins.
pub(in super::super) fn query_decode_object<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let query = input(ctx, operands)?;
    let count = query.iter().filter(|b| **b == b'&').count() + 1;
    if count > MAX_PARAMETERS {
        return Err(fail("number of URL query parameters exceeded limit"));
    }
    let mut parameters: BTreeMap<Vec<u8>, Vec<Value<'a>>> = BTreeMap::new();
    let mut problem = None;
    for part in query.split(|b| *b == b'&').filter(|part| !part.is_empty()) {
        ctx.charge(2)?;
        if part.contains(&b';') {
            problem = Some(fail("invalid semicolon separator in query"));
            continue;
        }
        let middle = part.iter().position(|b| *b == b'=');
        let (name, value) = part.split_at(middle.unwrap_or(part.len()));
        let decoded = unescape(name, b' ').and_then(|name| Ok((name, unescape(value.get(1..).unwrap_or_default(), b' ')?)));
        match decoded {
            Ok((name, value)) => parameters.entry(name).or_default().push(Value::string(ctx.arena, value)),
            Err(found) => problem = problem.or(Some(found)),
        }
    }
    if let Some(problem) = problem {
        return Err(problem);
    }
    let mut object = ObjectBuilder::with_capacity(parameters.len());
    parameters.iter().for_each(|(name, values)| object.insert(Value::string(ctx.arena, name), Value::array(ctx.arena, values)));
    Ok(object.build(ctx.arena))
}
