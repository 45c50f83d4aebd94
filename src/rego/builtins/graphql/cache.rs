//! Schemas that were used last, by their text: a call that comes again parses and checks its schema no more.

use std::sync::Arc;

use super::super::super::value::{Value, text};
use super::super::{Context, Failure};
use super::ast::SchemaDocument;
use super::schema::Schema;

/// So many schemas are kept, as in OPA.
const CAPACITY: usize = 10;

/// So long may their texts be together: what they are read into takes many times as much. A schema that is longer is not kept.
const MAX_TEXT: usize = 2 << 20;

/// A schema by its text, or by the text of its object.
pub(super) enum Key<'a> {
    Text(&'a [u8]),
    Object(Box<[u8]>),
}

impl Key<'_> {
    const fn parts(&self) -> (bool, &[u8]) {
        match self {
            Self::Text(text) => (false, text),
            Self::Object(text) => (true, text),
        }
    }
}

/// What a schema is known by; none where a value can be no schema.
pub(super) fn key<'a>(ctx: &mut Context<'a>, value: &Value<'a>) -> Result<Option<Key<'a>>, Failure> {
    Ok(match value {
        Value::String(text) => {
            ctx.charge(text.len() / 64)?;
            Some(Key::Text(text))
        }
        value if value.as_object().is_some() => {
            let text = text(value).into_bytes();
            ctx.charge(text.len() / 16)?;
            Some(Key::Object(text.into()))
        }
        _ => None,
    })
}

#[derive(Debug)]
struct Entry {
    object: bool,
    text: Box<[u8]>,
    document: Arc<SchemaDocument>,
    schema: Option<Arc<Schema>>,
}

/// The schemas, the one that was used last behind.
#[derive(Debug, Default)]
pub(in super::super) struct Schemas {
    entries: Vec<Entry>,
    closed: bool,
}

impl Schemas {
    /// From now on, nothing is kept, or what comes is.
    pub(super) const fn close(&mut self, closed: bool) {
        self.closed = closed;
    }

    /// Whether the next one puts another one out.
    pub(in super::super) const fn is_full(&self) -> bool {
        self.entries.len() >= CAPACITY
    }

    /// The entry of a schema, which then is the one that was used last.
    fn find(&mut self, key: &Key<'_>) -> Option<&mut Entry> {
        let (object, text) = key.parts();
        let at = self.entries.iter().position(|entry| entry.object == object && *entry.text == *text)?;
        if let Some(behind) = self.entries.get_mut(at..) {
            behind.rotate_left(1);
        }
        self.entries.last_mut()
    }

    pub(super) fn document(&mut self, key: &Key<'_>) -> Option<Arc<SchemaDocument>> {
        self.find(key).map(|entry| Arc::clone(&entry.document))
    }

    pub(super) fn schema(&mut self, key: &Key<'_>) -> Option<Arc<Schema>> {
        self.find(key)?.schema.clone()
    }

    /// Both, where they are there, without using them.
    pub(super) fn peek(&self, key: &Key<'_>) -> Option<(Arc<SchemaDocument>, Option<Arc<Schema>>)> {
        let (object, text) = key.parts();
        let entry = self.entries.iter().find(|entry| entry.object == object && *entry.text == *text)?;
        Some((Arc::clone(&entry.document), entry.schema.clone()))
    }

    pub(super) fn keep_document(&mut self, key: &Key<'_>, document: &Arc<SchemaDocument>) {
        let (object, text) = key.parts();
        if self.closed || text.len() > MAX_TEXT {
            return;
        }
        let kept = |entries: &[Entry]| entries.iter().map(|entry| entry.text.len()).sum::<usize>();
        while self.entries.len() >= CAPACITY || kept(&self.entries) + text.len() > MAX_TEXT {
            self.entries.remove(0);
        }
        self.entries.push(Entry { object, text: text.into(), document: Arc::clone(document), schema: None });
    }

    pub(super) fn keep_schema(&mut self, key: &Key<'_>, schema: &Arc<Schema>) {
        if self.closed {
            return;
        }
        if let Some(entry) = self.find(key) {
            entry.schema = Some(Arc::clone(schema));
        }
    }
}
