//! A file of series: what one process counts, or what all that ended counted.
//!
//! ```text
//! word 0   MAGIC, with the version of this format
//! word 1   where the entries end, in words from the file's start
//! word 2   the first entry: kind | words of the values << 32, bytes of the key, the key padded to a word, the values
//! ```
//!
//! Words are 64 bits in the machine's order. A file describes itself, so that releases with different families may share a directory; what
//! a reader does not understand it does not trust.

use super::family::Kind;

/// The name of the format and its version, as a little-endian machine reads it; another one finds something else, and ignores the file.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"sark-m\0\x01");

/// Words before the first entry.
pub(super) const HEADER: usize = 2;

/// The word that says where the entries end.
pub(super) const END: usize = 1;

const WORD: usize = size_of::<u64>();

/// No process has a larger file.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// Longer keys get no room: a name or label of that length is a mistake, and many of them would fill the file.
pub(super) const MAX_KEY: usize = 4096;

/// No text in UTF-8 has this byte, so that it parts a name from its labels.
const SEPARATOR: u8 = 0xff;

/// Kind of the entries that name the files whose counts are in this one. They have no values.
const ABSORBED: u64 = 255;

/// What stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    Series {
        kind: Kind,
        key: &'a [u8],
        values: Vec<u64>,
    },
    /// The file of that name was added to this one.
    Absorbed(&'a str),
}

/// A name and the values of its labels as one key.
pub(super) fn key<'a>(name: &str, labels: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut key = name.as_bytes().to_vec();
    for label in labels {
        key.push(SEPARATOR);
        key.extend_from_slice(label.as_bytes());
    }
    key
}

/// The name and the values of the labels; `None` for what is no text.
pub(super) fn split_key(key: &[u8]) -> Option<(&str, Vec<&str>)> {
    let mut parts = key.split(|byte| *byte == SEPARATOR).map(|part| std::str::from_utf8(part).ok());
    let name = parts.next()??;
    Some((name, parts.collect::<Option<Vec<&str>>>()?))
}

/// How many words stand before the values.
pub(super) const fn words_before_values(key: usize) -> usize {
    2 + key.div_ceil(WORD)
}

/// The words of an entry before its values.
pub(super) fn entry_head(kind: u64, values: usize, key: &[u8]) -> Vec<u64> {
    let mut words = vec![kind | (values as u64) << 32, key.len() as u64];
    words.extend(key.chunks(WORD).map(|chunk| {
        let mut word = [0; WORD];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        u64::from_ne_bytes(word)
    }));
    words
}

/// A file in the making.
pub(super) struct Writer(Vec<u64>);

impl Writer {
    pub(super) fn new() -> Self {
        Self(vec![MAGIC, HEADER as u64])
    }

    /// Adds a series, and says at which word its values are.
    pub(super) fn series(&mut self, kind: Kind, key: &[u8], values: &[u64]) -> usize {
        self.0.extend(entry_head(kind as u64, values.len(), key));
        let at = self.0.len();
        self.0.extend_from_slice(values);
        at
    }

    pub(super) fn absorbed(&mut self, name: &str) {
        self.0.extend(entry_head(ABSORBED, 0, name.as_bytes()));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let end = self.0.len() as u64;
        if let Some(word) = self.0.get_mut(END) {
            *word = end;
        }
        self.0.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }
}

/// Reads a file's entries: `None` where anything in it is not as this release writes it.
pub(super) fn entries(bytes: &[u8]) -> Option<Vec<Entry<'_>>> {
    if word(bytes, 0)? != MAGIC {
        return None;
    }
    let end = usize::try_from(word(bytes, END)?).ok()?;
    let bytes = bytes.get(..end.checked_mul(WORD)?)?;
    let (mut at, mut found) = (HEADER, Vec::new());
    while at < end {
        let (entry, next) = entry(bytes, at)?;
        found.push(entry);
        at = next;
    }
    (at == end).then_some(found)
}

