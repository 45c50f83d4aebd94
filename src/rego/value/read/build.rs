//! What a reader makes: values of an arena, or documents.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::super::build::object_of;
use super::super::document::ObjectKeys;
use super::super::{Arena, DocObject, Document, Value};

/// What is read and belongs to no container yet: as a rule so little that it needs no allocation.
pub(super) type Elements<V> = SmallVec<[V; 16]>;
pub(super) type Entries<V> = SmallVec<[(V, V); 16]>;

/// Makes values of what is read. Containers take what they hold from the end of a stack.
pub(super) trait Build<'j> {
    /// What is made.
    type Value: Clone;

    fn null(&self) -> Self::Value;
    fn bool(&self, value: bool) -> Self::Value;
    fn int(&self, value: i64) -> Self::Value;
    fn number(&self, text: &'j str) -> Self::Value;
    /// A string as it stands in the text.
    fn borrowed(&self, bytes: &'j [u8]) -> Self::Value;
    /// A string that had escapes or bad bytes.
    fn unescaped(&self, bytes: &[u8]) -> Self::Value;
    /// An array of the elements from `base` on, which go.
    fn array(&self, elements: &mut Elements<Self::Value>, base: usize) -> Self::Value;
    /// An object of the entries from `base` on, which go. All keys are strings, in any order and with duplicates.
    fn object(&self, entries: &mut Entries<Self::Value>, base: usize) -> Self::Value;
}

/// Sorts entries by key; of equal keys the last one stays. Keys are sorted already where a machine wrote them so.
fn normalise<V>(entries: &mut Entries<V>, base: usize, key: impl Fn(&V) -> &[u8]) {
    let tail = entries.get_mut(base..).unwrap_or_default();
    if tail.is_sorted_by(|a, b| order(key(&a.0), key(&b.0)).is_lt()) {
        return;
    }
    tail.sort_by(|a, b| order(key(&a.0), key(&b.0)));
    if tail.is_sorted_by(|a, b| key(&a.0) != key(&b.0)) {
        return;
    }
    let mut sorted: Vec<(V, V)> = entries.drain(base..).collect();
    sorted.dedup_by(|later, earlier| {
        let same = key(&later.0) == key(&earlier.0);
        if same {
            std::mem::swap(&mut earlier.1, &mut later.1);
        }
        same
    });
    entries.extend(sorted);
}

/// The order of keys. Most differ in their first byte, which needs no call.
#[inline]
fn order(a: &[u8], b: &[u8]) -> Ordering {
    match (a.first(), b.first()) {
        (Some(x), Some(y)) if x != y => x.cmp(y),
        _ => a.cmp(b),
    }
}

/// Values of an arena.
pub(super) struct Values<'a>(pub(super) &'a Arena);

impl<'a> Build<'a> for Values<'a> {
    type Value = Value<'a>;

    #[inline]
    fn null(&self) -> Value<'a> {
        Value::Null
    }

    #[inline]
    fn bool(&self, value: bool) -> Value<'a> {
        Value::Bool(value)
    }

    #[inline]
    fn int(&self, value: i64) -> Value<'a> {
        Value::Int(value)
    }

    #[inline]
    fn number(&self, text: &'a str) -> Value<'a> {
        Value::Number(text)
    }

    #[inline]
    fn borrowed(&self, bytes: &'a [u8]) -> Value<'a> {
        Value::String(bytes)
    }

    fn unescaped(&self, bytes: &[u8]) -> Value<'a> {
        Value::String(self.0.alloc_slice_copy(bytes))
    }

    fn array(&self, elements: &mut Elements<Value<'a>>, base: usize) -> Value<'a> {
        let array = self.0.alloc_slice_copy(elements.get(base..).unwrap_or_default());
        elements.truncate(base);
        Value::Array(array)
    }

    fn object(&self, entries: &mut Entries<Value<'a>>, base: usize) -> Value<'a> {
        normalise(entries, base, |key| key.as_bytes().unwrap_or_default());
        let tail = entries.get(base..).unwrap_or_default();
        let keys = self.0.alloc_slice_fill_iter(tail.iter().map(|e| e.0));
        let values = self.0.alloc_slice_fill_iter(tail.iter().map(|e| e.1));
        entries.truncate(base);
        object_of(self.0, keys, values)
    }
}

/// Documents. Objects with the same keys share them.
#[derive(Default)]
pub(super) struct Documents {
    shapes: RefCell<Shapes>,
}

/// The shapes of a text's objects, by a hash of their keys.
#[derive(Default)]
struct Shapes(HashMap<u64, Arc<ObjectKeys>, RandomState>);

/// Objects with more keys are as a rule one of a kind, and so are they all where there are so many shapes.
const MAX_SHARED_KEYS: usize = 64;
const MAX_SHAPES: usize = 4096;

impl Shapes {
    fn shape(&mut self, keys: Vec<Document>) -> Arc<ObjectKeys> {
        if keys.is_empty() || keys.len() > MAX_SHARED_KEYS {
            return Arc::new(ObjectKeys::new(keys));
        }
        let mut hasher = self.0.hasher().build_hasher();
        for key in &keys {
            let bytes = key.as_bytes().unwrap_or_default();
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }
        let hash = hasher.finish();
        if let Some(known) = self.0.get(&hash)
            && known.keys().iter().map(Document::as_bytes).eq(keys.iter().map(Document::as_bytes))
        {
            return Arc::clone(known);
        }
        let shape = Arc::new(ObjectKeys::new(keys));
        if self.0.len() < MAX_SHAPES {
            self.0.insert(hash, Arc::clone(&shape));
        }
        shape
    }
}

impl<'j> Build<'j> for Documents {
    type Value = Document;

    fn null(&self) -> Document {
        Document::Null
    }

    fn bool(&self, value: bool) -> Document {
        Document::Bool(value)
    }

    fn int(&self, value: i64) -> Document {
        Document::Int(value)
    }

    fn number(&self, text: &'j str) -> Document {
        Document::Number(text.into())
    }

    fn borrowed(&self, bytes: &'j [u8]) -> Document {
        Document::bytes(bytes)
    }

    fn unescaped(&self, bytes: &[u8]) -> Document {
        Document::bytes(bytes)
    }

    fn array(&self, elements: &mut Elements<Document>, base: usize) -> Document {
        Document::array(elements.drain(base.min(elements.len())..).collect())
    }

    fn object(&self, entries: &mut Entries<Document>, base: usize) -> Document {
        normalise(entries, base, |key| key.as_bytes().unwrap_or_default());
        let (keys, values) = entries.drain(base.min(entries.len())..).unzip();
        let shape = self.shapes.borrow_mut().shape(keys);
        Document::Object(Arc::new(DocObject::shaped(shape, values)))
    }
}

/// Nothing: only whether the text is well formed is asked.
pub(super) struct Nothing;

impl Build<'_> for Nothing {
    type Value = ();

    fn null(&self) {}
    fn bool(&self, _: bool) {}
    fn int(&self, _: i64) {}
    fn number(&self, _: &str) {}
    fn borrowed(&self, _: &[u8]) {}
    fn unescaped(&self, _: &[u8]) {}

    fn array(&self, elements: &mut Elements<()>, base: usize) {
        elements.truncate(base);
    }

    fn object(&self, entries: &mut Entries<()>, base: usize) {
        entries.truncate(base);
    }
}
