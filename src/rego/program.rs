//! sark's own evaluator behind the interface of [`super::Compiler`] and [`super::Program`].

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use once_cell::race::OnceBox;

use super::base::{base_documents, refuse_data_over_rules};
use super::budget::{Budget, Exceeded};
use super::builtins::{Caches, Clock, Context};
use super::capabilities;
use super::compile;
use super::eval::{self, Data, Left, Observer, Stop};
use super::inspect;
use super::location::{compilation_error, location};
use super::parser;
use super::plan::{self, Plan};
use super::plans::{Planned, Plans};
use super::rules::{RuleCompiler, Rules};
use super::schema;
use super::stack::deep;
use super::tester::Tests;
use super::trace;
use super::units::{Met, Units};
use super::value::{Arena, Document, Limits, Style, Value, read, read_document, read_parts, unwritable, write};
use super::{
    Compiler, Evaluated, Explanation, Input, Module, Outcome, OutsideCall, Path, Program, Question, RegoVersion, TestProgram, ast,
};
use crate::error::{Error, ErrorKind, Finding, Location, Result};

/// The most that one evaluation may take in its arena.
const MAX_EVALUATION_BYTES: usize = 1 << 30;
/// An arena that grew beyond this is given back rather than kept for the next evaluation.
const KEPT_BYTES: usize = 4 << 20;

/// Compiles with sark's own front end.
#[derive(Debug, Default)]
pub(crate) struct RegoCompiler(Arc<RuleCompiler>);

impl RegoCompiler {
    /// One that compiles calls of `print`, or takes them out.
    pub(crate) fn new(print_statements: bool, strict: bool, schema_annotations: bool) -> Self {
        let options = compile::Options { print_statements, strict, schema_annotations, tests: false, coverage: false };
        Self(Arc::new(RuleCompiler::new(options)))
    }
}

impl Compiler for RegoCompiler {
    fn compile(&self, modules: &[Module], data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        let rules = deep(|| self.0.compile_all(modules))?;
        RegoProgram::new(&self.0, rules, data).map(|program| Arc::new(program) as Arc<dyn Program>)
    }

    fn compile_tests(&self, modules: &[Module], data: &Arc<Document>, coverage: bool) -> Result<Arc<dyn TestProgram>> {
        let rules = deep(|| self.0.compile_tests(modules, coverage))?;
        let program = RegoProgram::new(&self.0, Arc::clone(&rules), data)?;
        Ok(Arc::new(Tests::new(program, rules)))
    }

    fn with_schema(&self, path: &str, json: Option<&[u8]>, max_bytes: u64) -> Result<Arc<dyn Compiler>> {
        let name = schema::name(path)?;
        let schema = json.map(|json| deep(|| schema::read(json, max_bytes))).transpose()?;
        Ok(Arc::new(Self(Arc::new(self.0.with_schema(name, schema)))))
    }

    fn schema_bytes(&self) -> u64 {
        self.0.schema_bytes()
    }
}

pub(super) struct RegoProgram {
    compiler: Arc<RuleCompiler>,
    units: Units,
    /// All modules in one: there from the start where there is one unit, otherwise made when somebody asks for more than one unit knows.
    /// Two threads that ask at once may both make it: neither is left waiting in a process that forks.
    whole: OnceBox<Arc<Rules>>,
    /// Whether somebody asked a query, for which all modules have to be compiled into one.
    queried: AtomicBool,
    data: Arc<Document>,
    /// `data` without `system`.
    public: Arc<Document>,
    plans: Plans,
}

/// What is met by who goes through all of data: OPA leaves out where it keeps what is its own.
fn public(data: &Arc<Document>) -> Arc<Document> {
    match &**data {
        Document::Object(object) => {
            object.without(b"system").map_or_else(|| Arc::clone(data), |rest| Arc::new(Document::Object(Arc::new(rest))))
        }
        _ => Arc::clone(data),
    }
}

impl RegoProgram {
    fn new(compiler: &Arc<RuleCompiler>, rules: Arc<Rules>, data: &Arc<Document>) -> Result<Self> {
        refuse_data_over_rules(&rules, data)?;
        Ok(Self::over(compiler, Units::one(&rules), OnceBox::with_value(Box::new(rules)), data))
    }

