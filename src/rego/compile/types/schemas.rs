//! What schemas say of documents: one for the whole input, and those that annotations name or hold (OPA's `checkRule`, `override`).

use std::collections::HashMap;
use std::sync::Arc;

use super::super::annotations::{Annotated, AnnotationSet};
use super::super::ground_prefix;
use super::env::{Env, Node};
use super::problem::TypeProblem;
use super::{Branch, Checker, Constant, Entry, Known, Rule, Term, TermKind, Type, Types};
use crate::rego::annotation::Schema;
use crate::rego::ast::Span;
use crate::rego::print;
use crate::rego::schema::{self, Schemas};

/// The name of the schema of the whole input.
const INPUT: &str = "schema";

/// What is known by schemas.
#[derive(Default)]
pub(super) struct Given<'g> {
    pub(super) schemas: Option<&'g Schemas>,
    /// Annotations, where those about schemas count.
    pub(super) annotations: Option<&'g AnnotationSet>,
    /// The types of schemas that were asked for by name.
    named: HashMap<String, Known>,
    /// Those of schemas that annotations hold, by where these are in memory: one of a package is asked for at each of its rules.
    held: HashMap<*const Schema, Known>,
}

impl<'g> Given<'g> {
    pub(super) fn new(schemas: &'g Schemas, annotations: Option<&'g AnnotationSet>) -> Self {
        Self { schemas: Some(schemas), annotations, ..Self::default() }
    }

    /// The type of the whole input.
    pub(super) fn input(&self, types: &mut Types) -> Result<Known, String> {
        let schema = self.schemas.and_then(|schemas| schemas.get(INPUT));
        schema.map_or(Ok(None), |schema| schema::load(types, &schema.json))
    }

    /// The schemas that annotations give to a branch of a rule, those from farthest away first.
    fn of_rule(&self, entry: &Entry, branch: Branch, rule: &Rule) -> Vec<&'g Schema> {
        let Some(set) = self.annotations else { return Vec::new() };
        let reference = entry.reference_of(rule);
        let mut found: Vec<&'g Annotated> = set.above(&entry.package).collect();
        found.reverse();
        found.extend(set.of_package(&entry.package));
        found.extend(set.of_document(ground_prefix(&reference)));
        if branch.1 == 0 {
            found.extend(set.of_rule(branch.0));
        }
        found.into_iter().flat_map(|found| &found.annotation.content.schemas).collect()
    }
}

impl Checker<'_> {
    /// What is known while a rule is checked beside what is known of all rules; `None` where nothing is.
    pub(super) fn schema_layer(&mut self, global: &Env<'_>, entry: &Entry, branch: Branch, rule: &Rule) -> Option<Arc<Node>> {
        let mut layer = None;
        for schema in self.given.of_rule(entry, branch, rule) {
            let known = Arc::new(Node::clone(layer.get_or_insert_default()));
            let env = global.wrap_tree(known);
            match self.with_schema(&env, schema, rule.span) {
                Ok(Some((path, value))) => layer.get_or_insert_default().put(path, Some(value)),
                Ok(None) => {}
                Err(problem) => self.problems.push(problem),
            }
        }
        layer.map(Arc::new)
    }

    /// A path, and the type of what stands there by a schema.
    fn with_schema<'s>(
        &mut self,
        env: &Env<'_>,
        schema: &'s Schema,
        place: Span,
    ) -> Result<Option<(&'s [Term], Type)>, TypeProblem> {
        let value = self.schema_type(schema).map_err(|problem| TypeProblem::schema(place, problem))?;
        let Some(value) = value else { return Ok(None) };
        let path = schema.path.as_slice();
        let most = if path.len() == 1 { 1 } else { path.len().saturating_sub(1) };
        let known = (1..=most).find_map(|end| {
            let prefix = path.get(..end)?;
            Some((prefix, env.reference(&mut self.types, prefix)?))
        });
        match known {
            Some((prefix, at)) if prefix.len() < path.len() => {
                let rest = path.get(prefix.len()..).unwrap_or_default();
                let value = overridden(&mut self.types, rest, at, value);
                value.map(|value| Some((prefix, value))).map_err(|problem| TypeProblem::schema(place, problem))
            }
            _ => Ok(Some((path, value))),
        }
    }

    fn schema_type(&mut self, schema: &Schema) -> Result<Known, String> {
        if let Some(definition) = &schema.definition {
            let place = std::ptr::from_ref(schema);
            if let Some(known) = self.given.held.get(&place) {
                return Ok(*known);
            }
            let known = schema::load(&mut self.types, &definition.to_json())?;
            self.given.held.insert(place, known);
            return Ok(known);
        }
        // Where nobody gave any, the names mean nothing.
        let Some(schemas) = self.given.schemas.filter(|schemas| !schemas.is_empty()) else { return Ok(None) };
        let name = print::reference(&schema.named);
        if let Some(known) = self.given.named.get(&name) {
            return Ok(*known);
        }
        let found = schemas.get(&name).ok_or_else(|| format!("undefined schema: {name}"))?;
        let known = schema::load(&mut self.types, &found.json)?;
        self.given.named.insert(name, known);
        Ok(known)
    }
}

/// The type `at` with `value` at a path within. Recurses as deep as the path is long.
fn overridden(types: &mut Types, path: &[Term], at: Type, value: Type) -> Result<Type, String> {
    let any = Some((Some(Type::ANY), Some(Type::ANY)));
    let Some((mut properties, rest)) = types.as_object(Some(at)) else { return nested(types, path, value, any) };
    let Some((first, deeper)) = path.split_first() else { return Ok(value) };
    let key = Constant::of(first);
    let known = properties.iter_mut().find(|property| key.as_ref() == Some(&property.0));
    match known {
        Some((_, below)) if deeper.is_empty() => *below = Some(value),
        Some((_, below)) => {
            let within = below.ok_or("a part of the path has no type")?;
            *below = Some(overridden(types, deeper, within, value)?);
        }
        None => {
            let added = nested(types, path, value, rest)?;
            properties.extend(types.as_object(Some(added)).map(|(properties, _)| properties).unwrap_or_default());
        }
    }
    Ok(types.object(properties, rest))
}

/// An object that has `value` at a path, and `rest` beside each part of it.
fn nested(types: &mut Types, path: &[Term], value: Type, rest: crate::rego::types::Rest) -> Result<Type, String> {
    let key = |part: &Term| Constant::of(part).ok_or_else(|| format!("error getting key from value: {}", not_constant(part)));
    let keys: Vec<Constant> = path.iter().map(key).collect::<Result<_, _>>()?;
    Ok(keys.into_iter().rev().fold(value, |below, key| types.object(vec![(key, Some(below))], rest)))
}

fn not_constant(part: &Term) -> String {
    match &part.kind {
        TermKind::Ref(parts) => format!("illegal value: {}", print::reference(parts)),
        kind => format!("{} requires evaluation", kind.name()),
    }
}
