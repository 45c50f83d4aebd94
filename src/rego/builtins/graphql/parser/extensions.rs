//! `extend`: parts that are added to types and to the schema.

use std::borrow::Cow;

use super::super::ast::{Definition, DefinitionKind, SchemaDefinition, SchemaDocument};
use super::definitions::kind_of;
use super::{Comments, Parsed, Parser};

impl Parser<'_> {
    pub(super) fn extension(&mut self, document: &mut SchemaDocument) -> Parsed<()> {
        let comments = self.keyword("extend")?;
        let word = self.peek().value.clone();
        match (&*word, kind_of(&word)) {
            ("schema", _) => document.schema_extensions.push(self.schema_extension(comments)?),
            (_, Some(kind)) => document.extensions.push(self.type_extension(&word, kind, comments)?),
            _ => return self.unexpected(),
        }
        Ok(())
    }

    fn schema_extension(&mut self, after_description: Comments) -> Parsed<SchemaDefinition> {
        self.keyword("schema")?;
        let mut definition = SchemaDefinition { at: self.at(), after_description, ..SchemaDefinition::default() };
        definition.directives = self.directives(true)?;
        (definition.operation_types, definition.end_comment) = self.operation_types()?;
        if definition.directives.is_empty() && definition.operation_types.is_empty() {
            return self.unexpected();
        }
        Ok(definition)
    }

    /// An extension that adds nothing is refused. In input objects directives may have variables; only objects can add interfaces.
    fn type_extension(&mut self, word: &str, kind: &'static str, after_description: Comments) -> Parsed<Definition> {
        self.keyword(word)?;
        let mut definition = Definition { at: self.at(), after_description, ..Definition::default() };
        definition.kind = DefinitionKind(Cow::Borrowed(kind));
        definition.name = self.name()?;
        if kind == "OBJECT" {
            definition.interfaces = self.interfaces()?;
        }
        definition.directives = self.directives(kind != "INPUT_OBJECT")?;
        self.body(&mut definition)?;
        let Definition { interfaces, directives, fields, types, enum_values, .. } = &definition;
        if interfaces.is_empty() && directives.is_empty() && fields.is_empty() && types.is_empty() && enum_values.is_empty() {
            return self.unexpected();
        }
        Ok(definition)
    }
}
