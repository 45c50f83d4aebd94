//! What sark's evaluator offers to policies, in the shape of `opa capabilities --current`: an allow-list for `opa build --capabilities` and
//! `opa check --capabilities`, which then refuse what would not run here.

use serde_json::{Map, Value, json};

use super::builtins::{self, Builtin};
use super::compile::is_deprecated;
use super::print::infix;
use super::types::{Constant, Declaration, Known, Named, Shape, Types, declared};

/// The capabilities as JSON.
pub(super) fn capabilities() -> Value {
    // Both are compiled to others, and have no function.
    let rewritten = ["assign", "print"].into_iter().filter_map(|name| Some(described(name, declared().get(name)?, None)));
    let mut builtins: Vec<Value> = builtins::offered().filter_map(entry).chain(rewritten).collect();
    builtins.sort_by(|a, b| name_of(a).cmp(name_of(b)));
    json!({
        "allow_net": [],
        "builtins": builtins,
        "features": ["keywords_in_refs", "rego_v1", "rego_v2", "rego_v2_import", "template_strings"],
        "future_keywords": ["and", "not", "or"],
        "wasm_abi_versions": [],
    })
}

fn name_of(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn entry(builtin: &Builtin) -> Option<Value> {
    Some(described(builtin.name, declared().get(builtin.name)?, Some(builtin)))
}

fn described(name: &str, declaration: &Declaration, builtin: Option<&Builtin>) -> Value {
    let types = &declared().types;
    let mut decl = Map::new();
    decl.insert("type".to_owned(), "function".into());
    if !declaration.args.is_empty() {
        decl.insert("args".to_owned(), declaration.args.iter().map(|arg| known(types, arg.of)).collect());
    }
    for (key, named) in [("variadic", declaration.variadic), ("result", declaration.result)] {
        if let Some(Named { of, .. }) = named {
            decl.insert(key.to_owned(), known(types, of));
        }
    }
    let mut entry = Map::new();
    entry.insert("name".to_owned(), name.into());
    entry.insert("decl".to_owned(), decl.into());
    let membership = matches!(name, "internal.member_2" | "internal.member_3").then_some("in");
    if let Some(symbol) = infix(name).or(membership) {
        entry.insert("infix".to_owned(), symbol.into());
    }
    let flags = [
        ("relation", builtin.is_some_and(|builtin| builtin.relation)),
        ("nondeterministic", builtin.is_some_and(|builtin| builtin.nondeterministic)),
        ("deprecated", is_deprecated(name)),
    ];
    for (flag, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
        entry.insert(flag.to_owned(), true.into());
    }
    entry.into()
}

/// A type as OPA's JSON has it (`v1/types/types.go`). Declared types are as deep as they are written.
fn known(types: &Types, of: Known) -> Value {
    let Some(of) = of else { return Value::Null };
    match &*types.shape(of) {
        Shape::Null => json!({"type": "null"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Number => json!({"type": "number"}),
        Shape::String => json!({"type": "string"}),
        Shape::Any(members) if members.is_empty() => json!({"type": "any"}),
        Shape::Any(members) => json!({"type": "any", "of": members.iter().map(|of| known(types, Some(*of))).collect::<Vec<_>>()}),
        Shape::Set(of) => json!({"type": "set", "of": known(types, *of)}),
        Shape::Array { items, rest } => {
            let mut array = json!({"type": "array"});
            if !items.is_empty() {
                put(&mut array, "static", items.iter().map(|item| known(types, *item)).collect());
            }
            if rest.is_some() {
                put(&mut array, "dynamic", known(types, *rest));
            }
            array
        }
        Shape::Object { properties, rest } => {
            let mut object = json!({"type": "object"});
            if !properties.is_empty() {
                let property = |(key, of): &(Constant, Known)| json!({"key": key_text(key), "value": known(types, *of)});
                put(&mut object, "static", properties.iter().map(property).collect());
            }
            if let Some((key, value)) = rest {
                put(&mut object, "dynamic", json!({"key": known(types, *key), "value": known(types, *value)}));
            }
            object
        }
        Shape::Function { .. } => Value::Null,
    }
}

/// The keys of declared objects are strings.
fn key_text(key: &Constant) -> Value {
    match key {
        Constant::String(text) => (**text).into(),
        _ => Value::Null,
    }
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::capabilities;

    fn opas() -> Option<Value> {
        let home = std::env::var_os("GOPATH")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join("go")))?;
        let path = home.join("pkg/mod/github.com/open-policy-agent/opa@v1.22.2/capabilities.json");
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn by_name(capabilities: &Value) -> BTreeMap<String, Value> {
        let all = capabilities["builtins"].as_array().expect("an array").iter();
        all.map(|entry| (entry["name"].as_str().expect("a name").to_owned(), entry.clone())).collect()
    }

    #[test]
    fn they_are_opas() {
        let Some(opas) = opas() else { return };
        let (ours, theirs) = (capabilities(), by_name(&opas));
        let mine = by_name(&ours);
        let names = |all: &BTreeMap<String, Value>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&mine), names(&theirs));
        for (name, entry) in &theirs {
            assert_eq!(&mine[name], entry, "{name}");
        }
        assert_eq!((&ours["features"], &ours["future_keywords"]), (&opas["features"], &opas["future_keywords"]));
    }
}
