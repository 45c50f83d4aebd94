//! What a document decodes to: values in one flat list that name each other by place, so that none of it is read or freed by recursion.

use std::borrow::Cow;

use foldhash::HashMap;

use super::number;

/// Where a value is in the list.
pub(super) type Place = usize;

/// A value.
#[derive(Debug)]
pub(super) enum Value<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(Cow<'t, [u8]>),
    Seq(Vec<Place>),
    Map(HashMap<Key<'t>, Place>),
}

/// A key, typed as in Go: 1 and `"1"` are two keys until JSON makes them one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// The bits of a float; 0 and -0 are one key, whose text the later one decides.
    Float(u64),
    Text(Cow<'t, [u8]>),
    Time(String),
}

impl<'t> Key<'t> {
    /// The key in JSON; none where it cannot be one.
    pub(super) fn text(&self) -> Option<Cow<'t, [u8]>> {
        let text = match self {
            Self::Text(text) => return Some(text.clone()),
            Self::Bool(bool) => bool.to_string(),
            Self::Int(int) => int.to_string(),
            Self::Uint(int) => int.to_string(),
            Self::Float(bits) => number::key(f64::from_bits(*bits)),
            Self::Null | Self::Time(_) => return None,
        };
        Some(Cow::Owned(text.into_bytes()))
    }
}
