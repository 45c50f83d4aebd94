//! Rules about fields: known, and with selections where they have fields.

use std::collections::HashMap;

use super::super::ast::{Definition, Field};
use super::super::error::Fault;
use super::super::schema::needed;
use super::super::suggest::{either_quoted, near, suggestion};
use super::super::walk::{Found, Ruled, Walk};

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn fields_on_correct_type(&mut self, field: &Field, found: Found<'d>) -> Ruled {
        let (Some(parent), None) = (found.parent, found.definition) else { return Ok(()) };
        let mut problem = format!("Cannot query field \"{}\" on type \"{}\".", field.name, parent.name);
        let types = self.types_with(parent, &field.name)?;
        if !types.is_empty() {
            problem += &format!(" Did you mean to use an inline fragment on {}?", either_quoted(&types));
        } else if parent.is(&["OBJECT", "INTERFACE"]) {
            let near = near(self, &field.name, parent.fields.iter().map(|field| &*field.name))?;
            problem += &suggestion("Did you mean", &near);
        }
        self.add(field.at, problem)
    }

    /// The types that have the field where an abstract one lacks it: first the interfaces that most of them implement.
    fn types_with(&mut self, parent: &'d Definition, name: &str) -> Result<Vec<&'d str>, Fault> {
        if !parent.is_abstract() {
            return Ok(Vec::new());
        }
        let schema = self.schema;
        let (mut objects, mut interfaces) = (Vec::new(), Vec::new());
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for possible in schema.possible(&parent.name) {
            self.charge(possible.fields.len() / 16 + possible.interfaces.len() + 1)?;
            if possible.field(name).is_none() {
                continue;
            }
            objects.push(&*possible.name);
            for interface in &possible.interfaces {
                let Some(found) = schema.get(interface) else { continue };
                self.charge(found.fields.len() / 16)?;
                if found.field(name).is_some() {
                    let count = uses.entry(interface).or_default();
                    *count += 1;
                    if *count == 1 {
                        interfaces.push(&**interface);
                    }
                }
            }
        }
        interfaces.append(&mut objects);
        let count = |name: &str| uses.get(name).copied().unwrap_or_default();
        interfaces.sort_by(|a, b| count(b).cmp(&count(a)).then_with(|| a.cmp(b)));
        Ok(interfaces)
    }

    pub(in super::super) fn scalar_leafs(&mut self, field: &Field, found: Found<'d>) -> Ruled {
        let Some(definition) = found.definition else { return Ok(()) };
        let kind = needed(&definition.kind)?;
        let Some(of) = self.schema.of(kind)? else { return Ok(()) };
        let name = &field.name;
        match (of.is_leaf(), field.selections.0.is_empty()) {
            (true, false) => {
                let of = &of.name;
                self.add(field.at, format!("Field \"{name}\" must not have a selection since type \"{of}\" has no subfields."))
            }
            (false, true) => {
                let problem = format!("Field \"{name}\" of type \"{}\" must have a selection of subfields.", kind.text());
                self.add(field.at, format!("{problem} Did you mean \"{name} {{ ... }}\"?"))
            }
            _ => Ok(()),
        }
    }
}
