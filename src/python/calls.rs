//! The calls that a request makes, on handles that the package made through the C ABI. They raise and give what the package's own do.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::convert::{call, input, octets, optional_octets, text};
use super::decision::Decision;
use super::error::raise;
use super::from_json::answer;
use super::lazy;
use crate::cache::Cache;
use crate::client::Client;
use crate::error::Result;
use crate::ffi::python as handles;
use crate::flags::Flags;
use crate::policy::{Engine, EvaluateOptions, Evaluation, Query, Target};
use crate::rego::Outcome;

/// The time of a decision in nanoseconds, and its trace: the id's halves, the parent's id, and flags.
type Bounds = (u64, Option<(u64, u64, u64, u32)>);

fn shared<T>(py: Python<'_>, made: Result<Arc<T>>) -> PyResult<Arc<T>> {
    made.map_err(|error| raise(py, &error))
}

/// The result of an evaluation as JSON, or None for undefined.
fn evaluated(
    py: Python<'_>,
    document: Option<&[u8]>,
    (timeout_ns, strict): (u64, bool),
    evaluate: impl FnOnce(Option<&[u8]>, &EvaluateOptions, &mut Vec<u8>) -> Result<Evaluation> + Send,
) -> PyResult<Option<Vec<u8>>> {
    call(py, document.map_or(0, <[u8]>::len), || {
        let mut json = Vec::new();
        let evaluation = evaluate(document, &handles::evaluation(timeout_ns, strict)?, &mut json)?;
        Ok((evaluation.outcome == Outcome::Defined).then_some(json))
    })
}

fn json_or_undefined<'py>(py: Python<'py>, json: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
    json.map_or_else(|| lazy::UNDEFINED.get(py), |json| Ok(PyBytes::new(py, json).into_any()))
}

/// What a `sark.Engine` calls.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct EngineCalls(Arc<Engine>);

#[pymethods]
impl EngineCalls {
    #[new]
    fn new(py: Python<'_>, address: usize) -> PyResult<Self> {
        shared(py, handles::engine(address)).map(Self)
    }

    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        policy: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
        timeout_ns: u64,
        strict: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = input(value)?;
        answer(py, self.json(policy, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.as_deref())
    }

    fn evaluate_json<'py>(
        &self,
        py: Python<'py>,
        policy: &Bound<'py, PyAny>,
        document: Option<&Bound<'py, PyAny>>,
        timeout_ns: u64,
        strict: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = optional_octets(document)?;
        json_or_undefined(py, self.json(policy, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.as_deref())
    }
}

impl EngineCalls {
    fn json(&self, policy: &Bound<'_, PyAny>, document: Option<&[u8]>, options: (u64, bool)) -> PyResult<Option<Vec<u8>>> {
        evaluate(&self.0, policy, document, options)
    }
}

/// The result of `policy` as JSON, or None for undefined.
pub(super) fn evaluate(
    engine: &Engine,
    policy: &Bound<'_, PyAny>,
    document: Option<&[u8]>,
    options: (u64, bool),
) -> PyResult<Option<Vec<u8>>> {
    let name = text(policy)?;
    evaluated(policy.py(), document, options, |document, options, json| {
        engine.evaluate(&Target::known(&name)?, document, options, json)
    })
}

/// What a `sark.Query` calls.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct QueryCalls(Arc<Query>);

impl QueryCalls {
    fn json(&self, py: Python<'_>, document: Option<&[u8]>, options: (u64, bool)) -> PyResult<Option<Vec<u8>>> {
        evaluated(py, document, options, |document, options, json| self.0.evaluate(document, options, json))
    }
}

#[pymethods]
impl QueryCalls {
    #[new]
    fn new(py: Python<'_>, address: usize) -> PyResult<Self> {
        shared(py, handles::query(address)).map(Self)
    }

    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        timeout_ns: u64,
        strict: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = input(value)?;
        answer(py, self.json(py, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.as_deref())
    }

    fn evaluate_json<'py>(
        &self,
        py: Python<'py>,
        document: Option<&Bound<'py, PyAny>>,
        timeout_ns: u64,
        strict: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = optional_octets(document)?;
        json_or_undefined(py, self.json(py, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.as_deref())
    }

    fn allows(&self, py: Python<'_>, value: &Bound<'_, PyAny>, timeout_ns: u64, strict: &Bound<'_, PyAny>) -> PyResult<bool> {
        let document = input(value)?;
        Ok(self.json(py, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.is_some_and(|json| json == b"true"))
    }

    fn allows_json(
        &self,
        py: Python<'_>,
        document: Option<&Bound<'_, PyAny>>,
        timeout_ns: u64,
        strict: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let document = optional_octets(document)?;
        Ok(self.json(py, document.as_deref(), (timeout_ns, strict.is_truthy()?))?.is_some_and(|json| json == b"true"))
    }
}

/// What a `sark.Cache` calls.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct CacheCalls(Arc<Cache>);

#[pymethods]
impl CacheCalls {
    #[new]
    fn new(py: Python<'_>, address: usize) -> PyResult<Self> {
        shared(py, handles::cache(address)).map(Self)
    }

    fn get<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        Ok(find(py, &self.0, key)?.map(|value| PyBytes::new(py, &value)))
    }
}

/// The value under a key.
pub(super) fn find(py: Python<'_>, cache: &Cache, key: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    let key = octets(key)?;
    call(py, key.len(), || {
        let mut value = Vec::new();
        Ok(cache.get(&key, &mut value)?.then_some(value))
    })
}

/// What a `sark.Flags` calls.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct FlagsCalls(Arc<Flags>);

#[pymethods]
impl FlagsCalls {
    #[new]
    fn new(py: Python<'_>, address: usize) -> PyResult<Self> {
        shared(py, handles::flags(address)).map(Self)
    }

    fn is_enabled(&self, py: Python<'_>, feature: &Bound<'_, PyAny>, user: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let (feature, user) = (text(feature)?, optional_octets(user)?.unwrap_or_default());
        call(py, user.len(), || self.0.is_enabled(&feature, &user))
    }
}

/// What a `sark.Client` calls.
#[pyclass(frozen, module = "sark._rust")]
pub(super) struct ClientCalls(Arc<Client>);

impl ClientCalls {
    fn decided(
        &self,
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        document: Option<&[u8]>,
        user: Option<&Bound<'_, PyAny>>,
        (timeout_ns, trace): Bounds,
    ) -> PyResult<Decision> {
        let (policy, user) = (text(policy)?, optional_octets(user)?.unwrap_or_default());
        let decision = call(py, document.map_or(0, <[u8]>::len), || {
            self.0.decide(&policy, document, &user, &handles::decision(timeout_ns, trace)?)
        })?;
        Decision::made(py, &decision)
    }
}

#[pymethods]
impl ClientCalls {
    #[new]
    fn new(py: Python<'_>, address: usize) -> PyResult<Self> {
        shared(py, handles::client(address)).map(Self)
    }

    fn decide(
        &self,
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        user: Option<&Bound<'_, PyAny>>,
        bounds: Bounds,
    ) -> PyResult<Decision> {
        let document = input(value)?;
        self.decided(py, policy, document.as_deref(), user, bounds)
    }

    fn decide_json(
        &self,
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        document: Option<&Bound<'_, PyAny>>,
        user: Option<&Bound<'_, PyAny>>,
        bounds: Bounds,
    ) -> PyResult<Decision> {
        let document = optional_octets(document)?;
        self.decided(py, policy, document.as_deref(), user, bounds)
    }
}
