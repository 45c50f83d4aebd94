//! To what an annotation applies: the statement below it.

use super::super::super::ast::{Annotation, Module, Scope, Span};
use super::super::Problem;
use super::problem;

/// What stands below an annotation.
#[derive(Clone, Copy)]
enum Below {
    Package,
    Import,
    Rule(usize),
}

impl Below {
    const fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Import => "import",
            Self::Rule(_) => "rule",
        }
    }
}

/// Gives a module its annotations, or says which of them apply to nothing (OPA's `attachAnnotationsNodes`).
pub(in super::super) fn attach(module: &mut Module, found: Vec<Annotation>) -> Vec<Problem> {
    if found.is_empty() {
        return Vec::new();
    }
    let statements = statements(module);
    let mut problems = Vec::new();
    for mut annotation in found {
        let below = statements.iter().find(|(span, _)| span.row > annotation.span.row).map(|(_, below)| *below);
        if annotation.scope == Scope::None {
            annotation.scope = implied(below, annotation.is_entrypoint);
        }
        if let Some(Below::Rule(number)) = below {
            annotation.rule = Some(number);
        }
        problems.extend(misplaced(&annotation, below));
        let is_document = matches!(annotation.scope, Scope::Document | Scope::Package);
        if annotation.is_entrypoint && !is_document {
            let scope = annotation.scope.name();
            let message = format!("annotation entrypoint applied to non-document or package scope '{scope}'");
            problems.push(problem(annotation.span, message));
        }
        module.annotations.push(annotation);
    }
    problems
}

/// The statements of a module, by row.
fn statements(module: &Module) -> Vec<(Span, Below)> {
    let mut statements = vec![(module.package.span, Below::Package)];
    statements.extend(module.imports.iter().map(|import| (import.span, Below::Import)));
    statements.extend(module.rules.iter().enumerate().map(|(number, rule)| (rule.span, Below::Rule(number))));
    statements.sort_by_key(|(span, _)| span.row);
    statements
}

/// The scope of an annotation that names none. That of an import is none, and serves the message.
fn implied(below: Option<Below>, is_entrypoint: bool) -> Scope {
    match below {
        Some(Below::Rule(_)) if is_entrypoint => Scope::Document,
        Some(Below::Rule(_)) => Scope::Rule,
        Some(Below::Package) => Scope::Package,
        Some(Below::Import) => Scope::of("import"),
        None => Scope::None,
    }
}

fn misplaced(annotation: &Annotation, below: Option<Below>) -> Option<Problem> {
    let scope = annotation.scope.name();
    let wanted = match annotation.scope {
        Scope::Rule | Scope::Document if matches!(below, Some(Below::Rule(_))) => return None,
        Scope::Package | Scope::Subpackages if matches!(below, Some(Below::Package)) => return None,
        Scope::Rule | Scope::Document => "rule",
        Scope::Package | Scope::Subpackages => "package",
        Scope::None | Scope::Other(_) => {
            let message =
                format!("invalid annotation scope '{scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'");
            return Some(problem(annotation.span, message));
        }
    };
    let have = below.map(|below| format!(" (have {})", below.name())).unwrap_or_default();
    Some(problem(annotation.span, format!("annotation scope '{scope}' must be applied to {wanted}{have}")))
}
