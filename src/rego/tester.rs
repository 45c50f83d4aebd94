//! Running the tests of modules (OPA's `v1/tester`): which rules are tests, and what one evaluation of a test says.
//!
//! What the results look like is `src/policy/tester`'s.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::ast::{Rule, Span, Term};
use super::budget::Exceeded;
use super::compile::{self, Entry};
use super::cover::{Covered, Pass};
use super::eval::Observer;
use super::location::{compilation_error, location};
use super::plan::{self, Plan};
use super::plans::Planned;
use super::program::RegoProgram;
use super::rules::Rules;
use super::stack::deep;
use super::value::{Style, Value, write};
use super::{Bounds, Limits, Module, Outcome, Outside, Question, print};
use crate::error::{Error, ErrorKind, Finding, Location, Result};

/// The most bytes that one test may print; what comes after is counted and dropped.
const MAX_OUTPUT: usize = 1 << 20;
/// The most bytes that the names of one test's cases may take.
const MAX_CASES: usize = 16 << 20;

/// A rule that is a test.
#[derive(Debug, Clone)]
pub struct Test {
    /// Where the rule is.
    pub location: Location,
    /// The package: `data.a.b`.
    pub package: String,
    /// The rule, up to the part that makes it a test: `test_a`, `x.test_b`, `test_a#01`.
    pub name: String,
    /// Both together, as one reference: what a filter is compared with.
    pub full_name: String,
    /// Whether it is not to be run: `todo_test_`.
    pub is_skipped: bool,
    /// Whether its value is an object of cases: `test_a[note]`.
    pub has_cases: bool,
    /// The rule's number among those compiled.
    rule: usize,
    /// The parts of `full_name`.
    reference: Vec<Term>,
}

/// An expression that has no solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where it is.
    pub location: Location,
    /// Its text.
    pub text: String,
}

/// What one run of a test gave.
#[derive(Debug)]
pub struct TestRun {
    /// The value as JSON; `None` where it is undefined.
    pub result: Result<Option<Vec<u8>>>,
    /// Whether the error is that the time was over.
    pub is_late: bool,
    /// The cases it came to, by their names, and for each what failed last in it.
    pub cases: BTreeMap<Vec<String>, Option<Failure>>,
    /// What was printed, a line for each call.
    pub output: Vec<u8>,
    /// How many bytes more were printed, and dropped.
    pub dropped_bytes: u64,
    /// The last expression that failed.
    pub failure: Option<Failure>,
}

/// Modules that were compiled to run their tests.
pub trait TestProgram: Send + Sync {
    /// The tests, in the order of modules and source.
    fn tests(&self) -> &[Test];

    /// Runs one test, without an input. Where it was is added to `covered`.
    fn run(&self, test: &Test, bounds: Bounds, covered: Option<&mut Covered>) -> TestRun;

    /// What was covered, in the shape of OPA's report.
    ///
    /// # Errors
    /// None are known.
    fn coverage(&self, covered: &Covered) -> Result<serde_json::Value>;
}

pub(super) struct Tests {
    program: RegoProgram,
    rules: Arc<Rules>,
    tests: Vec<Test>,
}

impl Tests {
    /// Of a program, and its rules.
    pub(super) fn new(program: RegoProgram, rules: Arc<Rules>) -> Self {
        let entries = rules.compiled.rules.iter().enumerate();
        let tests = entries.filter_map(|(number, entry)| test(&rules.modules, number, entry)).collect();
        Self { program, rules, tests }
    }

    fn attempt(&self, test: &Test, bounds: Bounds, watch: &mut Watch, pass: Pass) -> Result<Option<Vec<u8>>> {
        let plan = self.plan(test, pass)?;
        let limits = Limits { max_bytes: u64::MAX, max_depth: super::value::MAX_DEPTH };
        let question = Question {
            input: None,
            limits,
            bounds,
            start: Instant::now(),
            timed: false,
            printer: None,
            outside: &Outside::default(),
            elsewhere: false,
            time_ns: None,
            seed: None,
        };
        let mut value = Vec::new();
        let planned = Planned::once(plan, Arc::clone(&self.rules));
        let evaluated = self.program.run_observed(&planned, &question, Some(watch), &mut value, false)?;
        Ok((evaluated.outcome == Outcome::Defined).then_some(value))
    }

    fn plan(&self, test: &Test, pass: Pass) -> Result<Plan> {
        let rules = &self.rules;
        if self.entry(test).is_some_and(|entry| !entry.rule.head.args.is_empty()) {
            return Err(is_function(test));
        }
        let plan = || plan::plan_test(&rules.compiled, &test.reference, pass);
        deep(|| plan().map_err(|problems| compilation_error(&problems, &rules.modules)))
    }

    fn entry(&self, test: &Test) -> Option<&Entry> {
        self.rules.compiled.rules.get(test.rule)
    }

    /// What failed last, by its place.
    fn failure(&self, span: Option<Span>) -> Option<Failure> {
        let span = span?;
        let modules = &self.rules.modules;
        let location = location(span, modules)?;
        let source = &modules.get(span.module as usize)?.source;
        let text = source.get(span.offset as usize..span.offset as usize + span.length as usize)?.to_owned();
        Some(Failure { location, text })
    }

