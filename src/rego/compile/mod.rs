//! From syntax trees to rules that can be planned: OPA's compiler (`v1/ast/compile.go`), stage by stage and in its order.
//!
//! References are resolved, locals get unique names, nested calls and references are lifted out of terms, bodies are put into an order in
//! which every variable is bound before it is needed. What OPA refuses on the way is refused here with its code and message; a stage
//! that found an error is the last.

mod annotations;
mod comprehensions;
mod conflicts;
mod contents;
mod deprecated;
mod dynamics;
mod exprs;
mod generator;
mod globals;
mod graph;
mod heads;
mod imports;
mod locals;
mod nearest;
mod print_calls;
mod problems;
mod query;
mod recursion;
mod roots;
mod safety;
mod scopes;
mod templates;
mod tests;
mod tree;
mod types;
mod unify;
mod var_set;
mod visit;
mod with;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, OnceLock};

use foldhash::fast::RandomState;

pub(super) use annotations::{Annotated, AnnotationSet};
pub(super) use comprehensions::Indexed;
pub(super) use deprecated::is_deprecated;
pub(super) use query::compile as compile_query;
pub(super) use tests::{PREFIX as TEST_PREFIX, SKIPPED_PREFIX as SKIPPED_TEST_PREFIX, test_name};
pub(super) use tree::{Key, Node as TreeNode, RuleTree, display_reference, ground_prefix};
pub(super) use visit::{
    Reading, any_body, any_reading, each_document, each_expr, each_with_in_body, each_with_in_rule, is_constant, is_generated,
    is_ground, is_scalar,
};

use super::ast::{Body, Head, Module, Name, Rule, Span, Term, TermKind};
use super::builtins;
use super::parser::Problem;
use super::schema::Schemas;
use super::{RegoVersion, print};
use contents::Contents;
use generator::Generator;

/// A rule and where it is declared.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The module's number.
    pub(super) module: usize,
    /// The package's path, `data` first, shared by the rules of its module.
    pub(super) package: Arc<[Term]>,
    /// The rule; its `else` branches hang below it.
    pub(super) rule: Rule,
}

impl Entry {
    /// The whole reference of the rule, `data` first; the rule's own name is a string in it.
    pub(super) fn reference(&self) -> Vec<Term> {
        self.reference_of(&self.rule)
    }

    /// The keys of that reference below the package, as many as are known without evaluating.
    fn own_keys(&self) -> impl Iterator<Item = Key> {
        self.rule.head.reference.iter().enumerate().map_while(|(at, part)| match &part.kind {
            TermKind::Var(name) if at == 0 => Some(Key::String(name.clone())),
            _ => Key::of(part),
        })
    }

    /// That of the rule or of one of its `else` branches.
    pub(super) fn reference_of(&self, rule: &Rule) -> Vec<Term> {
        full_reference(&self.package, &rule.head)
    }
}

/// The whole reference of a head in a package.
fn full_reference(package: &[Term], head: &Head) -> Vec<Term> {
    let mut parts = Vec::with_capacity(package.len() + head.reference.len());
    parts.extend_from_slice(package);
    for (at, part) in head.reference.iter().enumerate() {
        match &part.kind {
            TermKind::Var(name) if at == 0 => parts.push(Term::string(name.clone(), part.span)),
            _ => parts.push(part.clone()),
        }
    }
    parts
}

/// Whether a rule gives one value or a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Single,
    Multi,
}

pub(super) fn kind_of(rule: &Rule) -> RuleKind {
    if rule.head.value.is_some() { RuleKind::Single } else { RuleKind::Multi }
}

/// How modules are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Options {
    /// Whether calls of `print` are compiled; otherwise they are taken out, and cost nothing.
    pub(super) print_statements: bool,
    /// Whether the modules' tests are going to be run: they get names of their own, and say which cases they come to.
    pub(super) tests: bool,
    /// Whether what is merely suspicious is refused (OPA's strict mode).
    pub(super) strict: bool,
    /// Whether they are to say where they were.
    pub(super) coverage: bool,
    /// Whether types are checked by the schemas of annotations.
    pub(super) schema_annotations: bool,
}

