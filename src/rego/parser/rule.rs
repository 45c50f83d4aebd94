//! Rules: heads, bodies, `else`, and several bodies after one head.

use super::super::ast::{Body, Expr, ExprKind, Head, Rule, Span, Term, TermKind};
use super::super::print;
use super::span;
use super::state::{MAX_HEIGHT, Parser};
use super::token::Kind;

/// How a rule was written, which the checks of v1 need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    /// Whether it has no body of its own.
    pub(super) no_body: bool,
    pub(super) has_if: bool,
    pub(super) has_contains: bool,
}

/// The body of a rule without one.
pub(super) fn true_body(span: Span) -> Body {
    let truth = Term::new(TermKind::Bool(true), span);
    vec![Expr { generated: true, ..Expr::new(ExprKind::Term(truth), span) }]
}

/// A head as `parse_head` finds it.
struct ParsedHead {
    head: Head,
    has_contains: bool,
}

impl Parser<'_> {
    /// The rules of one statement. Nothing, without an error, if it is none, or one without a body, which is read as an expression.
    pub(super) fn rules(&mut self) -> Option<Vec<(Rule, Vec<Written>)>> {
        let place = self.here();
        self.name_before_ref();
        let is_default = self.kind() == Kind::Default;
        if is_default {
            self.scan();
            self.name_before_ref();
        }
        if self.kind() != Kind::Ident {
            if is_default {
                self.refuse_keyword_as_name(true);
            }
            return None;
        }
        let ParsedHead { mut head, has_contains } = self.head(is_default)?;
        if is_default {
            return self.default_rule(head, has_contains, place);
        }
        let has_if = self.kind() == Kind::If;
        if !has_contains {
            classify(&mut head, has_if)?;
        }
        let mut written = Written { no_body: false, has_if, has_contains };
        let body = if has_if {
            self.body_after_if()?
        } else if self.kind() == Kind::LBrace {
            self.braced_body()?
        } else if has_contains {
            written.no_body = true;
            let body = true_body(place);
            let span = head.span;
            return Some(vec![(Rule { head, body, otherwise: None, is_default: false, span }, vec![written])]);
        } else {
            return None;
        };
        let mut all_written = vec![written];
        let otherwise = self.else_of(&head, &mut all_written)?;
        let rule = Rule { head, body, otherwise, is_default: false, span: self.extend(place) };
        self.more_bodies(rule, all_written)
    }

    fn default_rule(&mut self, head: Head, has_contains: bool, span: Span) -> Option<Vec<(Rule, Vec<Written>)>> {
        if !self.check_default_value(&head, span) || !self.check_default_args(&head, span) {
            return None;
        }
        let written = Written { has_contains, ..Written::default() };
        let rule = Rule { head, body: true_body(span), otherwise: None, is_default: true, span };
        Some(vec![(rule, vec![written])])
    }

    fn check_default_value(&mut self, head: &Head, span: Span) -> bool {
        let Some(value) = &head.value else {
            self.error(span, "illegal default rule (must have a value)");
            return false;
        };
        let found = span::open_parts(value);
        for sort in &found {
            self.error(span, format!("illegal default rule (value cannot contain {sort})"));
        }
        found.is_empty()
    }

    fn check_default_args(&mut self, head: &Head, span: Span) -> bool {
        let mut seen = Vec::new();
        let mut valid = true;
        for arg in &head.args {
            let problem = match arg.as_var() {
                None => format!("contain {}", arg.kind.name()),
                Some(name) if seen.contains(&name) => format!("be repeated {name}"),
                Some(name) => {
                    seen.push(name);
                    continue;
                }
            };
            self.error(span, format!("illegal default rule (arguments cannot {problem})"));
            valid = false;
        }
        valid
    }

    /// What follows `if`: one expression, or a body in braces.
    fn body_after_if(&mut self) -> Option<Body> {
        self.scan();
        let saved = self.save();
        let braces = self.kind() == Kind::LBrace;
        if let Some(expr) = self.literal() {
            // A set is always defined: `{ x }` is a body here.
            let is_set = matches!(&expr.kind, ExprKind::Term(Term { kind: TermKind::Set(_), .. }));
            if !(braces && is_set) {
                return Some(vec![expr]);
            }
        }
        if !braces {
            return None;
        }
        self.restore(saved);
        self.braced_body()
    }

    fn braced_body(&mut self) -> Option<Body> {
        self.scan();
        let body = self.body()?;
        self.scan();
        Some(body)
    }

    /// The `else` branches after a rule's body.
    #[allow(clippy::option_option, reason = "an error, or perhaps a branch")]
    fn else_of(&mut self, head: &Head, written: &mut Vec<Written>) -> Option<Option<Box<Rule>>> {
        if self.kind() != Kind::Else || self.name_before_ref() {
            return Some(None);
        }
        if head.reference.iter().skip(1).any(|part| !span::is_ground(part)) {
            self.error(self.here(), "else keyword cannot be used on rules with variables in head");
            return None;
        }
        if head.key.is_some() {
            self.error(self.here(), "else keyword cannot be used on multi-value rules");
            return None;
        }
        let mut branches = Vec::new();
        while self.kind() == Kind::Else {
            if branches.len() >= MAX_HEIGHT as usize {
                self.height = MAX_HEIGHT;
                self.grow();
                return None;
            }
            let (branch, how) = self.else_branch(head)?;
            branches.push(branch);
            written.push(how);
            if how.no_body {
                break;
            }
        }
        let end = self.last_end();
        let mut chain = None;
        while let Some(mut branch) = branches.pop() {
            span::finish_else(&mut branch, end);
            branch.otherwise = chain.take();
            chain = Some(Box::new(branch));
        }
        Some(chain)
    }

    fn else_branch(&mut self, head: &Head) -> Option<(Rule, Written)> {
        let place = self.here();
        let mut head = Head { generated_value: false, span: place, ..head.clone() };
        self.rename_wildcards(&mut head.args);
        self.scan();
        match self.kind() {
            Kind::LBrace | Kind::If => {
                head.generated_value = true;
                head.value = Some(Term::new(TermKind::Bool(true), Span::default()));
            }
            kind @ (Kind::Assign | Kind::Unify) => {
                head.assign = kind == Kind::Assign;
                self.scan();
                head.value = Some(self.infix()?);
                head.span = self.extend(place);
            }
            _ => {
                self.illegal("expected else value term or rule body");
                return None;
            }
        }
        let has_if = self.kind() == Kind::If;
        let no_body = !has_if && self.kind() != Kind::LBrace;
        let body = if no_body { true_body(place) } else { self.else_body(has_if, place)? };
        let rule = Rule { head, body, otherwise: None, is_default: false, span: place };
        Some((rule, Written { no_body, has_if, has_contains: false }))
    }

    fn else_body(&mut self, has_if: bool, place: Span) -> Option<Body> {
        if has_if {
            self.scan();
        }
        match self.kind() {
            Kind::LBrace => self.braced_body(),
            Kind::Eof => {
                self.illegal("rule body expected");
                None
            }
            _ => {
                // OPA places all of an expression without braces at its `else`.
                let mut body = vec![self.literal()?];
                span::place_body(&mut body, place);
                Some(body)
            }
        }
    }

    /// Gives arguments that are `_` names of their own.
    fn rename_wildcards(&mut self, args: &mut [Term]) {
        for arg in args {
            if arg.as_var().is_some_and(|name| name.starts_with('$')) {
                arg.kind = self.wildcard();
            }
        }
    }

    /// Further bodies after a rule: `p { … } { … }`.
    fn more_bodies(&mut self, first: Rule, written: Vec<Written>) -> Option<Vec<(Rule, Vec<Written>)>> {
        let how = written.first().copied().unwrap_or_default();
        let (head, has_else) = (first.head.clone(), first.otherwise.is_some());
        let mut rules = vec![(first, written)];
        while self.kind() == Kind::LBrace {
            if has_else {
                self.error(self.here(), "expected else keyword");
                return None;
            }
            let place = self.here();
            let body = self.braced_body()?;
            let span = self.extend(place);
            let mut head = head.clone();
            self.rename_wildcards(&mut head.args);
            span::place_head(&mut head, span);
            rules.push((Rule { head, body, otherwise: None, is_default: false, span }, vec![how]));
        }
        Some(rules)
    }

    fn head(&mut self, is_default: bool) -> Option<ParsedHead> {
        let place = self.here();
        let name = self.variable();
        let Some(term) = self.finish_rule_name(name) else {
            self.illegal("expected rule head name");
            return None;
        };
        let (reference, args, is_call) = match term.kind {
            TermKind::Var(_) => (vec![term], Vec::new(), false),
            TermKind::Ref(parts) => (parts, Vec::new(), false),
            TermKind::Call(terms) => self.function_head(terms)?,
            _ => return None,
        };
        let mut head = Head {
            name: new_name(&reference),
            reference,
            args,
            key: None,
            value: None,
            assign: false,
            generated_value: false,
            span: place,
        };
        let has_contains = self.head_value(&mut head, is_call, is_default);
        if !has_contains && head.value.is_none() && (head.reference.len() != 2 || !head.args.is_empty()) {
            head.generated_value = true;
            head.value = Some(Term::new(TermKind::Bool(true), Span::default()));
        }
        head.span = self.extend(place);
        Some(ParsedHead { head, has_contains })
    }

    fn function_head(&mut self, terms: Vec<Term>) -> Option<(Vec<Term>, Vec<Term>, bool)> {
        let mut terms = terms.into_iter();
        let operator = terms.next()?;
        let invalid = operator.as_ref_parts().is_none_or(|parts| parts.first().and_then(Term::as_var).is_none());
        if invalid {
            self.illegal(&format!("rule head ref {} invalid", print::term(&operator)));
            return None;
        }
        let TermKind::Ref(parts) = operator.kind else { return None };
        Some((parts, terms.collect(), true))
    }

    /// What follows a head's name: `contains x`, `= x`, `:= x`. Whether it is `contains`.
    fn head_value(&mut self, head: &mut Head, is_call: bool, is_default: bool) -> bool {
        let name = |head: &Head| print::reference(&head.reference);
        match self.kind() {
            Kind::Contains => {
                if is_call {
                    self.illegal(&format!(
                        "the contains keyword can only be used with multi-value rule definitions (e.g., {} contains <VALUE> {{ ... \
                         }})",
                        name(head)
                    ));
                }
                self.scan();
                head.key = self.infix();
                if head.key.is_none() {
                    self.illegal(&format!("expected rule key term (e.g., {} contains <VALUE> {{ ... }})", name(head)));
                }
                true
            }
            Kind::Unify => {
                self.scan();
                head.value = self.infix();
                if head.value.is_none() {
                    self.illegal(&format!("expected rule value term (e.g., {}[<nil>] = <VALUE> {{ ... }})", name(head)));
                }
                false
            }
            Kind::Assign => {
                self.scan();
                head.assign = true;
                head.value = self.infix();
                if head.value.is_none() {
                    let name = name(head);
                    self.illegal(&if !head.args.is_empty() {
                        format!("expected function value term (e.g., {name}(...) := <VALUE> {{ ... }})")
                    } else if is_default {
                        format!("expected default rule value term (e.g., default {name} := <VALUE>)")
                    } else {
                        format!("expected rule value term (e.g., {name} := <VALUE> {{ ... }})")
                    });
                }
                false
            }
            _ => false,
        }
    }
}

/// The name of a head whose reference is one variable.
pub(super) fn new_name(reference: &[Term]) -> super::super::ast::Name {
    match reference {
        [only] => only.as_var().cloned().unwrap_or_default(),
        _ => super::super::ast::Name::default(),
    }
}

/// What `p[x]` is: with `if` a rule of one value, without a set or an object. Nothing if it can be no rule.
fn classify(head: &mut Head, has_if: bool) -> Option<()> {
    let [first, second] = head.reference.as_slice() else { return Some(()) };
    let (name, key) = (first.as_var().cloned(), second.clone());
    if has_if {
        let varies = !span::is_ground(&key) || key.as_ref_parts().is_some();
        if varies && head.args.is_empty() {
            head.key = Some(key);
        }
        if head.value.is_none() {
            head.generated_value = true;
            head.value = Some(Term::new(TermKind::Bool(true), head.span));
        } else {
            head.name = name?;
        }
    } else if head.args.is_empty() {
        head.name = name?;
        head.key = Some(key);
        if head.value.is_none() {
            head.reference.truncate(1);
        }
    }
    Some(())
}
