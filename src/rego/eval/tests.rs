#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{Data, Input, Left, Stop, run};
use crate::rego::budget::{Budget, Exceeded};
use crate::rego::builtins::{Caches, Clock, Context};
use crate::rego::plan::plan_path;
use crate::rego::value::{Arena, Document, Limits, MAX_DEPTH, Style, read, read_document, write};
use crate::rego::{Path, RegoVersion, compile, parser};

const LIMITS: Limits = Limits { max_bytes: 1 << 26, max_depth: MAX_DEPTH };

thread_local! {
    /// What the evaluations of this thread were charged.
    static CHARGED: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count(units: usize) {
    CHARGED.with(|charged| charged.set(charged.get() + units));
}

/// What one evaluation is made of.
struct Case<'c> {
    policy: &'c str,
    data: &'c str,
    input: Option<&'c str>,
    timeout: Option<Duration>,
    max_bytes: usize,
    strict: bool,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self { policy: "", data: "{}", input: None, timeout: None, max_bytes: 1 << 30, strict: false }
    }
}

impl Case<'_> {
    /// The result as JSON, `None` for undefined.
    fn ask(&self, path: &str) -> Result<Option<String>, Stop> {
        let options = parser::Options { version: RegoVersion::V1, module: 0, keywords: parser::FutureKeywords::NONE };
        let module = parser::parse_module(self.policy, &options).map_err(|p| refused(&p))?;
        let compiled = compile::compile(vec![module], vec!["p".into()], compile::Options::default(), &std::sync::Arc::default())
            .map_err(|p| refused(&p))?;
        let plan = plan_path(&compiled, &Path::parse(path).unwrap()).map_err(|p| refused(&p))?;
        let data = read_document(self.data.as_bytes(), LIMITS).unwrap();
        let arena = Arena::new();
        let input = self.input.map(|json| read(&arena, json.as_bytes(), LIMITS).unwrap());
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut context = Context::new(&arena, Budget::new(deadline, self.max_bytes), Clock::fixed(0), Caches::default());
        let data = Data { all: &data, public: &data, derived: None };
        let result = run(&plan, data, Input::Whole(input), self.strict, &mut context, &mut Left::default(), None);
        result.map(|value| {
            value.map(|value| {
                let mut text = Vec::new();
                write(&value, Style::PLAIN, &mut text);
                String::from_utf8(text).unwrap()
            })
        })
    }

    fn value(&self, path: &str) -> String {
        self.ask(path).unwrap().unwrap_or_else(|| "undefined".to_owned())
    }
}

fn refused(problems: &[parser::Problem]) -> Stop {
    let message = problems.first().map(|p| format!("{}: {}", p.code, p.message)).unwrap_or_default();
    Stop::Error { code: "refused", message, span: crate::rego::ast::Span::default() }
}

fn code(stop: &Stop) -> &str {
    match stop {
        Stop::Error { code, .. } => code,
        Stop::Exceeded(_) => "exceeded",
        Stop::Elsewhere { .. } => "elsewhere",
    }
}

#[test]
fn a_loop_ends_at_its_deadline() {
    let policy =
        "package p\nr := count([1 | numbers.range(1, 3000)[_]; numbers.range(1, 3000)[_]; numbers.range(1, 3000)[_] == 0])";
    let case = Case { policy, timeout: Some(Duration::from_millis(50)), ..Case::default() };
    let start = Instant::now();
    assert_eq!(case.ask("data.p.r"), Err(Stop::Exceeded(Exceeded::Deadline)));
    // Far from the hour that it would take, and no measure of speed.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_is_collected_counts_as_memory() {
    for policy in [
        "package p\nr := [[a, b] | some a in numbers.range(1, 5000); some b in numbers.range(1, 5000)]",
        "package p\nr contains (a * b) if {\n\tsome a in numbers.range(1, 5000)\n\tsome b in numbers.range(1, 5000)\n}",
        "package p\nr[a][b] := a if {\n\tsome a in numbers.range(1, 5000)\n\tsome b in numbers.range(1, 5000)\n}",
        "package p\nr := numbers.range(1, 1000000000)",
        "package p\nr := {k: v | some k in numbers.range(1, 5000); some v in numbers.range(1, 5000)}",
    ] {
        let case = Case { policy, max_bytes: 1 << 22, ..Case::default() };
        assert_eq!(case.ask("data.p.r"), Err(Stop::Exceeded(Exceeded::Memory)), "{policy}");
    }
}