    fn over(compiler: &Arc<RuleCompiler>, units: Units, whole: OnceBox<Arc<Rules>>, data: &Arc<Document>) -> Self {
        Self {
            compiler: Arc::clone(compiler),
            units,
            whole,
            queried: AtomicBool::new(false),
            data: Arc::clone(data),
            public: public(data),
            plans: Plans::default(),
        }
    }

    /// All modules, compiled into one.
    fn whole(&self) -> Result<&Arc<Rules>> {
        self.whole.get_or_try_init(|| deep(|| self.compiler.compile_all(&self.units.modules())).map(Box::new))
    }

    /// The rules that decide at `path`.
    fn rules_at(&self, path: &Path) -> Result<Arc<Rules>> {
        match self.units.at(path) {
            Met::One(rules) => Ok(Arc::clone(rules)),
            Met::None if self.whole.get().is_none() => self.compiler.compile(Vec::new()).map(Arc::new),
            Met::None | Met::Several => self.whole().map(Arc::clone),
        }
    }

    /// Runs `work` with the plan for `path`, made when it is first asked for.
    fn with_plan<T>(&self, path: &Path, work: impl FnOnce(&Planned) -> Result<T>) -> Result<T> {
        if let Some(plan) = self.plans.asked(path) {
            return work(plan);
        }
        match self.plans.load().get(path) {
            Some(plan) => {
                self.plans.ask(path, plan);
                work(plan)
            }
            None => {
                let (plan, rules) = deep(|| self.plan(path))?;
                work(&self.plans.keep(path, plan, rules))
            }
        }
    }

    fn plan(&self, path: &Path) -> Result<(Plan, Arc<Rules>)> {
        let rules = self.rules_at(path)?;
        let plan = plan::plan_path(&rules.compiled, path).map_err(|p| compilation_error(&p, &rules.modules))?;
        Ok((plan, rules))
    }

    /// What decides after this one, where few modules changed. `None` where all are better compiled at once, or have to be: for queries, for
    /// who asks across units, and to say what is wrong.
    fn after(&self, modules: &[Module], data: &Arc<Document>) -> Option<Self> {
        if self.queried.load(Ordering::Relaxed) {
            return None;
        }
        let replaced = self.units.replaced(modules, |parts| self.compiler.compile(parts).ok())?;
        let is_same = Arc::ptr_eq(data, &self.data);
        let units = if is_same { replaced.rules.iter().collect() } else { replaced.units.each() };
        if !units.into_iter().all(|rules| refuse_data_over_rules(rules, data).is_ok()) {
            return None;
        }
        let at = |path: &Path| replaced.units.at(path);
        if self.plans.paths().iter().any(|path| matches!(at(path), Met::Several)) {
            return None;
        }
        let stay = |path: &Path, planned: &Planned| {
            !replaced.touches(path) && matches!(at(path), Met::One(rules) if Arc::ptr_eq(rules, &planned.rules))
        };
        let plans = self.plans.staying(stay);
        let plans = if is_same { plans } else { plans.anew() };
        let whole = replaced.units.whole().map_or_else(OnceBox::new, |rules| OnceBox::with_value(Box::new(Arc::clone(rules))));
        Some(Self { plans, ..Self::over(&self.compiler, replaced.units, whole, data) })
    }

    fn run(&self, planned: &Planned, question: &Question<'_>, output: &mut Vec<u8>, is_query: bool) -> Result<Evaluated> {
        match question.printer {
            None => self.run_observed(planned, question, None, output, is_query),
            Some(printer) => {
                let mut prints = Prints { printer, modules: &planned.rules.modules };
                self.run_observed(planned, question, Some(&mut prints), output, is_query)
            }
        }
    }

