//! Queries: the stages that a body outside any module goes through (OPA's `queryCompiler`).

use super::visit;
use super::{
    Compiled, Contents, Context, Generator, SourceNames, called_builtin, dynamics, exprs, globals, locals, print_calls, problems,
    safety, templates, types, undefined_function, with,
};
use crate::rego::ast::Body;
use crate::rego::parser::Problem;

/// A compiled body, and the name that the query has for each local that got another.
pub(in crate::rego) type Query = (Body, SourceNames);

const STAGES: [fn(&mut Context<'_>, &mut Body); 10] = [
    |_, body| {
        let declared = globals::declared_in_body(body);
        globals::resolve_body(&globals::Globals::default(), &mut vec![declared], body);
    },
    locals::rewrite_query,
    |context, body| drop(templates::in_body(context, &safety::reserved(), body)),
    |context, body| {
        visit::walk(visit::Node::Body(body), &mut |node| {
            context.problems.extend(print_calls::void_call(node));
            false
        })
    },
    |context, body| {
        if context.print_statements {
            print_calls::rewrite_in_body(context, &safety::reserved(), body);
        } else {
            print_calls::erase_in_body(body);
        }
    },
    |context, body| exprs::expand_body(context.generator, body),
    |context, body| exprs::rewrite_comprehension_terms_in_body(context.generator, body),
    with::in_query,
    |context, body| {
        check_functions(context, body);
        if context.problems.is_empty() {
            safety::reorder(context, &safety::reserved(), body, "");
        }
    },
    |context, body| dynamics::rewrite_body(context.generator, body),
];

fn check_functions(context: &mut Context<'_>, body: &Body) {
    let mut found = Vec::new();
    visit::walk(visit::Node::Body(body), &mut |node| {
        if let visit::Node::Expr(expr) = node {
            found.extend(undefined_function(context, expr, called_builtin(expr)));
        }
        false
    });
    context.problems.append(&mut found);
}

/// Compiles a query against compiled modules.
pub(in crate::rego) fn compile(compiled: &Compiled, mut body: Body) -> Result<Query, Vec<Problem>> {
    let mut generator = Generator::new("q", std::iter::empty());
    let mut rewritten = SourceNames::default();
    let (mut problems, mut contents) = (Vec::new(), Contents::ANYTHING);
    for stage in STAGES {
        let mut context = Context {
            contents: &mut contents,
            generator: &mut generator,
            rewritten: &mut rewritten,
            problems: &mut problems,
            tree: &compiled.tree,
            print_statements: compiled.options.print_statements,
        };
        stage(&mut context, &mut body);
        if !problems.is_empty() {
            return Err(problems::limited(problems));
        }
    }
    problems = types::check_query(compiled, &rewritten, &generator.subjects, &body);
    if problems.is_empty() { Ok((body, rewritten)) } else { Err(problems::limited(problems)) }
}
