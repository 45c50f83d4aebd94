//! Errors as the package's exceptions.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::lazy;
use crate::error::Error;

/// The exception for an error, of the class of its status.
#[cold]
pub(super) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let details =
        (error.kind().name(), error.code().unwrap_or_default(), error.message(), PyBytes::new(py, error.to_json().as_bytes()));
    match lazy::MAKE_ERROR.get(py).and_then(|make| make.call1(details)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(problem) => problem,
    }
}
