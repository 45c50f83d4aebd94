"""sark: a policy decision point inside your process. Rego is decided as OPA decides it, without a server.

    import sark

    with sark.Engine() as engine:
        engine.load_policy("authz", 'package authz\\nallow if input.role == "admin"')
        engine.evaluate("data.authz.allow", {"role": "admin"})    # True

Engine decides; Query and Input do so with less work a call; Update changes an engine all at once. Cache and Flags are useful
alone; Client puts them together with a remote OPA to fall back to. Every failure is a `sark.Error`; a document that nothing
defines is `sark.UNDEFINED`, which is falsy.

Where a method takes or gives a JSON value, its twin that ends in `_json` takes or gives JSON text instead.
Everything may be shared by threads.
"""

from typing import TYPE_CHECKING

try:
    import sark._native  # noqa: F401
except ImportError as _problem:
    # `sark.policy` decides over HTTP then; whoever asks for more is told why it is not there.
    _missing: ImportError | None = _problem
else:
    _missing = None

if TYPE_CHECKING or _missing is None:
    from sark._calls import version as _version
    from sark.admin import Admin, Token
    from sark.cache import Cache
    from sark.client import Client
    from sark.decision import Decision, Phases
    from sark.decision_log import DecisionLog
    from sark.engine import Engine
    from sark.error import (
        Cancelled,
        Closed,
        CompilationError,
        Conflict,
        Error,
        EvaluationError,
        InternalError,
        InvalidArgument,
        LimitExceeded,
        Location,
        PolicyNotFound,
        SerializationError,
        TooLarge,
        Unavailable,
        Unsupported,
    )
    from sark.explain import Explanation, Trace
    from sark.feature_flags import FeatureFlagManager, assign_implementation
    from sark.flags import Flags
    from sark.input import Input
    from sark.metrics import Metrics
    from sark.query import Query
    from sark.source import Source
    from sark.tester import SubResult, TestError, TestFailure, TestPlace, TestReport, TestResult
    from sark.ticket import Ticket
    from sark.undefined import UNDEFINED, Undefined
    from sark.update import Update

    __version__ = _version()
else:

    def __getattr__(name: str) -> object:
        raise ImportError(f"sark.{name} needs the native library, which cannot be loaded: {_missing}")


__all__ = [
    "UNDEFINED", "Admin", "Cache", "Cancelled", "Client", "Closed", "CompilationError", "Conflict", "Decision", "DecisionLog", "Engine", "Error",
    "EvaluationError", "Explanation", "FeatureFlagManager", "Flags", "Input", "InternalError", "InvalidArgument", "LimitExceeded", "Location", "Metrics", "Phases",
    "PolicyNotFound", "Query", "SerializationError", "Source", "SubResult", "TestError", "TestFailure", "TestPlace", "TestReport", "TestResult", "Ticket", "Token", "TooLarge", "Trace", "Unavailable", "Undefined", "Unsupported", "Update", "assign_implementation",
]