/// The source's name for each generated one.
pub(super) type SourceNames = HashMap<Name, Name, RandomState>;

/// Compiled modules.
pub(super) struct Compiled {
    pub(super) rules: Vec<Entry>,
    /// What each rule holds, for who looks for some of it.
    contents: Vec<Contents>,
    pub(super) tree: RuleTree,
    /// What each rule reads, and what is known of its type: for queries.
    graph: graph::Graph,
    typed: types::Typed,
    /// The source's name for each generated one: for whom what is compiled is shown.
    rewritten: SourceNames,
    pub(super) annotations: AnnotationSet,
    pub(super) options: Options,
    /// The functions that some `with` of the rules replaces, once somebody has looked.
    pub(super) mocked: OnceLock<BTreeSet<String>>,
}

impl Compiled {
    /// An expression with the names that the source has.
    pub(super) fn with_source_names(&self, mut expr: super::ast::Expr) -> super::ast::Expr {
        visit::walk_expr_mut(&mut expr, &mut |node| restore(&self.rewritten, node));
        expr
    }

    fn rules_with(&self, wanted: Contents) -> impl Iterator<Item = &Entry> {
        self.rules.iter().zip(&self.contents).filter(move |(_, contents)| contents.has(wanted)).map(|(entry, _)| entry)
    }

    /// The rules with a call of a builtin that compiles an operand.
    pub(super) fn loading_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules_with(Contents::LOADING).map(|entry| &entry.rule)
    }

    /// The rules that can be evaluated when these are, themselves among them.
    pub(super) fn reachable(&self, from: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut work: Vec<usize> = from.iter().copied().collect();
        let mut found = from;
        while let Some(number) = work.pop() {
            let branches = self.graph.edges.range((number, 0)..(number + 1, 0));
            work.extend(branches.flat_map(|(_, targets)| targets).map(|target| target.0).filter(|target| found.insert(*target)));
        }
        found
    }
}

/// What is known while compiling.
struct Compiler {
    /// The modules' names, which errors give.
    names: Vec<Arc<str>>,
    modules: Vec<Module>,
    rules: Vec<Entry>,
    /// What each rule holds.
    contents: Vec<Contents>,
    tree: RuleTree,
    graph: graph::Graph,
    typed: types::Typed,
    annotations: AnnotationSet,
    generator: Generator,
    rewritten: SourceNames,
    options: Options,
    schemas: Arc<Schemas>,
    unused_imports: Vec<Problem>,
    /// Where names are used that share a term in OPA.
    uses: Vec<globals::Uses>,
    problems: Vec<Problem>,
    /// Whether a problem was found that ends compiling with its stage.
    failed: bool,
}

/// Compiles modules, which must be sorted by their names.
pub(super) fn compile(
    modules: Vec<Module>,
    names: Vec<Arc<str>>,
    options: Options,
    schemas: &Arc<Schemas>,
) -> Result<Compiled, Vec<Problem>> {
    let mut compiler = Compiler::new(modules, names, options, Arc::clone(schemas));
    for stage in STAGES {
        stage(&mut compiler);
        if compiler.failed || compiler.problems.len() >= problems::MAX_ERRORS {
            break;
        }
    }
    if compiler.problems.is_empty() {
        let Compiler { rules, contents, tree, graph, typed, annotations, rewritten, .. } = compiler;
        return Ok(Compiled { rules, contents, tree, graph, typed, annotations, rewritten, options, mocked: OnceLock::new() });
    }
    Err(problems::in_order(compiler.problems))
}

const STAGES: [fn(&mut Compiler); 27] = [
    globals::resolve_all_refs,
    imports::check_unused,
    heads::rewrite_rule_head_refs,
    tests::rewrite_duplicate_names,
    roots::check_overrides,
    imports::check_duplicates,
    tree::set_rule_tree,
    locals::rewrite_local_vars,
    tests::inject_test_case,
    templates::rewrite_template_strings,
    print_calls::check_void_calls,
    print_calls::rewrite_or_erase,
    exprs::rewrite_expr_terms,
    annotations::gather,
    annotations::rewrite_calls,
    graph::set,
    exprs::rewrite_comprehension_terms,
    heads::rewrite_refs_in_head,
    with::rewrite_with_values,
    conflicts::check,
    check_undefined_functions,
    safety::check_rule_heads,
    safety::check_rule_bodies,
    dynamics::rewrite_terms,
    recursion::check,
    types::check,
    deprecated::check,
];

