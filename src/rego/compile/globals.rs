//! Names that mean documents: the rules of the package and the imports become references that begin with `data` or `input` (OPA's
//! `resolveAllRefs`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::visit::{self, Node, VarSet};
use super::{Compiler, Contents, imports, is_operator};
use crate::rego::ast::{Body, Expr, ExprKind, Import, Module, Name, Rule, Span, TemplatePart, Term, TermKind};
use crate::rego::parser::Problem;

/// What names of a module stand for.
pub(super) type Globals = HashMap<Name, Global, RandomState>;

/// The path that a name stands for.
pub(super) struct Global {
    path: Vec<Term>,
    /// Shared by the rules of a package; an import has its own.
    uses: Rc<RefCell<Uses>>,
}

/// The places where names are used, in the order in which they are resolved.
pub(super) type Uses = Vec<Span>;

/// The names that are declared where a term stands, innermost last.
type Declared = Vec<VarSet>;

pub(super) fn resolve_all_refs(compiler: &mut Compiler) {
    let packages: Vec<PackageKey> = compiler.modules.iter().map(|module| package_key(&module.package.path)).collect();
    let mut exports: HashMap<&PackageKey, VarSet, RandomState> = HashMap::default();
    for entry in &compiler.rules {
        if let Some(name) = entry.rule.head.reference.first().and_then(Term::as_var)
            && let Some(package) = packages.get(entry.module)
        {
            exports.entry(package).or_default().insert(name.clone());
        }
    }
    let globals: Vec<Globals> = compiler
        .modules
        .iter()
        .zip(&packages)
        .map(|(module, package)| {
            let names = exports.get(package);
            globals(&module.package.path, names.into_iter().flatten(), &module.imports)
        })
        .collect();
    let mut rules = std::mem::take(&mut compiler.rules);
    for (entry, contents) in rules.iter_mut().zip(compiler.contents.clone()) {
        let Some(globals) = globals.get(entry.module) else { continue };
        let declares = contents.has(Contents::DECLARATION);
        let mut next = Some(&mut entry.rule);
        while let Some(rule) = next {
            if let Err(message) = resolve_in_rule(globals, rule, declares) {
                compiler.report("rego_compile_error", rule.span, message);
                break;
            }
            next = rule.otherwise.as_deref_mut();
        }
    }
    compiler.rules = rules;
    if compiler.options.strict {
        compiler.unused_imports = unused_imports(&compiler.modules, &globals);
    }
    compiler.uses = globals.iter().flat_map(HashMap::values).map(|global| global.uses.take()).collect();
}

fn unused_imports(modules: &[Module], globals: &[Globals]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (module, globals) in modules.iter().zip(globals).filter(|(module, _)| !module.is_part) {
        for import in &module.imports {
            let is_language = import.path.as_ref_parts().is_some_and(is_language_import);
            let global = import_name(import).and_then(|name| globals.get(&name));
            if !is_language && global.is_some_and(|global| global.uses.borrow().is_empty()) {
                let message = format!("{} unused", imports::display(import));
                problems.push(Problem::new("rego_compile_error", import.span, message));
            }
        }
    }
    problems
}

/// The names of a package's path.
type PackageKey = Vec<Name>;

fn package_key(path: &[Term]) -> PackageKey {
    path.iter().filter_map(|part| part.as_str().cloned()).collect()
}

fn globals<'n>(package: &[Term], names: impl Iterator<Item = &'n Name>, imports: &[Import]) -> Globals {
    let mut globals = Globals::default();
    let uses = Rc::default();
    for name in names {
        let mut path = Vec::with_capacity(package.len() + 1);
        path.extend_from_slice(package);
        path.push(Term::string(name.clone(), Span::default()));
        globals.insert(name.clone(), Global { path, uses: Rc::clone(&uses) });
    }
    for import in imports {
        let Some(path) = import.path.as_ref_parts() else { continue };
        if is_language_import(path) {
            continue;
        }
        if let Some(name) = import_name(import) {
            globals.insert(name, Global { path: path.to_vec(), uses: Rc::default() });
        }
    }
    globals
}

