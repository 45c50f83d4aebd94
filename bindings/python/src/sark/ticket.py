"""A decision in two steps, for an event loop, or for who has an HTTP client of his own."""

from typing import Any, Literal

from sark import _calls
from sark._calls import lib
from sark.decision import Decision, decision_of
from sark.error import InvalidArgument

_FAILURES = {"connection": lib.SARK_FAIL_CONNECTION, "timeout": lib.SARK_FAIL_TIMEOUT}


class Ticket:
    """What is left to do for a decision: `Client.begin` gives it. One thread at a time; it gives one decision.

    url        where to POST; None where there is nothing to send, and `run` is the way
    headers    the request's, a bearer token among them
    body       the request's, JSON
    """

    __slots__ = ("_handle", "body", "headers", "url")

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        url, lines, self.body = _calls.ticket_request(handle)
        self.url: str | None = url or None
        self.headers: dict[str, str] = dict(line.split(": ", 1) for line in lines.splitlines())

    @property
    def timeout(self) -> float:
        """Seconds that are left for the response; math.inf for no bound."""
        return _calls.ticket_timeout(self._handle)

    def complete(self, status: int, body: bytes) -> Decision:
        """The decision, from the response. Raises as `Client.decide`; InvalidArgument for a ticket without a request, or that was completed."""
        return decision_of(_calls.ticket_decide(lib.sark_ticket_complete, self._handle, status, body, len(body)))

    def fail(self, why: Literal["connection", "timeout"]) -> Decision:
        """The decision where no response came: the local engine's, where the mode says so. Raises as `complete`."""
        if why not in _FAILURES:
            raise InvalidArgument(f'why is {why!r}: "connection" or "timeout" wanted')
        return decision_of(_calls.ticket_decide(lib.sark_ticket_fail, self._handle, _FAILURES[why]))

    def run(self) -> Decision:
        """The decision, however long it takes, by the library's own HTTP client or engine. Blocks: for a thread that may. Raises as `complete`."""
        return decision_of(_calls.ticket_decide(lib.sark_ticket_run, self._handle))
