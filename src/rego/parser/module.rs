//! From statements to a module, and what v1 requires of its rules.

use super::super::RegoVersion;
use super::super::ast::{Annotation, Body, ExprKind, Import, Module, Package, Rule, Span, Term};
use super::imports::is_keyword;
use super::rule::Written;
use super::rule_of_body::rule_of;
use super::state::Parser;
use super::statement::Statement;
use super::{Problem, annotations};

/// Puts a module together. What is wrong with annotations comes after what is wrong with statements.
pub(super) fn assemble(
    parser: Parser<'_>,
    statements: Result<Vec<Statement>, Vec<Problem>>,
    annotations: (Vec<Annotation>, Vec<Problem>),
) -> Result<Module, Vec<Problem>> {
    let (annotations, mut wrong) = annotations;
    let statements = match statements {
        Ok(statements) if wrong.is_empty() => statements,
        Ok(_) => return Err(wrong),
        Err(mut problems) => {
            problems.append(&mut wrong);
            return Err(problems);
        }
    };
    let mut problems = Vec::new();
    // What follows each statement may say why it is none.
    let heads: Vec<_> = statements.iter().map(statement_head).chain([(0, None)]).collect();
    let mut statements = statements.into_iter();
    let package = match statements.next() {
        None => {
            let first = annotations.first().map(|annotation| Problem::parse(annotation.span, "package expected"));
            return Err(vec![first.unwrap_or_else(|| Problem::parse(parser.begin(), "empty module"))]);
        }
        Some(Statement::Package(package)) => package,
        Some(other) => {
            problems.push(Problem::parse(place(&other), "package expected"));
            Package { path: Vec::new(), span: Span::default() }
        }
    };
    let mut module = Module {
        package,
        imports: Vec::new(),
        rules: Vec::with_capacity(statements.len()),
        comments: parser.tokens.comments,
        annotations: Vec::new(),
        version: parser.version,
        not_bodies: parser.not_bodies,
        is_part: false,
    };
    let mut written = Vec::with_capacity(statements.len());
    for (at, statement) in statements.enumerate() {
        match statement {
            Statement::Package(package) => problems.push(Problem::parse(package.span, "unexpected package")),
            Statement::Import(import) => {
                module.version = raised(module.version, &import);
                module.imports.push(import);
            }
            Statement::Rule(rule, how) => {
                module.rules.push(rule);
                written.push(how);
            }
            Statement::Body(body) => match rule_of_statement(body, module.version, heads.get(at + 1..).unwrap_or_default()) {
                Ok(rule) => {
                    module.rules.push(rule);
                    written.push(vec![Written { no_body: true, ..Written::default() }]);
                }
                Err(problem) => problems.push(problem),
            },
        }
    }
    if module.version != RegoVersion::V0 {
        module.rules.iter().zip(&written).for_each(|(rule, how)| check_v1(rule, how, &mut problems));
    }
    if problems.is_empty() {
        problems = annotations::attach(&mut module, annotations);
    }
    if problems.is_empty() { Ok(module) } else { Err(problems) }
}

fn rule_of_statement(body: Body, version: RegoVersion, heads: &[(u32, Option<&'static str>)]) -> Result<Rule, Problem> {
    let span = body.first().map_or_else(Span::default, |expr| expr.span);
    rule_of(body).map_err(|mut message| {
        if version == RegoVersion::V0
            && let Some((keyword, example)) = missing_keyword(heads)
        {
            message = format!("{message} (hint: `import future.keywords.{keyword}` for `{example}` rules)");
        }
        Problem::parse(span, message)
    })
}

/// Without its import `if` or `contains` is a variable: `p if { … }` is read as the expression `p` and a rule named `if`.
fn missing_keyword(heads: &[(u32, Option<&'static str>)]) -> Option<(&'static str, &'static str)> {
    let (row, keyword) = *heads.first()?;
    let next = heads.get(1).filter(|(next, _)| *next == row).and_then(|(_, keyword)| *keyword);
    match keyword.or(next)? {
        "if" => Some(("if", "p if { ... }")),
        _ => Some(("contains", "p contains x")),
    }
}

/// A statement's row, and `if` or `contains` where it is only that.
fn statement_head(statement: &Statement) -> (u32, Option<&'static str>) {
    let keyword = |name: &str| match name {
        "if" => Some("if"),
        "contains" => Some("contains"),
        _ => None,
    };
    let found = match statement {
        Statement::Rule(rule, _) => keyword(&rule.head.name),
        Statement::Body(body) => match body.as_slice() {
            [expr] => match &expr.kind {
                ExprKind::Term(term) => term.as_var().and_then(|name| keyword(name)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    (place(statement).row, found)
}

fn place(statement: &Statement) -> Span {
    match statement {
        Statement::Package(package) => package.span,
        Statement::Import(import) => import.span,
        Statement::Rule(rule, _) => rule.span,
        Statement::Body(body) => body.first().map_or_else(Span::default, |expr| expr.span),
    }
}

/// The version after an import.
fn raised(version: RegoVersion, import: &Import) -> RegoVersion {
    let parts = import.path.as_ref_parts().unwrap_or_default();
    let [root, name] = parts else { return version };
    if root.as_var().is_none_or(|root| &**root != "rego") {
        return version;
    }
    match (name.as_str().map(|name| &**name), version) {
        (Some("v1"), RegoVersion::V0) => RegoVersion::V1,
        (Some("v2"), _) => RegoVersion::V2,
        _ => version,
    }
}

/// What v1 requires of a rule and its `else` branches.
fn check_v1(rule: &Rule, written: &[Written], problems: &mut Vec<Problem>) {
    let mut next = Some(rule);
    for how in written {
        let Some(rule) = next else { return };
        check_rule_v1(rule, *how, problems);
        next = rule.otherwise.as_deref();
    }
}

fn check_rule_v1(rule: &Rule, how: Written, problems: &mut Vec<Problem>) {
    let head = &rule.head;
    let sort = if head.args.is_empty() { "rule" } else { "function" };
    let mut refuse = |message: String| problems.push(Problem::parse(rule.span, message));
    if head.reference.len() < 2 && is_keyword(&head.name, RegoVersion::V1) {
        refuse(format!("{} keyword cannot be used for rule name", head.name));
    }
    if how.no_body && head.generated_value {
        refuse(format!("{sort} must have value assignment and/or body declaration"));
    }
    if !how.no_body && !how.has_if && !rule.is_default {
        refuse(format!("`if` keyword is required before {sort} body"));
    }
    if head.value.is_none() && head.key.as_ref().is_some_and(|_: &Term| true) && !how.has_contains {
        refuse("`contains` keyword is required for partial set rules".into());
    }
}