    /// Runs a plan, and tells `observer` what it says on its way.
    pub(super) fn run_observed(
        &self,
        planned: &Planned,
        question: &Question<'_>,
        observer: Option<&mut dyn Observer>,
        output: &mut Vec<u8>,
        is_query: bool,
    ) -> Result<Evaluated> {
        with_kept(|kept| {
            let Kept { arena, left } = kept;
            let arena = &*arena;
            let input = read_for(&planned.plan, arena, question)?;
            // The clock is a good part of a small decision: it is read no more often than somebody can see.
            let read = if question.input.is_some() { question.elapsed() } else { Duration::ZERO };
            let mut context = context(&planned.rules, arena, question);
            let strict = question.bounds.strict_builtin_errors;
            let data = Data { all: &self.data, public: &self.public, derived: planned.derived.as_ref() };
            // Lent for no longer than what the machine itself borrows.
            let observer = observer.map(|observer| observer as &mut dyn Observer);
            let result = eval::run(&planned.plan, data, input, strict, &mut context, left, observer);
            let result = result.map_err(|stop| evaluation_error(stop, &planned.rules.modules))?;
            let result = if is_query { Some(result.unwrap_or(Value::Array(&[]))) } else { result };
            let outcome = match result {
                Some(value) => {
                    write_result(&value, output)?;
                    Outcome::Defined
                }
                None => Outcome::Undefined,
            };
            Ok(Evaluated { outcome, read, evaluate: question.elapsed().saturating_sub(read) })
        })
    }

    /// On the compiler's stack: each solution is found within the one before. All modules in one, since what is told has names that depend on
    /// what was compiled together.
    fn explained(&self, path: &Path, question: &Question<'_>, how: Explanation, output: &mut Vec<u8>) -> Result<Evaluated> {
        let rules = self.whole()?;
        let query = trace::query(path, &rules.modules);
        let arena = Arena::new();
        let input = read_input(&arena, question)?;
        let read = question.elapsed();
        let explained = trace::Explained {
            compiled: &rules.compiled,
            modules: &rules.modules,
            data: Data { all: &self.data, public: &self.public, derived: None },
            input,
            strict: question.bounds.strict_builtin_errors,
            explain: how.explain,
        };
        let unexplained = |why| unexplained(why, &rules.modules);
        let explanation = trace::explain(&explained, &query, context(rules, &arena, question)).map_err(unexplained)?;
        output.extend_from_slice(b"{\"explanation\":");
        explanation.write(&explained, how.pretty, output).map_err(unexplained)?;
        let outcome = match explanation.value {
            Some(value) => {
                output.extend_from_slice(b",\"result\":");
                write_result(&value, output)?;
                Outcome::Defined
            }
            None => Outcome::Undefined,
        };
        output.push(b'}');
        Ok(Evaluated { outcome, read, evaluate: Duration::ZERO })
    }
}

#[inline]
fn context<'a>(rules: &'a Rules, arena: &'a Arena, question: &Question<'a>) -> Context<'a> {
    let budget = Budget::new(question.bounds.deadline, MAX_EVALUATION_BYTES);
    let clock = question.time_ns.map_or_else(Clock::default, Clock::fixed);
    let mut context = Context::new(arena, budget, clock, Caches::default());
    (context.seed, context.outside, context.elsewhere) = (question.seed, Some(question.outside), question.elsewhere);
    (context.modules, context.loaded) = (&rules.modules, Some(rules.loaded.as_ref()));
    context
}

fn unexplained(why: trace::Unexplained, modules: &[Module]) -> Error {
    match why {
        trace::Unexplained::Stop(stop) => evaluation_error(stop, modules),
        trace::Unexplained::TooMuch => {
            let problem =
                "there is more to explain than 500,000 events or 64 MiB; ask for notes or fails, or for a smaller document";
            Error::new(ErrorKind::LimitExceeded, problem)
        }
    }
}

fn evaluation_error(stop: Stop, modules: &[Module]) -> Error {
    match stop {
        Stop::Exceeded(Exceeded::Deadline) => {
            let problem = "the evaluation exceeded its deadline; allow more time or simplify the policy";
            Error::new(ErrorKind::LimitExceeded, problem)
        }
        Stop::Exceeded(Exceeded::Memory) => {
            let problem = "the evaluation exceeded its memory; simplify the policy or send a smaller input";
            Error::new(ErrorKind::LimitExceeded, problem)
        }
        Stop::Elsewhere { builtin, span } => {
            let message = format!(
                "the decision comes to a call of {builtin}, and this engine may not reach outside: only the remote can make it; allow hosts \
                 to the engine"
            );
            let location = location(span, modules);
            Error::from_findings(ErrorKind::Unsupported, vec![Finding::new("eval_builtin_error", message, location)])
        }
        Stop::Error { code, message, span } => {
            let location = location(span, modules);
            Error::from_findings(ErrorKind::EvaluationError, vec![Finding::new(code, message, location)])
        }
    }
}