fn is_language_import(path: &[Term]) -> bool {
    path.first().and_then(Term::as_var).is_some_and(|head| matches!(&**head, "future" | "rego"))
}

/// The name under which an import is known: its alias, or the last part of its path.
pub(super) fn import_name(import: &Import) -> Option<Name> {
    if let Some(alias) = &import.alias {
        return Some(alias.clone());
    }
    match &import.path.as_ref_parts()?.last()?.kind {
        TermKind::Var(name) | TermKind::String(name) => Some(name.clone()),
        _ => None,
    }
}

fn resolve_in_rule(globals: &Globals, rule: &mut Rule, declares: bool) -> Result<(), String> {
    // That of the arguments, of the body, and room for one of a closure.
    let mut declared: Declared = Vec::with_capacity(3);
    declared.push(VarSet::new());
    for arg in &rule.head.args {
        collect_pattern(arg, &mut declared)?;
    }
    declared.push(if declares { declared_in_body(&rule.body) } else { VarSet::new() });
    for part in rule.head.reference.iter_mut().skip(1) {
        resolve_term(globals, &mut declared, part);
    }
    for term in rule.head.key.iter_mut().chain(&mut rule.head.value) {
        resolve_term(globals, &mut declared, term);
    }
    resolve_body(globals, &mut declared, &mut rule.body);
    Ok(())
}

/// The variables of a parameter's pattern.
fn collect_pattern(arg: &Term, declared: &mut Declared) -> Result<(), String> {
    match &arg.kind {
        TermKind::Var(name) => {
            if let Some(names) = declared.last_mut() {
                names.insert(name.clone());
            }
        }
        TermKind::Ref(parts) => {
            if let [head] = parts.as_slice()
                && let Some(name) = head.as_var()
                && matches!(&**name, "input" | "data")
            {
                return Err(format!("args must not shadow {name} (use a different variable name)"));
            }
            parts.iter().try_for_each(|part| collect_pattern(part, declared))?;
        }
        TermKind::Array(parts) => parts.iter().try_for_each(|part| collect_pattern(part, declared))?,
        TermKind::Object(entries) => entries.iter().try_for_each(|(_, value)| collect_pattern(value, declared))?,
        _ => {}
    }
    Ok(())
}

/// The names that `:=` and `some` declare in a body (OPA's `declaredBodyVars`).
pub(super) fn declared_in_body(body: &[Expr]) -> VarSet {
    let mut vars = VarSet::new();
    visit::walk(Node::Body(body), &mut |node| match node {
        Node::Expr(expr) => {
            declared_in_expr(expr, &mut vars);
            false
        }
        Node::Term(term) => visit::is_comprehension(term),
        _ => false,
    });
    vars
}

