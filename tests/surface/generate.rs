//! What is generated: cbindgen's header, and from it, without a second description of anything, the cdef that cffi reads and the JSON of
//! signatures that Node turns into koffi types; and the page of builtins.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The header, from the sources of the ABI alone: what other modules export to Rust is no concern of C's.
pub(super) fn header(root: &Path) -> String {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let mut files: Vec<_> = fs::read_dir(root.join("src/ffi")).expect("src/ffi").map(|f| f.expect("a file").path()).collect();
    // The version first, then the nouns' files by name. The test build's symbol is not part of the ABI.
    files.retain(|f| !f.ends_with("test_panic.rs") && !f.ends_with("mod.rs"));
    files.sort_by_key(|f| (!f.ends_with("version.rs"), !f.ends_with("status.rs"), f.clone()));
    let builder = files.iter().fold(cbindgen::Builder::new().with_config(config), |builder, file| builder.with_src(file));
    let bindings = builder.generate().expect("src/ffi is readable");
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    String::from_utf8(bytes).expect("the header is text")
}

/// What cffi accepts: declarations and integer macros, without comments, conditions and marks.
pub(super) fn cdef(header: &str) -> String {
    let mut text = String::from("/* Generated from include/sark.h. */\n");
    for item in items(header) {
        text.push_str(&item);
        text.push('\n');
    }
    text
}

/// The same declarations as data: constants, opaque types, structs with their fields, functions with their parameters.
pub(super) fn signatures(header: &str) -> String {
    let (mut constants, mut structs, mut opaque, mut functions) = (Map::new(), Map::new(), Vec::new(), Vec::new());
    for item in items(header) {
        if let Some(define) = item.strip_prefix("#define ") {
            let (name, value) = define.split_once(' ').expect("a macro has a value");
            constants.insert(name.into(), integer(value));
        } else if let Some(fields) = item.strip_prefix("typedef struct ").filter(|_| item.contains('{')) {
            let (name, fields) = fields.split_once(" {").expect("a struct has a body");
            let fields = fields.rsplit_once('}').expect("a body ends").0;
            structs.insert(name.into(), fields.split(';').map(str::trim).filter(|f| !f.is_empty()).map(declaration).collect());
        } else if let Some(name) = item.strip_prefix("typedef struct ") {
            opaque.push(json!(name.split_whitespace().next()));
        } else {
            functions.push(function(&item));
        }
    }
    let abi = constants.get("SARK_ABI_VERSION").cloned();
    let all = json!({"abi_version": abi, "constants": constants, "opaque": opaque, "structs": structs, "functions": functions});
    serde_json::to_string_pretty(&all).expect("it is JSON") + "\n"
}

/// The header's declarations, each on one line.
pub(super) fn items(header: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut pending = String::new();
    let mut conditions = 0;
    for line in header.lines().map(str::trim) {
        match line {
            _ if line.starts_with("//") || line.starts_with("/*") || line.is_empty() => {}
            _ if line.starts_with("#if") => conditions += 1,
            _ if line.starts_with("#endif") => conditions -= 1,
            // Only the include guard is open around declarations; what stands deeper is the compiler's business.
            _ if conditions > 1 => {}
            _ if line.starts_with("#define ") && line.split_whitespace().count() == 3 => items.push(define(line)),
            _ if line.starts_with('#') => {}
            _ => {
                pending = format!("{pending} {line}").trim().to_owned();
                if is_complete(&pending) {
                    items.push(pending.trim_start_matches("SARK_API ").replace("( ", "(").replace(" ;", ";"));
                    pending.clear();
                }
            }
        }
    }
    assert_eq!(pending, "", "a declaration that does not end");
    with_array_lengths(items)
}

/// Array lengths as numbers: neither reader of these declarations knows macros in them.
fn with_array_lengths(items: Vec<String>) -> Vec<String> {
    let macros: Vec<(String, String)> = items
        .iter()
        .filter_map(|item| item.strip_prefix("#define ")?.split_once(' '))
        .map(|(name, value)| (format!("[{name}]"), format!("[{value}]")))
        .collect();
    let replace = |item: String| macros.iter().fold(item, |item, (name, value)| item.replace(name, value));
    items.into_iter().map(replace).collect()
}

/// Without a suffix, which cffi's macros do not take.
fn define(line: &str) -> String {
    line.trim_end_matches(['u', 'l', 'U', 'L']).to_owned()
}

fn is_complete(text: &str) -> bool {
    text.ends_with(';') && text.matches('{').count() == text.matches('}').count()
}

