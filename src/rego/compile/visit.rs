//! Walking syntax trees, and collecting the variables in them (OPA's `v1/ast/visit.go`).

use crate::rego::ast::{Body, Expr, ExprKind, Head, Logical, Rule, TemplatePart, Term, TermKind, With};

pub(super) use super::var_set::VarSet;

/// The number of arguments of a function or builtin; `None` for what is neither.
pub(super) type Arity<'f> = &'f dyn Fn(&[Term]) -> Option<usize>;

/// What collecting variables leaves out.
#[derive(Clone, Copy, Default)]
pub(super) struct Skip<'f> {
    pub(super) ref_head: bool,
    pub(super) object_keys: bool,
    pub(super) closures: bool,
    pub(super) sets: bool,
    pub(super) ref_call_head: bool,
    pub(super) templates: bool,
    /// Variables of implicit `not`, `and`, `or` bodies that something outside must bind are collected, others left out.
    pub(super) implicit_bodies: Option<Arity<'f>>,
}

impl<'f> Skip<'f> {
    /// OPA's `SafetyCheckVisitorParams`.
    pub(super) const SAFETY: Self = Self {
        ref_head: false,
        object_keys: false,
        closures: true,
        sets: false,
        ref_call_head: true,
        templates: false,
        implicit_bodies: None,
    };

    /// OPA's `SafetyCheckVisitorParamsWithArity`.
    pub(super) const fn safety_with(arity: Arity<'f>) -> Self {
        Self { implicit_bodies: Some(arity), ..Self::SAFETY }
    }

    /// What a pattern binds.
    pub(super) const PATTERN: Self = Self {
        ref_head: true,
        object_keys: true,
        closures: true,
        sets: false,
        ref_call_head: false,
        templates: false,
        implicit_bodies: None,
    };

    /// What the output operands of a call bind.
    pub(super) const OUTPUT: Self = Self { sets: true, ..Self::PATTERN };
}

/// Whether the compiler made this name.
pub(in crate::rego) fn is_generated(name: &str) -> bool {
    name.starts_with("__local")
}

/// Whether the name stands for `_`.
pub(super) fn is_wildcard(name: &str) -> bool {
    name.starts_with('$')
}

pub(super) fn body_vars(body: &[Expr], skip: Skip<'_>) -> VarSet {
    let mut vars = VarSet::new();
    collect_body(body, skip, &mut vars);
    vars
}

pub(super) fn expr_vars(expr: &Expr, skip: Skip<'_>) -> VarSet {
    let mut vars = VarSet::new();
    collect_expr(expr, skip, &mut vars);
    vars
}

pub(super) fn term_vars(term: &Term, skip: Skip<'_>) -> VarSet {
    let mut vars = VarSet::new();
    collect_term(term, skip, &mut vars);
    vars
}

pub(super) fn collect_body(body: &[Expr], skip: Skip<'_>, vars: &mut VarSet) {
    for expr in body {
        collect_expr(expr, skip, vars);
    }
}

pub(super) fn collect_expr(expr: &Expr, skip: Skip<'_>, vars: &mut VarSet) {
    match &expr.kind {
        ExprKind::Every(every) => {
            if skip.closures {
                collect_term(&every.domain, skip, vars);
                return;
            }
            every.key.iter().for_each(|key| collect_term(key, skip, vars));
            collect_term(&every.value, skip, vars);
            collect_term(&every.domain, skip, vars);
            collect_body(&every.body, skip, vars);
        }
        ExprKind::Not(not) => match skip.implicit_bodies {
            Some(arity) if !not.explicit_body => vars.extend(super::safety::unsafe_implicit_body_vars(&not.body, arity)),
            None if !skip.closures => collect_body(&not.body, skip, vars),
            _ => {}
        },
        ExprKind::And(logical) | ExprKind::Or(logical) => collect_logical(logical, skip, vars),
        ExprKind::Call(terms) if skip.ref_call_head => collect_call(terms, skip, vars),
        ExprKind::Call(terms) | ExprKind::Some(terms) => collect_terms(terms, skip, vars),
        ExprKind::Term(term) => collect_term(term, skip, vars),
    }
    for with in &expr.with {
        collect_with(with, skip, vars);
    }
}

