//! Documents nest, and what reads them recurses. The caller's stack bears little of it; what is deeper begins anew on a thread that has more.

use super::super::super::value::{Arena, Style, Value, unmarshal, write};
use super::super::operand::fail;
use super::super::{Caches, Context, Failure};
use super::Unread;
use super::error::Refusal;

/// So deep may parts be in each other, and fragments in fragments, on the caller's stack.
pub(super) const SHALLOW: usize = 16;

/// So deep on a thread of its own. OPA goes on until its stack ends.
pub(super) const MAX_DEPTH: usize = 200;

/// A debug build's frames are several times those of a release build.
const STACK: usize = if cfg!(debug_assertions) { 16 << 20 } else { 2 << 20 };

/// What a builtin does, as deep as it may.
type Work = for<'b> fn(&mut Context<'b>, &[Value<'b>], usize) -> Result<Value<'b>, Unread>;

#[cold]
pub(super) fn too_deep() -> Failure {
    fail(format!("GraphQL documents may not nest deeper than {MAX_DEPTH}"))
}

/// Does it here, or where there is room for it.
pub(super) fn run<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], work: Work) -> Result<Value<'a>, Unread> {
    match work(ctx, operands, SHALLOW) {
        Err(Unread::Refused(Refusal::TooDeep)) => beside(ctx, operands, work),
        done => done,
    }
}

/// On a thread of its own, in an arena of its own, with the caches, into which nothing goes there: to drop what is deep takes a stack, too.
#[cold]
fn beside<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>], work: Work) -> Result<Value<'a>, Unread> {
    ctx.reserve(1 << 14)?;
    let (budget, clock) = (ctx.budget.again(), ctx.clock);
    let mut caches = std::mem::take(&mut ctx.caches);
    caches.kept().graphql_schemas.close(true);
    let aside = move || {
        let arena = Arena::new();
        let mut ctx = Context::new(&arena, budget, clock, caches);
        let json = work(&mut ctx, operands, MAX_DEPTH).map(|value| {
            let mut json = Vec::new();
            write(&value, Style::PLAIN, &mut json);
            json
        });
        (json, ctx.caches)
    };
    let (json, mut caches) = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sark-graphql".to_owned()).stack_size(STACK).spawn_scoped(scope, aside);
        let joined = thread.ok().and_then(|thread| thread.join().ok());
        joined.unwrap_or_else(|| (Err(fail("no thread to read a deep GraphQL document on").into()), Caches::default()))
    });
    caches.kept().graphql_schemas.close(false);
    ctx.caches = caches;
    let json = json?;
    ctx.reserve(json.len() * 4)?;
    unmarshal(ctx.arena, ctx.arena.alloc_slice_copy(&json)).map_err(|problem| fail(problem).into())
}
