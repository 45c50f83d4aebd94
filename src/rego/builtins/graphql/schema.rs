//! A schema ready for queries: its types by name, and which types may stand where another is named.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use super::super::{Context, Failure};
use super::ast::{
    ArgumentDefinition, Definition, DirectiveDefinition, FieldDefinition, Operation, SchemaDefinition, SchemaDocument, TypeRef,
};
use super::check;
use super::error::{Error, Fault, Refusal};
use super::parser;

static BUILT_IN: LazyLock<SchemaDocument> = LazyLock::new(|| parser::built_in(include_bytes!("prelude.graphql")));

/// Directives that a schema may define again, though every schema has them.
const REDEFINABLE: [&str; 6] = ["include", "skip", "deprecated", "specifiedBy", "defer", "oneOf"];

/// A schema that was checked.
#[derive(Debug, Default)]
pub(in super::super) struct Schema {
    pub(super) definitions: Vec<Definition>,
    pub(super) types: BTreeMap<String, usize>,
    pub(super) directives: BTreeMap<String, DirectiveDefinition>,
    possible: HashMap<String, Vec<usize>>,
    query: Option<usize>,
    mutation: Option<usize>,
    subscription: Option<usize>,
}

/// The schema of a document and of what every schema has.
pub(super) fn build(ctx: &mut Context<'_>, document: &SchemaDocument, limit: usize) -> Result<Arc<Schema>, Refusal> {
    let built = merge(ctx, document).and_then(|schema| finish(ctx, schema, document, limit));
    built.map(Arc::new).map_err(|fault| match fault {
        Fault::Wrong(error) => Refusal::Invalid(format!("Error in gqlparser SchemaDocument to Schema conversion: {error}")),
        Fault::Broken => Refusal::broken(),
        Fault::TooDeep => Refusal::TooDeep,
        Fault::Stop(failure) => Refusal::Stop(failure),
    })
}

fn merge(ctx: &mut Context<'_>, document: &SchemaDocument) -> Result<Schema, Fault> {
    let mut schema = Schema::default();
    let definitions = BUILT_IN.definitions.iter().chain(&document.definitions);
    ctx.reserve(document.definitions.len() * 1024)?;
    for definition in definitions {
        if schema.types.contains_key(&definition.name) {
            return Err(Error::in_schema(definition.at, format!("Cannot redeclare type {}.", definition.name)).into());
        }
        schema.add(definition.clone());
    }
    for extension in &document.extensions {
        schema.extend(ctx, extension)?;
    }
    schema.collect_possible();
    for directive in BUILT_IN.directives.iter().chain(&document.directives) {
        if schema.directives.contains_key(&directive.name) && !REDEFINABLE.contains(&&*directive.name) {
            return Err(Error::in_schema(directive.at, format!("Cannot redeclare directive {}.", directive.name)).into());
        }
        schema.directives.insert(directive.name.clone(), directive.clone());
    }
    Ok(schema)
}

fn finish(ctx: &mut Context<'_>, mut schema: Schema, document: &SchemaDocument, limit: usize) -> Result<Schema, Fault> {
    if let Some(second) = document.schema.get(1) {
        let problem = "Cannot have multiple schema entry points, consider schema extensions instead.";
        return Err(Error::in_schema(second.at, problem).into());
    }
    for definition in document.schema.iter().chain(&document.schema_extensions) {
        schema.enter(definition)?;
        check::schema_directives(ctx, &schema, &definition.directives)?;
    }
    check::all(ctx, &schema, limit)?;
    if document.schema.is_empty() {
        schema.query = schema.query.or_else(|| schema.index("Query"));
        schema.mutation = schema.mutation.or_else(|| schema.index("Mutation"));
        schema.subscription = schema.subscription.or_else(|| schema.index("Subscription"));
    }
    if let Some(query) = schema.query.and_then(|at| schema.definitions.get_mut(at)) {
        query.fields.extend(introspection());
    }
    Ok(schema)
}

fn named(name: &str, non_null: bool) -> Option<Box<TypeRef>> {
    Some(Box::new(TypeRef { name: name.to_owned(), non_null, ..TypeRef::default() }))
}

/// `__schema` and `__type`, which the query's type has, too.
fn introspection() -> [FieldDefinition; 2] {
    let name = ArgumentDefinition { name: "name".to_owned(), kind: named("String", true), ..ArgumentDefinition::default() };
    let field = |name: &str, kind| FieldDefinition { name: name.to_owned(), kind, ..FieldDefinition::default() };
    let mut by_name = field("__type", named("__Type", false));
    by_name.arguments.push(name);
    [field("__schema", named("__Schema", true)), by_name]
}

/// `__typename`, which every type has.
pub(super) static TYPENAME: LazyLock<FieldDefinition> = LazyLock::new(|| FieldDefinition {
    name: "__typename".to_owned(),
    kind: named("String", false),
    ..FieldDefinition::default()
});

impl Schema {
    fn index(&self, name: &str) -> Option<usize> {
        self.types.get(name).copied()
    }

    fn at(&self, index: Option<usize>) -> Option<&Definition> {
        self.definitions.get(index?)
    }

