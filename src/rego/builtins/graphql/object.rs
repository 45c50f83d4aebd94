//! Documents that come as objects, read as Go's JSON reader fills its structs: what it refuses, and in which words.

use super::super::super::value::{Value, number};
use super::super::{Context, Failure};
use super::error::{Position, Refusal};
use super::lexer::string;
use super::shape::Shape;

/// How Go finds the fields of a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// By name, whatever its case; what does not fit is remembered, and the reading goes on.
    Folded,
    /// By a method of the struct's own: by the exact name, and what does not fit ends the reading.
    Exact,
}

/// A value that does not fit its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Mismatch {
    value: String,
    kind: &'static str,
    structure: &'static str,
    field: String,
}

impl Mismatch {
    fn text(&self) -> String {
        let Self { value, kind, structure, field } = self;
        if structure.is_empty() && field.is_empty() {
            format!("json: cannot unmarshal {value} into Go value of type {kind}")
        } else {
            format!("json: cannot unmarshal {value} into Go struct field {structure}.{field} of type {kind}")
        }
    }
}

/// Why the reading ended.
#[derive(Debug)]
pub(super) enum Halt {
    Mismatch(Mismatch),
    /// Something that must be there is not: Go's validator panics.
    Broken,
    TooDeep,
    Stop(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Stop(failure)
    }
}

/// Where the reading is, for messages.
#[derive(Debug, Default)]
struct Place {
    structure: &'static str,
    fields: Vec<&'static str>,
    first: Option<Mismatch>,
}

impl Place {
    fn name(&self, mut mismatch: Mismatch) -> Mismatch {
        if self.structure.is_empty() && self.fields.is_empty() {
            return mismatch;
        }
        mismatch.structure = self.structure.strip_prefix("ast.").unwrap_or(self.structure);
        let inner = (!mismatch.field.is_empty()).then_some(mismatch.field.as_str());
        mismatch.field = self.fields.iter().copied().chain(inner).collect::<Vec<_>>().join(".");
        mismatch
    }
}

/// Reads a document from an object.
pub(super) struct Reader<'c, 'a> {
    ctx: &'c mut Context<'a>,
    place: Place,
    depth: usize,
    /// So deep may parts be in each other.
    limit: usize,
}

/// The document that an object is.
pub(super) fn document<'a, T: Shape>(ctx: &mut Context<'a>, value: &Value<'a>, limit: usize) -> Result<T, Refusal> {
    let mut reader = Reader { ctx, place: Place::default(), depth: 0, limit };
    let mut document = T::default();
    match reader.nested(|reader| document.read(value, reader)) {
        Ok(()) => Ok(document),
        Err(Halt::Mismatch(mismatch)) => Err(Refusal::Invalid(mismatch.text())),
        Err(Halt::Broken) => Err(Refusal::broken()),
        Err(Halt::TooDeep) => Err(Refusal::TooDeep),
        Err(Halt::Stop(failure)) => Err(Refusal::Stop(failure)),
    }
}

const fn described(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Object(_) | Value::DocObject(_) => "object",
        Value::Array(_) | Value::DocArray(_) | Value::Set(_) | Value::DocSet(_) => "array",
    }
}

