//! sark's own evaluator behind the interface of [`super::Compiler`] and [`super::Program`].

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::quality::RandomState;

use super::asked::Asked;
use super::base::{base_documents, refuse_data_over_rules};
use super::budget::{Budget, Exceeded};
use super::builtins::{Caches, Clock, Context, Loaded};
use super::capabilities;
use super::compile::{self, Key};
use super::eval::{self, Data, Derived, Left, Observer, Room, Stop};
use super::inspect;
use super::parser::{self, Problem};
use super::plan::{self, Plan};
use super::rules::Rules;
use super::schema::{self, Schemas};
use super::stack::deep;
use super::tester::Tests;
use super::trace;
use super::value::{Arena, Document, Limits, Style, Value, read, read_document, unwritable, write};
use super::{
    Compiler, Evaluated, Explanation, Input, Module, Outcome, OutsideCall, Path, Program, Question, RegoVersion, TestProgram, ast,
};
use crate::error::{Error, ErrorKind, Finding, Location, Result};

/// The most that one evaluation may take in its arena.
const MAX_EVALUATION_BYTES: usize = 1 << 30;
/// Plans kept for paths that the policies do not name, such as those below a rule's value: callers may invent any number.
const MAX_INVENTED_PATHS: usize = 256;
/// An arena that grew beyond this is given back rather than kept for the next evaluation.
const KEPT_BYTES: usize = 4 << 20;

/// Compiles with sark's own front end.
#[derive(Debug, Default)]
pub(crate) struct RegoCompiler {
    options: compile::Options,
    schemas: Arc<Schemas>,
    /// What was compiled of the last modules' constants, most of which are the next ones', too.
    loaded: ArcSwap<Loaded>,
}

impl RegoCompiler {
    /// One that compiles calls of `print`, or takes them out.
    pub(crate) fn new(print_statements: bool, strict: bool, schema_annotations: bool) -> Self {
        let options = compile::Options { print_statements, strict, schema_annotations, tests: false, coverage: false };
        Self { options, schemas: Arc::default(), loaded: ArcSwap::default() }
    }
}

pub(super) struct RegoProgram {
    pub(super) rules: Arc<Rules>,
    data: Arc<Document>,
    /// `data` without `system`.
    public: Arc<Document>,
    plans: ArcSwap<Plans>,
    asked: Asked<Planned>,
    /// What may still be kept of what rules derive from `data`.
    room: Room,
}

type Plans = HashMap<Path, Arc<Planned>, RandomState>;

/// A plan, and what its rules derived from the data of the program.
pub(super) struct Planned {
    plan: Arc<Plan>,
    derived: Option<Derived>,
}

impl Planned {
    fn new(plan: Arc<Plan>, room: &Room) -> Self {
        let derived = Derived::new(plan.routines.len(), room.clone());
        Self { plan, derived: Some(derived) }
    }

    /// A plan that is run once: nothing of it is kept.
    pub(super) fn once(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), derived: None }
    }
}

impl Compiler for RegoCompiler {
    fn compile(&self, modules: &[Module], data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        let rules = deep(|| Rules::new(modules, self.options, &self.schemas, &self.loaded.load()))?;
        self.loaded.store(Arc::clone(&rules.loaded));
        RegoProgram::new(Arc::new(rules), data).map(|program| Arc::new(program) as Arc<dyn Program>)
    }

    fn compile_tests(&self, modules: &[Module], data: &Arc<Document>, coverage: bool) -> Result<Arc<dyn TestProgram>> {
        let options = compile::Options { print_statements: true, tests: true, coverage, ..self.options };
        let rules = deep(|| Rules::new(modules, options, &self.schemas, &self.loaded.load()))?;
        RegoProgram::new(Arc::new(rules), data).map(|program| Arc::new(Tests::new(program)) as Arc<dyn TestProgram>)
    }

    fn with_schema(&self, path: &str, json: Option<&[u8]>, max_bytes: u64) -> Result<Arc<dyn Compiler>> {
        let name = schema::name(path)?;
        let mut schemas = Schemas::clone(&self.schemas);
        match json {
            Some(json) => drop(schemas.insert(name, deep(|| schema::read(json, max_bytes))?)),
            None => drop(schemas.remove(&name)),
        }
        Ok(Arc::new(Self { options: self.options, schemas: Arc::new(schemas), loaded: ArcSwap::new(self.loaded.load_full()) }))
    }

    fn schema_bytes(&self) -> u64 {
        self.schemas.values().map(|schema| schema.bytes).sum()
    }
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
    fn new(rules: Arc<Rules>, data: &Arc<Document>) -> Result<Self> {
        refuse_data_over_rules(&rules, data)?;
        Ok(Self {
            rules,
            data: Arc::clone(data),
            public: public(data),
            plans: ArcSwap::default(),
            asked: Asked::default(),
            room: Room::default(),
        })
    }