/// Of the input what a plan reads.
#[inline]
fn read_for<'a>(plan: &'a Plan, arena: &'a Arena, question: &Question<'a>) -> Result<eval::Input<'a>> {
    match (question.input, &plan.projection) {
        (Some(super::Given::Json(json)), Some(projection)) => {
            read_parts(arena, json, question.limits, projection, plan.inputs.len()).map(eval::Input::Parts)
        }
        _ => read_input(arena, question).map(eval::Input::Whole),
    }
}

/// The input, in an arena or where it was read before.
fn read_input<'a>(arena: &'a Arena, question: &Question<'a>) -> Result<Option<Value<'a>>> {
    match question.input {
        None => Ok(None),
        Some(super::Given::Json(json)) => Ok(Some(read(arena, json, question.limits)?)),
        Some(super::Given::Parsed(input)) => {
            let document = input.get::<Document>();
            let document = document.ok_or_else(|| Error::invalid("input", "it was parsed for another evaluator"))?;
            Ok(Some(document.view()))
        }
    }
}

/// Gives lines on, with the place of the call.
struct Prints<'p> {
    printer: &'p dyn super::Printer,
    modules: &'p [Module],
}

impl Observer for Prints<'_> {
    fn print(&mut self, line: &[u8], span: ast::Span) {
        // A query is in no policy.
        let in_query = || Location { file: String::new(), row: span.row, col: span.col, line: String::new() };
        self.printer.print(line, location(span, self.modules).or_else(|| (span.row > 0).then(in_query)));
    }

    fn test_case(&mut self, _: &[Value<'_>]) -> std::result::Result<(), Exceeded> {
        Ok(())
    }

    fn failed(&mut self, _: ast::Span) {}

    fn covered(&mut self, _: ast::Span) {}
}

fn write_result(value: &Value<'_>, output: &mut Vec<u8>) -> Result<()> {
    if let Some(problem) = unwritable(value) {
        return Err(Error::new(ErrorKind::SerializationError, format!("the result is not JSON: {problem}")));
    }
    write(value, Style::PLAIN, output);
    Ok(())
}

/// What an evaluation leaves to the next one of its thread: memory, and patterns that were compiled.
#[derive(Default)]
struct Kept {
    arena: Arena,
    left: Left,
}

thread_local! {
    static KEPT: Cell<Option<Box<Kept>>> = const { Cell::new(None) };
}

/// Runs `work` with what this thread keeps; a nested call, or one while the thread ends, makes do with new ones.
fn with_kept<T>(work: impl FnOnce(&mut Kept) -> T) -> T {
    let kept = KEPT.try_with(Cell::take).ok().flatten();
    let mut kept = kept.unwrap_or_default();
    let result = work(&mut kept);
    if kept.arena.allocated_bytes() <= KEPT_BYTES {
        kept.arena.reset();
        let _ = KEPT.try_with(|place| place.set(Some(kept)));
    }
    result
}

impl Program for RegoProgram {
    fn package(&self, name: &str) -> Option<&Path> {
        self.units.package(name)
    }

    fn with_data(&self, data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        let units = self.units.each();
        let whole = self.whole.get().map(|rules| OnceBox::with_value(Box::new(Arc::clone(rules))));
        let is_refused = units.iter().any(|rules| refuse_data_over_rules(rules, data).is_err());
        if is_refused {
            // A unit may still hold what is gone: all modules as they are have the word.
            return RegoProgram::new(&self.compiler, Arc::clone(self.whole()?), data).map(|program| Arc::new(program) as _);
        }
        let program = Self::over(&self.compiler, self.units.clone(), whole.unwrap_or_default(), data);
        Ok(Arc::new(Self { plans: self.plans.anew(), ..program }))
    }

    fn replaced(&self, modules: &[Module], data: &Arc<Document>) -> Option<Arc<dyn Program>> {
        let next = deep(|| Ok(self.after(modules, data))).ok()??;
        Some(Arc::new(next))
    }

    fn read(&self, json: &[u8], limits: Limits) -> Result<Input> {
        read_document(json, limits).map(Input::new)
    }

