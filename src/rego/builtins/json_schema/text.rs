//! Values as texts that are compared: by Go's `encoding/json`, after all numbers are floats of 64 bits, so that 1 and 1.0 are one.

use super::super::super::value::number::with_text;
use super::super::super::value::{Style, Value, write};
use super::super::operand::fail;
use super::super::{Context, Failure};

/// Whether a value is JSON as it is: without sets, keys that are no strings, and strings that are no UTF-8.
pub(super) fn is_plain<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<bool, Failure> {
    let mut rest = vec![*value];
    while let Some(value) = rest.pop() {
        if let Some(elements) = value.as_array() {
            ctx.charge(elements.len())?;
            rest.extend(elements.iter());
        } else if let Some(entries) = value.as_object() {
            ctx.charge(entries.len())?;
            let text = |key: Value<'a>| key.as_bytes().is_some_and(|key| std::str::from_utf8(key).is_ok());
            if !entries.keys().iter().all(text) {
                return Ok(false);
            }
            rest.extend(entries.values().iter());
        } else if let Some(text) = value.as_bytes() {
            ctx.charge(text.len() / 64)?;
            if std::str::from_utf8(text).is_err() {
                return Ok(false);
            }
        } else if value.as_set().is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is still to be written.
enum Piece<'a> {
    Value(Value<'a>),
    Text(&'static str),
    Key(Value<'a>),
}

/// The text of a value, and the charge for it.
pub(super) fn comparable<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<String, Failure> {
    let text = written(value)?;
    ctx.charge(text.len() / 8 + 1)?;
    ctx.reserve(text.len())?;
    Ok(text)
}

/// The text of a value.
pub(super) fn written(value: &Value<'_>) -> Result<String, Failure> {
    let mut out = Vec::new();
    let mut rest = vec![Piece::Value(*value)];
    while let Some(piece) = rest.pop() {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Key(key) => {
                write(&key, Style::HTML, &mut out);
                out.push(b':');
            }
            Piece::Value(value) => put(value, &mut rest, &mut out)?,
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn put<'a>(value: Value<'a>, rest: &mut Vec<Piece<'a>>, out: &mut Vec<u8>) -> Result<(), Failure> {
    if value.is_number() {
        out.extend(with_text(&value, float)?.into_bytes());
        return Ok(());
    }
    if let Some(elements) = value.as_array() {
        out.push(b'[');
        rest.push(Piece::Text("]"));
        for (at, element) in elements.iter().enumerate().rev() {
            rest.push(Piece::Value(element));
            rest.extend((at > 0).then_some(Piece::Text(",")));
        }
    } else if let Some(entries) = value.as_object() {
        out.push(b'{');
        rest.push(Piece::Text("}"));
        for (at, (key, value)) in entries.iter().enumerate().rev() {
            rest.push(Piece::Value(value));
            rest.push(Piece::Key(key));
            rest.extend((at > 0).then_some(Piece::Text(",")));
        }
    } else {
        write(&value, Style::HTML, out);
    }
    Ok(())
}

/// A number as Go's JSON has floats: with an exponent where they are very small or very large.
fn float(text: &str) -> Result<String, Failure> {
    let value: f64 = text.parse().unwrap_or(f64::INFINITY);
    if value.is_infinite() {
        return Err(fail(format!("json: cannot unmarshal number {text} into Go value of type float64")));
    }
    let size = value.abs();
    if value == 0.0 || (1e-6..1e21).contains(&size) {
        return Ok(format!("{value}"));
    }
    let shown = format!("{value:e}");
    Ok(shown.split_once('e').map_or_else(String::new, |(digits, exponent)| {
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        format!("{digits}e{sign}{exponent}")
    }))
}
