//! What imports must not be: twice of one name, in v1 and in strict mode; unused, in strict mode.

use std::collections::HashMap;

use super::Compiler;
use super::globals::import_name;
use crate::rego::ast::{Import, Name};
use crate::rego::print;

/// Reports the imports that resolving references found unused.
pub(super) fn check_unused(compiler: &mut Compiler) {
    let mut unused = std::mem::take(&mut compiler.unused_imports);
    compiler.problems.append(&mut unused);
}

/// No two imports of a module may have the same name (OPA's `checkDuplicateImports`).
pub(super) fn check_duplicates(compiler: &mut Compiler) {
    let mut problems = Vec::new();
    for (number, module) in compiler.modules.iter().enumerate() {
        if !compiler.is_strict(number) {
            continue;
        }
        let mut seen: HashMap<Name, &Import> = HashMap::new();
        for import in &module.imports {
            let Some(name) = import_name(import) else { continue };
            if let Some(first) = seen.get(&name) {
                problems.push((import.span, format!("import must not shadow {}", display(first))));
            } else {
                seen.insert(name, import);
            }
        }
    }
    for (span, message) in problems {
        compiler.report_and_go_on("rego_compile_error", span, message);
    }
}

/// An import as OPA writes it.
pub(super) fn display(import: &Import) -> String {
    let path = print::term(&import.path);
    match &import.alias {
        Some(alias) => format!("import {path} as {alias}"),
        None => format!("import {path}"),
    }
}
