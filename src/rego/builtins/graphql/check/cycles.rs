//! Input objects that hold themselves through fields that cannot be null: no value of them ends.

use std::collections::{HashMap, HashSet};

use super::super::super::super::value::quote;
use super::super::ast::{Definition, FieldDefinition};
use super::super::error::Fault;
use super::super::schema::needed;
use super::{Check, Checked, wrong};

/// The types and fields on the way.
#[derive(Debug, Default)]
struct Way<'s> {
    visited: HashSet<&'s str>,
    open: HashMap<&'s str, usize>,
    fields: Vec<&'s FieldDefinition>,
    /// So long may it be.
    limit: usize,
}

impl<'s> Check<'s, '_, '_> {
    pub(super) fn cycles(&mut self, limit: usize) -> Checked {
        let mut way = Way { limit, ..Way::default() };
        let schema = self.schema;
        for definition in schema.types.values().filter_map(|at| schema.definitions.get(*at)) {
            if definition.is(&["INPUT_OBJECT"]) {
                self.follow(&mut way, definition)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, way: &mut Way<'s>, definition: &'s Definition) -> Checked {
        if !way.visited.insert(&definition.name) {
            return Ok(());
        }
        if way.open.len() >= way.limit {
            return Err(Fault::TooDeep);
        }
        way.open.insert(&definition.name, way.fields.len());
        self.ctx.charge(definition.fields.len())?;
        for field in &definition.fields {
            let kind = needed(&field.kind)?;
            if !kind.non_null || kind.name.is_empty() {
                continue;
            }
            let Some(next) = self.schema.get(&kind.name).filter(|next| next.is(&["INPUT_OBJECT"])) else { continue };
            way.fields.push(field);
            if let Some(start) = way.open.get(&*next.name) {
                return cycle(way.fields.get(*start..).unwrap_or_default(), &next.name);
            }
            self.follow(way, next)?;
            way.fields.pop();
        }
        way.open.remove(&*definition.name);
        Ok(())
    }
}

fn cycle(fields: &[&FieldDefinition], name: &str) -> Checked {
    let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    let (name, names) = (quote(name.as_bytes()), quote(names.join(".").as_bytes()));
    let problem = format!("Cannot reference Input Object {name} within itself through a series of non-null fields: {names}.");
    wrong(fields.first().and_then(|field| field.at), problem)
}
