"""How a decision came about."""

from dataclasses import dataclass
from typing import Any, Literal

from sark.undefined import Undefined

Explain = Literal["notes", "fails", "full", "debug"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and the lines that OPA prints of how it came about. Its text is the lines."""

    result: Any | Undefined
    lines: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Trace:
    """A decision, and the events on the way to it, in OPA's shape: {"op": "eval", "query_id", "parent_id", "type", "node", "locals",
    "message"}; sark adds {"location": {"file", "row", "col"}}."""

    result: Any | Undefined
    events: list[dict[str, Any]]