    /// Runs `work` with the plan for `path`, made when it is first asked for. One that is there already is borrowed: counting it would be a write that all threads share.
    fn with_plan<T>(&self, path: &Path, work: impl FnOnce(&Planned) -> Result<T>) -> Result<T> {
        if let Some(plan) = self.asked.get(path) {
            return work(plan);
        }
        match self.plans.load().get(path) {
            Some(plan) => {
                self.asked.keep(path, plan);
                work(plan)
            }
            None => work(&*self.make_plan(path)?),
        }
    }

    fn make_plan(&self, path: &Path) -> Result<Arc<Planned>> {
        let rules = &self.rules;
        let plan = deep(|| plan::plan_path(&rules.compiled, path).map_err(|p| compilation_error(&p, &rules.modules)))?;
        let plan = Arc::new(Planned::new(Arc::new(plan), &self.room));
        if self.keeps(path) {
            self.plans.rcu(|plans| {
                let mut plans = HashMap::clone(plans);
                plans.insert(path.clone(), Arc::clone(&plan));
                plans
            });
        }
        Ok(plan)
    }

    /// Whether the plan for `path` is kept: paths of packages and rules are as many as the policies name, others are bounded.
    fn keeps(&self, path: &Path) -> bool {
        let is_named = || {
            let root = Some(self.rules.compiled.tree.root());
            path.keys().iter().fold(root, |node, key| node?.child(&Key::String(key.as_str().into()))).is_some()
        };
        self.plans.load().len() < MAX_INVENTED_PATHS || is_named()
    }