/// How many bytes of entries follow a header; `None` where it is none of this release, or says more than a file may have.
pub(super) fn entries_bytes(header: &[u8]) -> Option<u64> {
    let end = word(header, END).filter(|_| word(header, 0) == Some(MAGIC))?;
    let bytes = end.checked_sub(HEADER as u64)?.checked_mul(WORD as u64)?;
    Some(bytes).filter(|bytes| *bytes <= MAX_BYTES as u64)
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let start = at.checked_mul(WORD)?;
    let word = bytes.get(start..start.checked_add(WORD)?)?;
    Some(u64::from_ne_bytes(word.try_into().ok()?))
}

/// The entry at a word, and where the next one is.
fn entry(bytes: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let head = word(bytes, at)?;
    let (number, count) = (head & 0xffff_ffff, usize::try_from(head >> 32).ok()?);
    let length = usize::try_from(word(bytes, at + 1)?).ok().filter(|length| *length <= MAX_KEY)?;
    let key_at = (at + 2).checked_mul(WORD)?;
    let key = bytes.get(key_at..key_at.checked_add(length)?)?;
    let values_at = at + words_before_values(length);
    if number == ABSORBED {
        return Some((Entry::Absorbed(std::str::from_utf8(key).ok()?), values_at)).filter(|_| count == 0);
    }
    let kind = Kind::of(number).filter(|kind| kind.words() == count)?;
    split_key(key)?;
    let values = (values_at..values_at + count).map(|at| word(bytes, at)).collect::<Option<_>>()?;
    Some((Entry::Series { kind, key, values }, values_at + count))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::process;

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new();
        let histogram: Vec<u64> = (0..Kind::Histogram.words() as u64).collect();
        assert_eq!(writer.series(Kind::Counter, &key("a_total", ["x", "", "é"]), &[7]), 6);
        writer.series(Kind::Histogram, &key("b_seconds", []), &histogram);
        writer.absorbed("12-ab.live");
        writer.series(Kind::Value, b"c", &[1.5f64.to_bits()]);
        writer.finish()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample();
        let found = entries(&bytes).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[0], Entry::Series { kind: Kind::Counter, key: b"a_total\xffx\xff\xff\xc3\xa9", values: vec![7] });
        assert_eq!(found[2], Entry::Absorbed("12-ab.live"));
        assert_eq!(split_key(b"a_total\xffx\xff\xff\xc3\xa9"), Some(("a_total", vec!["x", "", "é"])));
        // A process has room for more in its file.
        let mut roomy = bytes.clone();
        roomy.resize(4096, 0xaa);
        assert_eq!(entries(&roomy), Some(found));
    }

    #[test]
    fn a_file_that_was_cut_is_not_trusted() {
        let bytes = sample();
        for length in 0..bytes.len() {
            assert_eq!(entries(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn another_version_is_not_trusted() {
        let mut bytes = sample();
        bytes[7] = 2;
        assert_eq!(entries(&bytes), None);
    }

    #[test]
    fn whatever_stands_in_a_file_it_is_read_without_a_crash() {
        let bytes = sample();
        let mut understood = 0;
        for _ in 0..20_000 {
            let mut changed = bytes.clone();
            for _ in 0..=process::random() % 4 {
                let at = usize::try_from(process::random()).unwrap() % changed.len();
                changed[at] = process::random().to_le_bytes()[0];
            }
            understood += usize::from(entries(&changed).is_some());
        }
        // A changed value is still a value.
        assert!((1_000..20_000).contains(&understood), "{understood}");
        for length in 0..200 {
            let noise: Vec<u8> = (0..length).map(|_| process::random().to_le_bytes()[0]).collect();
            assert_eq!(entries(&noise), None);
            let mut with_magic = MAGIC.to_ne_bytes().to_vec();
            with_magic.extend_from_slice(&noise);
            drop(entries(&with_magic));
        }
    }
}
