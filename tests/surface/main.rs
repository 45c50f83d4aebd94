//! The surface is one: exported symbols, header, generated declarations and every binding have the same functions.
//!
//! `SARK_BLESS=1 cargo test --test surface` rewrites the generated files.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod generate;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn committed_header() -> String {
    fs::read_to_string(root().join("include/sark.h")).expect("include/sark.h is committed")
}

/// The functions that the header declares.
fn functions() -> BTreeSet<String> {
    let signatures: Value = serde_json::from_str(&generate::signatures(&committed_header())).expect("it is JSON");
    let functions = signatures["functions"].as_array().expect("an array");
    functions.iter().map(|f| f["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn generated_files_are_up_to_date() {
    let header = generate::header(root());
    let files = [
        ("include/sark.h", header.clone()),
        ("bindings/sark.cdef", generate::cdef(&header)),
        ("bindings/sark.json", generate::signatures(&header)),
        ("docs/builtins.md", generate::builtins()),
    ];
    for (path, text) in files {
        let path = root().join(path);
        if std::env::var_os("SARK_BLESS").is_some() {
            fs::write(&path, &text).expect("the file can be written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{} is out of date; run SARK_BLESS=1 cargo test --test surface", path.display());
    }
}

/// The library that cargo built for this test run, or the one that `SARK_LIBRARY` names.
fn library() -> PathBuf {
    if let Some(path) = std::env::var_os("SARK_LIBRARY") {
        return path.into();
    }
    let exe = std::env::current_exe().expect("the test knows where it is");
    exe.ancestors().map(|dir| dir.join("libsark.so")).find(|path| path.exists()).expect("cargo built the cdylib beside the tests")
}

fn nm(library: &Path) -> BTreeSet<String> {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().expect("nm runs");
    assert!(output.status.success(), "nm: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("nm prints text");
    text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    assert_eq!(nm(&library()), functions());
}

/// What C has for a common case of a longer function, which is the one that bindings call.
const SHORT_FORMS: [&str; 3] = ["sark_flags_set_rollout", "sark_flags_rollback", "sark_flags_rollback_all"];

/// What `sark_decide_info` says as well, for a language in which a call costs more than reading memory.
const IN_THE_INFO: [&str; 8] = [
    "sark_decision_allowed",
    "sark_decision_cached",
    "sark_decision_duration_ns",
    "sark_decision_fallback",
    "sark_decision_id",
    "sark_decision_implementation",
    "sark_decision_revision",
    "sark_decision_status",
];

#[test]
fn every_binding_has_every_function() {
    let bindings = [
        ("C++", "bindings/cpp", "hpp"),
        ("Python", "bindings/python/src", "py"),
        ("Go", "bindings/go", "go"),
        ("Node", "bindings/node", "js"),
    ];
    for (language, folder, extension) in bindings {
        let source = sources(&root().join(folder), extension);
        let wanted = functions().into_iter().filter(|f| !SHORT_FORMS.contains(&f.as_str()));
        let reads_the_info = calls(&source, "DecideInfo");
        let wanted = wanted.filter(|f| !(reads_the_info && IN_THE_INFO.contains(&f.as_str())));
        let missing: Vec<String> = wanted.filter(|f| !calls(&source, f)).collect();
        assert!(missing.is_empty(), "{language} ({folder}) does not call {missing:?}");
    }
}

/// Whether the whole name stands in the source, not as a part of a longer one.
fn calls(source: &str, function: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    source
        .match_indices(function)
        .any(|(at, name)| !source[at + name.len()..].starts_with(is_part) && !source[..at].ends_with(is_part))
}

/// The fault tests promise to call each function.
#[test]
fn the_fault_tests_call_every_function() {
    let calls_all = fs::read_to_string(root().join("tests/faults/every_function.inc")).expect("it is there");
    let missing: Vec<String> = functions().into_iter().filter(|f| !calls(&calls_all, f)).collect();
    assert!(missing.is_empty(), "tests/faults/every_function.inc lacks {missing:?}");
}

fn sources(folder: &Path, extension: &str) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() && !["node_modules", "tests", "test", "build"].contains(&name) {
            text += &sources(&path, extension);
        } else if path.extension().is_some_and(|e| e == extension || e == "mjs") && !name.contains("_test") {
            text += &fs::read_to_string(&path).expect("sources are text");
        }
    }
    text
}

#[test]
fn names_and_types_keep_the_law() {
    let header = committed_header();
    let code: String = header.lines().filter(|l| !l.trim().starts_with("//")).map(|l| format!("{l}\n")).collect();
    for item in generate::items(&header) {
        if let Some(macro_) = item.strip_prefix("#define ") {
            assert!(macro_.starts_with("SARK_"), "{item}");
            continue;
        }
        let mut words = item.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let loose = words.find(|w| ["int", "long", "short", "unsigned", "size_t", "uintptr_t", "enum"].contains(w));
        assert_eq!(loose, None, "in `{item}`: fixed-width integers only, and no enums that enter");
        assert!(!item.contains("(*"), "no function pointer crosses the boundary: {item}");
    }
    for function in functions() {
        assert!(function.starts_with("sark_"), "{function}");
        let declaration = code.split(';').find(|d| calls(d, &function)).expect("it is declared");
        assert!(declaration.lines().any(|l| l.starts_with("SARK_API")), "{function} is not marked SARK_API");
    }
}

#[test]
fn fallible_calls_end_with_the_error_and_growing_calls_take_options_and_info() {
    let signatures: Value = serde_json::from_str(&generate::signatures(&committed_header())).expect("it is JSON");
    for function in signatures["functions"].as_array().expect("an array") {
        let name = function["name"].as_str().expect("a name");
        let params = function["params"].as_array().expect("an array");
        let fallible = params.iter().any(|p| p["name"] == "error" && p["type"] == "sark_error **");
        assert!(!fallible || params.last().is_some_and(|p| p["name"] == "error"), "{name}: the error comes last");
        let returns = function["returns"].as_str().expect("a type");
        let accessors = ["sark_error_", "sark_decision_", "sark_status_", "sark_abi_", "sark_version"];
        let of_a_ticket = ["sark_ticket_url", "sark_ticket_headers", "sark_ticket_body", "sark_ticket_timeout_ns"];
        let accessor = accessors.iter().any(|p| name.starts_with(p)) || of_a_ticket.contains(&name);
        assert!(fallible || accessor || returns == "void" || name == "sark_buffer_new", "{name} has no way to fail");
        let grows = [
            "_evaluate",
            "_evaluate_input",
            "_evaluate_batch",
            "_prepare",
            "engine_query",
            "_decide",
            "cache_set",
            "engine_load_policy",
            "engine_set_data",
            "engine_patch_data",
        ];
        if grows.iter().any(|suffix| name.ends_with(suffix)) {
            let has = |kind: &str| params.iter().any(|p| p["name"] == kind);
            assert!(has("options") && has("info"), "{name} takes no options or no info");
        }
    }
    for (name, fields) in signatures["structs"].as_object().expect("an object") {
        if name.ends_with("_options") || name.ends_with("_info") {
            assert_eq!(fields[0]["name"], "struct_size", "{name}");
            assert_eq!(size(fields.as_array().expect("fields")) % 8, 0, "{name} has padding at its end");
        }
    }
}

/// The size of a struct of these fields if it has no padding; a field that would need some fails.
fn size(fields: &[Value]) -> u64 {
    fields.iter().fold(0, |at, field| {
        let kind = field["type"].as_str().expect("a type");
        let width = match kind {
            _ if kind.ends_with('*') => 8,
            "uint64_t" | "int64_t" | "double" => 8,
            "uint32_t" | "int32_t" => 4,
            "char" => 1,
            other => panic!("a field of type {other}"),
        };
        assert_eq!(at % width, 0, "padding before {}", field["name"]);
        at + width * field["length"].as_u64().unwrap_or(1)
    })
}
