//! `sark._rust`: the library as a module of CPython. The same file has the C ABI, so that the package's cffi and this module share one core.
//!
//! Two things are here: the classes by the names of the first sark's users, and, for handles that the package made through the C ABI, the
//! calls that a request makes. They take and give Python's values without a detour, and hold the interpreter's lock while they are short.

mod calls;
mod convert;
mod decision;
mod error;
mod from_json;
mod lazy;
mod seed;
mod to_json;

use pyo3::prelude::*;

/// The core of sark, compiled: `RustOPAEngine` and `RustCache` for the first sark's users; the rest is of the package.
#[pymodule]
fn _rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let errors = module.py().import("sark.error")?;
    module.add("OPACompilationError", errors.getattr("CompilationError")?)?;
    module.add("OPAEvaluationError", errors.getattr("EvaluationError")?)?;
    module.add_class::<seed::RustOPAEngine>()?;
    module.add_class::<seed::RustCache>()?;
    module.add_class::<decision::Decision>()?;
    module.add_class::<calls::EngineCalls>()?;
    module.add_class::<calls::QueryCalls>()?;
    module.add_class::<calls::CacheCalls>()?;
    module.add_class::<calls::FlagsCalls>()?;
    module.add_class::<calls::ClientCalls>()?;
    module.add_function(wrap_pyfunction!(to_json::to_json, module)?)?;
    module.add_function(wrap_pyfunction!(from_json::from_json, module)?)
}
