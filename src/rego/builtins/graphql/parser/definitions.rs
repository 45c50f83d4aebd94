//! Schemas: types and directives.

use std::borrow::Cow;

use super::super::ast::{
    ArgumentDefinition, Definition, DefinitionKind, DirectiveDefinition, EnumValueDefinition, FieldDefinition, Location, Member,
    OperationTypeDefinition, SchemaDefinition, SchemaDocument,
};
use super::super::lexer::Kind;
use super::{Comments, Parsed, Parser};

/// A description, and the comments before it.
#[derive(Debug, Default)]
struct Description {
    text: String,
    comments: Comments,
}

/// Where a directive may be.
const LOCATIONS: [&str; 19] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// What a keyword defines.
pub(super) fn kind_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "scalar" => "SCALAR",
        "type" => "OBJECT",
        "interface" => "INTERFACE",
        "union" => "UNION",
        "enum" => "ENUM",
        "input" => "INPUT_OBJECT",
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn schema_document(&mut self) -> Parsed<SchemaDocument> {
        let mut document = SchemaDocument::default();
        while self.kind() != Kind::End {
            let description = self.description()?;
            let token = self.peek();
            if token.kind != Kind::Name {
                return self.unexpected();
            }
            let word = token.value.clone();
            match (&*word, kind_of(&word)) {
                (_, Some(kind)) => document.definitions.push(self.definition(&word, kind, description)?),
                ("schema", _) => document.schema.push(self.schema_definition(description)?),
                ("directive", _) => document.directives.push(self.directive_definition(description)?),
                ("extend", _) if !description.text.is_empty() => return Self::unexpected_token(&self.previous),
                ("extend", _) => self.extension(&mut document)?,
                _ => return self.unexpected(),
            }
        }
        document.comment = self.comments.take();
        Ok(document)
    }

    fn description(&mut self) -> Parsed<Description> {
        if !matches!(self.kind(), Kind::String | Kind::BlockString) {
            return Ok(Description::default());
        }
        let comments = self.comments.take();
        Ok(Description { text: self.next()?.value.into_owned(), comments })
    }

    /// A description of a part; of an empty one not even its comments are kept.
    fn inner_description(&mut self) -> Parsed<Description> {
        let description = self.description()?;
        Ok(if description.text.is_empty() { Description::default() } else { description })
    }

    fn schema_definition(&mut self, description: Description) -> Parsed<SchemaDefinition> {
        let after_description = self.keyword("schema")?;
        let mut definition = SchemaDefinition { at: self.at(), after_description, ..SchemaDefinition::default() };
        (definition.description, definition.before_description) = (description.text, description.comments);
        definition.directives = self.directives(true)?;
        (definition.operation_types, definition.end_comment) = self.operation_types()?;
        Ok(definition)
    }

    pub(super) fn operation_types(&mut self) -> Parsed<(Vec<OperationTypeDefinition>, Comments)> {
        self.some(Kind::BraceL, Kind::BraceR, |parser| {
            let (at, comment) = (parser.at(), parser.comments.take());
            let operation = parser.operation_type()?;
            parser.expect(Kind::Colon)?;
            Ok(OperationTypeDefinition { operation, name: parser.name()?, at, comment })
        })
    }

    fn definition(&mut self, word: &str, kind: &'static str, description: Description) -> Parsed<Definition> {
        let after_description = self.keyword(word)?;
        let mut definition = Definition { at: self.at(), after_description, ..Definition::default() };
        definition.kind = DefinitionKind(Cow::Borrowed(kind));
        (definition.description, definition.before_description) = (description.text, description.comments);
        definition.name = self.name()?;
        if matches!(kind, "OBJECT" | "INTERFACE") {
            definition.interfaces = self.interfaces()?;
        }
        definition.directives = self.directives(true)?;
        self.body(&mut definition)?;
        Ok(definition)
    }

    /// What a type has: fields, values or members.
    pub(super) fn body(&mut self, definition: &mut Definition) -> Parsed<()> {
        let (open, close) = (Kind::BraceL, Kind::BraceR);
        match &*definition.kind.0 {
            "OBJECT" | "INTERFACE" => {
                (definition.fields, definition.end_comment) = self.some(open, close, Self::field_definition)?;
            }
            "INPUT_OBJECT" => (definition.fields, definition.end_comment) = self.some(open, close, Self::input_definition)?,
            "ENUM" => (definition.enum_values, definition.end_comment) = self.some(open, close, Self::enum_value)?,
            "UNION" => definition.types = self.members()?,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn interfaces(&mut self) -> Parsed<Vec<String>> {
        let mut interfaces = Vec::new();
        if self.spells("implements") {
            self.next()?;
            self.skip(Kind::Amp)?;
            interfaces.push(self.name()?);
            while self.skip(Kind::Amp)? {
                interfaces.push(self.name()?);
            }
        }
        Ok(interfaces)
    }

    fn members(&mut self) -> Parsed<Vec<Member>> {
        let mut members = Vec::new();
        if self.skip(Kind::Equals)? {
            self.skip(Kind::Pipe)?;
            loop {
                members.push(Member { at: self.at(), name: self.name()? });
                if !self.skip(Kind::Pipe)? {
                    break;
                }
            }
        }
        Ok(members)
    }

    fn field_definition(&mut self) -> Parsed<FieldDefinition> {
        let mut field = self.begun_field()?;
        field.arguments = self.argument_definitions()?;
        self.expect(Kind::Colon)?;
        field.kind = Some(self.type_reference()?);
        field.directives = self.directives(true)?;
        Ok(field)
    }

    fn begun_field(&mut self) -> Parsed<FieldDefinition> {
        let description = self.inner_description()?;
        let mut field = FieldDefinition { at: self.at(), ..FieldDefinition::default() };
        field.after_description = self.comments.take();
        (field.description, field.before_description) = (description.text, description.comments);
        field.name = self.name()?;
        Ok(field)
    }

    fn input_definition(&mut self) -> Parsed<FieldDefinition> {
        let mut field = self.begun_field()?;
        self.expect(Kind::Colon)?;
        field.kind = Some(self.type_reference()?);
        if self.skip(Kind::Equals)? {
            field.default = Some(Box::new(self.literal(true)?));
        }
        field.directives = self.directives(true)?;
        Ok(field)
    }

    fn argument_definitions(&mut self) -> Parsed<Vec<ArgumentDefinition>> {
        let (arguments, _) = self.some(Kind::ParenL, Kind::ParenR, |parser| {
            let FieldDefinition {
                at, after_description, before_description, default, description, directives, name, kind, ..
            } = parser.input_definition()?;
            Ok(ArgumentDefinition { at, after_description, before_description, default, description, directives, name, kind })
        })?;
        Ok(arguments)
    }

    fn enum_value(&mut self) -> Parsed<EnumValueDefinition> {
        let FieldDefinition { at, after_description, before_description, description, name, .. } = self.begun_field()?;
        let directives = self.directives(true)?;
        Ok(EnumValueDefinition { at, after_description, before_description, description, directives, name })
    }

    fn directive_definition(&mut self, description: Description) -> Parsed<DirectiveDefinition> {
        let after_description = self.keyword("directive")?;
        self.expect(Kind::At)?;
        let mut definition = DirectiveDefinition { at: self.at(), after_description, ..DirectiveDefinition::default() };
        (definition.description, definition.before_description) = (description.text, description.comments);
        definition.name = self.name()?;
        definition.arguments = self.argument_definitions()?;
        if self.kind() == Kind::Name && self.spells("repeatable") {
            definition.repeatable = true;
            self.next()?;
        }
        self.keyword("on")?;
        self.skip(Kind::Pipe)?;
        definition.locations.push(self.location()?);
        while self.skip(Kind::Pipe)? {
            definition.locations.push(self.location()?);
        }
        Ok(definition)
    }

    fn location(&mut self) -> Parsed<Location> {
        let token = self.expect(Kind::Name)?;
        match LOCATIONS.iter().find(|location| **location == token.value) {
            Some(location) => Ok(Location(Cow::Borrowed(location))),
            None => Self::unexpected_token(&token),
        }
    }
}
