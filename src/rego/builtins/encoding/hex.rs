//! Hexadecimal digits.

use super::super::super::value::{Value, is_printable};
use super::super::operand::fail;
use super::super::{Context, Outcome};
use super::input;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of bytes.
pub(in super::super) fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |digit: u8| DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

pub(in super::super) fn hex_encode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands)?;
    Ok(Value::string(ctx.arena, hex(bytes)))
}

pub(in super::super) fn hex_decode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands)?;
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for byte in text {
        let Some(digit) = char::from(*byte).to_digit(16) else {
            // `%#U` of the byte as a code point.
            let point = char::from(*byte);
            let shown = if is_printable(point) { format!(" '{point}'") } else { String::new() };
            return Err(fail(format!("encoding/hex: invalid byte: U+{byte:04X}{shown}")));
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => out.push((high << 4 | digit) as u8),
        }
    }
    if high.is_some() {
        return Err(fail("encoding/hex: odd length hex string"));
    }
    Ok(Value::string(ctx.arena, out))
}
