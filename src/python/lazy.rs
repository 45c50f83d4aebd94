//! What of the package the module uses: looked up when it is first needed, since the package imports the module first.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyAnyMethods;

/// One name of one module of the package.
pub(super) struct Lazy {
    module: &'static str,
    name: &'static str,
    value: PyOnceLock<Py<PyAny>>,
}

impl Lazy {
    const fn new(module: &'static str, name: &'static str) -> Self {
        Self { module, name, value: PyOnceLock::new() }
    }

    pub(super) fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = self.value.get_or_try_init(py, || PyResult::Ok(py.import(self.module)?.getattr(self.name)?.unbind()))?;
        Ok(value.bind(py).clone())
    }
}

pub(super) static UNDEFINED: Lazy = Lazy::new("sark.undefined", "UNDEFINED");
pub(super) static LEFT_OUT: Lazy = Lazy::new("sark._values", "LEFT_OUT");
pub(super) static PHASES: Lazy = Lazy::new("sark.decision", "Phases");
pub(super) static MAKE_ERROR: Lazy = Lazy::new("sark.error", "make");
/// What takes the values that this module leaves to Python, and refuses with the package's own exceptions.
pub(super) static TO_JSON: Lazy = Lazy::new("sark._values", "to_json");
pub(super) static FROM_JSON: Lazy = Lazy::new("sark._values", "from_json");
pub(super) static TEXT: Lazy = Lazy::new("sark._values", "text");
pub(super) static OCTETS: Lazy = Lazy::new("sark._values", "octets");
pub(super) static NANOSECONDS: Lazy = Lazy::new("sark._values", "nanoseconds");
