//! Base64 in both alphabets, with the errors of Go's decoder.

use super::super::super::value::Value;
use super::super::operand::{any, fail};
use super::super::{Context, Outcome, utf8};
use super::input;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encode(bytes: &[u8], alphabet: &[u8; 64], pad: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    let digit = |bits: u32| alphabet.get((bits & 63) as usize).copied().unwrap_or_default();
    let (groups, rest) = bytes.as_chunks::<3>();
    for [a, b, c] in groups {
        let bits = u32::from_be_bytes([0, *a, *b, *c]);
        out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
    }
    if !rest.is_empty() {
        let bits = rest.iter().fold(0_u32, |bits, b| (bits << 8) | u32::from(*b)) << (8 * (3 - rest.len()));
        out.extend((0..=rest.len()).map(|at| digit(bits >> (18 - 6 * at))));
        if pad {
            out.extend(std::iter::repeat_n(b'=', 3 - rest.len()));
        }
    }
    out
}

/// What is no digit, in the tables of digits.
const NONE: u8 = 0xff;

/// The digits of both alphabets by their bytes.
static STANDARD_DIGITS: [u8; 256] = digits(false);
static URL_DIGITS: [u8; 256] = digits(true);

#[allow(clippy::indexing_slicing, reason = "while compiling, up to the table's length")]
const fn digits(url: bool) -> [u8; 256] {
    let (mut table, mut byte) = ([NONE; 256], 0);
    while byte < table.len() {
        if let Some(digit) = digit(byte as u8, url) {
            table[byte] = digit as u8;
        }
        byte += 1;
    }
    table
}

/// Decodes groups of four digits as far as there is nothing else; how many bytes of the text that was.
fn decode_groups(text: &[u8], url: bool, out: &mut Vec<u8>) -> usize {
    let table = if url { &URL_DIGITS } else { &STANDARD_DIGITS };
    let digit = |byte: &u8| table.get(usize::from(*byte)).copied().unwrap_or(NONE);
    let mut groups = 0;
    for [a, b, c, d] in text.as_chunks().0 {
        let (a, b, c, d) = (digit(a), digit(b), digit(c), digit(d));
        // Digits have six bits.
        if (a | b | c | d) & 0xc0 != 0 {
            break;
        }
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        groups += 1;
    }
    groups * 4
}

const fn digit(byte: u8, url: bool) -> Option<u32> {
    let digit = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' if !url => 62,
        b'/' if !url => 63,
        b'-' if url => 62,
        b'_' if url => 63,
        _ => return None,
    };
    Some(digit as u32)
}

/// Decodes padded text. Line ends are passed over; the error is the place that Go names.
fn decode(text: &[u8], url: bool) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = decode_groups(text, url, &mut out);
    let (mut bits, mut count) = (0_u32, 0_usize);
    while let Some(byte) = text.get(at) {
        at += 1;
        match digit(*byte, url) {
            Some(digit) => {
                bits = (bits << 6) | digit;
                count += 1;
                if count == 4 {
                    out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
                    (bits, count) = (0, 0);
                }
            }
            // Lines of PEM have whole groups.
            None if matches!(byte, b'\n' | b'\r') && count == 0 => {
                at += decode_groups(text.get(at..).unwrap_or_default(), url, &mut out);
            }
            None if matches!(byte, b'\n' | b'\r') => {}
            None if *byte == b'=' => {
                padding(text, at, count)?;
                bits <<= 6 * (4 - count);
                out.extend([(bits >> 16) as u8, (bits >> 8) as u8].into_iter().take(count - 1));
                return Ok(out);
            }
            None => return Err(at - 1),
        }
    }
    if count == 0 { Ok(out) } else { Err(text.len() - count) }
}

/// Checks what comes after the first padding byte, which stands before `at`.
fn padding(text: &[u8], at: usize, count: usize) -> Result<(), usize> {
    let skip = |mut at: usize| {
        while matches!(text.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    let mut at = at;
    match count {
        0 | 1 => return Err(at - 1),
        2 => {
            at = skip(at);
            match text.get(at) {
                None => return Err(text.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        _ => {}
    }
    let end = skip(at);
    if end < text.len() { Err(end) } else { Ok(()) }
}

/// Go's error about the byte at that place.
fn illegal(at: usize) -> String {
    format!("illegal base64 data at input byte {at}")
}

fn finish<'a>(ctx: &Context<'a>, decoded: Result<Vec<u8>, usize>) -> Outcome<'a> {
    decoded.map(|bytes| Value::string(ctx.arena, bytes)).map_err(|at| fail(illegal(at)))
}

/// Decodes padded text of the standard alphabet.
pub(in super::super) fn base64_bytes(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, false).map_err(illegal)
}

/// Decodes text of the URLs' alphabet. Padding may be left out altogether.
pub(in super::super) fn base64url_bytes(text: &[u8]) -> Result<Vec<u8>, String> {
    let missing: &[u8] = match text.len() % 4 {
        _ if text.ends_with(b"=") => b"",
        0 => b"",
        2 => b"==",
        3 => b"=",
        _ => return Err(format!("illegal base64url string: {}", utf8::lossy(text))),
    };
    decode(&[text, missing].concat(), true).map_err(illegal)
}

/// Text of the URLs' alphabet without padding.
pub(in super::super) fn base64url_text(bytes: &[u8]) -> Vec<u8> {
    encode(bytes, URL, false)
}

/// Standard base64, for what is no policy's.
pub(crate) fn base64_text(bytes: &[u8]) -> String {
    encode(bytes, STANDARD, true).into_iter().map(char::from).collect()
}

pub(in super::super) fn base64_encode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands)?;
    Ok(Value::string(ctx.arena, encode(bytes, STANDARD, true)))
}

pub(in super::super) fn base64url_encode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands)?;
    Ok(Value::string(ctx.arena, encode(bytes, URL, true)))
}

pub(in super::super) fn base64url_encode_no_pad<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let bytes = input(ctx, operands)?;
    Ok(Value::string(ctx.arena, encode(bytes, URL, false)))
}

pub(in super::super) fn base64_decode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands)?;
    finish(ctx, decode(text, false))
}

pub(in super::super) fn base64_is_valid<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    if any(operands, 1).as_bytes().is_none() {
        return Ok(Value::Bool(false));
    }
    let text = input(ctx, operands)?;
    Ok(Value::Bool(decode(text, false).is_ok()))
}

pub(in super::super) fn base64url_decode<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let text = input(ctx, operands)?;
    base64url_bytes(text).map(|bytes| Value::string(ctx.arena, bytes)).map_err(fail)
}