impl Compiler {
    fn new(modules: Vec<Module>, names: Vec<Arc<str>>, options: Options, schemas: Arc<Schemas>) -> Self {
        let mut rules = Vec::with_capacity(modules.iter().map(|module| module.rules.len()).sum());
        let mut bare = Vec::with_capacity(modules.len());
        for (number, mut module) in modules.into_iter().enumerate() {
            let package: Arc<[Term]> = module.package.path.as_slice().into();
            let own = std::mem::take(&mut module.rules);
            rules.extend(own.into_iter().map(|rule| Entry { module: number, package: Arc::clone(&package), rule }));
            bare.push(module);
        }
        let contents: Vec<Contents> = rules.iter().map(|entry| Contents::of(&entry.rule)).collect();
        let named = rules.iter().zip(&contents).filter(|(_, contents)| contents.has(Contents::GENERATED_NAME));
        let generator = Generator::new("", named.map(|(entry, _)| &entry.rule));
        Self {
            names,
            modules: bare,
            rules,
            contents,
            tree: RuleTree::default(),
            graph: graph::Graph::default(),
            typed: types::Typed::default(),
            annotations: AnnotationSet::default(),
            generator,
            rewritten: SourceNames::default(),
            options,
            schemas,
            unused_imports: Vec::new(),
            uses: Vec::new(),
            problems: Vec::new(),
            failed: false,
        }
    }

    /// Reports what ends compiling with this stage.
    fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(code, span, message));
        self.failed = true;
    }

    /// Reports what lets later stages find more.
    fn report_and_go_on(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(code, span, message));
    }

    /// Whether a module is held to what v1 forbids.
    fn is_strict(&self, module: usize) -> bool {
        self.options.strict || self.modules.get(module).is_some_and(|module| module.version != RegoVersion::V0)
    }

    /// `policy:3`, as errors name a place within their text.
    fn display_place(&self, span: Span) -> String {
        let name = usize::try_from(span.module).ok().and_then(|number| self.names.get(number));
        format!("{}:{}", name.map(|name| &**name).unwrap_or_default(), span.row)
    }

    /// A reference with the names that the source has.
    fn restored(&self, reference: &[Term]) -> Vec<Term> {
        restored(&self.rewritten, reference)
    }

    /// Its text.
    fn display_reference(&self, reference: &[Term]) -> String {
        print::reference(&self.restored(reference))
    }

    /// Calls `change` on each rule and each of its `else` branches.
    fn each_rule(&mut self, change: impl FnMut(&mut Context<'_>, &mut Rule)) {
        self.each_rule_where(|_| true, change);
    }

    /// The same for the rules that hold one of some constructs.
    fn each_rule_with(&mut self, wanted: Contents, change: impl FnMut(&mut Context<'_>, &mut Rule)) {
        self.each_rule_where(|contents| contents.has(wanted), change);
    }

    fn each_rule_where(&mut self, is_wanted: impl Fn(Contents) -> bool, mut change: impl FnMut(&mut Context<'_>, &mut Rule)) {
        let mut rules = std::mem::take(&mut self.rules);
        let before = self.problems.len();
        for (entry, contents) in rules.iter_mut().zip(&mut self.contents).filter(|(_, contents)| is_wanted(**contents)) {
            let mut context = Context {
                contents,
                generator: &mut self.generator,
                rewritten: &mut self.rewritten,
                problems: &mut self.problems,
                tree: &self.tree,
                print_statements: self.options.print_statements,
            };
            let mut next = Some(&mut entry.rule);
            while let Some(rule) = next {
                change(&mut context, rule);
                next = rule.otherwise.as_deref_mut();
            }
        }
        self.rules = rules;
        self.failed |= self.problems.len() > before;
    }
}

/// What a stage may use while it changes one rule.
struct Context<'c> {
    /// What the rule holds.
    contents: &'c mut Contents,
    generator: &'c mut Generator,
    rewritten: &'c mut SourceNames,
    problems: &'c mut Vec<Problem>,
    tree: &'c RuleTree,
    print_statements: bool,
}

impl Context<'_> {
    fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(code, span, message));
    }

    /// The name that the source has for `name`.
    fn source_name(&self, name: &Name) -> Name {
        self.rewritten.get(name).unwrap_or(name).clone()
    }
}

