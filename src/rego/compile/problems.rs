//! How problems are reported: as many at once as OPA reports, in its order.

use crate::rego::ast::Span;
use crate::rego::parser::Problem;

/// The most errors that are reported at once (OPA's `CompileErrorLimitDefault`).
pub(super) const MAX_ERRORS: usize = 10;

/// The first problems that were found, sorted by their places; where the limit was reached, that is the last one.
pub(super) fn in_order(mut found: Vec<Problem>) -> Vec<Problem> {
    found.truncate(MAX_ERRORS);
    found.sort_by(|a, b| place(a.span).cmp(&place(b.span)).then_with(|| (a.code, &a.message).cmp(&(b.code, &b.message))));
    if found.len() == MAX_ERRORS {
        found.push(limit_reached());
    }
    found
}

/// What has no place comes last.
const fn place(span: Span) -> (bool, u32, u32, u32) {
    (span.row == 0, span.module, span.row, span.col)
}

/// The first problems of a query, in the order in which they were found.
pub(super) fn limited(mut found: Vec<Problem>) -> Vec<Problem> {
    if found.len() > MAX_ERRORS {
        found.truncate(MAX_ERRORS);
        found.push(limit_reached());
    }
    found
}

fn limit_reached() -> Problem {
    Problem::new("rego_compile_error", Span::default(), "error limit reached")
}
