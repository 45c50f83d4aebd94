//! `regex.template_match`: text with patterns between delimiters.

use super::super::super::value::{Value, quote};
use super::super::operand::{fail, string};
use super::super::{Context, Failure, Outcome};
use super::{Haystack, parse, with};

/// Where the outermost pairs of delimiters are, the last one included.
fn pairs(template: &[u8], open: u8, close: u8) -> Result<Vec<(usize, usize)>, Failure> {
    let unbalanced = || fail(format!("unbalanced braces in {}", quote(template)));
    let (mut pairs, mut level, mut start) = (Vec::new(), 0_i64, 0);
    for (at, byte) in template.iter().enumerate() {
        if *byte == open {
            level += 1;
            if level == 1 {
                start = at;
            }
        } else if *byte == close {
            level -= 1;
            match level {
                0 => pairs.push((start, at + 1)),
                ..0 => return Err(unbalanced()),
                _ => {}
            }
        }
    }
    if level == 0 { Ok(pairs) } else { Err(unbalanced()) }
}

fn quote_meta(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        if b"\\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
}

/// The pattern of a whole template. Each part must be a pattern of its own.
fn pattern(ctx: &mut Context<'_>, template: &[u8], open: u8, close: u8) -> Result<Vec<u8>, Failure> {
    ctx.charge(template.len() + 1)?;
    let mut out = vec![b'^'];
    let mut end = 0;
    for (start, stop) in pairs(template, open, close)? {
        quote_meta(template.get(end..start).unwrap_or_default(), &mut out);
        let part = template.get(start + 1..stop - 1).unwrap_or_default();
        out.extend_from_slice(&[b"(", part, b")"].concat());
        parse::parse(&[b"^", part, b"$"].concat()).map_err(fail)?;
        end = stop;
    }
    quote_meta(template.get(end..).unwrap_or_default(), &mut out);
    out.push(b'$');
    Ok(out)
}

pub(in super::super) fn template_match<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (template, text) = (string(operands, 1)?, string(operands, 2)?);
    let (open, close) = (string(operands, 3)?, string(operands, 4)?);
    let [open_byte] = open else {
        return Err(fail(format!("start delimiter has to be exactly one character long but is {} long", open.len())));
    };
    let [close_byte] = close else {
        // OPA shows the other's length.
        return Err(fail(format!("end delimiter has to be exactly one character long but is {} long", open.len())));
    };
    let pattern = pattern(ctx, template, *open_byte, *close_byte)?;
    with(ctx, &pattern, |ctx, program| Ok(Value::Bool(program.is_match(ctx, &Haystack::new(text))?)))
}