/// The number of arguments that the builtin or function at `reference` takes.
fn arity(tree: &RuleTree, reference: &[Term]) -> Option<usize> {
    arity_of(tree, builtin(reference), reference)
}

/// The same where it is known already which builtin that is, if any.
fn arity_of(tree: &RuleTree, builtin: Option<&builtins::Builtin>, reference: &[Term]) -> Option<usize> {
    builtin.map(|b| b.arity).or_else(|| tree.function_arity(reference)).or_else(|| names(reference, "assign").then_some(2))
}

/// The builtin that a call's operator names.
pub(super) fn builtin(reference: &[Term]) -> Option<&'static builtins::Builtin> {
    builtins::lookup(&builtin_name(reference)?)
}

/// The name of a call's operator, where it can be a builtin's: what lies in `data` is a rule.
fn builtin_name(reference: &[Term]) -> Option<Cow<'_, str>> {
    match reference {
        [only] => part_name(only).map(Cow::Borrowed),
        [root, ..] if root.as_var().is_some_and(|name| &**name == "data") => None,
        _ => dotted(reference).map(Cow::Owned),
    }
}

fn part_name(part: &Term) -> Option<&str> {
    match &part.kind {
        TermKind::Var(text) | TermKind::String(text) => Some(text),
        _ => None,
    }
}

/// `io.jwt.decode` for the reference of that builtin; `None` where a part is no name.
pub(super) fn dotted(reference: &[Term]) -> Option<String> {
    let mut name = String::new();
    for part in reference {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part_name(part)?);
    }
    Some(name)
}

/// Whether a call's operator is the builtin `name`.
pub(super) fn is_operator(operator: &Term, name: &str) -> bool {
    operator.as_ref_parts().is_some_and(|parts| names(parts, name))
}

