"""What a client answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sark import _compiled, _values
from sark.undefined import Undefined

if TYPE_CHECKING:
    from sark._calls import DecisionFields


class Phases(NamedTuple):
    """Where the time of a decision went, in seconds; 0 for a phase that it did not go through. `read` is the input's."""

    flags: float
    cache: float
    read: float
    evaluate: float
    remote: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, and how it came about. It is true where it allows: `if client.decide(…):` never allows by mistake.

    result            the document's value, or UNDEFINED
    allowed           the result is exactly true, or an object whose `allow` (or else `allowed`) is exactly true
    implementation    "rust" for the local engine, "http" for the remote OPA
    cached            answered from the cache
    fallback          why the other side decided than the one that was chosen: the remote for "evaluation", "serialization",
                      "limit", "internal", "unsupported", and for "unavailable" the one that was there; "" where the chosen one decided
    duration          seconds
    revision          the revision of policies and data that decided
    phases            where the duration went
    id                a random UUID, by which logs and events name the decision
    """

    result: Any | Undefined
    allowed: bool
    implementation: str
    cached: bool
    fallback: str
    duration: float
    revision: str
    phases: Phases
    id: str

    def __bool__(self) -> bool:
        return self.allowed


if not TYPE_CHECKING and _compiled.rust is not None:
    # The same class by what it says and takes; it makes the values of its fields when they are asked for.
    Decision = _compiled.rust.Decision


def decision_of(fields: "DecisionFields") -> Decision:
    """Of what the library answered: JSON and nanoseconds."""
    result, allowed, implementation, cached, fallback, duration, revision, phases, identity = fields
    return Decision(
        result=_values.answer(result),
        allowed=allowed,
        implementation=implementation,
        cached=cached,
        fallback=fallback,
        duration=duration / 1e9,
        revision=revision,
        phases=Phases(*(phase / 1e9 for phase in phases)),
        id=identity,
    )
