//! JSON that the library made, whose keys are sorted, as Python's values: what `json.loads` makes of it.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};

use super::lazy;
use crate::rego::Limits;
use crate::rego::value::{Arena, Value, read};

/// How deep values nest that are made here: what this takes of the stack has a bound. Deeper ones are left to Python.
const MAX_DEPTH: usize = 64;

/// The value of JSON. Raises SerializationError.
#[pyfunction]
pub(super) fn from_json<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    value_of(py, json)
}

/// The value of JSON.
pub(super) fn value_of<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match json {
        b"true" => return Ok(boolean(py, true)),
        b"false" => return Ok(boolean(py, false)),
        _ => {}
    }
    let arena = Arena::new();
    let limits = Limits { max_bytes: u64::MAX, max_depth: MAX_DEPTH };
    match read(&arena, json, limits).ok().and_then(|value| build(py, &value)) {
        Some(value) => Ok(value),
        None => lazy::FROM_JSON.get(py)?.call1((PyBytes::new(py, json),)),
    }
}

/// The answer of an evaluation.
pub(super) fn answer<'py>(py: Python<'py>, json: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
    json.map_or_else(|| lazy::UNDEFINED.get(py), |json| value_of(py, json))
}

fn boolean(py: Python<'_>, yes: bool) -> Bound<'_, PyAny> {
    PyBool::new(py, yes).to_owned().into_any()
}

/// None for what is left to Python.
fn build<'py>(py: Python<'py>, value: &Value<'_>) -> Option<Bound<'py, PyAny>> {
    Some(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(yes) => boolean(py, *yes),
        Value::Int(number) => PyInt::new(py, *number).into_any(),
        Value::Number(text) => number(py, text)?,
        Value::String(bytes) => string(py, bytes)?.into_any(),
        _ => match (value.as_array(), value.as_object()) {
            (Some(elements), _) => {
                let elements: Option<Vec<_>> = elements.iter().map(|element| build(py, &element)).collect();
                PyList::new(py, elements?).ok()?.into_any()
            }
            (_, Some(entries)) => {
                let object = PyDict::new(py);
                for (key, value) in entries.iter() {
                    object.set_item(string(py, key.as_bytes()?)?, build(py, &value)?).ok()?;
                }
                object.into_any()
            }
            _ => return None,
        },
    })
}

fn string<'py>(py: Python<'py>, bytes: &[u8]) -> Option<Bound<'py, PyString>> {
    Some(PyString::new(py, std::str::from_utf8(bytes).ok()?))
}

/// As Python's `json` tells them apart: one with a fraction or an exponent is a float, rounded as Python's, which may be infinite.
fn number<'py>(py: Python<'py>, text: &str) -> Option<Bound<'py, PyAny>> {
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Some(PyFloat::new(py, text.parse().ok()?).into_any());
    }
    // As many digits as Python takes.
    py.get_type::<PyInt>().call1((text,)).ok()
}
