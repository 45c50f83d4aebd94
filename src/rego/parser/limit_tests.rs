//! Tests of what bounds the parser: nesting, chains, time, and sources that are no Rego at all.

use std::time::{Duration, Instant};

use super::super::RegoVersion::{V0, V1, V2};
use super::tests::options;
use super::{parse_module, parse_query, parse_term};

/// Runs on a stack as large as the compiler's.
fn on_large_stack(work: fn()) {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

#[test]
fn nesting_is_bounded_and_takes_linear_time() {
    on_large_stack(|| {
        for (open, close) in [
            ("[", "]"),
            ("(", ")"),
            ("{", "}"),
            ("{x: ", "}"),
            ("x[", "]"),
            ("f(", ")"),
            ("$\"{", "}\""),
            ("[x | ", "]"),
            ("[x | a, b in ", ", c in d]"),
            ("{x | a, ", "}"),
            ("{k: v | ", ",}"),
            ("[x | not {", "}]"),
            ("([x | (", " and y)])"),
            ("({x | ({", "})})"),
            ("[x | {y | {", "} or z} or z]"),
            ("[x | every a in b { c, ", "}]"),
        ] {
            for (depth, inner) in [(150, "1"), (150, "x y"), (150, ""), (1_001, "1"), (5_000, "1")] {
                for close in [close.repeat(depth), String::new()] {
                    let source = format!("package a\np if {{ x := {}{inner}{close} }}", open.repeat(depth));
                    for version in [V0, V1, V2] {
                        let start = Instant::now();
                        let result = parse_module(&source, &options(version));
                        assert!(start.elapsed() < Duration::from_secs(10), "{depth} × {open}");
                        assert!(depth == 150 || result.is_err(), "{depth} × {open}");
                    }
                }
            }
        }
    });
}

#[test]
fn chains_are_bounded() {
    on_large_stack(|| {
        for (first, link) in [
            ("p if 1", " + 1"),
            ("p if x", " in x"),
            ("p if x", " and x"),
            ("p if x", " or x"),
            ("p if f", "().f"),
            ("p := 1 if x", " else := 1 if x"),
        ] {
            for (length, accepted) in [(4_000, true), (100_000, false)] {
                let source = format!("package a\n{first}{}", link.repeat(length));
                let result = parse_module(&source, &options(V2));
                let message = result.as_ref().err().and_then(|problems| problems.first()).map(|problem| problem.message.as_str());
                assert_eq!(result.is_ok(), accepted, "{length} × {link}: {message:?}");
                assert!(accepted || message.is_some_and(|text| text.starts_with("nested too deeply")), "{message:?}");
            }
        }
        let long = format!("package a\np := [{}]\nq if x{}", "1 + 1, ".repeat(200_000), ".y".repeat(200_000));
        assert!(parse_module(&long, &options(V1)).is_ok(), "length is not depth");
        let lines = format!("package a\np if {{\n{}}}", "a and b\nx == 1 + 2\n".repeat(20_000));
        assert!(parse_module(&lines, &options(V2)).is_ok(), "lines are not depth");
    });
}

#[test]
fn odd_sources_are_refused_without_a_panic() {
    for source in [
        "\0",
        "package a\n\0",
        "package é",
        "package a\n\u{feff}p",
        "package a\np := 1é",
        "package a\nn\u{a0}:= 1",
        "$",
        "$\"",
        "\"\\u",
        "`",
        "#",
        "{",
        "package a\np := \"é\\",
        "package a\np := .",
        "-",
        "package",
        "import",
        "default",
        "package a\ndefault",
        "package a\nimport",
        "package a\np if",
    ] {
        for version in [V0, V1, V2] {
            assert!(parse_module(source, &options(version)).is_err(), "{source:?}");
            let _ = parse_query(source, &options(version));
            let _ = parse_term(source, &options(version));
        }
    }
    assert!(parse_module("\u{feff}package a", &options(V1)).is_ok(), "a byte-order mark may begin a source");
}
