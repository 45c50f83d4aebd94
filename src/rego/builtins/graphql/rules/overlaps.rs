//! Fields of one name in an answer must be the same field with the same arguments. The comparison is that of GraphQL's reference
//! implementation: what is compared with what, and in which order, is in messages.

mod arguments;

use std::collections::{HashMap, HashSet};
use std::ptr;

use super::super::ast::{Field, FragmentSpread, Selection, Selections, TypeRef};
use super::super::error::{Fault, Position};
use super::super::schema::{Schema, needed};
use super::super::walk::{Ruled, Walk};
use arguments::same_arguments;

/// Fields that cannot be in one answer.
#[derive(Debug)]
struct Conflict {
    name: String,
    reason: String,
    inner: Vec<Self>,
    at: Option<Position>,
}

impl Conflict {
    fn write(&self, out: &mut String) {
        if self.inner.is_empty() {
            out.push_str(&self.reason);
        }
        for (at, inner) in self.inner.iter().enumerate() {
            out.push_str(if at == 0 { "subfields \"" } else { " and subfields \"" });
            out.push_str(&inner.name);
            out.push_str("\" conflict because ");
            inner.write(out);
        }
    }
}

/// Fields by the name that they have in the answer, as they come, and fragments that are spread.
#[derive(Debug, Default)]
struct Fields<'d> {
    names: HashMap<&'d str, usize>,
    groups: Vec<(&'d str, Vec<&'d Field>)>,
    spreads: Vec<&'d FragmentSpread>,
}

fn answer_name(field: &Field) -> &str {
    if field.alias.is_empty() { &field.name } else { &field.alias }
}

impl<'d> Fields<'d> {
    fn collect(&mut self, selections: &'d Selections) -> usize {
        let mut count = selections.0.len();
        for selection in &selections.0 {
            match selection {
                Selection::Field(field) => {
                    let name = answer_name(field);
                    let at = *self.names.entry(name).or_insert(self.groups.len());
                    match self.groups.get_mut(at) {
                        Some((_, fields)) => fields.push(field),
                        None => self.groups.push((name, vec![field])),
                    }
                }
                Selection::Inline(inline) => count += self.collect(&inline.selections),
                Selection::Spread(spread) => self.spreads.push(spread),
            }
        }
        count
    }

    fn group(&self, name: &str) -> &[&'d Field] {
        self.names.get(name).and_then(|at| self.groups.get(*at)).map(|(_, fields)| &**fields).unwrap_or_default()
    }

    /// Whether these are the very same fields.
    fn same(&self, other: &Self) -> bool {
        let fields = |fields: &Self| {
            fields.groups.iter().flat_map(|(_, fields)| fields).map(|field| ptr::from_ref(*field)).collect::<Vec<_>>()
        };
        fields(self) == fields(other)
    }
}

type Conflicts = Vec<Conflict>;

impl<'d> Walk<'d, '_, '_> {
    pub(in super::super) fn overlapping_fields(&mut self, selections: &'d Selections) -> Ruled {
        if selections.0.is_empty() {
            return Ok(());
        }
        let fields = self.collected(selections)?;
        let mut conflicts = Vec::new();
        for (_, group) in &fields.groups {
            for (at, a) in group.iter().enumerate() {
                for b in group.iter().skip(at + 1) {
                    self.compare(&mut conflicts, false, a, b)?;
                }
            }
        }
        self.notes.beside.clear();
        for (at, a) in fields.spreads.iter().enumerate() {
            self.beside_fragment(&mut conflicts, false, &fields, a)?;
            for b in fields.spreads.iter().skip(at + 1) {
                self.fragments_together(&mut conflicts, false, a, b)?;
            }
        }
        for conflict in conflicts {
            let mut reason = String::new();
            conflict.write(&mut reason);
            let name = &conflict.name;
            let problem = format!(
                "Fields \"{name}\" conflict because {reason}. Use different aliases on the fields to fetch both if this was intentional."
            );
            self.add(conflict.at, problem)?;
        }
        Ok(())
    }

