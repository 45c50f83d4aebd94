//! Values, arguments, directives and types.

use super::super::ast::{self, Argument, ChildValue, Directive, Literal, TypeRef};
use super::super::lexer::Kind;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// `$name`.
    pub(super) fn variable(&mut self) -> Parsed<String> {
        self.expect(Kind::Dollar)?;
        self.name()
    }

    /// A value; a constant one is no variable.
    pub(super) fn literal(&mut self, constant: bool) -> Parsed<Literal> {
        let token = self.peek();
        let (at, kind) = (Some(token.at), token.kind);
        let kind = match kind {
            Kind::BracketL => return self.deeper(|parser| parser.list(constant)),
            Kind::BraceL => return self.deeper(|parser| parser.object(constant)),
            Kind::Dollar if !constant => {
                let raw = self.variable()?;
                return Ok(Literal { raw, kind: ast::Kind::Variable, at, ..Literal::default() });
            }
            Kind::Int => ast::Kind::Int,
            Kind::Float => ast::Kind::Float,
            Kind::String => ast::Kind::String,
            Kind::BlockString => ast::Kind::Block,
            Kind::Name => match &*token.value {
                "true" | "false" => ast::Kind::Boolean,
                "null" => ast::Kind::Null,
                _ => ast::Kind::Enum,
            },
            _ => return self.unexpected(),
        };
        // Comments before it are lost: OPA's parser looks for them when the token is gone.
        let raw = self.next()?.value.into_owned();
        Ok(Literal { raw, kind, at, ..Literal::default() })
    }

    fn list(&mut self, constant: bool) -> Parsed<Literal> {
        let (at, comment) = (self.at(), self.comments.take());
        let children = self.many(Kind::BracketL, Kind::BracketR, |parser| {
            let value = Some(Box::new(parser.literal(constant)?));
            Ok(ChildValue { value, ..ChildValue::default() })
        })?;
        Ok(Literal { children, kind: ast::Kind::List, at, comment, ..Literal::default() })
    }

    fn object(&mut self, constant: bool) -> Parsed<Literal> {
        let (at, comment) = (self.at(), self.comments.take());
        let children = self.many(Kind::BraceL, Kind::BraceR, |parser| {
            let (at, comment) = (parser.at(), parser.comments.take());
            let name = parser.name()?;
            parser.expect(Kind::Colon)?;
            let value = Some(Box::new(parser.literal(constant)?));
            Ok(ChildValue { name, value, at, comment })
        })?;
        Ok(Literal { children, kind: ast::Kind::Object, at, comment, ..Literal::default() })
    }

    pub(super) fn arguments(&mut self, constant: bool) -> Parsed<Vec<Argument>> {
        let (arguments, _) = self.some(Kind::ParenL, Kind::ParenR, |parser| {
            let (at, comment) = (parser.at(), parser.comments.take());
            let name = parser.name()?;
            parser.expect(Kind::Colon)?;
            let value = Some(Box::new(parser.literal(constant)?));
            Ok(Argument { name, value, at, comment })
        })?;
        Ok(arguments)
    }

    pub(super) fn directives(&mut self, constant: bool) -> Parsed<Vec<Directive>> {
        let mut directives = Vec::new();
        while self.skip(Kind::At)? {
            let at = self.at();
            let name = self.name()?;
            let arguments = self.arguments(constant)?;
            directives.push(Directive { name, arguments, at, ..Directive::default() });
        }
        Ok(directives)
    }

    pub(super) fn type_reference(&mut self) -> Parsed<Box<TypeRef>> {
        let mut reference = TypeRef::default();
        if self.skip(Kind::BracketL)? {
            reference.at = self.at();
            reference.element = Some(self.deeper(Self::type_reference)?);
            self.expect(Kind::BracketR)?;
        } else {
            reference.at = self.at();
            reference.name = self.name()?;
        }
        reference.non_null = self.skip(Kind::Bang)?;
        Ok(Box::new(reference))
    }
}
