//! What makes a schema valid, in the order in which OPA looks: the first thing that is wrong is told.

mod cycles;
mod directives;
mod interfaces;

use std::collections::HashMap;

use super::super::super::value::quote;
use super::super::Context;
use super::ast::{ArgumentDefinition, Definition, Directive, DirectiveDefinition, FieldDefinition, TypeRef};
use super::error::{Error, Fault, Position};
use super::schema::{Schema, needed};

type Checked = Result<(), Fault>;

const OUTPUT: [&str; 5] = ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM"];
const INPUT: [&str; 3] = ["SCALAR", "ENUM", "INPUT_OBJECT"];

/// Checks a schema.
struct Check<'s, 'c, 'a> {
    ctx: &'c mut Context<'a>,
    schema: &'s Schema,
}

/// Types by name, input objects that hold themselves, then directives by name.
pub(super) fn all(ctx: &mut Context<'_>, schema: &Schema, limit: usize) -> Checked {
    let mut check = Check { ctx, schema };
    for definition in schema.types.values().filter_map(|at| schema.definitions.get(*at)) {
        check.definition(definition)?;
    }
    check.cycles(limit)?;
    for directive in schema.directives.values() {
        name(directive.at, &directive.name)?;
        check.arguments(&directive.arguments, Some(directive))?;
    }
    Ok(())
}

/// The directives of the schema itself.
pub(super) fn schema_directives(ctx: &mut Context<'_>, schema: &Schema, directives: &[Directive]) -> Checked {
    Check { ctx, schema }.directives(directives, "SCHEMA", None, true)
}

fn wrong<T>(at: Option<Position>, problem: String) -> Result<T, Fault> {
    Err(Error::in_schema(at, problem).into())
}

/// Two underscores are introspection's.
fn name(at: Option<Position>, name: &str) -> Checked {
    if name.starts_with("__") {
        return wrong(at, format!("Name \"{name}\" must not begin with \"__\", which is reserved by GraphQL introspection."));
    }
    Ok(())
}

/// The second of the first name that comes twice.
fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> Option<usize> {
    let mut first = HashMap::new();
    let mut found: Option<(usize, usize)> = None;
    for (at, name) in names.enumerate() {
        let seen = *first.entry(name).or_insert(at);
        if seen != at && found.is_none_or(|(earlier, _)| seen < earlier) {
            found = Some((seen, at));
        }
    }
    found.map(|(_, at)| at)
}