    fn collected(&mut self, selections: &'d Selections) -> Result<Fields<'d>, Fault> {
        let mut fields = Fields::default();
        let count = fields.collect(selections);
        self.charge(count * 2 + 1)?;
        Ok(fields)
    }

    /// Fields, and those of a fragment beside them.
    fn beside_fragment(
        &mut self,
        conflicts: &mut Conflicts,
        exclusive: bool,
        fields: &Fields<'d>,
        spread: &'d FragmentSpread,
    ) -> Ruled {
        if !self.notes.beside.insert(&spread.name) {
            return Ok(());
        }
        let Some(fragment) = self.spread(spread) else { return Ok(()) };
        let others = self.collected(&fragment.selections)?;
        if fields.same(&others) {
            return Ok(());
        }
        self.deeper(|walk| {
            walk.between(conflicts, exclusive, fields, &others)?;
            for inner in others.spreads.iter().filter(|inner| inner.name != spread.name) {
                walk.beside_fragment(conflicts, exclusive, fields, inner)?;
            }
            Ok(())
        })
    }

    /// The fields of two fragments, and of what they spread. A pair is compared once, and once more where it was compared as one of which
    /// only one can be there.
    fn fragments_together(
        &mut self,
        conflicts: &mut Conflicts,
        exclusive: bool,
        a: &'d FragmentSpread,
        b: &'d FragmentSpread,
    ) -> Ruled {
        self.charge(1)?;
        if a.name == b.name {
            return Ok(());
        }
        let compared = self.notes.compared.get(&(&*a.name, &*b.name));
        if compared.is_some_and(|compared| exclusive || !compared) {
            return Ok(());
        }
        self.notes.compared.insert((&a.name, &b.name), exclusive);
        self.notes.compared.insert((&b.name, &a.name), exclusive);
        let (Some(first), Some(second)) = (self.spread(a), self.spread(b)) else { return Ok(()) };
        let (first, second) = (self.collected(&first.selections)?, self.collected(&second.selections)?);
        self.deeper(|walk| {
            walk.between(conflicts, exclusive, &first, &second)?;
            for inner in &second.spreads {
                walk.fragments_together(conflicts, exclusive, a, inner)?;
            }
            for inner in &first.spreads {
                walk.fragments_together(conflicts, exclusive, inner, b)?;
            }
            Ok(())
        })
    }

    fn between(&mut self, conflicts: &mut Conflicts, exclusive: bool, first: &Fields<'d>, second: &Fields<'d>) -> Ruled {
        self.charge(first.groups.len())?;
        for (name, group) in &first.groups {
            for a in group {
                for b in second.group(name) {
                    self.compare(conflicts, exclusive, a, b)?;
                }
            }
        }
        Ok(())
    }

    /// Two fields of one name; `exclusive` where only one of them can be in an answer.
    fn compare(&mut self, conflicts: &mut Conflicts, exclusive: bool, a: &'d Field, b: &'d Field) -> Ruled {
        self.charge(1)?;
        let (found_a, found_b) = (self.found(a), self.found(b));
        let (Some(parent_a), Some(parent_b)) = (found_a.parent, found_b.parent) else { return Ok(()) };
        let definitions = found_a.definition.zip(found_b.definition);
        let objects = parent_a.name != parent_b.name && parent_a.is(&["OBJECT"]) && parent_b.is(&["OBJECT"]);
        let exclusive = exclusive || objects && definitions.is_some();
        let mut reason = None;
        if !exclusive {
            self.charge(a.arguments.len().saturating_mul(b.arguments.len()) / 4)?;
            if a.name != b.name {
                reason = Some(format!("\"{}\" and \"{}\" are different fields", a.name, b.name));
            } else if !same_arguments(self, &a.arguments, &b.arguments)? {
                reason = Some("they have differing arguments".to_owned());
            }
        }
        if let (None, Some((a, b))) = (&reason, definitions) {
            let (a, b) = (needed(&a.kind)?, needed(&b.kind)?);
            if types_conflict(self.schema, a, b)? {
                reason = Some(format!("they return conflicting types \"{}\" and \"{}\"", a.text(), b.text()));
            }
        }
        let mut inner = Vec::new();
        if reason.is_none() {
            self.deeper(|walk| walk.selections_together(&mut inner, exclusive, a, b))?;
            if inner.is_empty() {
                return Ok(());
            }
        }
        let name = answer_name(a).to_owned();
        self.ctx.reserve(256)?;
        conflicts.push(Conflict { name, reason: reason.unwrap_or_default(), inner, at: b.at });
        Ok(())
    }

    /// What two fields select.
    fn selections_together(&mut self, conflicts: &mut Conflicts, exclusive: bool, a: &'d Field, b: &'d Field) -> Ruled {
        let (first, second) = (self.collected(&a.selections)?, self.collected(&b.selections)?);
        self.between(conflicts, exclusive, &first, &second)?;
        for (fields, others) in [(&first, &second), (&second, &first)] {
            for spread in &others.spreads {
                // What was compared with other fields is forgotten, there as well: so it is in OPA.
                self.notes.beside = HashSet::new();
                self.beside_fragment(conflicts, exclusive, fields, spread)?;
            }
        }
        for a in &first.spreads {
            for b in &second.spreads {
                self.fragments_together(conflicts, exclusive, a, b)?;
            }
        }
        Ok(())
    }
}

fn types_conflict(schema: &Schema, a: &TypeRef, b: &TypeRef) -> Result<bool, Fault> {
    match (&a.element, &b.element) {
        (Some(a), Some(b)) => return types_conflict(schema, a, b),
        (None, None) if a.non_null == b.non_null => {}
        _ => return Ok(true),
    }
    let (Some(a), Some(b)) = (schema.get(&a.name), schema.get(&b.name)) else { return Err(Fault::Broken) };
    Ok(a.is_leaf() && b.is_leaf() && a.name != b.name)
}
