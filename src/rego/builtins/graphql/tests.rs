#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

//! What OPA cannot show: limits, budgets, and the cache.

use std::time::{Duration, Instant};

use super::super::super::budget::{Budget, Exceeded};
use super::super::super::value::{Arena, Value};
use super::super::{Caches, Clock, Context, Failure, lookup};
use super::stack::{MAX_DEPTH, SHALLOW};
use super::{cache, parser};

const SCHEMA: &str = "type Query { a(x: X): Query b: Query } scalar X";

fn call_with(ctx: &mut Context<'_>, name: &str, operands: &[&str]) -> Result<bool, Failure> {
    let operands: Vec<Value<'_>> = operands.iter().map(|text| Value::string(ctx.arena, text)).collect();
    let value = (lookup(name).expect("a builtin").function)(ctx, &operands)?;
    Ok(!matches!(value, Value::Bool(false)))
}

fn call(name: &str, operands: &[&str], budget: Budget) -> Result<bool, Failure> {
    let arena = Arena::new();
    call_with(&mut Context::new(&arena, budget, Clock::fixed(0), Caches::default()), name, operands)
}

const fn unbounded() -> Budget {
    Budget::new(None, 1 << 30)
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + inner + &close.repeat(depth)
}

fn too_deep(outcome: &Result<bool, Failure>) -> bool {
    matches!(outcome, Err(Failure::Builtin(problem)) if problem.contains("nest deeper"))
}

#[test]
fn documents_nest_to_a_limit_and_no_deeper() {
    let query = |depth| nested("{a", "{__typename}", "}", depth);
    assert_eq!(call("graphql.is_valid", &[&query(MAX_DEPTH - 1), SCHEMA], unbounded()), Ok(true));
    assert!(too_deep(&call("graphql.is_valid", &[&query(MAX_DEPTH), SCHEMA], unbounded())));
    assert!(too_deep(&call("graphql.parse_query", &[&query(100_000)], unbounded())));
    let list = |depth| format!("{{a(x:{}){{__typename}}}}", nested("[", "", "]", depth));
    assert_eq!(call("graphql.is_valid", &[&list(MAX_DEPTH - 1), SCHEMA], unbounded()), Ok(true));
    assert!(too_deep(&call("graphql.is_valid", &[&list(100_000), SCHEMA], unbounded())));
    let kind = |depth| format!("type Query {{a: {}}}", nested("[", "Int", "]", depth));
    assert_eq!(call("graphql.schema_is_valid", &[&kind(MAX_DEPTH)], unbounded()), Ok(true));
    assert!(too_deep(&call("graphql.schema_is_valid", &[&kind(100_000)], unbounded())));
}

#[test]
fn fields_are_compared_to_a_limit() {
    let side = nested("a{", "__typename", "}", MAX_DEPTH / 2);
    let query = format!("{{{side} {side}}}");
    // Each level is compared with its other side: half the depth, twice.
    let outcome = call("graphql.is_valid", &[&query, SCHEMA], unbounded());
    assert!(outcome == Ok(true) || too_deep(&outcome), "{outcome:?}");
}

/// Everything that may nest, so deep.
fn nesting(depth: usize) -> [(String, String); 6] {
    let schema = SCHEMA.to_owned();
    let chain =
        |start: &str, link: &dyn Fn(usize) -> String| (0..depth).fold(start.to_owned(), |text, at| text + " " + &link(at));
    let side = nested("a{", "__typename", "}", depth / 2);
    let fragments = chain("{...F0}", &|at| format!("fragment F{at} on Query {{...F{}}}", at + 1));
    let inputs = chain(SCHEMA, &|at| format!("input I{at} {{ i: I{}! }}", at + 1));
    [
        (nested("{a", "{__typename}", "}", depth - 1), schema.clone()),
        (format!("{{{}}}", nested("b{...{", "__typename", "}}", depth / 2 - 1)), schema.clone()),
        (format!("{{{side} {side}}}"), schema.clone()),
        (format!("{{a(x:{}){{__typename}}}}", nested("[{x:", "1", "}]", depth / 2 - 1)), schema.clone()),
        (format!("{fragments} fragment F{depth} on Query {{b{{__typename}}}}"), schema),
        ("{b{__typename}}".to_owned(), format!("{inputs} input I{depth} {{ i: {} }}", nested("[", "Int", "]", depth - 2))),
    ]
}