fn collect_logical(logical: &Logical, skip: Skip<'_>, vars: &mut VarSet) {
    for (body, explicit) in [(&logical.left, logical.explicit_left), (&logical.right, logical.explicit_right)] {
        match skip.implicit_bodies {
            Some(arity) if !explicit => vars.extend(super::safety::unsafe_implicit_body_vars(body, arity)),
            None if !skip.closures => collect_body(body, skip, vars),
            _ => {}
        }
    }
}

/// The operator's first name is a function's, not a variable.
fn collect_call(terms: &[Term], skip: Skip<'_>, vars: &mut VarSet) {
    if let Some((operator, operands)) = terms.split_first() {
        collect_terms(tail(operator), skip, vars);
        collect_terms(operands, skip, vars);
    }
}

/// The parts of a reference after its head; nothing for another term.
pub(super) fn tail(term: &Term) -> &[Term] {
    term.as_ref_parts().and_then(|parts| parts.get(1..)).unwrap_or_default()
}

pub(super) fn collect_with(with: &With, skip: Skip<'_>, vars: &mut VarSet) {
    if !skip.ref_call_head {
        collect_term(&with.target, skip, vars);
        collect_term(&with.value, skip, vars);
        return;
    }
    collect_terms(tail(&with.target), skip, vars);
    if with.value.as_ref_parts().is_some() {
        collect_terms(tail(&with.value), skip, vars);
    } else {
        collect_term(&with.value, skip, vars);
    }
}

pub(super) fn collect_terms(terms: &[Term], skip: Skip<'_>, vars: &mut VarSet) {
    for term in terms {
        collect_term(term, skip, vars);
    }
}

pub(super) fn collect_term(term: &Term, skip: Skip<'_>, vars: &mut VarSet) {
    match &term.kind {
        TermKind::Var(name) => {
            vars.insert(name.clone());
        }
        TermKind::Ref(parts) if skip.ref_head => collect_terms(parts.get(1..).unwrap_or_default(), skip, vars),
        TermKind::Set(_) if skip.sets => {}
        TermKind::Ref(parts) | TermKind::Array(parts) | TermKind::Set(parts) => collect_terms(parts, skip, vars),
        TermKind::Object(entries) => {
            for (key, value) in entries {
                if !skip.object_keys {
                    collect_term(key, skip, vars);
                }
                collect_term(value, skip, vars);
            }
        }
        TermKind::Call(terms) if skip.ref_call_head => collect_call(terms, skip, vars),
        TermKind::Call(terms) => collect_terms(terms, skip, vars),
        TermKind::Template(_) if skip.closures || skip.templates => {}
        TermKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Expr(expr) = part {
                    collect_expr(expr, skip, vars);
                }
            }
        }
        TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) if skip.closures => {}
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            collect_term(&c.0, skip, vars);
            collect_body(&c.1, skip, vars);
        }
        TermKind::ObjectComprehension(c) => {
            collect_term(&c.0, skip, vars);
            collect_term(&c.1, skip, vars);
            collect_body(&c.2, skip, vars);
        }
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) => {}
    }
}

/// The variables of a head: reference, arguments and value (its key is the reference's last part, or was rewritten from it).
pub(super) fn head_vars(head: &Head) -> VarSet {
    let mut vars = VarSet::new();
    collect_terms(head.reference.get(1..).unwrap_or_default(), Skip::default(), &mut vars);
    collect_terms(&head.args, Skip::default(), &mut vars);
    head.key.iter().chain(&head.value).for_each(|term| collect_term(term, Skip::default(), &mut vars));
    vars
}

