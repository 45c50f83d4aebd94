//! `rego.metadata.chain()` and `rego.metadata.rule()`: what they give is known when a rule is compiled, and stands in its body
//! (OPA's `rewriteRegoMetadataCalls`). A rule that calls neither stays as it is.

use super::super::tree::ground_prefix;
use super::super::visit::{self, Node, NodeMut};
use super::super::{Compiler, Contents, Generator, equality, full_reference, is_operator};
use super::{Annotated, AnnotationSet, term};
use crate::rego::ast::{Body, Expr, ExprKind, Name, Rule, Span, Term, TermKind};

const CHAIN: &str = "rego.metadata.chain";
const RULE: &str = "rego.metadata.rule";

pub(in super::super) fn rewrite_calls(compiler: &mut Compiler) {
    let mut rules = std::mem::take(&mut compiler.rules);
    let mut problems = Vec::new();
    let numbered = rules.iter_mut().zip(&compiler.contents).enumerate();
    for (number, (entry, _)) in numbered.filter(|(_, (_, contents))| contents.has(Contents::REGO)) {
        let package = &entry.package;
        // Annotations are above a rule, never above an `else`.
        let mut own = Some(number);
        let mut next = Some(&mut entry.rule);
        while let Some(rule) = next {
            let place = Place { set: &compiler.annotations, package, rule: own };
            if let Err(problem) = rewrite_rule(&mut compiler.generator, &place, rule) {
                problems.push(problem);
            }
            own = None;
            next = rule.otherwise.as_deref_mut();
        }
    }
    compiler.rules = rules;
    for (span, problem) in problems {
        compiler.report("rego_compile_error", span, problem);
    }
}

/// Where a rule is among annotations.
struct Place<'p> {
    set: &'p AnnotationSet,
    package: &'p [Term],
    rule: Option<usize>,
}

impl<'p> Place<'p> {
    fn own(&self) -> impl DoubleEndedIterator<Item = &'p Annotated> + use<'p> {
        let set = self.set;
        self.rule.into_iter().flat_map(|rule| set.of_rule(rule))
    }

    /// The rule's own annotations, the nearest first, or its path alone where there are none; then those of its document, its package and
    /// the packages around it.
    fn chain(&self, rule: &Rule) -> Result<Term, (Span, String)> {
        let reference = full_reference(self.package, &rule.head);
        let path = ground_prefix(&reference);
        let mut links = Vec::new();
        if self.own().next().is_none() {
            links.push(term::link(path, None)?);
        }
        let around = self.set.of_document(path).into_iter().chain(self.set.of_package(self.package));
        for found in self.own().rev().chain(around).chain(self.set.above(self.package)) {
            links.push(term::link(&found.path, Some(&found.annotation))?);
        }
        Ok(Term::new(TermKind::Array(links), Span::default()))
    }

    /// Of several annotations of a rule OPA takes the one that is farthest from it.
    fn primary(&self) -> Result<Term, (Span, String)> {
        match self.own().next() {
            Some(found) => term::of(&found.annotation),
            None => Ok(Term::new(TermKind::Object(Vec::new()), Span::default())),
        }
    }
}

/// The places of the first calls in a rule and its branches.
fn first_calls(rule: &Rule) -> (Option<Span>, Option<Span>) {
    let (mut chain, mut own) = (None, None);
    let mut next = Some(rule);
    while let Some(rule) = next {
        visit::walk_rule(rule, &mut |node| {
            if let Node::Expr(expr) = node {
                if is_call(expr, CHAIN) {
                    chain.get_or_insert(expr.span);
                } else if is_call(expr, RULE) {
                    own.get_or_insert(expr.span);
                }
            }
            false
        });
        next = rule.otherwise.as_deref();
    }
    (chain, own)
}

fn is_call(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, ExprKind::Call(terms) if terms.first().is_some_and(|operator| is_operator(operator, name)))
}

fn rewrite_rule(generator: &mut Generator, place: &Place<'_>, rule: &mut Rule) -> Result<(), (Span, String)> {
    let (chain, own) = first_calls(rule);
    let mut body = Body::new();
    let mut bind = |span: Span, value: Term| {
        let local: Name = generator.generate();
        let mut expr = equality(Term::var(local.clone(), span), Term::new(value.kind, span));
        expr.generated = true;
        body.push(expr);
        local
    };
    let chain = chain.map(|span| place.chain(rule).map(|value| bind(span, value))).transpose()?;
    let own = own.map(|span| place.primary().map(|value| bind(span, value))).transpose()?;
    if body.is_empty() {
        return Ok(());
    }
    body.append(&mut rule.body);
    rule.body = body;
    visit::walk_rule_mut(rule, &mut |node| {
        if let NodeMut::Body(body) = node {
            replace(body, chain.as_ref(), own.as_ref());
        }
        false
    });
    Ok(())
}

/// Each call becomes what it gives. What stood around it, such as `not` and `with`, is dropped, as in OPA.
fn replace(body: &mut Body, chain: Option<&Name>, own: Option<&Name>) {
    for expr in body {
        let local = [(CHAIN, chain), (RULE, own)].into_iter().find(|(name, _)| is_call(expr, name)).and_then(|(_, local)| local);
        let Some(local) = local else { continue };
        let value = Term::var(local.clone(), Span::default());
        let ExprKind::Call(terms) = &mut expr.kind else { continue };
        let output = terms.drain(1..).next();
        let span = expr.span;
        *expr = match output {
            Some(output) => equality(output, value),
            None => Expr::new(ExprKind::Term(value), span),
        };
        expr.generated = true;
        expr.span = span;
    }
}
