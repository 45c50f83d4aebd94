#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod cases;
mod generate;
#[rustfmt::skip]
mod languages;
mod oracle;
#[rustfmt::skip]
mod pools;

use std::path::PathBuf;

use super::{all, lookup};

/// OPA's capabilities, where its module is.
fn capabilities() -> Option<serde_json::Value> {
    let home =
        std::env::var_os("GOPATH").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join("go")))?;
    let path = home.join("pkg/mod/github.com/open-policy-agent/opa@v1.22.2/capabilities.json");
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[test]
fn the_table_is_sorted() {
    assert!(all().is_sorted_by(|a, b| a.name < b.name));
    assert!(all().iter().all(|b| lookup(b.name).is_some_and(|found| found.name == b.name)));
    assert!(lookup("no.such.builtin").is_none());
}

#[test]
fn the_table_agrees_with_opas_capabilities() {
    let Some(capabilities) = capabilities() else { return };
    let declared = capabilities["builtins"].as_array().cloned().unwrap_or_default();
    for builtin in all() {
        let found = declared.iter().find(|d| d["name"] == builtin.name);
        let Some(found) = found else { panic!("{} is not OPA's", builtin.name) };
        let arity = found["decl"]["args"].as_array().map_or(0, Vec::len);
        let flag = |name: &str| found[name].as_bool().unwrap_or(false);
        let mine = (builtin.arity, builtin.relation, builtin.nondeterministic);
        assert_eq!(mine, (arity, flag("relation"), flag("nondeterministic")), "{}", builtin.name);
    }
}
