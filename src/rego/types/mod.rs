//! The types that OPA's checker gives to terms (`v1/types/types.go`): what is made of them, how they are ordered and what they have in common.
//!
//! Each type is made once and named by a number: two types are equal where their numbers are. A policy can build types that share parts
//! (`r := [q, q]`, and so on), which a tree would unfold to twice the size at each step; here they stay as small as their text.

mod combine;
mod constant;
mod declaration;
mod order;
mod print;
mod select;
mod unify;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

pub(super) use constant::Constant;
pub(super) use declaration::{Declaration, Named, declared};

/// A type, by its number in [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Type(u32);

impl Type {
    pub(super) const NULL: Self = Self(0);
    pub(super) const BOOLEAN: Self = Self(1);
    pub(super) const NUMBER: Self = Self(2);
    pub(super) const STRING: Self = Self(3);
    /// Of which nothing is known but that it is a document.
    pub(super) const ANY: Self = Self(4);
}

/// A type, or `None` where it was not inferred (yet): OPA's `nil`.
pub(super) type Known = Option<Type>;

/// The type of what an object has beside its properties: of its keys and its values.
pub(super) type Rest = Option<(Known, Known)>;

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Null,
    Boolean,
    Number,
    String,
    /// Items at known places, then any number of `rest`.
    Array {
        items: Box<[Known]>,
        rest: Known,
    },
    /// Known keys, in their order, and what else there may be.
    Object {
        properties: Box<[(Constant, Known)]>,
        rest: Rest,
    },
    /// The type of the members; `None` for a set that has none.
    Set(Known),
    /// One of these, in their order; no member means any document.
    Any(Box<[Type]>),
    /// A function. `result` is `None` where it gives nothing, or nobody knows what.
    Function {
        args: Box<[Known]>,
        variadic: Known,
        result: Known,
    },
}

/// The types that were made. A table can begin with another one's.
#[derive(Debug, Default)]
pub(super) struct Types {
    base: Option<Arc<Self>>,
    shapes: Vec<Entry>,
    /// No hash table: those point into their memory, which a check for leaks takes for lost in what lives as long as the process.
    numbers: BTreeMap<Arc<Shape>, Type>,
    /// Pairs that were compared before.
    unifying: HashMap<(Type, Type), bool, RandomState>,
}

#[derive(Debug)]
struct Entry {
    shape: Arc<Shape>,
    /// Whether something in it was not inferred (OPA's `Nil`).
    is_unknown: bool,
}

impl Types {
    /// A table with the types that have no parts.
    fn empty() -> Self {
        let mut types = Self::default();
        for shape in [Shape::Null, Shape::Boolean, Shape::Number, Shape::String, Shape::Any(Box::default())] {
            types.make(shape);
        }
        types
    }

    /// A table that begins with what `base` has.
    pub(super) fn over(base: &Arc<Self>) -> Self {
        Self { base: Some(Arc::clone(base)), ..Self::default() }
    }

    fn base_length(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.length())
    }

    fn length(&self) -> usize {
        self.base_length() + self.shapes.len()
    }

    fn entry(&self, at: Type) -> Option<&Entry> {
        match (at.0 as usize).checked_sub(self.base_length()) {
            Some(own) => self.shapes.get(own),
            None => self.base.as_ref().and_then(|base| base.entry(at)),
        }
    }

    fn number(&self, shape: &Shape) -> Option<Type> {
        self.numbers.get(shape).copied().or_else(|| self.base.as_ref().and_then(|base| base.number(shape)))
    }

    fn make(&mut self, shape: Shape) -> Type {
        if let Some(known) = self.number(&shape) {
            return known;
        }
        let is_unknown = self.has_unknown(&shape);
        let made = Type(u32::try_from(self.length()).unwrap_or(u32::MAX));
        let shape = Arc::new(shape);
        self.shapes.push(Entry { shape: Arc::clone(&shape), is_unknown });
        self.numbers.insert(shape, made);
        made
    }

    fn has_unknown(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Null | Shape::Boolean | Shape::Number | Shape::String | Shape::Any(_) => false,
            Shape::Array { items, rest } => {
                items.iter().any(|item| self.is_unknown(*item)) || rest.is_some_and(|rest| self.is_unknown(Some(rest)))
            }
            Shape::Object { properties, rest } => {
                properties.iter().any(|(_, value)| self.is_unknown(*value))
                    || rest.is_some_and(|(key, value)| self.is_unknown(key) || self.is_unknown(value))
            }
            Shape::Set(of) => self.is_unknown(*of),
            Shape::Function { args, result, .. } => args.iter().any(|arg| self.is_unknown(*arg)) || self.is_unknown(*result),
        }
    }

    /// What a type is made of.
    pub(super) fn shape(&self, at: Type) -> Arc<Shape> {
        // Every number was given by a table: this one, or the one it begins with.
        self.entry(at).map_or_else(|| Arc::new(Shape::Any(Box::default())), |entry| Arc::clone(&entry.shape))
    }

    /// Whether a type, or a part of it, was not inferred (OPA's `Nil`).
    pub(super) fn is_unknown(&self, at: Known) -> bool {
        at.is_none_or(|at| self.entry(at).is_none_or(|entry| entry.is_unknown))
    }

    pub(super) fn array(&mut self, items: Vec<Known>, rest: Known) -> Type {
        self.make(Shape::Array { items: items.into(), rest })
    }

    pub(super) fn object(&mut self, mut properties: Vec<(Constant, Known)>, rest: Rest) -> Type {
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        self.make(Shape::Object { properties: properties.into(), rest })
    }

    pub(super) fn set(&mut self, of: Known) -> Type {
        self.make(Shape::Set(of))
    }

    fn any(&mut self, mut members: Vec<Type>) -> Type {
        members.sort_by(|a, b| self.compare(Some(*a), Some(*b)));
        self.make(Shape::Any(members.into()))
    }

    pub(super) fn function(&mut self, args: Vec<Known>, variadic: Known, result: Known) -> Type {
        self.make(Shape::Function { args: args.into(), variadic, result })
    }

    pub(super) fn is_function(&self, at: Known) -> bool {
        at.and_then(|at| self.entry(at)).is_some_and(|entry| matches!(*entry.shape, Shape::Function { .. }))
    }

    /// The type of a constant (OPA's `TypeOf`).
    pub(super) fn of_constant(&mut self, constant: &Constant) -> Type {
        match constant {
            Constant::Null => Type::NULL,
            Constant::Boolean(_) => Type::BOOLEAN,
            Constant::Number(_) => Type::NUMBER,
            Constant::String(_) => Type::STRING,
            Constant::Array(items) => {
                let items = items.iter().map(|item| Some(self.of_constant(item))).collect();
                self.array(items, None)
            }
            Constant::Object(entries) => {
                let properties = entries.iter().map(|(key, value)| (key.clone(), Some(self.of_constant(value)))).collect();
                self.object(properties, None)
            }
        }
    }
}

#[cfg(test)]
mod tests;