/// Numbers that JavaScript cannot hold leave as text.
fn integer(text: &str) -> Value {
    let number: i128 = text.parse().unwrap_or_else(|_| panic!("{text} is not an integer"));
    if number.unsigned_abs() <= 1 << 53 { json!(i64::try_from(number).expect("it is small")) } else { json!(text) }
}

/// `const char *name`, `uint64_t name`, `char name[64]`.
fn declaration(text: &str) -> Value {
    let (text, length) = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some((text, length)) => {
            (text, Some(length.parse::<u32>().unwrap_or_else(|_| panic!("{length}: write array lengths as numbers"))))
        }
        None => (text, None),
    };
    let start = text.rfind([' ', '*']).map_or(0, |i| i + 1);
    let (kind, name) = text.split_at(start);
    let kind = kind.trim().trim_start_matches("struct ").replace("const struct ", "const ");
    match length {
        Some(length) => json!({"name": name, "type": kind, "length": length}),
        None => json!({"name": name, "type": kind}),
    }
}

fn function(item: &str) -> Value {
    let (head, params) =
        item.trim_end_matches(';').trim_end_matches(')').split_once('(').unwrap_or_else(|| panic!("not a function: {item}"));
    let head = declaration(head);
    let params: Vec<Value> = params.split(',').map(str::trim).filter(|p| *p != "void").map(declaration).collect();
    json!({"name": head["name"], "returns": head["type"], "params": params})
}

/// What policies may call, as a page.
pub(super) fn builtins() -> String {
    let engine = sark::policy::Engine::new(sark::policy::EngineOptions::default(), None).expect("an engine");
    let capabilities: Value = serde_json::from_str(&engine.capabilities().expect("sark's evaluator says")).expect("it is JSON");
    let mut text = BUILTINS_HEAD.to_owned();
    for builtin in capabilities["builtins"].as_array().expect("an array") {
        let (name, decl) = (builtin["name"].as_str().expect("a name"), &builtin["decl"]);
        let args: Vec<String> = decl["args"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(type_text).collect();
        let variadic = decl.get("variadic").map(|of| type_text(of) + "...");
        let args = args.into_iter().chain(variadic).collect::<Vec<_>>().join(", ");
        let result = decl.get("result").map(|of| format!(" -> {}", type_text(of))).unwrap_or_default();
        let remarks = ["nondeterministic", "deprecated", "relation"].into_iter().filter(|flag| builtin.get(flag).is_some());
        let infix = builtin["infix"].as_str().map(|symbol| format!("written `{}`", symbol.replace('|', "\\|")));
        let remarks: Vec<String> = infix.into_iter().chain(remarks.map(str::to_owned)).collect();
        text += &format!("| `{name}` | `({args}){result}` | {} |\n", remarks.join(", "));
    }
    text
}

const BUILTINS_HEAD: &str = "# Builtins

Generated by `make bless`. What policies may call, of OPA 1.22.2, with its values, types and errors; `engine.capabilities()` gives the same as
JSON, in the shape of `opa capabilities --current`. A nondeterministic one makes a decision uncacheable; a relation gives many values.

`http.send` and `net.lookup_ip_addr` reach outside as far as `engine.allow_net()` lets them, and not at all without it
([docs/network.md](network.md)); `opa.runtime` gives what `engine.set_runtime()` was told.

| builtin | type | |
|---|---|---|
";

/// A type in the notation of OPA's errors.
fn type_text(of: &Value) -> String {
    let list = |key: &str| of[key].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    match of["type"].as_str().unwrap_or_default() {
        "any" if of.get("of").is_some() => format!("any<{}>", list("of").map(type_text).collect::<Vec<_>>().join(", ")),
        "set" => format!("set[{}]", type_text(&of["of"])),
        "array" => {
            let items = list("static").map(type_text).collect::<Vec<_>>().join(", ");
            let rest = of.get("dynamic").map(|of| format!("[{}]", type_text(of))).unwrap_or_default();
            format!("array{}{rest}", if items.is_empty() { String::new() } else { format!("<{items}>") })
        }
        "object" => {
            let property = |one: &Value| format!("{}: {}", one["key"].as_str().unwrap_or_default(), type_text(&one["value"]));
            let items = list("static").map(property).collect::<Vec<_>>().join(", ");
            let rest = of.get("dynamic").map(|of| format!("[{}: {}]", type_text(&of["key"]), type_text(&of["value"])));
            format!("object{}{}", if items.is_empty() { String::new() } else { format!("<{items}>") }, rest.unwrap_or_default())
        }
        plain => plain.to_owned(),
    }
}