    fn evaluate(&self, path: &Path, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluated> {
        self.with_plan(path, |planned| self.run(planned, question, output, false))
    }

    fn explain(&self, path: &Path, question: &Question<'_>, how: Explanation, output: &mut Vec<u8>) -> Result<Evaluated> {
        let mut evaluated = deep(|| self.explained(path, question, how, output))?;
        evaluated.evaluate = question.elapsed().saturating_sub(evaluated.read);
        Ok(evaluated)
    }

    fn query(&self, text: &str, version: RegoVersion, question: &Question<'_>, output: &mut Vec<u8>) -> Result<Evaluated> {
        self.queried.store(true, Ordering::Relaxed);
        let rules = self.whole()?;
        let source = Module { name: "query".into(), source: text.into(), version };
        let plan = deep(|| {
            let options = parser::Options::of(version, rules.modules.len());
            let mut modules = rules.modules.clone();
            modules.push(source);
            let body = parser::parse_query(text, &options).map_err(|p| compilation_error(&p, &modules))?;
            plan::plan_query(&rules.compiled, body).map_err(|p| compilation_error(&p, &modules))
        })?;
        self.run(&Planned::once(plan, Arc::clone(rules)), question, output, true)
    }

    fn outside_calls(&self) -> Vec<OutsideCall> {
        self.units.outside_calls()
    }

    fn planned(&self) -> Vec<Path> {
        self.plans.paths()
    }

    fn plan_ahead(&self, paths: &[Path]) {
        let there = self.plans.load();
        let missing: Vec<&Path> = paths.iter().filter(|path| !there.contains_key(path)).collect();
        if missing.is_empty() {
            return;
        }
        let plan = |path: &Path| self.plan(path).ok().map(|(plan, rules)| (path.clone(), plan, rules));
        if let Ok(plans) = deep(|| Ok(missing.into_iter().filter_map(plan).collect())) {
            self.plans.keep_all(plans);
        }
    }

    fn inspect(&self) -> Result<String> {
        let rules = self.whole()?;
        let name_of = |number: usize| rules.modules.get(number).map(|module| module.name.to_string()).unwrap_or_default();
        let policies: Vec<serde_json::Value> = rules.modules.iter().zip(&rules.outlines).map(|(module, outline)| {
            let (package, version) = (outline.package.to_string(), module.version.name());
            serde_json::json!({"name": *module.name, "package": package, "rego_version": version, "bytes": module.source.len()})
        }).collect();
        // To text, too: what annotations say may nest deeper than the caller's stack.
        deep(|| {
            let offers = inspect::offers(&rules.compiled, name_of);
            let all = std::iter::once(("policies", policies.into())).chain(offers);
            Ok(serde_json::Value::from_iter(all).to_string())
        })
    }

    fn capabilities(&self) -> Result<String> {
        Ok(capabilities::capabilities().to_string())
    }

    fn base_documents(&self, data: &Document) -> Result<Document> {
        Ok(base_documents(&self.whole()?.compiled.tree, data))
    }

    fn is_deterministic(&self, path: &Path) -> bool {
        self.with_plan(path, |planned| Ok(planned.plan.sites.iter().all(|site| !site.builtin.nondeterministic))).unwrap_or(false)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::super::eval::Derived;
    use super::super::plans::MAX_INVENTED_PATHS;
    use super::*;

    fn over(source: &str, data: &Arc<Document>) -> RegoProgram {
        let module = Module { name: "p".into(), source: source.into(), version: RegoVersion::V1 };
        let compiler = Arc::new(RuleCompiler::default());
        let rules = compiler.compile_all(&[module]).unwrap();
        RegoProgram::new(&compiler, rules, data).unwrap()
    }

    fn program(source: &str) -> RegoProgram {
        over(source, &Arc::new(Document::Null))
    }

    fn path(keys: &[&str]) -> Path {
        Path::new(keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn what_nothing_binds_is_refused_where_opa_lets_it_pass() {
        let source = "package p\n\na if {\n\tdata.xs[i]\n\t[{1 | data.xs[i]}, 2] with input.a as c\n}";
        let module = Module { name: "p".into(), source: source.into(), version: RegoVersion::V1 };
        let refused = RuleCompiler::default().compile_all(&[module]).map(|_| ()).map_err(|error| error.to_string());
        assert!(refused.unwrap_err().contains("rego_unsafe_var_error: var c is unsafe"));
    }

    fn decide(program: &RegoProgram, keys: &[&str], input: &str, strict: bool) -> std::result::Result<String, String> {
        ask(program, keys, input, strict)
    }

    fn ask(program: &dyn Program, keys: &[&str], input: &str, strict: bool) -> std::result::Result<String, String> {
        let outside = super::super::Outside::default();
        let question = Question {
            input: Some(super::super::Given::Json(input.as_bytes())),
            limits: Limits { max_bytes: 1 << 20, max_depth: 100 },
            bounds: super::super::Bounds { deadline: None, strict_builtin_errors: strict },
            start: std::time::Instant::now(),
            timed: false,
            printer: None,
            outside: &outside,
            elsewhere: false,
            time_ns: None,
            seed: None,
        };
        let mut output = Vec::new();
        let evaluated = program.evaluate(&path(keys), &question, &mut output).map_err(|error| error.to_string())?;
        Ok(if evaluated.outcome == Outcome::Defined { String::from_utf8(output).unwrap() } else { "undefined".to_owned() })
    }

    fn kept(program: &RegoProgram, keys: &[&str]) -> usize {
        program.with_plan(&path(keys), |planned| Ok(planned.derived.as_ref().map_or(0, Derived::count))).unwrap()
    }

    fn data(json: &str) -> Arc<Document> {
        Arc::new(read_document(json.as_bytes(), Limits { max_bytes: 1 << 20, max_depth: 100 }).unwrap())
    }

    #[test]
    fn what_follows_from_data_alone_is_derived_once_and_anew_with_other_data() {
        let source = "package p\nout := count(all) + input.x\nall contains u.role if some u in data.users\nnone if data.missing\n\
                      either := {\"all\": all, \"x\": 1} if not none";
        let first = over(source, &data(r#"{"users": [{"role": "a"}, {"role": "b"}]}"#));
        for x in 0..3 {
            assert_eq!(decide(&first, &["p", "out"], &format!(r#"{{"x": {x}}}"#), false), Ok((2 + x).to_string()));
        }
        assert_eq!(kept(&first, &["p", "out"]), 1, "all, but not what asks for the input");
        let either = || decide(&first, &["p", "either"], "{}", false);
        assert_eq!(
            (either(), either()),
            (Ok(r#"{"all":["a","b"],"x":1}"#.to_owned()), Ok(r#"{"all":["a","b"],"x":1}"#.to_owned()))
        );
        assert_eq!(kept(&first, &["p", "either"]), 3, "what is undefined is known, too");
        let second = first.with_data(&data(r#"{"users": [{"role": "a"}], "missing": true}"#)).unwrap();
        assert_eq!(ask(second.as_ref(), &["p", "either"], "{}", false), Ok("undefined".to_owned()));
    }

    #[test]
    fn strict_errors_the_clock_and_replacements_leave_nothing_derived() {
        let failing = program("package p\nout := x if { not y; x := 1 }\ny if 1 / 0 == 1");
        assert_eq!(decide(&failing, &["p", "out"], "{}", false), Ok("1".to_owned()));
        assert!(decide(&failing, &["p", "out"], "{}", true).unwrap_err().contains("divide by zero"));
        let mocked = program("package p\nout := [a, b] if { a := r; b := r with data.x as 2 }\nr := count([1 | data.x == 2])");
        for _ in 0..2 {
            assert_eq!(decide(&mocked, &["p", "out"], "{}", false), Ok("[0,1]".to_owned()));
        }
        let clock = program("package p\nout := [now, r]\nnow := time.now_ns() > 0\nr := count([1])");
        assert_eq!(decide(&clock, &["p", "out"], "{}", false), Ok("[true,1]".to_owned()));
        assert_eq!(kept(&clock, &["p", "out"]), 0);
    }
    #[test]
    fn paths_that_callers_invent_take_bounded_memory() {
        let program = program("package p\nr := {\"a\": 1}");
        for i in 0..MAX_INVENTED_PATHS + 50 {
            program.with_plan(&path(&["p", "r", &format!("k{i}")]), |_| Ok(())).unwrap();
        }
        assert_eq!(program.plans.load().len(), MAX_INVENTED_PATHS);
        // What the policies name is kept all the same.
        program.with_plan(&path(&["p", "r"]), |_| Ok(())).unwrap();
        assert!(program.plans.load().contains_key(&path(&["p", "r"])));
    }
}
