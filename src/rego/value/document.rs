//! Values that outlive an evaluation: data, constants of a program, inputs that were parsed once.
//!
//! Immutable trees of counted nodes. A change copies the nodes along its path and shares the rest.

use std::sync::Arc;

use super::index::Index;
use super::{Elements, Value};

/// An owned value; cloning it counts, and copies nothing.
#[derive(Clone, Debug, Default)]
pub enum Document {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer whose text is what `i64` prints.
    Int(i64),
    /// Any other number, by its text.
    Number(Arc<str>),
    /// Bytes that are UTF-8 as a rule.
    String(Arc<[u8]>),
    /// An array.
    Array(Arc<DocArray>),
    /// An object.
    Object(Arc<DocObject>),
    /// A set: sorted, without duplicates.
    Set(Arc<DocArray>),
}

/// The elements of an array or a set.
#[derive(Debug, Default)]
pub struct DocArray(Vec<Document>);

/// Sorted keys, their values, and an index over string keys where there are many.
#[derive(Debug, Default)]
pub struct DocObject {
    keys: Vec<Document>,
    values: Vec<Document>,
    index: Box<[u32]>,
}

impl DocArray {
    /// The elements, which for a set must be sorted and without duplicates.
    #[must_use]
    pub const fn new(elements: Vec<Document>) -> Self {
        Self(elements)
    }

    /// The elements.
    #[must_use]
    pub fn elements(&self) -> &[Document] {
        &self.0
    }
}

impl DocObject {
    /// An object of these entries, which must be sorted by key and without duplicates.
    #[must_use]
    pub fn new(keys: Vec<Document>, values: Vec<Document>) -> Self {
        let index = Index::build(&keys, Document::as_bytes).into_boxed_slice();
        Self { keys, values, index }
    }

    /// The keys, sorted.
    #[must_use]
    pub fn keys(&self) -> &[Document] {
        &self.keys
    }

    /// The values, in the keys' order.
    #[must_use]
    pub fn values(&self) -> &[Document] {
        &self.values
    }

    /// The value under a key that is a string.
    #[inline]
    #[must_use]
    pub fn get_str(&self, key: &[u8]) -> Option<&Document> {
        let search = || Elements::Documents(&self.keys).find(&Value::String(key));
        self.values.get(Index::of(&self.index).find(&self.keys, key, Document::as_bytes, search)?)
    }

    /// A copy in which `value` stands under the string `key`.
    #[must_use]
    pub fn with(&self, key: &[u8], value: Document) -> Self {
        let (mut keys, mut values) = (self.keys.clone(), self.values.clone());
        match keys.binary_search_by(|k| super::compare(&k.view(), &Value::String(key))) {
            Ok(at) => {
                if let Some(place) = values.get_mut(at) {
                    *place = value;
                }
                // The keys are the same, so their index is.
                return Self { keys, values, index: self.index.clone() };
            }
            Err(at) => {
                keys.insert(at, Document::String(key.into()));
                values.insert(at, value);
            }
        }
        Self::new(keys, values)
    }
}

impl DocObject {
    /// A copy without the string `key`; `None` where it is not there.
    #[must_use]
    pub fn without(&self, key: &[u8]) -> Option<Self> {
        let place = self.keys.binary_search_by(|k| super::compare(&k.view(), &Value::String(key))).ok()?;
        let (mut keys, mut values) = (self.keys.clone(), self.values.clone());
        keys.remove(place);
        values.remove(place);
        Some(Self::new(keys, values))
    }
}

