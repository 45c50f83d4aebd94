//! Goes through a query beside a schema and calls the rules, in OPA's order: at each place by name, after what is inside.

use std::collections::{HashMap, HashSet};
use std::ptr;

use super::super::{Context, Failure};
use super::ast::{
    Argument, ArgumentDefinition, Definition, Directive, DirectiveDefinition, Field, FieldDefinition, FragmentDefinition,
    FragmentSpread, InlineFragment, Kind, Literal, OperationDefinition, QueryDocument, Selection, Selections, TypeRef,
    VariableDefinition,
};
use super::error::{Error, Fault, Position, Refusal, told};
use super::rules::Notes;
use super::schema::{Schema, TYPENAME, charge_search, needed};
use super::{MAX_WORK, too_much};

/// What a rule says: nothing, unless it cannot go on.
pub(super) type Ruled = Result<(), Fault>;

/// A field's type and the type that has it, as the walk found them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'d> {
    pub(super) parent: Option<&'d Definition>,
    pub(super) definition: Option<&'d FieldDefinition>,
}

/// What is wanted where a value is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'d> {
    pub(super) definition: Option<&'d Definition>,
    pub(super) kind: Option<&'d TypeRef>,
    /// Whether there is a default that is not null.
    pub(super) has_default: bool,
}

/// A walk, and what it found on its way. Parts are known by where they are in memory.
pub(super) struct Walk<'d, 'c, 'a> {
    pub(super) ctx: &'c mut Context<'a>,
    pub(super) schema: &'d Schema,
    pub(super) document: &'d QueryDocument,
    pub(super) operation: Option<&'d OperationDefinition>,
    pub(super) notes: Notes<'d>,
    fragments: HashMap<&'d str, &'d FragmentDefinition>,
    fields: HashMap<*const Field, Found<'d>>,
    spreads: HashMap<*const FragmentSpread, Option<&'d FragmentDefinition>>,
    variables: HashMap<*const Literal, Option<&'d VariableDefinition>>,
    used: HashSet<*const VariableDefinition>,
    /// Fragments that were gone through in this operation or fragment.
    entered: HashSet<&'d str>,
    errors: Vec<Error>,
    error_bytes: usize,
    depth: usize,
    /// So deep may it go.
    limit: usize,
    work: usize,
}

/// Whether a query is valid, and what is wrong otherwise.
pub(super) fn validate<'d>(
    ctx: &mut Context<'_>,
    schema: &'d Schema,
    document: &'d QueryDocument,
    limit: usize,
) -> Result<(), Refusal> {
    let mut walk = Walk::new(ctx, schema, document, limit);
    match walk.document() {
        Ok(()) if walk.errors.is_empty() => Ok(()),
        Ok(()) => {
            let lines: String = walk.errors.iter().map(|error| format!("{error}\n")).collect();
            Err(Refusal::Invalid(told(&lines)))
        }
        Err(Fault::Wrong(error)) => Err(error.into()),
        Err(Fault::Broken) => Err(Refusal::broken()),
        Err(Fault::TooDeep) => Err(Refusal::TooDeep),
        Err(Fault::Stop(failure)) => Err(Refusal::Stop(failure)),
    }
}

impl<'d, 'c, 'a> Walk<'d, 'c, 'a> {
    fn new(ctx: &'c mut Context<'a>, schema: &'d Schema, document: &'d QueryDocument, limit: usize) -> Self {
        let mut fragments = HashMap::new();
        for fragment in &document.fragments {
            // Of several with one name the first is meant.
            fragments.entry(&*fragment.name).or_insert(fragment);
        }
        Self {
            ctx,
            schema,
            document,
            operation: None,
            notes: Notes::default(),
            fragments,
            fields: HashMap::new(),
            spreads: HashMap::new(),
            variables: HashMap::new(),
            used: HashSet::new(),
            entered: HashSet::new(),
            errors: Vec::new(),
            error_bytes: 0,
            depth: 0,
            limit,
            work: 0,
        }
    }

