//! `strings.render_template`: Go's `text/template`, whose rules and errors these are. Data has no methods, and templates no functions but Go's own.

mod compare;
mod data;
mod escape;
mod execute;
mod functions;
mod lex;
mod literal;
mod node;
mod parse;

use std::sync::Arc;

use super::super::value::{Value, text, unmarshal};
use super::operand::{any, fail, object, string};
use super::{Context, Failure, Outcome, deep};
use data::Data;
pub(super) use node::Template;

/// A longer template is not kept.
const MAX_KEPT: usize = 1 << 16;

/// What a template has for a key that is not there, and what OPA makes of it.
const NO_VALUE: &[u8] = b"<no value>";
const UNDEFINED: &[u8] = b"<undefined>";

pub(super) fn render_template<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let template = string(operands, 1)?;
    object(operands, 2)?;
    // As OPA: the value's text, read as JSON. What is no JSON, such as a set, is no data.
    let json = text(&any(operands, 2));
    ctx.charge(json.len() / 16 + template.len() / 4)?;
    ctx.reserve(json.len().saturating_mul(13).saturating_add(template.len().saturating_mul(64)))?;
    let json = ctx.arena.alloc_slice_copy(json.as_bytes());
    let out = rendered(ctx, template, json)?;
    ctx.reserve(out.len().saturating_mul(2))?;
    Ok(Value::string(ctx.arena, replaced(&out)))
}

/// Here, or where there is a stack for it: a template recurses as deep as it nests, and as often as it calls others.
fn rendered<'a>(ctx: &mut Context<'a>, template: &[u8], json: &'a [u8]) -> Result<Vec<u8>, Failure> {
    let data = read(ctx, json)?;
    if let Some(compiled) = kept(ctx, template) {
        return execute::execute(ctx, &compiled, data);
    }
    let tokens = lex::tokens(template);
    if lex::is_deep(&tokens.0) {
        // Nothing of it is kept: freeing it recurses, too.
        return deep::run(ctx, |ctx| {
            let data = read(ctx, ctx.arena.alloc_slice_copy(json))?;
            let compiled = parse::parse(template, &tokens).map_err(fail)?;
            execute::execute(ctx, &compiled, data)
        });
    }
    let compiled = Arc::new(parse::parse(template, &tokens).map_err(fail)?);
    if template.len() <= MAX_KEPT {
        ctx.caches.kept().templates.put(template, Arc::clone(&compiled));
    }
    execute::execute(ctx, &compiled, data)
}

/// The template as it was compiled before: by this context, or with the policies.
fn kept(ctx: &mut Context<'_>, template: &[u8]) -> Option<Arc<Template>> {
    if let Some(compiled) = ctx.caches.kept().templates.get(template) {
        return Some(compiled);
    }
    let compiled = ctx.loaded?.template(template)?;
    ctx.caches.kept().templates.put(template, Arc::clone(&compiled));
    Some(compiled)
}

/// Compiles a template into the cache of this context.
pub(super) fn load(ctx: &mut Context<'_>, template: &[u8]) -> Result<(), Failure> {
    let tokens = lex::tokens(template);
    if template.len() <= MAX_KEPT && !lex::is_deep(&tokens.0) && kept(ctx, template).is_none() {
        let compiled = parse::parse(template, &tokens).map_err(fail)?;
        ctx.caches.kept().templates.put(template, Arc::new(compiled));
    }
    Ok(())
}

fn read<'a>(ctx: &Context<'a>, json: &'a [u8]) -> Result<Data<'a>, Failure> {
    Ok(Data::of(ctx, unmarshal(ctx.arena, json).map_err(fail)?))
}

fn replaced(out: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(out.len() + 16);
    let mut rest = out;
    while let Some(at) = memchr::memmem::find(rest, NO_VALUE) {
        let (before, after) = rest.split_at(at);
        text.extend_from_slice(before);
        text.extend_from_slice(UNDEFINED);
        rest = after.get(NO_VALUE.len()..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::super::super::budget::{Budget, Exceeded};
    use super::super::super::value::{Arena, Value, text, unmarshal};
    use super::super::{Caches, Clock, Context, Failure, lookup};

    fn render(template: &str, data: &str, deadline: Option<std::time::Duration>) -> Result<String, Failure> {
        let arena = Arena::new();
        let deadline = deadline.map(|time| std::time::Instant::now() + time);
        let mut ctx = Context::new(&arena, Budget::new(deadline, 1 << 26), Clock::fixed(0), Caches::default());
        let operands = [Value::string(&arena, template), unmarshal(&arena, data.as_bytes()).expect("it is JSON")];
        let render = lookup("strings.render_template").expect("a builtin");
        (render.function)(&mut ctx, &operands).map(|value| text(&value))
    }

    #[test]
    fn what_nests_takes_little_of_the_callers_stack() {
        let run = || {
            let shallow = format!("{}x{}", "{{if .a}}".repeat(8), "{{end}}".repeat(8));
            assert_eq!(render(&shallow, r#"{"a": 1}"#, None).as_deref(), Ok("\"x\""));
            let deep = format!("{}x{}", "{{range .a}}".repeat(150), "{{else}}y{{end}}".repeat(150));
            assert_eq!(render(&deep, r#"{"a": []}"#, None).as_deref(), Ok("\"y\""));
            let parens = format!("{{{{{}1{}}}}}", "(".repeat(8), ")".repeat(8));
            assert_eq!(render(&parens, "{}", None).as_deref(), Ok("\"1\""));
            for refused in [
                format!("{}x{}", "{{if .a}}".repeat(5000), "{{end}}".repeat(5000)),
                format!("{{{{{}1{}}}}}", "(".repeat(5000), ")".repeat(5000)),
                r#"{{define "t"}}{{template "t"}}{{end}}{{template "t"}}"#.to_owned(),
            ] {
                assert!(matches!(render(&refused, r#"{"a": 1}"#, None), Err(Failure::Builtin(_))), "{refused}");
            }
        };
        // A debug build's frames are several times those of a release build.
        let size = if cfg!(debug_assertions) { 256 << 10 } else { 64 << 10 };
        let thread = std::thread::Builder::new().stack_size(size).spawn(run);
        assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
    }

    #[test]
    fn loops_and_padding_are_bounded() {
        let soon = Some(std::time::Duration::from_millis(200));
        assert_eq!(render("{{range 1000000000000}}{{end}}", "{}", soon), Err(Failure::Exceeded(Exceeded::Deadline)));
        let padded = render("{{range 100000}}{{printf \"%100000d\" .}}{{end}}", "{}", None);
        assert_eq!(padded, Err(Failure::Exceeded(Exceeded::Memory)));
        let list = format!("{{\"a\": [{}1]}}", "1,".repeat(100_000));
        assert_eq!(render("{{printf \"%1000000v\" .a}}", &list, None), Err(Failure::Exceeded(Exceeded::Memory)));
    }
}