#[test]
fn a_chain_of_rules_is_as_long_as_it_is() {
    use std::fmt::Write;
    let mut policy = "package p\nr0 := 1\n".to_owned();
    for i in 1..3000 {
        let _ = writeln!(policy, "r{i} := r{} + 1", i - 1);
    }
    assert_eq!(Case { policy: &policy, ..Case::default() }.value("data.p.r2999"), "3000");
}

#[test]
fn deep_values_are_compared_merged_and_written_without_recursion() {
    let deep = |depth: usize, leaf: &str| format!("{}{leaf}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let policy = "package p\nsame if input.x == data.x\nmerged := n if n := count(data.m) with data.m.a as input.x\nall := {input.x, data.x}";
    let data = format!("{{\"x\":{},\"m\":{{\"a\":{}}}}}", deep(5000, "1"), deep(5000, "2"));
    let input = format!("{{\"x\":{}}}", deep(5000, "1"));
    let case = Case { policy, data: &data, input: Some(&input), ..Case::default() };
    let (same, merged) = std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let handle = small.spawn_scoped(scope, || (case.value("data.p.same"), case.value("data.p.merged")));
        handle.unwrap().join().unwrap()
    });
    assert_eq!((same.as_str(), merged.as_str()), ("true", "1"));
    assert_eq!(Document::copy(&read_document(input.as_bytes(), LIMITS).unwrap().view()).view().type_name(), "object");
}

#[test]
fn what_a_partial_rule_is_asked_by_decides_what_is_evaluated() {
    let policy = "package p\nr[k] := v if {\n\tsome k in [\"a\", \"b\"]\n\tsome v in {\"a\": [1, 2], \"b\": [3]}[k]\n}";
    let case = Case { policy, ..Case::default() };
    assert_eq!(case.value("data.p.r.b"), "3");
    assert_eq!(case.ask("data.p.r").map_err(|stop| code(&stop).to_owned()), Err("eval_conflict_error".to_owned()));
    assert_eq!(case.ask("data.p.r.a").map_err(|stop| code(&stop).to_owned()), Err("eval_conflict_error".to_owned()));
}

#[test]
fn an_excluded_rule_hides_its_conflict() {
    let policy = "package p\nf(x) := 1 if x\nf(x) := 2 if x\nq contains 1 if {\n\tf(true) == 1\n\tinput.n == 3\n}";
    let hidden = Case { policy, input: Some("{\"n\": 4}"), ..Case::default() };
    assert_eq!(hidden.value("data.p.q"), "[]");
    let seen = Case { policy, input: Some("{\"n\": 3}"), ..Case::default() };
    assert_eq!(seen.ask("data.p.q").map_err(|stop| code(&stop).to_owned()), Err("eval_conflict_error".to_owned()));
}

#[test]
fn a_strict_error_ends_a_query_that_would_be_undefined_or_in_conflict() {
    let lone = "package p\nr := 1 + input.s";
    let case = Case { policy: lone, input: Some("{\"s\": \"x\"}"), strict: true, ..Case::default() };
    assert_eq!(case.ask("data.p.r").map_err(|stop| code(&stop).to_owned()), Err("eval_type_error".to_owned()));
    assert_eq!(Case { strict: false, ..case }.value("data.p.r"), "undefined");
    // Both are errors of this query; which one is named may differ from OPA (docs/decisions.md, "Strict errors").
    let both = "package p\nf(_) := 2\nf(_) := x if x := 1 + input.s\nr := v if some v in {f(1), 1.5}";
    let case = Case { policy: both, ..case };
    assert!(matches!(case.ask("data.p.r"), Err(Stop::Error { code: "eval_type_error" | "eval_conflict_error", .. })));
    assert_eq!(
        Case { strict: false, ..case }.ask("data.p.r").map_err(|stop| code(&stop).to_owned()),
        Err("eval_conflict_error".to_owned())
    );
}

