//! What a scalar's text is, as go-yaml has it: YAML 1.2's core schema with some of 1.1.

use super::number;
use super::time;
use super::tree::Tag;

/// What a scalar is; a text is the scalar's own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A moment, as JSON has it.
    Time(String),
    Text,
}

impl Scalar {
    /// The tag that goes without saying.
    pub(super) fn tag(&self) -> Tag {
        match self {
            Self::Null => Tag::Null,
            Self::Bool(_) => Tag::Bool,
            Self::Int(_) | Self::Uint(_) => Tag::Int,
            Self::Float(_) => Tag::Float,
            Self::Time(_) => Tag::Timestamp,
            Self::Text => Tag::Str,
        }
    }
}

/// What `text` is under `tag`.
///
/// # Errors
/// The text is nothing of that tag.
pub(super) fn tagged(tag: Tag, text: &str) -> Result<Scalar, String> {
    if matches!(tag, Tag::Str | Tag::Seq | Tag::Map | Tag::Binary | Tag::Merge | Tag::Other) {
        return Ok(Scalar::Text);
    }
    let scalar = plain(text, tag == Tag::Timestamp);
    match scalar {
        #[expect(clippy::cast_precision_loss, reason = "as in Go")]
        Scalar::Int(int) if tag == Tag::Float => Ok(Scalar::Float(int as f64)),
        scalar if scalar.tag() == tag => Ok(scalar),
        scalar => Err(format!("yaml: cannot decode {:?} `{text}` as a {tag:?}", scalar.tag())),
    }
}

/// What `text` is without a tag.
pub(super) fn plain(text: &str, timestamps: bool) -> Scalar {
    if text.is_empty() {
        return Scalar::Null;
    }
    let date = || time::parse(text).filter(|_| timestamps).map(Scalar::Time);
    let number = || if text.starts_with('.') { number::dotted(text).map(Scalar::Float) } else { number::parse(text) };
    word(text).or_else(date).or_else(number).unwrap_or(Scalar::Text)
}

fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// The bytes that `text` is in base64, padded, with line ends anywhere, as Go's `StdEncoding` reads it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0_u32, 0_usize, 0_usize);
    for byte in text.bytes() {
        let digit = match byte {
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                continue;
            }
            _ if padding > 0 => return None,
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits.is_multiple_of(4) {
            out.extend_from_slice(bits.to_be_bytes().get(1..)?);
            bits = 0;
        }
    }
    // What is left of the last group, whose unused bits Go does not look at.
    match (digits % 4, padding) {
        (0, 0) => {}
        (2, 2) => out.extend_from_slice((bits << 12).to_be_bytes().get(1..2)?),
        (3, 1) => out.extend_from_slice((bits << 6).to_be_bytes().get(1..3)?),
        _ => return None,
    }
    Some(out)
}