    /// Adds where the test was, and where it would have been otherwise; OPA, too, tries that only after a test without an error.
    fn cover(&self, test: &Test, bounds: Bounds, is_good: bool, watch: &mut Watch, covered: &mut Covered) {
        covered.add(Pass::Plain, watch.covered.drain());
        let others = if is_good { &[Pass::WithoutIndex, Pass::WithoutEarlyExit][..] } else { &[] };
        for pass in others {
            let mut watch = Watch::default();
            // Its results and errors are nobody's.
            drop(self.attempt(test, bounds, &mut watch, *pass));
            covered.add(*pass, watch.covered);
        }
    }

    /// What keeps a test from a value that an index keeps from being evaluated: it is evaluated once more, without.
    fn failure_behind_index(&self, test: &Test, bounds: Bounds) -> Option<Failure> {
        let mut watch = Watch::default();
        self.attempt(test, bounds, &mut watch, Pass::WithoutIndex).ok()?;
        self.failure(watch.failed)
    }
}

impl TestProgram for Tests {
    fn tests(&self) -> &[Test] {
        &self.tests
    }

    fn run(&self, test: &Test, bounds: Bounds, covered: Option<&mut Covered>) -> TestRun {
        let mut watch = Watch::default();
        let result = self.attempt(test, bounds, &mut watch, Pass::Plain);
        if let Some(covered) = covered {
            self.cover(test, bounds, result.is_ok(), &mut watch, covered);
        }
        let is_over = || bounds.deadline.is_some_and(|deadline| deadline <= Instant::now());
        let is_late = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::LimitExceeded && is_over());
        let mut failure = self.failure(watch.failed);
        if failure.is_none() && matches!(result, Ok(None)) {
            failure = self.failure_behind_index(test, bounds);
        }
        let cases = std::mem::take(&mut watch.cases).into_iter().map(|(names, failed)| (names, self.failure(failed))).collect();
        TestRun { result, is_late, cases, output: watch.output, dropped_bytes: watch.dropped_bytes, failure }
    }

    fn coverage(&self, covered: &Covered) -> Result<serde_json::Value> {
        let modules = &self.rules.modules;
        deep(|| covered.report(modules))
    }
}

/// What OPA says of a query for a function, which is nowhere in a file.
fn is_function(test: &Test) -> Error {
    let message = format!("function {} used as reference, not called", test.full_name);
    let location = Some(Location { file: String::new(), row: 1, col: 1, line: test.full_name.clone() });
    Error::from_findings(ErrorKind::CompilationError, vec![Finding::new("rego_type_error", message, location)])
}

fn test(modules: &[Module], number: usize, entry: &Entry) -> Option<Test> {
    let rule = &entry.rule;
    let (name, length) = compile::test_name(&rule.head);
    let is_skipped = name.starts_with(compile::SKIPPED_TEST_PREFIX);
    if !is_skipped && !name.starts_with(compile::TEST_PREFIX) {
        return None;
    }
    let mut reference = entry.reference();
    reference.truncate(entry.package.len() + length);
    Some(Test {
        location: location(rule.span, modules)?,
        package: print::reference(&entry.package),
        name: print::reference(rule.head.reference.get(..length)?),
        full_name: print::reference(&reference),
        is_skipped,
        has_cases: has_cases(rule),
        rule: number,
        reference,
    })
}

/// Whether the rule is a partial object (OPA's `DocKind`): its reference has a part that is no constant, or a key beside its value.
fn has_cases(rule: &Rule) -> bool {
    let head = &rule.head;
    match (&head.key, &head.value) {
        (Some(_), Some(_)) => true,
        (Some(_), None) => false,
        (None, _) => head.reference.iter().skip(1).any(|part| !compile::is_constant(part)),
    }
}

/// What is heard of one run.
#[derive(Default)]
struct Watch {
    output: Vec<u8>,
    dropped_bytes: u64,
    cases: HashMap<Vec<String>, Option<Span>>,
    case_bytes: usize,
    covered: HashSet<Span>,
    /// The case under way.
    case: Option<Vec<String>>,
    failed: Option<Span>,
}

impl Observer for Watch {
    fn print(&mut self, line: &[u8], _: Span) {
        if self.dropped_bytes > 0 || self.output.len() + line.len() >= MAX_OUTPUT {
            self.dropped_bytes += line.len() as u64 + 1;
            return;
        }
        self.output.extend_from_slice(line);
        self.output.push(b'\n');
    }

    fn test_case(&mut self, names: &[Value<'_>]) -> std::result::Result<(), Exceeded> {
        let names: Vec<String> = names.iter().map(case_name).collect();
        if !self.cases.contains_key(&names) {
            self.case_bytes += names.iter().map(|name| name.len() + 64).sum::<usize>();
            if self.case_bytes > MAX_CASES {
                return Err(Exceeded::Memory);
            }
            self.cases.insert(names.clone(), None);
        }
        self.case = Some(names);
        Ok(())
    }

    fn covered(&mut self, span: Span) {
        self.covered.insert(span);
    }

    fn failed(&mut self, span: Span) {
        self.failed = Some(span);
        if let Some(last) = self.case.as_ref().and_then(|case| self.cases.get_mut(case)) {
            *last = Some(span);
        }
    }
}

/// Strings as they are, anything else as JSON.
fn case_name(value: &Value<'_>) -> String {
    match value.as_bytes() {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => {
            let mut text = Vec::new();
            write(value, Style::PLAIN, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
    }
}
