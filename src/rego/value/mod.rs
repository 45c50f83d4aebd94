//! What policies compute with: a small copied value that borrows from an arena, from shared documents, or from the program.
//!
//! A [`Value`] is 24 bytes and `Copy`. Everything that one evaluation makes lives in one [`Arena`] and goes with it; data and constants
//! are [`Document`]s, shared by count among snapshots and read by borrow. Equality and order are OPA's (`v1/ast/compare.go`).

mod build;
mod compare;
mod document;
mod index;
pub mod number;
mod read;
mod write;

pub use build::{ObjectBuilder, SetBuilder};
pub use compare::{compare, equal};
pub use document::{DocArray, DocObject, Document};
pub use index::Index;
pub use read::{
    Limits, MAX_DEPTH, Parts, Projection, Wanted, any_json, first_value, is_json, read, read_document, read_parts, unmarshal,
};
pub use write::{Style, is_printable, push_escaped, push_quoted, push_quoted_as, quote, text, unwritable, write, write_text};

/// Where the values of one evaluation live.
pub type Arena = bumpalo::Bump;

/// One value. Sets are sorted and without duplicates; objects are sorted by key.
///
/// The tag takes a word, so that a value is moved by whole words: what was written as a byte is read as a word only after it left the store
/// buffer.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer whose text is what `i64` prints.
    Int(i64),
    /// Any other number, by its text: `1.0` and `1` are equal, and print differently.
    Number(&'a str),
    /// Bytes that are UTF-8 as a rule; builtins such as `base64.decode` make others.
    String(&'a [u8]),
    /// An array of the arena.
    Array(&'a [Value<'a>]),
    /// An array of a document.
    DocArray(&'a [Document]),
    /// An object of the arena.
    Object(&'a Object<'a>),
    /// An object of a document.
    DocObject(&'a DocObject),
    /// A set of the arena.
    Set(&'a [Value<'a>]),
    /// A set of a document.
    DocSet(&'a [Document]),
}

/// An object of the arena: sorted keys, their values, and an index over string keys where there are many.
#[derive(Debug)]
pub struct Object<'a> {
    pub(super) keys: &'a [Value<'a>],
    pub(super) values: &'a [Value<'a>],
    pub(super) index: Index<'a>,
}

/// The elements of an array or a set, wherever they live.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// In the arena.
    Values(&'a [Value<'a>]),
    /// In a document.
    Documents(&'a [Document]),
}

impl<'a> Elements<'a> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Values(v) => v.len(),
            Self::Documents(d) => d.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `at`.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::Values(v) => v.get(at).copied(),
            Self::Documents(d) => d.get(at).map(Document::view),
        }
    }

    /// All of them, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Value<'a>> + ExactSizeIterator + Clone {
        (0..self.len()).map(move |at| self.get(at).unwrap_or(Value::Null))
    }

    /// A part, as `[from..to]` of a slice; empty where that is out of range.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Self {
        match self {
            Self::Values(v) => Self::Values(v.get(from..to).unwrap_or_default()),
            Self::Documents(d) => Self::Documents(d.get(from..to).unwrap_or_default()),
        }
    }

    /// Where `value` stands among sorted elements.
    #[must_use]
    pub fn find(&self, value: &Value<'_>) -> Option<usize> {
        match self {
            Self::Values(v) => v.binary_search_by(|x| compare(x, value)).ok(),
            Self::Documents(d) => d.binary_search_by(|x| compare(&x.view(), value)).ok(),
        }
    }

    /// The array of these elements.
    #[must_use]
    pub const fn array(self) -> Value<'a> {
        match self {
            Self::Values(v) => Value::Array(v),
            Self::Documents(d) => Value::DocArray(d),
        }
    }
}

/// The entries of an object, wherever they live.
#[derive(Clone, Copy, Debug)]
pub enum Entries<'a> {
    /// In the arena.
    Values(&'a Object<'a>),
    /// In a document.
    Documents(&'a DocObject),
}

