"""An input that is read once and decided on often."""

from typing import TYPE_CHECKING, Any, Self

from sark import _calls, _values
from sark._calls import lib
from sark._handle import Closable

if TYPE_CHECKING:
    from sark.engine import Engine


class Input(Closable):
    """A parsed input, for the queries of one engine: `query.evaluate(Input(engine, value))`. Threads may share it.

    Raises SerializationError, LimitExceeded.
    """

    __slots__ = ()

    def __init__(self, engine: "Engine", value: Any) -> None:
        self._parse(engine, _values.to_json(value))

    @classmethod
    def from_json(cls, engine: "Engine", json: _values.Octets) -> Self:
        """From JSON text."""
        parsed = cls.__new__(cls)
        parsed._parse(engine, _values.octets(json))
        return parsed

    def _parse(self, engine: "Engine", document: bytes) -> None:
        self._handle = _calls.create(
            lib.sark_input_parse, "sark_input", lib.sark_input_free, engine._handle, document, len(document)
        )

    def close(self) -> None:
        lib.sark_input_close(self._handle)
