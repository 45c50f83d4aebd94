//! What modules offer, for whoever deploys them: which documents there are, what each reaches, and what finding its rules costs.

mod annotations;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::compile::{Compiled, Key, TreeNode};
use super::plan::{self, Index, Plan, Source};
use super::value::text;
use super::{Path, reads};

/// What modules offer beside their names: documents, entrypoints, and annotations, as the members of an object.
pub(super) fn offers(compiled: &Compiled, policy_of: impl Fn(usize) -> String) -> [(&'static str, Value); 3] {
    let entrypoints = annotations::entrypoints(compiled);
    let shown: Vec<String> = entrypoints.iter().map(Path::to_string).collect();
    let mut paths = Vec::new();
    collect(compiled.tree.root(), &mut Vec::new(), &mut paths);
    let document = |(path, node): (Path, &TreeNode)| {
        let mut fields = document(compiled, &path, node, &policy_of);
        fields.insert("entrypoint".to_owned(), entrypoints.binary_search(&path).is_ok().into());
        Value::Object(fields)
    };
    let documents = paths.into_iter().map(document).collect();
    [("documents", documents), ("entrypoints", shown.into()), ("annotations", annotations::all(compiled, policy_of).into())]
}

/// All nodes that have rules. Recurses as deep as packages and heads nest, on the compiler's stack.
fn collect<'t>(node: &'t TreeNode, keys: &mut Vec<String>, found: &mut Vec<(Path, &'t TreeNode)>) {
    if !node.rules.is_empty() {
        found.push((Path::new(keys.clone()), node));
    }
    for (key, child) in &node.children {
        let Key::String(name) = key else { continue };
        keys.push(name.to_string());
        collect(child, keys, found);
        keys.pop();
    }
}

fn document(compiled: &Compiled, path: &Path, node: &TreeNode, policy_of: &impl Fn(usize) -> String) -> Map<String, Value> {
    let modules: BTreeSet<usize> =
        node.rules.iter().filter_map(|rule| compiled.rules.get(*rule)).map(|entry| entry.module).collect();
    let policies: Vec<String> = modules.into_iter().map(policy_of).collect();
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    add("path", path.to_string().into());
    add("policies", policies.into());
    add("rules", node.rules.len().into());
    add("function", node.arity.is_some_and(|arity| arity > 0).into());
    let Ok(plan) = plan::plan_path(compiled, path) else { return fields };
    let named = |wanted: fn(&plan::Site) -> bool| -> Vec<&str> {
        let names: BTreeSet<&str> = plan.sites.iter().filter(|site| wanted(site)).map(|site| site.builtin.name).collect();
        names.into_iter().collect()
    };
    let nondeterministic = named(|site| site.builtin.nondeterministic);
    add("deterministic", nondeterministic.is_empty().into());
    add("nondeterministic", nondeterministic.into());
    add("reads", reads::of(compiled, node).into());
    add("network", named(|site| site.builtin.reaches_out).into());
    add("index", cost(&plan, path));
    fields
}

/// How the rules at `path` are found: by what, and how many are looked at whatever the input is.
fn cost(plan: &Plan, path: &Path) -> Value {
    let name = path.to_string();
    let Some(routine) = plan.routines.iter().find(|routine| routine.name == name) else { return Value::Null };
    let rules = routine.candidates.len();
    let Some(index) = routine.index.and_then(|number| plan.indexes.get(number as usize)) else {
        return json!({"by": [], "hashed": false, "rules": rules, "always": rules});
    };
    let always = index.branches.iter().filter(|branch| {
        let is_free = branch.paths.is_empty() || branch.paths.iter().any(Vec::is_empty);
        branch.required.is_empty() && branch.memberships.is_empty() && is_free
    });
    let by: BTreeSet<String> =
        used(index).filter_map(|source| index.sources.get(source as usize)).map(|source| shown(plan, source)).collect();
    json!({"by": by, "hashed": index.lookup.is_some(), "rules": rules, "always": always.count()})
}

/// The sources that constrain a rule.
fn used(index: &Index) -> impl Iterator<Item = u32> {
    index.branches.iter().flat_map(|branch| {
        let in_paths = branch.paths.iter().flatten().map(|(source, _)| *source);
        in_paths.chain(branch.required.iter().copied()).chain(branch.memberships.iter().map(|(source, _)| *source))
    })
}

fn shown(plan: &Plan, source: &Source) -> String {
    let keys = |numbers: &[u32]| -> String {
        let each = numbers.iter().filter_map(|number| plan.constants.get(*number as usize));
        each.map(|key| match key.as_bytes().map(String::from_utf8_lossy) {
            Some(name) if Path::is_identifier(&name) => format!(".{name}"),
            _ => format!("[{}]", text(&key.view())),
        })
        .collect()
    };
    match source {
        Source::Input { keys: numbers, .. } => format!("input{}", keys(numbers)),
        Source::Data(path) => format!("data{}", keys(plan.paths.get(*path as usize).map(Vec::as_slice).unwrap_or_default())),
        Source::Argument(number) => format!("argument {}", number.saturating_add(1)),
    }
}
