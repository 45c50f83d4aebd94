//! Values in messages.

use super::super::super::super::value::quote;
use super::super::ast::{Definition, Kind, Literal, TypeRef};
use super::super::error::Fault;

/// A value as messages write it.
pub(super) fn text(value: &Literal) -> Result<String, Fault> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Literal, out: &mut String) -> Result<(), Fault> {
    let (open, close) = match value.kind {
        Kind::Variable => {
            out.push('$');
            out.push_str(&value.raw);
            return Ok(());
        }
        Kind::String | Kind::Block => {
            out.push_str(&quote(value.raw.as_bytes()));
            return Ok(());
        }
        Kind::List => ('[', ']'),
        Kind::Object => ('{', '}'),
        Kind::Other(_) => return Err(Fault::Broken),
        _ => {
            out.push_str(&value.raw);
            return Ok(());
        }
    };
    out.push(open);
    for (at, child) in value.children.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if value.kind == Kind::Object {
            out.push_str(&child.name);
            out.push(':');
        }
        match &child.value {
            Some(value) => write(value, out)?,
            None => out.push_str("<nil>"),
        }
    }
    out.push(close);
    Ok(())
}

/// Whether Go says of a number's text that it is out of the range of 32 bits: it does so at the first digit that is too many, whatever
/// follows.
fn beyond_32_bits(raw: &str) -> bool {
    let (negative, digits) = match raw.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut number: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return false;
        }
        number = number * 10 + u64::from(digit - b'0');
        if number > u64::from(u32::MAX) {
            return true;
        }
    }
    number >= 1 << 31 && !(negative && number == 1 << 31)
}

/// That a value is not of the type.
pub(super) fn unexpected(value: &Literal, kind: &TypeRef, definition: &Definition) -> Result<String, Fault> {
    let (kind, text) = (kind.text(), text(value)?);
    Ok(match &*kind {
        "Int" | "Int!" if beyond_32_bits(&value.raw) => format!("Int cannot represent non 32-bit signed integer value: {text}"),
        "Int" | "Int!" => format!("Int cannot represent non-integer value: {text}"),
        "String" | "String!" | "[String]" => format!("String cannot represent a non string value: {text}"),
        "Boolean" | "Boolean!" => format!("Boolean cannot represent a non boolean value: {text}"),
        "Float" | "Float!" => format!("Float cannot represent non numeric value: {text}"),
        "ID" | "ID!" => format!("ID cannot represent a non-string and non-integer value: {text}"),
        _ if definition.is(&["ENUM"]) => format!("Enum \"{kind}\" cannot represent non-enum value: {text}."),
        _ => format!("Expected value of type \"{kind}\", found {text}."),
    })
}
