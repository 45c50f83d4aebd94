//! Whether a document keeps to a schema, and what it breaks: in OPA's order, and object members in alphabetical order, where OPA's is
//! another one each time.

use std::cmp::Ordering;

use super::super::super::budget::Exceeded;
use super::super::super::value::number::with_text;
use super::super::super::value::{Entries, Style, Value, any_json, write};
use super::super::deep;
use super::super::operand::{charge_number, fail};
use super::super::{Context, Failure, regex, utf8};
use super::bounds::{Bound, Ratio};
use super::node::{Dependency, Id, Node, Schema, Type};
use super::report::{Found, Place, Problem, Step};
use super::{format, text};

/// So much of the caller's stack is taken. References can follow one another without end, and a schema that refers to itself goes as deep
/// as the document: what goes deeper begins anew, on a stack of its own.
const CALLERS_STACK: usize = 40 << 10;

/// What a document breaks.
pub(super) fn validate<'a>(ctx: &mut Context<'a>, schema: &Schema, document: &Value<'a>) -> Result<Vec<Problem>, Failure> {
    if let Some(found) = start(ctx, schema, document, CALLERS_STACK)? {
        return Ok(found);
    }
    let mut text = Vec::new();
    write(document, Style::PLAIN, &mut text);
    ctx.charge(text.len() / 4 + 1)?;
    ctx.reserve(text.len().saturating_mul(12))?;
    deep::run(ctx, |ctx| {
        let text: &[u8] = ctx.arena.alloc_slice_copy(&text);
        let document = any_json(ctx.arena, text).ok_or(Exceeded::Memory)?;
        start(ctx, schema, &document, deep::MAX_STACK)?.ok_or_else(|| Exceeded::Memory.into())
    })
}

/// What a document breaks; none where that takes more of the stack.
fn start<'a>(
    ctx: &mut Context<'a>,
    schema: &Schema,
    document: &Value<'a>,
    max_stack: usize,
) -> Result<Option<Vec<Problem>>, Failure> {
    let here = 0_u8;
    let stack = std::ptr::from_ref(&here).addr();
    let mut validator = Validator { ctx, schema, stack, max_stack, is_deep: false };
    let mut found = Found::default();
    match validator.check(0, *document, &mut found, &Place::ROOT) {
        Ok(()) => Ok(Some(found.problems)),
        Err(_) if validator.is_deep => Ok(None),
        Err(failure) => Err(failure),
    }
}

pub(super) struct Validator<'c, 'a, 's> {
    pub(super) ctx: &'c mut Context<'a>,
    schema: &'s Schema,
    /// Where the stack was when this began.
    stack: usize,
    max_stack: usize,
    /// Whether it took too much of the stack.
    is_deep: bool,
}

pub(super) type Done = Result<(), Failure>;

/// The type of a value, by which it is refused.
fn type_of(value: &Value<'_>, is_integer: bool) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        value if value.is_number() && is_integer => Type::Integer,
        value if value.is_number() => Type::Number,
        value if value.as_bytes().is_some() => Type::String,
        value if value.as_array().is_some() => Type::Array,
        _ => Type::Object,
    }
}

