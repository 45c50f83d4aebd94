//! Rules that are written as expressions: `p := 1`, `p[x]`, `f(x) = 2`.

use super::super::ast::{Expr, ExprKind, Head, Name, Rule, Span, Term, TermKind};
use super::super::print;
use super::builtin_names::is_builtin;
use super::rule::{new_name, true_body};

/// Why an expression is no rule.
type Refusal = String;

/// The rule that a body of one expression is.
pub(super) fn rule_of(body: Vec<Expr>) -> Result<Rule, Refusal> {
    let mut exprs = body.into_iter();
    match (exprs.next(), exprs.next()) {
        (Some(expr), None) => of_expr(expr),
        _ => Err("multiple expressions cannot be used for rule head".into()),
    }
}

fn of_expr(expr: Expr) -> Result<Rule, Refusal> {
    if !expr.with.is_empty() {
        return Err("expressions using with keyword cannot be used for rule head".into());
    }
    if expr.negated {
        return Err("negated expressions cannot be used for rule head".into());
    }
    match expr.kind {
        ExprKind::Some(_) => Err("'some' declarations cannot be used for rule head".into()),
        ExprKind::Term(term) => of_term(term),
        ExprKind::Call(terms) => {
            let assign = print::is_global(&terms, "assign");
            if assign || print::is_global(&terms, "eq") {
                let mut rule = of_equality(terms, expr.span)?;
                rule.head.assign = assign;
                return Ok(rule);
            }
            if print::operator(&terms).is_some_and(|name| is_builtin(&name)) {
                return Err("rule name conflicts with built-in function".into());
            }
            of_call(terms)
        }
        _ => Err("expression cannot be used for rule head".into()),
    }
}

/// A head without key and value.
fn head(reference: Vec<Term>, span: Span) -> Head {
    Head {
        name: new_name(&reference),
        reference,
        args: Vec::new(),
        key: None,
        value: None,
        assign: false,
        generated_value: false,
        span,
    }
}

fn rule(head: Head, span: Span, body: Span) -> Rule {
    Rule { head, body: true_body(body), otherwise: None, is_default: false, span }
}

/// The name that a reference begins with.
fn name_of(parts: &[Term]) -> Result<Name, Refusal> {
    let name = parts.first().and_then(Term::as_var).cloned();
    name.ok_or_else(|| format!("invalid rule head: {}", print::reference(parts)))
}

/// `p[x]`, `p.q.r`.
fn of_term(term: Term) -> Result<Rule, Refusal> {
    let sort = term.kind.name();
    let span = term.span;
    let TermKind::Ref(mut parts) = term.kind else { return Err(format!("{sort} cannot be used for rule name")) };
    if parts.len() == 1 {
        return Err(format!("{sort}s cannot be used for rule head"));
    }
    name_of(&parts)?;
    let mut head = if parts.len() == 2 {
        let key = parts.pop();
        Head { key, ..head(parts, span) }
    } else {
        let value = Some(Term::new(TermKind::Bool(true), span));
        Head { value, generated_value: true, ..head(parts, span) }
    };
    head.span = span;
    Ok(rule(head, span, span))
}

/// `p = 1`, `p[x] := 1`, `f(x) := 1`.
fn of_equality(terms: Vec<Term>, span: Span) -> Result<Rule, Refusal> {
    let mut operands = terms.into_iter().skip(1);
    let (Some(left), Some(right)) = (operands.next(), operands.next()) else {
        return Err("assignment requires two operands".into());
    };
    let body = right.span;
    let sort = left.kind.name();
    let mut head = match left.kind {
        TermKind::Call(terms) => function(terms).ok_or_else(|| format!("{sort} cannot be used for rule name"))?,
        TermKind::Ref(parts) => {
            let name = name_of(&parts)?;
            let key = if parts.len() == 2 { parts.get(1).cloned() } else { None };
            let mut head = head(parts, span);
            if key.is_some() {
                head.name = name;
            }
            Head { key, ..head }
        }
        TermKind::Var(name) => head(vec![Term::new(TermKind::Var(name), left.span)], span),
        _ => return Err(format!("{sort} cannot be used for rule name")),
    };
    head.value = Some(right);
    head.span = span;
    Ok(rule(head, span, body))
}

/// The head of a function, by a call's terms.
fn function(terms: Vec<Term>) -> Option<Head> {
    let mut terms = terms.into_iter();
    let operator = terms.next()?;
    let span = operator.span;
    let TermKind::Ref(parts) = operator.kind else { return None };
    name_of(&parts).ok()?;
    Some(Head { args: terms.collect(), ..head(parts, span) })
}

/// `f(x)`: a function that is true.
fn of_call(terms: Vec<Term>) -> Result<Rule, Refusal> {
    if terms.len() <= 1 {
        return Err("rule argument list must take at least one argument".into());
    }
    let invalid = format!("invalid rule head: {}", print::operator(&terms).unwrap_or_default());
    let head = function(terms).ok_or(invalid)?;
    let span = head.span;
    let value = Some(Term::new(TermKind::Bool(true), span));
    Ok(rule(Head { value, ..head }, span, span))
}
