//! Work that recurses as deep as a schema or a template, on a stack of its own: the caller's may be small.

use super::super::budget::Exceeded;
use super::super::value::Arena;
use super::{Caches, Context, Failure};

/// The stack of such work.
const STACK: usize = 32 << 20;

/// So much of it may be taken.
pub(super) const MAX_STACK: usize = 24 << 20;

/// Runs with a context of its own, until the same deadline.
pub(super) fn run<T: Send>(
    ctx: &Context<'_>,
    work: impl FnOnce(&mut Context<'_>) -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    let (budget, clock) = (ctx.budget.again(), ctx.clock);
    std::thread::scope(|scope| {
        let body = move || {
            let arena = Arena::new();
            work(&mut Context::new(&arena, budget, clock, Caches::default()))
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, body);
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(Exceeded::Memory.into()))
    })
}
