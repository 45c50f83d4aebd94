//! What every part of a document can do: become a value, and be read from one.

use super::super::super::value::{ObjectBuilder, Value};
use super::super::{Context, Failure};
use super::object::{Halt, Reader};

/// A part of a document.
pub(super) trait Shape: Default {
    /// Whether Go has it by pointer, so that a null leaves nothing.
    const POINTER: bool;
    /// Go's name of a list of it.
    const LIST: &'static str;

    /// Its value. None where OPA tells nothing: an empty object or list, or a null.
    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure>;

    /// Reads it from a value that is not null.
    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt>;
}

impl Shape for String {
    const POINTER: bool = false;
    const LIST: &'static str = "[]string";

    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        ctx.reserve(self.len())?;
        Ok(Some(Value::string(ctx.arena, self)))
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        if let Some(text) = reader.text(value, "string") {
            *self = text;
        }
        Ok(())
    }
}

impl Shape for bool {
    const POINTER: bool = false;
    const LIST: &'static str = "[]bool";

    fn write<'a>(&self, _: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        Ok(Some(Value::Bool(*self)))
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        match value {
            Value::Bool(flag) => *self = *flag,
            other => reader.mismatch(other, "bool"),
        }
        Ok(())
    }
}

impl<T: Shape> Shape for Option<Box<T>> {
    const POINTER: bool = true;
    const LIST: &'static str = T::LIST;

    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        self.as_ref().map_or(Ok(None), |part| part.write(ctx))
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        self.get_or_insert_default().read(value, reader)
    }
}

impl<T: Shape> Shape for Vec<T> {
    const POINTER: bool = false;
    const LIST: &'static str = "";

    fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
        if self.is_empty() {
            return Ok(None);
        }
        ctx.charge(self.len())?;
        ctx.reserve(self.len() * size_of::<Value<'a>>())?;
        let mut parts = Vec::with_capacity(self.len());
        for part in self {
            parts.extend(part.write(ctx)?);
        }
        Ok(if parts.is_empty() { None } else { Some(Value::array(ctx.arena, &parts)) })
    }

    fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
        self.clear();
        let Some(elements) = super::super::operand::elements(value) else {
            reader.mismatch(value, T::LIST);
            return Ok(());
        };
        reader.charge(elements.len())?;
        for element in elements.iter() {
            let mut part = T::default();
            match element {
                // Go keeps a nil pointer, and its validator panics at it.
                Value::Null if T::POINTER => return Err(Halt::Broken),
                Value::Null => {}
                element => part.read(&element, reader)?,
            }
            self.push(part);
        }
        Ok(())
    }
}

/// The object of what its parts tell; none where they tell nothing.
pub(super) fn object<'a>(
    ctx: &mut Context<'a>,
    parts: impl IntoIterator<Item = (&'static str, Option<Value<'a>>)>,
) -> Result<Option<Value<'a>>, Failure> {
    let mut object = ObjectBuilder::with_capacity(8);
    let mut any = false;
    for (name, part) in parts {
        if let Some(part) = part {
            any = true;
            object.insert(Value::String(name.as_bytes()), part);
        }
    }
    ctx.reserve(512)?;
    Ok(any.then(|| object.build(ctx.arena)))
}

/// A part of a document with fields. `exact` are those that Go reads by a method of their own: the case of names counts there, comments are
/// left out, and an error ends the reading.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident $go:literal $list:literal $style:ident { $($field:ident: $kind:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub(in super::super) struct $name {
            $(pub(in super::super) $field: $kind,)*
            pub(in super::super) at: Option<Position>,
        }

        impl Shape for $name {
            const POINTER: bool = true;
            const LIST: &'static str = $list;

            fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
                let parts = [$(($key, self.$field.write(ctx)?),)*];
                shape::object(ctx, parts)
            }

            fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
                let style = Style::$style;
                reader.fields(value, $go, style, &[$($key,)*], |reader, key, value| match key {
                    $($key => reader.field(&mut self.$field, value),)*
                    "Position" if matches!(style, Style::Exact) => reader.position(&mut self.at, value),
                    _ => Ok(()),
                })
            }
        }
    };
}

/// A string that has a type of its own in Go.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident $go:literal $list:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(in super::super) struct $name(pub(in super::super) Cow<'static, str>);

        impl Shape for $name {
            const POINTER: bool = false;
            const LIST: &'static str = $list;

            fn write<'a>(&self, ctx: &mut Context<'a>) -> Result<Option<Value<'a>>, Failure> {
                Ok(Some(match &self.0 {
                    Cow::Borrowed(text) => Value::String(text.as_bytes()),
                    Cow::Owned(text) => Value::string(ctx.arena, text),
                }))
            }

            fn read<'a>(&mut self, value: &Value<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), Halt> {
                if let Some(text) = reader.text(value, $go) {
                    self.0 = Cow::Owned(text);
                }
                Ok(())
            }
        }
    };
}

pub(super) use {shape, word};