/// Whether `name` is what [`dotted`] gives, without making that.
fn names(reference: &[Term], name: &str) -> bool {
    if let [only] = reference {
        return part_name(only) == Some(name);
    }
    let mut rest = name;
    for part in reference {
        let own = if rest.len() == name.len() { Some(rest) } else { rest.strip_prefix('.') };
        match own.zip(part_name(part)).and_then(|(own, part)| own.strip_prefix(part)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// A reference with the names that the source has.
fn restored(rewritten: &SourceNames, reference: &[Term]) -> Vec<Term> {
    let mut parts = reference.to_vec();
    visit::walk_terms_mut(&mut parts, &mut |node| restore(rewritten, node));
    parts
}

/// Gives a variable the name that the source has.
fn restore(rewritten: &SourceNames, node: visit::NodeMut<'_>) -> bool {
    if let visit::NodeMut::Term(Term { kind: TermKind::Var(name), .. }) = node
        && let Some(source) = rewritten.get(name)
    {
        *name = source.clone();
    }
    false
}

/// OPA's `checkUndefinedFuncs`. What is called is known from here on.
fn check_undefined_functions(compiler: &mut Compiler) {
    compiler.each_rule(|context, rule| {
        let (mut found, mut called_contents) = (Vec::new(), Contents::default());
        visit::walk_rule(rule, &mut |node| {
            if let visit::Node::Expr(expr) = node {
                let called = called_builtin(expr);
                called_contents.add(called.map(Contents::of_call).unwrap_or_default());
                found.extend(undefined_function(context, expr, called));
            }
            false
        });
        context.contents.add(called_contents);
        context.problems.append(&mut found);
    });
}

/// The builtin that an expression calls.
fn called_builtin(expr: &super::ast::Expr) -> Option<&'static builtins::Builtin> {
    match &expr.kind {
        super::ast::ExprKind::Call(terms) => terms.first().and_then(Term::as_ref_parts).and_then(builtin),
        _ => None,
    }
}

fn undefined_function(
    context: &Context<'_>,
    expr: &super::ast::Expr,
    called: Option<&'static builtins::Builtin>,
) -> Option<Problem> {
    let super::ast::ExprKind::Call(terms) = &expr.kind else { return None };
    let (operator, operands) = terms.split_first()?;
    // Of a local that is called `input` or `data` nothing is left.
    let reference = operator.as_ref_parts().unwrap_or_default();
    let name = || print::reference(&restored(context.rewritten, reference));
    let problem = |message: String| Problem::new("rego_type_error", expr.span, message);
    let Some(arity) = arity_of(context.tree, called, reference) else {
        let name = name();
        let known = builtins::all().iter().map(|builtin| builtin.name);
        return Some(problem(format!("undefined function {name}")).with(nearest::suggestion(&name, known)));
    };
    let given = operands.len();
    let (fits, counted) = if expr.generated {
        (names(reference, "eq") || given == arity + 1, given.saturating_sub(1))
    } else {
        (given == arity || given == arity + 1, given)
    };
    if fits {
        return None;
    }
    let name = name();
    if called.is_some() || names(reference, "assign") {
        let details = super::types::declared().get(&name).map(|declaration| types::arity_details(declaration, operands));
        return Some(problem(format!("{name}: arity mismatch")).with(details.unwrap_or_default()));
    }
    let noun = if counted == 1 { "argument" } else { "arguments" };
    Some(problem(format!("function {name} has arity {arity}, got {counted} {noun}")))
}

/// The calls of builtins that reach outside: the number of the module, the builtin, the place.
pub(super) fn outside_calls(compiled: &Compiled) -> Vec<(usize, &'static str, Span)> {
    let mut found = Vec::new();
    for entry in compiled.rules_with(Contents::OUTSIDE) {
        visit::walk_rule(&entry.rule, &mut |node| {
            if let visit::Node::Expr(expr) = node
                && let Some(builtin) = called_builtin(expr)
                && builtin.reaches_out
            {
                found.push((entry.module, builtin.name, expr.span));
            }
            false
        });
    }
    found.sort_by_key(|(module, name, span)| (*module, *name, span.row));
    found
}

/// `left = right`, at the place of `right`.
fn equality(left: Term, right: Term) -> super::ast::Expr {
    let span = right.span;
    super::ast::Expr::new(super::ast::ExprKind::Call(vec![eq_operator(span), left, right]), span)
}

/// The operator of equalities. Its name is made once.
fn eq_operator(span: Span) -> Term {
    static NAME: LazyLock<Name> = LazyLock::new(|| "eq".into());
    Term::new(TermKind::Ref(vec![Term::var(NAME.clone(), span)]), span)
}

/// Whether a body says nothing: `true`.
fn is_empty_body(body: &Body) -> bool {
    use super::ast::ExprKind;
    matches!(body.as_slice(), [expr] if matches!(&expr.kind, ExprKind::Term(Term { kind: TermKind::Bool(true), .. })))
}

/// Appends to a body, in place of a lone `true`.
fn append(body: &mut Body, exprs: impl IntoIterator<Item = super::ast::Expr>) {
    let mut exprs = exprs.into_iter().peekable();
    if exprs.peek().is_some() && is_empty_body(body) {
        body.clear();
    }
    body.extend(exprs);
}

/// Whether a call is `a = b`: two operands of `eq`.
fn as_equality(expr: &super::ast::Expr) -> Option<(&Term, &Term)> {
    match &expr.kind {
        super::ast::ExprKind::Call(terms) => match terms.as_slice() {
            [operator, left, right] if is_operator(operator, "eq") => Some((left, right)),
            _ => None,
        },
        _ => None,
    }
}
