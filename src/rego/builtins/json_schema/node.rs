//! A compiled schema: what each part of it asks.

use super::bounds::Bound;

/// A part, by its place among all.
pub(super) type Id = usize;

/// The types that there are, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Number,
    Null,
    Object,
    String,
}

impl Type {
    pub(super) const ALL: [Self; 7] =
        [Self::Array, Self::Boolean, Self::Integer, Self::Number, Self::Null, Self::Object, Self::String];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Null => "null",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// What may come beyond what is named: everything, nothing, or what keeps to a schema.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Additional {
    #[default]
    Any,
    None,
    Schema(Id),
}

/// What a property needs beside it.
#[derive(Debug, Clone)]
pub(super) enum Dependency {
    Names(Vec<String>),
    Schema(Id),
}

/// What a part asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// It is a boolean: all pass, or none.
    pub(super) pass: Option<bool>,
    /// What it refers to: then nothing else counts.
    pub(super) refers: Option<Id>,
    pub(super) types: Vec<Type>,
    pub(super) items: Vec<Id>,
    /// Whether there is one schema for all items.
    pub(super) one_for_all: bool,
    pub(super) additional_items: Additional,
    pub(super) properties: Vec<(String, Id)>,
    pub(super) patterns: Vec<(String, Id)>,
    pub(super) additional_properties: Additional,
    pub(super) property_names: Option<Id>,
    pub(super) dependencies: Vec<(String, Dependency)>,
    pub(super) multiple_of: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) exclusive_maximum: Option<Bound>,
    pub(super) minimum: Option<Bound>,
    pub(super) exclusive_minimum: Option<Bound>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<String>,
    pub(super) format: String,
    pub(super) min_properties: Option<usize>,
    pub(super) max_properties: Option<usize>,
    pub(super) required: Vec<String>,
    pub(super) min_items: Option<usize>,
    pub(super) max_items: Option<usize>,
    pub(super) unique_items: bool,
    pub(super) contains: Option<Id>,
    /// In the form in which values are compared.
    pub(super) constant: Option<String>,
    pub(super) options: Option<Vec<String>>,
    pub(super) one_of: Vec<Id>,
    pub(super) any_of: Vec<Id>,
    pub(super) all_of: Vec<Id>,
    pub(super) not: Option<Id>,
    pub(super) condition: Option<Id>,
    pub(super) then: Option<Id>,
    pub(super) otherwise: Option<Id>,
}

impl Node {
    /// Its types as messages name them.
    pub(super) fn types_text(&self) -> String {
        let names: Vec<&str> = self.types.iter().map(|one| one.name()).collect();
        match names.as_slice() {
            [only] => (*only).to_owned(),
            several => format!("[{}]", several.join(",")),
        }
    }
}

/// All parts; the first one is the root.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(super) nodes: Vec<Node>,
}