impl<'a> Reader<'_, 'a> {
    pub(super) fn charge(&mut self, units: usize) -> Result<(), Halt> {
        self.ctx.charge(units + 1)?;
        Ok(self.ctx.reserve(units * 256)?)
    }

    fn remember(&mut self, value: String, kind: &'static str) {
        let mismatch = self.place.name(Mismatch { value, kind, ..Mismatch::default() });
        self.place.first.get_or_insert(mismatch);
    }

    /// The value does not fit; the first such stays.
    pub(super) fn mismatch(&mut self, value: &Value<'_>, kind: &'static str) {
        self.remember(described(value).to_owned(), kind);
    }

    pub(super) fn text(&mut self, value: &Value<'_>, kind: &'static str) -> Option<String> {
        let Value::String(bytes) = value else {
            self.mismatch(value, kind);
            return None;
        };
        Some(string(bytes).into_owned())
    }

    pub(super) fn int(&mut self, value: &Value<'_>, kind: &'static str) -> Option<i64> {
        match value {
            Value::Int(int) => Some(*int),
            Value::Number(digits) => {
                let int = digits.parse().ok();
                if int.is_none() {
                    self.remember(format!("number {}", number::with_text(value, str::to_owned)), kind);
                }
                int
            }
            other => {
                self.mismatch(other, kind);
                None
            }
        }
    }

    /// A reading of its own: it knows nothing of where it is, and what it refuses is named from outside.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Halt>) -> Result<(), Halt> {
        let outer = std::mem::take(&mut self.place);
        let outcome = read(self);
        let inner = std::mem::replace(&mut self.place, outer);
        let mismatch = match (outcome, inner.first.clone()) {
            (Err(Halt::Mismatch(mismatch)), _) => inner.name(mismatch),
            (Err(halt), _) => return Err(halt),
            (Ok(()), Some(mismatch)) => mismatch,
            (Ok(()), None) => return Ok(()),
        };
        Err(Halt::Mismatch(mismatch))
    }

    /// What an element can be read as; none where it does not fit.
    pub(super) fn attempt<T: Shape>(&mut self, value: &Value<'a>) -> Result<Option<T>, Halt> {
        let mut part = T::default();
        if matches!(value, Value::Null) {
            return Ok(Some(part));
        }
        let depth = self.depth;
        match self.nested(|reader| part.read(value, reader)) {
            Ok(()) => Ok(Some(part)),
            Err(Halt::Mismatch(_)) => {
                self.depth = depth;
                Ok(None)
            }
            Err(halt) => Err(halt),
        }
    }

    /// A field's value; a null leaves a pointer or a list empty, and anything else as it is.
    pub(super) fn field<T: Shape>(&mut self, field: &mut T, value: &Value<'a>) -> Result<(), Halt> {
        match value {
            Value::Null if T::POINTER || T::LIST.is_empty() => *field = T::default(),
            Value::Null => {}
            value => field.read(value, self)?,
        }
        Ok(())
    }

    /// Calls `read` with each field that the struct has, by the name that Go has for it.
    pub(super) fn fields(
        &mut self,
        value: &Value<'a>,
        structure: &'static str,
        style: Style,
        names: &[&'static str],
        mut read: impl FnMut(&mut Self, &'static str, &Value<'a>) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        let Some(entries) = value.as_object() else {
            match style {
                Style::Folded => self.mismatch(value, structure),
                Style::Exact => {
                    let value = described(value).to_owned();
                    return Err(Halt::Mismatch(Mismatch { value, kind: "map[string]json.RawMessage", ..Mismatch::default() }));
                }
            }
            return Ok(());
        };
        self.depth += 1;
        if self.depth > self.limit {
            return Err(Halt::TooDeep);
        }
        self.charge(entries.len())?;
        for (key, value) in entries.iter() {
            let Some(name) = known(&key, style, names) else { continue };
            match style {
                Style::Exact => self.nested(|reader| read(reader, name, &value))?,
                Style::Folded => {
                    let outer = std::mem::replace(&mut self.place.structure, structure);
                    self.place.fields.push(name);
                    read(self, name, &value)?;
                    self.place.fields.pop();
                    self.place.structure = outer;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// A position that an object tells.
    pub(super) fn position(&mut self, at: &mut Option<Position>, value: &Value<'a>) -> Result<(), Halt> {
        let Some(entries) = value.as_object() else {
            self.mismatch(value, "ast.Position");
            return Ok(());
        };
        let mut part = |name: &'static str| entries.get_str(name.as_bytes()).and_then(|value| self.int(&value, "int"));
        let (line, column) = (part("Line").unwrap_or(0), part("Column").unwrap_or(0));
        *at = Some(Position { line, column, built_in: false });
        Ok(())
    }
}

fn known(key: &Value<'_>, style: Style, names: &[&'static str]) -> Option<&'static str> {
    let Value::String(key) = key else { return None };
    match style {
        Style::Exact if *key == b"Position" => Some("Position"),
        Style::Exact => names.iter().copied().find(|name| name.as_bytes() == *key && *name != "Comment"),
        Style::Folded => names.iter().copied().find(|name| name.as_bytes().eq_ignore_ascii_case(key)),
    }
}
