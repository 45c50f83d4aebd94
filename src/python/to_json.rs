//! Python's values as JSON, as `json.dumps` has them.
//!
//! Written here are the values that inputs are made of, of exactly these types, since only then no code of Python's runs meanwhile: None, bool, int
//! in 64 bits, finite float, str, and list, tuple and dict with str keys of them, not too deep. With anything else in it (a larger int, a
//! subclass, another key, a lone surrogate, a set), the whole value is left to the package's `to_json`, which takes or refuses it.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::lazy;

/// How deep values nest that are written here: what this takes of the stack has a bound.
const MAX_DEPTH: u32 = 64;

/// A value as JSON. Raises SerializationError.
#[pyfunction]
pub(super) fn to_json<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(value.py(), &json_of(value)?))
}

/// A value as JSON.
pub(super) fn json_of(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut json = Vec::with_capacity(256);
    if push(value, MAX_DEPTH, &mut json).is_some() {
        return Ok(json);
    }
    lazy::TO_JSON.get(value.py())?.call1((value,))?.extract()
}

/// None for what is left to Python.
fn push(value: &Bound<'_, PyAny>, depth: u32, json: &mut Vec<u8>) -> Option<()> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return push_text(text, json);
    }
    if let Ok(entries) = value.cast_exact::<PyDict>() {
        return push_object(entries, depth.checked_sub(1)?, json);
    }
    if let Ok(elements) = value.cast_exact::<PyList>() {
        return push_array(elements.iter(), depth.checked_sub(1)?, json);
    }
    if let Ok(yes) = value.cast_exact::<PyBool>() {
        json.extend_from_slice(if yes.is_true() { b"true" } else { b"false" });
        return Some(());
    }
    if value.is_none() {
        json.extend_from_slice(b"null");
        return Some(());
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        return serde_json::to_writer(json, &number.extract::<i64>().ok()?).ok();
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        return push_float(number, json);
    }
    let elements = value.cast_exact::<PyTuple>().ok()?;
    push_array(elements.iter(), depth.checked_sub(1)?, json)
}

fn push_text(text: &Bound<'_, PyString>, json: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(json, text.to_str().ok()?).ok()
}

/// Python's own text of it: numbers keep theirs.
fn push_float(number: &Bound<'_, PyFloat>, json: &mut Vec<u8>) -> Option<()> {
    if !number.value().is_finite() {
        return None;
    }
    json.extend_from_slice(number.repr().ok()?.to_str().ok()?.as_bytes());
    Some(())
}

fn push_array<'py>(elements: impl Iterator<Item = Bound<'py, PyAny>>, depth: u32, json: &mut Vec<u8>) -> Option<()> {
    json.push(b'[');
    for (number, element) in elements.enumerate() {
        if number > 0 {
            json.push(b',');
        }
        push(&element, depth, json)?;
    }
    json.push(b']');
    Some(())
}

fn push_object(entries: &Bound<'_, PyDict>, depth: u32, json: &mut Vec<u8>) -> Option<()> {
    json.push(b'{');
    for (number, (key, value)) in entries.iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        push_text(key.cast_exact::<PyString>().ok()?, json)?;
        json.push(b':');
        push(&value, depth, json)?;
    }
    json.push(b'}');
    Some(())
}