impl<'a, 's> Validator<'_, 'a, 's> {
    /// Checks a value against the node at `id`, whose references are followed.
    fn check(&mut self, id: Id, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let here = 0_u8;
        if self.stack.abs_diff(std::ptr::from_ref(&here).addr()) > self.max_stack {
            self.is_deep = true;
            return Err(Exceeded::Memory.into());
        }
        let schema = self.schema;
        let mut node = schema.nodes.get(id);
        let mut hops = 0;
        while let Some(refers) = node.and_then(|node| node.refers.filter(|_| node.pass.is_none())) {
            node = schema.nodes.get(refers);
            hops += 1;
            // References that refer to one another would be followed for ever.
            if hops > schema.nodes.len() {
                return Err(Exceeded::Memory.into());
            }
        }
        self.ctx.charge(hops)?;
        self.ctx.charge(4)?;
        node.map_or(Ok(()), |node| self.check_node(node, value, found, place))
    }

    /// Checks a value against a schema of its own, whose problems may be left out.
    pub(super) fn sub(&mut self, id: Id, value: Value<'a>, place: &Place<'_>) -> Result<Found, Failure> {
        let mut found = Found::default();
        self.check(id, value, &mut found, place)?;
        self.ctx.charge(found.problems.len())?;
        Ok(found)
    }

    fn check_node(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        if let Some(pass) = node.pass {
            if !pass {
                found.add("false", place, |_| "False always fails validation".to_owned());
            }
            return Ok(());
        }
        let number = self.number(&value)?;
        let is_integer = number.as_ref().is_some_and(Ratio::is_integer);
        let own = type_of(&value, is_integer);
        let fits = node.types.contains(&own) || own == Type::Integer && node.types.contains(&Type::Number);
        if !node.types.is_empty() && !fits {
            found.add("invalid_type", place, |_| format!("Invalid type. Expected: {}, given: {}", node.types_text(), own.name()));
            return Ok(());
        }
        self.choices(node, value, found, place)?;
        match own {
            Type::Array => self.array(node, value, found, place)?,
            Type::Object => self.object(node, value, found, place)?,
            Type::Integer | Type::Number => self.numbers(node, number.as_ref(), found, place)?,
            Type::Null | Type::Boolean | Type::String => {}
        }
        self.common(node, value, found, place)?;
        if let Some(text) = value.as_bytes() {
            self.string(node, text, found, place)?;
        }
        if let Some(entries) = value.as_object() {
            for (name, id) in &node.properties {
                if let Some(value) = entries.get_str(name.as_bytes()) {
                    self.check(*id, value, found, &place.below(Step::Name(name)))?;
                }
            }
        }
        found.count();
        Ok(())
    }

    fn number(&mut self, value: &Value<'a>) -> Result<Option<Ratio>, Failure> {
        match value {
            Value::Int(_) => Ok(with_text(value, Ratio::of)),
            Value::Number(text) => {
                charge_number(self.ctx, text)?;
                Ok(Ratio::of(text))
            }
            _ => Ok(None),
        }
    }

    /// Schemas of which any, one or all are to be kept, and those that depend on others.
    fn choices(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        self.any_of(node, value, found, place)?;
        self.one_of(node, value, found, place)?;
        self.all_of(node, value, found, place)?;
        if let Some(not) = node.not
            && self.sub(not, value, place)?.is_valid()
        {
            found.add("number_not", place, |_| "Must not validate the schema (not)".to_owned());
        }
        if let Some(entries) = value.as_object().filter(|_| !node.dependencies.is_empty()) {
            self.dependencies(node, entries, value, found, place)?;
        }
        if let Some(condition) = node.condition {
            let holds = self.sub(condition, value, place)?.is_valid();
            self.branch(node, holds, value, found, place)?;
        }
        found.count();
        Ok(())
    }

    fn any_of(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let mut best: Option<Found> = None;
        for id in &node.any_of {
            let own = self.sub(*id, value, place)?;
            if own.is_valid() {
                return Ok(());
            }
            if best.as_ref().is_none_or(|best| own.score > best.score) {
                best = Some(own);
            }
        }
        if let Some(best) = best {
            found.add("number_any_of", place, |_| "Must validate at least one schema (anyOf)".to_owned());
            found.merge(best);
        }
        Ok(())
    }

    fn one_of(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let (mut valid, mut best): (usize, Option<Found>) = (0, None);
        for id in &node.one_of {
            let own = self.sub(*id, value, place)?;
            if own.is_valid() {
                valid += 1;
            } else if valid == 0 && best.as_ref().is_none_or(|best| own.score > best.score) {
                best = Some(own);
            }
        }
        if valid != 1 && !node.one_of.is_empty() {
            found.add("number_one_of", place, |_| "Must validate one and only one schema (oneOf)".to_owned());
            if let Some(best) = best.filter(|_| valid == 0) {
                found.merge(best);
            }
        }
        Ok(())
    }

    fn all_of(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let mut all = true;
        for id in &node.all_of {
            let own = self.sub(*id, value, place)?;
            all &= own.is_valid();
            found.merge(own);
        }
        if !all {
            found.add("number_all_of", place, |_| "Must validate all the schemas (allOf)".to_owned());
        }
        Ok(())
    }

    fn dependencies(
        &mut self,
        node: &'s Node,
        entries: Entries<'a>,
        value: Value<'a>,
        found: &mut Found,
        place: &Place<'_>,
    ) -> Done {
        for (name, dependency) in &node.dependencies {
            if entries.get_str(name.as_bytes()).is_none() {
                continue;
            }
            match dependency {
                Dependency::Names(names) => {
                    self.ctx.charge(names.len())?;
                    for needed in names.iter().filter(|needed| entries.get_str(needed.as_bytes()).is_none()) {
                        found.add("missing_dependency", place, |_| format!("Has a dependency on {needed}"));
                    }
                }
                Dependency::Schema(id) => self.check(*id, value, found, place)?,
            }
        }
        Ok(())
    }

    fn branch(&mut self, node: &'s Node, holds: bool, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        let branch = if holds { node.then } else { node.otherwise };
        let Some(branch) = branch else { return Ok(()) };
        let own = self.sub(branch, value, place)?;
        if own.is_valid() {
            return Ok(());
        }
        if holds {
            found.add("condition_then", place, |_| r#"Must validate "then" as "if" was valid"#.to_owned());
        } else {
            found.add("condition_else", place, |_| r#"Must validate "else" as "if" was not valid"#.to_owned());
        }
        // Go takes the problems as they are, and with them the score.
        found.merge(own);
        Ok(())
    }

    /// What any value may be asked.
    fn common(&mut self, node: &'s Node, value: Value<'a>, found: &mut Found, place: &Place<'_>) -> Done {
        if node.constant.is_some() || node.options.is_some() {
            let own = text::comparable(self.ctx, &value)?;
            if let Some(constant) = node.constant.as_ref().filter(|constant| **constant != own) {
                found.add("const", place, |field| format!("{field} does not match: {constant}"));
            }
            if let Some(options) = &node.options {
                self.ctx.charge(options.len())?;
                if !options.contains(&own) {
                    let all = options.join(", ");
                    self.ctx.charge(all.len() / 32)?;
                    found.add("enum", place, |field| format!("{field} must be one of the following: {all}"));
                }
            }
        }
        if let Some(text) = value.as_bytes()
            && !node.format.is_empty()
            && !format::is(self.ctx, &node.format, text)?
        {
            found.add("format", place, |_| format!("Does not match format '{}'", node.format));
        }
        found.count();
        Ok(())
    }

    fn string(&mut self, node: &'s Node, text: &'a [u8], found: &mut Found, place: &Place<'_>) -> Done {
        if node.min_length.is_some() || node.max_length.is_some() {
            self.ctx.charge(text.len() / 32)?;
            let count = utf8::count(text);
            if let Some(min) = node.min_length.filter(|min| count < *min) {
                found.add("string_gte", place, |_| format!("String length must be greater than or equal to {min}"));
            }
            if let Some(max) = node.max_length.filter(|max| count > *max) {
                found.add("string_lte", place, |_| format!("String length must be less than or equal to {max}"));
            }
        }
        if let Some(pattern) = &node.pattern
            && !regex::is_match(self.ctx, pattern.as_bytes(), text)?
        {
            found.add("pattern", place, |_| format!("Does not match pattern '{pattern}'"));
        }
        found.count();
        Ok(())
    }

    fn numbers(&mut self, node: &'s Node, number: Option<&Ratio>, found: &mut Found, place: &Place<'_>) -> Done {
        let all = [&node.multiple_of, &node.maximum, &node.exclusive_maximum, &node.minimum, &node.exclusive_minimum];
        let Some(number) = number else {
            // OPA ends with a panic where it compares such a number.
            let asked = all.iter().any(|bound| bound.is_some());
            found.count();
            return if asked { Err(fail("invalid number: number too big")) } else { Ok(()) };
        };
        let mut refuse = |bound: &Option<Bound>, kind: &'static str, words: &str, broken: &dyn Fn(&Ratio) -> bool| {
            if let Some(bound) = bound.as_ref().filter(|bound| broken(&bound.ratio)) {
                found.add(kind, place, |_| format!("Must be {words} {}", bound.shown));
            }
        };
        let order = |bound: &Ratio| number.compare(bound);
        refuse(&node.multiple_of, "multiple_of", "a multiple of", &|bound| !number.is_multiple(bound));
        refuse(&node.maximum, "number_lte", "less than or equal to", &|bound| order(bound) == Ordering::Greater);
        refuse(&node.exclusive_maximum, "number_lt", "less than", &|bound| order(bound) != Ordering::Less);
        refuse(&node.minimum, "number_gte", "greater than or equal to", &|bound| order(bound) == Ordering::Less);
        refuse(&node.exclusive_minimum, "number_gt", "greater than", &|bound| order(bound) != Ordering::Greater);
        found.count();
        Ok(())
    }
}
