//! Rules about arguments: known, there where they must be, and once.

use std::collections::HashMap;

use super::super::ast::{Argument, ArgumentDefinition, Directive, DirectiveDefinition, Field};
use super::super::error::{Fault, Position};
use super::super::schema::needed;
use super::super::suggest::{near, suggestion};
use super::super::walk::{Found, Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn known_field_arguments(&mut self, field: &Field, found: Found<'d>) -> Ruled {
        let (Some(definition), Some(parent)) = (found.definition, found.parent) else { return Ok(()) };
        let on = || format!("field \"{}.{}\"", parent.name, field.name);
        self.known_arguments(&field.arguments, &definition.arguments, field.at, on)
    }

    pub(in super::super) fn known_directive_arguments(
        &mut self,
        directive: &Directive,
        definition: Option<&DirectiveDefinition>,
    ) -> Ruled {
        let Some(definition) = definition else { return Ok(()) };
        let on = || format!("directive \"@{}\"", directive.name);
        self.known_arguments(&directive.arguments, &definition.arguments, directive.at, on)
    }

    fn known_arguments(
        &mut self,
        given: &[Argument],
        known: &[ArgumentDefinition],
        at: Option<Position>,
        on: impl Fn() -> String,
    ) -> Ruled {
        for argument in given {
            self.charge(known.len() / 16 + 1)?;
            if known.iter().any(|known| known.name == argument.name) {
                continue;
            }
            let near = near(self, &argument.name, known.iter().map(|known| &*known.name))?;
            let suggestion = suggestion("Did you mean", &near);
            self.add(at, format!("Unknown argument \"{}\" on {}.{suggestion}", argument.name, on()))?;
        }
        Ok(())
    }

    pub(in super::super) fn required_field_arguments(&mut self, field: &Field, found: Found<'d>) -> Ruled {
        let Some(definition) = found.definition else { return Ok(()) };
        for (name, kind) in self.missing(&field.arguments, &definition.arguments)? {
            let of = &field.name;
            let problem = format!("Field \"{of}\" argument \"{name}\" of type \"{kind}\" is required, but it was not provided.");
            self.add(field.at, problem)?;
        }
        Ok(())
    }

    pub(in super::super) fn required_directive_arguments(
        &mut self,
        directive: &Directive,
        definition: Option<&DirectiveDefinition>,
    ) -> Ruled {
        let Some(definition) = definition else { return Ok(()) };
        for (name, kind) in self.missing(&directive.arguments, &definition.arguments)? {
            let of = &definition.name;
            let problem =
                format!("Directive \"@{of}\" argument \"{name}\" of type \"{kind}\" is required, but it was not provided.");
            self.add(directive.at, problem)?;
        }
        Ok(())
    }

    /// The arguments that must be given and are not, with their types.
    fn missing(&mut self, given: &[Argument], known: &[ArgumentDefinition]) -> Result<Vec<(String, String)>, Fault> {
        let mut missing = Vec::new();
        for definition in known {
            let kind = needed(&definition.kind)?;
            if !kind.non_null || definition.default.is_some() {
                continue;
            }
            self.charge(given.len() / 16 + 1)?;
            if given.iter().all(|argument| argument.name != definition.name) {
                missing.push((definition.name.clone(), kind.text()));
            }
        }
        Ok(missing)
    }

    pub(in super::super) fn unique_arguments(&mut self, arguments: &[Argument]) -> Ruled {
        if arguments.len() < 2 {
            return Ok(());
        }
        let mut counts = HashMap::new();
        for argument in arguments {
            let count: &mut usize = counts.entry(&argument.name).or_default();
            *count += 1;
            if *count == 2 {
                self.add(argument.at, format!("There can be only one argument named \"{}\".", argument.name))?;
            }
        }
        Ok(())
    }
}
