"""A prepared query."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sark import _calls, _compiled, _values
from sark._calls import lib
from sark._handle import Closable
from sark.error import Error
from sark.input import Input
from sark.undefined import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sark.engine import Engine


def evaluate_options(timeout: float | None, strict: bool, time_ns: int, seed: int, rego_version: str | None = None) -> Any:
    """The library's options of an evaluation."""
    if timeout is None and not strict and not time_ns and not seed and rego_version is None:
        return _calls.NULL
    return _calls.options(
        "sark_evaluate_options",
        timeout_ns=_values.nanoseconds("timeout", timeout),
        strict_builtin_errors=int(strict),
        rego_version=_values.rego(rego_version),
        time_ns=_values.integer("time_ns", time_ns, -(2**63), 2**63),
        seed=_values.integer("seed", seed, 0, 2**64),
    )


def timeout_ns(timeout: float | None) -> int:
    """The same, for the compiled module."""
    return 0 if timeout is None else _values.nanoseconds("timeout", timeout)


class Query(Closable):
    """A policy or path that is resolved once. Made by `Engine.prepare`; threads may share it.

    The input of each call is any JSON value or an `Input`; left out, policies see no input. `timeout`, `strict`, `time_ns` and `seed`
    are those of `Engine.evaluate`, and so are the exceptions.
    """

    __slots__ = ("_compiled",)

    def __init__(self, engine: "Engine", policy_or_path: str) -> None:
        path = _values.text(policy_or_path)
        self._handle = _calls.create(
            lib.sark_engine_prepare, "sark_query", lib.sark_query_free, engine._handle, path, len(path), _calls.NULL, _calls.NULL
        )
        self._compiled = _compiled.calls("QueryCalls", self._handle)

    def close(self) -> None:
        lib.sark_query_close(self._handle)

    def evaluate(self, input: Any = _values.LEFT_OUT, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0) -> Any | Undefined:
        """The document's value, or `UNDEFINED`."""
        if self._compiled is not None and not (time_ns or seed or isinstance(input, Input)):
            return self._compiled.evaluate(input, timeout_ns(timeout), strict)
        options = evaluate_options(timeout, strict, time_ns, seed)
        if isinstance(input, Input):
            return _values.answer(_calls.query_evaluate_input(self._handle, input._handle, options))
        return _values.answer(_calls.query_evaluate(self._handle, _values.input_to_json(input), options))

    def evaluate_json(
        self, input: _values.Octets | Input | None = None, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0
    ) -> bytes | Undefined:
        """`evaluate`, from JSON (None for no input) to JSON: faster, and numbers stay as they are written."""
        if self._compiled is not None and not (time_ns or seed or isinstance(input, Input)):
            found: bytes | Undefined = self._compiled.evaluate_json(input, timeout_ns(timeout), strict)
            return found
        options = evaluate_options(timeout, strict, time_ns, seed)
        if isinstance(input, Input):
            answer = _calls.query_evaluate_input(self._handle, input._handle, options)
        else:
            answer = _calls.query_evaluate(self._handle, _values.optional_octets(input), options)
        return UNDEFINED if answer is None else answer

    def allows(self, input: Any = _values.LEFT_OUT, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0) -> bool:
        """Whether the document is exactly `true`. An error raises: it is never an "allow"."""
        if self._compiled is not None and not (time_ns or seed):
            return bool(self._compiled.allows(input, timeout_ns(timeout), strict))
        return _calls.query_allows(self._handle, _values.input_to_json(input), evaluate_options(timeout, strict, time_ns, seed))

    def allows_json(self, input: _values.Octets | None = None, *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0) -> bool:
        """`allows`, from JSON (None for no input)."""
        if self._compiled is not None and not (time_ns or seed):
            return bool(self._compiled.allows_json(input, timeout_ns(timeout), strict))
        return _calls.query_allows(self._handle, _values.optional_octets(input), evaluate_options(timeout, strict, time_ns, seed))

    def evaluate_batch(
        self, inputs: Iterable[Any], *, timeout: float | None = None, strict: bool = False, time_ns: int = 0, seed: int = 0
    ) -> list[Any | Undefined | Error]:
        """Evaluate many inputs in one call: for each its value, `UNDEFINED`, or the `Error` (returned, not raised).

        Raises only what concerns the whole batch, such as Closed.
        """
        documents = [_values.to_json(each) for each in inputs]
        answers = _calls.query_evaluate_batch(self._handle, documents, evaluate_options(timeout, strict, time_ns, seed))
        return [each if isinstance(each, Error) else _values.answer(each) for each in answers]
