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
    /// A string that stands in its value.
    Short(Short),
    /// Bytes that are UTF-8 as a rule, and too many to stand in the value.
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
pub struct DocArray(Box<[Document]>);

/// Keys, which objects with the same ones share, and values.
#[derive(Debug, Default)]
pub struct DocObject {
    shape: Arc<ObjectKeys>,
    values: Box<[Document]>,
}

/// Sorted keys, and an index over string keys where there are many. Of a list of a hundred thousand users, all have the same.
#[derive(Debug, Default)]
pub struct ObjectKeys {
    keys: Box<[Document]>,
    index: Box<[u32]>,
}

/// The longest string that stands in its value: a value has 24 bytes.
const SHORT: usize = 22;
const _: () = assert!(size_of::<Document>() == 24);

/// A short string: most keys, names and roles are.
#[derive(Clone, Copy)]
pub struct Short {
    length: u8,
    bytes: [u8; SHORT],
}

impl Short {
    fn of(text: &[u8]) -> Option<Self> {
        let mut short = Self { length: u8::try_from(text.len()).ok()?, bytes: [0; SHORT] };
        short.bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(short)
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_bytes().fmt(f)
    }
}

impl ObjectKeys {
    /// A shape of these keys, which must be sorted and without duplicates.
    #[must_use]
    pub fn new(keys: Vec<Document>) -> Self {
        let index = Index::build(&keys, Document::as_bytes).into_boxed_slice();
        Self { keys: keys.into_boxed_slice(), index }
    }

    /// The keys, sorted.
    #[must_use]
    pub const fn keys(&self) -> &[Document] {
        &self.keys
    }
}

impl Document {
    /// Whether both are one object: nothing between them can have changed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Object(one), Self::Object(other)) if Arc::ptr_eq(one, other))
    }
}

impl DocArray {
    /// The elements, which for a set must be sorted and without duplicates.
    #[must_use]
    pub fn new(elements: Vec<Document>) -> Self {
        Self(elements.into_boxed_slice())
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
        Self::shaped(Arc::new(ObjectKeys::new(keys)), values)
    }

    /// An object of these values, in the order of the shape's keys.
    #[must_use]
    pub fn shaped(shape: Arc<ObjectKeys>, values: Vec<Document>) -> Self {
        Self { shape, values: values.into_boxed_slice() }
    }

    /// The keys, sorted.
    #[must_use]
    pub fn keys(&self) -> &[Document] {
        &self.shape.keys
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
        self.values.get(self.place_of(key)?)
    }

    /// Where the value under a key that is a string stands: in all objects of this shape.
    #[inline]
    #[must_use]
    pub fn place_of(&self, key: &[u8]) -> Option<usize> {
        let ObjectKeys { keys, index } = &*self.shape;
        let search = || Elements::Documents(keys).find(&Value::String(key));
        Index::of(index).find(keys, key, Document::as_bytes, search)
    }

    /// What tells the object's shape from every other one that lives: its address.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> usize {
        Arc::as_ptr(&self.shape).addr()
    }

    /// A copy in which `value` stands under the string `key`.
    #[must_use]
    pub fn with(&self, key: &[u8], value: Document) -> Self {
        let mut values = self.values.to_vec();
        match self.keys().binary_search_by(|k| super::compare(&k.view(), &Value::String(key))) {
            Ok(at) => {
                if let Some(place) = values.get_mut(at) {
                    *place = value;
                }
                Self::shaped(Arc::clone(&self.shape), values)
            }
            Err(at) => {
                let mut keys = self.keys().to_vec();
                keys.insert(at, Document::bytes(key));
                values.insert(at, value);
                Self::new(keys, values)
            }
        }
    }
}

impl DocObject {
    /// The keys, where they are nobody else's and hold others; they go.
    fn own_keys(&mut self) -> Vec<Document> {
        if !is_nested(self.keys()) {
            return Vec::new();
        }
        let shape = Arc::into_inner(std::mem::take(&mut self.shape));
        shape.map(|shape| shape.keys.into_vec()).unwrap_or_default()
    }

    /// A copy without the string `key`; `None` where it is not there.
    #[must_use]
    pub fn without(&self, key: &[u8]) -> Option<Self> {
        let place = self.keys().binary_search_by(|k| super::compare(&k.view(), &Value::String(key))).ok()?;
        let (mut keys, mut values) = (self.keys().to_vec(), self.values.to_vec());
        keys.remove(place);
        values.remove(place);
        Some(Self::new(keys, values))
    }
}

impl Document {
    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    /// A string of these bytes.
    #[must_use]
    pub fn bytes(text: &[u8]) -> Self {
        Short::of(text).map_or_else(|| Self::String(text.into()), Self::Short)
    }

    /// An array of these elements.
    #[must_use]
    pub fn array(elements: Vec<Self>) -> Self {
        Self::Array(Arc::new(DocArray::new(elements)))
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
            Self::Short(short) => Value::String(short.as_bytes()),
            Self::String(bytes) => Value::String(bytes),
            Self::Array(array) => Value::DocArray(&array.0),
            Self::Object(object) => Value::DocObject(object),
            Self::Set(set) => Value::DocSet(&set.0),
        }
    }

    /// The bytes of a string.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Short(short) => Some(short.as_bytes()),
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
        Value::String(bytes) => Some(Document::bytes(bytes)),
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
        Shape::Set => Document::Set(Arc::new(DocArray::new(parts))),
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
                parts.append(&mut Arc::into_inner(node).map(|mut n| std::mem::take(&mut n.0).into_vec()).unwrap_or_default());
            }
            Document::Object(node) => {
                if let Some(mut node) = Arc::into_inner(node) {
                    parts.append(&mut node.own_keys());
                    parts.append(&mut std::mem::take(&mut node.values).into_vec());
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
            dismantle(std::mem::take(&mut self.0).into_vec());
        }
    }
}

impl Drop for DocObject {
    fn drop(&mut self) {
        if is_nested(self.keys()) {
            dismantle(self.own_keys());
        }
        if is_nested(&self.values) {
            dismantle(std::mem::take(&mut self.values).into_vec());
        }
    }
}
