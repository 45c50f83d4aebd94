//! Values as Go's templates see those of Rego: decoded from JSON into `any`, with numbers as `json.Number`, which is a string to Go.

use super::super::super::value::{Elements, Entries, Value, number};
use super::super::Context;
use super::super::sprintf::Argument;

/// A value.
#[derive(Clone, Copy)]
pub(super) enum Data<'a> {
    /// Go's zero `reflect.Value`: what a key that is not there gives.
    Nothing,
    /// `null`, in an interface.
    Nil,
    Bool(bool),
    /// A constant of the template, an index or a length.
    Int(i64),
    /// A byte of a string.
    Byte(u8),
    Float(f64),
    Complex(f64, f64),
    Text(&'a [u8]),
    /// A number of the data.
    Number(&'a str),
    /// The elements, and how many fit into Go's slice.
    List(Elements<'a>, usize),
    Map(Entries<'a>),
}

/// A value, and whether it was found in an interface: an element of the data.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) data: Data<'a>,
    pub(super) boxed: bool,
}

impl<'a> From<Data<'a>> for Found<'a> {
    fn from(data: Data<'a>) -> Self {
        Self { data, boxed: false }
    }
}

impl<'a> Found<'a> {
    pub(super) const NOTHING: Self = Self { data: Data::Nothing, boxed: false };
    pub(super) const NIL: Self = Self { data: Data::Nil, boxed: true };

    /// An element of the data.
    pub(super) fn element(ctx: &Context<'a>, value: Value<'a>) -> Self {
        Self { data: Data::of(ctx, value), boxed: true }
    }

    /// What is in the interface.
    pub(super) const fn opened(self) -> Self {
        match self.data {
            Data::Nil => Self::NOTHING,
            data => Self { data, boxed: false },
        }
    }

    /// Go's name of the type.
    pub(super) const fn type_name(&self) -> &'static str {
        if self.boxed { "interface {}" } else { self.data.type_name() }
    }
}

impl<'a> Data<'a> {
    pub(super) fn of(ctx: &Context<'a>, value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Nil,
            Value::Bool(bool) => Self::Bool(bool),
            Value::String(text) => Self::Text(text),
            Value::Int(_) | Value::Number(_) => Self::Number(number::with_text(&value, |text| &*ctx.arena.alloc_str(text))),
            _ => match (value.as_object(), value.as_array()) {
                (Some(entries), _) => Self::Map(entries),
                (_, Some(elements)) => Self::List(elements, capacity(elements.len())),
                _ => Self::Nothing,
            },
        }
    }

    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Nothing => "invalid",
            Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::Text(_) => "string",
            Self::Number(_) => "json.Number",
            Self::List(..) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// Whether `if` takes it.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nothing | Self::Nil => false,
            Self::Bool(bool) => *bool,
            Self::Int(int) => *int != 0,
            Self::Byte(byte) => *byte != 0,
            Self::Float(float) => *float != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Number(text) => !text.is_empty(),
            Self::List(elements, _) => !elements.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }

    /// The bytes of what is a string to Go.
    pub(super) const fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// As Go's `fmt` takes it; `None` for what is not there.
    pub(super) fn argument(&self) -> Option<Argument<'a>> {
        Some(match *self {
            Self::Nothing => return None,
            Self::Nil => Argument::Nil,
            Self::Bool(bool) => Argument::Bool(bool),
            Self::Int(int) => Argument::Machine(int),
            Self::Byte(byte) => Argument::Byte(byte),
            Self::Float(float) => Argument::Float(float),
            Self::Complex(real, imaginary) => Argument::Complex(real, imaginary),
            Self::Text(text) => Argument::Text(text.into()),
            Self::Number(text) => Argument::Json(text),
            Self::List(elements, _) => Argument::List(elements),
            Self::Map(entries) => Argument::Map(entries),
        })
    }
}

/// The capacity of a slice that Go's JSON decoder has filled with so many elements, one by one. Beyond 512 it grows by less than the double.
fn capacity(length: usize) -> usize {
    if (1..=512).contains(&length) { length.next_power_of_two() } else { length }
}