    /// Charges work, of which a validation may do so much: fragments in fragments can ask for more than any time.
    pub(super) fn charge(&mut self, units: usize) -> Result<(), Failure> {
        self.work = self.work.saturating_add(units);
        if self.work > MAX_WORK {
            return Err(too_much());
        }
        self.ctx.charge(units)
    }

    /// One step deeper into what may go on without end.
    pub(super) fn deeper(&mut self, step: impl FnOnce(&mut Self) -> Ruled) -> Ruled {
        self.depth += 1;
        if self.depth > self.limit {
            return Err(Fault::TooDeep);
        }
        step(self)?;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn add(&mut self, at: Option<Position>, problem: impl Into<String>) -> Ruled {
        let problem = problem.into();
        self.error_bytes = self.error_bytes.saturating_add(problem.len() + 64);
        self.charge(problem.len() / 32 + 1)?;
        self.ctx.reserve(self.error_bytes)?;
        self.errors.push(Error::at(at, problem));
        Ok(())
    }

    /// What the walk knows of a field; nothing before it came there.
    pub(super) fn found(&self, field: &Field) -> Found<'d> {
        self.fields.get(&ptr::from_ref(field)).copied().unwrap_or(Found { parent: None, definition: None })
    }

    pub(super) fn fragment(&self, name: &str) -> Option<&'d FragmentDefinition> {
        self.fragments.get(name).copied()
    }

    /// The fragment that a spread means, where the walk came there.
    pub(super) fn spread(&self, spread: &FragmentSpread) -> Option<&'d FragmentDefinition> {
        self.spreads.get(&ptr::from_ref(spread)).copied().flatten()
    }

    /// The variable that a value is, in the operation that used it last.
    pub(super) fn variable(&self, value: &Literal) -> Option<&'d VariableDefinition> {
        self.variables.get(&ptr::from_ref(value)).copied().flatten()
    }

    pub(super) fn is_used(&self, variable: &VariableDefinition) -> bool {
        variable.used || self.used.contains(&ptr::from_ref(variable))
    }

    fn document(&mut self) -> Ruled {
        for operation in &self.document.operations {
            self.entered.clear();
            self.walk_operation(operation)?;
        }
        for fragment in &self.document.fragments {
            self.entered.clear();
            let parent = self.schema.get(&fragment.condition);
            self.walk_directives(&fragment.directives, "FRAGMENT_DEFINITION")?;
            self.walk_selections(parent, &fragment.selections)?;
            self.on_fragment(fragment, parent)?;
        }
        Ok(())
    }

    fn walk_operation(&mut self, operation: &'d OperationDefinition) -> Ruled {
        self.operation = Some(operation);
        for variable in &operation.variables {
            self.on_variable(variable)?;
        }
        for variable in &operation.variables {
            if let Some(value) = &variable.default {
                let kind = needed(&variable.kind)?;
                let definition = self.schema.of(kind)?;
                self.walk_value(value, Wanted { definition, kind: Some(kind), has_default: value.expects_default })?;
            }
            self.walk_directives(&variable.directives, "VARIABLE_DEFINITION")?;
        }
        let root = self.schema.root(&operation.operation)?;
        let location = match &*operation.operation.0 {
            "mutation" => "MUTATION",
            "subscription" => "SUBSCRIPTION",
            _ => "QUERY",
        };
        self.walk_directives(&operation.directives, location)?;
        self.walk_selections(root, &operation.selections)?;
        self.on_operation(operation, root)?;
        self.operation = None;
        Ok(())
    }

    fn walk_directives(&mut self, directives: &'d [Directive], location: &str) -> Ruled {
        for directive in directives {
            let definition = self.schema.directives.get(&directive.name);
            for argument in &directive.arguments {
                self.walk_argument(definition.map(|found| &*found.arguments), argument)?;
            }
            self.on_directive(directive, definition, location)?;
        }
        self.on_directives(directives)
    }

    fn walk_argument(&mut self, definitions: Option<&'d [ArgumentDefinition]>, argument: &'d Argument) -> Ruled {
        let value = needed(&argument.value)?;
        charge_search(self.ctx, definitions.map_or(0, <[_]>::len))?;
        let definition = definitions.and_then(|all| all.iter().find(|known| known.name == argument.name));
        let mut wanted = Wanted { has_default: value.expects_default, ..Wanted::default() };
        if let Some(definition) = definition {
            wanted = self.wanted(needed(&definition.kind)?, definition.default.as_deref())?;
        }
        self.walk_value(value, wanted)
    }

    fn wanted(&self, kind: &'d TypeRef, default: Option<&Literal>) -> Result<Wanted<'d>, Fault> {
        let has_default = default.is_some_and(|value| value.kind != Kind::Null);
        Ok(Wanted { definition: self.schema.of(kind)?, kind: Some(kind), has_default })
    }

    fn walk_value(&mut self, value: &'d Literal, wanted: Wanted<'d>) -> Ruled {
        self.charge(1)?;
        match value.kind {
            Kind::Variable => self.use_variable(value)?,
            Kind::Object => {
                for child in &value.children {
                    let inner = needed(&child.value)?;
                    charge_search(self.ctx, wanted.definition.map_or(0, |definition| definition.fields.len()))?;
                    let field = wanted.definition.and_then(|definition| definition.field(&child.name));
                    let inner_wanted = match field {
                        Some(field) => self.wanted(needed(&field.kind)?, field.default.as_deref())?,
                        None => Wanted { has_default: inner.expects_default, ..Wanted::default() },
                    };
                    self.walk_value(inner, inner_wanted)?;
                }
            }
            Kind::List => {
                let element = wanted.kind.and_then(|kind| kind.element.as_deref());
                for child in &value.children {
                    let inner = needed(&child.value)?;
                    let definition = element.and(wanted.definition);
                    self.walk_value(inner, Wanted { definition, kind: element, has_default: inner.expects_default })?;
                }
            }
            _ => {}
        }
        self.on_value(value, wanted)
    }

    fn use_variable(&mut self, value: &'d Literal) -> Ruled {
        let Some(operation) = self.operation else { return Ok(()) };
        charge_search(self.ctx, operation.variables.len())?;
        let variable = operation.variables.iter().find(|variable| variable.variable == value.raw);
        self.variables.insert(value, variable);
        self.used.extend(variable.map(ptr::from_ref));
        Ok(())
    }

    fn walk_selections(&mut self, parent: Option<&'d Definition>, selections: &'d Selections) -> Ruled {
        if selections.0.is_empty() {
            return Ok(());
        }
        self.deeper(|walk| {
            for selection in &selections.0 {
                walk.charge(1)?;
                walk.ctx.reserve(128)?;
                match selection {
                    Selection::Field(field) => walk.walk_field(parent, field)?,
                    Selection::Inline(inline) => walk.walk_inline(parent, inline)?,
                    Selection::Spread(spread) => walk.walk_spread(parent, spread)?,
                }
            }
            Ok(())
        })
    }

    fn walk_field(&mut self, parent: Option<&'d Definition>, field: &'d Field) -> Ruled {
        charge_search(self.ctx, parent.map_or(0, |parent| parent.fields.len()))?;
        let definition = match &*field.name {
            "__typename" => Some(&*TYPENAME),
            name => parent.and_then(|parent| parent.field(name)),
        };
        self.fields.insert(field, Found { parent, definition });
        let next = match definition {
            Some(definition) => self.schema.of(needed(&definition.kind)?)?,
            None => None,
        };
        for argument in &field.arguments {
            self.walk_argument(definition.map(|found| &*found.arguments), argument)?;
        }
        self.walk_directives(&field.directives, "FIELD")?;
        self.walk_selections(next, &field.selections)?;
        self.on_field(field, Found { parent, definition })
    }

    fn walk_inline(&mut self, parent: Option<&'d Definition>, inline: &'d InlineFragment) -> Ruled {
        let next = if inline.condition.is_empty() { parent } else { self.schema.get(&inline.condition) };
        self.walk_directives(&inline.directives, "INLINE_FRAGMENT")?;
        self.walk_selections(next, &inline.selections)?;
        self.on_inline(inline, parent)
    }

    fn walk_spread(&mut self, parent: Option<&'d Definition>, spread: &'d FragmentSpread) -> Ruled {
        let fragment = self.fragment(&spread.name);
        self.spreads.insert(spread, fragment);
        self.walk_directives(&spread.directives, "FRAGMENT_SPREAD")?;
        if let Some(fragment) = fragment
            && self.entered.insert(&fragment.name)
        {
            let next = self.schema.get(&fragment.condition);
            self.walk_directives(&fragment.directives, "FRAGMENT_DEFINITION")?;
            self.walk_selections(next, &fragment.selections)?;
        }
        self.on_spread(spread, fragment, parent)
    }

    fn on_operation(&mut self, operation: &'d OperationDefinition, root: Option<&'d Definition>) -> Ruled {
        self.known_root_type(operation, root)?;
        self.lone_anonymous_operation(operation)?;
        self.no_unused_variables(operation)?;
        self.overlapping_fields(&operation.selections)?;
        self.single_field_subscriptions(operation)?;
        self.unique_operation_names(operation)?;
        self.unique_variable_names(operation)?;
        self.variables_are_input_types(operation)
    }

    fn on_field(&mut self, field: &'d Field, found: Found<'d>) -> Ruled {
        self.fields_on_correct_type(field, found)?;
        self.known_field_arguments(field, found)?;
        self.max_introspection_depth(field)?;
        // In a fragment that no operation walks, this is told at the fragment.
        if self.operation.is_some() {
            self.overlapping_fields(&field.selections)?;
        }
        self.required_field_arguments(field, found)?;
        self.scalar_leafs(field, found)?;
        self.unique_arguments(&field.arguments)
    }

    fn on_fragment(&mut self, fragment: &'d FragmentDefinition, parent: Option<&'d Definition>) -> Ruled {
        self.fragment_on_composite_type(fragment, parent)?;
        self.known_fragment_type(fragment, parent)?;
        self.no_fragment_cycles(fragment)?;
        self.no_unused_fragment(fragment)?;
        self.overlapping_fields(&fragment.selections)?;
        self.unique_fragment_names(fragment)
    }

    fn on_inline(&mut self, inline: &'d InlineFragment, parent: Option<&'d Definition>) -> Ruled {
        self.inline_on_composite_type(inline)?;
        self.known_inline_type(inline)?;
        self.overlapping_fields(&inline.selections)?;
        self.possible_inline(inline, parent)
    }

    fn on_spread(
        &mut self,
        spread: &'d FragmentSpread,
        fragment: Option<&'d FragmentDefinition>,
        parent: Option<&'d Definition>,
    ) -> Ruled {
        self.known_fragment_name(spread, fragment)?;
        self.use_fragment(spread);
        self.possible_spread(spread, fragment, parent)
    }

    fn on_directive(&mut self, directive: &'d Directive, definition: Option<&'d DirectiveDefinition>, location: &str) -> Ruled {
        self.known_directive_arguments(directive, definition)?;
        self.known_directive(directive, definition, location)?;
        self.required_directive_arguments(directive, definition)?;
        self.unique_arguments(&directive.arguments)
    }

    fn on_value(&mut self, value: &'d Literal, wanted: Wanted<'d>) -> Ruled {
        self.no_undefined_variables(value)?;
        self.unique_input_fields(value)?;
        self.values_of_correct_type(value, wanted)?;
        self.variable_in_allowed_position(value, wanted)?;
        self.variables_of_one_of(value, wanted)
    }
}