    /// The type of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Definition> {
        self.at(self.index(name))
    }

    /// The type that a reference names in the end.
    pub(super) fn of(&self, reference: &TypeRef) -> Result<Option<&Definition>, Fault> {
        Ok(self.get(reference.base()?))
    }

    /// The type that an operation begins with. None that there is has no name, or another one: only objects have such.
    pub(super) fn root(&self, operation: &Operation) -> Result<Option<&Definition>, Fault> {
        match &*operation.0 {
            "query" | "" => Ok(self.at(self.query)),
            "mutation" => Ok(self.at(self.mutation)),
            "subscription" => Ok(self.at(self.subscription)),
            _ => Err(Fault::Broken),
        }
    }

    pub(super) const fn has_subscription(&self) -> bool {
        self.subscription.is_some()
    }

    /// The types that may stand where `definition` is named: those that implement it, its members, or itself.
    pub(super) fn possible(&self, name: &str) -> impl ExactSizeIterator<Item = &Definition> + Clone {
        let found = self.possible.get(name).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|at| self.definitions.get(*at).unwrap_or(&NOTHING))
    }

    fn add(&mut self, definition: Definition) -> usize {
        let at = self.definitions.len();
        self.types.insert(definition.name.clone(), at);
        self.definitions.push(definition);
        at
    }

    /// Adds what an extension has, to a type that it makes where there is none.
    fn extend(&mut self, ctx: &mut Context<'_>, extension: &Definition) -> Result<(), Fault> {
        ctx.reserve((extension.fields.len() + extension.enum_values.len() + 1) * 512)?;
        let at = self.index(&extension.name).unwrap_or_else(|| {
            let Definition { kind, name, at, .. } = extension;
            self.add(Definition { kind: kind.clone(), name: name.clone(), at: *at, ..Definition::default() })
        });
        let Some(base) = self.definitions.get_mut(at) else { return Ok(()) };
        if base.kind != extension.kind {
            let (name, kind, other) = (&extension.name, &base.kind.0, &extension.kind.0);
            let problem = format!("Cannot extend type {name} because the base type is a {kind}, not {other}.");
            return Err(Error::in_schema(extension.at, problem).into());
        }
        base.directives.extend_from_slice(&extension.directives);
        base.interfaces.extend_from_slice(&extension.interfaces);
        base.fields.extend_from_slice(&extension.fields);
        base.types.extend_from_slice(&extension.types);
        base.enum_values.extend_from_slice(&extension.enum_values);
        Ok(())
    }

    fn collect_possible(&mut self) {
        for (at, definition) in self.definitions.iter().enumerate() {
            let mut add = |name: &str, at| self.possible.entry(name.to_owned()).or_default().push(at);
            match &*definition.kind.0 {
                // A member that there is not is refused later.
                "UNION" => definition.types.iter().filter_map(|member| self.types.get(&member.name)).for_each(|member| {
                    add(&definition.name, *member);
                }),
                "INPUT_OBJECT" | "OBJECT" => {
                    definition.interfaces.iter().for_each(|interface| add(interface, at));
                    add(&definition.name, at);
                }
                "INTERFACE" => definition.interfaces.iter().for_each(|interface| add(interface, at)),
                _ => {}
            }
        }
    }

    /// The types that operations begin with.
    fn enter(&mut self, definition: &SchemaDefinition) -> Result<(), Fault> {
        for entry in &definition.operation_types {
            let Some(at) = self.index(&entry.name) else {
                let (operation, name) = (&entry.operation.0, &entry.name);
                let problem = format!("Schema root {operation} refers to a type {name} that does not exist.");
                return Err(Error::in_schema(entry.at, problem).into());
            };
            match &*entry.operation.0 {
                "query" => self.query = Some(at),
                "mutation" => self.mutation = Some(at),
                "subscription" => self.subscription = Some(at),
                _ => {}
            }
        }
        Ok(())
    }
}

static NOTHING: LazyLock<Definition> = LazyLock::new(Definition::default);

impl TypeRef {
    /// The name in the end, of the elements of lists.
    pub(super) fn base(&self) -> Result<&str, Fault> {
        let mut reference = self;
        while reference.name.is_empty() {
            reference = reference.element.as_deref().ok_or(Fault::Broken)?;
        }
        Ok(&reference.name)
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        let name = match &self.element {
            Some(element) if self.name.is_empty() => format!("[{}]", element.text()),
            _ => self.name.clone(),
        };
        if self.non_null { name + "!" } else { name }
    }

    /// Whether a value of this type can be where `other` is wanted.
    pub(super) fn fits(&self, other: &Self) -> bool {
        self.fits_as(other, other.non_null)
    }

    /// As [`Self::fits`], where `other` is wanted with or without null.
    pub(super) fn fits_as(&self, other: &Self, non_null: bool) -> bool {
        self.name == other.name
            && (self.non_null || !non_null)
            && match (&self.element, &other.element) {
                (Some(element), Some(other)) => element.fits(other),
                (Some(_), None) => false,
                (None, _) => true,
            }
    }
}

/// A part that must be there.
pub(super) fn needed<T>(part: &Option<Box<T>>) -> Result<&T, Fault> {
    part.as_deref().ok_or(Fault::Broken)
}

/// What a schema is good for, by its kind.
impl Definition {
    pub(super) fn is(&self, kinds: &[&str]) -> bool {
        kinds.contains(&&*self.kind.0)
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.is(&["ENUM", "SCALAR"])
    }

    pub(super) fn is_abstract(&self) -> bool {
        self.is(&["INTERFACE", "UNION"])
    }

    pub(super) fn is_composite(&self) -> bool {
        self.is(&["OBJECT", "INTERFACE", "UNION"])
    }

    pub(super) fn is_input(&self) -> bool {
        self.is(&["SCALAR", "ENUM", "INPUT_OBJECT"])
    }

    pub(super) fn field(&self, name: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Charges looking through so many names.
pub(super) fn charge_search(ctx: &mut Context<'_>, names: usize) -> Result<(), Failure> {
    ctx.charge(names / 16 + 1)
}
