"""Where an engine's policies and data come from."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Literal

from sark import _calls, _log, _values
from sark._calls import lib
from sark._handle import Closable
from sark.error import Closed

if TYPE_CHECKING:
    from sark.engine import Engine

_PATIENCE = 1.0
_LOOK_AGAIN = 0.05
"""Seconds between two looks of an event loop, which no thread waits for."""


class Source(Closable):
    """A source that an engine follows, made by `Engine.follow`. Threads may share it.

    It is a view: the engine follows the source until `close`, or its own end. Iterating it gives each activation, as it comes, as
    {"when", "level", "event": "activated", "message", "fields"}; what else happens (refused, unreachable, stale, …) goes to the logger.
    """

    __slots__ = ("_logger",)

    def __init__(
        self, engine: "Engine", url: str, config: dict[str, Any], *, logger: logging.Logger | Literal[False] | None = None
    ) -> None:
        url_text, config_text = _values.text(url), _values.to_json(config)
        self._logger = _log.logger(logger)
        self._handle = _calls.create(
            lib.sark_source_new, "sark_source", lib.sark_source_free, engine._handle, *_calls.span(url_text), *_calls.span(config_text)
        )

    def close(self) -> None:
        """Stop following. What is in force stays, and may be changed by hand from then on."""
        lib.sark_source_close(self._handle)

    def wait(self, timeout: float = 10.0) -> None:
        """Wait until something of the source is in force.

        Raises what keeps it from that once so many seconds are over: CompilationError, Unavailable, …
        """
        _calls.call(lib.sark_source_wait, self._handle, _values.nanoseconds("timeout", timeout) if timeout else 0)

    def trigger(self) -> None:
        """Ask the source now, rather than when it is due, without waiting for the answer."""
        _calls.call(lib.sark_source_trigger, self._handle)

    def next_event(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """The next thing that happened, for one who logs himself; None where nothing did within so many seconds. 256 wait."""
        waiting = _values.nanoseconds("timeout", timeout) if timeout else 0
        event = _calls.fetch(lib.sark_source_next, self._handle, waiting)
        return None if event is None else _values.from_json(event)

    def status(self) -> dict[str, Any]:
        """How it is: name, url, ready, revision, engine_revision, age_seconds, stale, outside_calls, error (None where all is well), …"""
        status: dict[str, Any] = _values.from_json(_calls.fetch(lib.sark_source_status, self._handle) or b"{}")
        return status

    def _activation(self, timeout: float) -> dict[str, Any] | None:
        event = self.next_event(timeout)
        if event is not None and self._logger is not None:
            _log.write(self._logger, event)
        return event if event is not None and event["event"] == "activated" else None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            while True:
                if (activation := self._activation(_PATIENCE)) is not None:
                    yield activation
        except Closed:
            return

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        import asyncio

        try:
            while True:
                if (activation := self._activation(0.0)) is not None:
                    yield activation
                else:
                    await asyncio.sleep(_LOOK_AGAIN)
        except Closed:
            return