/// A node that is visited and may be changed. Who walks is called on each before its children; `true` leaves the children out.
pub(super) enum NodeMut<'n> {
    Body(&'n mut Body),
    Expr(&'n mut Expr),
    With,
    Term(&'n mut Term),
}

pub(super) fn walk_rule_mut<V: FnMut(NodeMut<'_>) -> bool>(rule: &mut Rule, visit: &mut V) {
    walk_head_mut(&mut rule.head, visit);
    walk_body_mut(&mut rule.body, visit);
}

pub(super) fn walk_head_mut<V: FnMut(NodeMut<'_>) -> bool>(head: &mut Head, visit: &mut V) {
    for term in head.reference.iter_mut().skip(1).chain(&mut head.args).chain(&mut head.key).chain(&mut head.value) {
        walk_term_mut(term, visit);
    }
}

pub(super) fn walk_body_mut<V: FnMut(NodeMut<'_>) -> bool>(body: &mut Body, visit: &mut V) {
    if visit(NodeMut::Body(body)) {
        return;
    }
    for expr in body {
        walk_expr_mut(expr, visit);
    }
}

pub(super) fn walk_expr_mut<V: FnMut(NodeMut<'_>) -> bool>(expr: &mut Expr, visit: &mut V) {
    if visit(NodeMut::Expr(expr)) {
        return;
    }
    match &mut expr.kind {
        ExprKind::Term(term) => walk_term_mut(term, visit),
        ExprKind::Call(terms) | ExprKind::Some(terms) => walk_terms_mut(terms, visit),
        ExprKind::Every(every) => {
            every.key.iter_mut().for_each(|key| walk_term_mut(key, visit));
            walk_term_mut(&mut every.value, visit);
            walk_term_mut(&mut every.domain, visit);
            walk_body_mut(&mut every.body, visit);
        }
        ExprKind::Not(not) => walk_body_mut(&mut not.body, visit),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            walk_body_mut(&mut logical.left, visit);
            walk_body_mut(&mut logical.right, visit);
        }
    }
    for with in &mut expr.with {
        walk_with_mut(with, visit);
    }
}

fn walk_with_mut<V: FnMut(NodeMut<'_>) -> bool>(with: &mut With, visit: &mut V) {
    if !visit(NodeMut::With) {
        walk_term_mut(&mut with.target, visit);
        walk_term_mut(&mut with.value, visit);
    }
}

pub(super) fn walk_terms_mut<V: FnMut(NodeMut<'_>) -> bool>(terms: &mut [Term], visit: &mut V) {
    for term in terms {
        walk_term_mut(term, visit);
    }
}

pub(super) fn walk_term_mut<V: FnMut(NodeMut<'_>) -> bool>(term: &mut Term, visit: &mut V) {
    if visit(NodeMut::Term(term)) {
        return;
    }
    match &mut term.kind {
        TermKind::Ref(terms) | TermKind::Array(terms) | TermKind::Set(terms) | TermKind::Call(terms) => {
            walk_terms_mut(terms, visit)
        }
        TermKind::Object(entries) => {
            for (key, value) in entries {
                walk_term_mut(key, visit);
                walk_term_mut(value, visit);
            }
        }
        TermKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Expr(expr) = part {
                    walk_expr_mut(expr, visit);
                }
            }
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            walk_term_mut(&mut c.0, visit);
            walk_body_mut(&mut c.1, visit);
        }
        TermKind::ObjectComprehension(c) => {
            walk_term_mut(&mut c.0, visit);
            walk_term_mut(&mut c.1, visit);
            walk_body_mut(&mut c.2, visit);
        }
        _ => {}
    }
}

