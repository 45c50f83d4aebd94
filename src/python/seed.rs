//! The engine and the cache by the names of the first sark's users: `RustOPAEngine`, `RustCache`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;

use super::calls::{evaluate, find};
use super::convert::{self, call, call_without, octets, text};
use super::error::raise;
use super::from_json::answer;
use super::lazy;
use crate::cache::{Cache, CacheOptions, Ttl};
use crate::error::{Error, ErrorKind};
use crate::ffi::SARK_NO_EXPIRY;
use crate::policy::{Engine, EngineOptions};

/// Policies by name. Threads may share it.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct RustOPAEngine(Arc<Engine>);

#[pymethods]
impl RustOPAEngine {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        call(py, 0, || Engine::new(EngineOptions::default(), None)).map(Self)
    }

    /// Load or replace a policy. Raises OPACompilationError, and the old one stays in force.
    fn load_policy(&self, py: Python<'_>, name: &Bound<'_, PyAny>, rego: &Bound<'_, PyAny>) -> PyResult<()> {
        let (name, rego) = (text(name)?, text(rego)?);
        call_without(py, || self.0.load_policy(&name, &rego, None).map(drop))
    }

    /// The document of a policy's package, or of a path that starts with `data.`; `sark.UNDEFINED`, which is falsy, where nothing defines it.
    ///
    /// Raises PolicyNotFound (a LookupError), OPAEvaluationError.
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        policy: &Bound<'py, PyAny>,
        input: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = convert::input(input)?;
        answer(py, evaluate(&self.0, policy, document.as_deref(), (0, false))?.as_deref())
    }

    /// The names, sorted.
    fn loaded_policies(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(call(py, 0, || self.0.policy_names())?.iter().map(|name| name.to_string()).collect())
    }

    fn has_policy(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        let name = text(name)?;
        call(py, 0, || self.0.has_policy(&name))
    }

    /// Raises PolicyNotFound.
    fn remove_policy(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name)?;
        call_without(py, || self.0.remove_policy(&name).map(drop))
    }

    fn clear_policies(&self, py: Python<'_>) -> PyResult<()> {
        call_without(py, || self.0.clear_policies().map(drop))
    }
}

/// Texts by text, each for so many seconds. Threads may share it. Raises ValueError for a size or a time of 0.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct RustCache(Arc<Cache>);

#[pymethods]
impl RustCache {
    #[new]
    fn new(py: Python<'_>, max_size: i64, ttl_secs: f64) -> PyResult<Self> {
        let max_entries = u64::try_from(max_size).ok().filter(|size| *size > 0 && ttl_secs > 0.0);
        let max_entries =
            max_entries.ok_or_else(|| refused(py, format!("max_size is {max_size}, ttl_secs {ttl_secs}: more than 0 wanted")))?;
        let default_ttl = seconds(py, "ttl_secs", ttl_secs)?;
        call(py, 0, || Cache::new(CacheOptions { max_entries, default_ttl, ..CacheOptions::default() }, None)).map(Self)
    }

    fn get(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        Ok(find(py, &self.0, key)?.map(String::from_utf8).transpose()?)
    }

    /// Keep a value for `ttl` seconds; None for the cache's time.
    #[pyo3(signature = (key, value, ttl = None))]
    fn set(&self, py: Python<'_>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, ttl: Option<f64>) -> PyResult<()> {
        let (key, value) = (octets(key)?, octets(value)?);
        let ttl = match ttl {
            None => Ttl::Default,
            Some(ttl) if ttl > 0.0 => seconds(py, "ttl", ttl)?.map_or(Ttl::Never, Ttl::After),
            Some(ttl) => return Err(refused(py, format!("ttl is {ttl}: more than 0 wanted"))),
        };
        call(py, key.len() + value.len(), || self.0.set(&key, &value, ttl).map(drop))
    }

    /// Says whether it was there.
    fn delete(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let key = octets(key)?;
        call(py, key.len(), || self.0.remove(&key))
    }

    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        call_without(py, || self.0.clear())
    }

    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        call(py, 0, || self.0.len())
    }

    /// Remove what has expired; says how many.
    fn cleanup_expired(&self, py: Python<'_>) -> PyResult<u64> {
        call_without(py, || self.0.cleanup_expired())
    }
}

fn refused(py: Python<'_>, message: String) -> PyErr {
    raise(py, &Error::new(ErrorKind::InvalidArgument, message))
}

/// A time from the package's own conversion; None for ever.
fn seconds(py: Python<'_>, name: &str, seconds: f64) -> PyResult<Option<Duration>> {
    let nanoseconds: u64 = lazy::NANOSECONDS.get(py)?.call1((name, seconds))?.extract()?;
    Ok((nanoseconds != SARK_NO_EXPIRY).then(|| Duration::from_nanos(nanoseconds)))
}
