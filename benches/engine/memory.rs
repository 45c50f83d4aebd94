//! What a policy takes of memory, and what a process grows by that decides with ten. Each peer is measured in a process of its own, this binary
//! with `SARK_BENCH_CHILD` set: resident bytes (`Rss`), those of them that were written and that a second process has again (`Private_Dirty`; the rest
//! is code, mapped from its file), and the resident bytes that are left once the allocator has given back what is free (`malloc_trim`; in Go,
//! `debug.FreeOSMemory`).
//!
//! SARK_BENCH_LIB names sark's shared library, which the process row loads as an application does; a policy is measured with what is linked here.

use std::env;
use std::ffi::c_char;
use std::process::Command;
use std::ptr;

use libloading::{Library, Symbol};
use sark::ffi;

use crate::engine::Engine;
use crate::modules;
use crate::peers::{Opa, Peer, library};
use crate::workloads::{Workload, workload};

const CHILD: &str = "SARK_BENCH_CHILD";
const POLICIES: usize = 1000;
const FEW: usize = 10;

/// A child's name, and what it does.
type Child = (&'static str, fn() -> Growth);

const CHILDREN: [Child; 7] = [
    ("sark", sark_policies),
    ("sark, each asked once", sark_policies_asked),
    ("OPA, Go SDK", opa_policies),
    ("regorus", regorus_policies),
    ("process: sark", sark_process),
    ("process: OPA", opa_process),
    ("process: regorus", regorus_process),
];

pub(crate) fn measure() {
    println!("{:<26} {:<22} {:>14} {:>14} {:>14} {:>14}", "memory", "peer", "resident", "written", "trimmed", "of sark");
    let mut base = 0.0;
    for (name, _) in CHILDREN {
        let (row, unit, parts) = if name.starts_with("process") {
            ("a process, 10 policies", "MB", 1e6)
        } else {
            ("a policy of 1,000", "KB", 1e3 * 1e3)
        };
        let Some(growth) = of_child(name) else { continue };
        let [resident, written, trimmed] = growth.map(|bytes| bytes / parts);
        // The first of each kind is sark.
        if name.ends_with("sark") {
            base = resident;
        }
        let values = [resident, written, trimmed].map(|value| format!("{value:.2} {unit}"));
        println!("{row:<26} {name:<22} {:>14} {:>14} {:>14} {:>13.1}x", values[0], values[1], values[2], resident / base);
    }
}

/// Whether this process is such a child, which has then done what it is for.
pub(crate) fn is_child() -> bool {
    let Ok(wanted) = env::var(CHILD) else { return false };
    let (_, run) = CHILDREN.iter().find(|(name, _)| *name == wanted).expect("a child's name");
    let growth = run();
    println!("{} {} {}", growth.resident, growth.written, growth.trimmed);
    true
}

/// What a child printed: nothing where it lacks a library.
fn of_child(name: &str) -> Option<[f64; 3]> {
    if name.starts_with("process") && env::var_os("SARK_BENCH_LIB").is_none() {
        println!("{:<26} {name:<22} SARK_BENCH_LIB names no library", "");
        return None;
    }
    let output = Command::new(env::current_exe().unwrap()).env(CHILD, name).output().expect("this binary runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let numbers: Vec<f64> = String::from_utf8_lossy(&output.stdout).split_whitespace().map(|n| n.parse().unwrap()).collect();
    numbers.try_into().ok()
}

/// What was added to a process, in bytes.
struct Growth {
    resident: i64,
    written: i64,
    trimmed: i64,
}

impl Growth {
    fn since([resident, written]: [i64; 2], trim: impl FnOnce()) -> Self {
        let now = usage();
        trim();
        Self { resident: now[0] - resident, written: now[1] - written, trimmed: usage()[0] - resident }
    }
}

/// Resident bytes of this process, and those of them that it wrote.
fn usage() -> [i64; 2] {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux says it");
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a field of smaps_rollup");
        line.trim().trim_end_matches(" kB").parse::<i64>().unwrap() * 1024
    };
    [of("Rss:"), of("Private_Dirty:")]
}

fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

fn free_of_go() {
    unsafe {
        let free: Symbol<'_, unsafe extern "C" fn()> = library().get(b"opa_free_memory").expect("opa_free_memory");
        free();
    }
}

fn policies(count: usize) -> Vec<String> {
    (0..count).map(modules::typical).collect()
}

/// An engine of another package has decided before, so that code and tables that all share do not count.
fn warm() -> Engine {
    let engine = Engine::new(ffi::SARK_EVALUATOR_SARK, false);
    engine.load(&[modules::typical(POLICIES)], "{}");
    check(&engine.prepare(&modules::typical_path(POLICIES)).answer(&modules::typical_input(POLICIES)));
    engine
}

fn check(answer: &str) {
    assert_eq!(answer, r#"{"allow":true,"limit":100,"reasons":[]}"#);
}

fn sark_policies() -> Growth {
    let (_warm, policies) = (warm(), policies(POLICIES));
    trim();
    let before = usage();
    let engine = Engine::new(ffi::SARK_EVALUATOR_SARK, false);
    engine.load(&policies, "{}");
    check(&engine.prepare(&modules::typical_path(0)).answer(&modules::typical_input(0)));
    Growth::since(before, trim)
}

fn sark_policies_asked() -> Growth {
    let (_warm, policies) = (warm(), policies(POLICIES));
    trim();
    let before = usage();
    let engine = Engine::new(ffi::SARK_EVALUATOR_SARK, false);
    engine.load(&policies, "{}");
    let queries: Vec<_> = (0..POLICIES).map(|number| engine.prepare(&modules::typical_path(number))).collect();
    for (number, query) in queries.iter().enumerate() {
        check(&query.answer(&modules::typical_input(number)));
    }
    Growth::since(before, trim)
}

/// Typical policies as a workload, which asks the last.
fn as_workload(policies: Vec<String>, path: &'static str) -> Workload {
    let data = serde_json::json!({});
    Workload { policies, path, ..workload("memory", String::new(), &data, &data) }
}

fn opa_policies() -> Growth {
    let mut warm = Opa::new(&as_workload(vec![modules::typical(POLICIES)], "data.teams.t1000.decision"));
    check(&warm.answer(&modules::typical_input(POLICIES)));
    let policies = as_workload(policies(POLICIES), "data.teams.t0.decision");
    free_of_go();
    let before = usage();
    let mut opa = Opa::new(&policies);
    check(&opa.answer(&modules::typical_input(0)));
    let growth = Growth::since(before, free_of_go);
    drop(opa);
    growth
}

fn regorus_policies() -> Growth {
    let _warm = regorus_of(&[modules::typical(POLICIES)], POLICIES);
    let policies = policies(POLICIES);
    trim();
    let before = usage();
    let _engine = regorus_of(&policies, 0);
    Growth::since(before, trim)
}

/// regorus itself, which has answered for the package of a number.
fn regorus_of(policies: &[String], asked: usize) -> regorus::Engine {
    let mut engine = regorus::Engine::new();
    for (number, policy) in policies.iter().enumerate() {
        engine.add_policy(format!("m{number}"), policy.clone()).expect("regorus reads it");
    }
    engine.set_input_json(std::str::from_utf8(&modules::typical_input(asked)).unwrap()).expect("regorus reads it");
    let answer = engine.eval_rule(modules::typical_path(asked)).expect("regorus decides");
    check(&crate::engine::normal(answer.to_json_str().expect("JSON").as_bytes()));
    engine
}

fn sark_process() -> Growth {
    process_with_library(ffi::SARK_EVALUATOR_SARK)
}

fn regorus_process() -> Growth {
    process_with_library(ffi::SARK_EVALUATOR_REGORUS)
}

type New = unsafe extern "C" fn(*const ffi::sark_engine_options, *mut *mut ffi::sark_engine, *mut *mut ffi::sark_error) -> i32;
type LoadPolicy = unsafe extern "C" fn(
    *const ffi::sark_engine,
    *const c_char,
    u64,
    *const c_char,
    u64,
    *const ffi::sark_load_options,
    *mut ffi::sark_revision_info,
    *mut *mut ffi::sark_error,
) -> i32;
type Evaluate = unsafe extern "C" fn(
    *const ffi::sark_engine,
    *const c_char,
    u64,
    *const u8,
    u64,
    *const ffi::sark_evaluate_options,
    *mut ffi::sark_evaluate_info,
    *mut ffi::sark_buffer,
    *mut *mut ffi::sark_error,
) -> i32;

/// Loads the library, makes an engine, and has each of a few policies decide.
fn process_with_library(evaluator: u32) -> Growth {
    let policies = policies(FEW);
    let before = usage();
    let library = unsafe { Library::new(env::var_os("SARK_BENCH_LIB").expect("the library")) }.expect("sark's library loads");
    let mut error = ptr::null_mut();
    unsafe {
        let new: Symbol<'_, New> = library.get(b"sark_engine_new").unwrap();
        let load: Symbol<'_, LoadPolicy> = library.get(b"sark_engine_load_policy").unwrap();
        let evaluate: Symbol<'_, Evaluate> = library.get(b"sark_engine_evaluate").unwrap();
        let buffer_new: Symbol<'_, unsafe extern "C" fn() -> *mut ffi::sark_buffer> = library.get(b"sark_buffer_new").unwrap();
        let mut options: ffi::sark_engine_options = std::mem::zeroed();
        options.struct_size = u32::try_from(size_of::<ffi::sark_engine_options>()).unwrap();
        options.evaluator = evaluator;
        let (mut engine, buffer) = (ptr::null_mut(), buffer_new());
        assert_eq!(new(&raw const options, &raw mut engine, &raw mut error), ffi::SARK_OK);
        for (number, policy) in policies.iter().enumerate() {
            let (name, path, input) = (format!("m{number}"), modules::typical_path(number), modules::typical_input(number));
            let (name, name_length) = (name.as_ptr().cast(), name.len() as u64);
            let (rego, rego_length) = (policy.as_ptr().cast(), policy.len() as u64);
            let status = load(engine, name, name_length, rego, rego_length, ptr::null(), ptr::null_mut(), &raw mut error);
            assert_eq!(status, ffi::SARK_OK);
            let (path, path_length) = (path.as_ptr().cast(), path.len() as u64);
            let (input, input_length) = (input.as_ptr(), input.len() as u64);
            let (options, info) = (ptr::null(), ptr::null_mut());
            let status = evaluate(engine, path, path_length, input, input_length, options, info, buffer, &raw mut error);
            assert_eq!(status, ffi::SARK_OK);
        }
    }
    Growth::since(before, trim)
}

fn opa_process() -> Growth {
    let few = as_workload(policies(FEW), "data.teams.t9.decision");
    let before = usage();
    let mut opa = Opa::new(&few);
    check(&opa.answer(&modules::typical_input(FEW - 1)));
    Growth::since(before, free_of_go)
}
