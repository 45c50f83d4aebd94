#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::super::compile::Options;
use super::super::print::reference;
use super::super::rules::RuleCompiler;
use super::super::value::{Document, Limits, read_document};
use super::super::{Bounds, Compiler, Given, Module, Outcome, Outside, Path, Program, Question, RegoCompiler, RegoVersion};
use super::{Met, Outline, Units};

fn module(name: &str, source: &str) -> Module {
    Module { name: name.into(), source: source.into(), version: RegoVersion::V1 }
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn document(json: &str) -> Arc<Document> {
    Arc::new(read_document(json.as_bytes(), Limits { max_bytes: 1 << 20, max_depth: 100 }).unwrap())
}

/// One of many that refer to nobody, so that what changes is a small part.
fn bystander(number: usize) -> Module {
    module(&format!("z{number:02}"), &format!("package z.z{number}\n\n# {}\nr := {number}\n", "-".repeat(200)))
}

fn with_bystanders(modules: &[(&str, &str)]) -> Vec<Module> {
    let mut all: Vec<Module> = modules.iter().map(|(name, source)| module(name, source)).collect();
    all.extend((0..20).map(bystander));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn units(compiler: &RuleCompiler, modules: &[Module]) -> Units {
    Units::one(&compiler.compile_all(modules).unwrap())
}

/// The modules that are compiled when the first of these is replaced by another source.
fn compiled_with(modules: &[(&str, &str)], source: &str) -> Vec<String> {
    let compiler = RuleCompiler::default();
    let before = units(&compiler, &with_bystanders(modules));
    let mut after = modules.to_vec();
    after[0].1 = source;
    let replaced = before.replaced(&with_bystanders(&after), |parts| compiler.compile(parts).ok()).unwrap();
    replaced.rules.unwrap().modules.iter().map(|module| module.name.to_string()).collect()
}

#[test]
fn what_refers_to_a_module_is_compiled_with_it_however_it_refers() {
    let changed = ("a", "package a.lib\n\nr := 1\n\nf(x) := x\n");
    let after = "package a.lib\n\nr := 2\n\nf(x) := x\n";
    let referring = [
        "import data.a.lib\n\nx := lib.r",
        "import data.a.lib as other\n\nx if other.f(1)",
        "x if data.a.lib.f(1)",
        "x := [y | y := data.a.lib.f(1)]",
        "x := data.a[input.package].r",
        "x := data.base[data.a.lib.r]",
        "x[data.a.lib.r] := 1",
        "x contains data.a.lib.r",
        "x := 1 if input.y with data.a.lib.r as 2",
        "x := 1 if input.y with input as data.a.lib.r",
        "y(v) := v\n\nx := 1 if y(1) with y as data.a.lib.f",
        "default x := 1\n\nx := 2 if false else := data.a.lib.r",
        "x if every y in [1] { y == data.a.lib.r }",
        "x if not data.a.lib.r == 3",
        "x := $\"{data.a.lib.r}\"",
        "x := sprintf(\"%v\", [data.a.lib.r])",
    ];
    for text in referring {
        let refers = format!("package c\n\n{text}\n");
        let modules = [changed, ("b", "package b\n\nimport data.c\n\ny := c.x\n"), ("c", refers.as_str())];
        assert_eq!(compiled_with(&modules, after), ["a", "b", "c"], "{text}");
    }
}

#[test]
fn who_refers_to_any_part_of_data_sees_all_of_it() {
    let seen = |rule: &str| {
        let outline = Outline::parse(&module("a", &format!("package a\n\n{rule}\n"))).unwrap();
        outline.seen().map(Path::to_string).collect::<Vec<_>>()
    };
    assert_eq!(seen("x := data[input.root].r"), ["data.a", "data"]);
    assert_eq!(seen("x := count(data)"), ["data.a", "data"]);
    assert_eq!(seen("x := [data.b.c[input.x], data.b.c.d, data.e, input.f, y]\n\ny := 1"), ["data.a", "data.b.c", "data.e"]);
}

#[test]
fn what_a_module_refers_to_is_compiled_with_it_and_its_other_users_stay() {
    let modules = [
        ("a", "package a\n\nx := data.lib.r\n"),
        ("b", "package b\n\nx := data.lib.r\n"),
        ("lib", "package lib\n\nr := data.deep.r\n"),
        ("deep", "package deep\n\nr := 1\n"),
    ];
    assert_eq!(compiled_with(&modules, "package a\n\nx := data.lib.r + 1\n"), ["a", "deep", "lib"]);
}

#[test]
fn of_what_is_used_by_those_that_are_used_only_the_rules_they_come_to_are_compiled() {
    let modules = [
        ("a", "package a\n\nx := data.lib.r\n"),
        (
            "deep",
            "package deep\n\nimport data.unused as u\n\nr := s\n\n# METADATA\n# title: t\ns := 1\n\n# METADATA\n# title: u\nt := u.r\n",
        ),
        ("lib", "package lib\n\nr := data.deep.r\n\nq := data.other.r\n"),
        ("other", "package other\n\nr := 1\n"),
        ("unused", "package unused\n\nr := 1\n"),
    ];
    for strict in [false, true] {
        let compiler = RuleCompiler::new(Options { strict, ..Options::default() });
        let before = units(&compiler, &with_bystanders(&modules));
        let mut after = modules;
        after[0].1 = "package a\n\nx := data.lib.r + 1\n";
        let replaced = before.replaced(&with_bystanders(&after), |parts| compiler.compile(parts).ok()).unwrap();
        let rules = replaced.rules.unwrap();
        let names: Vec<&str> = rules.modules.iter().map(|module| &*module.name).collect();
        assert_eq!(names, ["a", "deep", "lib", "other"]);
        let paths: Vec<String> = rules.compiled.rules.iter().map(|entry| reference(&entry.reference())).collect();
        assert_eq!(paths, ["data.a.x", "data.deep.r", "data.deep.s", "data.lib.r", "data.lib.q", "data.other.r"]);
        let titles = rules.compiled.annotations.all().iter().map(|annotated| reference(&annotated.path)).collect::<Vec<_>>();
        assert_eq!(titles, ["data.deep.s"]);
    }
}

#[test]
fn what_is_said_of_packages_is_known_where_their_rules_are_used() {
    let modules = [
        ("a", "package a\n\nx := data.lib.r\n"),
        ("lib", "package lib\n\nr := data.deep.er.r\n"),
        (
            "deep",
            "package deep.er\n\nr := [link.annotations.title | some link in rego.metadata.chain(); link.annotations.title]\n",
        ),
        ("same", "# METADATA\n# title: package\npackage deep.er\n\nunused := 1\n"),
        ("top", "# METADATA\n# title: above\n# scope: subpackages\npackage deep\n\nunused := 1\n"),
    ];
    let compiler = RegoCompiler::default();
    let data = document("{}");
    let present = compiler.compile(&with_bystanders(&modules), &data).unwrap();
    let mut after = modules;
    after[0].1 = "package a\n\nx := array.concat(data.lib.r, [])\n";
    let next = present.replaced(&with_bystanders(&after), &data).unwrap();
    assert_eq!(decide(present.as_ref(), &path("data.a.x"), "{}"), r#"["package","above"]"#);
    assert_eq!(decide(next.as_ref(), &path("data.a.x"), "{}"), r#"["package","above"]"#);
}

#[test]
fn packages_above_and_below_are_compiled_together() {
    let modules = [("a", "package p.q\n\nx := 1\n"), ("b", "package p\n\ny := 1\n"), ("c", "package p.q.r\n\nz := 1\n")];
    assert_eq!(compiled_with(&modules, "package p.q\n\nx := 2\n"), ["a", "b", "c"]);
}

#[test]
fn a_path_is_decided_by_its_unit_or_by_all_modules() {
    let compiler = RuleCompiler::default();
    let modules = [("a", "package p.a\n\nx := 1\n"), ("b", "package p.b\n\nx := 1\n"), ("c", "package q\n\nx := 1\n")];
    let before = units(&compiler, &with_bystanders(&modules));
    assert!(before.whole().is_some());
    let mut after = modules;
    after[0].1 = "package p.a\n\nx := 2\n";
    let replaced = before.replaced(&with_bystanders(&after), |parts| compiler.compile(parts).ok()).unwrap();
    let (units, new) = (&replaced.units, replaced.rules.as_ref().unwrap());
    let is = |text: &str, rules: &Arc<super::Rules>| matches!(units.at(&path(text)), Met::One(at) if Arc::ptr_eq(at, rules));
    assert!(is("data.p.a", new) && is("data.p.a.x", new) && is("data.p.a.x.y", new));
    assert!(is("data.p.b.x", before.whole().unwrap()) && is("data.q", before.whole().unwrap()));
    assert!(matches!(units.at(&path("data.p")), Met::Several) && matches!(units.at(&path("data")), Met::Several));
    assert!(matches!(units.at(&path("data.nobody")), Met::None) && matches!(units.at(&path("data.p.c")), Met::None));
    assert!(units.whole().is_none());
    assert!(replaced.touches(&path("data.p")) && !replaced.touches(&path("data.q")) && !replaced.touches(&path("data.p.b")));
    let without: Vec<_> = after.iter().copied().filter(|(name, _)| *name != "c").collect();
    let removed = units.replaced(&with_bystanders(&without), |parts| compiler.compile(parts).ok()).unwrap();
    assert!(removed.rules.is_none() && removed.touches(&path("data.q")) && removed.units.package("c").is_none());
    // The first unit still has it.
    assert!(matches!(removed.units.at(&path("data.q")), Met::None));
}

#[test]
fn units_hold_no_more_than_twice_the_sources() {
    let compiler = RuleCompiler::default();
    let shared = format!("package lib\n\n# {}\nr := 1\n", "-".repeat(20_000));
    let user = |number: usize, value: usize| {
        module(&format!("u{number:02}"), &format!("package u.u{number}\n\nx := data.lib.r + {value}\n"))
    };
    let mut modules: Vec<Module> = with_bystanders(&[("lib", &shared)]);
    modules.extend(
        (0..20).map(|number| {
            module(&format!("pad{number:02}"), &format!("package pad.p{number}\n\n# {}\nr := 1\n", "-".repeat(3000)))
        }),
    );
    modules.extend((0..30).map(|number| user(number, 0)));
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    let total: usize = modules.iter().map(|module| module.source.len()).sum();
    let mut at = units(&compiler, &modules);
    let (mut separate, mut whole) = (0, 0);
    for value in 1..=60 {
        let name = format!("u{:02}", value % 30);
        *modules.iter_mut().find(|module| *module.name == *name).unwrap() = user(value % 30, value);
        match at.replaced(&modules, |parts| compiler.compile(parts).ok()) {
            Some(replaced) => (at, separate) = (replaced.units, separate + 1),
            None => (at, whole) = (units(&compiler, &modules), whole + 1),
        }
        let held: usize = at.each().iter().map(|rules| super::bytes(&rules.modules)).sum();
        assert!(held <= 2 * total + (64 << 10) + 60, "{held} of {total}");
    }
    assert!(separate > 40 && whole > 3, "{separate} {whole}");
}

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const PACKAGES: &[&str] = &["a", "a.b", "a.c.d", "b", "b.x.y", "lib", "lib.u", "c.d", "c.e", "e", "f.g", "h", "i.j", "k"];
const DATA: &[&str] = &[
    "{}",
    r#"{"base": [1, 2], "c": {"more": 1}}"#,
    r#"{"base": [1, 2], "c": {"more": 2}, "lib": {"list": ["r0"]}}"#,
    r#"{"base": {"r1": 4}, "b": {"x": {"y": {"z": 1}}}}"#,
    r#"{"a": {"b": {"r0": 1}}}"#,
    r#"{"e": 1}"#,
    r#"{"h": {"r1": true}}"#,
];
const INPUTS: &[&str] = &[r#"{"x": "r1", "n": 1}"#, r#"{"x": "f0", "n": {"r1": 2}}"#];

fn drawn_rule(random: &mut Random) -> String {
    let (number, other, value) = (random.below(3), random.below(3), random.below(5));
    let (one, two) = (random.one_of(PACKAGES), random.one_of(PACKAGES));
    match random.below(20) {
        0..=3 => format!("r{number} := {value}"),
        4 => format!("f{number}(x) := x + {value} if is_number(x)"),
        5 => format!("r{number} := data.{one}.r{other}"),
        6 => format!("r{number} := [data.{one}.f{other}({value}), {value}]"),
        7 => format!("r{number} contains x if {{\n\tsome x\n\tdata.{one}[x]\n}}"),
        8 => format!("r{number} := data.{one}.r{other} with data.{two}.r{number} as {value}"),
        9 => format!("r{number} := data.{one}[input.x]"),
        10 => format!("r{number} := count(data.base) + {value}"),
        11 => format!("b.r{number} := {value}"),
        12 => format!("r{number} := data.{one}.r{other} + \"x\""),
        13 => format!("r{number} := u.r{other} if {{\n\tu.r{number}\n}} else := {value}"),
        14 => format!("r{number} := {value} if input.x == data.lib.list[_]"),
        15 => format!("c[input.x].k{number} := {value}"),
        16 => format!("r{number} := data[input.x]"),
        17 | 18 => format!("r{number} := [rego.metadata.chain(), {value}]"),
        _ => format!("r{number} := {value} if not data.{one}.r{other}"),
    }
}

fn drawn_module(random: &mut Random, name: &str) -> Module {
    let import = format!("import data.{} as u\n\n", random.one_of(PACKAGES));
    let rules: Vec<String> = (0..=random.below(3)).map(|_| drawn_rule(random)).collect();
    let rules = rules.join("\n\n");
    // Strict mode refuses one that nobody uses.
    let import = if rules.contains("u.r") { import.as_str() } else { "" };
    let said = match random.below(4) {
        0 => format!("# METADATA\n# title: {name}\n# scope: subpackages\n"),
        1 => format!("# METADATA\n# title: {name}\n"),
        _ => String::new(),
    };
    module(name, &format!("{said}package {}\n\n{import}{rules}\n", random.one_of(PACKAGES)))
}

fn decide(program: &dyn Program, path: &Path, input: &str) -> String {
    let outside = Outside::default();
    let question = Question {
        input: Some(Given::Json(input.as_bytes())),
        limits: Limits { max_bytes: 1 << 20, max_depth: 100 },
        bounds: Bounds { deadline: None, strict_builtin_errors: false },
        start: Instant::now(),
        timed: false,
        printer: None,
        outside: &outside,
        elsewhere: false,
        time_ns: None,
        seed: None,
    };
    let mut output = Vec::new();
    match program.evaluate(path, &question, &mut output) {
        Err(error) => error.to_string(),
        Ok(evaluated) if evaluated.outcome == Outcome::Undefined => "undefined".to_owned(),
        Ok(_) => String::from_utf8(output).unwrap(),
    }
}

/// All paths that could be told apart, in an order of its own each time.
fn asked(random: &mut Random) -> Vec<Path> {
    let mut paths: Vec<String> = vec!["data.c".to_owned(), "data.none".to_owned(), "data.a.b.c".to_owned()];
    if random.below(8) == 0 {
        paths.push("data".to_owned());
    }
    for package in PACKAGES {
        paths.push(format!("data.{package}"));
        paths.extend((0..3).map(|number| format!("data.{package}.r{number}")));
        paths.push(format!("data.{package}.b"));
    }
    for at in (1..paths.len()).rev() {
        paths.swap(at, random.below(at + 1));
    }
    paths.truncate(random.below(paths.len()));
    paths.iter().map(|text| path(text)).collect()
}

fn agree(next: &dyn Program, fresh: &dyn Program, random: &mut Random, seed: u64) {
    for path in asked(random) {
        for input in INPUTS {
            assert_eq!(decide(next, &path, input), decide(fresh, &path, input), "seed {seed}, {path}, {input}");
        }
        assert_eq!(next.is_deterministic(&path), fresh.is_deterministic(&path), "seed {seed}, {path}");
    }
}

/// Changes a few of the modules, or the data.
fn changed(random: &mut Random, modules: &mut BTreeMap<String, Module>, data: &mut Arc<Document>) {
    if random.below(4) == 0 {
        *data = document(random.one_of(DATA));
    }
    for _ in 0..=random.below(2) {
        let name = format!("m{}", random.below(12));
        if random.below(5) == 0 {
            modules.remove(&name);
        } else {
            modules.insert(name.clone(), drawn_module(random, &name));
        }
    }
}

/// One history of changes: what each comes to is what its modules and data, compiled from the start, come to. How often units decided.
fn history(seed: u64) -> usize {
    let random = &mut Random(seed);
    let compiler = RegoCompiler::new(false, seed % 2 == 1, false);
    let mut modules: BTreeMap<String, Module> = (0..20).map(bystander).map(|module| (module.name.to_string(), module)).collect();
    let mut data = document("{}");
    let all = |modules: &BTreeMap<String, Module>| modules.values().cloned().collect::<Vec<_>>();
    let mut present = compiler.compile(&all(&modules), &data).unwrap();
    let mut separate = 0;
    for _ in 0..12 {
        let (mut next_modules, mut next_data) = (modules.clone(), Arc::clone(&data));
        changed(random, &mut next_modules, &mut next_data);
        let next = present.replaced(&all(&next_modules), &next_data);
        let fresh = compiler.compile(&all(&next_modules), &next_data);
        let Ok(fresh) = fresh else {
            assert!(next.is_none(), "seed {seed}: units bear what compiled together is refused");
            continue;
        };
        separate += usize::from(next.is_some());
        let next = next.unwrap_or_else(|| Arc::clone(&fresh));
        next.plan_ahead(&present.planned());
        agree(next.as_ref(), fresh.as_ref(), random, seed);
        let names: Vec<&str> = next_modules.keys().map(String::as_str).collect();
        assert!(names.iter().all(|name| next.package(name) == fresh.package(name)), "seed {seed}");
        assert!(next.package("m99").is_none());
        (present, modules, data) = (next, next_modules, next_data);
        let other = document(random.one_of(DATA));
        match (present.with_data(&other), compiler.compile(&all(&modules), &other)) {
            (Ok(moved), Ok(fresh)) => {
                agree(moved.as_ref(), fresh.as_ref(), random, seed);
                (present, data) = (moved, other);
            }
            (moved, fresh) => assert_eq!(moved.err().map(|e| e.to_string()), fresh.err().map(|e| e.to_string()), "seed {seed}"),
        }
    }
    separate
}

#[test]
#[allow(clippy::print_stdout, reason = "it says how much it tried")]
fn whatever_changes_units_decide_as_all_modules_compiled_together() {
    let histories = std::env::var("SARK_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(80);
    let separate: usize = super::super::stack::on_deep_stack(|| Ok((0..histories).map(history).sum())).unwrap();
    println!("{histories} histories of 12 changes: {separate} changes were compiled by themselves");
    assert!(u64::try_from(separate).unwrap() > histories * 2, "{separate} of {histories}");
}
