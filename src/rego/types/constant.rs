//! Constants that are known while compiling: keys of objects, in JSON's terms (a set is an array there).

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::rego::ast::{Term, TermKind};
use crate::rego::value::{Value, compare as compare_values};

/// A constant, ordered as OPA's `util.Compare` orders JSON.
#[derive(Debug, Clone)]
pub(in crate::rego) enum Constant {
    Null,
    Boolean(bool),
    /// By its text.
    Number(Arc<str>),
    String(Arc<str>),
    Array(Vec<Constant>),
    /// Entries in the order of their keys.
    Object(Vec<(Constant, Constant)>),
}

impl Constant {
    /// The constant that a term is; `None` where something in it is known only when it is evaluated.
    pub(in crate::rego) fn of(term: &Term) -> Option<Self> {
        Some(match &term.kind {
            TermKind::Null => Self::Null,
            TermKind::Bool(value) => Self::Boolean(*value),
            TermKind::Number(text) => Self::Number(text.clone()),
            TermKind::String(text) => Self::String(text.clone()),
            TermKind::Array(items) => Self::Array(items.iter().map(Self::of).collect::<Option<_>>()?),
            TermKind::Set(members) => {
                let mut items: Vec<Self> = members.iter().map(Self::of).collect::<Option<_>>()?;
                items.sort();
                items.dedup();
                Self::Array(items)
            }
            TermKind::Object(entries) => {
                let entry = |(key, value): &(Term, Term)| Some((Self::of(key)?, Self::of(value)?));
                let mut entries: Vec<(Self, Self)> = entries.iter().map(entry).collect::<Option<_>>()?;
                entries.sort();
                Self::Object(entries)
            }
            _ => return None,
        })
    }

    /// The place in an array that it names.
    pub(in crate::rego) fn index(&self) -> Option<usize> {
        match self {
            Self::Number(text) => text.parse::<i64>().ok().and_then(|at| usize::try_from(at).ok()),
            _ => None,
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Boolean(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
        }
    }
}

impl Ord for Constant {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => compare_values(&Value::Number(a), &Value::Number(b)),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => a.cmp(b),
            (Self::Object(a), Self::Object(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Constant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Constant {}

/// As Go prints what JSON's reader makes of it.
impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<nil>"),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(text) | Self::String(text) => f.write_str(text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { " " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(entries) => {
                f.write_str("map[")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}:{value}", if at > 0 { " " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}
