//! Queries: operations, fragments, and what they select.

use std::borrow::Cow;

use super::super::ast::{
    Field, FragmentDefinition, FragmentSpread, InlineFragment, Operation, OperationDefinition, QueryDocument, Selection,
    Selections, VariableDefinition,
};
use super::super::lexer::Kind;
use super::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn query_document(&mut self) -> Parsed<QueryDocument> {
        let mut document = QueryDocument::default();
        while self.kind() != Kind::End {
            let token = self.peek();
            match (token.kind, &*token.value) {
                (Kind::Name, "query" | "mutation" | "subscription") => document.operations.push(self.operation()?),
                (Kind::Name, "fragment") => document.fragments.push(self.fragment()?),
                (Kind::BraceL, _) => document.operations.push(self.short_operation()?),
                _ => return self.unexpected(),
            }
        }
        Ok(document)
    }

    /// A query without its name; comments before it are lost.
    fn short_operation(&mut self) -> Parsed<OperationDefinition> {
        let at = self.at();
        let selections = self.required_selections()?;
        Ok(OperationDefinition { operation: Operation(Cow::Borrowed("query")), selections, at, ..OperationDefinition::default() })
    }

    fn operation(&mut self) -> Parsed<OperationDefinition> {
        let mut operation = OperationDefinition { at: self.at(), ..OperationDefinition::default() };
        operation.comment = self.comments.take();
        operation.operation = self.operation_type()?;
        if self.kind() == Kind::Name {
            operation.name = self.name()?;
        }
        operation.variables = self.variables()?;
        operation.directives = self.directives(false)?;
        operation.selections = self.required_selections()?;
        Ok(operation)
    }

    pub(super) fn operation_type(&mut self) -> Parsed<Operation> {
        let token = self.next()?;
        let operation = match &*token.value {
            "query" => "query",
            "mutation" => "mutation",
            "subscription" => "subscription",
            _ => return Self::unexpected_token(&token),
        };
        Ok(Operation(Cow::Borrowed(operation)))
    }

    fn variables(&mut self) -> Parsed<Vec<VariableDefinition>> {
        let (variables, _) = self.some(Kind::ParenL, Kind::ParenR, |parser| {
            let mut definition = VariableDefinition { at: parser.at(), ..VariableDefinition::default() };
            definition.comment = parser.comments.take();
            definition.variable = parser.variable()?;
            parser.expect(Kind::Colon)?;
            definition.kind = Some(parser.type_reference()?);
            if parser.skip(Kind::Equals)? {
                definition.default = Some(Box::new(parser.literal(true)?));
            }
            definition.directives = parser.directives(false)?;
            Ok(definition)
        })?;
        Ok(variables)
    }

    fn required_selections(&mut self) -> Parsed<Selections> {
        if self.kind() != Kind::BraceL {
            self.expect(Kind::BraceL)?;
        }
        self.selections()
    }

    fn selections(&mut self) -> Parsed<Selections> {
        self.deeper(|parser| {
            let (selections, _) = parser.some(Kind::BraceL, Kind::BraceR, |parser| match parser.kind() {
                Kind::Spread => parser.spread(),
                _ => parser.field(),
            })?;
            Ok(Selections(selections))
        })
    }

    fn field(&mut self) -> Parsed<Selection> {
        let mut field = Field { at: self.at(), ..Field::default() };
        field.comment = self.comments.take();
        field.alias = self.name()?;
        field.name = if self.skip(Kind::Colon)? { self.name()? } else { field.alias.clone() };
        field.arguments = self.arguments(false)?;
        field.directives = self.directives(false)?;
        if self.kind() == Kind::BraceL {
            field.selections = self.selections()?;
        }
        Ok(Selection::Field(field))
    }

    /// `...`, and what it spreads. A string `"on"` begins a condition as the word does.
    fn spread(&mut self) -> Parsed<Selection> {
        self.peek();
        let comment = self.comments.take();
        self.expect(Kind::Spread)?;
        let at = self.at();
        if self.kind() == Kind::Name && !self.spells("on") {
            let name = self.name()?;
            let directives = self.directives(false)?;
            return Ok(Selection::Spread(FragmentSpread { name, directives, at, comment }));
        }
        let mut inline = InlineFragment { at, comment, ..InlineFragment::default() };
        if self.spells("on") {
            self.next()?;
            inline.condition = self.name()?;
        }
        inline.directives = self.directives(false)?;
        inline.selections = self.required_selections()?;
        Ok(Selection::Inline(inline))
    }

    fn fragment(&mut self) -> Parsed<FragmentDefinition> {
        let mut fragment = FragmentDefinition { at: self.at(), ..FragmentDefinition::default() };
        fragment.comment = self.keyword("fragment")?;
        if self.spells("on") {
            return self.unexpected();
        }
        fragment.name = self.name()?;
        fragment.variables = self.variables()?;
        self.keyword("on")?;
        fragment.condition = self.name()?;
        fragment.directives = self.directives(false)?;
        fragment.selections = self.required_selections()?;
        Ok(fragment)
    }
}
