//! Values of the types that are wanted of them.

use std::collections::HashSet;

use super::super::ast::{Definition, Kind, Literal, TypeRef};
use super::super::error::Fault;
use super::super::schema::needed;
use super::super::suggest::{near, suggestion};
use super::super::walk::{Ruled, Walk, Wanted};
use super::wording::{text, unexpected};

const SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn unique_input_fields(&mut self, value: &Literal) -> Ruled {
        if value.kind != Kind::Object || value.children.len() < 2 {
            return Ok(());
        }
        let mut seen = HashSet::new();
        for child in &value.children {
            if !seen.insert(&child.name) {
                self.add(child.at, format!("There can be only one input field named \"{}\".", child.name))?;
            }
        }
        Ok(())
    }

    pub(in super::super) fn values_of_correct_type(&mut self, value: &Literal, wanted: Wanted<'d>) -> Ruled {
        let (Some(definition), Some(kind)) = (wanted.definition, wanted.kind) else { return Ok(()) };
        if value.kind == Kind::Null && kind.non_null {
            let (kind, text) = (kind.text(), text(value)?);
            self.add(value.at, format!("Expected value of type \"{kind}\", found {text}."))?;
        }
        if definition.is(&["SCALAR"]) && !SCALARS.contains(&&*definition.name) {
            return Ok(());
        }
        if !self.can_be_read(value)? {
            self.unexpected(value, kind, definition)?;
        }
        let one_of = |names: &[&str]| names.contains(&&*definition.name);
        let fits = match value.kind {
            Kind::List => kind.element.is_some(),
            Kind::Int => one_of(&["Int", "Float", "ID"]),
            Kind::Float => one_of(&["Float"]),
            Kind::Boolean => one_of(&["Boolean"]),
            Kind::String | Kind::Block if !definition.is(&["ENUM"]) => one_of(&["String", "ID"]),
            Kind::String | Kind::Block => return self.no_enum_value(value, kind, definition),
            Kind::Enum if definition.is(&["ENUM"]) => return self.enum_value(value, kind, definition),
            Kind::Enum => false,
            Kind::Object => return self.object_value(value, definition),
            Kind::Null | Kind::Variable | Kind::Other(_) => true,
        };
        if fits { Ok(()) } else { self.unexpected(value, kind, definition) }
    }

    fn unexpected(&mut self, value: &Literal, kind: &TypeRef, definition: &Definition) -> Ruled {
        self.add(value.at, unexpected(value, kind, definition)?)
    }

    /// Whether Go can read the value; numbers may be too large for it.
    fn can_be_read(&mut self, value: &Literal) -> Result<bool, Fault> {
        self.charge(1)?;
        Ok(match value.kind {
            Kind::Int => value.raw.parse::<i64>().is_ok(),
            // Rust reads what is too large as infinite; a text that says so has no digits.
            Kind::Float => {
                value.raw.parse().is_ok_and(|float: f64| float.is_finite() || !value.raw.contains(|c: char| c.is_ascii_digit()))
            }
            Kind::Boolean => {
                let words = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];
                words.contains(&&*value.raw)
            }
            Kind::List | Kind::Object => {
                for child in value.children.iter().filter_map(|child| child.value.as_deref()) {
                    if !self.can_be_read(child)? {
                        return Ok(false);
                    }
                }
                true
            }
            Kind::Variable => match self.variable(value).and_then(|variable| variable.default.as_deref()) {
                Some(default) if default.kind != Kind::Variable => self.can_be_read(default)?,
                _ => true,
            },
            Kind::Other(_) => return Err(Fault::Broken),
            Kind::String | Kind::Block | Kind::Enum | Kind::Null => true,
        })
    }

    fn near_enum(&mut self, value: &Literal, definition: &Definition) -> Result<String, Fault> {
        let near = near(self, &value.raw, definition.enum_values.iter().map(|value| &*value.name))?;
        Ok(suggestion("Did you mean the enum value", &near))
    }

    fn no_enum_value(&mut self, value: &Literal, kind: &TypeRef, definition: &Definition) -> Ruled {
        let (kind, text, near) = (kind.text(), text(value)?, self.near_enum(value, definition)?);
        self.add(value.at, format!("Enum \"{kind}\" cannot represent non-enum value: {text}.{near}"))
    }

    fn enum_value(&mut self, value: &Literal, kind: &TypeRef, definition: &Definition) -> Ruled {
        self.charge(definition.enum_values.len() / 16)?;
        if definition.enum_values.iter().any(|known| known.name == value.raw) {
            return Ok(());
        }
        let (kind, near) = (kind.text(), self.near_enum(value, definition)?);
        self.add(value.at, format!("Value \"{}\" does not exist in \"{kind}\" enum.{near}", value.raw))
    }

    fn object_value(&mut self, value: &Literal, definition: &Definition) -> Ruled {
        let owner = &definition.name;
        for field in &definition.fields {
            let kind = needed(&field.kind)?;
            if !kind.non_null || field.default.is_some() {
                continue;
            }
            self.charge(value.children.len() / 16 + 1)?;
            if value.children.iter().all(|child| child.name != field.name) {
                let (name, kind) = (&field.name, kind.text());
                self.add(value.at, format!("Field \"{owner}.{name}\" of required type \"{kind}\" was not provided."))?;
            }
        }
        for _ in definition.directives.iter().filter(|directive| directive.name == "oneOf") {
            self.one_of(value, definition)?;
        }
        for child in &value.children {
            self.charge(definition.fields.len() / 16 + 1)?;
            if definition.field(&child.name).is_none() {
                let near = near(self, &child.name, definition.fields.iter().map(|field| &*field.name))?;
                let near = suggestion("Did you mean", &near);
                self.add(child.at, format!("Field \"{}\" is not defined by type \"{owner}\".{near}", child.name))?;
            }
        }
        Ok(())
    }

    /// Of a null, OPA names the type's first field, whichever was given.
    fn one_of(&mut self, value: &Literal, definition: &Definition) -> Ruled {
        let owner = &definition.name;
        let [only] = value.children.as_slice() else {
            return self.add(value.at, format!("OneOf Input Object \"{owner}\" must specify exactly one key."));
        };
        let only = needed(&only.value)?;
        if only.kind != Kind::Null {
            return Ok(());
        }
        let first = definition.fields.first().map(|field| &*field.name).unwrap_or_default();
        self.add(only.at, format!("Field \"{owner}.{first}\" must be non-null."))
    }
}
