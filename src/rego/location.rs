//! Places in sources, and problems with them, as callers get them.

use super::parser::Problem;
use super::{Module, ast};
use crate::error::{Error, ErrorKind, Finding, Location};

/// What does not compile, as an error for the caller.
pub(super) fn compilation_error(problems: &[Problem], modules: &[Module]) -> Error {
    let findings = problems
        .iter()
        .map(|p| Finding {
            code: p.code,
            message: p.message.clone(),
            location: location(p.span, modules),
            details: p.details.clone(),
        })
        .collect();
    Error::from_findings(ErrorKind::CompilationError, findings)
}

/// Where a node stands; `None` for one that is in no module, or has no row.
pub(super) fn location(span: ast::Span, modules: &[Module]) -> Option<Location> {
    location_in_module(span, modules).filter(|location| location.row > 0)
}

fn location_in_module(span: ast::Span, modules: &[Module]) -> Option<Location> {
    let module = modules.get(span.module as usize)?;
    let line = (span.row as usize).checked_sub(1).and_then(|row| module.source.lines().nth(row)).unwrap_or_default().to_owned();
    Some(Location { file: module.name.to_string(), row: span.row, col: span.col, line })
}

/// What does not parse is always of one module, though it may have no row: an empty one.
pub(super) fn parse_error(problems: Vec<Problem>, modules: &[Module]) -> Error {
    let finding = |p: Problem| Finding {
        code: p.code,
        message: p.message,
        location: location_in_module(p.span, modules),
        details: p.details,
    };
    Error::from_findings(ErrorKind::CompilationError, problems.into_iter().map(finding).collect())
}