fn declared_in_expr(expr: &Expr, vars: &mut VarSet) {
    let skip = visit::Skip::default();
    match &expr.kind {
        ExprKind::Call(terms) => {
            if let [operator, left, _] = terms.as_slice()
                && is_operator(operator, "assign")
            {
                visit::collect_term(left, skip, vars);
            }
        }
        ExprKind::Some(symbols) => {
            for symbol in symbols {
                match &symbol.kind {
                    TermKind::Var(name) => drop(vars.insert(name.clone())),
                    TermKind::Call(terms) => {
                        let patterns = terms.get(1..terms.len().saturating_sub(1)).unwrap_or_default();
                        visit::collect_terms(patterns, skip, vars);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn is_declared(declared: &Declared, name: &Name) -> bool {
    declared.iter().rev().any(|names| names.contains(name))
}

pub(super) fn resolve_body(globals: &Globals, declared: &mut Declared, body: &mut Body) {
    for expr in body {
        resolve_expr(globals, declared, expr);
    }
}

fn resolve_expr(globals: &Globals, declared: &mut Declared, expr: &mut Expr) {
    match &mut expr.kind {
        ExprKind::Term(term) => resolve_term(globals, declared, term),
        ExprKind::Call(terms) => resolve_terms(globals, declared, terms),
        ExprKind::Some(symbols) => {
            if let Some(Term { kind: TermKind::Call(terms), .. }) = symbols.first_mut() {
                resolve_terms(globals, declared, terms);
            }
        }
        ExprKind::Every(every) => {
            let mut names = VarSet::new();
            every.key.iter().chain([&every.value]).for_each(|t| visit::collect_term(t, visit::Skip::default(), &mut names));
            declared.push(names);
            resolve_term(globals, declared, &mut every.domain);
            resolve_body(globals, declared, &mut every.body);
            declared.pop();
        }
        ExprKind::Not(not) => resolve_body(globals, declared, &mut not.body),
        ExprKind::And(logical) | ExprKind::Or(logical) => {
            resolve_body(globals, declared, &mut logical.left);
            resolve_body(globals, declared, &mut logical.right);
        }
    }
    for with in &mut expr.with {
        resolve_term(globals, declared, &mut with.target);
        resolve_term(globals, declared, &mut with.value);
    }
}

fn resolve_terms(globals: &Globals, declared: &mut Declared, terms: &mut [Term]) {
    for term in terms {
        resolve_term(globals, declared, term);
    }
}

/// The reference that a name stands for, at the place of the name, with room for parts that follow.
fn global(globals: &Globals, declared: &Declared, name: &Name, span: Span, room: usize) -> Option<Vec<Term>> {
    let global = globals.get(name).filter(|_| !is_declared(declared, name))?;
    global.uses.borrow_mut().push(span);
    let mut path = Vec::with_capacity(global.path.len() + room);
    path.extend(global.path.iter().map(|part| Term::new(part.kind.clone(), span)));
    Some(path)
}

fn resolve_term(globals: &Globals, declared: &mut Declared, term: &mut Term) {
    let span = term.span;
    match &mut term.kind {
        TermKind::Var(name) => {
            if let Some(path) = global(globals, declared, name, span, 0) {
                term.kind = TermKind::Ref(path);
            }
        }
        TermKind::Ref(parts) => resolve_ref(globals, declared, parts),
        TermKind::Array(terms) | TermKind::Set(terms) | TermKind::Call(terms) => resolve_terms(globals, declared, terms),
        TermKind::Object(entries) => {
            for (key, value) in entries {
                resolve_term(globals, declared, key);
                resolve_term(globals, declared, value);
            }
        }
        TermKind::ArrayComprehension(c) | TermKind::SetComprehension(c) => {
            declared.push(declared_in_body(&c.1));
            resolve_term(globals, declared, &mut c.0);
            resolve_body(globals, declared, &mut c.1);
            declared.pop();
        }
        TermKind::ObjectComprehension(c) => {
            declared.push(declared_in_body(&c.2));
            resolve_term(globals, declared, &mut c.0);
            resolve_term(globals, declared, &mut c.1);
            resolve_body(globals, declared, &mut c.2);
            declared.pop();
        }
        TermKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Expr(expr) = part {
                    resolve_expr(globals, declared, expr);
                }
            }
        }
        _ => {}
    }
}

/// A name at the head is replaced by its path; elsewhere by a reference of its own.
fn resolve_ref(globals: &Globals, declared: &mut Declared, parts: &mut Vec<Term>) {
    for part in parts.iter_mut().skip(1) {
        resolve_term(globals, declared, part);
    }
    let below = parts.len().saturating_sub(1);
    let Some(head) = parts.first_mut() else { return };
    match &head.kind {
        TermKind::Var(name) => {
            if let Some(mut path) = global(globals, declared, name, head.span, below) {
                path.extend(parts.drain(..).skip(1));
                *parts = path;
            }
        }
        _ => resolve_term(globals, declared, head),
    }
}
