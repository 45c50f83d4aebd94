"""The exceptions: one class for each status of the library, all under `sark.Error`."""

import json
from typing import Any, ClassVar, NamedTuple


class Location(NamedTuple):
    """Where in a policy an error is. Rows and columns count from 1."""

    file: str
    row: int
    col: int
    code: str
    message: str
    line: str


class Error(Exception):
    """Any failure of sark. Catch this one to deny on every error.

    status      the status's name in the library, such as "POLICY_NOT_FOUND"
    code        OPA's own code where there is one, such as "rego_parse_error"; else ""
    message     what went wrong, for people
    locations   for a policy that does not compile, or an evaluation that failed at a known place
    offset      for malformed JSON: the offset in bytes; else None
    """

    status: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, *, code: str = "", locations: tuple[Location, ...] = (), offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.locations = locations
        self.offset = offset


class InvalidArgument(Error, ValueError):
    """An argument outside its range."""

    status = "INVALID_ARGUMENT"


class PolicyNotFound(Error, LookupError):
    """No policy of this name is loaded. (A path that nothing defines is UNDEFINED, not an error.)"""

    status = "POLICY_NOT_FOUND"


class CompilationError(Error):
    """A policy does not parse or compile; `locations` says where. What was loaded before stays in force."""

    status = "COMPILATION_ERROR"


class EvaluationError(Error):
    """The policy's evaluation failed, such as by a conflict of two rules; `code` is OPA's."""

    status = "EVALUATION_ERROR"


class SerializationError(Error, ValueError):
    """Malformed JSON, text that is not UTF-8, or a value that JSON cannot say."""

    status = "SERIALIZATION_ERROR"


class LimitExceeded(Error):
    """A limit was reached: deadline, memory, depth or size."""

    status = "LIMIT_EXCEEDED"


class Unavailable(Error):
    """A store or the remote OPA cannot be reached."""

    status = "UNAVAILABLE"


class Unsupported(Error):
    """The policy or the call needs what this build does not have."""

    status = "UNSUPPORTED"


class Conflict(Error):
    """The state moved on (an update's expected revision), or a document is in the way of the one to be written."""

    status = "CONFLICT"


class TooLarge(Error):
    """A cache entry that fits no budget."""

    status = "TOO_LARGE"


class Cancelled(Error):
    """The call was cancelled."""

    status = "CANCELLED"


class Closed(Error):
    """The object, or one that it needs, was closed."""

    status = "CLOSED"


class InternalError(Error):
    """A fault in sark itself. The object stays usable."""

    status = "INTERNAL_ERROR"


_CLASSES: dict[str, type[Error]] = {
    kind.status: kind
    for kind in (
        InvalidArgument, PolicyNotFound, CompilationError, EvaluationError, SerializationError, LimitExceeded, Unavailable,
        Unsupported, Conflict, TooLarge, Cancelled, Closed, InternalError,
    )
}


def from_json(document: bytes) -> Error:
    """The exception for an error that the library describes as JSON."""
    details = json.loads(document)
    return make(details["status"], details.get("code", ""), details["message"], document)


def make(status: str, code: str, message: str, document: bytes) -> Error:
    """The exception for a status of the library; the document has the places and the offset."""
    details: dict[str, Any] = json.loads(document)
    return _CLASSES.get(status, InternalError)(
        message,
        code=code,
        locations=tuple(_location(entry) for entry in details.get("errors", ()) if entry.get("location")),
        offset=details.get("offset"),
    )


def _location(entry: dict[str, Any]) -> Location:
    place = entry["location"]
    return Location(
        file=place.get("file", ""),
        row=place["row"],
        col=place["col"],
        code=entry.get("code", ""),
        message=entry.get("message", ""),
        line=entry.get("line", ""),
    )
