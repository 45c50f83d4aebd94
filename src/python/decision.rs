//! `sark.Decision`, which makes what it says when it is asked: of ten fields, a gateway reads one or two.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::from_json::answer;
use super::lazy;
use crate::client::{self, DecisionId, Fallback};
use crate::policy::Revision;

const FIELDS: [&str; 9] = ["result", "allowed", "implementation", "cached", "fallback", "duration", "revision", "phases", "id"];

/// A text of a decision.
enum Text {
    Static(&'static str),
    Revision(Revision),
    Id(DecisionId),
    Given(String),
}

impl Text {
    fn to_python<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        match self {
            Self::Static(text) => PyString::intern(py, text),
            Self::Revision(revision) => PyString::new(py, revision.as_str()),
            Self::Id(id) => PyString::new(py, std::str::from_utf8(&id.to_text()).unwrap_or_default()),
            Self::Given(text) => PyString::new(py, text),
        }
    }
}

/// A decision, and how it came about. It is true where it allows: `if client.decide(…):` never allows by mistake.
///
/// result            the document's value, or UNDEFINED
/// allowed           the result is exactly true, or an object whose `allow` (or else `allowed`) is exactly true
/// implementation    "rust" for the local engine, "http" for the remote OPA
/// cached            answered from the cache
/// fallback          why the other side decided than the one that was chosen: the remote for "evaluation", "serialization",
///                   "limit", "internal", "unsupported", the local engine for "unavailable"; "" where the chosen one decided
/// duration          seconds
/// revision          the revision of policies and data that decided
/// phases            where the duration went
/// id                a random UUID, by which logs and events name the decision
#[pyclass(frozen, module = "sark")]
pub(super) struct Decision {
    result: Py<PyAny>,
    allowed: bool,
    implementation: Text,
    cached: bool,
    fallback: Text,
    duration: f64,
    revision: Text,
    phases: [f64; 5],
    id: Text,
}

impl Decision {
    /// What the core decided.
    pub(super) fn made(py: Python<'_>, decision: &client::Decision) -> PyResult<Self> {
        let phases = &decision.phases;
        let times = [phases.flag, phases.cache, phases.read, phases.evaluate, phases.remote];
        Ok(Self {
            result: answer(py, decision.result.as_deref())?.unbind(),
            allowed: decision.allowed,
            implementation: Text::Static(decision.implementation.label()),
            cached: decision.cached,
            fallback: Text::Static(decision.fallback.map_or("", Fallback::name)),
            duration: phases.total.as_secs_f64(),
            revision: Text::Revision(decision.revision),
            phases: times.map(|time| time.as_secs_f64()),
            id: Text::Id(decision.id),
        })
    }

    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let (implementation, fallback) = (self.implementation(py), self.fallback(py));
        let (revision, phases, id) = (self.revision(py), self.phases(py)?, self.id(py));
        let (result, allowed, cached, duration) = (self.result(py), self.allowed, self.cached, self.duration);
        (result, allowed, implementation, cached, fallback, duration, revision, phases, id).into_pyobject(py)
    }
}

#[pymethods]
impl Decision {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, FIELDS)
    }

    #[new]
    #[allow(clippy::too_many_arguments, reason = "a decision has so many fields")]
    fn new(
        result: Py<PyAny>,
        allowed: bool,
        implementation: String,
        cached: bool,
        fallback: String,
        duration: f64,
        revision: String,
        phases: [f64; 5],
        id: String,
    ) -> Self {
        let (implementation, fallback) = (Text::Given(implementation), Text::Given(fallback));
        let (revision, id) = (Text::Given(revision), Text::Given(id));
        Self { result, allowed, implementation, cached, fallback, duration, revision, phases, id }
    }

    #[getter]
    fn result(&self, py: Python<'_>) -> Py<PyAny> {
        self.result.clone_ref(py)
    }

    #[getter]
    const fn allowed(&self) -> bool {
        self.allowed
    }

    #[getter]
    fn implementation<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.implementation.to_python(py)
    }

    #[getter]
    const fn cached(&self) -> bool {
        self.cached
    }

    #[getter]
    fn fallback<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.fallback.to_python(py)
    }

    #[getter]
    const fn duration(&self) -> f64 {
        self.duration
    }

    #[getter]
    fn revision<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.revision.to_python(py)
    }

    #[getter]
    fn phases<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let [flags, cache, read, evaluate, remote] = self.phases;
        lazy::PHASES.get(py)?.call1((flags, cache, read, evaluate, remote))
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.id.to_python(py)
    }

    const fn __bool__(&self) -> bool {
        self.allowed
    }

    fn __richcmp__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>, how: CompareOp) -> PyResult<Py<PyAny>> {
        match (other.cast::<Self>(), how) {
            (Ok(other), CompareOp::Eq | CompareOp::Ne) => {
                Ok(self.fields(py)?.rich_compare(other.get().fields(py)?, how)?.unbind())
            }
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.fields(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let fields: PyResult<Vec<String>> =
            FIELDS.iter().zip(self.fields(py)?.iter()).map(|(name, field)| Ok(format!("{name}={}", field.repr()?))).collect();
        Ok(format!("Decision({})", fields?.join(", ")))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((slf.get_type().into_any(), slf.get().fields(slf.py())?))
    }
}