/// A node that is visited. Who walks is called on each before its children; `true` leaves the children out.
#[derive(Clone, Copy)]
pub(super) enum Node<'n> {
    Body(&'n [Expr]),
    Expr(&'n Expr),
    With(&'n With),
    Term(&'n Term),
}

pub(super) fn walk_rule<'n, V: FnMut(Node<'n>) -> bool>(rule: &'n Rule, visit: &mut V) {
    walk_head(&rule.head, visit);
    walk(Node::Body(&rule.body), visit);
}

pub(super) fn walk_head<'n, V: FnMut(Node<'n>) -> bool>(head: &'n Head, visit: &mut V) {
    for term in head.reference.iter().skip(1).chain(&head.args).chain(&head.key).chain(&head.value) {
        walk(Node::Term(term), visit);
    }
}

pub(super) fn walk<'n, V: FnMut(Node<'n>) -> bool>(node: Node<'n>, visit: &mut V) {
    if visit(node) {
        return;
    }
    match node {
        Node::Body(body) => body.iter().for_each(|expr| walk(Node::Expr(expr), visit)),
        Node::Expr(expr) => walk_expr(expr, visit),
        Node::With(with) => [&with.target, &with.value].into_iter().for_each(|term| walk(Node::Term(term), visit)),
        Node::Term(term) => walk_term(term, visit),
    }
}

fn walk_expr<'n, V: FnMut(Node<'n>) -> bool>(expr: &'n Expr, visit: &mut V) {
    match &expr.kind {
        ExprKind::Term(term) => walk(Node::Term(term), visit),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter().for_each(|term| walk(Node::Term(term), visit)),
        ExprKind::Every(every) => {
            every.key.iter().chain([&every.value, &every.domain]).for_each(|term| walk(Node::Term(term), visit));
            walk(Node::Body(&every.body), visit);
        }
        ExprKind::Not(not) => walk(Node::Body(&not.body), visit),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            walk(Node::Body(&logical.left), visit);
            walk(Node::Body(&logical.right), visit);
        }
    }
    expr.with.iter().for_each(|with| walk(Node::With(with), visit));
}

fn walk_term<'n, V: FnMut(Node<'n>) -> bool>(term: &'n Term, visit: &mut V) {
    match &term.kind {
        TermKind::Ref(terms) | TermKind::Array(terms) | TermKind::Set(terms) | TermKind::Call(terms) => {
            terms.iter().for_each(|term| walk(Node::Term(term), visit));
        }
        TermKind::Object(entries) => {
            for (key, value) in entries {
                walk(Node::Term(key), visit);
                walk(Node::Term(value), visit);
            }
        }
        TermKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Expr(expr) = part {
                    walk(Node::Expr(expr), visit);
                }
            }
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            walk(Node::Term(&c.0), visit);
            walk(Node::Body(&c.1), visit);
        }
        TermKind::ObjectComprehension(c) => {
            walk(Node::Term(&c.0), visit);
            walk(Node::Term(&c.1), visit);
            walk(Node::Body(&c.2), visit);
        }
        _ => {}
    }
}

/// Whether anything under `node` is as `found` says.
pub(super) fn any<'n>(node: Node<'n>, found: &dyn Fn(Node<'n>) -> bool) -> bool {
    let mut result = false;
    walk(node, &mut |node| {
        result = result || found(node);
        result
    });
    result
}

/// Whether the term holds no variable, reference, call or comprehension that would have to be evaluated (OPA's `IsGround`, in which a
/// reference is as ground as its parts).
pub(in crate::rego) fn is_ground(term: &Term) -> bool {
    match &term.kind {
        TermKind::Var(_) | TermKind::Template(_) => false,
        TermKind::Ref(parts) => parts.iter().skip(1).all(is_ground),
        TermKind::Array(parts) | TermKind::Set(parts) | TermKind::Call(parts) => parts.iter().all(is_ground),
        TermKind::Object(entries) => entries.iter().all(|(k, v)| is_ground(k) && is_ground(v)),
        TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => false,
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) => true,
    }
}

/// Whether the term is a value as it stands (OPA's `IsConstant`).
pub(in crate::rego) fn is_constant(term: &Term) -> bool {
    match &term.kind {
        TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_) => true,
        TermKind::Array(parts) | TermKind::Set(parts) => parts.iter().all(is_constant),
        TermKind::Object(entries) => entries.iter().all(|(k, v)| is_constant(k) && is_constant(v)),
        _ => false,
    }
}

/// Whether the term is null, a boolean, a number or a string.
pub(in crate::rego) const fn is_scalar(term: &Term) -> bool {
    matches!(term.kind, TermKind::Null | TermKind::Bool(_) | TermKind::Number(_) | TermKind::String(_))
}

