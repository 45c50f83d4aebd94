"""What was decided, for auditors and for replay."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sark import _calls, _values
from sark._calls import lib
from sark._handle import Closable
from sark.error import Closed

if TYPE_CHECKING:
    from sark.metrics import Metrics

_PATIENCE = 1.0


class DecisionLog(Closable):
    """A log of decisions in OPA's format (EventV1), to be given to clients. Threads may share it.

    location            "queue:" for `next` and iteration, or "file:PATH?max_bytes=100000000&keep=5": JSON lines, the full file renamed to
                        PATH.1, of which `keep` stay; several processes may write one file
    max_waiting         how many events may wait; of more, the oldest are dropped and counted
    max_waiting_bytes   how many bytes of inputs and results may wait
    max_event_bytes     a larger input or result is left out of its event, which then names it in "erased"

    metrics             where events are counted

    Inputs are in it, without the places that the clients' masks name. Raises InvalidArgument, and Unavailable for a file that cannot
    be written.
    """

    __slots__ = ()

    def __init__(
        self,
        location: str = "queue:",
        *,
        max_waiting: int | None = None,
        max_waiting_bytes: int | None = None,
        max_event_bytes: int | None = None,
        metrics: "Metrics | None" = None,
    ) -> None:
        options = _calls.options(
            "sark_decision_log_options",
            max_waiting=_values.size("max_waiting", max_waiting),
            max_waiting_bytes=_values.size("max_waiting_bytes", max_waiting_bytes),
            max_event_bytes=_values.size("max_event_bytes", max_event_bytes),
            metrics=metrics._handle if metrics is not None else None,
        )
        self._handle = _calls.create(
            lib.sark_decision_log_new,
            "sark_decision_log",
            lib.sark_decision_log_free,
            *_calls.span(_values.text(location)),
            options,
        )

    def close(self) -> None:
        """Write what waits for the file, for up to 2 s, and end. What waits in a queue may still be taken."""
        lib.sark_decision_log_close(self._handle)

    def next(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """The oldest event of a queue; None where none came within so many seconds. Raises Closed once all were taken after `close`,
        and Unsupported for a log in a file."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        event = _calls.fetch(lib.sark_decision_log_next, self._handle, waiting)
        return None if event is None else _values.from_json(event)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The events of a queue, as they come, until it is closed."""
        try:
            while True:
                if (event := self.next(_PATIENCE)) is not None:
                    yield event
        except Closed:
            return

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all events so far are written, or taken; whether that was so within so many seconds."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        return _calls.call(lib.sark_decision_log_flush, self._handle, waiting) == 0

    def status(self) -> dict[str, Any]:
        """How it is: location, waiting, waiting_bytes, events, dropped, and failing, why its file cannot be written now."""
        status: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_decision_log_status, self._handle) or b"{}")
        return status