impl Check<'_, '_, '_> {
    fn definition(&mut self, definition: &Definition) -> Checked {
        for field in &definition.fields {
            self.field(definition, field)?;
        }
        self.members(definition)?;
        for interface in &definition.interfaces {
            self.interface(definition, interface)?;
        }
        match &*definition.kind.0 {
            "OBJECT" | "INTERFACE" => self.output_fields(definition)?,
            "ENUM" => self.enum_values(definition)?,
            "INPUT_OBJECT" => self.input_fields(definition)?,
            _ => {}
        }
        self.ctx.charge(definition.fields.len() + definition.enum_values.len() + definition.types.len())?;
        unique(definition)?;
        if !definition.built_in {
            name(definition.at, &definition.name)?;
        }
        // A type and its extensions are places of their own, so that a directive may be at each of them.
        self.directives(&definition.directives, &definition.kind.0, None, false)
    }

    fn field(&mut self, definition: &Definition, field: &FieldDefinition) -> Checked {
        self.ctx.charge(1)?;
        name(field.at, &field.name)?;
        self.reference(needed(&field.kind)?)?;
        self.arguments(&field.arguments, None)?;
        let location = if definition.is(&["INPUT_OBJECT"]) { "INPUT_FIELD_DEFINITION" } else { "FIELD_DEFINITION" };
        self.directives(&field.directives, location, None, true)
    }

    fn reference(&self, reference: &TypeRef) -> Checked {
        match self.schema.of(reference)? {
            Some(_) => Ok(()),
            None => wrong(reference.at, format!("Undefined type {}.", reference.base()?)),
        }
    }

    fn members(&mut self, definition: &Definition) -> Checked {
        for member in &definition.types {
            self.ctx.charge(1)?;
            let quoted = quote(member.name.as_bytes());
            match self.schema.get(&member.name) {
                None => return wrong(definition.at, format!("Undefined type {quoted}.")),
                Some(found) if !found.is(&["OBJECT"]) => {
                    return wrong(definition.at, format!("{} type {quoted} must be OBJECT.", definition.kind.0));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn output_fields(&self, definition: &Definition) -> Checked {
        let (kind, name) = (&definition.kind.0, &definition.name);
        if definition.fields.is_empty() {
            return wrong(definition.at, format!("{kind} {name}: must define one or more fields."));
        }
        for field in &definition.fields {
            if self.schema.of(needed(&field.kind)?)?.is_some_and(|found| !found.is(&OUTPUT)) {
                return wrong(field.at, format!("{kind} {name}: field must be one of {}.", OUTPUT.join(", ")));
            }
        }
        Ok(())
    }

    fn input_fields(&self, definition: &Definition) -> Checked {
        if definition.fields.is_empty() {
            let (kind, name) = (&definition.kind.0, &definition.name);
            return wrong(definition.at, format!("{kind} {name}: must define one or more input fields."));
        }
        for field in &definition.fields {
            if let Some(found) = self.schema.of(needed(&field.kind)?)?.filter(|found| !found.is(&INPUT)) {
                let (kind, name) = (&found.kind.0, &field.name);
                return wrong(field.at, format!("{kind} {name}: field must be one of {}.", INPUT.join(", ")));
            }
        }
        Ok(())
    }

    fn enum_values(&mut self, definition: &Definition) -> Checked {
        let (kind, name) = (&definition.kind.0, &definition.name);
        if definition.enum_values.is_empty() {
            return wrong(definition.at, format!("{kind} {name}: must define one or more unique enum values."));
        }
        for value in &definition.enum_values {
            if matches!(&*value.name, "true" | "false" | "null") {
                return wrong(definition.at, format!("{kind} {name}: non-enum value {}.", value.name));
            }
            self.directives(&value.directives, "ENUM_VALUE", None, true)?;
        }
        Ok(())
    }

    fn arguments(&mut self, arguments: &[ArgumentDefinition], of: Option<&DirectiveDefinition>) -> Checked {
        for argument in arguments {
            self.ctx.charge(1)?;
            name(argument.at, &argument.name)?;
            let reference = needed(&argument.kind)?;
            self.reference(reference)?;
            if let Some(found) = self.schema.of(reference)?.filter(|found| !found.is_input()) {
                let (text, name, kind) = (reference.text(), &argument.name, &found.kind.0);
                let problem = format!("cannot use {text} as argument {name} because {kind} is not a valid input type");
                return wrong(argument.at, problem);
            }
            self.directives(&argument.directives, "ARGUMENT_DEFINITION", of, true)?;
        }
        Ok(())
    }
}

/// Names that may come only once.
fn unique(definition: &Definition) -> Checked {
    let owner = &definition.name;
    let fields = &definition.fields;
    if let Some(field) = repeated(fields.iter().map(|field| &*field.name)).and_then(|at| fields.get(at)) {
        return wrong(field.at, format!("Field {owner}.{} can only be defined once.", field.name));
    }
    let values = &definition.enum_values;
    if let Some(value) = repeated(values.iter().map(|value| &*value.name)).and_then(|at| values.get(at)) {
        return wrong(value.at, format!("Enum value {owner}.{} can only be defined once.", value.name));
    }
    let members = &definition.types;
    if let Some(member) = repeated(members.iter().map(|member| &*member.name)).and_then(|at| members.get(at)) {
        let at = member.at.or(definition.at);
        return wrong(at, format!("Union type {owner} can only include type {} once.", member.name));
    }
    Ok(())
}