/// Whether the term is a comprehension.
pub(super) const fn is_comprehension(term: &Term) -> bool {
    matches!(term.kind, TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_))
}

/// Whether the term holds a reference or a comprehension.
pub(super) fn requires_eval(term: &Term) -> bool {
    any(Node::Term(term), &|node| match node {
        Node::Term(term) => is_comprehension(term) || matches!(term.kind, TermKind::Ref(_)),
        _ => false,
    })
}

/// Calls `visit` on each `with` under a body.
pub(in crate::rego) fn each_with_in_body(body: &[Expr], visit: &mut dyn FnMut(&With)) {
    walk(Node::Body(body), &mut |node| {
        if let Node::With(with) = node {
            visit(with);
        }
        false
    });
}

/// Calls `visit` on each `with` in a rule, its `else` branches apart.
pub(in crate::rego) fn each_with_in_rule(rule: &Rule, visit: &mut dyn FnMut(&With)) {
    walk_rule(rule, &mut |node| {
        if let Node::With(with) = node {
            visit(with);
        }
        false
    });
}

/// What a rule's body reads.
pub(in crate::rego) enum Reading<'n> {
    /// A call, by its operator.
    Call(&'n [Term]),
    /// A reference.
    Reference(&'n [Term]),
}

/// Whether the body or the head of a rule, `else` branches apart, reads something as `found` says.
pub(in crate::rego) fn any_reading(rule: &Rule, found: &mut dyn FnMut(Reading<'_>) -> bool) -> bool {
    let mut result = false;
    walk_rule(rule, &mut |node| {
        if result {
            return true;
        }
        match node {
            Node::Expr(expr) => {
                let operator = match &expr.kind {
                    ExprKind::Call(terms) => terms.first().and_then(Term::as_ref_parts),
                    _ => None,
                };
                // Other documents and other functions are evaluated under `with`.
                result = !expr.with.is_empty() || operator.is_some_and(|operator| found(Reading::Call(operator)));
                result
            }
            Node::Term(Term { kind: TermKind::Ref(parts), .. }) => {
                result = is_document(parts) && found(Reading::Reference(parts));
                result
            }
            _ => false,
        }
    });
    result
}

/// Calls `visit` on each reference to `data` or `input` in a rule, `else` branches apart.
pub(in crate::rego) fn each_document(rule: &Rule, visit: &mut dyn FnMut(&[Term])) {
    walk_rule(rule, &mut |node| is_reference(node, visit));
}

/// Visits what is a reference, and what selects in it; its head is no document of its own.
fn is_reference(node: Node<'_>, visit: &mut dyn FnMut(&[Term])) -> bool {
    let Node::Term(term) = node else { return false };
    let parts = term.as_ref_parts().unwrap_or(std::slice::from_ref(term));
    if is_document(parts) {
        visit(parts);
    }
    let is_reference = term.as_ref_parts().is_some();
    if is_reference {
        for part in parts.iter().skip(1) {
            walk(Node::Term(part), &mut |node| self::is_reference(node, visit));
        }
    }
    is_reference
}

/// Calls `visit` on each expression of a rule, however deep, without its `else` branches.
pub(in crate::rego) fn each_expr<'r>(rule: &'r Rule, visit: &mut dyn FnMut(&'r Expr)) {
    walk_rule(rule, &mut |node| {
        if let Node::Expr(expr) = node {
            visit(expr);
        }
        false
    });
}

/// Whether a body in an expression is such a one, however deep.
pub(in crate::rego) fn any_body(expr: &Expr, is_one: &dyn Fn(&[Expr]) -> bool) -> bool {
    let mut found = false;
    walk(Node::Expr(expr), &mut |node| {
        if let Node::Body(body) = node {
            found |= is_one(body);
        }
        found
    });
    found
}

fn is_document(parts: &[Term]) -> bool {
    parts.first().and_then(Term::as_var).is_some_and(|name| matches!(&**name, "data" | "input"))
}
