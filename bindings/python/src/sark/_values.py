"""Conversions between Python's values and what the library takes and gives."""

import json
import math
from typing import Any, Final

from sark._calls import lib
from sark.error import InvalidArgument, SerializationError
from sark.undefined import UNDEFINED, Undefined

Octets = str | bytes | bytearray | memoryview
"""Bytes; text stands for its UTF-8."""


class LeftOut:
    """The type of `LEFT_OUT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<left out>"


LEFT_OUT: Final = LeftOut()
"""The default of an input: none at all, which is not None (JSON's null)."""

NEVER: Final[int] = lib.SARK_NO_TIMEOUT
"""No timeout, and no expiry: the largest number of nanoseconds."""

_encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_decoder = json.JSONDecoder()


def to_json(value: Any) -> bytes:
    """A value as JSON."""
    try:
        return _encoder.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SerializationError(f"not a JSON value: {error}") from error


def input_to_json(value: Any) -> bytes | None:
    """An input as JSON; None where it is left out."""
    return None if value is LEFT_OUT else to_json(value)


def from_json(document: bytes) -> Any:
    """The value of JSON that the library made."""
    try:
        return _decoder.raw_decode(document.decode())[0]
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"the answer does not fit Python's values: {error}") from error


def answer(document: bytes | None) -> Any | Undefined:
    """The value of an answer."""
    return UNDEFINED if document is None else from_json(document)


def text(value: str) -> bytes:
    """Text in UTF-8."""
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"not Unicode text: {error}") from error


def octets(value: Octets) -> bytes:
    """Text or any bytes, as bytes."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"str or bytes wanted, not {type(value).__name__}")


def optional_octets(value: Octets | None) -> bytes | None:
    """The same, where the value may be left out."""
    return None if value is None else octets(value)


def nanoseconds(name: str, seconds: float | None) -> int:
    """A duration for the library: 0 means its default (None here); infinity means "none"; zero is the shortest there is."""
    if seconds is None:
        return 0
    if math.isnan(seconds) or seconds < 0:
        raise InvalidArgument(f"{name} is {seconds}: seconds from 0 on wanted")
    if seconds >= NEVER / 1e9:
        return NEVER
    return max(1, round(seconds * 1e9))


def integer(name: str, value: int, least: int, beyond: int) -> int:
    """A whole number from `least` on, less than `beyond`."""
    if not isinstance(value, int) or not least <= value < beyond:
        raise InvalidArgument(f"{name} is {value!r}: a whole number from {least} to {beyond - 1} wanted")
    return value


def hundredths(name: str, percentage: float) -> int:
    """A percentage in steps of 0.01, as the library wants it."""
    steps = round(percentage * 100)
    if not 0 <= steps <= 10_000 or abs(percentage * 100 - steps) > 1e-9:
        raise InvalidArgument(f"{name} is {percentage!r}: a percentage from 0 to 100 in steps of 0.01 wanted")
    return steps


def size(name: str, value: int | None) -> int:
    """A size or a count for the library, where 0 means its default (None here)."""
    if value is None:
        return 0
    if not 1 <= value < NEVER:
        raise InvalidArgument(f"{name} is {value}: a number from 1 on wanted")
    return value


REGO_VERSIONS: Final[dict[str, int]] = {"v0": lib.SARK_REGO_V0, "v1": lib.SARK_REGO_V1, "v2": lib.SARK_REGO_V2}
EVALUATORS: Final[dict[str, int]] = {"sark": lib.SARK_EVALUATOR_SARK, "regorus": lib.SARK_EVALUATOR_REGORUS}
EXPLAIN: Final[dict[str, int]] = {
    "notes": lib.SARK_EXPLAIN_NOTES,
    "fails": lib.SARK_EXPLAIN_FAILS,
    "full": lib.SARK_EXPLAIN_FULL,
    "debug": lib.SARK_EXPLAIN_DEBUG,
}


def rego(version: str | None) -> int:
    """The library's number for a Rego version, where 0 means the default (None here)."""
    if version is None:
        return 0
    return _one_of("rego_version", REGO_VERSIONS, version)


def evaluator(name: str | None) -> int:
    """The library's number for an evaluator, where 0 means its default (None here)."""
    return 0 if name is None else _one_of("evaluator", EVALUATORS, name)


def explain(name: str) -> int:
    """The library's number for how much is told of a decision."""
    return _one_of("explain", EXPLAIN, name)


def _one_of(name: str, numbers: dict[str, int], value: str) -> int:
    try:
        return numbers[value]
    except KeyError:
        raise InvalidArgument(f"{name} is {value!r}: one of {', '.join(map(repr, numbers))} wanted") from None
