//! Annotations: what comments that begin with `# METADATA` say about packages and rules.

use std::sync::Arc;

use super::ast::{Span, Term};
use crate::yaml::Any;

/// An annotation: comments that begin with `# METADATA`.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// What it is about.
    pub scope: Scope,
    /// Whether what it is about is an entrypoint.
    pub is_entrypoint: bool,
    /// The rule below it, by its number in the module.
    pub rule: Option<usize>,
    /// The place of its first comment.
    pub span: Span,
    /// What else it says.
    pub content: Arc<Content>,
}

/// What an annotation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// It does not say.
    None,
    /// One rule.
    Rule,
    /// All rules of a path.
    Document,
    /// A package.
    Package,
    /// A package and those below it.
    Subpackages,
    /// Nothing that there is.
    Other(Arc<str>),
}

impl Scope {
    /// The scope of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "" => Self::None,
            "rule" => Self::Rule,
            "document" => Self::Document,
            "package" => Self::Package,
            "subpackages" => Self::Subpackages,
            other => Self::Other(other.into()),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::None => "",
            Self::Rule => "rule",
            Self::Document => "document",
            Self::Package => "package",
            Self::Subpackages => "subpackages",
            Self::Other(name) => name,
        }
    }
}

/// What an annotation says to people and tools. What it does not say is empty.
#[derive(Debug, Default)]
pub struct Content {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) organizations: Vec<String>,
    pub(crate) related_resources: Vec<RelatedResource>,
    pub(crate) authors: Vec<Author>,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) compile: Option<Compile>,
    pub(crate) custom: Vec<(String, Any)>,
    pub(crate) labels: Vec<(String, Any)>,
}

impl Content {
    /// How deep it nests. Recurses as deep.
    pub(crate) fn depth(&self) -> usize {
        let values = self.custom.iter().chain(&self.labels).map(|(_, value)| value);
        let definitions = self.schemas.iter().filter_map(|schema| schema.definition.as_ref());
        values.chain(definitions).map(Any::depth).max().unwrap_or(0)
    }
}

/// Where there is more to read.
#[derive(Debug)]
pub(crate) struct RelatedResource {
    /// The URL, as Go writes it.
    pub(crate) url: String,
    pub(crate) description: String,
}

/// Who wrote it.
#[derive(Debug)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Which schema a document keeps to: one with a name, or one that is given.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The document: `input.user`.
    pub(crate) path: Vec<Term>,
    /// `schema.user`; empty where the schema is given.
    pub(crate) named: Vec<Term>,
    pub(crate) definition: Option<Any>,
}

/// What is unknown where a filter is made of the policy, and what masks its columns.
#[derive(Debug, Default)]
pub(crate) struct Compile {
    /// References; an empty one for what is no text.
    pub(crate) unknowns: Vec<Vec<Term>>,
    pub(crate) mask_rule: Vec<Term>,
}