/// What a rule is charged that asks a comprehension once for each of so many servers.
fn charged_for(body: &str, servers: usize, strict: bool) -> usize {
    let policy = format!("package p\nr contains [s, x] if {{\n\tsome s in data.servers\n\t{body}\n}}\n{HELPERS}");
    let names: Vec<String> = (0..servers).map(|i| format!("\"s{i}\"")).collect();
    let exposed: Vec<String> = (0..servers).map(|i| format!("{{\"server\":\"s{}\",\"port\":{i}}}", i / 2)).collect();
    let data = format!("{{\"servers\":[{}],\"exposed\":[{}]}}", names.join(","), exposed.join(","));
    let before = CHARGED.with(Cell::get);
    let value = Case { policy: &policy, data: &data, strict, ..Case::default() }.value("data.p.r");
    assert!(value.matches("[\"s").count() >= servers, "{value}");
    CHARGED.with(Cell::get) - before
}

const HELPERS: &str = "ports(s) := [p | some e in data.exposed; e.server == s; p := e.port]\ndouble(x) := x * 2";

#[test]
fn what_comprehensions_share_with_the_body_around_them_takes_time_once() {
    let bodies = [
        "x := [p | some e in data.exposed; e.server == s; p := e.port]",
        "x := {p | some i; data.exposed[i].server == s; p := data.exposed[i].port}",
        "x := {p: e | some e in data.exposed; s == e.server; p := e.port}",
        "x := [p | some e in data.exposed; e.server == s; p := double(e.port)]",
        "y := 7; x := [s | some e in data.exposed; e.server == s; e.port == y]",
        "x := ports(s)",
    ];
    for (body, strict) in bodies.iter().flat_map(|body| [(body, false), (body, true)]) {
        let (few, many) = (charged_for(body, 100, strict), charged_for(body, 400, strict));
        assert!(many < few * 6, "{body}: {few}, {many}");
    }
    // OPA does not index what closes over more.
    let other = "x := [p | some e in data.exposed; e.server == concat(\"\", [s]); p := e.port]";
    let (few, many) = (charged_for(other, 100, false), charged_for(other, 400, false));
    assert!(many > few * 12, "{few}, {many}");
}

#[test]
fn a_comprehension_that_is_evaluated_once_is_evaluated_where_it_stands() {
    let rule = |body: &str| format!("package p\nr := x if {{\n\ts := data.server\n\t{body}\n}}");
    let exposed: Vec<String> = (0..500).map(|i| format!("{{\"server\":\"s{i}\",\"port\":{i}}}")).collect();
    let data = format!("{{\"server\":\"s7\",\"exposed\":[{}]}}", exposed.join(","));
    let charged = |body: &str| {
        let (policy, before) = (rule(body), CHARGED.with(Cell::get));
        assert_eq!(Case { policy: &policy, data: &data, ..Case::default() }.value("data.p.r"), "[7]");
        CHARGED.with(Cell::get) - before
    };
    let alone = charged("x := [p | some e in data.exposed; e.server == s; p := e.port]");
    let not_indexed = charged("x := [p | some e in data.exposed; e.server == concat(\"\", [s]); p := e.port]");
    assert!(alone <= not_indexed + 10, "{alone}, {not_indexed}");
}

#[test]
fn an_index_respects_its_bounds() {
    let policy = "package p\nr contains x if {\n\tsome s in [1, 2]\n\tx := [n | some m in numbers.range(1, 3000000); s = m % 3; n := {m: [m]}]\n}";
    let case = Case { policy, max_bytes: 1 << 24, ..Case::default() };
    assert_eq!(case.ask("data.p.r"), Err(Stop::Exceeded(Exceeded::Memory)));
    let case = Case { policy, timeout: Some(Duration::from_millis(20)), ..Case::default() };
    assert_eq!(case.ask("data.p.r"), Err(Stop::Exceeded(Exceeded::Deadline)));
}
