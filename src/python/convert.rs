//! Arguments. What is neither text nor bytes goes to the package's own conversions, which take or refuse it.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::error::raise;
use super::lazy;
use super::to_json::json_of;
use crate::error::Result;
use crate::ffi::python::holding;

/// A call with more bytes of JSON than this gives up the interpreter's lock at once. Reading so much takes about as long as waking the thread
/// that waits for it.
pub(super) const HELD_BYTES: usize = 32 << 10;

/// Calls the core with `size` bytes of input.
pub(super) fn call<T>(py: Python<'_>, size: usize, body: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    holding(py, size > HELD_BYTES, body).map_err(|error| raise(py, &error))
}

/// Calls the core without the interpreter's lock.
pub(super) fn call_without<T>(py: Python<'_>, body: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    holding(py, true, body).map_err(|error| raise(py, &error))
}

/// Text in UTF-8.
pub(super) fn text<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, str>> {
    if let Ok(text) = value.cast::<PyString>()
        && let Ok(text) = text.to_str()
    {
        return Ok(Cow::Borrowed(text));
    }
    let bytes: Vec<u8> = lazy::TEXT.get(value.py())?.call1((value,))?.extract()?;
    Ok(Cow::Owned(String::from_utf8(bytes)?))
}

/// Text or bytes, as bytes.
pub(super) fn octets<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(bytes) = value.cast_exact::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes.as_bytes()));
    }
    if let Ok(text) = value.cast::<PyString>()
        && let Ok(text) = text.to_str()
    {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    Ok(Cow::Owned(lazy::OCTETS.get(value.py())?.call1((value,))?.extract()?))
}

/// The same, where the value may be left out.
pub(super) fn optional_octets<'a>(value: Option<&'a Bound<'_, PyAny>>) -> PyResult<Option<Cow<'a, [u8]>>> {
    value.map(octets).transpose()
}

/// An input as JSON; None where it is left out, which is not Python's None.
pub(super) fn input(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if value.is(&lazy::LEFT_OUT.get(value.py())?) { Ok(None) } else { json_of(value).map(Some) }
}
