//! Terms: names in them become their locals.

use super::Locals;
use super::scope::{Occurrence, Scope};
use crate::rego::ast::{Body, Expr, ExprKind, Span, TemplatePart, Term, TermKind, With};
use crate::rego::compile::visit::{self, NodeMut, Skip};
use crate::rego::print;

impl Locals<'_> {
    /// Applies the scopes to an expression that declares nothing.
    pub(super) fn in_terms_of(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.in_term(term),
            ExprKind::Call(terms) => terms.iter_mut().for_each(|term| self.in_term(term)),
            _ => {}
        }
        for with in &mut expr.with {
            self.in_with(with);
        }
    }

    pub(super) fn in_term(&mut self, term: &mut Term) {
        match &mut term.kind {
            TermKind::Var(name) => {
                if let Some(local) = self.declared(name).cloned() {
                    self.seen(name);
                    *name = local;
                } else if self.occurrence(name).is_none() {
                    let name = name.clone();
                    self.insert(&name, name.clone(), Occurrence::Seen);
                }
            }
            TermKind::Ref(parts) => {
                if let [Term { kind: TermKind::Var(name), .. }] = parts.as_slice()
                    && matches!(&**name, "data" | "input")
                {
                    if self.global_occurrence(name).is_some_and(|o| o != Occurrence::Seen)
                        && let Some(local) = self.declared(name)
                    {
                        term.kind = TermKind::Var(local.clone());
                    }
                    return;
                }
                parts.iter_mut().for_each(|part| self.in_term(part));
            }
            TermKind::Call(terms) => {
                if let Some((head, operands)) = terms.split_first_mut() {
                    self.check_operator(head, term.span);
                    operands.iter_mut().for_each(|operand| self.in_term(operand));
                }
            }
            TermKind::Array(parts) | TermKind::Set(parts) => parts.iter_mut().for_each(|part| self.in_term(part)),
            TermKind::Object(entries) => {
                for (key, value) in entries {
                    self.in_term(key);
                    self.in_term(value);
                }
            }
            TermKind::ArrayComprehension(_) | TermKind::SetComprehension(_) | TermKind::ObjectComprehension(_) => {
                self.in_closure(term);
            }
            TermKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Expr(expr) = part {
                        self.in_terms_of(expr);
                    }
                }
            }
            _ => {}
        }
    }

    /// A function whose name is that of a local cannot be called: functions are no values.
    fn check_operator(&mut self, head: &Term, span: Span) {
        for name in visit::term_vars(head, Skip::default()) {
            if self.declared(&name).is_some_and(|local| *local != name) {
                let called = head.as_ref_parts().map(print::reference).unwrap_or_default();
                self.report(span, format!("called function {called} shadowed"));
                return;
            }
        }
    }

    /// Comes to a term again, in another scope: names that were left as they are may be declared in that one, and have occurred there.
    pub(super) fn again(&mut self, term: &mut Term) {
        visit::walk_term_mut(term, &mut |node| self.again_at(node));
    }

    pub(super) fn again_in_body(&mut self, body: &mut Body) {
        visit::walk_body_mut(body, &mut |node| self.again_at(node));
    }

    fn again_at(&mut self, node: NodeMut<'_>) -> bool {
        let NodeMut::Term(term) = node else { return false };
        if visit::is_comprehension(term) {
            self.in_closure(term);
            return true;
        }
        if term.as_var().is_some() {
            self.in_term(term);
        }
        false
    }

    pub(super) fn in_closure(&mut self, term: &mut Term) {
        self.scopes.push(Scope::default());
        match &mut term.kind {
            TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
                let used = visit::term_vars(&c.0, Skip::default());
                self.in_body(&mut c.1, &used);
                self.in_term(&mut c.0);
            }
            TermKind::ObjectComprehension(c) => {
                let mut used = visit::term_vars(&c.0, Skip::default());
                visit::collect_term(&c.1, Skip::default(), &mut used);
                self.in_body(&mut c.2, &used);
                self.in_term(&mut c.0);
                self.in_term(&mut c.1);
            }
            TermKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Expr(expr) = part {
                        self.scopes.push(Scope::default());
                        self.in_terms_of(expr);
                        self.scopes.pop();
                    }
                }
            }
            _ => {}
        }
        self.scopes.pop();
    }

    /// `input` in a target is the document, even where a local is called so.
    pub(super) fn in_with(&mut self, with: &mut With) {
        let shadow = self.declared("input").cloned();
        self.in_term(&mut with.target);
        if let Some(local) = shadow {
            match &mut with.target.kind {
                TermKind::Var(name) if *name == local => {
                    let head = Term::var("input", with.target.span);
                    with.target.kind = TermKind::Ref(vec![head]);
                }
                TermKind::Ref(parts) => {
                    if let Some(Term { kind: TermKind::Var(name), .. }) = parts.first_mut()
                        && *name == local
                    {
                        *name = "input".into();
                    }
                }
                _ => {}
            }
        }
        self.in_term(&mut with.value);
    }
}
