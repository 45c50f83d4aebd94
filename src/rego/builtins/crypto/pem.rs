//! PEM, as Go reads it.

use memchr::memmem;

use super::super::encoding::base64_bytes;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// A block: its type, its bytes, and the text after it.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Block<'p> {
    pub(in super::super) kind: &'p [u8],
    pub(in super::super) bytes: Vec<u8>,
    pub(in super::super) rest: &'p [u8],
}

/// A line without its end and trailing blanks, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (text, &[][..]),
    };
    let mut line = if rest.len() < text.len() { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
    while let [head @ .., b' ' | b'\t'] = line {
        line = head;
    }
    (line, rest)
}

/// The first block of `text`.
pub(in super::super) fn decode(text: &[u8]) -> Option<Block<'_>> {
    let mut rest = text;
    loop {
        let end = memmem::find(rest, END)?;
        let after = rest.get(end + END.len()..)?;
        // The last beginning before the end: those without an end are passed over.
        let head = rest.get(..end)?;
        let block = memmem::rfind(head, BEGIN).filter(|at| *at == 0 || head.get(at - 1) == Some(&b'\n'));
        if let Some(begin) = block
            && let Some(found) = body(rest.get(begin + BEGIN.len()..end + 1)?, after)
        {
            return Some(found);
        }
        rest = after;
    }
}

/// The block whose type line and contents are `inner`, up to and with the line end before `-----END `, behind which stands `after`.
fn body<'p>(inner: &'p [u8], after: &'p [u8]) -> Option<Block<'p>> {
    let (kind, mut contents) = line(inner);
    let kind = kind.strip_suffix(DASHES)?;
    loop {
        let (header, next) = line(contents);
        if header.is_empty() || !header.contains(&b':') {
            break;
        }
        contents = next;
    }
    let trailer = after.strip_prefix(kind)?.strip_prefix(DASHES)?;
    let (blank, rest) = line(trailer);
    if !blank.is_empty() {
        return None;
    }
    let bytes = match memchr::memchr2(b' ', b'\t', contents) {
        None => base64_bytes(contents),
        Some(_) => base64_bytes(&contents.iter().copied().filter(|b| !matches!(b, b' ' | b'\t')).collect::<Vec<u8>>()),
    };
    Some(Block { kind, bytes: bytes.ok()?, rest })
}