impl Document {
    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::String(text.as_bytes().into())
    }

    /// An array of these elements.
    #[must_use]
    pub fn array(elements: Vec<Self>) -> Self {
        Self::Array(Arc::new(DocArray(elements)))
    }

    /// The object without entries.
    #[must_use]
    pub fn empty_object() -> Self {
        Self::Object(Arc::new(DocObject::default()))
    }

    /// The value, by borrow.
    #[inline]
    #[must_use]
    pub fn view(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::Int(*i),
            Self::Number(text) => Value::Number(text),
            Self::String(bytes) => Value::String(bytes),
            Self::Array(array) => Value::DocArray(&array.0),
            Self::Object(object) => Value::DocObject(object),
            Self::Set(set) => Value::DocSet(&set.0),
        }
    }

    /// The bytes of a string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A copy of `value` that owns itself. What `value` shares is not shared in the copy.
    #[must_use]
    pub fn copy(value: &Value<'_>) -> Self {
        let mut work = vec![Step::Copy(*value)];
        let mut done: Vec<Self> = Vec::new();
        while let Some(step) = work.pop() {
            match step {
                Step::Copy(value) => done.extend(scalar(&value).or_else(|| {
                    schedule(value, &mut work);
                    None
                })),
                Step::Build(shape, length) => {
                    let parts = done.split_off(done.len().saturating_sub(length));
                    done.push(build(shape, parts));
                }
            }
        }
        done.pop().unwrap_or(Self::Null)
    }
}

enum Step<'a> {
    Copy(Value<'a>),
    /// Of so many documents that were done last.
    Build(Shape, usize),
}

#[derive(Clone, Copy)]
enum Shape {
    Array,
    Set,
    Object,
}

fn scalar(value: &Value<'_>) -> Option<Document> {
    match value {
        Value::Null => Some(Document::Null),
        Value::Bool(b) => Some(Document::Bool(*b)),
        Value::Int(i) => Some(Document::Int(*i)),
        Value::Number(text) => Some(Document::Number((*text).into())),
        Value::String(bytes) => Some(Document::String((*bytes).into())),
        _ => None,
    }
}

/// The parts are pushed in reverse, so that they are done in order: an object's keys, then its values.
fn schedule<'a>(value: Value<'a>, work: &mut Vec<Step<'a>>) {
    if let Some(entries) = value.as_object() {
        work.push(Step::Build(Shape::Object, entries.len() * 2));
        work.extend(entries.values().iter().rev().map(Step::Copy));
        work.extend(entries.keys().iter().rev().map(Step::Copy));
    } else if let Some(elements) = value.as_array() {
        work.push(Step::Build(Shape::Array, elements.len()));
        work.extend(elements.iter().rev().map(Step::Copy));
    } else if let Some(elements) = value.as_set() {
        work.push(Step::Build(Shape::Set, elements.len()));
        work.extend(elements.iter().rev().map(Step::Copy));
    }
}

fn build(shape: Shape, mut parts: Vec<Document>) -> Document {
    match shape {
        Shape::Array => Document::array(parts),
        Shape::Set => Document::Set(Arc::new(DocArray(parts))),
        Shape::Object => {
            let values = parts.split_off(parts.len() / 2);
            Document::Object(Arc::new(DocObject::new(parts, values)))
        }
    }
}

/// Takes nested nodes apart one by one: the compiler's own drop would recurse as deep as the data nests.
fn dismantle(mut parts: Vec<Document>) {
    while let Some(part) = parts.pop() {
        match part {
            Document::Array(node) | Document::Set(node) => {
                parts.append(&mut Arc::into_inner(node).map(|mut n| std::mem::take(&mut n.0)).unwrap_or_default());
            }
            Document::Object(node) => {
                if let Some(mut node) = Arc::into_inner(node) {
                    parts.append(&mut std::mem::take(&mut node.keys));
                    parts.append(&mut std::mem::take(&mut node.values));
                }
            }
            _ => {}
        }
    }
}

fn is_nested(parts: &[Document]) -> bool {
    parts.iter().any(|p| matches!(p, Document::Array(_) | Document::Object(_) | Document::Set(_)))
}

impl Drop for DocArray {
    fn drop(&mut self) {
        if is_nested(&self.0) {
            dismantle(std::mem::take(&mut self.0));
        }
    }
}

impl Drop for DocObject {
    fn drop(&mut self) {
        if is_nested(&self.keys) || is_nested(&self.values) {
            dismantle(std::mem::take(&mut self.keys));
            dismantle(std::mem::take(&mut self.values));
        }
    }
}
