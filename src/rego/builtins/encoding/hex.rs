//! Hexadecimal digits.

use super::super::super::value::{Value, is_printable};
use super::super::operand::fail;
use super::super::{Context, Outcome};
use super::input;

/// The digits of bytes.
pub(in super::super) fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; bytes.len() * 2];
    for ([high, low], byte) in out.as_chunks_mut().0.iter_mut().zip(bytes) {
        (*high, *low) = (digit(byte >> 4), digit(byte & 15));
    }
    out
}

/// Without a table or a branch, so that many are made at once.
const fn digit(value: u8) -> u8 {
    value + b'0' + (value > 9) as u8 * (b'a' - b'0' - 10)
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