    fn run(&self, planned: &Planned, question: &Question<'_>, output: &mut Vec<u8>, is_query: bool) -> Result<Evaluated> {
        match question.printer {
            None => self.run_observed(planned, question, None, output, is_query),
            Some(printer) => {
                let mut prints = Prints { printer, modules: &self.rules.modules };
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
            let input = read_input(arena, question)?;
            // The clock is a good part of a small decision: it is read no more often than somebody can see.
            let read = if question.input.is_some() { question.elapsed() } else { Duration::ZERO };
            let mut context = self.context(arena, question);
            let strict = question.bounds.strict_builtin_errors;
            let data = Data { all: &self.data, public: &self.public, derived: planned.derived.as_ref() };
            // Lent for no longer than what the machine itself borrows.
            let observer = observer.map(|observer| observer as &mut dyn Observer);
            let result = eval::run(&planned.plan, data, input, strict, &mut context, left, observer);
            let result = result.map_err(|stop| self.evaluation_error(stop))?;
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

    #[inline]
    fn context<'a>(&'a self, arena: &'a Arena, question: &Question<'a>) -> Context<'a> {
        let budget = Budget::new(question.bounds.deadline, MAX_EVALUATION_BYTES);
        let clock = question.time_ns.map_or_else(Clock::default, Clock::fixed);
        let mut context = Context::new(arena, budget, clock, Caches::default());
        (context.seed, context.outside, context.elsewhere) = (question.seed, Some(question.outside), question.elsewhere);
        (context.modules, context.loaded) = (&self.rules.modules, Some(self.rules.loaded.as_ref()));
        context
    }

    /// On the compiler's stack: each solution is found within the one before.
    fn explained(&self, path: &Path, question: &Question<'_>, how: Explanation, output: &mut Vec<u8>) -> Result<Evaluated> {
        let query = trace::query(path, &self.rules.modules);
        let arena = Arena::new();
        let input = read_input(&arena, question)?;
        let read = question.elapsed();
        let explained = trace::Explained {
            compiled: &self.rules.compiled,
            modules: &self.rules.modules,
            data: Data { all: &self.data, public: &self.public, derived: None },
            input,
            strict: question.bounds.strict_builtin_errors,
            explain: how.explain,
        };
        let context = self.context(&arena, question);
        let explanation = trace::explain(&explained, &query, context).map_err(|why| self.unexplained(why))?;
        output.extend_from_slice(b"{\"explanation\":");
        explanation.write(&explained, how.pretty, output).map_err(|why| self.unexplained(why))?;
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

    fn unexplained(&self, why: trace::Unexplained) -> Error {
        match why {
            trace::Unexplained::Stop(stop) => self.evaluation_error(stop),
            trace::Unexplained::TooMuch => {
                let problem =
                    "there is more to explain than 500,000 events or 64 MiB; ask for notes or fails, or for a smaller document";
                Error::new(ErrorKind::LimitExceeded, problem)
            }
        }
    }

    fn evaluation_error(&self, stop: Stop) -> Error {
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
                    "the decision comes to a call of {builtin}, and this engine may not reach outside: only the remote can make it; allow \
                     hosts to the engine"
                );
                let location = location(span, &self.rules.modules);
                Error::from_findings(ErrorKind::Unsupported, vec![Finding::new("eval_builtin_error", message, location)])
            }
            Stop::Error { code, message, span } => {
                let location = location(span, &self.rules.modules);
                Error::from_findings(ErrorKind::EvaluationError, vec![Finding::new(code, message, location)])
            }
        }
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
        self.rules.packages.get(name)
    }

    fn with_data(&self, data: &Arc<Document>) -> Result<Arc<dyn Program>> {
        refuse_data_over_rules(&self.rules, data)?;
        let room = Room::default();
        // What was derived from the data before is left behind.
        let again =
            |(path, planned): (&Path, &Arc<Planned>)| (path.clone(), Arc::new(Planned::new(Arc::clone(&planned.plan), &room)));
        let plans: Plans = self.plans.load().iter().map(again).collect();
        let (rules, data, public) = (Arc::clone(&self.rules), Arc::clone(data), public(data));
        Ok(Arc::new(Self { rules, data, public, plans: ArcSwap::from_pointee(plans), asked: Asked::default(), room }))
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
        let rules = &self.rules;
        let source = Module { name: "query".into(), source: text.into(), version };
        let plan = deep(|| {
            let module = u32::try_from(rules.modules.len()).unwrap_or(u32::MAX);
            let options = parser::Options { version, module, keywords: parser::FutureKeywords::NONE };
            let mut modules = rules.modules.clone();
            modules.push(source);
            let body = parser::parse_query(text, &options).map_err(|p| compilation_error(&p, &modules))?;
            plan::plan_query(&rules.compiled, body).map_err(|p| compilation_error(&p, &modules))
        })?;
        self.run(&Planned::once(plan), question, output, true)
    }

    fn outside_calls(&self) -> &[OutsideCall] {
        &self.rules.outside_calls
    }

    fn planned(&self) -> Vec<Path> {
        self.plans.load().keys().cloned().collect()
    }

    fn plan_ahead(&self, paths: &[Path]) {
        let compiled = &self.rules.compiled;
        let planned = deep(|| {
            let each = paths.iter().filter_map(|path| {
                Some((path.clone(), Arc::new(Planned::new(Arc::new(plan::plan_path(compiled, path).ok()?), &self.room))))
            });
            Ok(each.collect::<HashMap<_, _, RandomState>>())
        });
        if let Ok(planned) = planned {
            self.plans.store(Arc::new(planned));
        }
    }

    fn inspect(&self) -> Result<String> {
        let rules = &self.rules;
        let name_of = |number: usize| rules.modules.get(number).map(|module| module.name.to_string()).unwrap_or_default();
        let policies: Vec<serde_json::Value> = rules.modules.iter().map(|module| {
            let package = rules.packages.get(&module.name).map(Path::to_string);
            serde_json::json!({"name": *module.name, "package": package, "rego_version": module.version.name(), "bytes": module.source.len()})
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

    fn base_documents(&self, data: &Document) -> Document {
        base_documents(&self.rules.compiled.tree, data)
    }

    fn is_deterministic(&self, path: &Path) -> bool {
        self.with_plan(path, |planned| Ok(planned.plan.sites.iter().all(|site| !site.builtin.nondeterministic))).unwrap_or(false)
    }
}

pub(super) fn compilation_error(problems: &[Problem], modules: &[Module]) -> Error {
    let findings = problems
        .iter()
        .map(|p| Finding {
            code: p.code,
            message: p.message.clone(),
            location: location(p.span, modules),
            details: p.details.clone(),
        })
        .collect();
    Error::from_findings(ErrorKind::CompilationError, findings)
}

pub(super) fn location(span: ast::Span, modules: &[Module]) -> Option<Location> {
    location_in_module(span, modules).filter(|location| location.row > 0)
}

pub(super) fn location_in_module(span: ast::Span, modules: &[Module]) -> Option<Location> {
    let module = modules.get(span.module as usize)?;
    let line = (span.row as usize).checked_sub(1).and_then(|row| module.source.lines().nth(row)).unwrap_or_default().to_owned();
    Some(Location { file: module.name.to_string(), row: span.row, col: span.col, line })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]
mod tests {
    use super::*;

    fn program(source: &str) -> RegoProgram {
        let module = Module { name: "p".into(), source: source.into(), version: RegoVersion::V1 };
        RegoProgram::new(
            Arc::new(Rules::new(&[module], compile::Options::default(), &Arc::default(), &Loaded::default()).unwrap()),
            &Arc::new(Document::Null),
        )
        .unwrap()
    }

    fn path(keys: &[&str]) -> Path {
        Path::new(keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn what_nothing_binds_is_refused_where_opa_lets_it_pass() {
        let source = "package p\n\na if {\n\tdata.xs[i]\n\t[{1 | data.xs[i]}, 2] with input.a as c\n}";
        let module = Module { name: "p".into(), source: source.into(), version: RegoVersion::V1 };
        let refused = Rules::new(&[module], compile::Options::default(), &Arc::default(), &Loaded::default())
            .map(|_| ())
            .map_err(|error| error.to_string());
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
        let first = program(source);
        let first = RegoProgram::new(Arc::clone(&first.rules), &data(r#"{"users": [{"role": "a"}, {"role": "b"}]}"#)).unwrap();
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