impl<'a> Entries<'a> {
    /// The keys, sorted.
    #[must_use]
    pub fn keys(&self) -> Elements<'a> {
        match self {
            Self::Values(o) => Elements::Values(o.keys),
            Self::Documents(o) => Elements::Documents(o.keys()),
        }
    }

    /// The values, in the keys' order.
    #[must_use]
    pub fn values(&self) -> Elements<'a> {
        match self {
            Self::Values(o) => Elements::Values(o.values),
            Self::Documents(o) => Elements::Documents(o.values()),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at `at`.
    #[inline]
    #[must_use]
    pub fn at(&self, at: usize) -> Option<(Value<'a>, Value<'a>)> {
        Some((self.keys().get(at)?, self.values().get(at)?))
    }

    /// All of them, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = (Value<'a>, Value<'a>)> + ExactSizeIterator + Clone {
        (0..self.len()).map(move |at| self.at(at).unwrap_or((Value::Null, Value::Null)))
    }

    /// The value under `key`.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &Value<'_>) -> Option<Value<'a>> {
        if let Value::String(text) = key {
            return self.get_str(text);
        }
        self.values().get(self.keys().find(key)?)
    }

    /// The value under a key that is a string.
    #[inline]
    #[must_use]
    pub fn get_str(&self, key: &[u8]) -> Option<Value<'a>> {
        match self {
            Self::Values(o) => {
                let search = || self.keys().find(&Value::String(key));
                o.values.get(o.index.find(o.keys, key, Value::as_bytes, search)?).copied()
            }
            Self::Documents(o) => o.get_str(key).map(Document::view),
        }
    }
}

impl<'a> Value<'a> {
    /// A string of the arena.
    #[must_use]
    pub fn string(arena: &'a Arena, text: impl AsRef<[u8]>) -> Self {
        Self::String(arena.alloc_slice_copy(text.as_ref()))
    }

    /// An array of the arena.
    #[must_use]
    pub fn array(arena: &'a Arena, values: &[Value<'a>]) -> Self {
        Self::Array(arena.alloc_slice_copy(values))
    }

    /// A number by its text, which must be one; an integer that `i64` prints the same way becomes one.
    #[must_use]
    pub fn number(arena: &'a Arena, text: &str) -> Self {
        match number::as_int(text) {
            Some(int) => Self::Int(int),
            None => Self::Number(arena.alloc_str(text)),
        }
    }

    /// The elements of an array.
    #[inline]
    #[must_use]
    pub const fn as_array(&self) -> Option<Elements<'a>> {
        match self {
            Self::Array(v) => Some(Elements::Values(v)),
            Self::DocArray(d) => Some(Elements::Documents(d)),
            _ => None,
        }
    }

    /// The elements of a set, sorted.
    #[inline]
    #[must_use]
    pub const fn as_set(&self) -> Option<Elements<'a>> {
        match self {
            Self::Set(v) => Some(Elements::Values(v)),
            Self::DocSet(d) => Some(Elements::Documents(d)),
            _ => None,
        }
    }

    /// The entries of an object.
    #[inline]
    #[must_use]
    pub const fn as_object(&self) -> Option<Entries<'a>> {
        match self {
            Self::Object(o) => Some(Entries::Values(o)),
            Self::DocObject(o) => Some(Entries::Documents(o)),
            _ => None,
        }
    }

    /// The bytes of a string.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether it is a number.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Number(_))
    }

    /// OPA's name of the type, as `type_name` gives it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) | Self::DocArray(_) => "array",
            Self::Object(_) | Self::DocObject(_) => "object",
            Self::Set(_) | Self::DocSet(_) => "set",
        }
    }

    /// What a reference finds under `key`: an object's value, an array's element, in a set the key itself (`evalTerm.get`: `1`, where the
    /// set holds `1.0`).
    #[inline]
    #[must_use]
    pub fn get(&self, key: &Value<'a>) -> Option<Value<'a>> {
        if let Some(entries) = self.as_object() {
            return entries.get(key);
        }
        if let Some(elements) = self.as_array() {
            // `1.0` is an index, as `-0` is; `1e0` is none.
            let at = number::to_i64(key)?;
            return elements.get(usize::try_from(at).ok()?);
        }
        self.as_set()?.find(key).map(|_| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(std::mem::size_of::<Value<'_>>(), 24);
        assert_eq!(std::mem::size_of::<Option<Option<Value<'_>>>>(), 24);
    }
}