#[test]
fn a_small_stack_bears_what_nests() {
    let run = || {
        for (query, schema) in
            [1, 2, 3, 100].into_iter().flat_map(|part| nesting(2 * MAX_DEPTH / part.max(2))).chain(nesting(SHALLOW))
        {
            for name in ["graphql.is_valid", "graphql.parse", "graphql.parse_and_verify"] {
                let outcome = call(name, &[&query, &schema], unbounded());
                assert!(outcome == Ok(true) || too_deep(&outcome), "{query}, {schema}: {outcome:?}");
            }
        }
    };
    // A debug build's frames are several times those of a release build.
    let size = if cfg!(debug_assertions) { 1 << 19 } else { 64 << 10 };
    let thread = std::thread::Builder::new().stack_size(size).spawn(run);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

/// Each fragment spreads the next one twice, so that the last is come to 2^60 times.
fn exponential() -> String {
    let mut query = "{ __schema { ...F0 } }".to_owned();
    for at in 0..60 {
        query += &format!(" fragment F{at} on __Schema {{ ...F{next} ... on __Schema {{ ...F{next} }} }}", next = at + 1);
    }
    query + " fragment F60 on __Schema { description }"
}

#[test]
fn a_validation_may_do_so_much() {
    let outcome = call("graphql.is_valid", &[&exponential(), SCHEMA], unbounded());
    assert!(matches!(&outcome, Err(Failure::Builtin(problem)) if problem.contains("too long")), "{outcome:?}");
}

#[test]
fn the_budget_ends_it_sooner() {
    let started = Instant::now();
    let budget = Budget::new(Some(started + Duration::from_millis(5)), 1 << 30);
    assert_eq!(call("graphql.is_valid", &[&exponential(), SCHEMA], budget), Err(Failure::Exceeded(Exceeded::Deadline)));
    let wide = format!("{{{}}}", "a ".repeat(100_000));
    let tight = Budget::new(None, 1 << 20);
    assert_eq!(call("graphql.parse_query", &[&wide], tight), Err(Failure::Exceeded(Exceeded::Memory)));
}

#[test]
fn schemas_are_kept_while_they_are_few_and_short() {
    let arena = Arena::new();
    let mut ctx = Context::new(&arena, unbounded(), Clock::fixed(0), Caches::default());
    let schema = |at| format!("type Query {{ a{at}: Int }}");
    for at in 0..20 {
        assert_eq!(call_with(&mut ctx, "graphql.schema_is_valid", &[&schema(at)]), Ok(true));
        // It was used in between, so that it stays.
        assert_eq!(call_with(&mut ctx, "graphql.is_valid", &["{a0}", &schema(0)]), Ok(true));
    }
    let mut kept = |text: &str| ctx.caches.kept().graphql_schemas.schema(&cache::Key::Text(text.as_bytes())).is_some();
    assert_eq!((0..20).filter(|at| kept(&schema(*at))).collect::<Vec<_>>(), [0, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    // What is deep finds them, and is not kept.
    assert!(too_deep(&call_with(&mut ctx, "graphql.is_valid", &[&nested("{a", "", "}", MAX_DEPTH + 1), &schema(0)])));
    assert_eq!(call_with(&mut ctx, "graphql.is_valid", &[&nested("{a", "{b}", "}", MAX_DEPTH - 1), &schema(0)]), Ok(false));
    let deep = format!("type Query {{ a: {} }}", nested("[", "Int", "]", MAX_DEPTH));
    assert_eq!(call_with(&mut ctx, "graphql.schema_is_valid", &[&deep]), Ok(true));
    let mut kept = |text: &str| ctx.caches.kept().graphql_schemas.schema(&cache::Key::Text(text.as_bytes())).is_some();
    assert!(kept(&schema(0)) && kept(&schema(19)) && !kept(&deep));
    let long = format!("{}{}", schema(0), " ".repeat(2 << 20));
    assert_eq!(call_with(&mut ctx, "graphql.schema_is_valid", &[&long]), Ok(true));
    assert!(ctx.caches.kept().graphql_schemas.schema(&cache::Key::Text(long.as_bytes())).is_none());
}

#[test]
fn what_every_schema_has_can_be_read() {
    let document = parser::built_in(include_bytes!("prelude.graphql"));
    assert_eq!((document.definitions.len(), document.directives.len()), (13, 6));
}
